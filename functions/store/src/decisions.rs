//! Decisions on their way back to the systems that sent the reports.

use std::collections::HashSet;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use saring_domain::trace::TraceParent;

use crate::config::{QueueConfig, sdk};
use crate::error::{StoreError, failed};
use crate::queue::{BATCH_MESSAGES_MAX, TRACE_ATTRIBUTE};

/// Message attribute with the event's id, so that a consumer can drop repeats unread.
pub const EVENT_ID_ATTRIBUTE: &str = "event_id";

const OPERATION: &str = "sending decisions";

/// A message for the queue of decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionMessage {
    /// Messages of one group arrive in order, as far as the queue keeps any: one group per case.
    pub group: String,
    /// Names the event; the same event has the same id and the same body.
    pub event_id: String,
    /// Where in the report's trace it is sent.
    pub trace: TraceParent,
    /// JSON.
    pub body: String,
}

/// The queue of decisions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Decisions {
    client: Client,
    url: String,
}

/// How far a sending came.
#[derive(Debug)]
pub struct Unsent {
    /// The first message that was not taken; all before it were.
    pub first: usize,
    /// Why.
    pub error: StoreError,
}

impl Decisions {
    /// A client for the queue. Nothing is sent yet.
    pub async fn connect(config: &QueueConfig) -> Self {
        let shared = sdk(&config.region, config.endpoint.as_deref(), config.access).await;
        Self::with_client(Client::new(&shared), &config.url)
    }

    pub(crate) fn with_client(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    /// Sends in order: two messages of a group never go in one call, and nothing is sent after a
    /// call that failed. On a FIFO queue (its URL ends in `.fifo`) the queue keeps the order of each
    /// group too; on a standard queue consumers have the version in the body.
    ///
    /// # Errors
    /// The first message that the service did not take; later ones of its call may have arrived and
    /// arrive again when all from there on are sent again.
    pub async fn send(&self, messages: &[DecisionMessage]) -> Result<(), Unsent> {
        let mut start = 0;
        while start < messages.len() {
            let end = start + call_length(&messages[start..]);
            self.call(&messages[start..end]).await.map_err(|(place, error)| Unsent { first: start + place, error })?;
            start = end;
        }
        Ok(())
    }

    async fn call(&self, messages: &[DecisionMessage]) -> Result<(), (usize, StoreError)> {
        let entries = messages.iter().enumerate().map(|(place, m)| self.entry(place, m)).collect::<Result<_, _>>();
        let entries = entries.map_err(|e: StoreError| (0, e))?;
        let batch = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = batch.send().await.map_err(|e| (0, failed(OPERATION)(e)))?;
        let refused = answer.failed().iter().filter_map(|f| f.id().parse().ok()).min();
        match refused {
            None => Ok(()),
            Some(place) => {
                let source = "the queue did not take a message".into();
                Err((place, StoreError::Transient { operation: OPERATION, source }))
            }
        }
    }

    fn entry(&self, place: usize, message: &DecisionMessage) -> Result<SendMessageBatchRequestEntry, StoreError> {
        let refused = |source: aws_sdk_sqs::error::BuildError| StoreError::Refused {
            operation: OPERATION,
            source: source.into(),
        };
        let attribute = |value: String| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            value.build().map_err(refused)
        };
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(&message.body)
            .message_attributes(EVENT_ID_ATTRIBUTE, attribute(message.event_id.clone())?)
            .message_attributes(TRACE_ATTRIBUTE, attribute(message.trace.to_string())?);
        if self.url.strip_suffix(".fifo").is_some() {
            entry = entry.message_group_id(&message.group).message_deduplication_id(&message.event_id);
        }
        entry.build().map_err(refused)
    }
}

/// How many of the next messages may go in one call.
fn call_length(messages: &[DecisionMessage]) -> usize {
    let mut groups = HashSet::new();
    messages.iter().take(BATCH_MESSAGES_MAX).take_while(|m| groups.insert(m.group.as_str())).count()
}

#[cfg(test)]
mod tests {
    use saring_domain::case::CaseId;
    use saring_domain::trace::Step;

    use super::*;

    #[test]
    fn a_call_takes_each_group_once() {
        let check = |groups: &str, expected| {
            let message = |group: char| DecisionMessage {
                group: group.to_string(),
                event_id: String::new(),
                trace: TraceParent::of(CaseId::parse("0000000000000000").unwrap(), Step::Notify),
                body: String::new(),
            };
            let messages: Vec<_> = groups.chars().map(message).collect();
            assert_eq!(call_length(&messages), expected, "{groups}");
        };
        check("a", 1);
        check("abca", 3);
        check("aab", 1);
        check("abcdefghijkl", 10);
    }
}
