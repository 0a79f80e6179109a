//! The calls but for transactions.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::expression::{Expression, SortKeys};
use super::{Call, ITEM_BYTES_MAX, Item, Key, Mood, Refusal, Table, validation};

/// Rows after which a faulty page ends early.
const SHORT_PAGE: usize = 3;

fn is_true(request: &Value, name: &str) -> bool {
    request.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn items_json(items: &[Arc<Item>]) -> String {
    let mut json = String::with_capacity(items.iter().map(|item| item.json.len() + 1).sum());
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        json.push_str(&item.json);
    }
    json
}

fn page_json(items: &[Arc<Item>], last: Option<&Value>) -> String {
    let last = last.map_or_else(String::new, |key| format!(",\"LastEvaluatedKey\":{key}"));
    let count = items.len();
    format!("{{\"Items\":[{}],\"Count\":{count},\"ScannedCount\":{count}{last}}}", items_json(items))
}

/// An item to be put, within the service's limits.
pub(super) fn sized(item: Item) -> Result<Item, Refusal> {
    if item.json.len() > ITEM_BYTES_MAX { Err(validation("the item is too large")) } else { Ok(item) }
}

pub(super) fn object(request: &Value, name: &str) -> Result<Map<String, Value>, Refusal> {
    request.get(name).and_then(Value::as_object).cloned().ok_or_else(|| validation("an object is missing"))
}

impl Table {
    pub(super) fn get_item(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let key = self.key(&request["Key"])?;
        let item = self.seen(call, &key, is_true(request, "ConsistentRead"));
        Ok(item.map_or_else(|| "{}".to_owned(), |item| format!("{{\"Item\":{}}}", item.json)))
    }

    /// Whether the condition of a request holds, if it has one.
    pub(super) fn allowed(&self, request: &Value, key: &Key) -> Result<bool, Refusal> {
        let Some(text) = request.get("ConditionExpression").and_then(Value::as_str) else { return Ok(true) };
        let item = self.item(&key.0, &key.1).map(|item| &item.attributes);
        Ok(Expression { request, text }.holds(item)?)
    }

    fn condition(&self, request: &Value, key: &Key) -> Result<(), Refusal> {
        if self.allowed(request, key)? {
            return Ok(());
        }
        Err(Refusal("ConditionalCheckFailedException", "the conditional request failed".to_owned()))
    }

    pub(super) fn put_item(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let key = self.key(&request["Item"])?;
        self.condition(request, &key)?;
        let item = sized(Item::new(object(request, "Item")?))?;
        self.commit(call, vec![(key, Some(item))]);
        Ok("{}".to_owned())
    }

    /// The item after an update.
    pub(super) fn updated(&self, request: &Value, key: &Key) -> Result<Item, Refusal> {
        let mut attributes = match self.item(&key.0, &key.1) {
            Some(item) => item.attributes.clone(),
            None => object(request, "Key")?,
        };
        let text = request.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default();
        Expression { request, text }.update(&mut attributes)?;
        sized(Item::new(attributes))
    }

    pub(super) fn update_item(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let key = self.key(&request["Key"])?;
        self.condition(request, &key)?;
        let item = self.updated(request, &key)?;
        self.commit(call, vec![(key, Some(item))]);
        Ok("{}".to_owned())
    }

    pub(super) fn delete_item(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let key = self.key(&request["Key"])?;
        self.condition(request, &key)?;
        if self.item(&key.0, &key.1).is_some() {
            self.commit(call, vec![(key, None)]);
        }
        Ok("{}".to_owned())
    }

    pub(super) fn batch_get_item(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let tables = request["RequestItems"].as_object().ok_or_else(|| validation("no tables"))?;
        let (name, asked) = tables.iter().next().ok_or_else(|| validation("no table"))?;
        let consistent = is_true(asked, "ConsistentRead");
        let keys = asked["Keys"].as_array().ok_or_else(|| validation("no keys"))?;
        let (mut items, mut left) = (Vec::new(), Vec::new());
        for key in keys {
            if call.mood == Mood::Faulty && self.random.per_mille(2).strikes() {
                left.push(key.clone());
                continue;
            }
            let place = self.key(key)?;
            items.extend(self.seen(call, &place, consistent));
        }
        let left = if left.is_empty() { serde_json::json!({}) } else { serde_json::json!({ name: { "Keys": left } }) };
        Ok(format!("{{\"Responses\":{{\"{name}\":[{}]}},\"UnprocessedKeys\":{left}}}", items_json(&items)))
    }

    pub(super) fn query(&mut self, call: Call<'_>, request: &Value) -> Result<String, Refusal> {
        let text = request["KeyConditionExpression"].as_str().ok_or_else(|| validation("no key condition"))?;
        let (partition, keys) = Expression { request, text }.keys()?;
        let forward = request.get("ScanIndexForward").and_then(Value::as_bool).unwrap_or(true);
        let short = call.mood == Mood::Faulty && self.random.per_mille(20).strikes();
        let asked = request.get("Limit").and_then(Value::as_u64).map_or(usize::MAX, |l| l as usize);
        let limit = if short { asked.min(SHORT_PAGE) } else { asked };
        let start = request.get("ExclusiveStartKey");
        let (items, more) = match request.get("IndexName").and_then(Value::as_str) {
            Some(name) => self.query_index(call, name, partition, keys, Walk { forward, limit, start })?,
            None => self.query_table(partition, keys, Walk { forward, limit, start }),
        };
        let names = request.get("IndexName").and_then(Value::as_str);
        let last = items.last().filter(|_| more).map(|item| self.place(item, names));
        Ok(page_json(&items, last.as_ref()))
    }

