//! Reports on their way to the screening.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use saring_domain::case::TrackingId;
use saring_domain::report::{BODY_BYTES_MAX, Report, ReportError, ReportText};
use saring_domain::trace::{Step, TraceParent};
use serde::Serialize;

use crate::config::{QueueConfig, sdk};
use crate::error::{StoreError, failed};

/// Message attribute with the tracking id that the reporter was given; optional.
pub const TRACKING_ATTRIBUTE: &str = "tracking_id";
/// Message attribute with the place in the report's trace, as a W3C `traceparent`; optional.
pub const TRACE_ATTRIBUTE: &str = "traceparent";
/// Most messages of one call.
pub const BATCH_MESSAGES_MAX: usize = 10;
/// Most bytes of all messages of one call, with attributes.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of names, types and values of both attributes.
const ATTRIBUTES_BYTES: usize = 144;

/// Why a message is no report. It carries no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The body is none.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The tracking attribute is none.
    #[error("message attribute '{TRACKING_ATTRIBUTE}' is not a tracking id")]
    Tracking,
}

/// A report out of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The report.
    pub report: Report,
    /// What the reporter was given, if the report came through the intake.
    pub tracking: Option<TrackingId>,
}

/// Reads a message: its body and the string value of its [`TRACKING_ATTRIBUTE`].
///
/// # Errors
/// A body that is no report, or an attribute that is no tracking id.
pub fn parse_message(body: &str, tracking: Option<&str>) -> Result<Incoming, MessageError> {
    Ok(Incoming {
        report: Report::from_json(body.as_bytes())?,
        tracking: tracking.map(TrackingId::parse).transpose().map_err(|_| MessageError::Tracking)?,
    })
}

/// A report on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The report.
    pub report: &'a Report,
    /// What the reporter was given.
    pub tracking: Option<TrackingId>,
}

#[derive(Serialize)]
struct ReportWire<'a> {
    id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<&'a str>,
    #[serde(skip_serializing_if = "LocationWire::is_empty")]
    location: LocationWire<'a>,
    visibility: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporter_ref: Option<&'a str>,
}

#[derive(Serialize)]
struct LocationWire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    region_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lon: Option<f64>,
}

impl LocationWire<'_> {
    fn is_empty(&self) -> bool {
        self.region_code.is_none() && self.name.is_none() && self.lat.is_none()
    }
}

/// The JSON that [`Report::from_json`] reads back as the same report.
///
/// # Errors
/// JSON beyond [`BODY_BYTES_MAX`]: a text of control characters grows by its escapes.
pub fn encode_report(report: &Report) -> Result<String, StoreError> {
    let wire = ReportWire {
        id: report.id.as_str(),
        text: report.text.as_str(),
        title: report.title.as_ref().map(ReportText::as_str),
        channel: report.channel.as_deref(),
        created_at: report.created_at.as_deref(),
        location: LocationWire {
            region_code: report.location.region_code.as_deref(),
            name: report.location.name.as_deref(),
            lat: report.location.coordinates.map(|c| c.0),
            lon: report.location.coordinates.map(|c| c.1),
        },
        visibility: report.visibility.code(),
        reporter_ref: report.reporter_ref.as_deref(),
    };
    let json = compact(&wire);
    if json.len() > BODY_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "the report", actual: json.len(), limit: BODY_BYTES_MAX });
    }
    Ok(json)
}

fn compact(wire: &ReportWire<'_>) -> String {
    serde_json::to_string(wire).expect("the wire form has only json types")
}

/// The queue of reports. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reports {
    client: Client,
    url: String,
}

impl Reports {
    /// A client for the queue. Nothing is sent yet.
    pub async fn connect(config: &QueueConfig) -> Self {
        let shared = sdk(&config.region, config.endpoint.as_deref(), config.access).await;
        Self { client: Client::new(&shared), url: config.url.clone() }
    }

    /// Sends one report.
    ///
    /// # Errors
    /// No answer or a refusal; the report is not on the queue, as far as is known.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<(), StoreError> {
        let send = self.client.send_message().queue_url(&self.url);
        let mut send = send.message_body(encode_report(outgoing.report)?);
        if let Some(tracking) = outgoing.tracking {
            for (name, value) in attributes(tracking)? {
                send = send.message_attributes(name, value);
            }
        }
        send.send().await.map_err(failed("sending a report"))?;
        Ok(())
    }

    /// Sends many, in calls within [`BATCH_MESSAGES_MAX`] and [`BATCH_BYTES_MAX`]; returns the
    /// places of those that the service did not take.
    ///
    /// # Errors
    /// A call without an answer; the calls before it stand.
    pub async fn send_batch(&self, outgoing: &[Outgoing<'_>]) -> Result<Vec<usize>, StoreError> {
        let mut refused = Vec::new();
        let mut entries = Vec::new();
        let mut bytes = 0;
        for (place, one) in outgoing.iter().enumerate() {
            let body = encode_report(one.report)?;
            let size = body.len() + ATTRIBUTES_BYTES;
            if entries.len() == BATCH_MESSAGES_MAX || bytes + size > BATCH_BYTES_MAX {
                refused.extend(self.send_entries(std::mem::take(&mut entries)).await?);
                bytes = 0;
            }
            let mut entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body);
            if let Some(tracking) = one.tracking {
                for (name, value) in attributes(tracking)? {
                    entry = entry.message_attributes(name, value);
                }
            }
            entries.push(entry.build().map_err(unbuilt)?);
            bytes += size;
        }
        if !entries.is_empty() {
            refused.extend(self.send_entries(entries).await?);
        }
        Ok(refused)
    }

    async fn send_entries(&self, entries: Vec<SendMessageBatchRequestEntry>) -> Result<Vec<usize>, StoreError> {
        let batch = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = batch.send().await.map_err(failed("sending reports"))?;
        Ok(answer.failed().iter().filter_map(|f| f.id().parse().ok()).collect())
    }
}

fn attributes(tracking: TrackingId) -> Result<[(&'static str, MessageAttributeValue); 2], StoreError> {
    let attribute = |value: String| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        value.build().map_err(unbuilt)
    };
    let trace = TraceParent::of(tracking.case_id(), Step::Intake);
    Ok([(TRACKING_ATTRIBUTE, attribute(tracking.to_string())?), (TRACE_ATTRIBUTE, attribute(trace.to_string())?)])
}

fn unbuilt(source: aws_sdk_sqs::error::BuildError) -> StoreError {
    StoreError::Refused { operation: "sending a report", source: source.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use super::*;

    #[test]
    fn a_report_survives_the_queue() {
        let cases = [
            r#"{"id":"a","text":"Jalan rusak"}"#,
            r#"{"id":"b","text":"\u0000 \"kutip\" 🎰\nbaris","title":"Judul","channel":"sms","visibility":"rahasia"}"#,
            r#"{"id":"c","text":"x","location":{"lat":-6.97,"lon":110.42,"name":"Semarang"},"created_at":"2026-01-01","reporter_ref":"u1"}"#,
        ];
        for json in cases {
            let report = Report::from_json(json.as_bytes()).unwrap();
            let body = encode_report(&report).unwrap();
            assert_eq!(parse_message(&body, None).unwrap().report, report);
        }
    }

    #[test]
    fn a_message_is_refused_without_its_content() {
        let body = r#"{"id":"a","text":"rahasia sekali"}"#;
        assert_eq!(parse_message(body, Some("123")), Err(MessageError::Tracking));
        let error = parse_message("rahasia sekali", None).unwrap_err().to_string();
        assert!(!error.contains("sekali"), "{error}");
    }
}
