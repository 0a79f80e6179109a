//! Dead letters: how many, how old, and back to where they came from.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use saring_domain::case::Timestamp;

use crate::config::{QueueConfig, sdk};
use crate::error::{StoreError, failed};
use crate::queue::BATCH_MESSAGES_MAX;

/// Seconds for which a message that is being moved stays hidden from others.
const HIDDEN_S: i32 = 60;
const READING: &str = "reading dead letters";
const MOVING: &str = "moving dead letters";

/// The state of a queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadState {
    /// How many, about: the service counts in its own time.
    pub messages: u64,
    /// When the oldest of those looked at was first sent; at most ten are looked at.
    pub oldest: Option<Timestamp>,
}

/// A queue of dead letters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl DeadLetters {
    /// A client for the queue. Nothing is sent yet.
    pub async fn connect(config: &QueueConfig) -> Self {
        let shared = sdk(&config.region, config.endpoint.as_deref(), config.access).await;
        Self::with_client(Client::new(&shared), config)
    }

    pub(crate) fn with_client(client: Client, config: &QueueConfig) -> Self {
        Self { client, url: config.url.clone() }
    }

    /// How many there are, and how old; nothing is moved or hidden.
    ///
    /// # Errors
    /// No answer.
    pub async fn state(&self) -> Result<DeadState, StoreError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let attributes = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let attributes = attributes.send().await.map_err(failed(READING))?.attributes.unwrap_or_default();
        let messages = attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0);
        let looked_at = if messages == 0 { Vec::new() } else { self.receive(BATCH_MESSAGES_MAX, 0).await? };
        Ok(DeadState { messages, oldest: looked_at.iter().filter_map(sent_at).min() })
    }

    /// Moves up to `limit` letters to a queue, bodies and attributes as they are; returns how many.
    /// One that was moved and could not be deleted is delivered twice, which its reader must bear
    /// anyway; none is deleted before it was taken.
    ///
    /// # Errors
    /// No answer; what was moved before it stays moved.
    pub async fn redrive(&self, to: &QueueConfig, limit: u64) -> Result<u64, StoreError> {
        let mut moved = 0;
        while moved < limit {
            let room = usize::try_from(limit - moved).unwrap_or(usize::MAX).min(BATCH_MESSAGES_MAX);
            let letters = self.receive(room, HIDDEN_S).await?;
            if letters.is_empty() {
                break;
            }
            for letter in letters {
                let send = self.client.send_message().queue_url(&to.url);
                send.set_message_body(letter.body)
                    .set_message_attributes(letter.message_attributes)
                    .send()
                    .await
                    .map_err(failed(MOVING))?;
                let delete = self.client.delete_message().queue_url(&self.url);
                delete.set_receipt_handle(letter.receipt_handle).send().await.map_err(failed(MOVING))?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    async fn receive(&self, messages_max: usize, hidden_s: i32) -> Result<Vec<Message>, StoreError> {
        let receive = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(messages_max).unwrap_or(1))
            .visibility_timeout(hidden_s)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        Ok(receive.send().await.map_err(failed(READING))?.messages.unwrap_or_default())
    }
}

fn sent_at(message: &Message) -> Option<Timestamp> {
    let sent = message.attributes.as_ref()?.get(&MessageSystemAttributeName::SentTimestamp)?;
    sent.parse().ok().map(Timestamp::from_unix_ms)
}
