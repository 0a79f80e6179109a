//! The table and what is read from it by key.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::AsyncSleep as _;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{Either, select};
use saring_domain::case::{AuditEvent, Case, CaseId, TRACKING_BYTES, Timestamp, TrackingId};
use saring_domain::report::{ReportId, TextHash};

use crate::config::{TableConfig, sdk};
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, Reader, text};
use crate::names as n;
use crate::seal::Keyring;
use crate::wire::{audit_event, case_record};

/// The table of cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cases {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) original_retention_days: u32,
    pub(crate) original_keys: Option<Arc<Keyring>>,
}

/// Everything that a query of the table finds, of all its pages.
pub(crate) async fn every(query: QueryFluentBuilder, reading: &'static str) -> Result<Vec<Attributes>, StoreError> {
    let items = query.consistent_read(true).into_paginator().items().send();
    items.collect::<Result<_, _>>().await.map_err(failed(reading))
}

/// What a report got when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// For the reporter only.
    pub tracking: TrackingId,
    /// The public id, made from it.
    pub case: CaseId,
    /// What exactly was accepted.
    pub text_hash: TextHash,
    /// When.
    pub received_at: Timestamp,
}

/// What a tracking id leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Tracked {
    /// The report was accepted and waits for its screening.
    Received {
        /// Since when.
        at: Timestamp,
    },
    /// The report became a case.
    Screened(Box<Case>),
}

/// A tracking id from the operating system's randomness: 80 of its bits.
#[must_use]
pub fn random_tracking_id() -> TrackingId {
    // Bytes 6 and 8 of a version-4 UUID hold fixed bits; the others are random.
    let uuid = uuid::Uuid::new_v4().into_bytes();
    let mut bytes = [0; TRACKING_BYTES];
    bytes[..6].copy_from_slice(&uuid[..6]);
    bytes[6..].copy_from_slice(&uuid[9..13]);
    TrackingId::from_bytes(bytes)
}

impl Cases {
    /// A client for the table. Nothing is sent yet.
    pub async fn connect(config: &TableConfig) -> Self {
        let shared = sdk(&config.region, config.endpoint.as_deref(), config.access).await;
        Self::with_client(Client::new(&shared), config)
    }

    pub(crate) fn with_client(client: Client, config: &TableConfig) -> Self {
        Self {
            client,
            table: config.table.clone(),
            original_retention_days: config.original_retention_days,
            original_keys: config.original_keys.clone().map(Arc::new),
        }
    }

    /// Waits on the clock of the client; nothing where it has none.
    pub(crate) async fn pass(&self, time: Duration) {
        if let Some(clock) = self.client.config().sleep_impl() {
            clock.sleep(time).await;
        }
    }

    /// Lets something that is not needed take so long at most, on the clock of the client.
    pub async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let (work, end) = (pin!(work), pin!(self.pass(limit)));
        match select(work, end).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// The case of an id.
    ///
    /// # Errors
    /// No answer, or an item that can't be read or contradicts itself.
    pub async fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        let item = self.get("reading a case", &n::case_pk(id), n::CASE_SK).await?;
        item.map(|item| {
            let record = case_record(&item).map_err(unreadable("case"))?;
            Ok(Case::restore(record)?)
        })
        .transpose()
    }

    /// What became of the report of a tracking id; nothing where it was erased.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn by_tracking_id(&self, tracking: TrackingId) -> Result<Option<Tracked>, StoreError> {
        let id = tracking.case_id();
        if let Some(case) = self.case(id).await? {
            return Ok(Some(Tracked::Screened(Box::new(case))));
        }
        let head = self.get("reading a report's state", &n::case_pk(id), n::HEAD_SK).await?;
        let Some(head) = head else { return Ok(None) };
        let decode = || {
            let head = Reader(&head);
            // What was erased is not known any more.
            let erased = head.optional_time(n::ERASED_AT)?.is_some();
            Ok((!erased).then_some(Tracked::Received { at: head.time(n::RECEIVED_AT)? }))
        };
        decode().map_err(unreadable("head"))
    }

    /// The receipt of a report, by the input system's id.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn receipt(&self, id: &ReportId) -> Result<Option<Receipt>, StoreError> {
        let item = self.get("reading a receipt", &n::report_pk(id), n::RECEIPT_SK).await?;
        item.map(|item| {
            let item = Reader(&item);
            let decode = || {
                let tracking = item.parsed(n::TRACKING_ID, TrackingId::parse)?;
                Ok(Receipt {
                    tracking,
                    case: tracking.case_id(),
                    text_hash: item.parsed(n::TEXT_HASH, TextHash::parse)?,
                    received_at: item.time(n::RECEIVED_AT)?,
                })
            };
            decode().map_err(unreadable("receipt"))
        })
        .transpose()
    }

    /// The whole trail of a case, in order, unchecked.
    ///
    /// # Errors
    /// No answer, or an event that can't be read.
    pub async fn audit(&self, id: CaseId) -> Result<Vec<AuditEvent>, StoreError> {
        let items = self.partition(n::case_pk(id), Some(n::AUDIT_PREFIX)).await?;
        items.iter().map(|item| audit_event(item).map_err(unreadable("audit event"))).collect()
    }

    /// Every item of a partition whose sort key begins with `prefix`, in order.
    pub(crate) async fn partition(&self, pk: String, prefix: Option<&str>) -> Result<Vec<Attributes>, StoreError> {
        let query = self.client.query().table_name(&self.table);
        let query = query.expression_attribute_names("#pk", n::PK).expression_attribute_values(":pk", text(&pk));
        let query = match prefix {
            Some(prefix) => query
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#sk", n::SK)
                .expression_attribute_values(":prefix", text(prefix)),
            None => query.key_condition_expression("#pk = :pk"),
        };
        every(query, "reading the items of a partition").await
    }

    pub(crate) async fn get(
        &self,
        operation: &'static str,
        pk: &str,
        sk: &str,
    ) -> Result<Option<Attributes>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key(n::PK, text(pk)).key(n::SK, AttributeValue::S(sk.to_owned()));
        Ok(get.send().await.map_err(failed(operation))?.item)
    }
}
