//! The example of a system that sends reports and fetches decisions, against the real stack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use saring_domain::case::{Actor, Change, RejectReason, Resolution, Timestamp};
use saring_domain::report::ReportId;
use saring_domain::trace::{Step, TraceParent};
use saring_local::Stack;
use saring_local::runtime::FunctionLog;
use saring_notify::resend;
use saring_store::{Decisions, PageRequest, QueueConfig, verify};
use serde_json::Value;

use crate::{drained, root, stack_with, target};

const REPORTS: usize = 80;

/// A directory with the state of a stack, the reports of a sender and its ledger.
pub(crate) struct Sender {
    pub(crate) directory: PathBuf,
    reports: usize,
}

impl Sender {
    pub(crate) fn new(name: &str, reports: usize) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&directory).ok();
        std::fs::create_dir_all(&directory).expect("the directory for tests is writable");
        let sender = Self { directory, reports };
        sender.write(reports);
        sender
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// The sender has so many reports.
    pub(crate) fn write(&self, reports: usize) {
        let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).expect("the corpus is there");
        let lines: Vec<_> = corpus.lines().take(reports).collect();
        std::fs::write(self.directory.join("reports.jsonl"), lines.join("\n")).expect("writable");
    }

    pub(crate) fn spawn(&self, more: &[&str]) -> Child {
        let variables = std::fs::read_to_string(self.state().join("local.env")).expect("the stack wrote its variables");
        Command::new(target().join("examples/intake"))
            .args([self.directory.join("reports.jsonl"), self.directory.join("ledger.jsonl")])
            .args(more)
            .envs(variables.lines().filter_map(|line| line.split_once('=')))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built with the tests")
    }

    /// Runs it to its end; returns what it said.
    pub(crate) async fn run(&self, more: &[&str]) -> String {
        let child = self.spawn(more);
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("no panic").expect("it ran");
        assert!(output.status.success(), "the sender failed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Every line of the ledger.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.directory.join("ledger.jsonl")).expect("there is a ledger");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is json")).collect()
    }

    /// What the ledger says last of each report is what the table says.
    pub(crate) async fn agrees(&self, stack: &Stack) {
        let mut events = BTreeSet::new();
        let mut latest: BTreeMap<String, Value> = BTreeMap::new();
        for line in self.ledger() {
            assert!(events.insert(line["event_id"].to_string()), "taken twice: {line}");
            latest.insert(line["report_id"].as_str().expect("a text").to_owned(), line);
        }
        assert_eq!(latest.len(), self.reports);
        for (report, line) in latest {
            let receipt = stack.cases().receipt(&ReportId::parse(&report).expect("an id")).await.expect("an answer");
            let case = stack.cases().case(receipt.expect("accepted").case).await.expect("an answer").expect("a case");
            let told = (line["case_version"].as_u64(), line["status"].as_str());
            assert_eq!(told, (Some(case.record().decided.version), Some(case.status().code())), "{report}");
            assert_eq!(line["case_id"], case.id().to_string(), "{report}");
        }
    }
}

fn moderator() -> Actor {
    Actor::parse("moderator:sari").expect("an actor")
}

/// Decides about some of what waits.
pub(crate) async fn decide(stack: &Stack, count: u16) {
    let page = stack.cases().review_queue(&PageRequest { items: count, after: None }).await.expect("an answer");
    assert!(!page.items.is_empty(), "nothing waits");
    for (at, case) in page.items.into_iter().enumerate() {
        let rejected = Change::Resolve(Resolution::Reject(RejectReason::Unclear));
        let change = if at % 2 == 0 { rejected } else { Change::Resolve(Resolution::Confidential) };
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let now = Timestamp::from_unix_ms(u64::try_from(clock).expect("before 9999"));
        stack.cases().change(case.id(), case.version(), &change, &moderator(), now).await.expect("a decision");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_learns_every_decision_once_though_it_is_killed_and_told_again() {
    let sender = Sender::new("intake", REPORTS);
    let log = sender.directory.join("functions.log");
    let stack = stack_with(|options| {
        options.data = Some(sender.state());
        options.log = FunctionLog::File(log.clone());
        let traced = [("SARING_TRACE_PERCENT", "100"), ("SARING_METRICS_NAMESPACE", "saring")];
        options.environment.extend(traced.map(|(name, value)| (name.to_owned(), value.to_owned())));
    })
    .await;
    for _ in 0..4 {
        let mut child = sender.spawn(&[]);
        tokio::time::sleep(Duration::from_millis(700)).await;
        child.kill().expect("it can be killed, or has ended");
        child.wait().expect("it has ended");
    }
    sender.run(&[]).await;
    drained(&stack).await;
    sender.agrees(&stack).await;
    decide(&stack, 10).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    sender.run(&[]).await;
    sender.agrees(&stack).await;
    assert!(sender.ledger().len() > REPORTS, "later decisions are in the ledger too");

    // Everything once more: repeats, which change nothing.
    let before = sender.ledger();
    let decisions = QueueConfig::local(stack.decisions_url(), stack.queue_endpoint());
    let sent = resend(stack.cases(), &Decisions::connect(&decisions).await, Timestamp::from_unix_ms(0)).await;
    assert_eq!(sent.expect("the queue answers"), REPORTS as u64);
    let said = sender.run(&[]).await;
    assert!(said.contains(" 0 new, 0 late"), "{said}");
    assert_eq!(sender.ledger(), before);
    assert_eq!(verify::all(stack.cases()).await.expect("the table answers").violations, BTreeSet::new());
    traced(&stack, &std::fs::read_to_string(&log).expect("there is a log")).await;
    stack.shutdown().await;
    std::fs::remove_dir_all(&sender.directory).ok();
}

/// Each case has one trace, from its screening to its decision, and the log counts the screenings.
async fn traced(stack: &Stack, log: &str) {
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let spans: Vec<&Value> = lines
        .iter()
        .map(|line| &line["resourceSpans"][0]["scopeSpans"][0]["spans"][0])
        .filter(|s| s.is_object())
        .collect();
    let screened: f64 = lines.iter().filter_map(|line| line["Screened"].as_f64()).sum();
    assert!((screened - REPORTS as f64).abs() < 0.5, "{screened} screenings were counted");
    let mut after = None;
    loop {
        let page = stack.cases().scan_cases(after).await.expect("the table answers");
        for case in &page.items {
            let place = |step| TraceParent::of(case.id(), step);
            let of = |step: Step| {
                let place = place(step);
                spans.iter().filter(move |s| s["traceId"] == place.trace_id() && s["spanId"] == place.span_id())
            };
            assert_eq!(of(Step::Screen).count(), 1, "{}", case.id());
            let told = of(Step::Notify).next().expect("the decision has a span");
            assert_eq!(told["parentSpanId"], place(Step::Screen).span_id());
        }
        after = page.next;
        if after.is_none() {
            return;
        }
    }
}
