//! A small client of the same protocol, for what this crate itself does with
//! queues. It goes over HTTP like everyone, so that the queue host can be
//! another process.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::{
    Attributes, BatchRequest, BatchResponse, CreateQueueRequest, Empty, Entry, GetQueueAttributesRequest,
    GetQueueAttributesResponse, Message, OutgoingMessage, QueueUrlResponse, Receipt, ReceiveMessageRequest,
    ReceiveMessageResponse, SendMessageRequest, SentMessage, SetQueueAttributesRequest,
};

/// A request ends after this long: the longest wait of a receive, and ample.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// Bytes of an answer: ten of the largest messages, escaped.
const RESPONSE_BYTES_MAX: usize = 32 * 1_048_576;

/// Why a request to a queue host failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueClientError {
    /// The host can't be reached.
    #[error("cannot reach the queue host at {endpoint}")]
    Unreachable {
        /// The host's URL.
        endpoint: String,
        /// What the connection said.
        #[source]
        source: hyper_util::client::legacy::Error,
    },
    /// The request is not one that HTTP can carry: the endpoint is no URL.
    #[error("queue endpoint is not a URL")]
    Endpoint(#[from] hyper::http::Error),
    /// The connection broke, or the answer is too large.
    #[error("queue host's answer broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The host took too long.
    #[error("queue host did not answer in {} s", REQUEST_TIMEOUT.as_secs())]
    TimedOut(#[from] tokio::time::error::Elapsed),
    /// The answer, or the request, is not the JSON that it should be.
    #[error("queue host's answer is malformed")]
    Malformed(#[from] serde_json::Error),
    /// The host refused the request.
    #[error("queue host refused {operation}: {message}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// The error's name in the protocol.
        code: String,
        /// What the host said.
        message: String,
    },
}

/// A queue that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// Letters, digits, hyphens, underscores.
    pub name: String,
    /// How long a received message stays hidden. At least six times the
    /// time-out of the function that reads it.
    pub visibility_timeout: Duration,
    /// Where messages go that are received too often.
    pub dead_letter: Option<DeadLetter>,
}

impl QueueSpec {
    /// A queue with the service's defaults: 30 seconds, no dead letters.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), visibility_timeout: Duration::from_secs(30), dead_letter: None }
    }
}

/// The end of messages that nobody manages to process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Name of the dead-letter queue, which must exist.
    pub queue: String,
    /// Receives before a message goes there.
    pub receives_max: u32,
}

/// Messages in a queue, by state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    /// Can be received now.
    pub visible: u64,
    /// Received, neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that is not over.
    pub delayed: u64,
}

/// A connection pool to one queue host. Clones share it.
#[derive(Debug, Clone)]
pub struct QueueClient {
    http: Client<HttpConnector, Full<Bytes>>,
    endpoint: String,
}

