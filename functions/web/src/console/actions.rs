//! What is done with one case: each a form, one change, one event in its trail.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use saring_domain::case::{
    Actor, Case, CaseError, CaseId, CaseStatus, Change, LabelCode, Resolution, Ruling, Timestamp,
};
use saring_domain::report::Visibility;
use saring_store::{Cases, StoreError};

use super::identity::{Permission, Session};
use super::input::Input;
use super::{api, case_path, clocks, frame, next, now, reasons};
use crate::error::WebError;

/// Longest name of a person that a case is given to.
pub(super) const NAME_CHARS_MAX: usize = 60;

type Id = Result<Path<String>, PathRejection>;

/// What a form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Claim,
    Release,
    Unlock,
    Decide,
    Undo,
    AtOnce,
    Escalate,
    HandOver,
}

macro_rules! handler {
    ($name:ident, $action:expr, $doc:literal) => {
        #[doc = $doc]
        pub(super) async fn $name(
            State(cases): State<Cases>,
            Extension(session): Extension<Session>,
            id: Id,
            headers: HeaderMap,
            body: Bytes,
        ) -> Response {
            let done = act(&cases, &session, $action, id, &headers, &body).await;
            done.unwrap_or_else(|error| frame::refusal(error, &headers))
        }
    };
}

handler!(claim, Action::Claim, "Takes a case for a while, or keeps it longer.");
handler!(release, Action::Release, "Gives up one's own lock.");
handler!(unlock, Action::Unlock, "Takes another's lock away.");
handler!(decide, Action::Decide, "Decides; the decision rests.");
handler!(undo, Action::Undo, "Takes a resting decision back.");
handler!(at_once, Action::AtOnce, "Lets one's own resting decision take effect.");
handler!(escalate, Action::Escalate, "Lets a supervisor decide.");
handler!(hand_over, Action::HandOver, "Gives a case to another moderator.");

/// The id of a path.
pub(super) fn case_id(id: Id) -> Result<CaseId, WebError> {
    id.ok().and_then(|Path(id)| CaseId::parse(&id).ok()).ok_or(WebError::NoReport)
}

/// What the store says, in the console's words.
pub(super) fn told(error: StoreError) -> WebError {
    match error {
        StoreError::Stale { expected, actual, .. } => WebError::Changed { expected, actual },
        StoreError::NoCase(_) => WebError::NoReport,
        StoreError::Case(error) => WebError::NotNow(error),
        error => WebError::Store(error),
    }
}

async fn act(
    cases: &Cases,
    session: &Session,
    action: Action,
    id: Id,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, WebError> {
    let (id, input, now) = (case_id(id)?, Input::read(headers, body)?, now());
    let version = input.version()?;
    let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
    let change = change_of(action, &case, session, &input, now)?;
    let note = input.note()?;
    let changed = cases.change_noted(id, version, &change, note.as_ref(), &session.actor, now).await.map_err(told)?;
    let decided = matches!(action, Action::Decide | Action::Escalate | Action::HandOver);
    if input.page && decided && input.given("lanjut")?.is_some() {
        return next::go(cases, session, Some(id), now).await;
    }
    Ok(answer(&changed, &input))
}

fn change_of(
    action: Action,
    case: &Case,
    session: &Session,
    input: &Input,
    now: Timestamp,
) -> Result<Change, WebError> {
    let record = case.record();
    Ok(match action {
        Action::Claim => Change::Claim { until: lock_end(now) },
        Action::Release => Change::Release,
        Action::Unlock => Change::Unlock,
        Action::Decide => {
            let (ruling, why) = input.choice(record.region().map(|region| region.name.as_str()))?;
            if record.escalated.is_some() && !session.may(Permission::Supervise) {
                return Err(WebError::NotAllowed);
            }
            decision(case, ruling, why, now)?
        }
        Action::Undo => match &record.proposal {
            Some(proposal) if proposal.by != session.actor && session.may(Permission::Supervise) => Change::Overrule,
            _ => Change::Withdraw,
        },
        Action::AtOnce => {
            let proposal = record.proposal.as_ref().ok_or(WebError::NotNow(CaseError::NothingRests))?;
            Change::Settle(proposal.ruling.clone())
        }
        Action::Escalate => {
            let why = input.given("why")?.and_then(|code| reasons::find("escalate", code));
            let why = why.and_then(|reason| LabelCode::parse(&reason.code).ok());
            Change::Escalate(why.ok_or(WebError::Parameter { name: "why", expected: "a reason to escalate" })?)
        }
        Action::HandOver => {
            const TO: WebError = WebError::Parameter { name: "to", expected: "the name of a moderator" };
            let to = input.given("to")?.filter(|name| name.chars().count() <= NAME_CHARS_MAX).ok_or(TO)?;
            let to = Actor::parse(&format!("moderator:{to}")).map_err(|_| TO)?;
            Change::HandOver { to, until: lock_end(now) }
        }
    })
}

/// What is not public yet rests before it takes effect. What is public is taken back at once: the
/// harm is out already, and it can only become less.
pub(super) fn decision(case: &Case, ruling: Ruling, why: LabelCode, now: Timestamp) -> Result<Change, WebError> {
    Ok(match (case.status(), ruling) {
        (CaseStatus::InReview, ruling) => Change::Propose { ruling, why, due: rest_end(now) },
        (_, Ruling::Resolve(Resolution::PublishAnonymous)) => Change::Tighten(Visibility::Anonim),
        (_, Ruling::Resolve(resolution @ (Resolution::Reject(_) | Resolution::Confidential))) => {
            Change::Resolve(resolution)
        }
        (_, Ruling::Return(agency)) => Change::Return(agency),
        (status, Ruling::Ask(_) | Ruling::Resolve(Resolution::Publish)) => {
            let refused = CaseError::Refused { status: status.code(), change: "decided" };
            return Err(WebError::NotNow(refused));
        }
    })
}

pub(super) fn lock_end(now: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + u64::from(clocks().claim_minutes) * 60_000)
}

pub(super) fn rest_end(now: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + u64::from(clocks().undo_minutes) * 60_000)
}

/// Back to the case for people, its state for programs.
pub(super) fn answer(case: &Case, input: &Input) -> Response {
    if input.page {
        return Redirect::to(&case_path(case.id())).into_response();
    }
    axum::Json(api::brief(case)).into_response()
}

/// Keeps the lock of an open page: only when it would end soon, so that the trail stays short.
pub(super) async fn heartbeat(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    id: Id,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (id, input, now) = (case_id(id)?, Input::read(&headers, &body)?, now());
        let mut case = cases.case(id).await?.ok_or(WebError::NoReport)?;
        let own = case.record().lock.as_ref().filter(|lock| lock.holder == session.actor).map(|lock| lock.until);
        let until = own.ok_or(WebError::NotNow(CaseError::NotTaken))?;
        let left = until.unix_ms().saturating_sub(now.unix_ms());
        if left < u64::from(clocks().claim_minutes) * 30_000 {
            let change = Change::Claim { until: lock_end(now) };
            case = cases.change(id, case.version(), &change, &session.actor, now).await.map_err(told)?;
        }
        let seen = input.version()?;
        let until = case.record().lock.as_ref().map(|lock| api::Moment::of(lock.until));
        Ok(axum::Json(api::Beat { version: case.version(), until, seen }).into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}
