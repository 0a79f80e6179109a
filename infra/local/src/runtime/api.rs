//! The Lambda Runtime API of one process.
//!
//! The handlers decide nothing: each hands its call to the sandbox, which owns
//! the state, and passes the answer on. Every process has its own server, so
//! that a call of a dead process can't reach its successor.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::PAYLOAD_BYTES_MAX;

/// Calls that wait for the sandbox; a runtime makes one at a time.
const CALLS_MAX: usize = 8;
const ERROR_BYTES_MAX: usize = 256 * 1024;

/// An event on its way to the process.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    /// Unix time in milliseconds.
    pub(super) deadline_ms: u128,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
}

/// What the process reports when something failed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ErrorReport {
    pub(super) error_type: String,
    pub(super) error_message: String,
}

/// How an invocation ended, by the process's own account.
#[derive(Debug)]
pub(super) enum Outcome {
    Response(Bytes),
    Error(ErrorReport),
    TooLarge,
}

/// Whether a call fits the state of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    /// No such invocation is under way.
    UnknownRequest,
}

/// A call of the process.
#[derive(Debug)]
pub(super) enum Call {
    Next(oneshot::Sender<Delivery>),
    Finish { request_id: String, outcome: Outcome, verdict: oneshot::Sender<Verdict> },
    InitError(ErrorReport),
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Api {
    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(super) address: String,
    pub(super) calls: mpsc::Receiver<Call>,
    server: JoinHandle<()>,
}

impl Api {
    pub(super) async fn start() -> Result<Self, std::io::Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (sender, calls) = mpsc::channel(CALLS_MAX);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(sender);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "runtime API failed");
            }
        });
        Ok(Self { address, calls, server })
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(calls): State<mpsc::Sender<Call>>) -> Response {
    let (sender, delivery) = oneshot::channel();
    if calls.send(Call::Next(sender)).await.is_err() {
        return gone();
    }
    let Ok(delivery) = delivery.await else {
        return gone();
    };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", delivery.request_id),
        ("lambda-runtime-deadline-ms", delivery.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", delivery.function_arn),
        ("lambda-runtime-trace-id", delivery.trace_id),
    ];
    (headers, delivery.payload).into_response()
}

async fn response(State(calls): State<mpsc::Sender<Call>>, Path(request_id): Path<String>, body: Body) -> Response {
    let (outcome, status) = match to_bytes(body, PAYLOAD_BYTES_MAX).await {
        Ok(bytes) => (Outcome::Response(bytes), StatusCode::ACCEPTED),
        Err(_) => (Outcome::TooLarge, StatusCode::PAYLOAD_TOO_LARGE),
    };
    finish(&calls, request_id, outcome, status).await
}

async fn error(
    State(calls): State<mpsc::Sender<Call>>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let outcome = Outcome::Error(read_report(&headers, body).await);
    finish(&calls, request_id, outcome, StatusCode::ACCEPTED).await
}

async fn init_error(State(calls): State<mpsc::Sender<Call>>, headers: HeaderMap, body: Body) -> Response {
    let report = read_report(&headers, body).await;
    match calls.send(Call::InitError(report)).await {
        Ok(()) => accepted(StatusCode::ACCEPTED),
        Err(_) => gone(),
    }
}

async fn finish(calls: &mpsc::Sender<Call>, request_id: String, outcome: Outcome, status: StatusCode) -> Response {
    let (sender, verdict) = oneshot::channel();
    let call = Call::Finish { request_id, outcome, verdict: sender };
    if calls.send(call).await.is_err() {
        return gone();
    }
    match verdict.await {
        Ok(Verdict::Accepted) => accepted(status),
        Ok(Verdict::UnknownRequest) => {
            let body = r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#;
            (StatusCode::BAD_REQUEST, body).into_response()
        }
        Err(_) => gone(),
    }
}

/// The report in the body, or at least the type in the header.
async fn read_report(headers: &HeaderMap, body: Body) -> ErrorReport {
    let body = to_bytes(body, ERROR_BYTES_MAX).await.unwrap_or_default();
    let mut report: ErrorReport = serde_json::from_slice(&body).unwrap_or_default();
    if report.error_type.is_empty() {
        headers
            .get("lambda-runtime-function-error-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("Runtime.Unknown")
            .clone_into(&mut report.error_type);
    }
    report
}

fn accepted(status: StatusCode) -> Response {
    (status, r#"{"status":"OK"}"#).into_response()
}

/// The sandbox has given this process up.
fn gone() -> Response {
    StatusCode::GONE.into_response()
}

/// A trace id of the form that the service uses; nothing is sampled.
pub(super) fn trace_id(now: Duration) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("Root=1-{:08x}-{};Parent={};Sampled=0", now.as_secs(), &random[..24], &random[16..])
}
