//! SQS events to cases: each record by itself, failures by item, idempotent on redelivery.

mod beside;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use lambda_runtime::{Error, LambdaEvent};
use saring_domain::agency::Date;
use saring_domain::case::{Case, CaseId, Screened, Timestamp, TrackingId, VersionError};
use saring_domain::claims::LiveClaims;
use saring_domain::policy::{Decision, Policy};
use saring_domain::report::Report;
use saring_domain::rollout::{self, Rollout};
use saring_domain::trace::{Step, TraceParent};
use saring_store::{
    Cases, Incoming, Measure, Recorded, Span, StoreError, TRACE_ATTRIBUTE, TRACKING_ATTRIBUTE, Telemetry, Unit, metric,
    parse_message, random_tracking_id,
};
use tokio::sync::Mutex;

use crate::candidate::{Candidate, Compared, compare};
use crate::claims::BuildError;
use crate::live::{InForce, Live};
use crate::screening::{Observed, Screener, hold_unknown_policy};

/// Reports of a batch that are recorded at the same time.
const RECORDINGS_MAX: usize = 10;
/// Longest time that a recorded report waits for the look at alike ones.
const FOLD_MAX: Duration = Duration::from_secs(2);

/// Whoever judges reports: the [`Screener`] with its model, or what a simulation puts in its place.
pub trait Judge: Send + 'static {
    /// Verdicts in the order of `reports`; a report that can't be judged is held, never left out.
    fn judge(&mut self, reports: &[&Report], today: Date) -> Vec<Screened>;

    /// Runs the judging: here and now, unless a judge takes so long that others should go on meanwhile.
    fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send {
        std::future::ready(work())
    }

    /// Lets these live claims count from now on.
    ///
    /// # Errors
    /// A claim could not be read; the claims of before go on counting.
    fn take_over(&mut self, live: &LiveClaims) -> Result<(), BuildError>;

    /// Judges by this policy from now on.
    ///
    /// # Errors
    /// A version that is no name; the policy of before goes on counting.
    fn take_policy(&mut self, policy: Policy) -> Result<(), VersionError>;

    /// What was counted against a reference since it was last asked; nothing where there is none.
    fn take_observed(&mut self) -> Option<Observed> {
        None
    }
}

impl Judge for Screener {
    fn judge(&mut self, reports: &[&Report], today: Date) -> Vec<Screened> {
        self.screen_counted(reports, today)
    }

    /// On a thread of its own: what was judged before is recorded while the model works.
    fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send {
        let working = tokio::task::spawn_blocking(work);
        async { working.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())) }
    }

    fn take_over(&mut self, live: &LiveClaims) -> Result<(), BuildError> {
        self.set_live_claims(live)
    }

    fn take_policy(&mut self, policy: Policy) -> Result<(), VersionError> {
        self.set_policy(policy)
    }

    fn take_observed(&mut self) -> Option<Observed> {
        Screener::take_observed(self)
    }
}

/// Where the handler takes the moment and new tracking ids from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<C = fn() -> SystemTime, I = fn() -> TrackingId> {
    /// The moment.
    pub clock: C,
    /// A tracking id that nobody has.
    pub ids: I,
}

impl Default for Sources {
    fn default() -> Self {
        Self { clock: SystemTime::now, ids: random_tracking_id }
    }
}

/// What the function holds between invocations.
#[derive(Debug)]
pub struct Context<J = Screener, C = fn() -> SystemTime, I = fn() -> TrackingId> {
    screener: Arc<Mutex<J>>,
    candidate: Option<Candidate>,
    live: Mutex<Live>,
    cases: Cases,
    telemetry: Telemetry,
    sources: Sources<C, I>,
}

/// A message that is a report.
struct Job {
    message_id: String,
    incoming: Incoming,
    /// What the sender said of its trace.
    caller: Option<TraceParent>,
    tracking: TrackingId,
}

