//! What goes wrong, as an answer; here a failure of the store is logged, once.

use std::error::Error as _;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use saring_domain::report::{BODY_BYTES_MAX, ReportError};
use saring_store::{CursorError, PAGE_ITEMS_MAX, StoreError};
use serde::Serialize;

use crate::intake::REASON_CHARS_MAX;

const RETRY_AFTER_S: u64 = 5;

/// Why a request is refused. The messages carry nothing that people wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("input exceeds the limit of {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
    #[error("input could not be read to its end")]
    BodyUnreadable,
    #[error("content-type must be '{0}'")]
    ContentType(&'static str),
    #[error("field 'id' belongs to an earlier report with another text")]
    Conflict,
    #[error("the decision on this report cannot be appealed, or was before")]
    NoAppeal,
    #[error("field 'reason' must be a text of at most {REASON_CHARS_MAX} characters")]
    Reason,
    #[error("there is no such report")]
    NoReport,
    #[error("a token of the provider is needed")]
    NoToken,
    #[error("the roles of this token do not allow this")]
    NotAllowed,
    #[error("the form is not one of this session")]
    Forged,
    #[error("the login could not be finished, please begin again")]
    Login,
    #[error("the provider of logins cannot answer for now, please try again later")]
    Provider,
    #[error("the case is at version {actual}, the form is about version {expected}")]
    Changed { expected: u64, actual: u64 },
    #[error("the case does not allow this: {0}")]
    NotNow(saring_domain::case::CaseError),
    #[error("there is nothing at this address")]
    NoPage,
    #[error("this address does not take this method")]
    Method,
    #[error("parameter 'limit' must be a whole number from 1 to {PAGE_ITEMS_MAX}")]
    Limit,
    #[error("parameter 'cursor' is refused: {0}")]
    Cursor(#[from] CursorError),
    #[error("parameter '{name}' must be {expected}")]
    Parameter { name: &'static str, expected: &'static str },
    #[error("parameter '{0}' must be given once")]
    Repeated(&'static str),
    #[error("the parameters are not those of a url")]
    Parameters,
    #[error("too many requests, please wait {} s", .0.as_secs() + 1)]
    TooMany(Duration),
    #[error("the service took too long, please try again later")]
    TimedOut,
    #[error("the service cannot answer for now, please try again later")]
    Store(#[from] StoreError),
}

/// What a field may hold, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Bound {
    Number(usize),
    Words(&'static str),
}

/// <https://www.rfc-editor.org/rfc/rfc9457>, with the field and what it may hold.
#[derive(Serialize)]
struct ProblemWire {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Bound>,
}

impl WebError {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Report(ReportError::BodyTooLong(_)) | Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Report(_)
            | Self::Login
            | Self::BodyUnreadable
            | Self::Limit
            | Self::Cursor(_)
            | Self::Parameter { .. }
            | Self::Repeated(_)
            | Self::Reason
            | Self::Parameters => StatusCode::BAD_REQUEST,
            Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::NotAllowed | Self::Forged => StatusCode::FORBIDDEN,
            Self::Conflict | Self::NoAppeal | Self::Changed { .. } | Self::NotNow(_) => StatusCode::CONFLICT,
            Self::NoReport | Self::NoPage => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TimedOut | Self::Store(_) | Self::Provider => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The field that is refused and what it may hold.
    fn bound(&self) -> Option<(&'static str, Bound)> {
        let words = |field, words| Some((field, Bound::Words(words)));
        match self {
            Self::Report(error) => Some(report_bound(error)),
            Self::BodyTooLarge => Some(("body", Bound::Number(BODY_BYTES_MAX))),
            Self::ContentType(expected) => words("content-type", expected),
            Self::Conflict => words("id", "one text for each id"),
            Self::Limit => Some(("limit", Bound::Number(PAGE_ITEMS_MAX.into()))),
            Self::Cursor(_) => words("cursor", "the cursor of a page"),
            Self::Parameter { name, expected } => words(name, expected),
            Self::Repeated(name) => Some((name, Bound::Number(1))),
            Self::Reason => Some(("reason", Bound::Number(REASON_CHARS_MAX))),
            _ => None,
        }
    }

    /// Seconds after which the same request may succeed.
    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooMany(wait) => Some(wait.as_secs() + 1),
            Self::TimedOut | Self::Store(_) | Self::Provider => Some(RETRY_AFTER_S),
            _ => None,
        }
    }

    /// Gives an answer in any form the status and headers of this error, and logs what is ours.
    pub(crate) fn dress(&self, body: impl IntoResponse) -> Response {
        if let Self::Store(error) = self {
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::error!(store.error = %error, store.source = source, "the store did not serve a request");
        }
        let mut response = (self.status(), body).into_response();
        if matches!(self, Self::NoToken) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn report_bound(error: &ReportError) -> (&'static str, Bound) {
    match error {
        ReportError::Utf8(_) => ("body", Bound::Words("utf-8")),
        ReportError::BodyTooLong(_) => ("body", Bound::Number(BODY_BYTES_MAX)),
        ReportError::Json(_) => ("body", Bound::Words("the json object of a report")),
        ReportError::Missing(field) => (field, Bound::Words("required")),
        ReportError::Empty(field) => (field, Bound::Words("not empty")),
        ReportError::TooLong { field, limit, .. } => (field, Bound::Number(*limit)),
        ReportError::Type { field, expected } | ReportError::Value { field, expected } => {
            (field, Bound::Words(expected))
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let status = self.status();
        let (field, limit) = self.bound().unzip();
        let problem = ProblemWire {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.to_string(),
            field,
            limit,
        };
        let mut response = self.dress(Json(problem));
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
