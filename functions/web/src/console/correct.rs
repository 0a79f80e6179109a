//! Corrections: category, agency, flags, claim, personal data. They stand beside the verdict.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use saring_domain::case::{CaseRecord, Change, ClaimMark, LabelCode, Labels, Mark};
use saring_domain::pii::{PiiKind, PiiSpan};
use saring_domain::score::{Fine, Flag};
use saring_store::Cases;

use super::actions::{answer, case_id, told};
use super::identity::Session;
use super::input::Input;
use super::marks::original_place;
use super::{frame, now};
use crate::categories;
use crate::error::WebError;

/// Longest words that are to be masked.
pub(super) const WORDS_CHARS_MAX: usize = 200;

pub(super) async fn correct(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    id: Result<axum::extract::Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (id, input, now) = (case_id(id)?, Input::read(&headers, &body)?, now());
        let version = input.version()?;
        let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
        let labels = labels(case.record(), &input)?;
        let changed = if labels.spans == case.record().labels.as_ref().and_then(|l| l.spans.clone()) {
            let note = input.note()?;
            cases.change_noted(id, version, &Change::Correct(labels), note.as_ref(), &session.actor, now).await
        } else {
            cases.remask(id, version, &labels, &session.actor, now).await
        };
        Ok(answer(&changed.map_err(told)?, &input))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// The corrections so far with what the form changes.
fn labels(record: &CaseRecord, input: &Input) -> Result<Labels, WebError> {
    let mut labels = record.labels.clone().unwrap_or_default();
    if let Some(code) = input.given("category")? {
        const CATEGORY: WebError = WebError::Parameter { name: "category", expected: "the code of a category" };
        categories::find(code).ok_or(CATEGORY)?;
        labels.category = Some(LabelCode::parse(code).map_err(|_| CATEGORY)?);
    }
    if let Some(agency) = input.agency(record.region().map(|region| region.name.as_str()))? {
        labels.agency = Some(agency);
    }
    flags(&mut labels, input)?;
    if let Some(code) = input.given("claim")? {
        let mark = ClaimMark::parse(code);
        let known = |id: &str| record.screened.claims.iter().any(|claim| claim.id == id);
        let mark = mark.ok().filter(|mark| !matches!(mark, ClaimMark::Repeats(id) if !known(id)));
        labels.claim =
            Some(mark.ok_or(WebError::Parameter { name: "claim", expected: "'new', 'none' or a claim of the case" })?);
    }
    if let Some(spans) = spans(record, input)? {
        labels.spans = Some(spans);
    }
    Ok(labels)
}

fn flags(labels: &mut Labels, input: &Input) -> Result<(), WebError> {
    for flag in Flag::ALL {
        let mark = match input.given(flag.code())? {
            None => continue,
            Some("0") => Mark::Absent,
            Some("1") => Mark::Present,
            Some(_) => return Err(WebError::Parameter { name: flag.code(), expected: "0 or 1" }),
        };
        labels.flags.retain(|(other, _)| *other != flag);
        labels.flags.push((flag, mark));
    }
    if input.given("fine_given")?.is_some() {
        let fine = input.all("fine").map(Fine::parse).collect::<Result<_, _>>();
        labels.fine = fine.map_err(|_| WebError::Parameter { name: "fine", expected: "codes of fine labels" })?;
    }
    Ok(())
}

/// Personal data without what the form drops and with the words that it adds; nothing where it
/// changes none.
fn spans(record: &CaseRecord, input: &Input) -> Result<Option<Vec<PiiSpan>>, WebError> {
    const WORDS: WebError =
        WebError::Parameter { name: "words", expected: "words of the masked text, at most 200 characters" };
    let screened = &record.screened;
    let dropped: Vec<&str> = input.all("drop").collect();
    let words = input.given("words")?;
    if dropped.is_empty() && words.is_none() {
        return Ok(None);
    }
    let name = |span: &PiiSpan| format!("{}-{}", span.start, span.end);
    let mut spans: Vec<PiiSpan> =
        screened.pii.iter().filter(|span| !dropped.contains(&name(span).as_str())).copied().collect();
    if let Some(words) = words {
        let kind = input.given("kind")?.and_then(|code| PiiKind::ALL.into_iter().find(|kind| kind.code() == code));
        let kind = kind.ok_or(WebError::Parameter { name: "kind", expected: "a kind of personal data" })?;
        if words.chars().count() > WORDS_CHARS_MAX {
            return Err(WORDS);
        }
        let found = occurrences(&screened.public_text, words);
        let places = found.into_iter().filter_map(|(start, end)| {
            let (start, end) = (original_place(screened, start)?, original_place(screened, end)?);
            Some(PiiSpan { kind, start, end })
        });
        let before = spans.len();
        spans.extend(places);
        if spans.len() == before {
            return Err(WORDS);
        }
    }
    spans.sort_by_key(|span| (span.start, span.end));
    // Of two that overlap the first counts, as in the masking.
    let mut end = 0;
    spans.retain(|span| {
        let keeps = span.start >= end;
        if keeps {
            end = span.end;
        }
        keeps
    });
    Ok(Some(spans))
}

/// Where words stand in a text, in characters.
fn occurrences(text: &str, words: &str) -> Vec<(usize, usize)> {
    let length = words.chars().count();
    let at = |byte: usize| text[..byte].chars().count();
    text.match_indices(words).map(|(byte, _)| (at(byte), at(byte) + length)).collect()
}
