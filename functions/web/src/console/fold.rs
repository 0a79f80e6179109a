//! What says the same as another case is made one campaign with it.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use saring_domain::case::CaseId;
use saring_store::Cases;

use super::actions::{answer, case_id, told};
use super::identity::Session;
use super::input::Input;
use super::{frame, now};
use crate::error::WebError;

pub(super) async fn fold(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    id: Result<axum::extract::Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    const INTO: WebError = WebError::Parameter { name: "into", expected: "the number of another case" };
    let work = async || {
        let (id, input) = (case_id(id)?, Input::read(&headers, &body)?);
        let version = input.version()?;
        // People paste the address of a case as often as its number.
        let into = input.given("into")?.and_then(|into| CaseId::parse(into.rsplit('/').next()?).ok()).ok_or(INTO)?;
        if into == id {
            return Err(INTO);
        }
        cases.fold_into(id, version, into, &session.actor, now()).await.map_err(told)?;
        let case = cases.case(id).await?.ok_or(WebError::NoReport)?;
        Ok(answer(&case, &input))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}