/// The recording of a report, under way.
type Recording<'a> = Pin<Box<dyn Future<Output = (&'a Job, Result<(), StoreError>)> + Send + 'a>>;

/// Reports of a batch that are judged together, under way.
type Judging<'a> = Pin<Box<dyn Future<Output = Vec<(&'a Job, Judged)>> + Send + 'a>>;

/// A report's screening, and what the candidate said where it was asked.
struct Judged {
    screened: Screened,
    compared: Option<Compared>,
}

/// A rollout of which this function has the candidate.
struct Asked {
    revision: u64,
    rollout: Rollout,
    candidate: Candidate,
}

/// What a batch comes to, for the metrics.
#[derive(Debug, Default)]
struct Counts {
    unreadable: usize,
    unwritten: usize,
    screened: AtomicUsize,
    held: AtomicUsize,
    /// Time of the model.
    model_us: AtomicU64,
    /// Of the reports that the candidate screened too.
    rollout: std::sync::Mutex<rollout::Counts>,
}

impl Context {
    /// Joins a loaded screener and a table.
    #[must_use]
    pub fn new(screener: Screener, cases: Cases) -> Self {
        Self::with_sources(screener, cases, Sources::default())
    }

    /// The same, with a candidate beside the screener.
    #[must_use]
    pub fn with_candidate(self, candidate: Option<Candidate>) -> Self {
        Self { candidate, ..self }
    }

    /// The same, with metrics and traces.
    #[must_use]
    pub fn with_telemetry(self, telemetry: Telemetry) -> Self {
        Self { telemetry, ..self }
    }

    /// The same screener before another table: a process can load the model only once.
    #[must_use]
    pub fn before(&self, cases: Cases) -> Self {
        let (candidate, telemetry, sources) = (self.candidate.clone(), self.telemetry.clone(), self.sources);
        let (screener, live) = (Arc::clone(&self.screener), Mutex::new(Live::default()));
        Self { screener, candidate, live, cases, telemetry, sources }
    }
}

impl<J: Judge, C: Fn() -> SystemTime + Sync, I: Fn() -> TrackingId + Sync> Context<J, C, I> {
    /// Joins a judge and a table, on a clock and with ids of its own.
    #[must_use]
    pub fn with_sources(judge: J, cases: Cases, sources: Sources<C, I>) -> Self {
        Self {
            screener: Arc::new(Mutex::new(judge)),
            candidate: None,
            live: Mutex::new(Live::default()),
            cases,
            telemetry: Telemetry::silent(),
            sources,
        }
    }

