//! What every route has: a time limit, a limit of requests, headers, and no bare refusals.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};

use crate::error::WebError;
use crate::rate::{Client, Limiter};
use crate::settings::Settings;

/// Headers that every answer carries, unless its handler chose a stricter or a fitting one.
const DEFAULTS: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

#[derive(Debug)]
struct Guard {
    request_timeout: Duration,
    reads: Limiter,
    writes: Limiter,
}

/// Puts the guard around every route of a router, the missing ones too.
pub(crate) fn guarded(router: Router, settings: &Settings) -> Router {
    let guard = Guard {
        request_timeout: settings.request_timeout,
        reads: Limiter::new(settings.reads),
        writes: Limiter::new(settings.writes),
    };
    router.layer(from_fn_with_state(Arc::new(guard), watch)).layer(map_response(finish))
}

async fn watch(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let limiter = if request.method().is_safe() { &guard.reads } else { &guard.writes };
    if let Some(client) = Client::of(request.extensions())
        && let Err(wait) = limiter.take(client, Instant::now())
    {
        return WebError::TooMany(wait).into_response();
    }
    match tokio::time::timeout(guard.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => WebError::TimedOut.into_response(),
    }
}

async fn finish(response: Response) -> Response {
    // What the router itself refuses has no body.
    let bare = !response.headers().contains_key(header::CONTENT_TYPE);
    let mut response = match response.status() {
        StatusCode::NOT_FOUND if bare => WebError::NoPage.into_response(),
        StatusCode::METHOD_NOT_ALLOWED if bare => {
            let allowed = response.headers().get(header::ALLOW).cloned();
            let mut refused = WebError::Method.into_response();
            allowed.map(|allowed| refused.headers_mut().insert(header::ALLOW, allowed));
            refused
        }
        _ => response,
    };
    for (name, value) in DEFAULTS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
