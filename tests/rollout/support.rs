//! A stack of real processes with models of its own, and the commands that people run against it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use saring_domain::case::Case;
use saring_domain::report::Report;
use saring_local::{Stack, StackOptions};
use saring_store::{BATCH_MESSAGES_MAX, Outgoing, verify};
use serde_json::Value;

pub(crate) const CURRENT: &str = "2026-12-01";
/// The candidate of [`Scratch::candidate`].
pub(crate) const OTHER: &str = "sees-no-accusation";
/// Heads by their place in a manifest.
const ABUSE: usize = 1;
const ACCUSATION: usize = 15;
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are below the root").to_owned()
}

fn target() -> PathBuf {
    std::env::current_exe().expect("a test has a path").ancestors().nth(2).expect("deps is below release").to_owned()
}

fn library() -> PathBuf {
    let set = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    set.unwrap_or_else(|| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0"))
}

/// A directory of one test alone, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rollout-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("writable");
    path
}

/// The offset of a head that sees nothing.
pub(crate) const NEVER: f64 = -30.0;

/// A bundle's manifest with other offsets of the flags and fine labels.
pub(crate) fn with_offsets(manifest: &str, change: impl Fn(usize, f64) -> f64) -> String {
    let line = |line: &str| match line.strip_prefix("binary_offset = [") {
        Some(rest) => {
            let numbers = rest.trim_end_matches(']').split(", ").map(|n| n.parse::<f64>().expect("a number"));
            let changed: Vec<String> = numbers.enumerate().map(|(head, n)| format!("{:.6}", change(head, n))).collect();
            format!("binary_offset = [{}]", changed.join(", "))
        }
        None => line.to_owned(),
    };
    manifest.lines().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn bundle(version: &str) -> PathBuf {
    root().join("models/bundles").join(version)
}

/// Directory of a test: its models and the stack's state.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("rollout-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(path.join("data")).expect("writable");
        let scratch = Self(path);
        link_all(&root().join("models"), &scratch.models(), &["current.toml", "bundles"]);
        link_all(&root().join("models/bundles"), &scratch.models().join("bundles"), &[]);
        scratch.name(None);
        scratch
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.0.join("models")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes `current.toml`.
    pub(crate) fn name(&self, candidate: Option<&str>) {
        let candidate = candidate.map_or_else(String::new, |name| format!("candidate = \"{name}\"\n"));
        let text = format!("bundle = \"{CURRENT}\"\n{candidate}");
        std::fs::write(self.models().join("current.toml"), text).expect("writable");
    }

    /// A copy of a bundle with another manifest, as a candidate.
    pub(crate) fn spoilt(&self, from: &Path, name: &str, change: impl Fn(&str) -> String) {
        let to = self.models().join("bundles").join(name);
        link_all(from, &to, &["model.toml", "claims.index"]);
        let manifest = std::fs::read_to_string(from.join("model.toml")).expect("readable");
        std::fs::write(to.join("model.toml"), change(&manifest.replace(CURRENT, name))).expect("writable");
        self.name(Some(name));
    }

    /// Names a candidate that differs from the current bundle both ways: no accusation, more abuse.
    pub(crate) fn candidate(&self) {
        let changed = |head: usize, offset: f64| match head {
            ACCUSATION => NEVER,
            ABUSE => offset + 1.5,
            _ => offset,
        };
        self.spoilt(&bundle(CURRENT), OTHER, |manifest| with_offsets(manifest, changed));
    }

    /// A bundle in a directory of its own, whose files may be replaced.
    pub(crate) fn own_bundle(&self, version: &str) -> PathBuf {
        let to = self.models().join("bundles").join(version);
        std::fs::remove_file(&to).expect("it is a link");
        link_all(&bundle(version), &to, &["reference.json"]);
        to
    }

    pub(crate) async fn stack(&self) -> Stack {
        let mut options = StackOptions::new(&target().join("screen"));
        options.data = Some(self.0.join("data"));
        options.log = saring_local::runtime::FunctionLog::File(self.0.join("screen.log"));
        options.environment = self.environment();
        Stack::start(options).await.expect("the stack starts; cargo xtask setup brings what it needs")
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let paths = [("SARING_MODELS", self.models()), ("ORT_DYLIB_PATH", library())];
        paths.into_iter().map(|(name, path)| (name.to_owned(), path.to_string_lossy().into_owned())).collect()
    }

    /// What a command says against the running stack.
    pub(crate) async fn tried(&self, arguments: &[&str], input: Vec<u8>) -> Output {
        let variables = std::fs::read_to_string(self.0.join("data/local.env")).unwrap_or_default();
        let mut command = Command::new(target().join("saring"));
        command.args(arguments).envs(variables.lines().filter_map(|line| line.split_once('='))).current_dir(&self.0);
        command.envs(self.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = move || {
            let mut child = command.spawn().expect("saring is built");
            let mut stdin = child.stdin.take().expect("it has an input");
            // On its own thread: the command may answer before it has read everything.
            let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &input));
            let output = child.wait_with_output().expect("it ends");
            drop(writer.join());
            output
        };
        tokio::task::spawn_blocking(run).await.expect("no panic")
    }

    pub(crate) async fn saring(&self, arguments: &[&str]) -> String {
        let output = self.tried(arguments, Vec::new()).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// What a command complains of.
    pub(crate) async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.tried(arguments, Vec::new()).await;
        assert!(!output.status.success(), "{arguments:?} was not refused");
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("{out}{error}")
    }

    pub(crate) async fn status(&self) -> Value {
        serde_json::from_str(&self.saring(&["rollout", "status", "--json"]).await).expect("json")
    }

    /// What a bundle alone says of each report, by `saring screen`.
    pub(crate) async fn alone(&self, bundle: &str, reports: &[Report]) -> BTreeMap<String, Value> {
        let line = |r: &Report| serde_json::json!({ "id": r.id.as_str(), "text": r.text.as_str() }).to_string();
        let input = reports.iter().map(line).collect::<Vec<_>>().join("\n");
        let bundle = self.models().join("bundles").join(bundle);
        let output = self.tried(&["screen", "--bundle", &bundle.to_string_lossy()], input.into_bytes()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rows = String::from_utf8(output.stdout).expect("text");
        let row = |line: &str| {
            let row: Value = serde_json::from_str(line).expect("json");
            (row["id"].as_str().expect("an id").to_owned(), row)
        };
        rows.lines().map(row).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }
}

