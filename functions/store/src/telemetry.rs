//! Metrics and spans as lines of the log: the embedded metric format, which `CloudWatch` counts as it
//! takes the log in, and spans as OTLP in JSON, which an OpenTelemetry collector reads from any log.
//! Neither holds what people wrote.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use saring_domain::case::CaseId;
use saring_domain::trace::{Step, TraceParent};
use serde_json::{Value, json};

use crate::config::{ConfigError, env, optional};

/// Every metric; alarms and the dashboard of the template name them.
pub mod metric {
    /// Reports that the intake took.
    pub const ACCEPTED: &str = "Accepted";
    /// Reports that got their verdict.
    pub const SCREENED: &str = "Screened";
    /// Those of them that wait for a person.
    pub const HELD: &str = "Held";
    /// Messages that are no report.
    pub const UNREADABLE: &str = "Unreadable";
    /// Reports whose case could not be written; they come again.
    pub const UNWRITTEN: &str = "Unwritten";
    /// Milliseconds of a batch in the model.
    pub const MODEL_MS: &str = "ModelMs";
    /// Milliseconds of a batch in the candidate model.
    pub const CANDIDATE_MS: &str = "CandidateMs";
    /// Reports on which the candidate model gave no answer in time.
    pub const CANDIDATE_ERRORS: &str = "CandidateErrors";
    /// Canaries that left their bounds and were ended.
    pub const ROLLED_BACK: &str = "RolledBack";
    /// Reports that were counted against the bundle's reference lately.
    pub const DRIFT_REPORTS: &str = "DriftReports";
    /// Largest population stability index of the texts that chance can't explain.
    pub const DRIFT_INPUT: &str = "DriftInput";
    /// The same of scores and verdicts.
    pub const DRIFT_SCORE: &str = "DriftScore";
    /// The same of decisions about held reports.
    pub const DRIFT_LABEL: &str = "DriftLabel";
    /// Reports of a rollout's share that a function without its candidate screened.
    pub const CANDIDATE_MISSING: &str = "CandidateMissing";
    /// Decisions that were told.
    pub const TOLD: &str = "Told";
    /// Runs of the sweep that call for a person.
    pub const SWEEP_FOUND: &str = "SweepFound";
    /// Broken invariants.
    pub const VIOLATIONS: &str = "Violations";
    /// Walks over the table that did not end in their time.
    pub const VERIFY_UNFINISHED: &str = "VerifyUnfinished";
}

/// Unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Milliseconds,
    /// A number without a unit.
    None,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
        }
    }
}

/// A value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// One of [`metric`].
    pub name: &'static str,
    /// In this unit.
    pub unit: Unit,
    /// The value.
    pub value: f64,
}

impl Measure {
    /// How many.
    #[must_use]
    pub const fn count(name: &'static str, value: usize) -> Self {
        Self { name, unit: Unit::Count, value: value as f64 }
    }
}

/// A step of a report, from when to when.
#[derive(Debug, Clone)]
pub struct Span<'a> {
    /// Which step.
    pub step: Step,
    /// Of which case.
    pub case: CaseId,
    /// What the caller said of its own trace; another trace than the report's becomes a link.
    pub caller: Option<TraceParent>,
    /// When it began.
    pub began: SystemTime,
    /// What came of it: codes, never text.
    pub outcome: &'a str,
}

#[derive(Debug, Clone)]
enum Sink {
    Output,
    Memory(Arc<Mutex<Vec<String>>>),
}

/// Where a function writes its metrics and spans. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Telemetry {
    service: &'static str,
    namespace: Option<String>,
    trace_percent: u8,
    sink: Sink,
}

impl Telemetry {
    /// As the environment says; without its variables nothing is written.
    ///
    /// # Errors
    /// A share of traces that is no percentage.
    pub fn from_env(service: &'static str) -> Result<Self, ConfigError> {
        let trace_percent = match optional(env::TRACE_PERCENT) {
            None => 0,
            Some(percent) => percent
                .parse()
                .ok()
                .filter(|p| *p <= 100)
                .ok_or(ConfigError::Value { name: env::TRACE_PERCENT, expected: "a whole number from 0 to 100" })?,
        };
        Ok(Self { service, namespace: optional(env::METRICS_NAMESPACE), trace_percent, sink: Sink::Output })
    }

    /// Writes nothing.
    #[must_use]
    pub const fn silent() -> Self {
        Self { service: "", namespace: None, trace_percent: 0, sink: Sink::Output }
    }

    /// Writes everything into a list.
    #[must_use]
    pub fn collecting(service: &'static str) -> (Self, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::default();
        let sink = Sink::Memory(Arc::clone(&lines));
        (Self { service, namespace: Some("saring".to_owned()), trace_percent: 100, sink }, lines)
    }

    /// Writes samples of one moment.
    pub fn metrics(&self, samples: &[Measure]) {
        let Some(namespace) = self.namespace.as_deref().filter(|_| !samples.is_empty()) else { return };
        self.write(&metrics_line(namespace, SystemTime::now(), samples));
    }