    /// The key of an item, as the service names where a page ended.
    fn place(&self, item: &Item, index: Option<&str>) -> Value {
        let index = index.and_then(|name| self.indexes.iter().find(|i| i.name() == name));
        let keys = index.map(super::index::Index::key).into_iter().chain([self.definition.key]);
        let names = keys.flat_map(|key| [key.partition, key.sort]);
        Value::Object(names.filter_map(|n| Some((n.to_owned(), item.attributes.get(n)?.clone()))).collect())
    }

    fn query_table(&self, partition: &str, sort: SortKeys<'_>, walk: Walk<'_>) -> (Vec<Arc<Item>>, bool) {
        let Some(rows) = self.partitions.get(partition) else { return (Vec::new(), false) };
        let start = walk.start.and_then(|key| key[self.definition.key.sort]["S"].as_str());
        let rows = rows.iter().filter_map(|(key, slot)| Some((key.as_str(), slot.now.as_ref()?)));
        walk.page(rows.filter(|(key, _)| sort.hold(key)), |(key, _)| match start {
            Some(start) if walk.forward => *key > start,
            Some(start) => *key < start,
            None => true,
        })
    }

    fn query_index(
        &mut self,
        call: Call<'_>,
        name: &str,
        partition: &str,
        sort: SortKeys<'_>,
        walk: Walk<'_>,
    ) -> Result<(Vec<Arc<Item>>, bool), Refusal> {
        let table = self.definition.key;
        let index = self.indexes.iter_mut().find(|i| i.name() == name).ok_or_else(|| validation("no such index"))?;
        let names = index.key();
        let now_us = if call.mood == Mood::Calm { u64::MAX } else { call.now_us };
        let Some(rows) = index.rows(partition, now_us) else { return Ok((Vec::new(), false)) };
        let text = |key: &Value, name: &str| key[name]["S"].as_str().unwrap_or_default().to_owned();
        let start = walk.start.map(|key| (text(key, names.sort), (text(key, table.partition), text(key, table.sort))));
        let rows = rows.iter().filter(|((key, _), _)| sort.hold(key));
        Ok(walk.page(rows, |(key, _)| match &start {
            Some(start) if walk.forward => *key > start,
            Some(start) => *key < start,
            None => true,
        }))
    }

    pub(super) fn scan(&mut self, request: &Value) -> Result<String, Refusal> {
        let limit = request.get("Limit").and_then(Value::as_u64).map_or(usize::MAX, |l| l as usize);
        let start = request.get("ExclusiveStartKey").map(|key| self.key(key)).transpose()?;
        let from = start.as_ref().map_or_else(String::new, |(pk, _)| pk.clone());
        let rows = self.partitions.range(from..).flat_map(|(pk, rows)| {
            rows.iter().filter_map(move |(sk, slot)| Some((pk.as_str(), sk.as_str(), slot.now.as_ref()?)))
        });
        let rows = rows.filter(|(pk, sk, _)| start.as_ref().is_none_or(|(a, b)| (*pk, *sk) > (a.as_str(), b.as_str())));
        let page: Vec<Arc<Item>> = rows.take(limit).map(|(.., item)| Arc::clone(item)).collect();
        let last = page.last().filter(|_| page.len() == limit).map(|item| self.place(item, None));
        let text = request.get("FilterExpression").and_then(Value::as_str);
        let mut items = Vec::with_capacity(page.len());
        for item in page {
            let kept = text.map(|text| Expression { request, text }.holds(Some(&item.attributes))).transpose()?;
            if kept != Some(false) {
                items.push(item);
            }
        }
        Ok(page_json(&items, last.as_ref()))
    }
}

/// In which order, how far and from where rows are read.
#[derive(Clone, Copy)]
struct Walk<'a> {
    forward: bool,
    limit: usize,
    start: Option<&'a Value>,
}

impl Walk<'_> {
    /// As the service does, a page that reached its limit says that there may be more.
    fn page<'a, K>(
        self,
        rows: impl DoubleEndedIterator<Item = (K, &'a Arc<Item>)>,
        after: impl Fn(&(K, &'a Arc<Item>)) -> bool,
    ) -> (Vec<Arc<Item>>, bool) {
        let take = |rows: &mut dyn Iterator<Item = (K, &'a Arc<Item>)>| -> Vec<Arc<Item>> {
            rows.filter(|row| after(row)).take(self.limit).map(|(_, item)| Arc::clone(item)).collect()
        };
        let items = if self.forward { take(&mut { rows }) } else { take(&mut rows.rev()) };
        let more = items.len() == self.limit;
        (items, more)
    }
}
