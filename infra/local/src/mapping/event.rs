//! The event that a function gets for a batch of messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use crate::queue::wire::{Message, MessageAttribute};

/// Where messages come from, as the event says it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) arn: String,
    pub(super) region: String,
}

impl Source {
    pub(super) fn new(arn: String) -> Self {
        // arn:aws:sqs:REGION:ACCOUNT:NAME
        let region = arn.split(':').nth(3).unwrap_or_default().to_owned();
        Self { arn, region }
    }
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: &'a BTreeMap<String, String>,
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
    md5_of_body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<&'a str>,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<&'a str>,
    // The service fills these with nothing, always.
    string_list_values: [&'a str; 0],
    binary_list_values: [&'a str; 0],
    data_type: &'a str,
}

impl<'a> From<&'a MessageAttribute> for Attribute<'a> {
    fn from(attribute: &'a MessageAttribute) -> Self {
        Self {
            string_value: attribute.string_value.as_deref(),
            binary_value: attribute.binary_value.as_deref(),
            string_list_values: [],
            binary_list_values: [],
            data_type: &attribute.data_type,
        }
    }
}

fn record<'a>(message: &'a Message, source: &'a Source) -> Record<'a> {
    let attributes = message.message_attributes.iter();
    Record {
        message_id: &message.message_id,
        receipt_handle: &message.receipt_handle,
        body: &message.body,
        attributes: &message.attributes,
        message_attributes: attributes.map(|(name, attribute)| (name.as_str(), attribute.into())).collect(),
        md5_of_body: &message.body_md5,
        md5_of_message_attributes: message.attributes_md5.as_deref(),
        event_source: "aws:sqs",
        event_source_arn: &source.arn,
        aws_region: &source.region,
    }
}

/// The event of a batch, as JSON.
pub(super) fn event(messages: &[Message], source: &Source) -> Result<Bytes, serde_json::Error> {
    let records = messages.iter().map(|m| record(m, source)).collect();
    serde_json::to_vec(&Event { records }).map(Bytes::from)
}

/// The bytes that a message takes in an event.
pub(super) fn record_bytes(message: &Message, source: &Source) -> Result<usize, serde_json::Error> {
    serde_json::to_vec(&record(message, source)).map(|json| json.len() + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_event_has_the_documented_form() {
        let message: Message = serde_json::from_value(json!({
            "MessageId": "m-1",
            "ReceiptHandle": "1.2.3",
            "MD5OfBody": "900150983cd24fb0d6963f7d28e17f72",
            "Body": "abc",
            "Attributes": {"ApproximateReceiveCount": "1"},
            "MD5OfMessageAttributes": "d1",
            "MessageAttributes": {
                "channel": {"DataType": "String", "StringValue": "wa"},
                "key": {"DataType": "Binary", "BinaryValue": "AAEC"},
            },
        }))
        .unwrap();
        let source = Source::new("arn:aws:sqs:ap-southeast-3:000000000000:reports".to_owned());
        let bytes = event(std::slice::from_ref(&message), &source).unwrap();
        let expected = json!({"Records": [{
            "messageId": "m-1",
            "receiptHandle": "1.2.3",
            "body": "abc",
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {
                "channel": {
                    "stringValue": "wa",
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                },
                "key": {
                    "binaryValue": "AAEC",
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "Binary",
                },
            },
            "md5OfBody": "900150983cd24fb0d6963f7d28e17f72",
            "md5OfMessageAttributes": "d1",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:ap-southeast-3:000000000000:reports",
            "awsRegion": "ap-southeast-3",
        }]});
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected);
        let envelope = bytes.len() - record_bytes(&message, &source).unwrap();
        assert!(envelope < super::super::batch::ENVELOPE_BYTES);
    }
}
