//! Where reports come in and where reporters follow them.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::map_response;
use axum::routing::{get, post};
use axum::{Json, Router};
use saring_domain::case::{Case, Timestamp, TrackingId};
use saring_domain::report::{BODY_BYTES_MAX, Report, ReportError, hex};
use saring_store::{Cases, Outgoing, Received, Reports, StoreError, Tracked, encode_report, random_tracking_id};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::WebError;
use crate::headers::secure;

/// Keeps the hash apart from other uses of the same tracking id.
const ID_DOMAIN: &[u8] = b"saring report id\0";
const ID_BYTES: usize = 16;

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
}

/// `POST /reports` and `GET /reports/{tracking_id}`.
pub fn router(intake: Intake) -> Router {
    Router::new()
        .route("/reports", post(accept).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
        .route("/reports/{tracking_id}", get(status))
        .layer(map_response(secure))
        .with_state(intake)
}

async fn accept(
    State(intake): State<Intake>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<AcceptedWire>), WebError> {
    if !is_json(&headers) {
        return Err(WebError::ContentType);
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::BodyTooLarge,
        _ => WebError::BodyUnreadable,
    })?;
    let offered = random_tracking_id();
    let report = parse(&body, offered)?;
    // A report that the queue could never take must not get a receipt.
    if let Err(StoreError::TooLarge { .. }) = encode_report(&report) {
        return Err(WebError::BodyTooLarge);
    }
    let tracking = match intake.cases.receive(&report, offered, now()).await? {
        Received::New(receipt) | Received::Again(receipt) => receipt.tracking,
        Received::Conflict { .. } => return Err(WebError::Conflict),
    };
    // Sent again too: the queue may not have had it the first time, and screening is idempotent.
    intake.reports.send(Outgoing { report: &report, tracking: Some(tracking) }).await?;
    let accepted = AcceptedWire { tracking_id: tracking.to_string(), status_url: format!("/reports/{tracking}") };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

async fn status(
    State(intake): State<Intake>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<StatusWire>, WebError> {
    let Path(id) = id.map_err(|_| WebError::NoReport)?;
    let tracking = TrackingId::parse(&id).map_err(|_| WebError::NoReport)?;
    match intake.cases.by_tracking_id(tracking).await?.ok_or(WebError::NoReport)? {
        Tracked::Received { .. } => Ok(Json(StatusWire {
            status: "received",
            message: "Laporan Anda sudah diterima dan menunggu penyaringan.".to_owned(),
            message_en: "Your report was received and waits for its screening.".to_owned(),
        })),
        Tracked::Screened(case) => Ok(Json(status_words(&case))),
    }
}

fn status_words(case: &Case) -> StatusWire {
    let status = case.status();
    let (mut message, mut message_en) = (status.words_id().to_owned(), status.words_en().to_owned());
    if let Some(reason) = case.record().rejection {
        message = format!("{message} {}", reason.words_id());
        message_en = format!("{message_en} {}", reason.words_en());
    }
    StatusWire { status: status.code(), message, message_en }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a report; one without an id gets one.
fn parse(body: &[u8], tracking: TrackingId) -> Result<Report, ReportError> {
    match Report::from_json(body) {
        Err(ReportError::Missing("id")) => {}
        other => return other,
    }
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return Err(ReportError::Missing("id"));
    };
    fields.insert("id".to_owned(), report_id(tracking).into());
    Report::from_json(serde_json::Value::Object(fields).to_string().as_bytes())
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
