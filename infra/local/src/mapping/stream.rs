//! The event source mapping of a table's stream: entries in order, from where the last batch
//! ended, with reported failures, halved batches and dead letters as the Lambda guide documents.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::host::{Stop, stop_signal};
use crate::queue::QueueClient;
use crate::runtime::Function;
use crate::table::TableHost;

use super::response::{Verdict, read};

/// Entries of one batch.
pub const STREAM_BATCH_MAX: usize = 1_000;

const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The first pause after a failure; it doubles up to the longest.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// How to connect a table's stream with a function.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// The table.
    pub table: String,
    /// Entries of one batch, at most.
    pub batch_size: usize,
    /// How often an entry is tried again before it becomes a dead letter.
    pub retries_max: u32,
    /// The queue that is told of entries given up: which, not what was in them.
    pub dead_letter_url: Option<String>,
    /// Where the place in the stream is kept; without it every start begins at the first entry.
    pub checkpoint: Option<PathBuf>,
}

impl StreamOptions {
    /// Batches of a hundred, ten retries, nothing kept.
    #[must_use]
    pub fn new(table: impl Into<String>) -> Self {
        Self { table: table.into(), batch_size: 100, retries_max: 10, dead_letter_url: None, checkpoint: None }
    }
}

/// Why a stream was not attached.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The batch size is out of range.
    #[error("batch size of a stream mapping is 1 to {STREAM_BATCH_MAX}")]
    BatchSize,
    /// The table has no stream, or the database fails.
    #[error("cannot read the stream of table {table}")]
    Stream {
        /// The table.
        table: String,
        /// What the database said.
        #[source]
        source: DynoxideError,
    },
    /// The table has no stream.
    #[error("table {0} has no stream")]
    NoStream(String),
    /// The file with the place in the stream can't be read.
    #[error("checkpoint {path} cannot be read")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// What a stream mapping has done so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct StreamCounters {
    /// Entries that are done with, dead letters as well.
    pub done: u64,
    /// Batches handed to the function.
    pub invoked: u64,
    /// Batches that failed, in whole or in part.
    pub failed: u64,
    /// Entries given up.
    pub dead: u64,
}

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    invoked: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
}

/// A running mapping of a stream. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct StreamMapping {
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    poller: JoinHandle<()>,
}

impl StreamMapping {
    /// Starts to hand entries to the function.
    ///
    /// # Errors
    /// A table without a stream, or a checkpoint that can't be read.
    pub fn attach(
        table: &TableHost,
        queues: QueueClient,
        function: Function,
        options: StreamOptions,
    ) -> Result<Self, StreamError> {
        if !(1..=STREAM_BATCH_MAX).contains(&options.batch_size) {
            return Err(StreamError::BatchSize);
        }
        let database = table.database().clone();
        let (stream_arn, shard_id) = find_stream(&database, &options.table)?;
        let after = options.checkpoint.as_deref().map(read_checkpoint).transpose()?.flatten();
        let counts = Arc::<Counts>::default();
        let (sender, stop) = stop_signal();
        let limit = options.batch_size;
        let poller = Poller {
            database,
            queues,
            function,
            options,
            stream_arn,
            shard_id,
            counts: Arc::clone(&counts),
            stop,
            after,
            limit,
        };
        Ok(Self { counts, stop: sender, poller: tokio::spawn(poller.run()) })
    }

    /// What it has done so far.
    #[must_use]
    pub fn counters(&self) -> StreamCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StreamCounters {
            done: read(&self.counts.done),
            invoked: read(&self.counts.invoked),
            failed: read(&self.counts.failed),
            dead: read(&self.counts.dead),
        }
    }

    /// Takes no more entries, and waits until those under way are processed.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.poller.await {
            tracing::error!(%error, "stream mapping ended early");
        }
    }
}

fn find_stream(database: &Database, table: &str) -> Result<(String, String), StreamError> {
    let fail = |source| StreamError::Stream { table: table.to_owned(), source };
    let none = || StreamError::NoStream(table.to_owned());
    let request = ListStreamsRequest { table_name: Some(table.to_owned()), ..ListStreamsRequest::default() };
    let streams = database.list_streams(request).map_err(fail)?.streams;
    let stream_arn = streams.into_iter().next().ok_or_else(none)?.stream_arn;
    let request = DescribeStreamRequest { stream_arn: stream_arn.clone(), ..DescribeStreamRequest::default() };
    let shards = database.describe_stream(request).map_err(fail)?.stream_description.shards;
    let shard = shards.into_iter().next().ok_or_else(none)?;
    Ok((stream_arn, shard.shard_id))
}

fn read_checkpoint(path: &Path) -> Result<Option<String>, StreamError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StreamError::Checkpoint { path: path.to_owned(), source }),
    }
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    record: &'a Record,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

