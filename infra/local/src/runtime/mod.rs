//! The Lambda Runtime API: starts the real function binary as processes and
//! hands it events, one at a time each.

mod api;
mod error;
mod process;
mod sandbox;
mod shared;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::REGION;
use crate::host::stop_signal;

pub use error::{FunctionError, InvokeError};

use sandbox::{Invocation, Sandbox};
use shared::Shared;

/// Bytes of an event and of a response, as for synchronous invocations.
pub const PAYLOAD_BYTES_MAX: usize = 6 * 1_048_576;
/// Processes of one function on this machine.
pub const PROCESSES_MAX: usize = 64;
/// Events that wait for a process; who brings more waits too.
const EVENTS_WAITING_MAX: usize = 1_000;

/// Where the output of a function's processes goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionLog {
    /// To our own output.
    Inherit,
    /// Nowhere.
    Discard,
    /// To the end of this file.
    File(PathBuf),
}

/// A function, as a template would describe it.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// The name, for logs and errors.
    pub name: String,
    /// The executable, a `bootstrap`.
    pub binary: PathBuf,
    /// Its arguments; a `bootstrap` has none.
    pub args: Vec<String>,
    /// Its environment, besides what Lambda sets. Ours is not inherited.
    pub env: BTreeMap<String, String>,
    /// How many processes, which is how many events at the same time.
    pub concurrency: usize,
    /// How long an invocation may take before its process is killed.
    pub timeout: Duration,
    /// How long a process may take until it asks for its first event.
    pub init_timeout: Duration,
    /// What the process is told; it is not enforced.
    pub memory_mib: u32,
    /// Where its output goes.
    pub log: FunctionLog,
}

impl FunctionOptions {
    /// One process of this binary with 30 seconds per event.
    #[must_use]
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            binary: binary.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            concurrency: 1,
            timeout: Duration::from_secs(30),
            // Lambda allows 10 s. A laptop may load a model from a cold disk
            // in several processes at once.
            init_timeout: Duration::from_mins(1),
            memory_mib: 1_024,
            log: FunctionLog::Inherit,
        }
    }

    fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:000000000000:function:{}", self.name)
    }
}

/// What a function has done since it was spawned.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct FunctionCounters {
    /// Invocations with a response.
    pub succeeded: u64,
    /// Invocations with an error.
    pub failed: u64,
    /// Processes that were started, first and again.
    pub processes_started: u64,
}

/// A function and its processes. Clones are the same function; it ends with
/// [`Function::shutdown`] or when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Function {
    shared: Arc<Shared>,
    line: mpsc::Sender<Invocation>,
    stop: Arc<watch::Sender<bool>>,
    sandboxes: Arc<Mutex<JoinSet<()>>>,
}

impl Function {
    /// Starts the processes. They may not be up yet when this returns: see
    /// [`Function::ready`]. It has to run inside a Tokio runtime.
    ///
    /// # Errors
    /// If the binary is absent or the number of processes out of range.
    pub fn spawn(options: FunctionOptions) -> Result<Self, FunctionError> {
        if !(1..=PROCESSES_MAX).contains(&options.concurrency) {
            return Err(FunctionError::Concurrency { function: options.name, processes_max: PROCESSES_MAX });
        }
        if !options.binary.is_file() {
            return Err(FunctionError::Binary { function: options.name, binary: options.binary });
        }
        let (line, events) = mpsc::channel(EVENTS_WAITING_MAX);
        let shared = Arc::new(Shared::new(options, events));
        let (sender, stop) = stop_signal();
        let mut sandboxes = JoinSet::new();
        for index in 0..shared.options.concurrency {
            sandboxes.spawn(Sandbox::new(Arc::clone(&shared), index, stop.clone()).run());
        }
        Ok(Self { shared, line, stop: Arc::new(sender), sandboxes: Arc::new(Mutex::new(sandboxes)) })
    }

    /// Waits until a process serves.
    ///
    /// # Errors
    /// [`InvokeError::Init`] with the reason if one failed to start before that.
    pub async fn ready(&self) -> Result<(), InvokeError> {
        self.shared.ready().await
    }

    /// Hands the event to the next free process and waits for its result.
    ///
    /// # Errors
    /// If the handler fails, the process dies or takes too long, or there is no
    /// process; the event may have had an effect in all cases but the last.
    pub async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let function = || self.shared.name();
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(InvokeError::PayloadTooLarge { function: function() });
        }
        let (reply, result) = oneshot::channel();
        let invocation = Invocation { request_id: Uuid::new_v4().to_string(), payload, reply };
        let stopped = || InvokeError::Stopped { function: function() };
        self.line.send(invocation).await.map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.options.name
    }

    /// The time-out of an invocation.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.shared.options.timeout
    }

    /// What it has done so far.
    #[must_use]
    pub fn counters(&self) -> FunctionCounters {
        self.shared.counters()
    }

    /// The system's numbers of the processes that run now.
    #[must_use]
    pub fn process_ids(&self) -> Vec<u32> {
        self.shared.process_ids()
    }

    /// Lets running invocations end, then ends the processes. Events that wait
    /// in line fail.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let mut sandboxes = self.sandboxes.lock().await;
        while sandboxes.join_next().await.is_some() {}
        self.shared.close().await;
    }
}