    /// Screens a batch. A message that is no report, or whose case can't be written, is reported
    /// as failed: it comes back until the dead-letter queue takes it.
    ///
    /// # Errors
    /// None today; the signature is the runtime's.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let began = (self.sources.clock)();
        let mut counts = Counts::default();
        let mut failed = Vec::new();
        let mut jobs = Vec::new();
        for message in event.payload.records {
            let message_id = message.message_id.clone().unwrap_or_default();
            match parse(&message) {
                Ok(incoming) => {
                    let tracking = incoming.tracking.unwrap_or_else(|| (self.sources.ids)());
                    jobs.push(Job { message_id, incoming, caller: caller(&message), tracking });
                }
                Err(reason) => {
                    tracing::warn!(message.id = %message_id, reason = %reason, "the message is no report");
                    counts.unreadable += 1;
                    failed.push(message_id);
                }
            }
        }
        Box::pin(self.refresh()).await;
        let now = timestamp((self.sources.clock)());
        // Before the policy in force was ever seen nothing is judged: the messages come back. So they do
        // by a clock before 1970 or after 9999: nothing can be dated, so nothing is decided.
        let seen = self.live.lock().await.in_force() != InForce::Unseen;
        let today = today(now).filter(|_| seen);
        let asked = self.asked().await;
        let mut recordings = self.recordings(&jobs, today, asked.as_ref(), began, &counts);
        let mut left: Vec<&Job> = jobs.iter().collect();
        while let Some((job, recorded)) = recordings.next().await {
            match recorded {
                Ok(()) => left.retain(|other| !std::ptr::eq(*other, job)),
                Err(error) => {
                    tracing::error!(report.id = %job.incoming.report.id, error = &error as &dyn std::error::Error, "the case was not written");
                }
            }
        }
        drop(recordings);
        // Whatever the reason: what was not recorded comes back.
        failed.extend(left.iter().map(|job| job.message_id.clone()));
        if let Some(asked) = &asked {
            self.count_rollout(asked, &counts, now).await;
        } else {
            self.count_missing(&jobs, now).await;
        }
        self.keep_observed().await;
        counts.unwritten = failed.len() - counts.unreadable;
        self.telemetry.metrics(&counts.samples());
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failed.into_iter().map(failure).collect();
        Ok(response)
    }

    /// Judges the reports and records each as soon as it is judged. Recording is waiting for the table;
    /// each report stands for itself, so they wait together, and while the model goes on.
    fn recordings<'a>(
        &'a self,
        jobs: &'a [Job],
        today: Option<Date>,
        asked: Option<&'a Asked>,
        began: SystemTime,
        counts: &'a Counts,
    ) -> BoxStream<'a, (&'a Job, Result<(), StoreError>)> {
        let Some(today) = today else { return futures_util::stream::empty().boxed() };
        let revision = asked.map_or(0, |asked| asked.revision);
        futures_util::stream::iter(together(jobs, asked.is_some()))
            .then(move |jobs| self.judging(jobs, today, asked, counts))
            .flat_map(futures_util::stream::iter)
            .map(move |(job, judged)| self.recording(job, judged, revision, began, counts))
            .buffer_unordered(RECORDINGS_MAX)
            .boxed()
    }

    fn recording<'a>(
        &'a self,
        job: &'a Job,
        judged: Judged,
        revision: u64,
        began: SystemTime,
        counts: &'a Counts,
    ) -> Recording<'a> {
        Box::pin(async move {
            let recorded = self.record(job, judged.screened, began, counts).await;
            if let (Ok(Some(case)), Some(compared)) = (&recorded, judged.compared) {
                self.compared(*case, compared, revision, timestamp(began), counts).await;
            }
            (job, recorded.map(|_| ()))
        })
    }

    /// The case, if this made it.
    async fn record(
        &self,
        job: &Job,
        screened: Screened,
        began: SystemTime,
        counts: &Counts,
    ) -> Result<Option<CaseId>, StoreError> {
        let report = &job.incoming.report;
        let verdict = screened.verdict.decision;
        let decision = verdict.code();
        let recorded = self.cases.record_screening(report, screened, job.tracking, timestamp(began)).await?;
        if let Recorded::New(case) | Recorded::Already(case) | Recorded::Tightened(case) = &recorded {
            self.fold(case, timestamp(began)).await;
        }
        match recorded {
            Recorded::New(case) => {
                counts.screened.fetch_add(1, Relaxed);
                counts.held.fetch_add(usize::from(verdict == Decision::Review), Relaxed);
                let case = case.id();
                let place = TraceParent::of(case, Step::Screen);
                tracing::info!(report.id = %report.id, case.id = %case, case.decision = decision, trace.id = place.trace_id(), "screened");
                self.telemetry.span(&Span { step: Step::Screen, case, caller: job.caller, began, outcome: decision });
                return Ok(Some(case));
            }
            Recorded::Already(case) => {
                tracing::info!(report.id = %report.id, case.id = %case.record().id, "was screened before");
            }
            Recorded::Tightened(case) => {
                tracing::info!(report.id = %report.id, case.id = %case.record().id, "the reporter made it less visible");
            }
            Recorded::Erased { case } => {
                tracing::warn!(report.id = %report.id, case.id = %case, "the report was erased and stays erased");
            }
            Recorded::Conflict { case } => {
                tracing::warn!(report.id = %report.id, case.id = %case, "the id belongs to another text, refused and recorded");
            }
        }
        Ok(None)
    }
}

