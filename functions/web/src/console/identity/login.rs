//! Logging in by the authorization code with PKCE: the provider asks who somebody is, and the token
//! that it gives for the code becomes the session.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::Deserialize;

use super::access::Gate;
use super::cookie::Cookie;
use super::verify::{Nonce, Verifier};
use crate::console::frame::{self, Both};
use crate::error::WebError;
use crate::html::Escaped;
use crate::query::{Parameters, Query, encode};

const RANDOM_BYTES: usize = 24;
const HOME: &str = "/console";

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

fn random() -> Result<String, WebError> {
    let mut bytes = [0; RANDOM_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| WebError::Provider)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn redirect_uri(verifier: &Verifier) -> String {
    format!("{}/console/masuk/kembali", verifier.settings.console_url.as_str())
}

/// A path of the console, so that a login leads nowhere else.
fn own_path(path: &str) -> &str {
    let own = path == HOME || path.strip_prefix(HOME).is_some_and(|rest| rest.starts_with(['/', '?']));
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>'));
    if own && plain && path.len() <= 500 && !path.starts_with("/console/masuk") { path } else { HOME }
}

/// Sends a browser to the provider.
pub(crate) async fn begin(State(gate): State<Gate>, headers: HeaderMap, parameters: Parameters) -> Response {
    let work = async || {
        let query = Query::read(parameters)?;
        let back = own_path(query.given("ke")?.unwrap_or(HOME));
        let (state, nonce, secret) = (random()?, random()?, random()?);
        let discovery = gate.0.keys.discovery().await.map_err(|error| no_provider(&error))?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()));
        let uri = redirect_uri(&gate.0);
        let asked = encode(&[
            ("response_type", "code"),
            ("client_id", &gate.0.settings.audience),
            ("redirect_uri", &uri),
            ("scope", "openid"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        // A provider's address may have parameters of its own.
        let mut to = discovery.authorization_endpoint;
        let joined = if to.contains('?') { asked.replacen('?', "&", 1) } else { asked };
        to.push_str(&joined);
        let remembered = format!("{state}.{nonce}.{secret}.{}", URL_SAFE_NO_PAD.encode(back));
        let cookie = Cookie::Login.set(&remembered, u64::MAX, &gate.0.settings.console_url);
        let cookie = cookie.ok_or(WebError::Provider)?;
        Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// Takes the provider's answer.
pub(crate) async fn finish(State(gate): State<Gate>, headers: HeaderMap, parameters: Parameters) -> Response {
    finished(&gate.0, &headers, parameters).await.unwrap_or_else(|error| {
        let mut response = frame::refusal(error, &headers);
        if let Some(cookie) = Cookie::Login.set("", 0, &gate.0.settings.console_url) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    })
}

async fn finished(verifier: &Arc<Verifier>, headers: &HeaderMap, parameters: Parameters) -> Result<Response, WebError> {
    let query = Query::read(parameters)?;
    let at = &verifier.settings.console_url;
    let remembered = Cookie::Login.read(headers, at).ok_or(WebError::Login)?;
    let parts: Vec<&str> = remembered.split('.').collect();
    let [state, nonce, secret, back] = parts[..] else { return Err(WebError::Login) };
    if query.once("state")? != Some(state) {
        return Err(WebError::Login);
    }
    let code = query.given("code")?.ok_or(WebError::Login)?;
    let discovery = verifier.keys.discovery().await.map_err(|error| no_provider(&error))?;
    let uri = redirect_uri(verifier);
    let form = encode(&[
        ("grant_type", "authorization_code"),
        ("client_id", &verifier.settings.audience),
        ("redirect_uri", &uri),
        ("code", code),
        ("code_verifier", secret),
    ]);
    let form = form.trim_start_matches('?').to_owned();
    let tokens = verifier.fetch.post_form::<Tokens>(&discovery.token_endpoint, form).await;
    let tokens = tokens.map_err(|error| no_provider(&error))?;
    let checked = verifier.check(&tokens.id_token, Nonce::Only(nonce)).await.map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the provider's token was refused");
        WebError::Login
    })?;
    let session = Cookie::Session.set(&tokens.id_token, checked.left_s, at).ok_or(WebError::Login)?;
    let gone = Cookie::Login.set("", 0, at).ok_or(WebError::Login)?;
    let back = URL_SAFE_NO_PAD.decode(back).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut response = onward(own_path(back.as_deref().unwrap_or(HOME)));
    response.headers_mut().append(header::SET_COOKIE, session);
    response.headers_mut().append(header::SET_COOKIE, gone);
    Ok(response)
}

/// A page that leads on by itself: a redirect would count as caused by the provider's site, and the
/// browser would hold the new cookie back.
fn onward(path: &str) -> Response {
    let (path, words) = (Escaped(path), Both(("Lanjut ke konsol", "On to the console")));
    let head = format!("<meta http-equiv=\"refresh\" content=\"0; url={path}\">");
    let body = format!("<p><a href=\"{path}\">{words}</a></p>\n");
    frame::answer(frame::bare_page(("Masuk", "Logged in"), &head, &body))
}

/// Ends the session here; the provider may still know the person.
pub(crate) async fn end(State(gate): State<Gate>) -> Response {
    let words = Both(("Anda sudah keluar.", "You are logged out."));
    let again = Both(("Masuk lagi", "Log in again"));
    let body = format!("<p>{words}</p><p><a href=\"/console/masuk\">{again}</a></p>\n");
    let mut response = frame::answer(frame::bare_page(("Keluar", "Logged out"), "", &body));
    if let Some(cookie) = Cookie::Session.set("", 0, &gate.0.settings.console_url) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn no_provider(error: &super::fetch::FetchError) -> WebError {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "the provider did not serve a login");
    WebError::Provider
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_the_console_only() {
        for path in ["/console", "/console?reason=spam&page=2", "/console/cases/0123456789abcdef"] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/consolex",
            "/console\\@evil",
            "/console/masuk",
            "/console/\u{1}",
            "/console\"><script>",
        ] {
            assert_eq!(own_path(path), HOME, "{path}");
        }
    }
}