impl QueueClient {
    /// A client of the host at this URL. Nothing is sent yet.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { http: Client::builder(TokioExecutor::new()).build(connector), endpoint: endpoint.into() }
    }

    /// Creates the queue, or gives it these settings if it exists; returns its URL.
    ///
    /// # Errors
    /// If the host refuses the settings or can't be reached.
    pub async fn ensure_queue(&self, spec: &QueueSpec) -> Result<String, QueueClientError> {
        let create = CreateQueueRequest { queue_name: spec.name.clone(), attributes: Attributes::new() };
        // Without attributes this is the URL of the queue as it is, or a new one.
        let created: Result<QueueUrlResponse, _> = self.call("CreateQueue", &create).await;
        let queue_url = created?.queue_url;
        let timeout_s = spec.visibility_timeout.as_secs().to_string();
        let mut attributes = Attributes::from([("VisibilityTimeout".to_owned(), timeout_s)]);
        let redrive = match &spec.dead_letter {
            Some(dead_letter) => self.redrive_policy(&queue_url, dead_letter).await?,
            None => String::new(),
        };
        attributes.insert("RedrivePolicy".to_owned(), redrive);
        let set = SetQueueAttributesRequest { queue_url, attributes };
        let Empty {} = self.call("SetQueueAttributes", &set).await?;
        Ok(set.queue_url)
    }

    async fn redrive_policy(&self, queue_url: &str, dead_letter: &DeadLetter) -> Result<String, QueueClientError> {
        let arn = self.arn(queue_url).await?;
        let prefix = arn.rsplit_once(':').map_or("", |(prefix, _)| prefix);
        Ok(serde_json::json!({
            "deadLetterTargetArn": format!("{prefix}:{}", dead_letter.queue),
            "maxReceiveCount": dead_letter.receives_max,
        })
        .to_string())
    }

    /// Sends one message; returns its id.
    ///
    /// # Errors
    /// If the host refuses the message or can't be reached. The message may
    /// have been stored if the answer was lost.
    pub async fn send(&self, queue_url: &str, body: String) -> Result<String, QueueClientError> {
        let request = SendMessageRequest {
            queue_url: queue_url.to_owned(),
            message: OutgoingMessage {
                message_body: body,
                delay_seconds: None,
                message_attributes: BTreeMap::new(),
                message_system_attributes: BTreeMap::new(),
            },
        };
        let sent: SentMessage = self.call("SendMessage", &request).await?;
        Ok(sent.message_id)
    }

    /// How many messages the queue holds.
    ///
    /// # Errors
    /// If the queue is absent or the host can't be reached.
    pub async fn depth(&self, queue_url: &str) -> Result<QueueDepth, QueueClientError> {
        let all = self.attributes(queue_url).await?;
        let count = |name: &str| all.get(name).and_then(|v| v.parse().ok()).unwrap_or(0);
        Ok(QueueDepth {
            visible: count("ApproximateNumberOfMessages"),
            in_flight: count("ApproximateNumberOfMessagesNotVisible"),
            delayed: count("ApproximateNumberOfMessagesDelayed"),
        })
    }

    /// The queue's ARN.
    pub(crate) async fn arn(&self, queue_url: &str) -> Result<String, QueueClientError> {
        let mut all = self.attributes(queue_url).await?;
        Ok(all.remove("QueueArn").unwrap_or_default())
    }

    async fn attributes(&self, queue_url: &str) -> Result<Attributes, QueueClientError> {
        let request =
            GetQueueAttributesRequest { queue_url: queue_url.to_owned(), attribute_names: vec!["All".to_owned()] };
        let response: GetQueueAttributesResponse = self.call("GetQueueAttributes", &request).await?;
        Ok(response.attributes)
    }

    /// Receives with all attributes.
    pub(crate) async fn receive(
        &self,
        queue_url: &str,
        messages_max: usize,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueClientError> {
        let all = vec!["All".to_owned()];
        let request = ReceiveMessageRequest {
            queue_url: queue_url.to_owned(),
            max_number_of_messages: i64::try_from(messages_max).ok(),
            wait_time_seconds: i64::try_from(wait.as_secs()).ok(),
            message_system_attribute_names: all.clone(),
            message_attribute_names: all,
            ..ReceiveMessageRequest::default()
        };
        let response: ReceiveMessageResponse = self.call("ReceiveMessage", &request).await?;
        Ok(response.messages)
    }

    /// Deletes up to ten messages; returns how many the host refused.
    pub(crate) async fn delete(&self, queue_url: &str, receipts: &[&str]) -> Result<usize, QueueClientError> {
        let entries = receipts.iter().enumerate().map(|(index, receipt)| Entry {
            id: index.to_string(),
            value: Receipt { receipt_handle: (*receipt).to_owned() },
        });
        let request = BatchRequest { queue_url: queue_url.to_owned(), entries: entries.collect() };
        let response: BatchResponse<Empty> = self.call("DeleteMessageBatch", &request).await?;
        Ok(response.failed.len())
    }

    async fn call<Q: Serialize, R: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: &Q,
    ) -> Result<R, QueueClientError> {
        let body = Full::from(serde_json::to_vec(request)?);
        let request = Request::post(format!("{}/", self.endpoint))
            .header("x-amz-target", format!("AmazonSQS.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(body)?;
        let exchange = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|source| QueueClientError::Unreachable { endpoint: self.endpoint.clone(), source })?;
            let status = response.status();
            let body = Limited::new(response.into_body(), RESPONSE_BYTES_MAX);
            let collected = body.collect().await.map_err(QueueClientError::Broken)?;
            Ok::<_, QueueClientError>((status, collected.to_bytes()))
        };
        let (status, body) = tokio::time::timeout(REQUEST_TIMEOUT, exchange).await??;
        if status.is_success() {
            return Ok(serde_json::from_slice(&body)?);
        }
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| error[name].as_str().unwrap_or("unknown").to_owned();
        Err(QueueClientError::Refused { operation, code: text("__type"), message: text("message") })
    }
}
