//! The next case, taken for whoever asks.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use saring_domain::case::{Case, CaseError, CaseId, Change, Timestamp};
use saring_store::{Cases, PageRequest, QueuePart, StoreError};

use super::identity::Session;
use super::input::Input;
use super::{actions, case_path, frame, now};
use crate::error::WebError;

/// Cases that are looked at for one that is free.
const LOOKED_AT: u16 = 20;

pub(super) async fn take(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        Input::read(&headers, &body)?;
        go(&cases, &session, None, now()).await
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// On to the next case; `done` is shown there, so that it can be taken back.
pub(super) async fn go(
    cases: &Cases,
    session: &Session,
    done: Option<CaseId>,
    now: Timestamp,
) -> Result<Response, WebError> {
    let done = done.map_or_else(String::new, |id| format!("?selesai={id}"));
    let next = free(cases, session, now).await?;
    let to = next.map_or_else(|| String::from("/console"), case_path);
    Ok(Redirect::to(&format!("{to}{done}")).into_response())
}

async fn free(cases: &Cases, session: &Session, now: Timestamp) -> Result<Option<CaseId>, WebError> {
    let page = cases.queue(QueuePart::Open, &PageRequest { items: LOOKED_AT, after: None }).await?;
    let holder = |case: &Case| {
        let lock = case.record().lock.as_ref().filter(|lock| lock.until > now);
        lock.map(|lock| lock.holder.clone())
    };
    // What one holds already comes first.
    if let Some(own) = page.items.iter().find(|case| holder(case).as_ref() == Some(&session.actor)) {
        return Ok(Some(own.id()));
    }
    for case in page.items.iter().filter(|case| holder(case).is_none()) {
        let change = Change::Claim { until: actions::lock_end(now) };
        match cases.change(case.id(), case.version(), &change, &session.actor, now).await {
            Ok(case) => return Ok(Some(case.id())),
            // Somebody was faster: the one after it.
            Err(
                StoreError::Stale { .. }
                | StoreError::NoCase(_)
                | StoreError::Case(CaseError::Taken { .. } | CaseError::Refused { .. } | CaseError::Rests { .. }),
            ) => {}
            Err(error) => return Err(WebError::Store(error)),
        }
    }
    Ok(None)
}
