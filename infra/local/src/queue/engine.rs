//! The queues themselves: what each operation does, without HTTP or waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use tokio::sync::Notify;

use crate::host::Location;

use super::attributes::QueueAttributes;
use super::clock::Clock;
use super::content::invalid;
use super::error::QueueError;
use super::storage::{self, QueueRow};
use super::wire::{
    Attributes, BatchRequest, BatchResponse, CreateQueueRequest, Empty, Entry, GetQueueAttributesRequest,
    GetQueueAttributesResponse, GetQueueUrlRequest, ListQueuesRequest, ListQueuesResponse, PurgeQueueRequest,
    QueueUrlResponse, SetQueueAttributesRequest,
};

/// The account in queue addresses and names: the emulator has only one.
const ACCOUNT: &str = "000000000000";
/// Entries of one batch request.
pub const BATCH_ENTRIES_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 80;
/// Queues of one host.
const QUEUES_MAX: usize = 1_000;

/// A queue, as it is kept in memory.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) attributes: QueueAttributes,
    /// Wakes those who wait for a message.
    pub(super) arrivals: Arc<Notify>,
    created_ms: i64,
    modified_ms: i64,
}

impl Queue {
    fn from_row(row: QueueRow) -> Result<Self, QueueError> {
        Ok(Self {
            id: row.id,
            name: row.name,
            attributes: serde_json::from_str(&row.attributes).map_err(QueueError::Record)?,
            arrivals: Arc::default(),
            created_ms: row.created_ms,
            modified_ms: row.modified_ms,
        })
    }

    /// Messages that were sent no later than this are gone.
    pub(super) fn expired_until_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.attributes.retention_s * 1_000)
    }
}

/// All queues of a host.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) db: Connection,
    pub(super) clock: Arc<dyn Clock>,
    queues: BTreeMap<String, Arc<Queue>>,
    endpoint: String,
    region: String,
}

impl Engine {
    pub(super) fn open(
        location: &Location,
        clock: Arc<dyn Clock>,
        endpoint: String,
        region: String,
    ) -> Result<Self, QueueError> {
        let db = storage::open(location)?;
        let queues = storage::queues(&db)?
            .into_iter()
            .map(|row| Ok((row.name.clone(), Arc::new(Queue::from_row(row)?))))
            .collect::<Result<_, QueueError>>()?;
        Ok(Self { db, clock, queues, endpoint, region })
    }

