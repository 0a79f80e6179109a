//! Documents that everybody may keep for a while, with a tag to ask whether they changed.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use saring_domain::report::hex;
use sha2::{Digest, Sha256};

use crate::lang::Lang;

const CACHE_CONTROL: &str = "public, max-age=30";
const STYLE_CACHE_CONTROL: &str = "public, max-age=3600";
const STYLE: &str = include_str!("public.css");
/// For pages without scripts, with one style sheet and forms of their own.
pub(crate) const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A public document.
pub(crate) struct Document {
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// The language, if the document exists in two.
    pub(crate) lang: Option<Lang>,
    /// The address of the next page.
    pub(crate) next: Option<String>,
    pub(crate) audience: Audience,
}

/// Who reads a document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// People, in a browser.
    People,
    /// Programs, on pages of other sites too.
    Programs,
}

impl Document {
    /// The answer; without the body if the asker has it already.
    pub(crate) fn answer(self, request: &HeaderMap) -> Response {
        let etag = format!("\"{}\"", hex(&Sha256::digest(&self.body)));
        let known = has_already(request, &etag);
        let etag = HeaderValue::try_from(etag).expect("hexadecimal digits are a header value");
        let mut headers = HeaderMap::from_iter([
            (header::ETAG, etag),
            (header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL)),
        ]);
        if let Some(lang) = self.lang {
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
            headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        }
        if let Some(link) = self.next.and_then(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")).ok()) {
            headers.insert(header::LINK, link);
        }
        match self.audience {
            Audience::People => {
                headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            }
            Audience::Programs => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
        }
        if known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        (headers, self.body).into_response()
    }
}

/// The style sheet of the pages.
pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, STYLE_CACHE_CONTROL)], STYLE)
}

/// Whether `If-None-Match` names the tag, compared weakly as RFC 9110 asks.
fn has_already(request: &HeaderMap, etag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}