fn link_all(from: &Path, to: &Path, without: &[&str]) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_owned();
        if !without.iter().any(|left_out| name == *left_out) {
            std::os::unix::fs::symlink(&path, to.join(name)).expect("writable");
        }
    }
}

/// Texts of the sample corpus from `from` on, under ids of their own.
pub(crate) fn reports(name: &str, from: usize, count: usize) -> Vec<Report> {
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).expect("the corpus is there");
    let report = |(at, line): (usize, &str)| {
        let row: Value = serde_json::from_str(line).expect("a row is json");
        let line = serde_json::json!({ "id": format!("{name}-{at}"), "text": row["text"] });
        Report::from_json(line.to_string().as_bytes()).expect("a corpus row is a report")
    };
    // Every seventh: that reaches all kinds.
    corpus.lines().enumerate().step_by(7).skip(from).take(count).map(report).collect()
}

pub(crate) async fn send(stack: &Stack, reports: &[Report]) {
    for batch in reports.chunks(BATCH_MESSAGES_MAX) {
        let outgoing: Vec<Outgoing<'_>> = batch.iter().map(|report| Outgoing { report, tracking: None }).collect();
        assert_eq!(stack.reports().send_batch(&outgoing).await.expect("the queue answers"), Vec::<usize>::new());
    }
    let started = Instant::now();
    loop {
        let depth = stack.waiting().await.expect("the queue answers");
        if depth.visible + depth.in_flight + depth.delayed == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "the queue did not drain: {depth:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn case_of(stack: &Stack, report: &Report) -> Case {
    let receipt = stack.cases().receipt(&report.id).await.expect("the table answers").expect("it has arrived");
    stack.cases().case(receipt.case).await.expect("the table answers").expect("it was screened")
}

pub(crate) async fn sound(stack: &Stack) {
    let findings = verify::all(stack.cases()).await.expect("the table answers");
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}
