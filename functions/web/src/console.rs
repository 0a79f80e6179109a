//! What waits for a moderator, as a page without scripts. Read-only.

mod words;

use std::fmt::{self, Write as _};

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use saring_domain::case::Case;
use saring_store::{Cases, Page};

use crate::error::WebError;
use crate::guard::guarded;
use crate::html::Escaped;
use crate::query::{Parameters, Query, next_page};
use crate::settings::Settings;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("console.css");
const HEAD: &str = "<!doctype html>\n<html lang=\"id\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>Saring: antrean pemeriksaan</title>\
    <link rel=\"stylesheet\" href=\"/console/style.css\"></head><body><main>\
    <h1>Antrean pemeriksaan <small lang=\"en\">Review queue</small></h1>\n";
const EMPTY: &str = "<p>Tidak ada laporan yang menunggu. <span lang=\"en\">No report is waiting.</span></p>\n";

/// `GET /console` and its style sheet, with the usual settings. There is no login here: put one
/// before it.
pub fn router(cases: Cases) -> Router {
    router_with(cases, &Settings::default())
}

/// The same with other settings.
pub fn router_with(cases: Cases, settings: &Settings) -> Router {
    let router = Router::new().route("/console", get(console)).route("/console/style.css", get(style));
    guarded(router.with_state(cases), settings)
}

async fn console(State(cases): State<Cases>, parameters: Parameters) -> Result<Response, WebError> {
    let request = Query::read(parameters)?.page()?;
    let page = cases.review_queue(&request).await?;
    let html = render(&page, request.items).expect("writing to a string cannot fail");
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, html).into_response())
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

fn render(page: &Page<Case>, items: u16) -> Result<String, fmt::Error> {
    let mut html = HEAD.to_owned();
    if page.items.is_empty() {
        html.push_str(EMPTY);
    }
    for case in &page.items {
        article(&mut html, case)?;
    }
    if let Some(next) = &page.next {
        let link = next_page(&[], items, next);
        let link = Escaped(&link);
        writeln!(html, "<p><a href=\"{link}\" rel=\"next\">Berikutnya <span lang=\"en\">Next</span></a></p>")?;
    }
    html.push_str("</main></body></html>\n");
    Ok(html)
}

fn article(html: &mut String, case: &Case) -> fmt::Result {
    let record = case.record();
    let screened = &record.screened;
    writeln!(html, "<article><h2 class=\"code\">{}</h2>", record.id)?;
    writeln!(html, "<p class=\"text\" dir=\"auto\">{}</p>", Escaped(&screened.public_text))?;
    html.push_str("<dl><dt>Alasan <span lang=\"en\">Reasons</span></dt>\n");
    for reason in &screened.verdict.reasons {
        let (detail, code) = (Escaped(&reason.detail), Escaped(&reason.code));
        let english = words::english(&reason.code);
        writeln!(html, "<dd>{detail} <span lang=\"en\">{english}</span> <span class=\"code\">{code}</span></dd>")?;
    }
    let (visibility, visibility_en) = words::visibility(record.visibility);
    writeln!(html, "<dt>Kerahasiaan <span lang=\"en\">Visibility</span></dt>")?;
    writeln!(html, "<dd>{visibility} <span lang=\"en\">{visibility_en}</span></dd>")?;
    let entry = |html: &mut String, name: &str, name_en: &str, value: &str| {
        let value = Escaped(value);
        writeln!(html, "<dt>{name} <span lang=\"en\">{name_en}</span></dt><dd>{value}</dd>")
    };
    entry(html, "Diterima", "Received", &record.received_at.rfc3339())?;
    if let Some(category) = screened.category.first() {
        entry(html, "Kategori", "Category", &category.code)?;
    }
    if let Some(agency) = screened.agency.first() {
        entry(html, "Instansi", "Agency", &agency.name)?;
    }
    if let Some(region) = &screened.region {
        entry(html, "Wilayah", "Region", &region.name)?;
    }
    for claim in &screened.claims {
        entry(html, "Klaim serupa", "Similar claim", &format!("{} ({})", claim.title, claim.verdict))?;
    }
    entry(html, "Model", "Model", screened.model.as_str())?;
    entry(html, "Kebijakan", "Policy", screened.policy.as_str())?;
    html.push_str("</dl></article>\n");
    Ok(())
}
