//! The original behind a deliberate click: the trail says who read it before it is read.

use std::fmt::Write as _;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use saring_store::Cases;

use super::actions::{case_id, told};
use super::frame::{self, Both};
use super::identity::Session;
use super::input::Input;
use super::{api, case_path, now};
use crate::error::WebError;
use crate::html::Escaped;

pub(super) async fn read(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    id: Result<axum::extract::Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let work = async || {
        let (id, input, now) = (case_id(id)?, Input::read(&headers, &body)?, now());
        let report = cases.original(id, &session.actor, now).await.map_err(told)?;
        let appeal = match &report {
            Some(_) => cases.case(id).await?.filter(|case| case.record().appealed_at.is_some()),
            None => None,
        };
        let reason = match appeal {
            Some(_) => cases.appeal_reason(id, &session.actor, now).await.map_err(told)?,
            None => None,
        };
        let text = report.as_ref().map(|report| report.text.as_str());
        let reason = reason.as_ref().map(saring_domain::report::ReportText::as_str);
        if !input.page {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            return Ok(axum::Json(api::Original { text: owned(text), appeal: owned(reason) }).into_response());
        }
        let mut html = String::new();
        let back = Both(("Kembali ke kasus", "Back to the case"));
        let seen = Both((
            "Pembacaan ini tercatat di jejak audit atas nama Anda.",
            "That you read this stands in the audit trail under your name.",
        ));
        let none = ("Teks asli sudah tidak disimpan.", "The original is kept no more.");
        let written = write!(
            html,
            "<p><a href=\"{}\" data-key=\"b\">← {back}</a></p><p class=\"note\">{seen}</p>",
            case_path(id)
        )
        .and_then(|()| match text {
            Some(text) => write!(
                html,
                "<section class=\"reading\"><p class=\"text\" dir=\"auto\">{}</p></section>",
                Escaped(text)
            ),
            None => write!(html, "<p>{}</p>", Both(none)),
        })
        .and_then(|()| match reason {
            Some(reason) => write!(
                html,
                "<section class=\"reading\"><h2>{}</h2><p class=\"text\" dir=\"auto\">{}</p></section>",
                Both(("Alasan banding", "Reason of the appeal")),
                Escaped(reason)
            ),
            None => Ok(()),
        });
        written.expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Teks asli", "Original"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}
