//! One decision about several cases: a page shows first what it would do to each, and the whole can be
//! taken back while it rests.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use saring_domain::case::{Actor, Case, CaseId, Change, LabelCode, Ruling, Timestamp};
use saring_store::{Cases, PAGE_ITEMS_MAX, PageRequest, QueuePart};
use tokio::task::JoinSet;

use super::actions::{decision, told};
use super::api::CaseNumber;
use super::identity::{Permission, Session};
use super::input::Input;
use super::selection::is_in;
use super::{api, bulk_page, frame, now, reasons};
use crate::error::WebError;

/// Most cases of one bulk decision.
pub(super) const CASES_MAX: usize = 100;
/// Members of a campaign that are looked at for those that wait.
const MEMBERS_MAX: usize = 1000;
/// Cases that are changed at the same time.
const AT_ONCE: usize = 8;

/// What a bulk decision would do to a case.
pub(super) struct Line {
    pub(super) case: Case,
    pub(super) refused: Option<WebError>,
}

/// What is chosen for several cases.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Decide(Ruling, LabelCode),
    Escalate(LabelCode),
    /// Take back what rests.
    Undo,
}

impl Choice {
    fn read(input: &Input) -> Result<Self, WebError> {
        const CHOICE: WebError = WebError::Parameter { name: "choice", expected: "a kind of decision and its reason" };
        let Some(("escalate", code)) = input.given("choice")?.and_then(|choice| choice.split_once(':')) else {
            // An agency is one of a region; several cases have several.
            return match input.choice(None)? {
                (Ruling::Return(_), _) => Err(CHOICE),
                (ruling, why) => Ok(Self::Decide(ruling, why)),
            };
        };
        let reason = reasons::find("escalate", code).and_then(|reason| LabelCode::parse(&reason.code).ok());
        reason.map(Self::Escalate).ok_or(CHOICE)
    }

    /// What it means for a case, for this person.
    fn change(&self, case: &Case, session: &Session, now: Timestamp) -> Result<Change, WebError> {
        let record = case.record();
        if record.escalated.is_some() && !session.may(Permission::Supervise) {
            return Err(WebError::NotAllowed);
        }
        match self {
            Self::Decide(ruling, why) => decision(case, ruling.clone(), why.clone(), now),
            Self::Escalate(why) => Ok(Change::Escalate(why.clone())),
            Self::Undo => Ok(Change::Withdraw),
        }
    }
}

/// Which cases are asked about.
pub(super) struct Asked {
    pub(super) cases: Vec<Case>,
    /// The campaign whose members they are.
    pub(super) campaign: Option<CaseId>,
    /// Waiting members beyond the limit.
    pub(super) left: usize,
}