    /// Writes a span that ends now, if its trace is among those that are written.
    pub fn span(&self, span: &Span<'_>) {
        if TraceParent::of(span.case, span.step).is_sampled(self.trace_percent) {
            self.write(&span_line(self.service, span, SystemTime::now()));
        }
    }

    fn write(&self, line: &str) {
        match &self.sink {
            // A log that can't be written is no reason to fail a report.
            Sink::Output => drop(writeln!(std::io::stdout().lock(), "{line}")),
            Sink::Memory(lines) => {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
            }
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
/// without dimensions: a stack is a namespace.
fn metrics_line(namespace: &str, at: SystemTime, samples: &[Measure]) -> String {
    let metrics: Vec<Value> = samples.iter().map(|s| json!({ "Name": s.name, "Unit": s.unit.name() })).collect();
    let directive = json!({ "Namespace": namespace, "Dimensions": [[]], "Metrics": metrics });
    let mut line = json!({ "_aws": { "Timestamp": nanoseconds(at) / 1_000_000, "CloudWatchMetrics": [directive] } });
    for sample in samples {
        line[sample.name] = json!(sample.value);
    }
    line.to_string()
}

/// <https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>: one span, with its service.
fn span_line(service: &str, span: &Span<'_>, ended: SystemTime) -> String {
    const SERVER: u8 = 2;
    const CONSUMER: u8 = 5;
    let place = TraceParent::of(span.case, span.step);
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let kind = if span.step == Step::Intake { SERVER } else { CONSUMER };
    let mut wire = json!({
        "traceId": place.trace_id(),
        "spanId": place.span_id(),
        "name": span.step.name(),
        "kind": kind,
        "startTimeUnixNano": nanoseconds(span.began).to_string(),
        "endTimeUnixNano": nanoseconds(ended).to_string(),
        "attributes": [attribute("case.id", &span.case.to_string()), attribute("outcome", span.outcome)],
    });
    match &span.caller {
        Some(caller) if caller.same_trace(&place) => wire["parentSpanId"] = json!(caller.span_id()),
        Some(caller) => wire["links"] = json!([{ "traceId": caller.trace_id(), "spanId": caller.span_id() }]),
        None => {}
    }
    let resource = json!({ "attributes": [attribute("service.name", service)] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": [wire] }] }] }).to_string()
}

fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use std::time::Duration;

    use super::*;

    fn case() -> CaseId {
        CaseId::parse("0123456789ABCDEF").unwrap()
    }

    #[test]
    fn metrics_are_in_the_embedded_format() {
        let at = UNIX_EPOCH + Duration::from_hours(490_000);
        let samples = [
            Measure::count(metric::SCREENED, 50),
            Measure { name: metric::MODEL_MS, unit: Unit::Milliseconds, value: 12.5 },
        ];
        let line: Value = serde_json::from_str(&metrics_line("saring", at, &samples)).unwrap();
        let expected = json!({
            "_aws": {
                "Timestamp": 1_764_000_000_000_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "saring",
                    "Dimensions": [[]],
                    "Metrics": [{ "Name": "Screened", "Unit": "Count" }, { "Name": "ModelMs", "Unit": "Milliseconds" }],
                }],
            },
            "Screened": 50.0,
            "ModelMs": 12.5,
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_span_names_its_parent_or_links_to_another_trace() {
        let span = |caller| Span { step: Step::Screen, case: case(), caller, began: UNIX_EPOCH, outcome: "publish" };
        let wire = |caller| {
            let line = span_line("saring-screen", &span(caller), UNIX_EPOCH + Duration::from_nanos(7));
            let line: Value = serde_json::from_str(&line).unwrap();
            line["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()
        };
        let intake = TraceParent::of(case(), Step::Intake);
        let child = wire(Some(intake));
        assert_eq!((&child["traceId"], &child["parentSpanId"]), (&json!(intake.trace_id()), &json!(intake.span_id())));
        assert_eq!((&child["startTimeUnixNano"], &child["endTimeUnixNano"]), (&json!("0"), &json!("7")));
        let other = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        let linked = wire(Some(other));
        assert_eq!(linked["links"][0]["spanId"], "b7ad6b7169203331");
        assert_eq!((&linked["traceId"], linked.get("parentSpanId")), (&child["traceId"], None));
        assert!(wire(None).get("links").is_none());
    }

    #[test]
    fn without_settings_nothing_is_written() {
        let (telemetry, lines) = Telemetry::collecting("saring-test");
        let silent = Telemetry { namespace: None, trace_percent: 0, ..telemetry.clone() };
        let span = Span { step: Step::Intake, case: case(), caller: None, began: UNIX_EPOCH, outcome: "accepted" };
        for telemetry in [silent, telemetry] {
            telemetry.metrics(&[Measure::count(metric::ACCEPTED, 1)]);
            telemetry.metrics(&[]);
            telemetry.span(&span);
        }
        assert_eq!(lines.lock().unwrap().len(), 2);
    }
}
