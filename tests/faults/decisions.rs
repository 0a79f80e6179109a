//! From the table's stream to the queue of decisions, with the real `notify` binary.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::process::Command;
use std::time::Duration;

use saring_domain::case::{Actor, CaseId, CaseStatus, Change, RejectReason, Resolution};
use saring_domain::report::Visibility;
use saring_local::Stack;
use saring_local::mapping::{StreamMapping, StreamOptions};
use saring_local::queue::{QueueHost, QueueHostOptions, QueueSpec};
use saring_local::runtime::{Function, FunctionLog, FunctionOptions};
use saring_local::table::{TableHost, TableHostOptions};
use saring_store::{BATCH_MESSAGES_MAX, Cases, EVENT_ID_ATTRIBUTE, Outgoing, PageRequest, TableConfig, verify};
use saring_tests::queue_client;
use serde_json::Value;

use crate::schema::{Schema, finds_damage};
use crate::support::{AT, eventually, held, report, root, scratch, settled, stack, target, tracking};

const REPORTS: usize = 200;

/// Everything on the queue, in the order in which it arrives, taken off it.
async fn take_all(stack: &Stack) -> Vec<Value> {
    let sqs = queue_client(stack.queue_endpoint());
    let mut all = Vec::new();
    loop {
        let receive = sqs.receive_message().queue_url(stack.decisions_url()).max_number_of_messages(10);
        let messages = receive.message_attribute_names("All").send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return all;
        }
        for message in messages {
            let body: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            let attribute = &message.message_attributes.as_ref().unwrap()[EVENT_ID_ATTRIBUTE];
            assert_eq!(attribute.string_value(), body["event_id"].as_str());
            all.push(body);
            let delete = sqs.delete_message().queue_url(stack.decisions_url());
            delete.set_receipt_handle(message.receipt_handle).send().await.unwrap();
        }
    }
}

async fn send(stack: &Stack, texts: &[String]) {
    let reports: Vec<_> = (0..REPORTS).map(|i| report(&format!("d-{i}"), &texts[i % texts.len()])).collect();
    for batch in reports.chunks(BATCH_MESSAGES_MAX) {
        let outgoing: Vec<Outgoing<'_>> = batch.iter().map(|report| Outgoing { report, tracking: None }).collect();
        assert!(stack.reports().send_batch(&outgoing).await.unwrap().is_empty());
    }
}

fn corpus() -> Vec<String> {
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).unwrap();
    let text = |line: &str| serde_json::from_str::<Value>(line).unwrap()["text"].as_str().unwrap().to_owned();
    // Reports of every kind: neighbours in the file are of one kind.
    corpus.lines().step_by(31).take(REPORTS).map(text).collect()
}

/// The first of each event; repeats must be equal, and versions of a case must rise.
fn distinct(messages: &[Value]) -> BTreeMap<String, Value> {
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    let mut versions: BTreeMap<&str, u64> = BTreeMap::new();
    for message in messages {
        let id = message["event_id"].as_str().unwrap();
        let version = message["case_version"].as_u64().unwrap();
        assert_eq!(id, format!("{}.{version}", message["case_id"].as_str().unwrap()));
        if let Some(known) = events.get(id) {
            assert_eq!(known, message, "the same event says something else");
            continue;
        }
        let before = versions.insert(message["report_id"].as_str().unwrap(), version);
        assert!(before.is_none_or(|before| before < version), "{id} came after version {before:?}");
        events.insert(id.to_owned(), message.clone());
    }
    events
}

fn kill_9(id: u32) {
    // The process may have ended by itself.
    Command::new("kill").args(["-9", &id.to_string()]).status().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_arrives_in_order_though_notify_is_killed_again_and_again() {
    let data = scratch("decisions");
    let log = data.join("functions.log");
    let stack = stack(|options| {
        options.data = Some(data.clone());
        options.log = FunctionLog::File(log.clone());
    })
    .await;
    let texts = corpus();
    send(&stack, &texts).await;
    let mut kills = 0;
    while kills < 8 && stack.counters().deleted < REPORTS as u64 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        if let Some(id) = stack.notify_process_ids().first() {
            kill_9(*id);
            kills += 1;
        }
    }
    settled(&stack).await;
    assert!(kills > 0, "notify was never killed");

    let schema = Schema::decision();
    let messages = take_all(&stack).await;
    let events = distinct(&messages);
    assert_eq!(events.len(), REPORTS, "{} messages", messages.len());
    for message in &messages {
        assert_eq!(schema.errors(message), Vec::<String>::new());
    }
    finds_damage(&schema, &messages[0]);
    let reports: HashSet<_> = events.values().map(|m| m["report_id"].as_str().unwrap()).collect();
    assert_eq!(reports.len(), REPORTS);
    assert_eq!(stack.dead_decisions().await.unwrap().visible, 0);
    println!(
        "{REPORTS} reports, {kills} kills, {} messages, {} distinct event ids, {} failed batches",
        messages.len(),
        events.len(),
        stack.stream_counters().failed
    );

    let changed = decide(&stack).await;
    settled(&stack).await;
    let later = take_all(&stack).await;
    let more = distinct(&later);
    assert_eq!(more.len(), changed, "locks and clocks are told to nobody");
    for (id, message) in &more {
        assert!(!events.contains_key(id));
        assert_eq!(schema.errors(message), Vec::<String>::new());
        let first = events.values().find(|m| m["case_id"] == message["case_id"]).unwrap();
        assert!(first["case_version"].as_u64() < message["case_version"].as_u64());
    }
    let statuses: BTreeSet<_> = more.values().map(|m| m["status"].as_str().unwrap()).collect();
    assert!(statuses.contains("rejected") && statuses.contains("published"), "{statuses:?}");
    assert!(more.values().any(|m| m["rejection"]["id"].as_str().is_some_and(|words| !words.is_empty())));

    erase_without_a_trace(&stack, &log, &texts, &messages).await;
    let findings = verify::all(stack.cases()).await.unwrap();
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
    stack.shutdown().await;
    std::fs::remove_dir_all(&data).ok();
}

