//! A function whose behaviour its events choose, for tests.
//!
//! Each record's body is an instruction; see [`act`].

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    if let Ok(reason) = std::env::var("FAIL_INIT") {
        eprintln!("Error: {reason}");
        std::process::exit(3);
    }
    if std::env::var_os("HANG_INIT").is_some() {
        std::future::pending::<()>().await;
    }
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<SqsEvent>) -> Result<Value, Error> {
    log(&format!("start {}", event.payload.records.len()))?;
    let mut failed = Vec::new();
    for record in &event.payload.records {
        if let Some(response) = act(record, &event).await? {
            return Ok(response);
        }
        if record.body.as_deref() == Some("fail") {
            failed.push(json!({"itemIdentifier": record.message_id}));
        }
    }
    for record in &event.payload.records {
        log(record.body.as_deref().unwrap_or_default())?;
    }
    Ok(json!({ "batchItemFailures": failed }))
}

/// Does what the body says; a response if that ends the whole batch.
async fn act(record: &SqsMessage, event: &LambdaEvent<SqsEvent>) -> Result<Option<Value>, Error> {
    let body = record.body.as_deref().unwrap_or_default();
    match body.split_once(' ').unwrap_or((body, "")) {
        ("error", message) => return Err(message.to_owned().into()),
        ("panic", _) => panic!("asked to"),
        // Milliseconds, and what tells it apart from others.
        ("sleep", rest) => {
            let millis = rest.split(' ').next().unwrap_or_default().parse()?;
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        ("exit", code) => std::process::exit(code.parse()?),
        // A response of this JSON.
        ("respond", json) => return Ok(Some(serde_json::from_str(json)?)),
        ("large", bytes) => return Ok(Some(Value::String("x".repeat(bytes.parse()?)))),
        ("describe", _) => return Ok(Some(describe(record, event))),
        _ => {}
    }
    Ok(None)
}

/// What reached the function, for the test to look at.
fn describe(record: &SqsMessage, event: &LambdaEvent<SqsEvent>) -> Value {
    let context = &event.context;
    json!({
        "record": record,
        "request_id": context.request_id,
        "arn": context.invoked_function_arn,
        "trace_id": context.xray_trace_id,
        "deadline_ms": context.deadline,
        "memory": context.env_config.memory,
        "name": context.env_config.function_name,
        "own": std::env::var("OWN").ok(),
        "leaked": std::env::var("CARGO_MANIFEST_DIR").ok(),
    })
}

/// A line in the file that the test reads, if there is one.
fn log(line: &str) -> Result<(), Error> {
    if let Ok(path) = std::env::var("TEST_LOG") {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // One write per line, so that processes don't mix theirs.
        file.write_all(format!("{line}\n").as_bytes())?;
    }
    Ok(())
}
