//! Messages per second on this machine: `cargo run --release --example throughput`.
//!
//! Queues in a file. Sends go through the real SDK; what is processed goes
//! through the mapping and the real processes of the example `handler`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use saring_local::mapping::{Mapping, MappingOptions};
use saring_local::queue::{QueueHost, QueueHostOptions, QueueSpec};
use saring_local::runtime::{Function, FunctionLog, FunctionOptions};
use saring_local::{Location, REGION};

const SENDERS: usize = 4;
const SINGLE_MESSAGES: usize = 8_000;
const BATCH_MESSAGES: usize = 40_000;
/// About the length of a report.
const BODY_BYTES: usize = 600;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn sdk(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

async fn send_single(sdk: aws_sdk_sqs::Client, url: String) -> Result<(), Error> {
    for _ in 0..SINGLE_MESSAGES / SENDERS {
        let send = sdk.send_message().queue_url(&url);
        send.message_body("x".repeat(BODY_BYTES)).send().await?;
    }
    Ok(())
}

async fn send_batches(sdk: aws_sdk_sqs::Client, url: String) -> Result<(), Error> {
    for _ in 0..BATCH_MESSAGES / SENDERS / 10 {
        let mut send = sdk.send_message_batch().queue_url(&url);
        for id in 0..10 {
            let entry = SendMessageBatchRequestEntry::builder().id(id.to_string());
            send = send.entries(entry.message_body("x".repeat(BODY_BYTES)).build()?);
        }
        send.send().await?;
    }
    Ok(())
}

async fn all<F>(what: &str, messages: usize, senders: Vec<F>) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let started = Instant::now();
    let tasks: Vec<_> = senders.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        task.await??;
    }
    report(what, messages, started.elapsed());
    Ok(())
}

fn report(what: &str, messages: usize, took: Duration) {
    let rate = messages as f64 / took.as_secs_f64();
    println!("{what}: {messages} messages in {took:.2?}: {rate:.0}/s");
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let file = std::env::temp_dir().join(format!("saring-throughput-{}.db", std::process::id()));
    let result = measure(&file).await;
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(PathBuf::from(format!("{}{suffix}", file.display()))).ok();
    }
    result
}

async fn measure(file: &std::path::Path) -> Result<(), Error> {
    let host =
        QueueHost::start(QueueHostOptions { location: Location::File(file.to_owned()), ..QueueHostOptions::default() })
            .await?;
    let client = host.client();
    let url = client.ensure_queue(&QueueSpec::new("reports")).await?;
    let sdk = sdk(host.endpoint());
    let single = (0..SENDERS).map(|_| send_single(sdk.clone(), url.clone()));
    all("SendMessage", SINGLE_MESSAGES, single.collect()).await?;
    let batches = (0..SENDERS).map(|_| send_batches(sdk.clone(), url.clone()));
    all("SendMessageBatch", BATCH_MESSAGES, batches.collect()).await?;

    let handler = std::env::current_exe()?.with_file_name("handler");
    let mut options = FunctionOptions::new("handler", handler);
    options.log = FunctionLog::Discard;
    options.concurrency = 2;
    let function = Function::spawn(options)?;
    function.ready().await?;
    let mut options = MappingOptions::new(&url);
    options.concurrency = 3;
    let started = Instant::now();
    let mapping = Mapping::attach(client.clone(), function.clone(), options).await?;
    let total = SINGLE_MESSAGES + BATCH_MESSAGES;
    while mapping.counters().deleted < total as u64 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    report("queue to function to deleted", total, started.elapsed());
    mapping.shutdown().await;
    function.shutdown().await;
    host.shutdown().await;
    Ok(())
}
