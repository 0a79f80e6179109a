//! `saring up` as a process, and its children.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use saring_domain::case::Timestamp;
use saring_store::{Cases, Keyring, OriginalKey, QueueConfig, Reports, TableConfig, env};

const PATIENCE: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(30);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}

/// A directory of this test alone, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&path).ok();
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("none.jsonl"), "").unwrap();
    path
}

/// The variables that the running stack wrote for others.
fn variables(directory: &Path) -> Option<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(directory.join("state/local.env")).ok()?;
    Some(text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

/// Clients for the stack as it is now; nothing while it is being replaced.
pub(crate) async fn clients(directory: &Path) -> Option<(Cases, Reports)> {
    let variables = variables(directory)?;
    let get = |name: &str| variables.get(name).cloned();
    let mut table = TableConfig::local(&get(env::TABLE)?, &get(env::TABLE_ENDPOINT)?);
    let current = OriginalKey::parse(&get(env::ORIGINAL_KEY)?).ok()?;
    table.original_keys = Some(Keyring { current, previous: Vec::new() });
    let queue = QueueConfig::local(&get(env::REPORTS_QUEUE_URL)?, &get(env::QUEUE_ENDPOINT)?);
    Some((Cases::connect(&table).await, Reports::connect(&queue).await))
}

pub(crate) fn now() -> Timestamp {
    saring_notify::sweep::now()
}

/// The stack: one process with the table, the queues, the console and the intake, and two functions.
pub(crate) struct Running {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    directory: PathBuf,
}

impl Running {
    /// Starts it on what the one before left, and waits until it answers.
    pub(crate) async fn start(directory: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let library = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
        let library = library.unwrap_or_else(|| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0"));
        let mut child = Command::new(target().join("saring"))
            .args(["up", "--listen", &port.to_string(), "--data"])
            .arg(directory.join("state"))
            .arg("--reports")
            .arg(directory.join("none.jsonl"))
            .env("SARING_MODELS", root().join("models"))
            .env("ORT_DYLIB_PATH", library)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary is built with the tests");
        let (said, stdout) = (Arc::new(Mutex::new(Vec::new())), child.stdout.take().unwrap());
        let lines = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let running = Self { child, said, directory: directory.to_owned() };
        running.until("the stack answers", |lines| lines.iter().any(|l| l.contains("/feed.json"))).await;
        running
    }

    async fn until(&self, what: &str, holds: impl Fn(&[String]) -> bool) {
        let (mut began, mut before) = (Instant::now(), None);
        while !holds(&self.said.lock().unwrap()) {
            // A long load leaves a long queue: the time is over when nothing new was screened for so long.
            let screened = self.said.lock().unwrap().iter().rev().find_map(|line| progress(line));
            if screened != before {
                (began, before) = (Instant::now(), screened);
            }
            let said = self.said.lock().unwrap().last().cloned();
            assert!(began.elapsed() < PATIENCE, "not in time: {what}, last said: {said:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Its children by the name of their program.
    fn children(&self, name: &str) -> Vec<u32> {
        let parent = self.child.id().to_string();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
            // `123 (screen) S 7 …`: the number, the program, the state, the parent.
            let Some((head, rest)) = stat.rsplit_once(") ") else { continue };
            let is_child = rest.split(' ').nth(1) == Some(&parent) && !rest.starts_with('Z');
            if is_child && head.split_once('(').is_some_and(|(_, program)| program == name) {
                found.push(id);
            }
        }
        found
    }

    /// Kills a function's process, if there is one just now.
    pub(crate) fn kill_child(&self, name: &str) -> bool {
        let children = self.children(name);
        for id in &children {
            kill(*id);
        }
        !children.is_empty()
    }

    /// Kills everything at once, as a machine dies.
    pub(crate) async fn kill(&mut self) {
        let children = [self.children("screen"), self.children("notify")].concat();
        self.child.kill().unwrap();
        for id in &children {
            kill(*id);
        }
        self.child.wait().unwrap();
        tokio::task::yield_now().await;
    }

    pub(crate) async fn cases(&self) -> Cases {
        clients(&self.directory).await.expect("the stack is up").0
    }

    /// Waits until the queue is empty and the stack has proved its table.
    pub(crate) async fn drained(&mut self) {
        self.kill().await;
        *self = Self::start(&self.directory).await;
        self.until("the queue is empty and the table proved", |l| l.iter().any(|l| l.starts_with("verify:"))).await;
    }
}

/// How many reports a line of `saring up` says were screened.
fn progress(line: &str) -> Option<u64> {
    line.strip_prefix("disaring / screened ")?.split(' ').next()?.parse().ok()
}

impl Drop for Running {
    fn drop(&mut self) {
        let children = [self.children("screen"), self.children("notify")].concat();
        self.child.kill().ok();
        self.child.wait().ok();
        for id in &children {
            kill(*id);
        }
    }
}

fn kill(id: u32) {
    Command::new("kill").args(["-9", &id.to_string()]).stderr(Stdio::null()).status().unwrap();
}