/// Takes, decides and tightens what waits; returns how many changes said something new.
async fn decide(stack: &Stack) -> usize {
    let sari = Actor::parse("moderator:sari").unwrap();
    let page = stack.cases().review_queue(&PageRequest { items: 20, after: None }).await.unwrap();
    assert!(page.items.len() >= 4, "{} wait", page.items.len());
    let mut told = 0;
    for (at, case) in page.items.into_iter().enumerate() {
        let until = AT.unix_ms() + 60_000;
        let claim = Change::Claim { until: saring_domain::case::Timestamp::from_unix_ms(until) };
        let case = stack.cases().change(case.id(), case.version(), &claim, &sari, AT).await.unwrap();
        let secret = case.record().visibility == Visibility::Rahasia;
        let change = match at % 3 {
            0 if !secret => Change::Resolve(Resolution::Publish),
            1 => Change::Resolve(Resolution::Reject(RejectReason::Unclear)),
            _ if !secret => Change::Tighten(Visibility::Rahasia),
            _ => Change::Resolve(Resolution::Confidential),
        };
        let case = stack.cases().change(case.id(), case.version(), &change, &sari, AT).await.unwrap();
        told += 1;
        assert!(case.status() != CaseStatus::InReview || matches!(change, Change::Tighten(_)));
    }
    told
}

/// Erases a published and a held case: the consumer is told, and no text is anywhere outside the
/// stream's own window.
async fn erase_without_a_trace(stack: &Stack, log: &std::path::Path, texts: &[String], messages: &[Value]) {
    let operator = Actor::parse("operator:cli").unwrap();
    let of = |status: &str| messages.iter().find(|m| m["status"] == status).unwrap();
    for message in [of("published"), of("in_review")] {
        let id = CaseId::parse(message["case_id"].as_str().unwrap()).unwrap();
        stack.cases().erase(id, &operator, AT).await.unwrap();
    }
    settled(stack).await;
    let told = distinct(&take_all(stack).await);
    assert_eq!(told.len(), 2);
    for message in told.values() {
        assert_eq!(
            (message["status"].as_str(), message["reasons"].as_array().map(Vec::len)),
            (Some("erased"), Some(0))
        );
        assert_eq!(Schema::decision().errors(message), Vec::<String>::new());
    }
    let logs = std::fs::read_to_string(log).unwrap();
    assert!(logs.contains("screened"), "the log is written");
    let everything_told: String = messages.iter().chain(told.values()).map(Value::to_string).collect();
    for text in texts {
        let stretch: String = text.chars().skip(text.chars().count() / 3).take(24).collect();
        if stretch.chars().count() == 24 {
            assert!(!logs.contains(&stretch) && !everything_told.contains(&stretch), "text in logs or messages");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_nobody_can_read_becomes_a_dead_letter_and_the_others_go_on() {
    let table = TableHost::start(TableHostOptions::default()).await.unwrap();
    let cases = Cases::connect(&TableConfig::local("saring", table.endpoint())).await;
    cases.create_table().await.unwrap();
    let queues = QueueHost::start(QueueHostOptions::default()).await.unwrap();
    let decisions = queues.client().ensure_queue(&QueueSpec::new("decisions")).await.unwrap();
    let dead = queues.client().ensure_queue(&QueueSpec::new("decisions-dead")).await.unwrap();
    let mut notify = FunctionOptions::new("notify", target().join("notify"));
    notify.log = FunctionLog::Discard;
    let variables = [("SARING_DECISIONS_QUEUE_URL", decisions.as_str()), ("AWS_ENDPOINT_URL_SQS", queues.endpoint())];
    notify.env.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let notify = Function::spawn(notify).unwrap();
    notify.ready().await.unwrap();
    let mut options = StreamOptions::new("saring");
    options.retries_max = 2;
    options.dead_letter_url = Some(dead.clone());
    let mapping = StreamMapping::attach(&table, queues.client(), notify.clone(), options).unwrap();

    for seed in 1..=5 {
        let report = report(&format!("p-{seed}"), "Jalan rusak");
        cases.record_screening(&report, held(&report), tracking(seed), AT).await.unwrap();
        if seed == 2 {
            put_poison(table.endpoint()).await;
        }
    }
    eventually("the five decisions are there", || async {
        queues.client().depth(&decisions).await.unwrap().visible >= 5
    })
    .await;
    eventually("the poison is a dead letter", || async { queues.client().depth(&dead).await.unwrap().visible == 1 })
        .await;
    eventually("the stream is read", || async { mapping.counters().dead == 1 }).await;
    assert_eq!(notify.counters().failed, 0, "the function reports the entry and does not fail");
    mapping.shutdown().await;
    notify.shutdown().await;
    queues.shutdown().await;
    table.shutdown().await;
}

/// A case item that only damage can have made.
async fn put_poison(endpoint: &str) {
    let item = serde_json::json!({
        "TableName": "saring",
        "Item": { "pk": { "S": "case#0000000000000000" }, "sk": { "S": "case" }, "version": { "N": "1" } },
    });
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let request = hyper::Request::post(endpoint)
        .header("x-amz-target", "DynamoDB_20120810.PutItem")
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20261124/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20261124T000000Z")
        .body(http_body_util::Full::<hyper::body::Bytes>::from(item.to_string()))
        .unwrap();
    assert!(client.request(request).await.unwrap().status().is_success());
}
