//! One process of a function: environment, logs, end.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::REGION;

use super::api::{Api, Call};
use super::{FunctionLog, FunctionOptions};

/// Lines and characters of the error output that explain why a process ended.
const REASON_LINES_MAX: usize = 4;
const REASON_CHARS_MAX: usize = 500;
/// How long the rest of the error output is waited for once the process ended.
const STDERR_DRAIN: Duration = Duration::from_millis(500);
/// Variables that the process takes over from us. All else it gets only if the
/// options name it: on Lambda there is no shell to inherit from either.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"];

/// What a process does.
#[derive(Debug)]
pub(super) enum Event {
    Call(Call),
    Ended(std::io::Result<ExitStatus>),
}

/// A running process and its Runtime API.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    api: Api,
    /// The last lines of the error output.
    tail: Arc<Mutex<VecDeque<String>>>,
    stderr: Option<JoinHandle<()>>,
}

impl Process {
    pub(super) async fn start(options: &FunctionOptions) -> Result<Self, std::io::Error> {
        let api = Api::start().await?;
        let mut command = Command::new(&options.binary);
        command.args(&options.args).env_clear();
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(lambda_variables(options, &api.address));
        command.envs(&options.env);
        // Its own group: Ctrl-C in a terminal is for us, so that an invocation
        // can end in peace.
        command.process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let log = open_log(&options.log)?;
        command.stdout(match (&options.log, &log) {
            (FunctionLog::Inherit, _) => Stdio::inherit(),
            (FunctionLog::File(_), Some(file)) => Stdio::from(file.try_clone()?),
            _ => Stdio::null(),
        });
        let mut child = command.spawn()?;
        let tail = Arc::default();
        let stderr = child.stderr.take().map(|stderr| {
            let inherit = matches!(options.log, FunctionLog::Inherit);
            tokio::spawn(follow(stderr, Arc::clone(&tail), log, inherit))
        });
        Ok(Self { child, api, tail, stderr })
    }

    /// The number of the process, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What the process does next. Calls come first: an answer counts even if
    /// the process ended right after it. May be cancelled and called again.
    pub(super) async fn event(&mut self) -> Event {
        tokio::select! {
            biased;
            Some(call) = self.api.calls.recv() => Event::Call(call),
            status = self.child.wait() => Event::Ended(status),
        }
    }

    pub(super) async fn kill(&mut self) {
        // An error says that it has ended already.
        self.child.kill().await.ok();
    }

    /// What it last wrote to its error output, in one line.
    pub(super) async fn last_words(&mut self) -> Option<String> {
        if let Some(stderr) = self.stderr.take() {
            // A grandchild may hold the pipe open for ever.
            tokio::time::timeout(STDERR_DRAIN, stderr).await.ok();
        }
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let words = tail.iter().map(String::as_str).collect::<Vec<_>>();
        let words: String = words.join(" ").chars().take(REASON_CHARS_MAX).collect();
        (!words.is_empty()).then_some(words)
    }
}

fn lambda_variables(options: &FunctionOptions, api: &str) -> Vec<(&'static str, String)> {
    let owned = str::to_owned;
    let root = options.binary.parent().unwrap_or(&options.binary);
    vec![
        ("AWS_LAMBDA_RUNTIME_API", owned(api)),
        ("AWS_LAMBDA_FUNCTION_NAME", options.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", owned("$LATEST")),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", options.memory_mib.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", owned("on-demand")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", options.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", owned("local")),
        ("AWS_EXECUTION_ENV", owned("AWS_Lambda_provided.al2023")),
        ("AWS_REGION", owned(REGION)),
        ("AWS_DEFAULT_REGION", owned(REGION)),
        // The emulators don't check them, but the SDK does not start without.
        ("AWS_ACCESS_KEY_ID", owned("local")),
        ("AWS_SECRET_ACCESS_KEY", owned("local")),
        ("_HANDLER", owned("bootstrap")),
        ("LAMBDA_TASK_ROOT", root.display().to_string()),
        ("TZ", owned(":UTC")),
    ]
}

fn open_log(log: &FunctionLog) -> Result<Option<File>, std::io::Error> {
    match log {
        FunctionLog::File(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            Ok(Some(file))
        }
        FunctionLog::Inherit | FunctionLog::Discard => Ok(None),
    }
}

/// Passes the error output on and keeps its end.
async fn follow(stderr: ChildStderr, tail: Arc<Mutex<VecDeque<String>>>, mut log: Option<File>, inherit: bool) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        if let Some(log) = &mut log {
            // A full disk must not stop the function: the line is lost.
            writeln!(log, "{line}").ok();
        } else if inherit {
            eprintln!("{line}");
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with("note: run with `RUST_BACKTRACE") {
            continue;
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.push_back(line.to_owned());
        if tail.len() > REASON_LINES_MAX {
            tail.pop_front();
        }
    }
}
