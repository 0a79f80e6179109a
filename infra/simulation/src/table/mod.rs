//! A table in memory: items, indexes that lag, a stream, and transactions with tokens.

mod expression;
mod index;
mod item;
mod operations;
mod transaction;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use saring_store::{TableDefinition, table_definition};
use serde_json::Value;

pub(crate) use item::Item;

use crate::random::Random;
use index::Index;

/// Longest item, in bytes, as the service has it.
const ITEM_BYTES_MAX: usize = 400 * 1024;

/// A key of the table.
pub(crate) type Key = (String, String);

/// One item's change.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) key: Key,
    pub(crate) old: Option<Arc<Item>>,
    pub(crate) new: Option<Arc<Item>>,
}

/// An entry of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) sequence: u64,
    pub(crate) at_us: u64,
    pub(crate) written: Written,
}

#[derive(Debug, Default)]
struct Slot {
    now: Option<Arc<Item>>,
    /// What a reading that isn't consistent may still see, and until when.
    before: Option<Arc<Item>>,
    stale_until_us: u64,
}

/// What the service says: status and JSON.
pub(crate) type Said = (u16, String);

/// How the table behaves: with faults, or as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Faulty,
    Calm,
}

#[derive(Debug)]
pub(crate) struct Table {
    definition: TableDefinition,
    partitions: BTreeMap<String, BTreeMap<String, Slot>>,
    indexes: Vec<Index>,
    tokens: HashMap<String, u64>,
    random: Random,
    pub(crate) stream: Vec<Entry>,
    /// What was written since somebody looked, one list for each call.
    pub(crate) committed: Vec<Vec<Written>>,
}

/// A call that is being answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) operation: &'a str,
    pub(crate) now_us: u64,
    pub(crate) mood: Mood,
    pub(crate) body: &'a [u8],
}

/// Why the service refuses: its type and words.
pub(crate) struct Refusal(pub(crate) &'static str, pub(crate) String);

impl From<expression::Invalid> for Refusal {
    fn from(invalid: expression::Invalid) -> Self {
        Self("ValidationException", invalid.0)
    }
}

fn validation(words: &str) -> Refusal {
    Refusal("ValidationException", words.to_owned())
}

impl Table {
    pub(crate) fn new(random: Random) -> Self {
        let definition = table_definition();
        let indexes = definition.indexes.iter().map(|index| Index::new(*index, definition.key)).collect();
        Self {
            definition,
            partitions: BTreeMap::new(),
            indexes,
            tokens: HashMap::new(),
            random,
            stream: Vec::new(),
            committed: Vec::new(),
        }
    }

    pub(crate) fn answer(&mut self, call: Call<'_>) -> Said {
        let Ok(request) = serde_json::from_slice::<Value>(call.body) else {
            return refused(&Refusal("SerializationException", "not json".to_owned()));
        };
        let answer = match call.operation {
            "GetItem" => self.get_item(call, &request),
            "PutItem" => self.put_item(call, &request),
            "UpdateItem" => self.update_item(call, &request),
            "DeleteItem" => self.delete_item(call, &request),
            "Query" => self.query(call, &request),
            "Scan" => self.scan(&request),
            "BatchGetItem" => self.batch_get_item(call, &request),
            "TransactWriteItems" => self.transact(call, &request),
            other => Err(Refusal("UnknownOperationException", other.to_owned())),
        };
        match answer {
            Ok(json) => (200, json),
            Err(refusal) => refused(&refusal),
        }
    }

    /// The item as it is.
    pub(crate) fn item(&self, pk: &str, sk: &str) -> Option<&Arc<Item>> {
        self.partitions.get(pk)?.get(sk)?.now.as_ref()
    }

    /// Items of the table whose sort key is this one.
    pub(crate) fn items<'a>(&'a self, sk: &'a str) -> impl Iterator<Item = &'a Arc<Item>> {
        self.partitions.values().filter_map(move |partition| partition.get(sk)?.now.as_ref())
    }

    fn key(&self, key: &Value) -> Result<Key, Refusal> {
        let part = |name: &str| key.get(name).and_then(|v| v.get("S")).and_then(Value::as_str).map(str::to_owned);
        let names = self.definition.key;
        part(names.partition).zip(part(names.sort)).ok_or_else(|| validation("a key is missing"))
    }

    /// The item that a reading sees.
    fn seen(&mut self, call: Call<'_>, key: &Key, consistent: bool) -> Option<Arc<Item>> {
        let slot = self.partitions.get(&key.0)?.get(&key.1)?;
        let stale = !consistent && call.mood == Mood::Faulty && call.now_us < slot.stale_until_us;
        if stale && self.random.per_mille(500).strikes() { slot.before.clone() } else { slot.now.clone() }
    }

    /// Writes what one call writes, all of it at one moment.
    fn commit(&mut self, call: Call<'_>, writes: Vec<(Key, Option<Item>)>) {
        let mut committed = Vec::with_capacity(writes.len());
        for (key, new) in writes {
            let new = new.map(Arc::new);
            let slot = self.partitions.entry(key.0.clone()).or_default().entry(key.1.clone()).or_default();
            let old = slot.now.take();
            slot.now.clone_from(&new);
            slot.before.clone_from(&old);
            slot.stale_until_us = call.now_us + 1000 * (5 + self.random.next() % 400);
            let written = Written { key, old, new };
            for index in &mut self.indexes {
                let lag_ms = match self.random.below(20) {
                    0 => 200 + self.random.next() % 2500,
                    _ => self.random.next() % 40,
                };
                index.follow(&written, call.now_us, 1000 * lag_ms);
            }
            committed.push(written);
        }
        for written in &committed {
            // The deployed stream is filtered to cases.
            if written.key.1 == "case" {
                let sequence = self.stream.len() as u64;
                self.stream.push(Entry { sequence, at_us: call.now_us, written: written.clone() });
            }
        }
        self.committed.push(committed);
    }
}

fn refused(refusal: &Refusal) -> Said {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{}", refusal.0);
    if refusal.0 == "TransactionCanceledException" {
        return (
            400,
            format!("{{\"__type\":\"{kind}\",\"Message\":\"cancelled\",\"CancellationReasons\":{}}}", refusal.1),
        );
    }
    (400, serde_json::json!({ "__type": kind, "message": refusal.1 }).to_string())
}
