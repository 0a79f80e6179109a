//! A table service that fails as it is told: it stands before the embedded one, counts calls, and
//! does one wrong thing at one of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Notify;

const TARGET: &str = "x-amz-target";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// One call is throttled.
    Throttle,
    /// Every call from there on is throttled, also those that the SDK tries again.
    Throttled,
    /// Every call from there on fails inside the service.
    Broken,
    /// One call gets no answer and does nothing.
    TimeOutBefore,
    /// One call gets no answer, but has its effect.
    TimeOutAfter,
    /// A transaction is cancelled by another one.
    Conflict,
    /// A transaction is cancelled by a condition that would have held.
    ConditionFailed,
    /// A reading shows what was there before.
    StaleRead,
    /// A reading finds nothing, as before the item was written.
    Missing,
    /// The function dies before the call.
    CrashBefore,
    /// The function dies after the call had its effect.
    CrashAfter,
}

impl Fault {
    pub(crate) const ALL: [Self; 11] = [
        Self::Throttle,
        Self::Throttled,
        Self::Broken,
        Self::TimeOutBefore,
        Self::TimeOutAfter,
        Self::Conflict,
        Self::ConditionFailed,
        Self::StaleRead,
        Self::Missing,
        Self::CrashBefore,
        Self::CrashAfter,
    ];

    /// Transactions are cancelled and readings are stale, not the other way round.
    pub(crate) fn can_happen_to(self, operation: &str) -> bool {
        match self {
            Self::Conflict | Self::ConditionFailed => operation == "TransactWriteItems",
            Self::StaleRead | Self::Missing => operation == "GetItem",
            _ => true,
        }
    }
}

/// Which call, and what goes wrong with it. Reports of a batch are recorded at the same time, so calls
/// are counted for each operation.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) operation: String,
    /// Which of its calls, counted from 0.
    pub(crate) step: usize,
    pub(crate) fault: Fault,
}

#[derive(Default)]
struct Inner {
    upstream: String,
    plan: Option<Plan>,
    /// Operations since the plan was made.
    calls: Vec<String>,
    /// Whether the planned call came.
    reached: bool,
    /// The last answer to each reading.
    seen: HashMap<String, Bytes>,
}

/// The service. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    inner: Arc<Mutex<Inner>>,
    /// Given when the function is to die.
    pub(crate) crash: Arc<Notify>,
    client: Client<HttpConnector, Full<Bytes>>,
}

enum Verdict {
    Forward,
    Answer(StatusCode, String),
    Silence,
    ForwardAndSilence,
    Crash,
    ForwardAndCrash,
    Stale(Bytes),
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let proxy = Self { endpoint, inner: Arc::default(), crash: Arc::default(), client };
        let router = axum::Router::new().fallback(answer).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    /// Stands before another table from now on.
    pub(crate) fn before(&self, upstream: &str) {
        *self.inner.lock().unwrap() = Inner { upstream: upstream.to_owned(), ..Inner::default() };
    }

    /// Counts from here, and fails as planned.
    pub(crate) fn plan(&self, plan: Option<Plan>) {
        let mut inner = self.inner.lock().unwrap();
        inner.plan = plan;
        inner.calls.clear();
        inner.reached = false;
    }

    /// Whether the planned call came.
    pub(crate) fn reached(&self) -> bool {
        self.inner.lock().unwrap().reached
    }

    /// The calls since the plan was made.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.inner.lock().unwrap().calls.clone()
    }

    fn judge(&self, operation: &str, body: &Bytes) -> Verdict {
        let mut inner = self.inner.lock().unwrap();
        let step = inner.calls.iter().filter(|call| *call == operation).count();
        inner.calls.push(operation.to_owned());
        let Some(plan) = inner.plan.clone() else { return Verdict::Forward };
        let lasting = inner.reached && matches!(plan.fault, Fault::Throttled | Fault::Broken);
        if !lasting && (operation != plan.operation || step != plan.step) {
            return Verdict::Forward;
        }
        inner.reached = true;
        let error = |status: StatusCode, code: &str, more: &str| {
            let name = format!("com.amazonaws.dynamodb.v20120810#{code}");
            Verdict::Answer(status, format!(r#"{{"__type":"{name}","message":"injected"{more}}}"#))
        };
        let cancelled = |reason: &str| {
            let more = format!(r#","CancellationReasons":[{{"Code":"{reason}","Message":"injected"}}]"#);
            error(StatusCode::BAD_REQUEST, "TransactionCanceledException", &more)
        };
        match plan.fault {
            Fault::Throttle | Fault::Throttled => {
                error(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", "")
            }
            Fault::Broken => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", ""),
            Fault::TimeOutBefore => Verdict::Silence,
            Fault::TimeOutAfter => Verdict::ForwardAndSilence,
            Fault::Conflict => cancelled("TransactionConflict"),
            Fault::ConditionFailed => cancelled("ConditionalCheckFailed"),
            Fault::StaleRead => {
                Verdict::Stale(inner.seen.get(&canonical(body)).cloned().unwrap_or(Bytes::from_static(b"{}")))
            }
            Fault::Missing => Verdict::Stale(Bytes::from_static(b"{}")),
            Fault::CrashBefore => Verdict::Crash,
            Fault::CrashAfter => Verdict::ForwardAndCrash,
        }
    }

    async fn forward(&self, operation: &str, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        let upstream = self.inner.lock().unwrap().upstream.clone();
        let mut request = hyper::Request::post(upstream).body(Full::new(body.clone())).unwrap();
        for name in [TARGET, "content-type", "authorization", "x-amz-date"] {
            if let Some(value) = headers.get(name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let (parts, answer) = self.client.request(request).await.unwrap().into_parts();
        let bytes = answer.collect().await.unwrap().to_bytes();
        if operation == "GetItem" && parts.status == StatusCode::OK {
            self.inner.lock().unwrap().seen.insert(canonical(&body), bytes.clone());
        }
        reply(parts.status, bytes)
    }
}

/// The SDK writes the fields of a key in any order.
fn canonical(body: &Bytes) -> String {
    let fields: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_slice(body).unwrap();
    let key: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_value(fields["Key"].clone()).unwrap();
    serde_json::to_string(&key).unwrap()
}

fn reply(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

/// No answer within any time that a caller waits.
async fn silence() -> Response<Body> {
    tokio::time::sleep(Duration::from_mins(10)).await;
    reply(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
}

async fn answer(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers.get(TARGET).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    match proxy.judge(&operation, &body) {
        Verdict::Forward => proxy.forward(&operation, &headers, body).await,
        Verdict::Answer(status, text) => reply(status, text.into()),
        Verdict::Silence => silence().await,
        Verdict::ForwardAndSilence => {
            proxy.forward(&operation, &headers, body).await;
            silence().await
        }
        Verdict::Crash => {
            proxy.crash.notify_one();
            silence().await
        }
        Verdict::ForwardAndCrash => {
            proxy.forward(&operation, &headers, body).await;
            proxy.crash.notify_one();
            silence().await
        }
        Verdict::Stale(bytes) => reply(StatusCode::OK, bytes),
    }
}
