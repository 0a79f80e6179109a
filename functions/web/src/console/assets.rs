//! The style sheet and the script: their names hold a hash of what they say, so that browsers may
//! keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ring::digest::{SHA256, digest};
use saring_domain::report::hex;

use crate::error::WebError;

const STYLE: &str = include_str!("../console.css");
const SCRIPT: &str = include_str!("../console.js");
const HASH_DIGITS: usize = 16;
const KEEP: &str = "public, max-age=31536000, immutable";

fn named(text: &str, end: &str) -> String {
    format!("{}.{end}", &hex(digest(&SHA256, text.as_bytes()).as_ref())[..HASH_DIGITS])
}

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| named(STYLE, "css"));
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| named(SCRIPT, "js"));

pub(super) fn style_path() -> String {
    format!("/console/berkas/{}", *STYLE_NAME)
}

pub(super) fn script_path() -> String {
    format!("/console/berkas/{}", *SCRIPT_NAME)
}

pub(super) async fn file(Path(name): Path<String>) -> Response {
    let (kind, text) = if name == *STYLE_NAME {
        ("text/css; charset=utf-8", STYLE)
    } else if name == *SCRIPT_NAME {
        ("text/javascript; charset=utf-8", SCRIPT)
    } else {
        return WebError::NoPage.into_response();
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEEP)], text).into_response()
}
