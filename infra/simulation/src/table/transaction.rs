//! Transactions: all of it or nothing, once for each token.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};

use serde_json::{Value, json};

use super::operations::{object, sized};
use super::{Call, Item, Key, Mood, Refusal, Table, validation};

const ITEMS_MAX: usize = 100;

impl Table {
    pub(super) fn transact(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let items = request["TransactItems"].as_array().ok_or_else(|| validation("no items"))?;
        if items.is_empty() || items.len() > ITEMS_MAX {
            return Err(validation("a transaction has 1 to 100 items"));
        }
        let token = request.get("ClientRequestToken").and_then(Value::as_str);
        // The SDK writes a request once and repeats its bytes.
        let content = hash(call.body);
        if let Some(before) = token.and_then(|token| self.tokens.get(token)) {
            if *before == content {
                return Ok("{}".to_owned());
            }
            return Err(Refusal("IdempotentParameterMismatchException", "another request had the token".to_owned()));
        }
        let (mut writes, mut reasons, mut keys) = (Vec::new(), Vec::new(), HashSet::new());
        for item in items {
            let (kind, part) = item.as_object().and_then(|o| o.iter().next()).ok_or_else(|| validation("no write"))?;
            let key = self.key(part.get("Key").or_else(|| part.get("Item")).unwrap_or(&Value::Null))?;
            if !keys.insert(key.clone()) {
                return Err(validation("a transaction can't include several operations on one item"));
            }
            if self.allowed(part, &key)? {
                reasons.push(json!({ "Code": "None" }));
                writes.extend(self.write_of(kind, part, key)?);
            } else {
                reasons.push(json!({ "Code": "ConditionalCheckFailed", "Message": "the condition failed" }));
            }
        }
        if reasons.iter().any(|reason| reason["Code"] != "None") {
            return Err(cancelled(&reasons));
        }
        if call.mood == Mood::Faulty && self.random.per_mille(8).strikes() {
            let mut reasons = reasons;
            reasons[0] = json!({ "Code": "TransactionConflict", "Message": "another transaction is under way" });
            return Err(cancelled(&reasons));
        }
        self.commit(call, writes);
        if let Some(token) = token {
            self.tokens.insert(token.to_owned(), content);
        }
        Ok("{}".to_owned())
    }

    /// What a part writes; nothing for a check.
    fn write_of(&self, kind: &str, part: &Value, key: Key) -> Result<Option<(Key, Option<Item>)>, Refusal> {
        Ok(match kind {
            "Put" => Some((key, Some(sized(Item::new(object(part, "Item")?))?))),
            "Update" => {
                let item = self.updated(part, &key)?;
                Some((key, Some(item)))
            }
            "Delete" => self.item(&key.0, &key.1).is_some().then_some((key, None)),
            "ConditionCheck" => None,
            _ => return Err(validation("an unknown kind of write")),
        })
    }
}

/// The service's words and reasons; the reasons travel in the same object.
fn cancelled(reasons: &[Value]) -> Refusal {
    Refusal("TransactionCanceledException", Value::Array(reasons.to_vec()).to_string())
}

fn hash(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    hasher.finish()
}
