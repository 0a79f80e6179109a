//! The pages for reporters: a form for the tracking id, and where their report stands.

use std::fmt::{self, Write as _};

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use saring_domain::case::{CaseStatus, TrackingId};
use saring_store::Tracked;

use super::{REASON_CHARS_MAX, Service, reason, tracking_id};
use crate::answer::{PAGE_POLICY, style};
use crate::error::WebError;
use crate::feed::report_path;
use crate::html::{Escaped, Frame, moment};
use crate::lang::Lang;
use crate::page_error::PageError;
use crate::places::Zone;
use crate::query::{Parameters, Query};
use crate::status::{Appeal, told};

const TRACK: &str = "/lacak";
const STYLE: &str = "/lacak/saring.css";
/// The form's field.
const FIELD: &str = "nomor";
const FORM_BYTES_MAX: usize = 1024;
/// The appeal form's field.
const REASON_FIELD: &str = "alasan";
/// Twelve bytes for each character of a reason, as forms write them, and its name.
const REASON_FORM_BYTES_MAX: usize = 12 * REASON_CHARS_MAX + 1024;

pub(super) fn routes() -> axum::Router<Service> {
    axum::Router::new()
        .route(TRACK, get(form).post(look_up).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)))
        .route("/lacak/{tracking_id}", get(tracked))
        .route("/lacak/{tracking_id}/banding", post(appeal).layer(DefaultBodyLimit::max(REASON_FORM_BYTES_MAX)))
        .route(STYLE, get(style))
}

