//! Checking decisions blind, and what supervisors make of the differences.

use std::fmt::Write as _;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use saring_store::{Cases, Check, CheckKind};

use super::actions::{case_id, told};
use super::case_page::section;
use super::frame::{self, Both, csrf_field};
use super::identity::Session;
use super::input::Input;
use super::marks::Marked;
use super::words::Words;
use super::{api, now, reasons};
use crate::error::WebError;
use crate::html::{Escaped, excerpt};

const REASON_CHARS: usize = 300;
const SHOWN: usize = 20;

/// Kinds of decisions that a check can end with.
pub(super) fn choices() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    reasons::KINDS.iter().filter(|(kind, ..)| !matches!(*kind, "return" | "ask")).flat_map(|(kind, _, id, _)| {
        reasons::of(kind).filter(move |reason| *kind == "reject" || reasons::of(kind).next() == Some(reason)).map(
            move |reason| {
                let code = if *kind == "reject" { format!("reject.{}", reason.code) } else { (*kind).to_owned() };
                (code, *id, if *kind == "reject" { reason.id.as_str() } else { "" })
            },
        )
    })
}

/// The next decision that this person may check: not their own, not one that they checked.
pub(super) async fn next(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
) -> Response {
    let work = async || {
        let open = cases.checks(now()).await?.into_iter().filter(|check| check.second.is_none());
        let mut open: Vec<Check> = open.filter(|check| check.first_by != session.actor).collect();
        // The oldest day first, in it by hash: the order tells nothing about the kind.
        open.sort_by_cached_key(Check::key);
        let mut html = String::new();
        let mut case = None;
        // One that was erased meanwhile is passed over.
        for check in &open {
            if let Some(found) = cases.case(check.case).await? {
                case = Some((check, found));
                break;
            }
        }
        let Some((check, case)) = case else {
            let none = Both(("Tidak ada keputusan untuk diperiksa ulang.", "There is no decision to check."));
            return Ok(frame::answer(frame::page(&session, TITLE, &format!("<p>{none}</p>"))));
        };
        blind(&mut html, &session, check, &case, open.len()).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, TITLE, &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

const TITLE: Words = ("Periksa ulang", "Check again");

fn blind(
    html: &mut String,
    session: &Session,
    check: &Check,
    case: &saring_domain::case::Case,
    left: usize,
) -> std::fmt::Result {
    let record = case.record();
    let note = Both((
        "Keputusan pertama tidak ditampilkan. Putuskan seolah-olah Anda yang pertama.",
        "The first decision is not shown. Decide as if you were the first.",
    ));
    writeln!(html, "<p class=\"note\">{note} <b>{left}</b></p>")?;
    let strong = if super::is_strong(record) { " strong" } else { "" };
    write!(html, "<section class=\"reading{strong}\"><p class=\"text\" dir=\"auto\" tabindex=\"0\">")?;
    let marked = Marked::of(&record.screened);
    marked.write(html, marked.within(40_000))?;
    html.push_str("</p></section>");
    section(html, ("Alasan penyaringan", "Reasons of the screening"))?;
    html.push_str("<ul class=\"reasons\">");
    for reason in &record.screened.verdict.reasons {
        write!(html, "<li>{}</li>", Escaped(&excerpt(&reason.detail, REASON_CHARS)))?;
    }
    html.push_str("</ul></section>");
    section(html, ("Keputusan Anda", "Your decision"))?;
    write!(
        html,
        "<form method=\"post\" action=\"/console/periksa/{}\">{}<fieldset data-key=\"p\"><legend>{} <kbd>p</kbd></legend><div class=\"kinds\">",
        check.key(),
        csrf_field(session),
        Both(("Pilih", "Choose"))
    )?;
    for (at, (code, kind, reason)) in choices().enumerate() {
        let digit = at + 1;
        write!(
            html,
            "<button type=\"submit\" name=\"choice\" value=\"{code}\"><kbd>{digit}</kbd> {kind} {}</button>",
            Escaped(reason)
        )?;
    }
    html.push_str("</div></fieldset></form></section>");
    Ok(())
}

async fn find(cases: &Cases, key: &str) -> Result<Check, WebError> {
    let checks = cases.checks(now()).await?;
    checks.into_iter().find(|check| check.key() == key).ok_or(WebError::NoReport)
}

fn chosen(input: &Input) -> Result<String, WebError> {
    const CHOICE: WebError = WebError::Parameter { name: "choice", expected: "a kind of decision" };
    let choice = input.given("choice")?.ok_or(CHOICE)?;
    choices().map(|(code, ..)| code).find(|code| code == choice).ok_or(CHOICE)
}

/// Takes the second decision.
pub(super) async fn finish(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    key: axum::extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let input = Input::read(&headers, &body)?;
        let (ruling, check) = (chosen(&input)?, find(&cases, &key).await?);
        if check.first_by == session.actor || check.second.is_some() {
            return Err(WebError::NotAllowed);
        }
        cases.finish_check(&check, &ruling, &session.actor, now()).await.map_err(told)?;
        if input.page {
            return Ok(Redirect::to("/console/periksa").into_response());
        }
        Ok(axum::Json(api::Checked { checked: check.key() }).into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// Where two people differ, for a supervisor.
pub(super) async fn differences(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
) -> Response {
    let work = async || {
        let checks = cases.checks(now()).await?;
        let open: Vec<&Check> = checks.iter().filter(|check| check.differs() && check.last.is_none()).collect();
        let mut html =
            format!("<p><strong>{}</strong> {}</p>", open.len(), Both(("perbedaan terbuka", "open differences")));
        for check in open.into_iter().take(SHOWN) {
            let text = cases.case(check.case).await?.map(|case| excerpt(&case.record().screened.public_text, 400));
            difference(&mut html, &session, check, text.as_deref().unwrap_or("–"))
                .expect("writing to a string cannot fail");
        }
        Ok(frame::answer(frame::page(&session, ("Perbedaan keputusan", "Differences"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// Why the check is there.
fn origin(kind: CheckKind) -> Words {
    match kind {
        CheckKind::Second => ("diputuskan dua kali", "decided twice"),
        CheckKind::Sample => ("tampil otomatis", "published automatically"),
        CheckKind::Golden => ("soal emas", "golden case"),
    }
}

fn difference(html: &mut String, session: &Session, check: &Check, text: &str) -> std::fmt::Result {
    let Some((second, second_by)) = &check.second else { return Ok(()) };
    let person = |actor: &saring_domain::case::Actor| actor.as_str().trim_start_matches("moderator:").to_owned();
    writeln!(
        html,
        "<section><h2><a href=\"{}\"><span class=\"code\">{}</span></a> <span class=\"badge\">{}</span></h2><p class=\"text\">{}</p>\
         <dl><dt>{}</dt><dd>{} – {}</dd><dt>{}</dt><dd>{} – {}</dd></dl>",
        super::case_path(check.case),
        check.case,
        Both(origin(check.kind)),
        Escaped(text),
        Both(("Pertama", "First")),
        Escaped(&reasons::ruling(&check.first)),
        Escaped(&person(&check.first_by)),
        Both(("Kedua", "Second")),
        Escaped(&reasons::ruling(second)),
        Escaped(&person(second_by))
    )?;
    write!(
        html,
        "<form method=\"post\" action=\"/console/perbedaan/{}\" class=\"row\">{}",
        check.key(),
        csrf_field(session)
    )?;
    for (value, name) in [
        ("first", ("Yang pertama benar", "The first is right")),
        ("second", ("Yang kedua benar", "The second is right")),
    ] {
        write!(html, "<button type=\"submit\" name=\"last\" value=\"{value}\">{}</button> ", Both(name))?;
    }
    html.push_str("</form></section>");
    Ok(())
}

/// Takes a supervisor's word.
pub(super) async fn settle(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    key: axum::extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let input = Input::read(&headers, &body)?;
        let check = find(&cases, &key).await?;
        let last = match (input.given("last")?, &check.second) {
            (Some("first"), _) => check.first.clone(),
            (Some("second"), Some((second, _))) => second.clone(),
            _ => return Err(WebError::Parameter { name: "last", expected: "'first' or 'second'" }),
        };
        cases.settle_check(&check, &last, &session.actor, now()).await.map_err(told)?;
        Ok(Redirect::to("/console/perbedaan").into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// Makes a decided case one whose right decision is known.
pub(super) async fn golden(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    id: Result<axum::extract::Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (id, input) = (case_id(id)?, Input::read(&headers, &body)?);
        cases.add_golden(id, &session.actor, now()).await.map_err(told)?;
        let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
        Ok(super::actions::answer(&case, &input))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}
