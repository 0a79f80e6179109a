//! The page on which somebody chooses who to be.

use std::fmt::Write as _;

use super::{Asked, PEOPLE};

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;padding:0 1rem;color:#1b1b1f;\
                     background:#fff}button{font:inherit;display:block;width:100%;margin:.5rem 0;padding:.8rem;\
                     text-align:left;border:1px solid #55565e;border-radius:.5rem;background:#f3f4f7;color:#1b1b1f;\
                     cursor:pointer}small{color:#55565e}button:focus-visible{outline:.2rem solid #0b5cad}";

pub(super) fn people(asked: &Asked) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"id\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Masuk (lokal) – Saring</title>\
         <style>{STYLE}</style></head><body><h1>Masuk sebagai</h1><p>Penerbit token untuk mesin ini saja; tidak ada sandi. \
         <small lang=\"en\">A token issuer for this machine only; there are no passwords.</small></p><form action=\"authorize/go\">"
    );
    let fields = [
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("state", &asked.state),
        ("nonce", &asked.nonce),
        ("code_challenge", &asked.code_challenge),
    ];
    for (name, value) in fields {
        let value = value.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        write!(html, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
            .expect("writing to a string succeeds");
    }
    for (name, roles) in PEOPLE {
        let roles = roles.join(", ");
        let button = format!("<button name=\"person\" value=\"{name}\">{name} <small>{roles}</small></button>");
        html.push_str(&button);
    }
    html.push_str("</form></body></html>");
    html
}

/// A value of a link.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").expect("writing to a string succeeds");
        }
        all
    })
}
