//! What is public, as a JSON Feed.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use saring_domain::report::hex;
use saring_store::{Cases, FeedItem, Page};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::WebError;
use crate::guard::guarded;
use crate::query::{Parameters, next_page, page_request};
use crate::settings::Settings;

const CACHE_CONTROL: &str = "public, max-age=30";

/// <https://www.jsonfeed.org/version/1.1/>
#[derive(Serialize)]
struct FeedWire<'a> {
    version: &'static str,
    title: &'static str,
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    items: Vec<ItemWire<'a>>,
}

#[derive(Serialize)]
struct ItemWire<'a> {
    id: String,
    content_text: &'a str,
    date_published: String,
    tags: Vec<&'a str>,
    #[serde(rename = "_saring")]
    extension: ExtensionWire<'a>,
}

#[derive(Serialize)]
struct ExtensionWire<'a> {
    agency: Option<&'a str>,
    region: Option<RegionWire<'a>>,
}

#[derive(Serialize)]
struct RegionWire<'a> {
    code: &'a str,
    name: &'a str,
}

/// `GET /feed.json`, with the usual settings.
pub fn router(cases: Cases) -> Router {
    router_with(cases, &Settings::default())
}

/// The same with other settings.
pub fn router_with(cases: Cases, settings: &Settings) -> Router {
    guarded(Router::new().route("/feed.json", get(feed)).with_state(cases), settings)
}

async fn feed(State(cases): State<Cases>, headers: HeaderMap, parameters: Parameters) -> Result<Response, WebError> {
    let request = page_request(parameters)?;
    let page = cases.feed(&request).await?;
    let json = render(&page, request.items);
    let etag = format!("\"{}\"", hex(&Sha256::digest(&json)));
    let caching = [
        (header::ETAG, HeaderValue::try_from(etag.as_str()).expect("hexadecimal digits are a header value")),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL)),
    ];
    if has_already(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, [(header::CONTENT_TYPE, "application/feed+json; charset=utf-8")], json).into_response())
}

fn render(page: &Page<FeedItem>, items: u16) -> String {
    let wire = FeedWire {
        version: "https://jsonfeed.org/version/1.1",
        title: "Saring: laporan warga",
        language: "id",
        next_url: page.next.as_ref().map(|next| format!("/feed.json{}", next_page(items, next))),
        items: page.items.iter().map(item).collect(),
    };
    serde_json::to_string(&wire).expect("the wire form has only json types")
}

fn item(item: &FeedItem) -> ItemWire<'_> {
    let region = item.region.as_ref().map(|region| RegionWire { code: &region.code, name: &region.name });
    ItemWire {
        id: item.id.to_string(),
        content_text: &item.text,
        date_published: item.published_at.rfc3339(),
        tags: item.category.as_deref().into_iter().collect(),
        extension: ExtensionWire { agency: item.agency.as_deref(), region },
    }
}

/// Whether `If-None-Match` names the tag, compared weakly as RFC 9110 asks.
fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}
