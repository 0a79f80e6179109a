//! The queues over HTTP: dispatch, waiting, errors on the wire.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::host::Stop;

use super::engine::Engine;
use super::error::QueueError;
use super::wire::{ReceiveMessageRequest, ReceiveMessageResponse};

/// Bytes of a request: a full batch, with every character escaped.
const REQUEST_BYTES_MAX: usize = 8 * 1_048_576;
/// How often a waiting receive looks again on its own: messages also appear
/// without being sent, when their time-out or delay ends.
const WAIT_TICK: Duration = Duration::from_millis(50);
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const TARGET_PREFIX: &str = "AmazonSQS.";

/// The queues, shared by all connections.
#[derive(Debug, Clone)]
pub(super) struct Service {
    engine: Arc<Mutex<Engine>>,
    stop: Stop,
}

impl Service {
    pub(super) fn new(engine: Engine, stop: Stop) -> Self {
        Self { engine: Arc::new(Mutex::new(engine)), stop }
    }

    pub(super) fn router(self) -> Router {
        // Some SDKs post to the queue's address, some to the root.
        Router::new()
            .route("/", post(handle))
            .route("/{account}/{queue}", post(handle))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(self)
    }

    /// Runs a step on a thread that may block: the database writes to disk.
    pub(super) async fn with_engine<R: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Engine) -> Result<R, QueueError> + Send + 'static,
    ) -> Result<R, QueueError> {
        let engine = Arc::clone(&self.engine);
        tokio::task::spawn_blocking(move || {
            // A panic in a step rolls its transaction back; the rest is sound.
            let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
            step(&mut engine)
        })
        .await?
    }

    async fn call(&self, operation: &str, body: Bytes) -> Result<Vec<u8>, QueueError> {
        match operation {
            "SendMessage" => self.run(body, Engine::send_message).await,
            "SendMessageBatch" => self.run(body, Engine::send_message_batch).await,
            "ReceiveMessage" => self.receive(body).await,
            "DeleteMessage" => self.run(body, Engine::delete_message).await,
            "DeleteMessageBatch" => self.run(body, Engine::delete_message_batch).await,
            "ChangeMessageVisibility" => self.run(body, Engine::change_message_visibility).await,
            "ChangeMessageVisibilityBatch" => self.run(body, Engine::change_message_visibility_batch).await,
            "CreateQueue" => self.run(body, Engine::create_queue).await,
            "GetQueueUrl" => self.run(body, Engine::get_queue_url).await,
            "ListQueues" => self.run(body, Engine::list_queues).await,
            "GetQueueAttributes" => self.run(body, Engine::get_queue_attributes).await,
            "SetQueueAttributes" => self.run(body, Engine::set_queue_attributes).await,
            "PurgeQueue" => self.run(body, Engine::purge_queue).await,
            other => Err(QueueError::UnsupportedOperation(other.to_owned())),
        }
    }

    async fn run<Q, R>(
        &self,
        body: Bytes,
        operation: fn(&mut Engine, &Q) -> Result<R, QueueError>,
    ) -> Result<Vec<u8>, QueueError>
    where
        Q: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        self.with_engine(move |engine| {
            let request = serde_json::from_slice(&body).map_err(QueueError::Malformed)?;
            write(&operation(engine, &request)?)
        })
        .await
    }

    /// Receives at once, or waits until there is a message, the wait is over,
    /// or the host stops. The wait is in real time, whatever the clock says:
    /// a client is waiting for it.
    async fn receive(&self, body: Bytes) -> Result<Vec<u8>, QueueError> {
        let request: Arc<ReceiveMessageRequest> =
            Arc::new(serde_json::from_slice(&body).map_err(QueueError::Malformed)?);
        let plan = Arc::clone(&request);
        let (queue, wait_s) = self.with_engine(move |engine| engine.plan_receive(&plan)).await?;
        let deadline = Instant::now() + Duration::from_secs(wait_s);
        loop {
            // Registered before looking, so that no arrival falls between.
            let mut arrival = std::pin::pin!(queue.arrivals.notified());
            arrival.as_mut().enable();
            let attempt = Arc::clone(&request);
            let response: ReceiveMessageResponse =
                self.with_engine(move |engine| engine.receive_message(&attempt)).await?;
            let now = Instant::now();
            if !response.messages.is_empty() || now >= deadline || self.stop.is_given() {
                return write(&response);
            }
            let tick = deadline.min(now + WAIT_TICK);
            tokio::select! {
                _ = timeout_at(tick, arrival) => {}
                () = self.stop.given() => {}
            }
        }
    }
}

async fn handle(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or(target);
    match service.call(operation, body).await {
        Ok(json) => (StatusCode::OK, [(header::CONTENT_TYPE, CONTENT_TYPE)], json).into_response(),
        Err(error) => refuse(&error, operation),
    }
}

fn refuse(error: &QueueError, operation: &str) -> Response {
    let fault = if error.is_sender_fault() {
        tracing::debug!(queue.operation = operation, error.code = error.code(), "refused");
        "Sender"
    } else {
        tracing::error!(queue.operation = operation, error = error as &dyn std::error::Error, "queue request failed");
        "Receiver"
    };
    let body = serde_json::json!({
        "__type": format!("com.amazonaws.sqs#{}", error.code()),
        "message": error.to_string(),
    });
    let query_error = format!("{};{fault}", error.query_code());
    let headers = [("content-type", CONTENT_TYPE), ("x-amzn-query-error", query_error.as_str())];
    (error.status(), headers, body.to_string()).into_response()
}

fn write<R: Serialize>(response: &R) -> Result<Vec<u8>, QueueError> {
    serde_json::to_vec(response).map_err(QueueError::Record)
}
