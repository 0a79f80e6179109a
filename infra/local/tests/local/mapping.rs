//! From a queue to a real function process, with failures on the way.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::support::{Queues, TempDir, eventually, example, kill_9};
use saring_local::mapping::{Mapping, MappingError, MappingOptions, ResponseType};
use saring_local::queue::{DeadLetter, QueueHost, QueueHostOptions, QueueSpec};
use saring_local::runtime::{Function, FunctionLog, FunctionOptions};

/// A queue with its dead letters, a function, and what the function logs.
struct Stack {
    queues: Queues,
    url: String,
    dead: String,
    function: Function,
    dir: TempDir,
}

impl Stack {
    async fn start(concurrency: usize) -> Self {
        let dir = TempDir::new();
        let queues = Queues::start().await;
        let client = queues.host.client();
        let dead = client.ensure_queue(&QueueSpec::new("dead")).await.unwrap();
        let mut spec = QueueSpec::new("reports");
        spec.dead_letter = Some(DeadLetter { queue: "dead".to_owned(), receives_max: 3 });
        let url = client.ensure_queue(&spec).await.unwrap();
        let mut options = FunctionOptions::new("probe", example("handler"));
        options.log = FunctionLog::Discard;
        options.concurrency = concurrency;
        options.timeout = Duration::from_secs(5);
        let log = dir.file("log").display().to_string();
        options.env.insert("TEST_LOG".to_owned(), log);
        let function = Function::spawn(options).unwrap();
        function.ready().await.unwrap();
        Self { queues, url, dead, function, dir }
    }

    async fn attach(&self, change: impl FnOnce(&mut MappingOptions)) -> Mapping {
        let mut options = MappingOptions::new(&self.url);
        change(&mut options);
        let client = self.queues.host.client();
        let mapping = Mapping::attach(client, self.function.clone(), options);
        mapping.await.unwrap()
    }

    async fn send(&self, body: &str) -> String {
        self.queues.send(&self.url, body).await
    }

    async fn until_depth(&self, expected: [u64; 3]) {
        eventually(&format!("the queue has {expected:?}"), || async { self.queues.depth(&self.url).await == expected })
            .await;
    }

