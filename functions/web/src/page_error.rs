//! Errors as pages, for people.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::answer::PAGE_POLICY;
use crate::error::WebError;
use crate::html::{Escaped, Frame};
use crate::lang::Lang;

/// An error of a page.
#[derive(Debug)]
pub(crate) struct PageError {
    pub(crate) error: WebError,
    pub(crate) lang: Lang,
    /// Where the style sheet is.
    pub(crate) style: &'static str,
    /// Where to go from here: a path of the same router.
    pub(crate) back: &'static str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Self { error, lang, style, back } = self;
        let (title, message) = words(&error, lang);
        let switch = format!("{back}?lang={}", lang.other().code());
        let here = format!("{back}?lang={}", lang.code());
        let again = lang.pick("Kembali", "Back");
        // What a program needs to know stands below, in English: it names the parameter and its limit.
        let detail = match error.status().as_u16() {
            400 | 413 | 415 => format!("<p class=\"note\" lang=\"en\">{}</p>", Escaped(&error.to_string())),
            _ => String::new(),
        };
        let body = format!("<p>{message}</p>{detail}<p><a href=\"{here}\">{again}</a></p>\n");
        let page = Frame { lang, title, style, switch: &switch, base: "" }.around(&body);
        let mut response = error.dress(page);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        response
    }
}

fn words(error: &WebError, lang: Lang) -> (&'static str, &'static str) {
    match error.status().as_u16() {
        404 => (
            lang.pick("Tidak ditemukan", "Not found"),
            lang.pick(
                "Tidak ada laporan di alamat atau dengan nomor ini. Mungkin laporan ditarik, atau ada huruf yang salah.",
                "There is no report at this address or with this number. It may have been taken back, or a \
                 letter may be wrong.",
            ),
        ),
        503 => (
            lang.pick("Sedang terganggu", "Out of order"),
            lang.pick(
                "Layanan belum dapat menjawab. Silakan coba lagi sebentar lagi.",
                "The service cannot answer for now. Please try again in a moment.",
            ),
        ),
        409 => (
            lang.pick("Tidak dapat dilakukan", "Not possible"),
            lang.pick(
                "Hal ini tidak dapat dilakukan pada laporan ini sekarang.",
                "This cannot be done with this report now.",
            ),
        ),
        _ => (
            lang.pick("Permintaan tidak dimengerti", "Request not understood"),
            lang.pick("Ada isian yang tidak dapat dibaca.", "Something in the request cannot be read."),
        ),
    }
}
