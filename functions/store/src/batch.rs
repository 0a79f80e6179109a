//! Many items by their keys in few calls.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use saring_domain::case::{Case, CaseId};

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, Reader, text};
use crate::names as n;
use crate::transact::ATTEMPTS_MAX;
use crate::wire::case_record;

/// Most keys of one call.
const KEYS_MAX: usize = 100;

/// The key of an item.
pub(crate) type Key = HashMap<String, AttributeValue>;

/// How items are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// At half the price; what was written just now may be missing.
    Cheap,
    /// As they are now.
    Newest,
}

/// The key of these two parts.
pub(crate) fn key(pk: String, sk: &str) -> Key {
    HashMap::from([(n::PK.to_owned(), text(pk)), (n::SK.to_owned(), text(sk))])
}

impl Cases {
    /// The items of these keys that are there, in no order.
    pub(crate) async fn get_all(
        &self,
        operation: &'static str,
        keys: &[Key],
        reading: Reading,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut found = Vec::new();
        for some in keys.chunks(KEYS_MAX) {
            found.extend(self.get_some(operation, some.to_vec(), reading).await?);
        }
        Ok(found)
    }

    async fn get_some(
        &self,
        operation: &'static str,
        mut keys: Vec<Key>,
        reading: Reading,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut found = Vec::new();
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(reading == Reading::Newest);
            let asked = asked.build().map_err(|e| StoreError::Refused { operation, source: e.into() })?;
            let answer = self.client.batch_get_item().request_items(&self.table, asked).send().await;
            let mut answer = answer.map_err(failed(operation))?;
            let items = answer.responses.as_mut().and_then(|tables| tables.remove(&self.table));
            found.extend(items.unwrap_or_default());
            // A service under load leaves some out.
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::Transient { operation, source: "the service left some keys out".into() })
    }

    /// The cases of these ids that are there, in the order of the ids.
    ///
    /// # Errors
    /// No answer, or a case that can't be read.
    pub async fn cases_of(&self, ids: &[CaseId]) -> Result<Vec<Case>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| key(n::case_pk(*id), n::CASE_SK)).collect();
        let mut found = HashMap::new();
        for item in self.get_all("reading cases", &keys, Reading::Newest).await? {
            let id = Reader(&item).parsed(n::CASE_ID, CaseId::parse).map_err(unreadable("case"))?;
            found.insert(id, Case::restore(case_record(&item).map_err(unreadable("case"))?)?);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }
}