    /// The queue of an address. The host in it doesn't matter: a client may
    /// keep an address over a restart on another port.
    pub(super) fn queue(&self, url: &str) -> Result<Arc<Queue>, QueueError> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.queues.get(name).cloned().ok_or_else(|| QueueError::QueueDoesNotExist(name.to_owned()))
    }

    pub(super) fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{ACCOUNT}:{queue}", self.region)
    }

    /// The queue that takes what this one gives up.
    pub(super) fn dead_letter_queue(&self, attributes: &QueueAttributes) -> Result<Option<Arc<Queue>>, QueueError> {
        let Some(redrive) = &attributes.redrive else {
            return Ok(None);
        };
        let arn = &redrive.dead_letter_target_arn;
        let target = self.queues.values().find(|q| self.arn(&q.name) == *arn);
        target.cloned().map(Some).ok_or_else(|| QueueError::InvalidAttributeValue {
            name: "RedrivePolicy",
            reason: format!("there is no queue {arn}"),
        })
    }

    fn url(&self, queue: &str) -> QueueUrlResponse {
        QueueUrlResponse { queue_url: format!("{}/{ACCOUNT}/{queue}", self.endpoint) }
    }

    pub(super) fn create_queue(&mut self, request: &CreateQueueRequest) -> Result<QueueUrlResponse, QueueError> {
        let name = &request.queue_name;
        check_name(name)?;
        if let Some(queue) = self.queues.get(name) {
            let same = queue.attributes.with(&request.attributes)? == queue.attributes;
            return if same { Ok(self.url(name)) } else { Err(QueueError::QueueNameExists(name.clone())) };
        }
        if self.queues.len() >= QUEUES_MAX {
            return Err(invalid("QueueName", "this host has 1000 queues already"));
        }
        let attributes = QueueAttributes::default().with(&request.attributes)?;
        self.dead_letter_queue(&attributes)?;
        let now_ms = self.clock.now_ms();
        let id = storage::insert_queue(&self.db, name, &to_json(&attributes)?, now_ms)?;
        let response = self.url(name);
        let queue = Queue {
            id,
            name: name.clone(),
            attributes,
            arrivals: Arc::default(),
            created_ms: now_ms,
            modified_ms: now_ms,
        };
        self.queues.insert(name.clone(), Arc::new(queue));
        Ok(response)
    }

    pub(super) fn get_queue_url(&mut self, request: &GetQueueUrlRequest) -> Result<QueueUrlResponse, QueueError> {
        Ok(self.url(&self.queue(&request.queue_name)?.name))
    }

    #[expect(clippy::unnecessary_wraps, reason = "every operation has this form")]
    pub(super) fn list_queues(&mut self, request: &ListQueuesRequest) -> Result<ListQueuesResponse, QueueError> {
        let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
        let names = self.queues.keys().filter(|name| name.starts_with(prefix));
        let queue_urls = names.map(|name| self.url(name).queue_url).collect();
        Ok(ListQueuesResponse { queue_urls })
    }

    pub(super) fn get_queue_attributes(
        &mut self,
        request: &GetQueueAttributesRequest,
    ) -> Result<GetQueueAttributesResponse, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let now_ms = self.clock.now_ms();
        let counts = storage::count_messages(&self.db, queue.id, now_ms, queue.expired_until_ms(now_ms))?;
        let mut all = queue.attributes.describe()?;
        all.insert("QueueArn".to_owned(), self.arn(&queue.name));
        for (name, value) in [
            ("ApproximateNumberOfMessages", counts.visible),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed),
            ("CreatedTimestamp", queue.created_ms / 1_000),
            ("LastModifiedTimestamp", queue.modified_ms / 1_000),
        ] {
            all.insert(name.to_owned(), value.to_string());
        }
        let attributes = select(all, &request.attribute_names);
        Ok(GetQueueAttributesResponse { attributes })
    }

    pub(super) fn set_queue_attributes(&mut self, request: &SetQueueAttributesRequest) -> Result<Empty, QueueError> {
        let old = self.queue(&request.queue_url)?;
        let attributes = old.attributes.with(&request.attributes)?;
        self.dead_letter_queue(&attributes)?;
        let now_ms = self.clock.now_ms();
        storage::update_queue(&self.db, old.id, &to_json(&attributes)?, now_ms)?;
        let queue = Queue {
            id: old.id,
            name: old.name.clone(),
            attributes,
            arrivals: Arc::clone(&old.arrivals),
            created_ms: old.created_ms,
            modified_ms: now_ms,
        };
        self.queues.insert(queue.name.clone(), Arc::new(queue));
        Ok(Empty {})
    }

    pub(super) fn purge_queue(&mut self, request: &PurgeQueueRequest) -> Result<Empty, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        storage::delete_sent_until(&self.db, queue.id, None)?;
        Ok(Empty {})
    }

    /// Frees the space of messages past their retention. Nobody can receive
    /// them any more, so that it doesn't matter when this happens.
    pub(super) fn sweep(&mut self) -> Result<usize, QueueError> {
        let now_ms = self.clock.now_ms();
        self.queues.values().try_fold(0, |swept, queue| {
            let until_ms = queue.expired_until_ms(now_ms);
            Ok(swept + storage::delete_sent_until(&self.db, queue.id, Some(until_ms))?)
        })
    }

    /// Applies each entry of a batch, all in one transaction. An entry may
    /// fail on its own; a failure of the storage fails them all.
    pub(super) fn batch<E, R>(
        &mut self,
        request: &BatchRequest<E>,
        mut apply: impl FnMut(&Transaction<'_>, &E) -> Result<R, QueueError>,
    ) -> Result<BatchResponse<R>, QueueError> {
        check_entries(&request.entries)?;
        let transaction = self.db.transaction()?;
        let mut response = BatchResponse { successful: Vec::with_capacity(request.entries.len()), failed: Vec::new() };
        for Entry { id, value } in &request.entries {
            let id = id.clone();
            match apply(&transaction, value) {
                Ok(value) => response.successful.push(Entry { id, value }),
                Err(error) if error.is_sender_fault() => response.failed.push(error.into_entry(id)),
                Err(error) => return Err(error),
            }
        }
        transaction.commit()?;
        Ok(response)
    }
}

/// The attributes that were asked for; none that were not.
pub(super) fn select(mut all: Attributes, names: &[String]) -> Attributes {
    if !names.iter().any(|name| name == "All") {
        all.retain(|name, _| names.contains(name));
    }
    all
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, QueueError> {
    serde_json::to_string(value).map_err(QueueError::Record)
}

fn check_name(name: &str) -> Result<(), QueueError> {
    // This refuses `.fifo` too: only standard queues are emulated.
    if is_identifier(name) {
        Ok(())
    } else {
        let reason = "must be 1 to 80 letters, digits, hyphens or underscores (no FIFO queues)";
        Err(invalid("QueueName", reason))
    }
}

fn check_entries<T>(entries: &[Entry<T>]) -> Result<(), QueueError> {
    if entries.is_empty() {
        return Err(QueueError::EmptyBatchRequest);
    }
    if entries.len() > BATCH_ENTRIES_MAX {
        return Err(QueueError::TooManyEntries { entries: entries.len(), entries_max: BATCH_ENTRIES_MAX });
    }
    for (index, entry) in entries.iter().enumerate() {
        if !is_identifier(&entry.id) {
            return Err(QueueError::InvalidBatchEntryId);
        }
        if entries[..index].iter().any(|other| other.id == entry.id) {
            return Err(QueueError::BatchEntryIdsNotDistinct(entry.id.clone()));
        }
    }
    Ok(())
}

fn is_identifier(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(allowed)
}