impl Counts {
    fn samples(&self) -> [Measure; 5] {
        let model_ms = self.model_us.load(Relaxed) as f64 / 1e3;
        [
            Measure::count(metric::SCREENED, self.screened.load(Relaxed)),
            Measure::count(metric::HELD, self.held.load(Relaxed)),
            Measure::count(metric::UNREADABLE, self.unreadable),
            Measure::count(metric::UNWRITTEN, self.unwritten),
            Measure { name: metric::MODEL_MS, unit: Unit::Milliseconds, value: model_ms },
        ]
    }
}

/// Reports that are judged together: those with the same text, which the model reads once; with a
/// candidate beside it all of them, since its time is that of a batch.
fn together(jobs: &[Job], all: bool) -> Vec<Vec<&Job>> {
    let mut groups: Vec<Vec<&Job>> = Vec::new();
    for job in jobs {
        let same = |group: &&mut Vec<&Job>| all || group[0].incoming.report.text == job.incoming.report.text;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(job),
            None => groups.push(vec![job]),
        }
    }
    groups
}

fn caller(message: &SqsMessage) -> Option<TraceParent> {
    let attribute = message.message_attributes.get(TRACE_ATTRIBUTE)?;
    attribute.string_value.as_deref().and_then(TraceParent::parse)
}

impl<J: Judge, C: Fn() -> SystemTime + Sync, I: Fn() -> TrackingId + Sync> Context<J, C, I> {
    /// Looks whether others say the same. That is bookkeeping: where it fails, the case stands all the
    /// same, and only nobody sees that it belongs to others.
    async fn fold(&self, case: &Case, now: Timestamp) {
        let folded = self.cases.within(FOLD_MAX, Box::pin(self.cases.fold_report(case, now)));
        let Some(folded) = folded.await else {
            tracing::warn!(case.id = %case.id(), "alike reports were not looked for in time");
            return;
        };
        match folded {
            Ok(None) => {}
            Ok(Some(campaign)) => {
                tracing::info!(case.id = %case.id(), campaign.id = %campaign, "says what others said");
            }
            Err(error) => {
                tracing::warn!(case.id = %case.id(), error = &error as &dyn std::error::Error, "alike reports were not looked for");
            }
        }
    }
}

fn parse(message: &SqsMessage) -> Result<Incoming, String> {
    let body = message.body.as_deref().ok_or("the message has no body")?;
    let tracking = message.message_attributes.get(TRACKING_ATTRIBUTE).and_then(|a| a.string_value.as_deref());
    parse_message(body, tracking).map_err(|e| e.to_string())
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}

fn now() -> Timestamp {
    timestamp(SystemTime::now())
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The day of `now`, for names of agencies.
fn today(now: Timestamp) -> Option<Date> {
    Date::parse(&now.to_string()).ok()
}

/// The day of the system's clock.
#[must_use]
pub fn current_day() -> Option<Date> {
    today(now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, text: &str) -> Job {
        let body = serde_json::json!({ "id": id, "text": text }).to_string();
        let incoming = parse_message(&body, None).unwrap();
        Job { message_id: id.to_owned(), incoming, caller: None, tracking: TrackingId::from_bytes([0; 10]) }
    }

    #[test]
    fn what_says_the_same_is_judged_together() {
        let jobs = [job("a", "Lampu jalan mati"), job("b", "Got mampet"), job("c", "Lampu jalan mati")];
        let names = |all| {
            let groups = together(&jobs, all);
            groups
                .iter()
                .map(|group| group.iter().map(|job| job.message_id.as_str()).collect())
                .collect::<Vec<String>>()
        };
        assert_eq!(names(false), ["ac", "b"]);
        assert_eq!(names(true), ["abc"], "a candidate's time is that of a batch");
    }
}
