//! State that outlives its host, also one that is killed.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::{TempDir, create_queue, eventually, example, receive, receive_count, sqs};
use aws_sdk_sqs::types::QueueAttributeName;
use saring_local::HostError;
use saring_local::queue::{QueueHost, QueueHostOptions};

fn options(dir: &TempDir) -> QueueHostOptions {
    QueueHostOptions { location: dir.location("queues.db"), ..QueueHostOptions::default() }
}

#[tokio::test]
async fn a_dropped_host_leaves_everything_for_the_next() {
    let dir = TempDir::new();
    let host = QueueHost::start(options(&dir)).await.unwrap();
    let client = sqs(host.endpoint());
    let timeout = [(QueueAttributeName::VisibilityTimeout, "0")];
    let url = create_queue(&client, "reports", &timeout).await;
    for body in ["a", "b"] {
        let send = client.send_message().queue_url(&url).message_body(body);
        send.send().await.unwrap();
    }
    let first = receive(&client, &url).await;
    drop(host);

    let host = QueueHost::start(options(&dir)).await.unwrap();
    let client = sqs(host.endpoint());
    // The old address still names the queue, although the port is another.
    let again = receive(&client, &url).await;
    let bodies: HashSet<_> = again.iter().filter_map(|m| m.body()).collect();
    assert_eq!(bodies, HashSet::from(["a", "b"]));
    assert!(again.iter().all(|message| receive_count(message) == 2));
    assert_ne!(first[0].receipt_handle, again[0].receipt_handle);
    host.shutdown().await;
}

#[tokio::test]
async fn a_file_has_one_host() {
    let dir = TempDir::new();
    let _host = QueueHost::start(options(&dir)).await.unwrap();
    let second = QueueHost::start(options(&dir)).await;
    assert!(matches!(second, Err(HostError::Queues { .. })), "{second:?}");
}

#[tokio::test]
async fn a_file_that_is_none_is_a_clear_error() {
    let dir = TempDir::new();
    std::fs::write(dir.file("queues.db"), "bukan basis data ".repeat(100)).unwrap();
    let error = QueueHost::start(options(&dir)).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot open the queues in /"), "{error}");
}

/// A host in its own process, killed when the test ends.
struct Process {
    child: Child,
    endpoint: String,
}

impl Process {
    fn start(dir: &TempDir) -> Self {
        let mut command = Command::new(example("queue_host"));
        command.arg(dir.file("queues.db")).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut endpoint = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut endpoint).unwrap();
        let endpoint = endpoint.trim().to_owned();
        Self { child, endpoint }
    }

    /// `Child::kill` is SIGKILL.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_message_survives_kill_9() {
    const SENDERS: usize = 4;
    let dir = TempDir::new();
    let mut process = Process::start(&dir);
    let url = create_queue(&sqs(&process.endpoint), "reports", &[]).await;
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (endpoint, url) = (process.endpoint.clone(), url.clone());
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                let client = saring_local::queue::QueueClient::new(endpoint);
                // Until the host is killed under it.
                while let Ok(id) = client.send(&url, "laporan".to_owned()).await {
                    acknowledged.lock().unwrap().insert(id);
                }
            })
        })
        .collect();
    eventually("300 messages are acknowledged", || async { acknowledged.lock().unwrap().len() >= 300 }).await;
    process.kill();
    for sender in senders {
        sender.await.unwrap();
    }

    let process = Process::start(&dir);
    let client = sqs(&process.endpoint);
    let mut stored = HashSet::new();
    loop {
        let messages = receive(&client, &url).await;
        if messages.is_empty() {
            break;
        }
        stored.extend(messages.into_iter().filter_map(|m| m.message_id));
    }
    let acknowledged = acknowledged.lock().unwrap();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {}", acknowledged.len());
    // Each sender had at most one message under way without an answer.
    assert!(stored.len() <= acknowledged.len() + SENDERS);
}