/// Carries one batch at a time: a stream's shard has one reader.
struct Poller {
    database: Database,
    queues: QueueClient,
    function: Function,
    options: StreamOptions,
    stream_arn: String,
    shard_id: String,
    counts: Arc<Counts>,
    stop: Stop,
    /// The last entry that is done with.
    after: Option<String>,
    /// Entries of the next batch: halved by failures.
    limit: usize,
}

impl Poller {
    async fn run(mut self) {
        let mut failures = 0;
        while !self.stop.is_given() {
            let batch = match self.read().await {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::warn!(%error, "stream is not readable");
                    failures += 1;
                    self.pause(back_off(failures)).await;
                    continue;
                }
            };
            if batch.is_empty() {
                self.pause(POLL_INTERVAL).await;
                continue;
            }
            let done = self.invoke(&batch).await;
            self.advance(&batch[..done]);
            if done == batch.len() {
                failures = 0;
                self.limit = self.options.batch_size;
                continue;
            }
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
            // Progress makes the first failure of another entry.
            failures = if done > 0 { 1 } else { failures + 1 };
            self.limit = (self.limit / 2).max(1);
            if failures > self.options.retries_max && self.limit == 1 {
                if self.bury(&batch[done]).await {
                    self.advance(&batch[done..=done]);
                    self.counts.dead.fetch_add(1, Ordering::Relaxed);
                    failures = 0;
                }
                continue;
            }
            self.pause(back_off(failures)).await;
        }
    }

    /// The next entries; in a thread of their own, since the database blocks.
    async fn read(&self) -> Result<Vec<Record>, DynoxideError> {
        let (kind, sequence_number) = match &self.after {
            Some(after) => ("AFTER_SEQUENCE_NUMBER", Some(after.clone())),
            None => ("TRIM_HORIZON", None),
        };
        let iterator = GetShardIteratorRequest {
            stream_arn: self.stream_arn.clone(),
            shard_id: self.shard_id.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number,
        };
        let (database, limit) = (self.database.clone(), self.limit);
        let read = tokio::task::spawn_blocking(move || {
            let iterator = database.get_shard_iterator(iterator)?.shard_iterator.unwrap_or_default();
            Ok(database.get_records(GetRecordsRequest { shard_iterator: iterator, limit: Some(limit) })?.records)
        });
        read.await.unwrap_or_else(|error| Err(DynoxideError::InternalServerError(error.to_string())))
    }

    /// How many of the entries, from the first on, are done with.
    async fn invoke(&self, batch: &[Record]) -> usize {
        self.counts.invoked.fetch_add(1, Ordering::Relaxed);
        let entries = batch.iter().map(|record| Entry { record, event_source_arn: &self.stream_arn }).collect();
        let Ok(event) = serde_json::to_vec(&Event { records: entries }) else {
            tracing::warn!(function.name = self.function.name(), "batch does not convert to an event");
            return 0;
        };
        let response = match self.function.invoke(Bytes::from(event)).await {
            Ok(response) => response,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(function.name = self.function.name(), error, "batch of the stream failed");
                return 0;
            }
        };
        let sequences = batch.iter().map(|record| record.dynamodb.sequence_number.as_str());
        match read(&response, sequences) {
            Verdict::Processed { failed } => {
                batch.iter().position(|record| failed.contains(&record.dynamodb.sequence_number)).unwrap_or(batch.len())
            }
            Verdict::Malformed(reason) => {
                tracing::warn!(function.name = self.function.name(), reason, "batch response is malformed");
                0
            }
        }
    }

    fn advance(&mut self, done: &[Record]) {
        let Some(last) = done.last() else { return };
        self.counts.done.fetch_add(done.len() as u64, Ordering::Relaxed);
        let sequence = last.dynamodb.sequence_number.clone();
        if let Some(path) = &self.options.checkpoint {
            // A lost checkpoint means entries again, which a handler must bear anyway.
            let temporary = path.with_extension("new");
            let written = std::fs::write(&temporary, &sequence).and_then(|()| std::fs::rename(&temporary, path));
            if let Err(error) = written {
                tracing::warn!(%error, "checkpoint is not written");
            }
        }
        self.after = Some(sequence);
    }

    /// Tells the dead-letter queue which entry was given up; `false` if it could not be told.
    async fn bury(&self, record: &Record) -> bool {
        let sequence = &record.dynamodb.sequence_number;
        tracing::error!(function.name = self.function.name(), stream.sequence = sequence, "entry is given up");
        let Some(url) = &self.options.dead_letter_url else { return true };
        let letter = serde_json::json!({
            "requestContext": { "condition": "RetryAttemptsExhausted" },
            "DDBStreamBatchInfo": {
                "streamArn": self.stream_arn,
                "shardId": self.shard_id,
                "startSequenceNumber": sequence,
                "endSequenceNumber": sequence,
                "batchSize": 1,
            },
        });
        self.queues.send(url, letter.to_string()).await.is_ok()
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.stop.given() => {}
        }
    }
}

fn back_off(failures: u32) -> Duration {
    (BACKOFF_MIN * 2_u32.saturating_pow(failures.saturating_sub(1).min(16))).min(BACKOFF_MAX)
}
