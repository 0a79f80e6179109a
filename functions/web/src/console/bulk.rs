//! One decision about several cases: a page shows first what it would do to each.

use std::fmt::{self, Write as _};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use saring_domain::case::{Case, CaseId, Timestamp};
use saring_store::Cases;
use serde_json::json;

use super::actions::{decision, told};
use super::frame::{self, Both, csrf_field};
use super::identity::{Permission, Session};
use super::input::Input;
use super::marks::Marked;
use super::words::Words;
use super::{case_path, now, reasons};
use crate::error::WebError;
use crate::html::{Escaped, excerpt};

/// Most cases of one bulk decision.
const CASES_MAX: usize = 50;
const TEXT_CHARS: usize = 160;

/// What a bulk decision does, or did, to a case.
struct Line {
    id: CaseId,
    version: u64,
    text: String,
    refused: Option<WebError>,
}

pub(super) async fn preview(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (input, now) = (Input::read(&headers, &body)?, now());
        let choice = input.given("choice")?.unwrap_or_default().to_owned();
        let mut lines = Vec::new();
        for id in input.cases(CASES_MAX)? {
            let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
            lines.push(looked_at(&session, &case, &input, now)?);
        }
        if !input.page {
            let list: Vec<_> = lines.iter().map(json_line).collect();
            return Ok(axum::Json(json!({ "cases": list })).into_response());
        }
        let html = page(&session, &lines, &choice).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Pratinjau keputusan massal", "Preview of a bulk decision"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

fn looked_at(session: &Session, case: &Case, input: &Input, now: Timestamp) -> Result<Line, WebError> {
    let record = case.record();
    let (ruling, why) = input.choice(record.region().map(|region| region.name.as_str()))?;
    let refused = if record.escalated.is_some() && !session.may(Permission::Supervise) {
        Some(WebError::NotAllowed)
    } else {
        let tried = decision(case, ruling, why, now)?;
        case.clone().change(&tried, &session.actor, now).err().map(WebError::NotNow)
    };
    let marked = Marked::of(&record.screened);
    let mut text = String::new();
    marked.write(&mut text, marked.around_first(TEXT_CHARS)).expect("writing to a string cannot fail");
    Ok(Line { id: case.id(), version: case.version(), text, refused })
}

fn json_line(line: &Line) -> serde_json::Value {
    json!({
        "case": line.id.to_string(), "version": line.version,
        "refused": line.refused.as_ref().map(ToString::to_string),
    })
}

fn page(session: &Session, lines: &[Line], choice: &str) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let (kind, code) = choice.split_once(':').unwrap_or_default();
    let name: Words = reasons::KINDS.iter().find(|(k, ..)| *k == kind).map_or(("", ""), |(_, _, id, en)| (*id, *en));
    let why = reasons::find(kind, code).map_or("", |reason| reason.id.as_str());
    let possible = lines.iter().filter(|line| line.refused.is_none()).count();
    writeln!(
        html,
        "<p><strong>{}</strong> ({}): {possible} dari {} kasus. <span lang=\"en\">{possible} of {} cases.</span></p>",
        Both(name),
        Escaped(why),
        lines.len(),
        lines.len()
    )?;
    write!(html, "<form method=\"post\" action=\"/console/massal/putus\">{}", csrf_field(session))?;
    writeln!(html, "<input type=\"hidden\" name=\"choice\" value=\"{}\"><ol class=\"bulk\">", Escaped(choice))?;
    for line in lines {
        let id = line.id;
        write!(html, "<li><a href=\"{}\"><span class=\"code\">{id}</span></a> ", case_path(id))?;
        match &line.refused {
            None => write!(html, "<input type=\"hidden\" name=\"id\" value=\"{id}:{}\">", line.version)?,
            Some(_) => write!(html, "<span class=\"badge alarm\">{}</span> ", Both(("dilewati", "left out")))?,
        }
        writeln!(html, "<p class=\"text\">{}</p></li>", line.text)?;
    }
    let (yes, no) = (Both(("Putuskan semua", "Decide all")), Both(("Kembali", "Back")));
    html.push_str("</ol>");
    if possible > 0 {
        write!(html, "<button type=\"submit\" data-key=\"y\">{yes} <kbd>y</kbd></button> ")?;
    }
    writeln!(html, "<a href=\"/console\" data-key=\"b\">{no} <kbd>b</kbd></a></form>")?;
    Ok(html)
}

pub(super) async fn carry_out(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (input, now) = (Input::read(&headers, &body)?, now());
        let mut done: Vec<(CaseId, Option<WebError>)> = Vec::new();
        for (id, version) in versions(&input)? {
            let outcome = one(&cases, &session, &input, id, version, now).await;
            // The rest is tried; a store that does not answer ends it.
            if let Err(error @ WebError::Store(_)) = outcome {
                return Err(error);
            }
            done.push((id, outcome.err()));
        }
        if !input.page {
            let list: Vec<_> = done
                .iter()
                .map(|(id, refused)| json!({ "case": id.to_string(), "refused": refused.as_ref().map(ToString::to_string) }))
                .collect();
            return Ok(axum::Json(json!({ "cases": list })).into_response());
        }
        let html = outcome(&done).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Keputusan massal", "Bulk decision"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
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

async fn one(
    cases: &Cases,
    session: &Session,
    input: &Input,
    id: CaseId,
    version: u64,
    now: Timestamp,
) -> Result<(), WebError> {
    let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
    let record = case.record();
    if record.escalated.is_some() && !session.may(Permission::Supervise) {
        return Err(WebError::NotAllowed);
    }
    let (ruling, why) = input.choice(record.region().map(|region| region.name.as_str()))?;
    let change = decision(&case, ruling, why, now)?;
    cases.change(id, version, &change, &session.actor, now).await.map_err(told)?;
    Ok(())
}

fn outcome(done: &[(CaseId, Option<WebError>)]) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let good = done.iter().filter(|(_, refused)| refused.is_none()).count();
    writeln!(
        html,
        "<p><strong>{good}</strong> dari {} diputuskan; dapat dibatalkan satu per satu selama jeda. <span lang=\"en\">{good} of \
         {} decided; each can be taken back while it rests.</span></p><ul class=\"bulk\">",
        done.len(),
        done.len()
    )?;
    for (id, refused) in done {
        write!(html, "<li><a href=\"{}\"><span class=\"code\">{id}</span></a>", case_path(*id))?;
        if let Some(refused) = refused {
            let why = excerpt(&refused.to_string(), TEXT_CHARS);
            write!(
                html,
                " <span class=\"badge alarm\">{}</span> <span lang=\"en\">{}</span>",
                Both(("dilewati", "left out")),
                Escaped(&why)
            )?;
        }
        html.push_str("</li>\n");
    }
    let queue = Both(("Ke antrean", "To the queue"));
    writeln!(html, "</ul><p><a href=\"/console\" data-key=\"b\">{queue} <kbd>b</kbd></a></p>")?;
    Ok(html)
}
