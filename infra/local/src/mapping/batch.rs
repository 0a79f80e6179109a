//! Gathers messages into a batch: by number, by time, by size.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::queue::wire::Message;
use crate::queue::{QueueClient, QueueClientError};
use crate::runtime::PAYLOAD_BYTES_MAX;

use super::MappingOptions;
use super::event::{Source, record_bytes};

/// The longest wait of one receive.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Messages of one receive.
const RECEIVE_MAX: usize = 10;
/// How often a batch looks for more messages in the last second of its window.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Bytes of an event besides its records.
pub(super) const ENVELOPE_BYTES: usize = 64;

/// Takes messages from a queue, batch by batch.
#[derive(Debug)]
pub(super) struct Gatherer {
    client: QueueClient,
    options: MappingOptions,
    source: Source,
    /// Received, but too large for the batch before.
    carried: VecDeque<Message>,
}

impl Gatherer {
    pub(super) fn new(client: QueueClient, options: MappingOptions, source: Source) -> Self {
        Self { client, options, source, carried: VecDeque::new() }
    }

    /// The next batch; empty if no message came in the longest wait. If this is
    /// cancelled, messages that it has received appear again when their
    /// visibility time-out ends.
    pub(super) async fn next(&mut self) -> Result<Vec<Message>, GatherError> {
        let mut batch = Batch::default();
        self.fill(&mut batch)?;
        if batch.messages.is_empty() {
            self.receive(RECEIVE_MAX.min(self.options.batch_size), WAIT_MAX).await?;
            self.fill(&mut batch)?;
        }
        let end = Instant::now() + self.options.window;
        while !batch.messages.is_empty() && self.carried.is_empty() {
            let room = self.options.batch_size - batch.messages.len();
            let left = end.saturating_duration_since(Instant::now());
            if room == 0 || left.is_zero() {
                break;
            }
            let wait = Duration::from_secs(left.as_secs());
            if self.receive(room.min(RECEIVE_MAX), wait).await.is_err() {
                // What we have is worth more than to know why there is no more.
                break;
            }
            if self.carried.is_empty() && wait.is_zero() {
                // A receive waits whole seconds only: in the last one we look often.
                tokio::time::sleep(left.min(LOOK_INTERVAL)).await;
            }
            self.fill(&mut batch)?;
        }
        Ok(batch.messages)
    }

    async fn receive(&mut self, messages_max: usize, wait: Duration) -> Result<(), GatherError> {
        let url = &self.options.queue_url;
        let messages = self.client.receive(url, messages_max, wait).await?;
        self.carried.extend(messages);
        Ok(())
    }

    /// Moves what was received to the batch, as far as it fits.
    fn fill(&mut self, batch: &mut Batch) -> Result<(), GatherError> {
        while batch.messages.len() < self.options.batch_size {
            let Some(message) = self.carried.front() else {
                break;
            };
            let bytes = record_bytes(message, &self.source)?;
            let full = batch.bytes + bytes > PAYLOAD_BYTES_MAX - ENVELOPE_BYTES;
            // One message always fits: it has at most 1 MiB.
            if full && !batch.messages.is_empty() {
                break;
            }
            batch.bytes += bytes;
            batch.messages.extend(self.carried.pop_front());
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Batch {
    messages: Vec<Message>,
    bytes: usize,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum GatherError {
    #[error("cannot receive messages")]
    Receive(#[from] QueueClientError),
    #[error("message does not convert to an event")]
    Event(#[from] serde_json::Error),
}
