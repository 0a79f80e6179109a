//! Standard queues over the SQS JSON protocol, for the real SDKs.
//!
//! ```text
//! service (HTTP, waiting) ─▶ engine, messages (what an operation does) ─▶ storage (SQLite)
//! ```
//!
//! What is not emulated is refused, never ignored: FIFO queues, system
//! attributes on send, message move tasks, permissions, tags. Not emulated
//! silently: the limit of 120,000 messages in flight, and that a real queue
//! sometimes delivers a message twice by itself.

mod attributes;
mod client;
mod clock;
mod content;
mod engine;
mod error;
mod messages;
mod service;
mod storage;
pub(crate) mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::host::{HostError, Location, Stop, listen, stop_signal};

pub use client::{DeadLetter, QueueClient, QueueClientError, QueueDepth, QueueSpec};
pub use clock::{Clock, ManualClock, SystemClock};
pub use content::{MESSAGE_ATTRIBUTES_MAX, MESSAGE_BYTES_MAX};
pub use engine::BATCH_ENTRIES_MAX;
pub use error::QueueError;

use engine::Engine;
use service::Service;

/// How often messages past their retention are deleted from the file.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// How to start a [`QueueHost`].
#[derive(Debug, Clone)]
pub struct QueueHostOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the queues are kept.
    pub location: Location,
    /// The region in queue names.
    pub region: String,
    /// The time that visibility, delay and retention go by.
    pub clock: Arc<dyn Clock>,
}

impl Default for QueueHostOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            location: Location::Memory,
            region: crate::REGION.to_owned(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// A running queue service. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct QueueHost {
    endpoint: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl QueueHost {
    /// Opens the queues and serves them.
    ///
    /// # Errors
    /// If the address is taken, or the file can't be opened or is another host's.
    pub async fn start(options: QueueHostOptions) -> Result<Self, HostError> {
        let (listener, endpoint) = listen(options.listen).await?;
        let (sender, stop) = stop_signal();
        let service = open(&options, endpoint.clone(), stop.clone())
            .await
            .map_err(|source| HostError::Queues { location: options.location, source })?;
        let server = tokio::spawn(async move {
            let sweeper = tokio::spawn(sweep(service.clone(), stop.clone()));
            let served = axum::serve(listener, service.router()).with_graceful_shutdown(stop.given()).await;
            if let Err(error) = served {
                tracing::error!(%error, "queue host failed");
            }
            sweeper.abort();
        });
        Ok(Self { endpoint, stop: sender, server })
    }

    /// The URL for the SDKs.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A client of this host.
    #[must_use]
    pub fn client(&self) -> QueueClient {
        QueueClient::new(&self.endpoint)
    }

    /// Answers what is being asked, then closes the file.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.server.await {
            tracing::error!(%error, "queue host ended early");
        }
    }
}

async fn open(options: &QueueHostOptions, endpoint: String, stop: Stop) -> Result<Service, QueueError> {
    let (location, clock) = (options.location.clone(), Arc::clone(&options.clock));
    let region = options.region.clone();
    let engine = tokio::task::spawn_blocking(move || Engine::open(&location, clock, endpoint, region));
    Ok(Service::new(engine.await??, stop))
}

async fn sweep(service: Service, stop: Stop) {
    while !stop.is_given() {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match service.with_engine(Engine::sweep).await {
            Ok(0) => {}
            Ok(messages) => tracing::info!(queue.messages = messages, "retention ended"),
            Err(error) => tracing::error!(%error, "queue sweep failed"),
        }
    }
}
