//! In place of the network: whoever answers in this process what the SDK asks, on a clock of its own.
//! Everything above the wire stays what it is: the SDK's encoding, its retries and its time-outs.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::StalledStreamProtectionConfig;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use crate::cases::Cases;
use crate::config::{ATTEMPTS_MAX, LOCAL_REGION, QueueConfig, TableConfig, timeouts};
use crate::decisions::Decisions;
use crate::letters::DeadLetters;

/// What comes back for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer of the service.
    Said {
        /// Status of HTTP.
        status: u16,
        /// JSON.
        body: Vec<u8>,
    },
    /// The connection broke: whether the service did anything is not known.
    Broken,
}

/// An answer under way.
pub type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
/// A time that passes.
pub type Passing = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Answers requests and keeps the time.
pub trait Exchange: fmt::Debug + Send + Sync + 'static {
    /// Answers a request, such as `DynamoDB_20120810.GetItem`, with its JSON.
    fn answer(&self, operation: &str, body: &[u8]) -> Answering;
    /// Lets time pass.
    fn pass(&self, time: Duration) -> Passing;
    /// The moment.
    fn now(&self) -> SystemTime;
}

impl Cases {
    /// A client for a table that an exchange holds.
    #[must_use]
    pub fn through(exchange: &Arc<dyn Exchange>, config: &TableConfig) -> Self {
        let client = aws_sdk_dynamodb::config::Builder::from(&shared(exchange)).allow_no_auth().build();
        Self::with_client(aws_sdk_dynamodb::Client::from_conf(client), config)
    }
}

impl Decisions {
    /// A client for a queue that an exchange holds.
    #[must_use]
    pub fn through(exchange: &Arc<dyn Exchange>, url: &str) -> Self {
        Self::with_client(queue_client(exchange), url)
    }
}

impl DeadLetters {
    /// A client for a queue that an exchange holds.
    #[must_use]
    pub fn through(exchange: &Arc<dyn Exchange>, config: &QueueConfig) -> Self {
        Self::with_client(queue_client(exchange), config)
    }
}

fn queue_client(exchange: &Arc<dyn Exchange>) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::config::Builder::from(&shared(exchange)).allow_no_auth().build();
    aws_sdk_sqs::Client::from_conf(config)
}

fn shared(exchange: &Arc<dyn Exchange>) -> SdkConfig {
    let connector = SharedHttpConnector::new(Wire(Arc::clone(exchange)));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(LOCAL_REGION))
        .endpoint_url("http://exchange")
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .sleep_impl(SharedAsyncSleep::new(Wire(Arc::clone(exchange))))
        .time_source(SharedTimeSource::new(Wire(Arc::clone(exchange))))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts())
        // Without jitter: an exchange may be one that repeats itself exactly.
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_use_static_exponential_base(true))
        .build()
}

#[derive(Debug, Clone)]
struct Wire(Arc<dyn Exchange>);

impl AsyncSleep for Wire {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.0.pass(duration))
    }
}

impl TimeSource for Wire {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let answer = self.0.answer(operation, request.body().bytes().unwrap_or_default());
        HttpConnectorFuture::new(async move {
            match answer.await {
                Answer::Broken => Err(ConnectorError::io("the connection broke".into())),
                Answer::Said { status, body } => {
                    let status = status.try_into().map_err(|_| ConnectorError::io("no status of http".into()))?;
                    Ok(HttpResponse::new(status, SdkBody::from(body)))
                }
            }
        })
    }
}
