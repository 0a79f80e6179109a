//! What all pages of the console have in common: the frame, pairs of words, errors.

use std::fmt::{self, Write as _};

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use saring_domain::case::Timestamp;

use super::assets;
use super::identity::{CSRF_FIELD, Permission, Session};
use super::words::Words;
use crate::error::WebError;
use crate::html::Escaped;

/// One style sheet, one script, forms and requests of their own; no pictures, nothing from elsewhere,
/// and no way for a script to make markup of text.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Without a referrer a browser would hide from us that a form is our own: its `Origin` would be null.
const REFERRER: &str = "same-origin";

/// Where the pages are, for whom.
const NAVIGATION: [(Permission, &str, Words); 5] = [
    (Permission::Cases, "/console", ("Antrean", "Queue")),
    (Permission::Decide, "/console/periksa", ("Periksa ulang", "Check again")),
    (Permission::Quality, "/console/perbedaan", ("Perbedaan", "Differences")),
    (Permission::Figures, "/console/angka", ("Angka", "Figures")),
    (Permission::Figures, "/console/calon", ("Model calon", "Candidate")),
];

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

/// A page of somebody's session around markup that is escaped already.
pub(super) fn page(session: &Session, title: Words, body: &str) -> String {
    let mut top = String::new();
    header_of(&mut top, session).expect("writing to a string cannot fail");
    let script = format!("<script src=\"{}\" defer></script>", assets::script_path());
    whole(title, &script, &top, body)
}

/// A page without a session.
pub(super) fn bare_page(title: Words, head: &str, body: &str) -> String {
    whole(title, head, "", body)
}

fn header_of(html: &mut String, session: &Session) -> fmt::Result {
    html.push_str("<nav class=\"main\" aria-label=\"Utama (main)\">");
    for (permission, path, words) in NAVIGATION {
        if session.may(permission) {
            write!(html, "<a href=\"{path}\">{}</a> ", Both(words))?;
        }
    }
    let name = session.actor.as_str().trim_start_matches("moderator:");
    let roles: Vec<&str> = session.roles.all().iter().map(|role| role.code()).collect();
    write!(
        html,
        "</nav><form class=\"who\" method=\"post\" action=\"/console/keluar\">{} <span>{} <span class=\"code\">{}</span></span> \
         <button type=\"submit\">{}</button></form>",
        csrf_field(session),
        Escaped(name),
        roles.join(", "),
        Both(("Keluar", "Log out"))
    )
}

/// What makes a form one of this session.
pub(super) fn csrf_field(session: &Session) -> String {
    format!("<input type=\"hidden\" name=\"{CSRF_FIELD}\" value=\"{}\">", session.csrf)
}

fn whole(title: Words, head: &str, top: &str, body: &str) -> String {
    let (id, en) = title;
    let mut html = String::with_capacity(body.len() + 2048);
    let frame = write!(
        html,
        "<!doctype html>\n<html lang=\"id\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{id} – Saring</title>\
         <link rel=\"stylesheet\" href=\"{}\">{head}</head><body>\
         <a class=\"skip\" href=\"#isi\">Langsung ke isi <span lang=\"en\">Skip to content</span></a>\
         <header><a class=\"brand\" href=\"/console\">Saring</a>{top}</header>\n\
         <main id=\"isi\"><h1>{id} <span lang=\"en\">{en}</span></h1>\n{body}</main></body></html>\n",
        assets::style_path()
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
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(REFERRER));
    response
}

/// An error in the form that the asker reads: browsers say that they take pages, programs get problem
/// details.
pub(super) fn refusal(error: WebError, headers: &HeaderMap) -> Response {
    if !takes_pages(headers) {
        return error.into_response();
    }
    let (title, message) = refusal_words(&error);
    // What exactly is wrong stands below, in English: it names the parameter and its limit.
    let detail = match error.status().as_u16() {
        400 | 409 | 413 => format!("<p lang=\"en\">{}</p>", Escaped(&error.to_string())),
        _ => String::new(),
    };
    let back = Both(("Kembali ke antrean", "Back to the queue"));
    let body = format!("<p>{}</p>{detail}<p><a href=\"/console\">{back}</a></p>\n", Both(message));
    let mut response = error.dress(bare_page(title, "", &body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(REFERRER));
    response
}

/// Whether the asker is a browser that goes to a page.
pub(super) fn takes_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

fn refusal_words(error: &WebError) -> (Words, Words) {
    match (error, error.status().as_u16()) {
        (WebError::Changed { .. }, _) => (
            ("Berubah sejak Anda membukanya", "Changed since you opened it"),
            (
                "Kasus ini berubah sejak Anda membukanya. Tidak ada yang disimpan; buka lagi, lihat apa yang berubah, lalu \
                 putuskan.",
                "This case changed since you opened it. Nothing was saved; open it again, see what changed, then decide.",
            ),
        ),
        (_, 401) => (("Perlu masuk", "Login needed"), ("Silakan masuk dulu.", "Please log in first.")),
        (WebError::Forged, _) => (
            ("Formulir kedaluwarsa", "The form is out of date"),
            (
                "Formulir ini bukan dari sesi Anda sekarang. Tidak ada yang disimpan; buka lagi halamannya.",
                "This form is not one of your present session. Nothing was saved; open the page again.",
            ),
        ),
        (_, 403) => (
            ("Tidak diizinkan", "Not allowed"),
            ("Peran Anda tidak mengizinkan ini.", "Your role does not allow this."),
        ),
        (_, 404) => (
            ("Tidak ditemukan", "Not found"),
            ("Tidak ada kasus dengan nomor ini.", "There is no case with this number."),
        ),
        (_, 409) => (
            ("Tidak dapat dilakukan", "Not possible"),
            ("Hal ini tidak dapat dilakukan pada kasus ini sekarang.", "This cannot be done with this case now."),
        ),
        (_, 503) => (
            ("Sedang terganggu", "Out of order"),
            ("Silakan coba lagi sebentar lagi.", "Please try again in a moment."),
        ),
        (WebError::Login, _) => (
            ("Masuk gagal", "Login failed"),
            ("Silakan mulai lagi dari konsol.", "Please begin again from the console."),
        ),
        _ => (
            ("Permintaan tidak dimengerti", "Request not understood"),
            ("Ada isian yang tidak dapat dibaca.", "Something in the request cannot be read."),
        ),
    }
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
