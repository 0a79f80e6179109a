//! The gate before every route: who asks, whether a role allows it, and whether a form is our own.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::MethodRouter;

use super::cookie::Cookie;
use super::verify::{Nonce, Verifier};
use super::{Identity, Permission, Session};
use crate::console::frame;
use crate::error::WebError;
use crate::query::encode;

/// Largest form.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Carries what forms carry, for scripts.
const CSRF_HEADER: &str = "x-csrf-token";
/// Field of forms.
pub(crate) const CSRF_FIELD: &str = "csrf";

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: logging in, style sheet, script.
    Nothing,
    /// A token with a role that allows it.
    May(Permission),
}

/// Puts itself before routes.
#[derive(Debug, Clone)]
pub(crate) struct Gate(pub(super) Arc<Verifier>);

impl Gate {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self(identity.0.clone())
    }

    /// A route behind the gate.
    pub(crate) fn before<S: Clone + Send + Sync + 'static>(
        &self,
        need: Need,
        route: MethodRouter<S>,
    ) -> MethodRouter<S> {
        route.layer(from_fn_with_state((self.clone(), need), watch))
    }

    async fn session(&self, headers: &HeaderMap) -> Option<(Session, Proof)> {
        let bearer = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let (token, proof) = match bearer {
            // A header that is no bearer is no reason to look at the cookie.
            Some(value) => (value.strip_prefix("Bearer ")?.trim(), Proof::Bearer),
            None => (Cookie::Session.read(headers, &self.0.settings.console_url)?, Proof::Cookie),
        };
        match self.0.check(token, Nonce::Any).await {
            Ok(checked) => Some((checked.session, proof)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::info!(error, "a token was refused");
                None
            }
        }
    }
}

/// How a token came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// In a header, which no other site can make a browser send.
    Bearer,
    /// In a cookie, which browsers send by themselves.
    Cookie,
}

async fn watch(State((gate, need)): State<(Gate, Need)>, request: Request, next: Next) -> Response {
    let Need::May(permission) = need else { return next.run(request).await };
    let headers = request.headers().clone();
    let Some((session, proof)) = gate.session(&headers).await else {
        return refused(&request, WebError::NoToken);
    };
    if !session.may(permission) {
        return refused(&request, WebError::NotAllowed);
    }
    let mut request = request;
    if proof == Proof::Cookie && !request.method().is_safe() {
        let own = own_form(&gate, request, &session.csrf).await;
        request = match own {
            Ok(request) => request,
            Err(error) => return frame::refusal(error, &headers),
        };
    }
    request.extensions_mut().insert(session);
    next.run(request).await
}

/// Browsers go to the login; programs are told.
fn refused(request: &Request, error: WebError) -> Response {
    let page = frame::takes_pages(request.headers());
    if page && matches!(error, WebError::NoToken) && request.method() == Method::GET {
        let here = request.uri().path_and_query().map_or("/console", |path| path.as_str());
        return Redirect::to(&format!("/console/masuk{}", encode(&[("ke", here)]))).into_response();
    }
    frame::refusal(error, request.headers())
}

/// The request again, if it carries what only our own pages know.
async fn own_form(gate: &Gate, request: Request, expected: &str) -> Result<Request, WebError> {
    let (parts, body) = request.into_parts();
    let origin = parts.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    if origin.is_some_and(|origin| origin != gate.0.settings.console_url.as_str()) {
        return Err(WebError::Forged);
    }
    let body = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| WebError::BodyTooLarge)?;
    let by_header = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    let fits = match by_header {
        Some(given) => same(given, expected),
        None => crate::query::form(&body)
            .is_ok_and(|form| form.once(CSRF_FIELD).ok().flatten().is_some_and(|given| same(given, expected))),
    };
    if fits { Ok(Request::from_parts(parts, Body::from(body))) } else { Err(WebError::Forged) }
}

/// Compares in a time that tells nothing of how much fits.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
