//! What all pages of the console have in common: the frame, pairs of words, errors.

use std::fmt::{self, Write as _};

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use saring_domain::case::Timestamp;

use super::words::Words;
use crate::error::WebError;
use crate::html::Escaped;

/// Pages without scripts, forms, pictures or anything from elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Words in both languages, as markup. They are the program's own.
pub(super) struct Both(pub(super) Words);

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, en) = self.0;
        if id == en { f.write_str(id) } else { write!(f, "{id} <span lang=\"en\">{en}</span>") }
    }
}

/// A share as people read it: never 0% or 100% of what is not exactly that.
pub(super) fn percent(share: f32) -> String {
    match share {
        s if s <= 0.0 => "0%".to_owned(),
        s if s < 0.01 => "&lt;1%".to_owned(),
        s if s > 0.99 && s < 1.0 => "&gt;99%".to_owned(),
        s => format!("{:.0}%", s * 100.0),
    }
}

/// How long ago, in Indonesian and English.
pub(super) fn age(since: Timestamp, now: Timestamp) -> (String, String) {
    let minutes = now.unix_ms().saturating_sub(since.unix_ms()) / 60_000;
    let (days, hours) = (minutes / 1440, minutes / 60 % 24);
    match (days, hours) {
        (0, 0) => (format!("{minutes} menit"), format!("{minutes} min")),
        (0, hours) => (format!("{hours} jam {} menit", minutes % 60), format!("{hours} h {} min", minutes % 60)),
        (days, hours) => (format!("{days} hari {hours} jam"), format!("{days} d {hours} h")),
    }
}

/// A whole page around markup that is escaped already.
pub(super) fn page(title: Words, body: &str) -> String {
    let (id, en) = title;
    let mut html = String::with_capacity(body.len() + 1024);
    let frame = write!(
        html,
        "<!doctype html>\n<html lang=\"id\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{id} – Saring</title>\
         <link rel=\"stylesheet\" href=\"/console/style.css\"></head><body>\
         <a class=\"skip\" href=\"#isi\">Langsung ke isi <span lang=\"en\">Skip to content</span></a>\
         <header><a class=\"brand\" href=\"/console\">Saring</a> <span>Konsol petugas <span lang=\"en\">Moderators' \
         console</span></span> <span class=\"badge\">Hanya baca <span lang=\"en\">Read-only</span></span></header>\n\
         <main id=\"isi\"><h1>{id} <span lang=\"en\">{en}</span></h1>\n{body}</main></body></html>\n"
    );
    frame.expect("writing to a string cannot fail");
    html
}

/// A page as an answer.
pub(super) fn answer(html: String) -> Response {
    let mut response = html.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// An error in the form that the asker reads: browsers say that they take pages, programs get problem
/// details.
pub(super) fn refusal(error: WebError, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accepted.is_some_and(|kinds| kinds.contains("text/html")) {
        return error.into_response();
    }
    let (title, message): (Words, Words) = match error.status().as_u16() {
        404 => (
            ("Tidak ditemukan", "Not found"),
            ("Tidak ada kasus dengan nomor ini.", "There is no case with this number."),
        ),
        503 => (
            ("Sedang terganggu", "Out of order"),
            ("Silakan coba lagi sebentar lagi.", "Please try again in a moment."),
        ),
        _ => (
            ("Permintaan tidak dimengerti", "Request not understood"),
            ("Ada isian alamat yang tidak dapat dibaca.", "Something in the address cannot be read."),
        ),
    };
    // What exactly is wrong stands below, in English: it names the parameter and its limit.
    let detail = match error.status().as_u16() {
        400 => format!("<p lang=\"en\">{}</p>", Escaped(&error.to_string())),
        _ => String::new(),
    };
    let back = Both(("Kembali ke antrean", "Back to the queue"));
    let body = format!("<p>{}</p>{detail}<p><a href=\"/console\">{back}</a></p>\n", Both(message));
    let mut response = error.dress(page(title, &body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_ages_are_for_people() {
        for (share, shown) in
            [(0.0, "0%"), (0.004, "&lt;1%"), (0.354, "35%"), (0.99, "99%"), (0.999, "&gt;99%"), (1.0, "100%")]
        {
            assert_eq!(percent(share), shown);
        }
        let at = Timestamp::from_unix_ms;
        for (minutes, id, en) in [
            (0, "0 menit", "0 min"),
            (59, "59 menit", "59 min"),
            (61, "1 jam 1 menit", "1 h 1 min"),
            (1440 * 3 + 245, "3 hari 4 jam", "3 d 4 h"),
        ] {
            assert_eq!(age(at(0), at(minutes * 60_000)), (id.to_owned(), en.to_owned()));
        }
        assert_eq!(age(at(60_000), at(0)).0, "0 menit", "a clock that runs ahead");
    }
}
