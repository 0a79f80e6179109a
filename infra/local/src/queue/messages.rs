//! Sending, receiving, deleting and hiding messages.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rusqlite::Connection;
use uuid::Uuid;

use super::attributes::{DELAY_RANGE_S, VISIBILITY_RANGE_S, WAIT_RANGE_S};
use super::content::{MESSAGE_BYTES_MAX, attributes_digest, body_digest, check_message, invalid};
use super::engine::{BATCH_ENTRIES_MAX, Engine, Queue, select, to_json};
use super::error::QueueError;
use super::storage::{self, MessageRow, NewMessage};
use super::wire::{
    Attributes, BatchRequest, BatchResponse, ChangeMessageVisibilityRequest, DeleteMessageRequest, Empty, Message,
    MessageAttributes, OutgoingMessage, Receipt, ReceiveMessageRequest, ReceiveMessageResponse, SendMessageRequest,
    SentMessage, VisibilityChange,
};

/// Messages of one receive.
const RECEIVE_RANGE: RangeInclusive<i64> = 1..=10;
/// Who sent a message: the emulator does not know its clients.
const SENDER_ID: &str = "AIDALOCAL";

impl Engine {
    pub(super) fn send_message(&mut self, request: &SendMessageRequest) -> Result<SentMessage, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let sent = store(&self.db, &queue, &request.message, self.clock.now_ms())?;
        queue.arrivals.notify_waiters();
        Ok(sent)
    }

    pub(super) fn send_message_batch(
        &mut self,
        request: &BatchRequest<OutgoingMessage>,
    ) -> Result<BatchResponse<SentMessage>, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let now_ms = self.clock.now_ms();
        let bytes = request.entries.iter().filter_map(|entry| check_message(&entry.value, usize::MAX).ok()).sum();
        if bytes > MESSAGE_BYTES_MAX && request.entries.len() <= BATCH_ENTRIES_MAX {
            return Err(QueueError::BatchRequestTooLong { bytes, bytes_max: MESSAGE_BYTES_MAX });
        }
        let response = self.batch(request, |db, message| store(db, &queue, message, now_ms))?;
        queue.arrivals.notify_waiters();
        Ok(response)
    }

    /// The queue of a receive, and the seconds that the receive may wait.
    pub(super) fn plan_receive(&self, request: &ReceiveMessageRequest) -> Result<(Arc<Queue>, u64), QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let wait_s = request.wait_time_seconds.unwrap_or(queue.attributes.wait_s);
        let wait_s = check("WaitTimeSeconds", wait_s, &WAIT_RANGE_S)?;
        Ok((queue, wait_s.unsigned_abs()))
    }

    pub(super) fn receive_message(
        &mut self,
        request: &ReceiveMessageRequest,
    ) -> Result<ReceiveMessageResponse, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let messages_max = request.max_number_of_messages.unwrap_or(1);
        check("MaxNumberOfMessages", messages_max, &RECEIVE_RANGE)?;
        let timeout_s = request.visibility_timeout.unwrap_or(queue.attributes.visibility_timeout_s);
        check("VisibilityTimeout", timeout_s, &VISIBILITY_RANGE_S)?;
        let now_ms = self.clock.now_ms();
        let rows = self.take(&queue, now_ms, now_ms + timeout_s * 1_000, messages_max)?;
        let messages = rows.into_iter().map(|row| present(row, &queue, request)).collect::<Result<_, _>>()?;
        Ok(ReceiveMessageResponse { messages })
    }

    /// Hides up to `messages_max` messages and returns them, as they are now.
    /// Those that were received too often go to the dead-letter queue instead.
    fn take(
        &mut self,
        queue: &Queue,
        now_ms: i64,
        visible_ms: i64,
        messages_max: i64,
    ) -> Result<Vec<MessageRow>, QueueError> {
        let dead = self.dead_letter_queue(&queue.attributes)?;
        let redrive = queue.attributes.redrive.as_ref();
        let receives_max = redrive.map_or(i64::MAX, |policy| policy.max_receive_count);
        let arn = self.arn(&queue.name);
        let expired_ms = queue.expired_until_ms(now_ms);
        let transaction = self.db.transaction()?;
        let mut taken = Vec::new();
        loop {
            let missing = messages_max - i64::try_from(taken.len()).unwrap_or(messages_max);
            let rows = storage::visible_messages(&transaction, queue.id, now_ms, expired_ms, missing)?;
            let mut moved = false;
            for mut row in rows {
                match &dead {
                    Some(dead) if row.receives >= receives_max => {
                        storage::move_message(&transaction, row.id, dead.id, &arn, now_ms)?;
                        moved = true;
                    }
                    // With a time-out of zero, a second look finds it again.
                    _ if taken.iter().any(|other: &MessageRow| other.id == row.id) => {}
                    _ => {
                        storage::hide_message(&transaction, row.id, now_ms, visible_ms)?;
                        row.receives += 1;
                        row.generation += 1;
                        row.first_received_ms.get_or_insert(now_ms);
                        taken.push(row);
                    }
                }
            }
            // What was moved made room: look for others in its place.
            if !moved {
                break;
            }
        }
        transaction.commit()?;
        if let Some(dead) = dead {
            dead.arrivals.notify_waiters();
        }
        Ok(taken)
    }

    pub(super) fn delete_message(&mut self, request: &DeleteMessageRequest) -> Result<Empty, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        delete(&self.db, &queue, &request.receipt)
    }

    pub(super) fn delete_message_batch(
        &mut self,
        request: &BatchRequest<Receipt>,
    ) -> Result<BatchResponse<Empty>, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        self.batch(request, |db, receipt| delete(db, &queue, receipt))
    }

    pub(super) fn change_message_visibility(
        &mut self,
        request: &ChangeMessageVisibilityRequest,
    ) -> Result<Empty, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let done = change_visibility(&self.db, &queue, &request.change, self.clock.now_ms())?;
        queue.arrivals.notify_waiters();
        Ok(done)
    }

    pub(super) fn change_message_visibility_batch(
        &mut self,
        request: &BatchRequest<VisibilityChange>,
    ) -> Result<BatchResponse<Empty>, QueueError> {
        let queue = self.queue(&request.queue_url)?;
        let now_ms = self.clock.now_ms();
        let apply =
            |db: &rusqlite::Transaction<'_>, change: &VisibilityChange| change_visibility(db, &queue, change, now_ms);
        let response = self.batch(request, apply)?;
        queue.arrivals.notify_waiters();
        Ok(response)
    }
}

