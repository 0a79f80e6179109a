//! Reports through the local stack: the real release binary, bundle, queue and table.

mod disk;
mod drill;
mod intake;
mod rescreen;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use saring_domain::case::AuditAction;
use saring_domain::report::Report;
use saring_local::{Stack, StackOptions};
use saring_store::{BATCH_MESSAGES_MAX, Outgoing, PageRequest, verify};

const PATIENCE: Duration = Duration::from_mins(4);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are below the root").to_owned()
}

fn target() -> PathBuf {
    std::env::current_exe().expect("a test has a path").ancestors().nth(2).expect("deps is below release").to_owned()
}

fn library() -> PathBuf {
    let set = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    set.unwrap_or_else(|| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0"))
}

async fn stack() -> Stack {
    stack_with(|_| {}).await
}

async fn stack_with(change: impl FnOnce(&mut StackOptions)) -> Stack {
    let mut options = StackOptions::new(&target().join("screen"));
    options.visibility_timeout = Duration::from_secs(2);
    let models = ("SARING_MODELS".to_owned(), root().join("models").to_string_lossy().into_owned());
    let runtime = ("ORT_DYLIB_PATH".to_owned(), library().to_string_lossy().into_owned());
    options.environment.extend([models, runtime]);
    change(&mut options);
    Stack::start(options).await.expect("the stack starts; cargo xtask setup brings what it needs")
}

/// The first `count` texts of the sample corpus, over and over under ids of their own.
fn reports(count: usize) -> Vec<Report> {
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).expect("the corpus is there");
    let rows: Vec<serde_json::Value> =
        corpus.lines().map(|l| serde_json::from_str(l).expect("a row is json")).collect();
    let report = |i: usize| {
        let line = serde_json::json!({ "id": format!("flow-{i}"), "text": rows[i % rows.len()]["text"] });
        Report::from_json(line.to_string().as_bytes()).expect("a corpus row is a report")
    };
    (0..count).map(report).collect()
}

async fn send(stack: &Stack, reports: &[Report]) {
    for batch in reports.chunks(BATCH_MESSAGES_MAX) {
        let outgoing: Vec<Outgoing<'_>> = batch.iter().map(|report| Outgoing { report, tracking: None }).collect();
        assert_eq!(stack.reports().send_batch(&outgoing).await.expect("the queue answers"), Vec::<usize>::new());
    }
}