    /// How often the function logged each line.
    fn log(&self) -> HashMap<String, usize> {
        let log = std::fs::read_to_string(self.dir.file("log")).unwrap_or_default();
        let mut counts = HashMap::new();
        for line in log.lines() {
            *counts.entry(line.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Every batch fails until the dead-letter queue takes its messages.
    async fn assert_whole_batch_fails(&self, mapping: &Mapping, sent: usize) {
        let sent = sent as u64;
        for round in 1..=3_u64 {
            eventually(&format!("round {round} has failed"), || async { mapping.counters().failed == round * sent })
                .await;
            assert_eq!(self.queues.depth(&self.url).await, [0, sent, 0]);
            self.queues.clock.advance(Duration::from_secs(30));
        }
        eventually("the dead letters are there", || async { self.queues.depth(&self.dead).await == [sent, 0, 0] })
            .await;
        assert_eq!(mapping.counters().deleted, 0);
    }
}

#[tokio::test]
async fn processed_messages_are_deleted() {
    let stack = Stack::start(2).await;
    let mapping = stack.attach(|_| {}).await;
    for number in 0..50 {
        stack.send(&format!("laporan {number}")).await;
    }
    stack.until_depth([0, 0, 0]).await;
    eventually("all deletions are counted", || async { mapping.counters().deleted == 50 }).await;
    let counters = mapping.counters();
    assert_eq!((counters.received, counters.failed), (50, 0));
    assert_eq!(counters.invoked, stack.function.counters().succeeded);
    mapping.shutdown().await;
    let log = stack.log();
    assert!((0..50).all(|number| log[&format!("laporan {number}")] == 1));
}

#[tokio::test]
async fn only_reported_failures_stay_and_end_in_the_dead_letter_queue() {
    let stack = Stack::start(1).await;
    for body in ["a", "fail", "b"] {
        stack.send(body).await;
    }
    let mapping = stack.attach(|_| {}).await;
    for round in 1..=3 {
        eventually("the failure is reported", || async { mapping.counters().failed == round }).await;
        stack.until_depth([0, 1, 0]).await;
        stack.queues.clock.advance(Duration::from_secs(30));
    }
    stack.until_depth([0, 0, 0]).await;
    let dead = stack.queues.receive(&stack.dead).await;
    assert_eq!(dead[0].body(), Some("fail"));
    assert_eq!(mapping.counters().deleted, 2);
    let log = stack.log();
    assert_eq!((log["a"], log["b"], log["fail"]), (1, 1, 3));
    mapping.shutdown().await;
}

#[tokio::test]
async fn a_malformed_response_fails_the_whole_batch() {
    let stack = Stack::start(1).await;
    stack.send("good").await;
    let unknown = r#"respond {"batchItemFailures":[{"itemIdentifier":"lain"}]}"#;
    stack.send(unknown).await;
    let mapping = stack.attach(|_| {}).await;
    stack.assert_whole_batch_fails(&mapping, 2).await;
    mapping.shutdown().await;
}

#[tokio::test]
async fn an_error_fails_the_whole_batch() {
    let stack = Stack::start(1).await;
    stack.send("good").await;
    stack.send("error basis data").await;
    let mapping = stack.attach(|_| {}).await;
    stack.assert_whole_batch_fails(&mapping, 2).await;
    mapping.shutdown().await;
}

#[tokio::test]
async fn without_reported_failures_any_response_is_a_success() {
    let stack = Stack::start(1).await;
    stack.send("fail").await;
    let whole = |options: &mut MappingOptions| options.response_type = ResponseType::WholeBatch;
    let mapping = stack.attach(whole).await;
    stack.until_depth([0, 0, 0]).await;
    mapping.shutdown().await;
    assert_eq!(stack.queues.depth(&stack.dead).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_window_makes_larger_batches() {
    let stack = Stack::start(1).await;
    for number in 0..25 {
        stack.send(&format!("laporan {number}")).await;
    }
    let window = |options: &mut MappingOptions| {
        options.batch_size = 25;
        options.window = Duration::from_secs(1);
        options.concurrency = 1;
    };
    let mapping = stack.attach(window).await;
    stack.until_depth([0, 0, 0]).await;
    mapping.shutdown().await;
    assert_eq!(stack.log()["start 25"], 1);

    let client = stack.queues.host.client();
    let mut options = MappingOptions::new(&stack.url);
    options.batch_size = 11;
    let refused = Mapping::attach(client.clone(), stack.function.clone(), options).await;
    assert!(matches!(refused, Err(MappingError::OutOfRange { .. })));
    let missing = MappingOptions::new("http://localhost/0/lain");
    let refused = Mapping::attach(client, stack.function.clone(), missing).await;
    assert!(matches!(refused, Err(MappingError::Queue { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_killed_again_and_again_loses_nothing() {
    const MESSAGES: usize = 300;
    let stack = Stack::start(2).await;
    let mapping = stack.attach(|options| options.concurrency = 3).await;
    for number in 0..MESSAGES {
        stack.send(&format!("sleep 2 {number}")).await;
    }
    let mut kills = 0;
    eventually("every message has ended", || {
        if kills < 6 {
            if let Some(&id) = stack.function.process_ids().first() {
                kill_9(id);
            }
            kills += 1;
        }
        // What a killed process held comes back.
        stack.queues.clock.advance(Duration::from_secs(1));
        async { stack.queues.depth(&stack.url).await == [0, 0, 0] }
    })
    .await;
    mapping.shutdown().await;
    let done: HashSet<_> = stack.log().into_keys().collect();
    let [dead, ..] = stack.queues.depth(&stack.dead).await;
    let processed = (0..MESSAGES).filter(|n| done.contains(&format!("sleep 2 {n}")));
    assert!(processed.count() + usize::try_from(dead).unwrap() >= MESSAGES);
    assert!(stack.function.counters().processes_started > 2);
}

#[tokio::test]
async fn a_mapping_survives_a_restart_of_its_queue_host() {
    let dir = TempDir::new();
    let mut options = QueueHostOptions { location: dir.location("queues.db"), ..QueueHostOptions::default() };
    let host = QueueHost::start(options.clone()).await.unwrap();
    options.listen = host.endpoint()["http://".len()..].parse().unwrap();
    let client = host.client();
    let url = client.ensure_queue(&QueueSpec::new("reports")).await.unwrap();
    let mut function = FunctionOptions::new("probe", example("handler"));
    function.log = FunctionLog::Discard;
    let function = Function::spawn(function).unwrap();
    let mapping = Mapping::attach(client.clone(), function, MappingOptions::new(&url));
    let mapping = mapping.await.unwrap();
    host.shutdown().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let host = QueueHost::start(options).await.unwrap();
    client.send(&url, "laporan".to_owned()).await.unwrap();
    eventually("the message is processed", || async { mapping.counters().deleted == 1 }).await;
    mapping.shutdown().await;
    host.shutdown().await;
}