async fn asked(cases: &Cases, input: &Input) -> Result<Asked, WebError> {
    const CAMPAIGN: WebError = WebError::Parameter { name: "campaign", expected: "the id of a case" };
    let Some(campaign) = input.given("campaign")? else {
        let ids = input.cases(CASES_MAX)?;
        let found = cases.cases_of(&ids).await?;
        return if found.len() == ids.len() {
            Ok(Asked { cases: found, campaign: None, left: 0 })
        } else {
            Err(WebError::NoReport)
        };
    };
    let campaign = CaseId::parse(campaign).map_err(|_| CAMPAIGN)?;
    let (mut waiting, mut after, mut looked_at) = (Vec::new(), None, 0);
    while looked_at < MEMBERS_MAX {
        let page = cases.campaign_members(campaign, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
        looked_at += page.items.len();
        waiting.extend(page.items.into_iter().filter(|case| is_in(QueuePart::Open, case.record())));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let left = waiting.len().saturating_sub(CASES_MAX);
    waiting.truncate(CASES_MAX);
    Ok(Asked { cases: waiting, campaign: Some(campaign), left })
}

pub(super) async fn preview(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (input, now) = (Input::read(&headers, &body)?, now());
        let choice = Choice::read(&input)?;
        let mut asked = asked(&cases, &input).await?;
        let looked_at = std::mem::take(&mut asked.cases).into_iter();
        let lines: Vec<Line> = looked_at.map(|case| looked_at_one(&session, case, &choice, now)).collect();
        if !input.page {
            let line = |line: &Line| api::Tried {
                case: CaseNumber::of(line.case.id()),
                version: line.case.version(),
                refused: line.refused.as_ref().map(ToString::to_string),
            };
            let told = api::Preview { cases: lines.iter().map(line).collect(), left: asked.left as u64 };
            return Ok(axum::Json(told).into_response());
        }
        let chosen = input.given("choice")?.unwrap_or_default();
        let html = bulk_page::preview(&session, &lines, &asked, chosen).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Pratinjau keputusan massal", "Preview of a bulk decision"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

fn looked_at_one(session: &Session, case: Case, choice: &Choice, now: Timestamp) -> Line {
    let tried = choice.change(&case, session, now);
    let tried = tried.and_then(|change| case.clone().change(&change, &session.actor, now).map_err(WebError::NotNow));
    Line { case, refused: tried.err() }
}

pub(super) async fn carry_out(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let input = Input::read(&headers, &body)?;
        let done = all(&cases, &session, &Choice::read(&input)?, versions(&input)?, now()).await?;
        Ok(answer(&session, &input, &done, bulk_page::Told::Decided))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// Takes resting decisions back, all that this person made.
pub(super) async fn undo(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let input = Input::read(&headers, &body)?;
        let done = all(&cases, &session, &Choice::Undo, versions(&input)?, now()).await?;
        Ok(answer(&session, &input, &done, bulk_page::Told::TakenBack))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// A case and what came of it.
pub(super) type Done = (CaseId, Result<Case, WebError>);

fn answer(session: &Session, input: &Input, done: &[Done], what: bulk_page::Told) -> Response {
    if input.page {
        let html = bulk_page::outcome(session, done, what).expect("writing to a string cannot fail");
        return frame::answer(frame::page(session, ("Keputusan massal", "Bulk decision"), &html));
    }
    let line = |(id, outcome): &Done| {
        let (version, refused) = match outcome {
            Ok(case) => (Some(case.version()), None),
            Err(error) => (None, Some(error.to_string())),
        };
        api::Outcome { case: CaseNumber::of(*id), version, refused }
    };
    axum::Json(api::Outcomes { cases: done.iter().map(line).collect() }).into_response()
}

/// Ids with the versions that the preview showed: `id:version`.
fn versions(input: &Input) -> Result<Vec<(CaseId, u64)>, WebError> {
    const CASES: WebError = WebError::Parameter { name: "id", expected: "ids of cases with their versions" };
    let pairs = input.all("id").map(|pair| {
        let (id, version) = pair.split_once(':')?;
        Some((CaseId::parse(id).ok()?, version.parse().ok()?))
    });
    let pairs: Option<Vec<_>> = pairs.collect();
    pairs.filter(|pairs| (1..=CASES_MAX).contains(&pairs.len())).ok_or(CASES)
}

/// Changes the cases, a few at the same time. What is refused is left out; a store that does not answer
/// ends it.
async fn all(
    cases: &Cases,
    session: &Session,
    choice: &Choice,
    versions: Vec<(CaseId, u64)>,
    now: Timestamp,
) -> Result<Vec<Done>, WebError> {
    let mut done: Vec<(usize, Done)> = Vec::new();
    let mut changing = JoinSet::new();
    let mut waiting = versions.into_iter().enumerate();
    loop {
        while changing.len() < AT_ONCE
            && let Some((at, (id, version))) = waiting.next()
        {
            let (cases, session, choice) = (cases.clone(), session.clone(), choice.clone());
            changing.spawn(async move { (at, (id, one(&cases, &session, &choice, (id, version), now).await)) });
        }
        let Some(joined) = changing.join_next().await else { break };
        match joined.expect("a change does not panic") {
            (_, (_, Err(error @ WebError::Store(_)))) => return Err(error),
            outcome => done.push(outcome),
        }
    }
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

async fn one(
    cases: &Cases,
    session: &Session,
    choice: &Choice,
    (id, version): (CaseId, u64),
    now: Timestamp,
) -> Result<Case, WebError> {
    let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
    let change = choice.change(&case, session, now)?;
    let actor: &Actor = &session.actor;
    cases.change(id, version, &change, actor, now).await.map_err(told)
}
