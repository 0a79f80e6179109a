//! The Runtime API with a real function process.

use std::time::{Duration, Instant};

use crate::support::{TempDir, eventually, example, kill_9};
use bytes::Bytes;
use saring_local::runtime::{Function, FunctionError, FunctionLog, FunctionOptions, InvokeError, PAYLOAD_BYTES_MAX};
use serde_json::{Value, json};

fn options() -> FunctionOptions {
    let mut options = FunctionOptions::new("probe", example("handler"));
    options.log = FunctionLog::Discard;
    options
}

/// An event whose only record has this body.
fn event(body: &str) -> Bytes {
    let record = json!({"messageId": "m-1", "body": body, "eventSource": "aws:sqs"});
    Bytes::from(json!({ "Records": [record] }).to_string())
}

async fn invoke(function: &Function, body: &str) -> Result<Value, InvokeError> {
    let response = function.invoke(event(body)).await?;
    Ok(serde_json::from_slice(&response).unwrap())
}

async fn assert_works(function: &Function) {
    let response = invoke(function, "ok").await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": []}));
}

#[tokio::test]
async fn a_function_gets_what_lambda_gives_it() {
    let mut options = options();
    options.env.insert("OWN".to_owned(), "mine".to_owned());
    options.memory_mib = 512;
    let function = Function::spawn(options).unwrap();
    function.ready().await.unwrap();
    let seen = invoke(&function, "describe").await.unwrap();
    assert_eq!(seen["record"]["messageId"], "m-1");
    assert_eq!(seen["arn"], "arn:aws:lambda:ap-southeast-3:000000000000:function:probe");
    assert_eq!(seen["request_id"].as_str().unwrap().len(), 36);
    assert!(seen["trace_id"].as_str().unwrap().starts_with("Root=1-"));
    assert_eq!((&seen["memory"], &seen["name"]), (&json!(512), &json!("probe")));
    assert_eq!((&seen["own"], &seen["leaked"]), (&json!("mine"), &Value::Null));
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let left = u128::from(seen["deadline_ms"].as_u64().unwrap()) - now;
    assert!((20_000..=30_000).contains(&left), "{left}");
    function.shutdown().await;
    assert!(function.process_ids().is_empty());
    let stopped = invoke(&function, "ok").await.unwrap_err();
    assert!(matches!(stopped, InvokeError::Stopped { .. }), "{stopped}");
}

#[tokio::test]
async fn a_handler_that_fails_keeps_its_process() {
    let function = Function::spawn(options()).unwrap();
    let error = invoke(&function, "error tabel penuh").await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, InvokeError::Handler { .. }), "{text}");
    assert!(text.ends_with("tabel penuh"), "{text}");
    let error = invoke(&function, "panic").await.unwrap_err();
    assert!(matches!(error, InvokeError::Handler { .. }), "{error}");
    assert_works(&function).await;
    let counters = function.counters();
    assert_eq!((counters.succeeded, counters.failed), (1, 2));
    assert_eq!(counters.processes_started, 1);
}

