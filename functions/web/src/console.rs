//! What waits for a moderator and one case in full, as pages without scripts. Read-only.

mod case_evidence;
mod case_page;
mod frame;
mod marks;
mod priority;
mod queue;
mod queue_page;
mod shipped;
mod words;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use saring_domain::case::{CaseId, CaseRecord, Timestamp};
use saring_domain::score::{Fine, Flag};
use saring_store::Cases;

use crate::error::WebError;
use crate::guard::guarded;
use crate::query::{Parameters, Query};
use crate::settings::Settings;
use queue::Selection;

const STYLE: &str = include_str!("console.css");

/// `GET /console`, `GET /console/cases/{id}` and their style sheet, with the usual settings. There is
/// no login here: put one before it.
pub fn router(cases: Cases) -> Router {
    router_with(cases, &Settings::default())
}

/// The same with other settings.
pub fn router_with(cases: Cases, settings: &Settings) -> Router {
    let router = Router::new()
        .route("/console", get(queue))
        .route("/console/cases/{id}", get(case))
        .route("/console/style.css", get(style));
    guarded(router.with_state(cases), settings)
}

async fn queue(State(cases): State<Cases>, headers: HeaderMap, parameters: Parameters) -> Response {
    let read = async || {
        let selection = Selection::read(&Query::read(parameters)?)?;
        let now = now();
        let view = queue::read(&cases, &selection, now).await?;
        Ok(queue_page::render(&view, &selection, now))
    };
    read().await.map_or_else(|error: WebError| frame::refusal(error, &headers), frame::answer)
}

async fn case(State(cases): State<Cases>, id: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    let read = async || {
        let id = id.ok().and_then(|Path(id)| CaseId::parse(&id).ok()).ok_or(WebError::NoReport)?;
        let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
        let trail = cases.audit(id).await?;
        Ok(case_page::render(&case, &trail, now()))
    };
    read().await.map_or_else(|error: WebError| frame::refusal(error, &headers), frame::answer)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

fn now() -> Timestamp {
    // With a clock before 1970 nothing has waited yet.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn case_path(id: CaseId) -> String {
    format!("/console/cases/{id}")
}

/// Whether a text is shown only when asked for: by its verdict it attacks people or tells of violence.
fn is_strong(record: &CaseRecord) -> bool {
    let abuse = |code: &str| code.split('.').next() == Some(Flag::Abuse.code());
    let violence = |code: &str| code == Fine::SensitiveViolence.code();
    record.screened.verdict.reasons.iter().any(|reason| abuse(&reason.code) || violence(&reason.code))
}
