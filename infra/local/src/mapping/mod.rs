//! The event source mapping: takes batches from a queue, invokes a function,
//! deletes what was processed.
//!
//! What failed stays in the queue and appears again when its visibility
//! time-out ends; the queue's redrive policy ends that. The mapping of a
//! table's stream stands beside this one.

mod batch;
mod event;
mod response;
mod stream;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::host::{Stop, stop_signal};
use crate::queue::wire::Message;
use crate::queue::{BATCH_ENTRIES_MAX, QueueClient, QueueClientError};
use crate::runtime::Function;

pub use stream::{STREAM_BATCH_MAX, StreamCounters, StreamError, StreamMapping, StreamOptions};

use batch::Gatherer;
use event::Source;
use response::Verdict;

/// Messages of one batch.
pub const BATCH_SIZE_MAX: usize = 10_000;
/// Messages of one batch that needs no window.
pub const BATCH_SIZE_WITHOUT_WINDOW_MAX: usize = 10;
/// The longest window.
pub const WINDOW_MAX: Duration = Duration::from_mins(5);
/// Batches of one mapping under way at the same time.
pub const CONCURRENCY_MAX: usize = 64;

const DELETE_ATTEMPTS_MAX: u32 = 4;
/// The first pause after a failure; it doubles up to the longest.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// What the mapping makes of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseType {
    /// A response of any form means that the batch was processed.
    WholeBatch,
    /// `ReportBatchItemFailures`: the response names the messages that failed.
    ReportBatchItemFailures,
}

/// How to connect a queue with a function.
#[derive(Debug, Clone)]
pub struct MappingOptions {
    /// The queue.
    pub queue_url: String,
    /// Messages of one batch, at most. More than ten need a window.
    pub batch_size: usize,
    /// How long a batch waits for more messages after its first.
    pub window: Duration,
    /// Batches under way at the same time. One more than the function has
    /// processes keeps them busy while batches are received and deleted.
    pub concurrency: usize,
    /// What the mapping makes of a response.
    pub response_type: ResponseType,
}

impl MappingOptions {
    /// Batches of ten, two at a time, with reported failures.
    #[must_use]
    pub fn new(queue_url: impl Into<String>) -> Self {
        Self {
            queue_url: queue_url.into(),
            batch_size: 10,
            window: Duration::ZERO,
            concurrency: 2,
            response_type: ResponseType::ReportBatchItemFailures,
        }
    }

    fn check(&self) -> Result<(), MappingError> {
        let batch_max =
            if self.window < Duration::from_secs(1) { BATCH_SIZE_WITHOUT_WINDOW_MAX } else { BATCH_SIZE_MAX };
        let out_of_range = |name, max| Err(MappingError::OutOfRange { name, max });
        if !(1..=batch_max).contains(&self.batch_size) {
            return out_of_range("batch size", batch_max);
        }
        if !(1..=CONCURRENCY_MAX).contains(&self.concurrency) {
            return out_of_range("concurrency", CONCURRENCY_MAX);
        }
        if self.window > WINDOW_MAX {
            return Err(MappingError::Window);
        }
        Ok(())
    }
}

/// Why a mapping was not attached.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// An option is out of range.
    #[error("{name} of a mapping is 1 to {max}")]
    OutOfRange {
        /// Which option.
        name: &'static str,
        /// Its largest value.
        max: usize,
    },
    /// The window is too long.
    #[error("window of a mapping is at most {} s", WINDOW_MAX.as_secs())]
    Window,
    /// The queue is absent, or its host can't be reached.
    #[error("cannot attach to queue {queue_url}")]
    Queue {
        /// The queue.
        queue_url: String,
        /// What its host said.
        #[source]
        source: QueueClientError,
    },
}

/// What a mapping has done so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct MappingCounters {
    /// Messages received, again ones as well.
    pub received: u64,
    /// Batches handed to the function.
    pub invoked: u64,
    /// Messages that stayed in the queue to be received again.
    pub failed: u64,
    /// Messages processed and deleted.
    pub deleted: u64,
}

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    invoked: AtomicU64,
    failed: AtomicU64,
    deleted: AtomicU64,
}

fn add(counter: &AtomicU64, messages: usize) {
    counter.fetch_add(messages as u64, Ordering::Relaxed);
}

/// A running mapping. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Mapping {
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    pollers: JoinSet<()>,
}

impl Mapping {
    /// Starts to take messages for the function.
    ///
    /// # Errors
    /// If an option is out of range, or the queue can't be reached.
    pub async fn attach(
        client: QueueClient,
        function: Function,
        options: MappingOptions,
    ) -> Result<Self, MappingError> {
        options.check()?;
        let arn = client.arn(&options.queue_url).await;
        let source =
            Source::new(arn.map_err(|source| MappingError::Queue { queue_url: options.queue_url.clone(), source })?);
        let counts = Arc::default();
        let (sender, stop) = stop_signal();
        let mut pollers = JoinSet::new();
        for _ in 0..options.concurrency {
            let poller = Poller {
                client: client.clone(),
                function: function.clone(),
                options: options.clone(),
                source: source.clone(),
                counts: Arc::clone(&counts),
                stop: stop.clone(),
            };
            pollers.spawn(poller.run());
        }
        Ok(Self { counts, stop: sender, pollers })
    }

