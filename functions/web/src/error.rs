//! What goes wrong, as an answer; here a failure of the store is logged, once.

use std::error::Error as _;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use saring_domain::report::{BODY_BYTES_MAX, ReportError};
use saring_store::{CursorError, PAGE_ITEMS_MAX, StoreError};
use serde::Serialize;

const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("5");

/// Why a request is refused. The messages carry nothing that people wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("input exceeds the limit of {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
    #[error("input could not be read to its end")]
    BodyUnreadable,
    #[error("content-type must be 'application/json'")]
    ContentType,
    #[error("field 'id' belongs to an earlier report with another text")]
    Conflict,
    #[error("there is no such report")]
    NoReport,
    #[error("parameter 'limit' must be a whole number from 1 to {PAGE_ITEMS_MAX}")]
    Limit,
    #[error("parameter 'cursor' is refused: {0}")]
    Cursor(#[from] CursorError),
    #[error("parameter '{0}' must be given once")]
    Repeated(&'static str),
    #[error("the parameters are not those of a url")]
    Parameters,
    #[error("the service cannot answer for now, please try again later")]
    Store(#[from] StoreError),
}

#[derive(Serialize)]
struct ErrorWire {
    error: String,
}

impl WebError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Report(ReportError::BodyTooLong(_)) | Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Report(_)
            | Self::BodyUnreadable
            | Self::Limit
            | Self::Cursor(_)
            | Self::Repeated(_)
            | Self::Parameters => StatusCode::BAD_REQUEST,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::NoReport => StatusCode::NOT_FOUND,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::error!(store.error = %error, store.source = source, "the store did not serve a request");
        }
        let status = self.status();
        let mut response = (status, Json(ErrorWire { error: self.to_string() })).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}
