//! A global secondary index: it follows the table, later.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use saring_store::{IndexDefinition, KeyNames, Projection};

use super::{Item, Key, Written};

/// Rows of one partition in their order; keys of an index need not be unique.
pub(super) type Rows = BTreeMap<(String, Key), Arc<Item>>;

#[derive(Debug)]
pub(super) struct Index {
    definition: IndexDefinition,
    table: KeyNames,
    partitions: BTreeMap<String, Rows>,
    places: HashMap<Key, (String, String)>,
    coming: VecDeque<(u64, Key, Option<Arc<Item>>)>,
}

impl Index {
    pub(super) fn new(definition: IndexDefinition, table: KeyNames) -> Self {
        let (partitions, places, coming) = (BTreeMap::new(), HashMap::new(), VecDeque::new());
        Self { definition, table, partitions, places, coming }
    }

    pub(super) fn name(&self) -> &'static str {
        self.definition.name
    }

    pub(super) fn key(&self) -> KeyNames {
        self.definition.key
    }

    /// Takes a change over after a while, never before those of before.
    pub(super) fn follow(&mut self, written: &Written, now_us: u64, lag_us: u64) {
        let listed = |item: &Option<Arc<Item>>| {
            item.as_ref().is_some_and(|i| i.has(self.definition.key.partition) && i.has(self.definition.key.sort))
        };
        let (before, after) = (listed(&written.old), listed(&written.new));
        if !before && !after {
            return;
        }
        let row = written.new.as_ref().filter(|_| after).map(|item| match self.definition.projection {
            Projection::All => Arc::clone(item),
            Projection::Include(names) => {
                let keys = [self.table, self.definition.key].map(|key| [key.partition, key.sort]);
                Arc::new(item.projected(&[names, keys.as_flattened()].concat()))
            }
        });
        let due = self.coming.back().map_or(0, |(due, ..)| *due).max(now_us + lag_us);
        self.coming.push_back((due, written.key.clone(), row));
    }

    /// The rows of a partition as far as the index has come.
    pub(super) fn rows(&mut self, partition: &str, now_us: u64) -> Option<&Rows> {
        while self.coming.front().is_some_and(|(due, ..)| *due <= now_us) {
            if let Some((_, key, row)) = self.coming.pop_front() {
                self.take_over(key, row);
            }
        }
        self.partitions.get(partition)
    }

    fn take_over(&mut self, key: Key, row: Option<Arc<Item>>) {
        if let Some((partition, sort)) = self.places.remove(&key)
            && let Some(rows) = self.partitions.get_mut(&partition)
        {
            rows.remove(&(sort, key.clone()));
        }
        let Some(row) = row else { return };
        let place = |name| row.text(name).unwrap_or_default().to_owned();
        let (partition, sort) = (place(self.definition.key.partition), place(self.definition.key.sort));
        self.places.insert(key.clone(), (partition.clone(), sort.clone()));
        self.partitions.entry(partition).or_default().insert((sort, key), row);
    }
}
