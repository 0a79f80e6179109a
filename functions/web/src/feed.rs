//! What is public: as JSON Feed, as Atom, over Open311, and as pages.

mod atom;
mod json;
mod listing;
mod open311;
mod page;
mod record;
mod reference;
mod xml;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use saring_domain::case::{CaseId, Timestamp};
use saring_store::{Cases, FeedItem, Page};

use crate::answer::{Audience, Document, style};
use crate::error::WebError;
use crate::guard::guarded;
use crate::query::{Parameters, Query};
use crate::settings::Settings;
use listing::Listing;

const TITLE: &str = "Saring: laporan warga";
const DESCRIPTION: &str = "Laporan warga yang sudah lolos penyaringan; data pribadi disamarkan.";

/// What the public side works with.
#[derive(Debug, Clone)]
struct Public {
    cases: Cases,
    settings: Arc<Settings>,
}

/// `GET /feed.json`, `/feed.atom`, `/open311/v2/…`, `/` and `/laporan/{reference}`, with the usual
/// settings.
pub fn router(cases: Cases) -> Router {
    router_with(cases, &Settings::default())
}

/// The same with other settings.
pub fn router_with(cases: Cases, settings: &Settings) -> Router {
    let router = Router::new()
        .route(json::PATH, get(json_feed))
        .route(atom::PATH, get(atom_feed))
        .merge(open311::routes())
        .merge(page::routes())
        .route(page::STYLE, get(style))
        .with_state(Public { cases, settings: Arc::new(settings.clone()) });
    guarded(router, settings)
}

/// Path of the page of a published report.
pub(crate) fn report_path(id: CaseId, published_at: Timestamp) -> String {
    format!("{}/{}", page::REPORT, reference::Reference { id, published_at })
}

async fn json_feed(
    State(public): State<Public>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, WebError> {
    feed(&public, &headers, parameters, "application/feed+json; charset=utf-8", json::render).await
}

async fn atom_feed(
    State(public): State<Public>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, WebError> {
    feed(&public, &headers, parameters, "application/atom+xml; charset=utf-8", atom::render).await
}

async fn feed(
    public: &Public,
    headers: &HeaderMap,
    parameters: Parameters,
    content_type: &'static str,
    render: fn(&Page<FeedItem>, &Listing, &Settings) -> String,
) -> Result<Response, WebError> {
    let listing = Listing::of_feed(&Query::read(parameters)?)?;
    let page = listing::read(&public.cases, &listing).await?;
    let body = render(&page, &listing, &public.settings);
    Ok(Document { content_type, body, lang: None, next: None, audience: Audience::Programs }.answer(headers))
}
