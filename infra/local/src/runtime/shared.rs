//! What the sandboxes of a function share with its handle.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};

use super::error::InvokeError;
use super::sandbox::Invocation;
use super::{FunctionCounters, FunctionOptions};

/// Whether a sandbox has a process that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Starting,
    Ready,
    /// Its last process did not come up, for this reason.
    Broken(String),
}

#[derive(Debug, Default)]
struct Counts {
    succeeded: AtomicU64,
    failed: AtomicU64,
    processes: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: FunctionOptions,
    /// The line of events. The sandbox that holds the lock is the next to take one.
    line: AsyncMutex<mpsc::Receiver<Invocation>>,
    states: watch::Sender<Vec<State>>,
    process_ids: Mutex<Vec<Option<u32>>>,
    counts: Counts,
}

impl Shared {
    pub(super) fn new(options: FunctionOptions, line: mpsc::Receiver<Invocation>) -> Self {
        let sandboxes = options.concurrency;
        Self {
            options,
            line: AsyncMutex::new(line),
            states: watch::Sender::new(vec![State::Starting; sandboxes]),
            process_ids: Mutex::new(vec![None; sandboxes]),
            counts: Counts::default(),
        }
    }

    pub(super) fn name(&self) -> String {
        self.options.name.clone()
    }

    /// The next event; `None` if there will be none. May be cancelled: no
    /// event is lost.
    pub(super) async fn take(&self) -> Option<Invocation> {
        self.line.lock().await.recv().await
    }

    /// Fails the events that wait, and those that come from now on.
    pub(super) async fn close(&self) {
        let mut line = self.line.lock().await;
        line.close();
        while let Ok(invocation) = line.try_recv() {
            let function = self.name();
            let stopped = InvokeError::Stopped { function };
            invocation.reply.send(Err(stopped)).ok();
        }
    }

    pub(super) fn set_state(&self, sandbox: usize, state: State) {
        self.states.send_if_modified(|states| {
            let changed = states[sandbox] != state;
            states[sandbox] = state;
            changed
        });
    }

    /// Why no sandbox at all can serve, if that is so.
    pub(super) fn broken_reason(&self) -> Option<String> {
        let states = self.states.borrow();
        let mut reason = None;
        for state in states.iter() {
            match state {
                State::Broken(why) => reason = Some(why.clone()),
                State::Starting | State::Ready => return None,
            }
        }
        reason
    }

    /// Returns when the first sandbox is ready, or when one is broken.
    pub(super) async fn ready(&self) -> Result<(), InvokeError> {
        let mut states = self.states.subscribe();
        let decided = |states: &Vec<State>| states.iter().any(|s| *s != State::Starting);
        // The sender lives as long as `self`.
        let Ok(states) = states.wait_for(decided).await else {
            return Err(InvokeError::Stopped { function: self.name() });
        };
        let mut reason = String::new();
        for state in states.iter() {
            match state {
                State::Ready => return Ok(()),
                State::Broken(why) => reason.clone_from(why),
                State::Starting => {}
            }
        }
        Err(InvokeError::Init { function: self.name(), reason })
    }

    pub(super) fn process_started(&self, sandbox: usize, id: Option<u32>) {
        self.counts.processes.fetch_add(1, Ordering::Relaxed);
        self.ids()[sandbox] = id;
    }

    pub(super) fn process_ended(&self, sandbox: usize) {
        self.ids()[sandbox] = None;
    }

    pub(super) fn process_ids(&self) -> Vec<u32> {
        self.ids().iter().copied().flatten().collect()
    }

    fn ids(&self) -> std::sync::MutexGuard<'_, Vec<Option<u32>>> {
        self.process_ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, result: &Result<Bytes, InvokeError>) {
        let counter = match result {
            Ok(_) => &self.counts.succeeded,
            Err(_) => &self.counts.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counters(&self) -> FunctionCounters {
        FunctionCounters {
            succeeded: self.counts.succeeded.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
            processes_started: self.counts.processes.load(Ordering::Relaxed),
        }
    }
}
