//! Entries of the stream to messages, in order, with failures by entry.

use std::time::SystemTime;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_runtime::{Error, LambdaEvent};
use saring_domain::case::{CaseId, Timestamp};
use saring_domain::trace::{Step, TraceParent};
use saring_store::{
    DecisionMessage, Decisions, Measure, Span, StreamChange, StreamEntry, Telemetry, metric, stream_change,
};

use crate::message::{decision, erasure};

/// What the function holds between invocations.
#[derive(Debug)]
pub struct Context {
    decisions: Decisions,
    telemetry: Telemetry,
}

/// A message and the place of its entry in the stream.
struct Job {
    sequence: Option<String>,
    case: CaseId,
    message: DecisionMessage,
}

impl Context {
    /// For a queue.
    #[must_use]
    pub fn new(decisions: Decisions) -> Self {
        Self { decisions, telemetry: Telemetry::silent() }
    }

    /// The same, with metrics and traces.
    #[must_use]
    pub fn with_telemetry(self, telemetry: Telemetry) -> Self {
        Self { telemetry, ..self }
    }

    /// Sends what a batch says. Everything from the first entry on that can't be read or sent is
    /// reported as failed: the stream delivers from there again, so that the order holds.
    ///
    /// # Errors
    /// None today; the signature is the runtime's.
    pub async fn handle(&self, event: LambdaEvent<Event>) -> Result<DynamoDbEventResponse, Error> {
        let began = SystemTime::now();
        let mut jobs = Vec::new();
        let mut failed = None;
        for record in &event.payload.records {
            match message(record) {
                Ok(None) => {}
                Ok(Some((case, message))) => {
                    jobs.push(Job { sequence: record.change.sequence_number.clone(), case, message });
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        stream.sequence = record.change.sequence_number,
                        error,
                        "the entry is not readable"
                    );
                    failed = Some(record.change.sequence_number.clone());
                    break;
                }
            }
        }
        let messages: Vec<DecisionMessage> = jobs.iter().map(|job| job.message.clone()).collect();
        let mut told = jobs.len();
        if let Err(unsent) = self.decisions.send(&messages).await {
            told = unsent.first;
            let job = &jobs[unsent.first];
            let error = &unsent.error as &dyn std::error::Error;
            tracing::error!(event.id = %job.message.event_id, error, "the decision was not sent");
            failed = Some(job.sequence.clone());
        }
        tracing::info!(stream.entries = event.payload.records.len(), decisions.told = told, "stream read");
        self.telemetry.metrics(&[Measure::count(metric::TOLD, told)]);
        for job in &jobs[..told] {
            let caller = Some(TraceParent::of(job.case, Step::Screen));
            self.telemetry.span(&Span { step: Step::Notify, case: job.case, caller, began, outcome: "told" });
        }
        let mut response = DynamoDbEventResponse::default();
        if let Some(sequence) = failed {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = sequence;
            response.batch_item_failures.push(failure);
        }
        Ok(response)
    }
}

/// Why an entry can't be told.
#[derive(Debug, thiserror::Error)]
enum EntryError {
    #[error("the image is not json")]
    Image(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] saring_store::StoreError),
}

fn message(record: &EventRecord) -> Result<Option<(CaseId, DecisionMessage)>, EntryError> {
    let change = &record.change;
    let image = |item: &_| serde_json::to_value(item);
    let old = (!change.old_image.is_empty()).then(|| image(&change.old_image)).transpose()?;
    let new = (!change.new_image.is_empty()).then(|| image(&change.new_image)).transpose()?;
    let at = u64::try_from(change.approximate_creation_date_time.timestamp_millis()).unwrap_or(0);
    let entry = StreamEntry { old: old.as_ref(), new: new.as_ref(), at: Timestamp::from_unix_ms(at) };
    Ok(stream_change(entry)?.map(|change| match change {
        StreamChange::Decided(case) => (case.id(), decision(&case)),
        StreamChange::Erased(erased) => (erased.case, erasure(&erased)),
    }))
}
