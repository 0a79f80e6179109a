//! The moderators' console: what waits, one case in full, what is done with it. Pages are made here;
//! one small script adds keys and nothing that a page needs.

mod actions;
mod agencies;
mod api;
mod assets;
mod bulk;
mod bulk_page;
mod case_evidence;
mod case_page;
mod checks;
mod correct;
mod described;
mod drift;
mod fields;
mod figures;
mod figures_page;
mod fold;
mod frame;
mod identity;
mod input;
mod marks;
mod next;
mod openapi;
mod original;
mod panel;
mod priority;
mod queue;
mod queue_page;
mod queue_top;
mod reasons;
mod rollout;
mod saved;
mod selection;
mod shipped;
mod together;
mod words;

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRef, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use saring_domain::calendar::Clocks;
use saring_domain::case::{CaseId, CaseRecord, Timestamp};
use saring_domain::score::{Fine, Flag};
use saring_store::Cases;

use crate::error::WebError;
use crate::guard::guarded;
use crate::query::{Parameters, Query};
use crate::settings::Settings;
use identity::{Gate, Need, Permission, Session};
pub use identity::{Identity, IdentityError, IdentitySettings, Role};
use selection::Selection;

/// What every route has.
#[derive(Debug, Clone)]
struct Console {
    cases: Cases,
    gate: Gate,
}

impl FromRef<Console> for Cases {
    fn from_ref(console: &Console) -> Self {
        console.cases.clone()
    }
}

impl FromRef<Console> for Gate {
    fn from_ref(console: &Console) -> Self {
        console.gate.clone()
    }
}

/// A route: method, path, what it asks for, and what answers.
type Route = (&'static str, &'static str, Need, MethodRouter<Console>);

/// Every route of the console.
fn table() -> Vec<Route> {
    use Permission::{Cases, Decide, Enter, Export, Figures, Originals, Quality, Supervise};
    vec![
        ("POST", "/console/berikut", Need::May(Decide), post(next::take)),
        ("POST", "/console/cases/{id}/ambil", Need::May(Decide), post(actions::claim)),
        ("POST", "/console/cases/{id}/lepas", Need::May(Decide), post(actions::release)),
        ("POST", "/console/cases/{id}/rebut", Need::May(Supervise), post(actions::unlock)),
        ("POST", "/console/cases/{id}/detak", Need::May(Decide), post(actions::heartbeat)),
        ("POST", "/console/cases/{id}/putus", Need::May(Decide), post(actions::decide)),
        ("POST", "/console/cases/{id}/batal", Need::May(Decide), post(actions::undo)),
        ("POST", "/console/cases/{id}/segera", Need::May(Decide), post(actions::at_once)),
        ("POST", "/console/cases/{id}/eskalasi", Need::May(Decide), post(actions::escalate)),
        ("POST", "/console/cases/{id}/serah", Need::May(Decide), post(actions::hand_over)),
        ("POST", "/console/cases/{id}/gabung", Need::May(Decide), post(fold::fold)),
        ("POST", "/console/cases/{id}/koreksi", Need::May(Decide), post(correct::correct)),
        ("POST", "/console/cases/{id}/asli", Need::May(Originals), post(original::read)),
        ("POST", "/console/massal", Need::May(Decide), post(bulk::preview)),
        ("POST", "/console/massal/putus", Need::May(Decide), post(bulk::carry_out)),
        ("POST", "/console/massal/batal", Need::May(Decide), post(bulk::undo)),
        ("POST", "/console/tampilan", Need::May(Cases), post(saved::save)),
        ("POST", "/console/tampilan/hapus", Need::May(Cases), post(saved::remove)),
        ("GET", "/console/periksa", Need::May(Decide), get(checks::next)),
        ("POST", "/console/periksa/{key}", Need::May(Decide), post(checks::finish)),
        ("GET", "/console/perbedaan", Need::May(Quality), get(checks::differences)),
        ("POST", "/console/perbedaan/{key}", Need::May(Supervise), post(checks::settle)),
        ("POST", "/console/cases/{id}/emas", Need::May(Supervise), post(checks::golden)),
        ("GET", "/console/angka", Need::May(Figures), get(figures::page)),
        ("GET", "/console/angka.csv", Need::May(Export), get(figures::csv)),
        ("GET", "/console/calon", Need::May(Figures), get(rollout::page)),
        ("GET", "/console/pergeseran", Need::May(Export), get(drift::page)),
        ("GET", "/console/openapi.json", Need::May(Enter), get(openapi::get)),
        ("GET", "/console/denyut", Need::May(Cases), get(saved::pulse)),
        ("GET", "/console", Need::May(Cases), get(queue)),
        ("GET", "/console/cases/{id}", Need::May(Cases), get(case)),
        ("GET", "/console/masuk", Need::Nothing, get(identity::begin)),
        ("GET", "/console/masuk/kembali", Need::Nothing, get(identity::finish)),
        ("POST", "/console/keluar", Need::May(Enter), post(identity::end)),
        ("GET", "/console/berkas/{name}", Need::Nothing, get(assets::file)),
    ]
}

