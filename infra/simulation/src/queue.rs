//! Queues as the service keeps them: at least once, in no order, hidden while somebody works on a
//! message, and set aside after too many receives.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::random::Random;

/// Receives after which a message is a dead letter.
pub(crate) const RECEIVES_MAX: u32 = 8;

/// A message with its attributes.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) number: u64,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) receives: u32,
    visible_us: u64,
    sent_us: u64,
}

impl Message {
    pub(crate) fn id(&self) -> String {
        format!("message-{}", self.number)
    }
}

/// A queue and its dead letters.
#[derive(Debug)]
pub(crate) struct Queue {
    messages: BTreeMap<u64, Message>,
    dead: BTreeMap<u64, Message>,
    sent: u64,
    random: Random,
    pub(crate) delivered: u64,
}

impl Queue {
    pub(crate) fn new(random: Random) -> Self {
        Self { messages: BTreeMap::new(), dead: BTreeMap::new(), sent: 0, random, delivered: 0 }
    }

    pub(crate) fn send(&mut self, body: &str, attributes: BTreeMap<String, String>, times: (u64, u64)) -> u64 {
        self.sent += 1;
        let (now_us, delay_us) = times;
        let (number, body) = (self.sent, body.to_owned());
        let visible_us = now_us + delay_us;
        self.messages.insert(number, Message { number, body, attributes, receives: 0, visible_us, sent_us: now_us });
        number
    }

    /// Some of the visible messages, any of them, hidden for so long.
    pub(crate) fn receive(&mut self, now_us: u64, messages_max: usize, hidden_us: u64) -> Vec<Message> {
        let mut visible: Vec<u64> = self
            .messages
            .values()
            .filter(|m| m.visible_us <= now_us)
            .map(|m| m.number)
            .take(4 * messages_max)
            .collect();
        let mut received = Vec::new();
        while received.len() < messages_max && !visible.is_empty() {
            let number = visible.swap_remove(self.random.below(visible.len()));
            let Some(message) = self.messages.get_mut(&number) else { continue };
            if message.receives >= RECEIVES_MAX {
                if let Some(message) = self.messages.remove(&number) {
                    self.dead.insert(number, message);
                }
                continue;
            }
            message.receives += 1;
            message.visible_us = now_us + hidden_us;
            received.push(message.clone());
        }
        self.delivered += received.len() as u64;
        received
    }

    pub(crate) fn delete(&mut self, number: u64) {
        self.messages.remove(&number);
    }

    /// What is failed comes back at once.
    pub(crate) fn give_back(&mut self, number: u64, visible_us: u64) {
        if let Some(message) = self.messages.get_mut(&number) {
            message.visible_us = message.visible_us.min(visible_us);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn dead(&self) -> impl Iterator<Item = &Message> {
        self.dead.values()
    }

    /// What the SDK asks of the queue of dead letters, and of this queue while letters are moved.
    pub(crate) fn answer(&mut self, operation: &str, request: &Value, now_us: u64) -> (u16, String) {
        let said = match operation {
            "GetQueueAttributes" => json!({ "Attributes": {
                "ApproximateNumberOfMessages": self.dead.len().to_string(),
            } }),
            "ReceiveMessage" => {
                let limit = request["MaxNumberOfMessages"].as_u64().unwrap_or(1) as usize;
                let hidden_us = request["VisibilityTimeout"].as_u64().unwrap_or(30) * 1_000_000;
                let visible = self.dead.values_mut().filter(|m| m.visible_us <= now_us).take(limit);
                let letters = visible.map(|message| {
                    message.visible_us = now_us + hidden_us;
                    letter(message)
                });
                json!({ "Messages": letters.collect::<Vec<_>>() })
            }
            "SendMessage" => {
                let attributes = request["MessageAttributes"].as_object().into_iter().flatten();
                let attributes = attributes
                    .map(|(name, value)| (name.clone(), value["StringValue"].as_str().unwrap_or_default().to_owned()))
                    .collect();
                let body = request["MessageBody"].as_str().unwrap_or_default();
                let number = self.send(body, attributes, (now_us, 0));
                json!({ "MessageId": format!("message-{number}") })
            }
            "DeleteMessage" => {
                let number = request["ReceiptHandle"].as_str().and_then(|handle| handle.parse().ok());
                self.dead.remove(&number.unwrap_or(0));
                json!({})
            }
            _ => return (400, json!({ "__type": "InvalidAction" }).to_string()),
        };
        (200, said.to_string())
    }
}

fn letter(message: &Message) -> Value {
    let attributes = message
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), json!({ "DataType": "String", "StringValue": value })));
    json!({
        "MessageId": message.id(),
        "ReceiptHandle": message.number.to_string(),
        "Body": message.body,
        "MessageAttributes": Value::Object(attributes.collect()),
        "Attributes": { "SentTimestamp": (crate::site::BEGAN_MS + message.sent_us / 1000).to_string() },
    })
}