#[tokio::test]
async fn a_process_killed_in_an_invocation_fails_it_and_is_replaced() {
    let function = Function::spawn(options()).unwrap();
    function.ready().await.unwrap();
    let first = function.process_ids();
    let started = Instant::now();
    let (result, ()) = tokio::join!(invoke(&function, "sleep 20000"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        kill_9(first[0]);
    });
    let error = result.unwrap_err();
    assert!(matches!(error, InvokeError::Exited { .. }), "{error}");
    assert!(error.to_string().contains("SIGKILL"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_works(&function).await;
    assert_ne!(function.process_ids(), first);
}

#[tokio::test]
async fn a_process_killed_between_invocations_costs_none() {
    let function = Function::spawn(options()).unwrap();
    for _ in 0..3 {
        assert_works(&function).await;
        kill_9(function.process_ids()[0]);
        let started = function.counters().processes_started;
        eventually("the process is replaced", || async { function.counters().processes_started > started }).await;
    }
    assert_works(&function).await;
    assert_eq!(function.counters().failed, 0);
}

#[tokio::test]
async fn a_process_that_exits_by_itself_is_replaced() {
    let function = Function::spawn(options()).unwrap();
    let error = invoke(&function, "exit 7").await.unwrap_err();
    assert!(error.to_string().contains("exit status: 7"), "{error}");
    assert_works(&function).await;
}

#[tokio::test]
async fn an_invocation_that_takes_too_long_is_ended_with_its_process() {
    let mut options = options();
    options.timeout = Duration::from_millis(300);
    let function = Function::spawn(options).unwrap();
    function.ready().await.unwrap();
    let first = function.process_ids();
    let error = invoke(&function, "sleep 20000").await.unwrap_err();
    assert!(matches!(error, InvokeError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("300 ms"), "{error}");
    assert!(!std::path::Path::new(&format!("/proc/{}", first[0])).exists());
    assert_works(&function).await;
    assert_ne!(function.process_ids(), first);
}

#[tokio::test]
async fn as_many_events_run_at_once_as_there_are_processes() {
    let mut options = options();
    options.concurrency = 3;
    let function = Function::spawn(options).unwrap();
    eventually("three processes serve", || async {
        let started = Instant::now();
        let all = tokio::join!(
            invoke(&function, "sleep 400"),
            invoke(&function, "sleep 400"),
            invoke(&function, "sleep 400")
        );
        assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
        started.elapsed() < Duration::from_millis(800)
    })
    .await;
    assert_eq!(function.counters().processes_started, 3);
}

#[tokio::test]
async fn a_function_that_does_not_start_says_why_in_one_line() {
    let dir = TempDir::new();
    let mut options = options();
    let log = dir.file("function.log");
    options.log = FunctionLog::File(log.clone());
    let reason = "model.onnx\ntidak cocok";
    options.env.insert("FAIL_INIT".to_owned(), reason.to_owned());
    let function = Function::spawn(options).unwrap();
    let expected = "function probe does not start: \
                    exit status: 3: Error: model.onnx tidak cocok";
    assert_eq!(function.ready().await.unwrap_err().to_string(), expected);
    // Events fail with the same reason instead of waiting.
    let error = invoke(&function, "ok").await.unwrap_err();
    assert_eq!(error.to_string(), expected);
    let logged = std::fs::read_to_string(log).unwrap();
    assert!(logged.starts_with("Error: model.onnx\ntidak cocok\n"), "{logged}");
    // It is tried again, but not in a tight loop.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let processes = function.counters().processes_started;
    assert!((2..=6).contains(&processes), "{processes}");
    function.shutdown().await;
}

#[tokio::test]
async fn a_function_that_hangs_at_its_start_is_given_up() {
    let mut options = options();
    options.env.insert("HANG_INIT".to_owned(), "1".to_owned());
    options.init_timeout = Duration::from_millis(200);
    let function = Function::spawn(options).unwrap();
    let error = function.ready().await.unwrap_err().to_string();
    assert!(error.ends_with("it asked for no event in 200 ms"), "{error}");
}

#[tokio::test]
async fn payloads_have_a_limit() {
    let function = Function::spawn(options()).unwrap();
    let large = Bytes::from(vec![b' '; PAYLOAD_BYTES_MAX + 1]);
    let error = function.invoke(large).await.unwrap_err();
    assert!(matches!(error, InvokeError::PayloadTooLarge { .. }), "{error}");
    let large = format!("large {PAYLOAD_BYTES_MAX}");
    let error = invoke(&function, &large).await.unwrap_err();
    assert!(matches!(error, InvokeError::PayloadTooLarge { .. }), "{error}");
    assert_works(&function).await;
}

#[tokio::test]
async fn a_shutdown_lets_a_running_invocation_end() {
    let function = Function::spawn(options()).unwrap();
    function.ready().await.unwrap();
    let (result, ()) = tokio::join!(invoke(&function, "sleep 500"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        function.shutdown().await;
    });
    assert_eq!(result.unwrap(), json!({"batchItemFailures": []}));
}

#[tokio::test]
async fn an_impossible_function_is_refused() {
    let missing = Function::spawn(FunctionOptions::new("probe", "/tidak/ada"));
    assert!(matches!(missing, Err(FunctionError::Binary { .. })), "{missing:?}");
    let mut none = options();
    none.concurrency = 0;
    let none = Function::spawn(none);
    assert!(matches!(none, Err(FunctionError::Concurrency { .. })), "{none:?}");
}
