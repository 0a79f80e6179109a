//! Saved views, and whether the queue has changed.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ring::digest::{SHA256, digest};
use saring_domain::report::hex;
use saring_store::{Cases, PageRequest, SavedView, StoreError, VIEW_NAME_CHARS_MAX};

use super::identity::Session;
use super::input::Input;
use super::selection::Selection;
use super::{api, frame, now};
use crate::error::WebError;
use crate::query::{Parameters, Query};

pub(super) const QUERY_BYTES_MAX: usize = 1000;
/// Cases whose change is noticed: those of the first page.
const WATCHED: u16 = 20;

pub(super) async fn save(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let input = Input::read(&headers, &body)?;
        let name = name(&input)?;
        let query = input.given("query")?.unwrap_or_default();
        let plain = query.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\".contains(&b));
        if !plain || query.len() > QUERY_BYTES_MAX {
            return Err(WebError::Parameter { name: "query", expected: "the parameters of the queue's address" });
        }
        let view = SavedView { name, query: query.to_owned() };
        match cases.save_view(&session.actor, &view).await {
            Err(StoreError::TooMany { .. }) => {
                Err(WebError::Parameter { name: "name", expected: "one of at most 20 views" })
            }
            other => Ok(other.map(|()| Redirect::to(&format!("/console?{query}")).into_response())?),
        }
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

pub(super) async fn remove(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let input = Input::read(&headers, &body)?;
        cases.remove_view(&session.actor, &name(&input)?).await?;
        Ok(Redirect::to("/console").into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

fn name(input: &Input) -> Result<String, WebError> {
    const NAME: WebError = WebError::Parameter { name: "name", expected: "1 to 40 visible characters" };
    let name = input.given("name")?.ok_or(NAME)?;
    let short = name.chars().count() <= VIEW_NAME_CHARS_MAX;
    if short && !name.chars().any(char::is_control) { Ok(name.to_owned()) } else { Err(NAME) }
}

/// A tag of the first page of the queue: the same as long as nothing of it changes.
pub(super) async fn pulse(State(cases): State<Cases>, headers: HeaderMap, parameters: Parameters) -> Response {
    let work = async || {
        let selection = Selection::read(&Query::read(parameters)?, now())?;
        let page = cases.queue(selection.part, &PageRequest { items: WATCHED, after: None }).await?;
        let state: Vec<String> = page.items.iter().map(|case| format!("{}.{}", case.id(), case.version())).collect();
        let tag = format!("\"{}\"", &hex(digest(&SHA256, state.join(" ").as_bytes()).as_ref())[..24]);
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(tag.as_str());
        let etag = HeaderValue::try_from(tag).expect("hexadecimal digits are a header value");
        let etag = [(header::ETAG, etag)];
        if known {
            return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
        }
        Ok((etag, axum::Json(api::Pulse { cases: page.items.len() as u64 })).into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}
