//! The few small documents that come from the provider, with limits.

use std::time::Duration;

use axum::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

use super::IdentityError;

/// Largest answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a document did not come. It quotes nothing of the answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the provider's address is none")]
    Address,
    #[error("the provider did not answer")]
    Connection(#[source] hyper_util::client::legacy::Error),
    #[error("the provider did not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    TimedOut,
    #[error("the provider answered with status {0}")]
    Status(StatusCode),
    #[error("the provider's answer is longer than {ANSWER_BYTES_MAX} bytes, or broke off")]
    Body,
    #[error("the provider's answer is not the expected json")]
    Json,
}

/// A client for the provider.
#[derive(Debug, Clone)]
pub(super) struct Fetch(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Fetch {
    pub(super) fn new() -> Result<Self, IdentityError> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(IdentityError::Certificates)?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, FetchError> {
        self.send(Request::get(address(url)?), Bytes::new()).await
    }

    pub(super) async fn post_form<T: DeserializeOwned>(&self, url: &str, form: String) -> Result<T, FetchError> {
        let request = Request::post(address(url)?).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, form.into()).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: axum::http::request::Builder,
        body: Bytes,
    ) -> Result<T, FetchError> {
        let request = request.header(header::ACCEPT, "application/json");
        let request = request.body(Full::new(body)).map_err(|_| FetchError::Address)?;
        let work = async {
            let answer = self.0.request(request).await.map_err(FetchError::Connection)?;
            if !answer.status().is_success() {
                return Err(FetchError::Status(answer.status()));
            }
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|_| FetchError::Body)?.to_bytes();
            serde_json::from_slice(&body).map_err(|_| FetchError::Json)
        };
        tokio::time::timeout(ANSWER_TIMEOUT, work).await.map_err(|_| FetchError::TimedOut)?
    }
}

/// Encrypted, or on this machine.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let local = uri.host().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
    match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        Some("http") => local,
        _ => false,
    }
}

fn address(url: &str) -> Result<Uri, FetchError> {
    if !is_safe(url) {
        return Err(FetchError::Address);
    }
    url.parse().map_err(|_| FetchError::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_keys_travel_encrypted_or_not_at_all() {
        for safe in ["https://id.example.go.id/realms/a", "http://127.0.0.1:8080/x", "http://localhost:1/x"] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in ["http://id.example.go.id", "http://127.0.0.1.example", "ftp://a", "", "https://", "a b"] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }
}
