//! Queues and what is invoked by them.

use serde_json::Value;

use crate::facts::{Bound, Facts, list, named, object, strings};

/// Lambda may try a batch several times before the queue shows it again.
const VISIBILITY_FACTOR: u64 = 6;
/// Below this, a short fault of the table makes dead letters.
const RECEIVES_MIN: u64 = 5;

/// Event sources of a kind: function, event and their properties.
fn sources<'a>(facts: &'a Facts, kinds: &[&str]) -> Vec<(&'a str, &'a Value, &'a Value)> {
    let mut found = Vec::new();
    for (function, properties) in facts.functions() {
        for event in object(&properties["Events"]).values() {
            if kinds.iter().any(|kind| event["Type"] == *kind) {
                found.push((function, properties, &event["Properties"]));
            }
        }
    }
    assert!(!found.is_empty(), "the template has event sources of {kinds:?}");
    found
}

/// For every value that the parameters allow.
pub(crate) fn visibility_outlasts_the_function(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    for (function, properties, event) in sources(facts, &["SQS"]) {
        let queue = named(&event["Queue"]).expect("a mapping names its queue");
        let longest = facts.number(facts.of_function(properties, "Timeout"), Bound::Most);
        let window = facts.number(&event["MaximumBatchingWindowInSeconds"], Bound::Most);
        let hidden = facts.number(&facts.properties(&queue)["VisibilityTimeout"], Bound::Least);
        let (Some(longest), Some(window), Some(hidden)) = (longest, window, hidden) else {
            findings.push(format!("{function}: a time has no bound"));
            continue;
        };
        let needed = VISIBILITY_FACTOR * longest + window;
        if hidden < needed {
            findings.push(format!("{queue} may hide messages for {hidden} s, {function} needs {needed} s"));
        }
    }
    findings
}

pub(crate) fn failures_are_reported_by_item(facts: &Facts) -> Vec<String> {
    let all = sources(facts, &["SQS", "DynamoDB", "Kinesis"]).into_iter();
    all.filter(|(_, _, event)| !strings(&event["FunctionResponseTypes"]).contains(&"ReportBatchItemFailures"))
        .map(|(function, ..)| format!("{function}: without ReportBatchItemFailures, failed items are lost"))
        .collect()
}

pub(crate) fn mappings_are_bounded(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    for (function, _, event) in sources(facts, &["SQS"]) {
        let concurrency = facts.number(&event["ScalingConfig"]["MaximumConcurrency"], Bound::Most);
        if !concurrency.is_some_and(|most| (2..=1000).contains(&most)) {
            findings.push(format!("{function}: MaximumConcurrency is not within 2 and 1000"));
        }
        let batch = facts.number(&event["BatchSize"], Bound::Most).unwrap_or(u64::MAX);
        let window = facts.number(&event["MaximumBatchingWindowInSeconds"], Bound::Least).unwrap_or(0);
        if batch > 10 && window == 0 {
            findings.push(format!("{function}: batches above 10 need a window"));
        }
    }
    for (function, _, event) in sources(facts, &["DynamoDB"]) {
        if event["MaximumRetryAttempts"].as_i64().is_none_or(|tries| tries < 0) {
            findings.push(format!("{function}: one bad entry would stop the stream for a day"));
        }
        if named(&event["DestinationConfig"]["OnFailure"]["Destination"]).is_none() {
            findings.push(format!("{function}: entries that fail are lost without a destination"));
        }
    }
    findings
}

pub(crate) fn queues_have_dead_letters(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    let queues = facts.resources("AWS::SQS::Queue");
    let watched: Vec<String> = facts
        .resources("AWS::CloudWatch::Alarm")
        .iter()
        .filter(|(_, alarm)| alarm["MetricName"] == "ApproximateNumberOfMessagesVisible" && alarm["Threshold"] == 0)
        .flat_map(|(_, alarm)| list(&alarm["Dimensions"]).iter().filter_map(|d| named(&d["Value"])))
        .collect();
    for (name, queue) in &queues {
        let Some(redrive) = queue.get("RedrivePolicy") else {
            if !name.ends_with("Dead") {
                findings.push(format!("{name} has no dead-letter queue"));
            } else if !watched.iter().any(|w| w == name) {
                findings.push(format!("{name} has no alarm on its first message"));
            }
            continue;
        };
        let target = named(&redrive["deadLetterTargetArn"]);
        let Some((dead, letters)) = queues.iter().find(|(n, _)| Some((*n).to_owned()) == target) else {
            findings.push(format!("{name}: its dead-letter queue is not in the template"));
            continue;
        };
        if facts.number(&redrive["maxReceiveCount"], Bound::Least).is_none_or(|count| count < RECEIVES_MIN) {
            findings.push(format!("{name}: fewer than {RECEIVES_MIN} deliveries"));
        }
        if queue["FifoQueue"] != letters["FifoQueue"] {
            findings.push(format!("{name} and {dead} are not both FIFO"));
        }
        // A letter keeps the age of its message.
        let kept = facts.number(&letters["MessageRetentionPeriod"], Bound::Least).unwrap_or(0);
        if facts.number(&queue["MessageRetentionPeriod"], Bound::Most).is_none_or(|waits| waits >= kept) {
            findings.push(format!("{dead} must keep messages longer than {name}"));
        }
    }
    findings
}