async fn drained(stack: &Stack) {
    let started = Instant::now();
    loop {
        let depth = stack.waiting().await.expect("the queue answers");
        if depth.visible + depth.in_flight + depth.delayed == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "the queue did not drain: {depth:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Each report has exactly one case, and the invariants hold.
async fn one_case_each(stack: &Stack, reports: &[Report]) -> verify::Findings {
    let mut cases = BTreeSet::new();
    for report in reports {
        let receipt = stack.cases().receipt(&report.id).await.expect("the table answers");
        let receipt = receipt.unwrap_or_else(|| panic!("report {} is lost", report.id));
        let case = stack.cases().case(receipt.case).await.expect("the table answers");
        assert!(case.is_some(), "report {} has no case", report.id);
        assert!(cases.insert(receipt.case.to_string()), "report {} shares a case", report.id);
    }
    let findings = verify::all(stack.cases()).await.expect("the table answers");
    assert_eq!(findings.violations, BTreeSet::new());
    assert_eq!(findings.cases, reports.len() as u64);
    assert_eq!(findings.pending, 0);
    findings
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_become_feed_rows_and_a_review_queue() {
    let stack = stack().await;
    let reports = reports(150);
    send(&stack, &reports).await;
    drained(&stack).await;
    let findings = one_case_each(&stack, &reports).await;
    assert!(findings.feed_rows > 0, "nothing was published");
    let page = stack.cases().review_queue(&PageRequest { items: 10, after: None }).await.expect("the table answers");
    assert!(!page.items.is_empty(), "nothing waits for review");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_function_loses_and_doubles_nothing() {
    let stack = stack().await;
    let reports = reports(1000);
    send(&stack, &reports).await;
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        for id in stack.process_ids() {
            // The process may have ended by itself in between.
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
    }
    drained(&stack).await;
    let dead = stack.dead().await.expect("the queue answers");
    assert_eq!(dead.visible, 0, "a report was given up");
    one_case_each(&stack, &reports).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_reaches_the_dead_letter_queue_and_the_others_go_on() {
    let stack = stack().await;
    let reports = reports(12);
    stack.queue().send(stack.reports_url(), "{\"id\": 7".to_owned()).await.expect("the queue takes anything");
    send(&stack, &reports).await;
    drained(&stack).await;
    assert_eq!(stack.dead().await.expect("the queue answers").visible, 1);
    one_case_each(&stack, &reports).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_id_is_one_report_and_another_text_is_refused_and_recorded() {
    let stack = stack().await;
    let report = |text: &str| {
        let line = serde_json::json!({ "id": "flow-twice", "text": text });
        Report::from_json(line.to_string().as_bytes()).expect("a report")
    };
    let first = report("Lampu jalan di depan Pasar Johar mati tiga malam, mohon diperbaiki.");
    let other = report("Sampah di depan Pasar Johar menumpuk seminggu, mohon diangkut.");
    send(&stack, std::slice::from_ref(&first)).await;
    drained(&stack).await;
    let receipt = stack.cases().receipt(&first.id).await.expect("the table answers").expect("the report has arrived");
    let before = stack.cases().case(receipt.case).await.expect("the table answers");
    send(&stack, std::slice::from_ref(&first)).await;
    drained(&stack).await;
    let calm = stack.cases().audit(receipt.case).await.expect("the table answers");
    assert!(calm.iter().all(|e| e.action != AuditAction::Conflict), "the same text was refused");
    send(&stack, &[other]).await;
    drained(&stack).await;
    assert_eq!(stack.cases().case(receipt.case).await.expect("the table answers"), before);
    let trail = stack.cases().audit(receipt.case).await.expect("the table answers");
    assert_eq!(trail.last().map(|e| e.action), Some(AuditAction::Conflict));
    assert_eq!(stack.dead().await.expect("the queue answers").visible, 0);
    one_case_each(&stack, &[first]).await;
    stack.shutdown().await;
}

#[test]
fn a_missing_library_or_a_corrupt_bundle_is_a_clear_error() {
    let scratch = std::env::temp_dir().join(format!("saring-flow-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("the temporary directory is writable");
    let screen = |models: &Path, library: &Path| {
        let output = Command::new(target().join("saring"))
            .args(["screen", "-"])
            .env("SARING_MODELS", models)
            .env("ORT_DYLIB_PATH", library)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("saring is built");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let models = root().join("models");
    let (ok, error) = screen(&models, &scratch.join("none.so"));
    assert!(!ok && error.contains("none.so"), "{error}");
    for file in ["policy.toml", "regions.csv", "agencies.toml"] {
        std::fs::copy(models.join(file), scratch.join(file)).expect("the file is there");
    }
    std::fs::write(scratch.join("current.toml"), "bundle = \"broken\"\n").expect("writable");
    let current = std::fs::read_to_string(models.join("current.toml")).expect("there is a current bundle");
    let name =
        current.lines().find_map(|l| l.strip_prefix("bundle = ")).expect("it names one").trim_matches('"').to_owned();
    let broken = scratch.join("bundles/broken");
    std::fs::create_dir_all(&broken).expect("writable");
    for file in ["model.toml", "model.onnx", "model.onnx.data", "tokenizer.json"] {
        std::fs::copy(models.join("bundles").join(&name).join(file), broken.join(file)).expect("the file is there");
    }
    let mut weights = std::fs::read(broken.join("model.onnx.data")).expect("readable");
    weights[4096] ^= 1;
    std::fs::write(broken.join("model.onnx.data"), weights).expect("writable");
    let (ok, error) = screen(&scratch, &library());
    assert!(!ok && error.contains("sha-256"), "{error}");
    std::fs::remove_dir_all(&scratch).expect("removable");
}
