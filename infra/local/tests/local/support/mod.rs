//! What the tests of this crate share.
#![allow(unreachable_pub, reason = "a part of one test binary")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use saring_local::queue::{ManualClock, QueueHost, QueueHostOptions};
use saring_local::{Location, REGION};

pub const START_MS: i64 = 1_700_000_000_000;

/// The real SDK without TLS.
pub fn sqs(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// A host in memory with a clock that the test moves, and the real SDK.
pub struct Queues {
    pub host: QueueHost,
    pub clock: ManualClock,
    pub sqs: aws_sdk_sqs::Client,
}

impl Queues {
    pub async fn start() -> Self {
        let clock = ManualClock::at(START_MS);
        let options = QueueHostOptions { clock: std::sync::Arc::new(clock.clone()), ..QueueHostOptions::default() };
        let host = QueueHost::start(options).await.unwrap();
        let sqs = sqs(host.endpoint());
        Self { host, clock, sqs }
    }

    pub async fn create(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
        create_queue(&self.sqs, name, attributes).await
    }

    pub async fn send(&self, url: &str, body: &str) -> String {
        let sent = self.sqs.send_message().queue_url(url).message_body(body);
        sent.send().await.unwrap().message_id.unwrap()
    }

    /// All that can be received now, at most ten.
    pub async fn receive(&self, url: &str) -> Vec<Message> {
        receive(&self.sqs, url).await
    }

    /// Visible, in flight, delayed.
    pub async fn depth(&self, url: &str) -> [u64; 3] {
        let depth = self.host.client().depth(url).await.unwrap();
        [depth.visible, depth.in_flight, depth.delayed]
    }
}

pub async fn create_queue(sqs: &aws_sdk_sqs::Client, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let attributes: HashMap<_, _> =
        attributes.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect();
    let create = sqs.create_queue().queue_name(name);
    let created = create.set_attributes(Some(attributes)).send().await;
    created.unwrap().queue_url.unwrap()
}

pub async fn receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    sqs.receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await
        .unwrap()
        .messages
        .unwrap_or_default()
}

pub fn receive_count(message: &Message) -> u32 {
    let name = MessageSystemAttributeName::ApproximateReceiveCount;
    message.attributes.as_ref().unwrap()[&name].parse().unwrap()
}

/// An example of this crate, which `cargo test` builds beside the tests.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo test -p saring-local` once without `--test`", path.display());
    path
}

/// A directory that is removed at the end of the test.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("saring-local-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn location(&self, name: &str) -> Location {
        Location::File(self.file(name))
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Waits until the condition holds; fails after ten seconds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let limit = std::time::Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(std::time::Instant::now() < limit, "not in 10 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Kills a process as a crash would.
pub fn kill_9(id: u32) {
    let status = std::process::Command::new("kill").args(["-9", &id.to_string()]).status().unwrap();
    assert!(status.success());
}
