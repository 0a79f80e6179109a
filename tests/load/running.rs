//! The local stack with its real processes, the reports that are sent to it, and who waits for them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saring_domain::report::Report;
use saring_local::{Stack, StackOptions};
use saring_store::{Cases, Outgoing, Reports, verify};
use saring_tests::queue_client;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Lines of the corpus between one report's text and the next one's; it shares no factor with their number.
const APART: u64 = 53;
const PATIENCE: Duration = Duration::from_mins(20);

/// A report that was sent, by its number.
struct Due {
    id: String,
    from_start: Duration,
    at: Instant,
}

/// A report that was sent and told.
pub(crate) struct Told {
    /// When it was due, from the start of the load.
    pub(crate) due: Duration,
    /// How long after that its decision was on the decisions' queue.
    pub(crate) told_after: Duration,
}

/// Reports that are under way.
pub(crate) struct Sent(Vec<Due>);

/// When each report's first decision was received.
type Heard = Arc<Mutex<HashMap<String, Instant>>>;

pub(crate) struct Running {
    stack: Stack,
    reports: Reports,
    texts: Vec<String>,
    heard: Heard,
    listener: JoinHandle<()>,
    directory: PathBuf,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Texts of the sample corpus.
fn texts() -> Vec<String> {
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).unwrap();
    let row =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned();
    corpus.lines().map(row).collect()
}

/// Takes decisions off their queue as another system does.
async fn listen(sqs: aws_sdk_sqs::Client, url: String, heard: Heard) {
    loop {
        let receive = sqs.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(5);
        let Ok(received) = receive.send().await else { continue };
        let now = Instant::now();
        for message in received.messages.unwrap_or_default() {
            let body: serde_json::Value = serde_json::from_str(message.body().unwrap()).unwrap();
            heard.lock().unwrap().entry(body["report_id"].as_str().unwrap().to_owned()).or_insert(now);
            let handle = message.receipt_handle.unwrap();
            sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
        }
    }
}

impl Running {
    pub(crate) async fn start(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&directory).ok();
        let screen = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("screen");
        let library = std::env::var("ORT_DYLIB_PATH").map(PathBuf::from);
        let library = library.unwrap_or_else(|_| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0"));
        let mut options = StackOptions::new(&screen);
        options.data = Some(directory.clone());
        for (name, path) in [("SARING_MODELS", root().join("models")), ("ORT_DYLIB_PATH", library)] {
            options.environment.insert(name.to_owned(), path.to_str().unwrap().to_owned());
        }
        let stack = Stack::start(options).await.expect("the binaries are built with the tests");
        let heard = Heard::default();
        let sqs = queue_client(stack.queue_endpoint());
        let listener = tokio::spawn(listen(sqs, stack.decisions_url().to_owned(), Arc::clone(&heard)));
        Self { reports: stack.reports().clone(), texts: texts(), stack, heard, listener, directory }
    }

    pub(crate) fn cases(&self) -> &Cases {
        self.stack.cases()
    }

    /// Where the table is.
    pub(crate) fn table_file(&self) -> PathBuf {
        self.directory.join("table.db")
    }

    /// Processes of both functions.
    pub(crate) fn processes(&self) -> Vec<u32> {
        [self.stack.process_ids(), self.stack.notify_process_ids()].concat()
    }

    /// Sends so many reports, each when it is due.
    pub(crate) async fn send(&self, rate: u64, count: u64, round: u64) -> Sent {
        let began = Instant::now();
        let (mut sent, mut sending) = (Vec::new(), Vec::new());
        for number in 0..count {
            let due = Duration::from_secs_f64(number as f64 / rate as f64);
            // Spread over the corpus, so that each round has long texts and short ones.
            let text = &self.texts[(number * APART + round) as usize % self.texts.len()];
            let id = format!("l-{round}-{number}");
            let body = serde_json::json!({ "id": id, "text": text }).to_string();
            tokio::time::sleep_until(began + due).await;
            let reports = self.reports.clone();
            // The next one doesn't wait for this one's answer.
            sending.push(tokio::spawn(async move {
                let report = Report::from_json(body.as_bytes()).unwrap();
                reports.send(Outgoing { report: &report, tracking: None }).await.unwrap();
            }));
            sent.push(Due { id, from_start: due, at: began + due });
        }
        for task in sending {
            task.await.unwrap();
        }
        Sent(sent)
    }

    /// Waits until every report was told.
    pub(crate) async fn finish(&self, sent: Sent) -> Vec<Told> {
        let began = Instant::now();
        loop {
            let told: Vec<Told> = {
                let heard = self.heard.lock().unwrap();
                let told = |due: &Due| {
                    let at = heard.get(&due.id)?;
                    Some(Told { due: due.from_start, told_after: at.saturating_duration_since(due.at) })
                };
                sent.0.iter().filter_map(told).collect()
            };
            if told.len() == sent.0.len() {
                return told;
            }
            assert!(began.elapsed() < PATIENCE, "{} of {} reports were told", told.len(), sent.0.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the decisions on these reports were told.
    pub(crate) async fn told(&self, reports: &[String]) {
        let began = Instant::now();
        let waits = |heard: &HashMap<String, Instant>| reports.iter().any(|id| !heard.contains_key(id));
        while waits(&self.heard.lock().unwrap()) {
            assert!(began.elapsed() < PATIENCE, "not every decision was told");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Messages that wait or are being worked on.
    pub(crate) async fn behind(&self) -> u64 {
        let depth = self.stack.waiting().await.unwrap();
        depth.visible + depth.in_flight + depth.delayed
    }

    fn signal(&self, signal: &str) {
        for process in self.stack.process_ids() {
            let done = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
            assert!(done.success(), "process {process} takes {signal}");
        }
    }

    /// Its processes stand still, with whatever they are doing.
    pub(crate) fn stop_screening(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume_screening(&self) {
        self.signal("-CONT");
    }

    /// Nothing is broken, nothing was given up; stops.
    pub(crate) async fn proved(self) {
        let findings = verify::all(self.stack.cases()).await.unwrap();
        assert!(findings.violations.is_empty(), "{:?}", findings.violations);
        assert_eq!(self.stack.dead().await.unwrap().visible, 0, "no report was given up");
        self.listener.abort();
        self.stack.shutdown().await;
        std::fs::remove_dir_all(&self.directory).ok();
    }
}
