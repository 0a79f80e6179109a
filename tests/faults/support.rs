//! Paths, texts and waiting.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use saring_domain::case::{ModelVersion, PolicyVersion, Screened, TRACKING_BYTES, Timestamp, TrackingId};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_local::{Stack, StackOptions};

pub(crate) const AT: Timestamp = Timestamp::from_unix_ms(1_795_500_000_000);
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Where the binaries are, beside the tests.
pub(crate) fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}

pub(crate) fn library() -> PathBuf {
    let set = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    set.unwrap_or_else(|| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0"))
}

/// A directory of this test alone, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&path).ok();
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn tracking(seed: u16) -> TrackingId {
    let [high, low] = seed.to_be_bytes();
    TrackingId::from_bytes(std::array::from_fn(|i| if i + 2 == TRACKING_BYTES { high } else { low }))
}

pub(crate) fn report(id: &str, text: &str) -> Report {
    Report::from_json(serde_json::json!({ "id": id, "text": text }).to_string().as_bytes()).unwrap()
}

/// A stack whose functions are the real binaries.
pub(crate) async fn stack(change: impl FnOnce(&mut StackOptions)) -> Stack {
    let mut options = StackOptions::new(&target().join("screen"));
    options.visibility_timeout = Duration::from_secs(2);
    let models = ("SARING_MODELS".to_owned(), root().join("models").display().to_string());
    let runtime = ("ORT_DYLIB_PATH".to_owned(), library().display().to_string());
    options.environment.extend([models, runtime]);
    change(&mut options);
    Stack::start(options).await.expect("the stack starts; cargo xtask setup brings what it needs")
}

/// Waits until the condition holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the queue of reports is empty and the stream is read to its end.
pub(crate) async fn settled(stack: &Stack) {
    eventually("the queue of reports is empty", || async {
        let depth = stack.waiting().await.unwrap();
        depth.visible + depth.in_flight + depth.delayed == 0
    })
    .await;
    let mut before = u64::MAX;
    eventually("the stream is read to its end", || {
        let done = stack.stream_counters().done;
        let still = done == before;
        before = done;
        async move {
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            still
        }
    })
    .await;
}

/// A verdict that holds a report.
pub(crate) fn held(report: &Report) -> Screened {
    Screened {
        verdict: Verdict {
            decision: Decision::Review,
            visibility: Visibility::Publik,
            reasons: vec![Reason { code: "spam".into(), detail: "perlu diperiksa".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("m-1").unwrap(),
        policy: PolicyVersion::parse("p-1").unwrap(),
        public_text: report.text.as_str().to_owned(),
        pii: Vec::new(),
        flags: Vec::new(),
        fine: Vec::new(),
        category: Vec::new(),
        agency: Vec::new(),
        region: None,
        claims: Vec::new(),
        highlights: Vec::new(),
    }
}