fn store(db: &Connection, queue: &Queue, message: &OutgoingMessage, now_ms: i64) -> Result<SentMessage, QueueError> {
    let bytes_max = usize::try_from(queue.attributes.message_bytes_max).unwrap_or_default();
    check_message(message, bytes_max)?;
    let delay_s = message.delay_seconds.unwrap_or(queue.attributes.delay_s);
    check("DelaySeconds", delay_s, &DELAY_RANGE_S)?;
    let attributes =
        (!message.message_attributes.is_empty()).then(|| to_json(&message.message_attributes)).transpose()?;
    let sent = SentMessage {
        message_id: Uuid::new_v4().to_string(),
        body_md5: body_digest(&message.message_body),
        attributes_md5: attributes_digest(&message.message_attributes)?,
    };
    let new = NewMessage {
        message_id: &sent.message_id,
        body: &message.message_body,
        body_md5: &sent.body_md5,
        attributes,
        sent_ms: now_ms,
        visible_ms: now_ms + delay_s * 1_000,
    };
    storage::insert_message(db, queue.id, &new)?;
    Ok(sent)
}

/// A stale receipt is accepted and deletes nothing, as the service documents.
fn delete(db: &Connection, queue: &Queue, receipt: &Receipt) -> Result<Empty, QueueError> {
    let (message, generation) = parse_receipt(queue, &receipt.receipt_handle)?;
    if !storage::delete_message(db, queue.id, message, generation)? {
        tracing::debug!(queue.name = %queue.name, "stale receipt deleted nothing");
    }
    Ok(Empty {})
}

fn change_visibility(
    db: &Connection,
    queue: &Queue,
    change: &VisibilityChange,
    now_ms: i64,
) -> Result<Empty, QueueError> {
    let timeout_s = change.visibility_timeout;
    check("VisibilityTimeout", timeout_s, &VISIBILITY_RANGE_S)?;
    let receipt = parse_receipt(queue, &change.receipt.receipt_handle)?;
    let visible_ms = now_ms + timeout_s * 1_000;
    if storage::set_visible(db, queue.id, receipt, now_ms, visible_ms)? {
        Ok(Empty {})
    } else {
        Err(QueueError::MessageNotInflight)
    }
}

/// A message as the request wants to see it.
fn present(row: MessageRow, queue: &Queue, request: &ReceiveMessageRequest) -> Result<Message, QueueError> {
    let receipt_handle = format!("{}.{}.{}", queue.id, row.id, row.generation);
    let system = system_attributes(&row);
    let names = [request.attribute_names.as_slice(), request.message_system_attribute_names.as_slice()].concat();
    let mut message_attributes: MessageAttributes = match &row.attributes {
        Some(json) => serde_json::from_str(json).map_err(QueueError::Record)?,
        None => MessageAttributes::new(),
    };
    message_attributes.retain(|name, _| is_wanted(name, &request.message_attribute_names));
    Ok(Message {
        message_id: row.message_id,
        receipt_handle,
        body_md5: row.body_md5,
        body: row.body,
        attributes: select(system, &names),
        attributes_md5: attributes_digest(&message_attributes)?,
        message_attributes,
    })
}

fn system_attributes(row: &MessageRow) -> Attributes {
    let first_ms = row.first_received_ms.unwrap_or(row.sent_ms);
    let mut all = Attributes::from([
        ("SenderId".to_owned(), SENDER_ID.to_owned()),
        ("SentTimestamp".to_owned(), row.sent_ms.to_string()),
        ("ApproximateReceiveCount".to_owned(), row.receives.to_string()),
        ("ApproximateFirstReceiveTimestamp".to_owned(), first_ms.to_string()),
    ]);
    if let Some(source) = &row.dead_letter_source {
        all.insert("DeadLetterQueueSourceArn".to_owned(), source.clone());
    }
    all
}

/// Names may be `All`, `.*`, a prefix with `.*`, or exact.
fn is_wanted(name: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|want| {
        want == "All" || want == name || want.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
    })
}

/// The message's number and generation in a receipt of this queue.
fn parse_receipt(queue: &Queue, handle: &str) -> Result<(i64, i64), QueueError> {
    let mut parts = handle.split('.').map(str::parse::<i64>);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(id)), Some(Ok(message)), Some(Ok(generation)), None) if id == queue.id => Ok((message, generation)),
        _ => Err(QueueError::ReceiptHandleIsInvalid),
    }
}

fn check(name: &'static str, value: i64, range: &RangeInclusive<i64>) -> Result<i64, QueueError> {
    if range.contains(&value) {
        Ok(value)
    } else {
        let reason = format!("must be {} to {}", range.start(), range.end());
        Err(invalid(name, &reason))
    }
}