async fn form(
    State(service): State<Service>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, PageError> {
    let lang = language(&headers, parameters)?;
    let title = lang.pick("Lacak laporan", "Track a report");
    let switch = format!("{TRACK}?lang={}", lang.other().code());
    let frame = Frame { lang, title, style: STYLE, switch: &switch, base: service.settings.base() };
    Ok(private(lang, frame.around(&look_up_form(lang))))
}

/// By a form whose content does not enter the address, so that it stays out of logs and histories.
async fn look_up(
    State(service): State<Service>,
    headers: HeaderMap,
    parameters: Parameters,
    fields: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, PageError> {
    let lang = language(&headers, parameters)?;
    let typed = fields.ok().and_then(|Form(fields)| fields.into_iter().find(|(name, _)| name == FIELD));
    show(&service, lang, typed.map(|(_, typed)| typed)).await
}

async fn tracked(
    State(service): State<Service>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, PageError> {
    let lang = language(&headers, parameters)?;
    show(&service, lang, id.ok().map(|Path(id)| id)).await
}

/// The tracking id in the address is what a forged form could not know.
async fn appeal(
    State(service): State<Service>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    parameters: Parameters,
    fields: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, PageError> {
    let lang = language(&headers, parameters)?;
    let id = tracking_id(id).map_err(failed(lang))?;
    let fields = match fields {
        Ok(Form(fields)) => fields,
        // An empty body has no content type.
        Err(FormRejection::InvalidFormContentType(_)) => Vec::new(),
        Err(_) => return Err(failed(lang)(WebError::Reason)),
    };
    let typed = fields.iter().find(|(name, _)| name == REASON_FIELD).map_or("", |(_, typed)| typed);
    let reason = reason(typed).map_err(failed(lang))?;
    service.intake.appeal(id, reason.as_ref()).await.map_err(failed(lang))?;
    Ok(Redirect::to(&format!("{TRACK}/{id}?lang={}", lang.code())).into_response())
}

async fn show(service: &Service, lang: Lang, typed: Option<String>) -> Result<Response, PageError> {
    let read = async {
        let id = typed.and_then(|typed| TrackingId::parse(&typed).ok()).ok_or(WebError::NoReport)?;
        let tracked = service.intake.cases.by_tracking_id(id).await?.ok_or(WebError::NoReport)?;
        Ok((id, tracked))
    };
    let (id, tracked) = read.await.map_err(failed(lang))?;
    let body = status_body(id, &tracked, lang, service.settings.base()).expect("writing to a string cannot fail");
    let title = lang.pick("Status laporan Anda", "Your report");
    let switch = format!("{TRACK}/{id}?lang={}", lang.other().code());
    let frame = Frame { lang, title, style: STYLE, switch: &switch, base: service.settings.base() };
    Ok(private(lang, frame.around(&body)))
}

fn language(headers: &HeaderMap, parameters: Parameters) -> Result<Lang, PageError> {
    let read = Query::read(parameters).and_then(|query| Lang::of(&query, headers));
    read.map_err(failed(Lang::accepted(headers)))
}

fn failed(lang: Lang) -> impl Fn(WebError) -> PageError {
    move |error| PageError { error, lang, style: STYLE, back: TRACK }
}

/// A page that nobody keeps.
fn private(lang: Lang, page: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::CONTENT_LANGUAGE, lang.code()),
    ];
    let mut response = (headers, page).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

fn look_up_form(lang: Lang) -> String {
    let intro = lang.pick(
        "Tulis nomor lacak yang Anda terima saat melapor. Hanya pemegang nomor yang dapat melihat statusnya.",
        "Enter the tracking id that you got when you reported. Only whoever has it can see the status.",
    );
    let (label, button) = (lang.pick("Nomor lacak", "Tracking id"), lang.pick("Lihat status", "Show status"));
    let code = lang.code();
    format!(
        "<p>{intro}</p>\n<form method=\"post\" action=\"{TRACK}?lang={code}\"><label>{label} \
         <input name=\"{FIELD}\" required maxlength=\"40\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"XXXX-XXXX-XXXX-XXXX\"></label><button>{button}</button></form>\n"
    )
}

fn status_body(id: TrackingId, tracked: &Tracked, lang: Lang, base: &str) -> Result<String, fmt::Error> {
    let told = told(tracked);
    let mut html = String::new();
    writeln!(html, "<p><strong>{}</strong></p>", Escaped(told.message.pick(lang)))?;
    if !told.why.is_empty() {
        writeln!(html, "<p>{}</p><ul>", lang.pick("Mengapa perlu waktu:", "Why it takes time:"))?;
        for why in &told.why {
            writeln!(html, "<li>{}</li>", Escaped(why.pick(lang)))?;
        }
        html.push_str("</ul>\n");
    }
    let received_at = match tracked {
        Tracked::Received { at } => *at,
        Tracked::Screened(case) => case.record().received_at,
    };
    let received = lang.pick("Diterima", "Received");
    let zone = match tracked {
        Tracked::Received { .. } => Zone::of(None),
        Tracked::Screened(case) => Zone::of(case.record().region().map(|region| region.code.as_str())),
    };
    writeln!(html, "<dl><dt>{received}</dt><dd>{}</dd>", moment(received_at, zone, lang))?;
    if let Tracked::Screened(case) = tracked {
        let record = case.record();
        writeln!(html, "<dt>{}</dt>", lang.pick("Perubahan terakhir", "Last change"))?;
        writeln!(html, "<dd>{}</dd>", moment(record.changed_at, zone, lang))?;
        if let (CaseStatus::Published, Some(publication)) = (record.status, &record.publication) {
            let path = report_path(record.id, publication.at);
            let (name, read) =
                (lang.pick("Halaman publik", "Public page"), lang.pick("Lihat laporan", "Read the report"));
            let (base, code) = (Escaped(base), lang.code());
            writeln!(html, "<dt>{name}</dt><dd><a href=\"{base}{path}?lang={code}\">{read}</a></dd>")?;
        }
    }
    html.push_str("</dl>\n");
    if told.appeal == Appeal::Open {
        appeal_form(&mut html, id, lang)?;
    }
    Ok(html)
}

fn appeal_form(html: &mut String, id: TrackingId, lang: Lang) -> fmt::Result {
    let intro = lang.pick(
        "Tidak setuju? Anda dapat meminta keputusan ini ditinjau ulang, satu kali.",
        "You don't agree? You can ask to have this decision looked at again, once.",
    );
    let label = lang.pick("Alasan Anda (boleh kosong)", "Your reason (may be empty)");
    let note = lang.pick(
        "Alasan disimpan tersegel dan hanya dibaca petugas.",
        "The reason is kept sealed and read by officers only.",
    );
    let button = lang.pick("Ajukan banding", "Appeal");
    let action = format!("{TRACK}/{id}/banding?lang={}", lang.code());
    writeln!(
        html,
        "<p>{intro} {note}</p><form method=\"post\" action=\"{action}\"><label>{label} \
         <textarea name=\"{REASON_FIELD}\" rows=\"4\" maxlength=\"{REASON_CHARS_MAX}\" dir=\"auto\"></textarea>\
         </label><button>{button}</button></form>"
    )
}