    /// What it has done so far.
    #[must_use]
    pub fn counters(&self) -> MappingCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MappingCounters {
            received: read(&self.counts.received),
            invoked: read(&self.counts.invoked),
            failed: read(&self.counts.failed),
            deleted: read(&self.counts.deleted),
        }
    }

    /// Takes no more messages, and waits until those under way are processed.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.pollers.join_next().await.is_some() {}
    }
}

/// Carries one batch at a time.
#[derive(Debug)]
struct Poller {
    client: QueueClient,
    function: Function,
    options: MappingOptions,
    source: Source,
    counts: Arc<Counts>,
    stop: Stop,
}

impl Poller {
    async fn run(self) {
        let mut gatherer = Gatherer::new(self.client.clone(), self.options.clone(), self.source.clone());
        let mut failures = 0;
        while !self.stop.is_given() {
            let batch = tokio::select! {
                biased;
                () = self.stop.given() => break,
                batch = gatherer.next() => batch,
            };
            let carried = match batch {
                Ok(messages) if messages.is_empty() => Carried::Well,
                Ok(messages) => self.carry(&messages).await,
                Err(error) => {
                    // Once per series of failures: the queue host may be down for long.
                    if failures == 0 {
                        warn(&self.function, &error, "mapping cannot receive");
                    }
                    Carried::Badly
                }
            };
            match carried {
                Carried::Well => failures = 0,
                Carried::Badly => {
                    failures += 1;
                    self.back_off(failures).await;
                }
            }
        }
    }

    /// Invokes the function with a batch and deletes what it processed.
    async fn carry(&self, messages: &[Message]) -> Carried {
        add(&self.counts.received, messages.len());
        add(&self.counts.invoked, 1);
        let Some(failed) = self.invoke(messages).await else {
            add(&self.counts.failed, messages.len());
            return Carried::Badly;
        };
        add(&self.counts.failed, failed.len());
        let receipts: Vec<&str> = messages
            .iter()
            .filter(|message| !failed.contains(&message.message_id))
            .map(|message| message.receipt_handle.as_str())
            .collect();
        for receipts in receipts.chunks(BATCH_ENTRIES_MAX) {
            self.delete(receipts).await;
        }
        Carried::Well
    }

    /// The ids of the messages that failed; `None` if the whole batch did.
    async fn invoke(&self, messages: &[Message]) -> Option<HashSet<String>> {
        let event = match event::event(messages, &self.source) {
            Ok(event) => event,
            Err(error) => {
                warn(&self.function, &error, "batch does not convert to an event");
                return None;
            }
        };
        let response = match self.function.invoke(event).await {
            Ok(response) => response,
            Err(error) => {
                warn(&self.function, &error, "batch failed");
                return None;
            }
        };
        if self.options.response_type == ResponseType::WholeBatch {
            return Some(HashSet::new());
        }
        let ids = messages.iter().map(|message| message.message_id.as_str());
        match response::read(&response, ids) {
            Verdict::Processed { failed } => Some(failed),
            Verdict::Malformed(reason) => {
                tracing::warn!(
                    function.name = self.function.name(),
                    batch.messages = messages.len(),
                    reason,
                    "batch response is malformed: the whole batch failed"
                );
                None
            }
        }
    }

    /// Deletes with a few attempts. What is left is received again, which a
    /// handler must bear anyway.
    async fn delete(&self, receipts: &[&str]) {
        for attempt in 1..=DELETE_ATTEMPTS_MAX {
            match self.client.delete(&self.options.queue_url, receipts).await {
                Ok(refused) => {
                    add(&self.counts.deleted, receipts.len().saturating_sub(refused));
                    return;
                }
                Err(error) if attempt == DELETE_ATTEMPTS_MAX => {
                    warn(&self.function, &error, "mapping cannot delete messages");
                }
                Err(_) => self.back_off(attempt).await,
            }
        }
    }

    async fn back_off(&self, failures: u32) {
        let pause = BACKOFF_MIN * 2_u32.saturating_pow((failures - 1).min(16));
        tokio::select! {
            () = tokio::time::sleep(pause.min(BACKOFF_MAX)) => {}
            () = self.stop.given() => {}
        }
    }
}

/// Whether a poller may go on at once.
enum Carried {
    Well,
    Badly,
}

fn warn(function: &Function, error: &(dyn std::error::Error + 'static), message: &str) {
    tracing::warn!(function.name = function.name(), error, "{message}");
}