/// Method and path of every route of the console.
#[must_use]
pub fn routes() -> Vec<(&'static str, &'static str)> {
    table().into_iter().map(|(method, path, ..)| (method, path)).collect()
}

/// The console with the usual settings, for the people of a provider.
pub fn router(cases: Cases, identity: &Identity) -> Router {
    router_with(cases, identity, &Settings::default())
}

/// The same with other settings.
pub fn router_with(cases: Cases, identity: &Identity, settings: &Settings) -> Router {
    let console = Console { cases, gate: Gate::new(identity) };
    let mut router = Router::new();
    for (_, path, need, route) in table() {
        router = router.route(path, console.gate.before(need, route));
    }
    guarded(router.with_state(console), settings)
}

async fn queue(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Response {
    let read = async || {
        let now = now();
        let query = Query::read(parameters)?;
        let done = query.given("selesai")?.and_then(|id| CaseId::parse(id).ok());
        let selection = Selection::read(&query, now)?;
        let view = queue::read(&cases, &selection, now).await?;
        if wants_json(&headers) {
            let cases = view.cases.iter().map(|(case, _)| api::full(case, now)).collect();
            let next = view.next_part.as_ref().map(|cursor| cursor.as_str().to_owned());
            let total = view.found.number() as u64;
            return Ok(axum::Json(api::Listed { cases, total, next }).into_response());
        }
        let views = cases.views(&session.actor).await?;
        let done = match done {
            Some(id) => cases.case(id).await?,
            None => None,
        };
        let around = queue_page::Around { views: &views, done: done.as_ref() };
        Ok(frame::answer(queue_page::render(&session, &view, &selection, &around, now)))
    };
    read().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

async fn case(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Response {
    let read = async || {
        let id = id.ok().and_then(|Path(id)| CaseId::parse(&id).ok()).ok_or(WebError::NoReport)?;
        let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
        if wants_json(&headers) {
            return Ok(axum::Json(api::full(&case, now())).into_response());
        }
        let (trail, notes) = tokio::try_join!(cases.audit(id), cases.notes(id))?;
        let done = Query::read(parameters)?.given("selesai")?.and_then(|id| CaseId::parse(id).ok());
        let done = match done.filter(|done| *done != id) {
            Some(done) => cases.case(done).await?,
            None => None,
        };
        let (together, history) = tokio::join!(together::read(&cases, id), cases.reporter_history(id));
        let (done, together, history) = (done.as_ref(), together.as_ref(), history?);
        let shown = case_page::Shown { case: &case, trail: &trail, notes: &notes, done, together, history };
        Ok(frame::answer(case_page::render(&session, &shown, now())))
    };
    read().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// Whether a program asks, and says so.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("application/json") && !kinds.contains("text/html"))
}

/// How long locks last and decisions rest.
fn clocks() -> &'static Clocks {
    static CLOCKS: LazyLock<Clocks> = LazyLock::new(|| {
        Clocks::parse(include_str!("../../../models/clocks.toml")).expect("the built-in clocks are tested")
    });
    &CLOCKS
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
