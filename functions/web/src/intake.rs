//! Where reports come in and where reporters follow them.

mod page;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use saring_domain::case::{Case, CaseError, Timestamp, TrackingId};
use saring_domain::report::{BODY_BYTES_MAX, Report, ReportError, ReportText, hex};
use saring_domain::trace::{Step, TraceParent};
use saring_store::{
    Cases, Measure, Outgoing, Received, Reports, Span, StoreError, TRACE_ATTRIBUTE, Tracked, encode_report, metric,
    random_tracking_id,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::WebError;
use crate::guard::guarded;
use crate::settings::Settings;
use crate::status::{Appeal, Told, told};

/// Keeps the hash apart from other uses of the same tracking id.
const ID_DOMAIN: &[u8] = b"saring report id\0";
const ID_BYTES: usize = 16;
/// Longest reason of an appeal, in Unicode scalar values.
pub(crate) const REASON_CHARS_MAX: usize = 2_000;

/// What the intake works with.
#[derive(Debug, Clone)]
pub struct Intake {
    /// Where receipts and cases are.
    pub cases: Cases,
    /// The way to the screening.
    pub reports: Reports,
}

#[derive(Serialize)]
struct AcceptedWire {
    tracking_id: String,
    status_url: String,
}

#[derive(Serialize)]
struct StatusWire {
    status: &'static str,
    message: String,
    message_en: String,
    reasons: Vec<WordsWire>,
    may_appeal: bool,
}

#[derive(Deserialize)]
struct AppealWire {
    reason: Option<String>,
}

#[derive(Serialize)]
struct WordsWire {
    message: String,
    message_en: String,
}

/// What the handlers work with.
#[derive(Debug, Clone)]
struct Service {
    intake: Intake,
    settings: Arc<Settings>,
}

/// `POST /reports`, `GET /reports/{tracking_id}`, `POST …/appeal` and the pages under `/lacak`, with the usual settings.
pub fn router(intake: Intake) -> Router {
    router_with(intake, &Settings::default())
}

/// The same with other settings.
pub fn router_with(intake: Intake, settings: &Settings) -> Router {
    let router = Router::new()
        .route("/reports", post(accept).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
        .route("/reports/{tracking_id}", get(status))
        .route("/reports/{tracking_id}/appeal", post(appeal).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
        .merge(page::routes())
        .with_state(Service { intake, settings: Arc::new(settings.clone()) });
    guarded(router, settings)
}

async fn accept(
    State(Service { intake, settings }): State<Service>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<AcceptedWire>), WebError> {
    let began = SystemTime::now();
    if !is_json(&headers) {
        return Err(WebError::ContentType("application/json"));
    }
    let body = read_body(body)?;
    let offered = random_tracking_id();
    let submission = parse(&body, offered)?;
    let report = submission.report();
    // A report that the queue could never take must leave no trace.
    if let Err(StoreError::TooLarge { .. }) = encode_report(report) {
        return Err(WebError::BodyTooLarge);
    }
    let tracking = match submission {
        Submission::Named(_) => take_named(&intake, report, offered).await?,
        Submission::Nameless(_) => take_new(&intake, report, offered).await?,
    };
    let caller = headers.get(TRACE_ATTRIBUTE).and_then(|value| value.to_str().ok()).and_then(TraceParent::parse);
    let case = tracking.case_id();
    settings.telemetry.span(&Span { step: Step::Intake, case, caller, began, outcome: "accepted" });
    settings.telemetry.metrics(&[Measure::count(metric::ACCEPTED, 1)]);
    let accepted = AcceptedWire { tracking_id: tracking.to_string(), status_url: format!("/reports/{tracking}") };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Takes a report whose id may have come before. Nothing is written before the queue has the report,
/// so a queue that is down leaves no receipt of a report that nobody will screen.
async fn take_named(intake: &Intake, report: &Report, offered: TrackingId) -> Result<TrackingId, WebError> {
    let known = intake.cases.receipt(&report.id).await?;
    let queued = match &known {
        None => false,
        // Another text is refused below, with a record.
        Some(receipt) if receipt.text_hash != report.text_hash() => true,
        Some(receipt) => match intake.cases.case(receipt.case).await? {
            // What still waits is sent again, which repairs a message that was lost; screening is
            // idempotent, and sees a tighter choice.
            None => false,
            Some(case) => {
                if report.visibility > case.record().chosen {
                    intake.cases.choose(receipt.case, report.visibility, now()).await?;
                }
                true
            }
        },
    };
    let tracking = known.map_or(offered, |receipt| receipt.tracking);
    if !queued {
        intake.reports.send(Outgoing { report, tracking: Some(tracking) }).await?;
    }
    match intake.cases.receive(report, offered, now()).await? {
        // Whoever was first gave the tracking id: another request, or the screening.
        Received::New(receipt) | Received::Again(receipt) => Ok(receipt.tracking),
        Received::Conflict { .. } => Err(WebError::Conflict),
    }
}

/// Takes a report that got its id here, so that none can have come before.
async fn take_new(intake: &Intake, report: &Report, tracking: TrackingId) -> Result<TrackingId, WebError> {
    intake.reports.send(Outgoing { report, tracking: Some(tracking) }).await?;
    if let Err(error) = intake.cases.receive(report, tracking, now()).await {
        // The queue has it, and the screening will write the receipt with this tracking id. To ask for
        // another try would make a second report of it.
        tracing::warn!(store.error = %error, "a report is queued and its receipt is not written yet");
    }
    Ok(tracking)
}

async fn status(
    State(Service { intake, .. }): State<Service>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<StatusWire>, WebError> {
    let tracking = tracking_id(id)?;
    let tracked = intake.cases.by_tracking_id(tracking).await?.ok_or(WebError::NoReport)?;
    Ok(Json(told(&tracked).into()))
}

async fn appeal(
    State(Service { intake, .. }): State<Service>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<StatusWire>, WebError> {
    let id = tracking_id(id)?;
    let body = read_body(body)?;
    let reason = if body.is_empty() {
        None
    } else if is_json(&headers) {
        let wire: AppealWire = serde_json::from_slice(&body).map_err(|_| WebError::Reason)?;
        wire.reason.as_deref().map(reason).transpose()?.flatten()
    } else {
        return Err(WebError::ContentType("application/json"));
    };
    let case = intake.appeal(id, reason.as_ref()).await?;
    Ok(Json(told(&Tracked::Screened(Box::new(case))).into()))
}

impl Intake {
    /// Asks to have a decision looked at again. Whoever knows the tracking id is the reporter; the
    /// reason is sealed like the original.
    async fn appeal(&self, tracking: TrackingId, reason: Option<&ReportText>) -> Result<Case, WebError> {
        self.cases.appeal(tracking, reason, now()).await.map_err(|error| match error {
            StoreError::NoCase(_) => WebError::NoReport,
            StoreError::Case(CaseError::Refused { .. } | CaseError::AppealedBefore) => WebError::NoAppeal,
            other => other.into(),
        })
    }
}

impl From<Told> for StatusWire {
    fn from(Told { status, message, why, appeal }: Told) -> Self {
        let reasons = why.into_iter().map(|words| WordsWire { message: words.id, message_en: words.en }).collect();
        let may_appeal = appeal == Appeal::Open;
        Self { status, message: message.id, message_en: message.en, reasons, may_appeal }
    }
}

fn read_body(body: Result<Bytes, BytesRejection>) -> Result<Bytes, WebError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::BodyTooLarge,
        _ => WebError::BodyUnreadable,
    })
}

/// Why a reporter appeals; nothing where nothing was written.
fn reason(typed: &str) -> Result<Option<ReportText>, WebError> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    if typed.chars().count() > REASON_CHARS_MAX {
        return Err(WebError::Reason);
    }
    ReportText::parse(typed).map(Some).map_err(|_| WebError::Reason)
}

/// One answer for whatever is no tracking id of ours, so that nothing is learned by trying.
fn tracking_id(id: Result<Path<String>, PathRejection>) -> Result<TrackingId, WebError> {
    let Path(id) = id.map_err(|_| WebError::NoReport)?;
    TrackingId::parse(&id).map_err(|_| WebError::NoReport)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// A report and where its id is from.
enum Submission {
    /// From the sender, who may send it again.
    Named(Report),
    /// Made here.
    Nameless(Report),
}

impl Submission {
    fn report(&self) -> &Report {
        match self {
            Self::Named(report) | Self::Nameless(report) => report,
        }
    }
}

/// Reads a report; one without an id gets one.
fn parse(body: &[u8], tracking: TrackingId) -> Result<Submission, ReportError> {
    match Report::from_json(body) {
        Err(ReportError::Missing("id")) => {}
        other => return other.map(Submission::Named),
    }
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return Err(ReportError::Missing("id"));
    };
    fields.insert("id".to_owned(), report_id(tracking).into());
    Report::from_json(serde_json::Value::Object(fields).to_string().as_bytes()).map(Submission::Nameless)
}

/// Not the tracking id, which moderators must not see, and not the case id, which is public: who
/// could guess a report's id could ask for its tracking id by sending the same text.
fn report_id(tracking: TrackingId) -> String {
    let digest = Sha256::new().chain_update(ID_DOMAIN).chain_update(tracking.to_string()).finalize();
    format!("web-{}", hex(&digest[..ID_BYTES]))
}

fn now() -> Timestamp {
    // A clock before 1970 is broken; its reports sort first instead of being refused.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
