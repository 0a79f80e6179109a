//! A queue's settings: parsing, ranges, defaults.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::error::QueueError;
use super::wire::Attributes;

/// Seconds that a received message may stay hidden.
pub(super) const VISIBILITY_RANGE_S: RangeInclusive<i64> = 0..=43_200;
/// Seconds that a new message may be held back.
pub(super) const DELAY_RANGE_S: RangeInclusive<i64> = 0..=900;
/// Seconds that a receive may wait for a message.
pub(super) const WAIT_RANGE_S: RangeInclusive<i64> = 0..=20;
const RETENTION_RANGE_S: RangeInclusive<i64> = 60..=1_209_600;
const MESSAGE_BYTES_RANGE: RangeInclusive<i64> = 1_024..=1_048_576;
const RECEIVES_RANGE: RangeInclusive<i64> = 1..=1_000;

/// When a message is given up, and where it goes then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedrivePolicy {
    pub(super) dead_letter_target_arn: String,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) max_receive_count: i64,
}

/// Settings of a queue, each within its range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct QueueAttributes {
    pub(super) visibility_timeout_s: i64,
    pub(super) delay_s: i64,
    pub(super) wait_s: i64,
    pub(super) retention_s: i64,
    pub(super) message_bytes_max: i64,
    pub(super) redrive: Option<RedrivePolicy>,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            visibility_timeout_s: 30,
            delay_s: 0,
            wait_s: 0,
            retention_s: 345_600,
            message_bytes_max: *MESSAGE_BYTES_RANGE.end(),
            redrive: None,
        }
    }
}

impl QueueAttributes {
    /// These settings with those of the request in place of the old ones.
    pub(super) fn with(&self, requested: &Attributes) -> Result<Self, QueueError> {
        let mut new = self.clone();
        for (name, value) in requested {
            match name.as_str() {
                "VisibilityTimeout" => {
                    new.visibility_timeout_s = within("VisibilityTimeout", value, &VISIBILITY_RANGE_S)?;
                }
                "DelaySeconds" => new.delay_s = within("DelaySeconds", value, &DELAY_RANGE_S)?,
                "ReceiveMessageWaitTimeSeconds" => {
                    new.wait_s = within("ReceiveMessageWaitTimeSeconds", value, &WAIT_RANGE_S)?;
                }
                "MessageRetentionPeriod" => {
                    new.retention_s = within("MessageRetentionPeriod", value, &RETENTION_RANGE_S)?;
                }
                "MaximumMessageSize" => {
                    new.message_bytes_max = within("MaximumMessageSize", value, &MESSAGE_BYTES_RANGE)?;
                }
                "RedrivePolicy" => new.redrive = parse_redrive(value)?,
                // A setting that we can't honour is refused rather than forgotten.
                _ => return Err(QueueError::InvalidAttributeName(name.clone())),
            }
        }
        Ok(new)
    }

    /// The settings by their names in the protocol.
    pub(super) fn describe(&self) -> Result<Attributes, QueueError> {
        let mut all: Attributes = [
            ("VisibilityTimeout", self.visibility_timeout_s),
            ("DelaySeconds", self.delay_s),
            ("ReceiveMessageWaitTimeSeconds", self.wait_s),
            ("MessageRetentionPeriod", self.retention_s),
            ("MaximumMessageSize", self.message_bytes_max),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect();
        if let Some(redrive) = &self.redrive {
            let json = serde_json::to_string(redrive).map_err(QueueError::Record)?;
            all.insert("RedrivePolicy".to_owned(), json);
        }
        Ok(all)
    }
}

/// An empty policy takes the redrive away.
fn parse_redrive(value: &str) -> Result<Option<RedrivePolicy>, QueueError> {
    let invalid = |reason: String| QueueError::InvalidAttributeValue { name: "RedrivePolicy", reason };
    if value.is_empty() {
        return Ok(None);
    }
    let policy: RedrivePolicy = serde_json::from_str(value).map_err(|error| invalid(error.to_string()))?;
    if !RECEIVES_RANGE.contains(&policy.max_receive_count) {
        return Err(invalid("maxReceiveCount is 1 to 1000".to_owned()));
    }
    Ok(Some(policy))
}

fn within(name: &'static str, value: &str, range: &RangeInclusive<i64>) -> Result<i64, QueueError> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| QueueError::InvalidAttributeValue {
        name,
        reason: format!("must be {} to {}", range.start(), range.end()),
    })
}

/// Templates write the count as a number, some tools as a string.
fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(i64),
        Text(String),
    }
    match Count::deserialize(deserializer)? {
        Count::Number(number) => Ok(number),
        Count::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Result<QueueAttributes, QueueError> {
        QueueAttributes::default().with(&Attributes::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        for (name, value) in [
            ("VisibilityTimeout", "43201"),
            ("VisibilityTimeout", "-1"),
            ("VisibilityTimeout", "lama"),
            ("DelaySeconds", "901"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("MessageRetentionPeriod", "59"),
            ("MaximumMessageSize", "1048577"),
            ("RedrivePolicy", "{}"),
            ("RedrivePolicy", r#"{"deadLetterTargetArn":"a","maxReceiveCount":0}"#),
        ] {
            let error = set(name, value).unwrap_err();
            assert_eq!(error.code(), "InvalidAttributeValue", "{name}={value}");
        }
        assert_eq!(set("Warna", "biru").unwrap_err().code(), "InvalidAttributeName");
    }

    #[test]
    fn settings_describe_themselves_and_parse_back() {
        let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:r:0:d","maxReceiveCount":"4"}"#;
        let settings = set("RedrivePolicy", policy).unwrap();
        assert_eq!(settings.redrive.as_ref().unwrap().max_receive_count, 4);
        let again = QueueAttributes::default().with(&settings.describe().unwrap()).unwrap();
        assert_eq!(again, settings);
        assert_eq!(
            settings.with(&Attributes::from([("RedrivePolicy".to_owned(), String::new())])).unwrap().redrive,
            None
        );
    }
}
