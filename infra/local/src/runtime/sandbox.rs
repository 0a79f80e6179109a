//! One place for a process: starts it, hands it events one at a time, ends it
//! when it must, and starts the next.
//!
//! ```text
//! starting ─▶ idle ─▶ busy ─▶ idle …     the process asks `next` before each idle
//!     └──────────┴──────┴────▶ ended     exit, time-out or stop; then a new process
//! ```

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::host::Stop;

use super::api::{Call, Delivery, ErrorReport, Outcome, Verdict, trace_id};
use super::error::InvokeError;
use super::process::{Event, Process};
use super::shared::{Shared, State};

/// The first pause before a process that failed is started again; it doubles
/// up to the longest.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// An event that waits for a result.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) reply: oneshot::Sender<Result<Bytes, InvokeError>>,
}

/// Why there is no process any more.
#[derive(Debug)]
enum End {
    Stopped,
    /// We killed it; it may have been sound.
    TimedOut,
    /// It never asked for an event. In one line, why.
    NotStarted(String),
    Died,
}

type NextSender = oneshot::Sender<Delivery>;

#[derive(Debug)]
pub(super) struct Sandbox {
    shared: Arc<Shared>,
    index: usize,
    stop: Stop,
    /// Ends without a success in between.
    failures: u32,
    /// Taken from the line, but its process died before it got it.
    held: Option<Invocation>,
}

impl Sandbox {
    pub(super) fn new(shared: Arc<Shared>, index: usize, stop: Stop) -> Self {
        Self { shared, index, stop, failures: 0, held: None }
    }

    pub(super) async fn run(mut self) {
        loop {
            let end = self.life().await;
            self.shared.process_ended(self.index);
            match end {
                End::Stopped => break,
                End::TimedOut => {}
                End::Died => self.back_off(None).await,
                End::NotStarted(reason) => {
                    tracing::error!(
                        function.name = %self.shared.options.name,
                        reason,
                        "function does not start"
                    );
                    self.back_off(Some(reason)).await;
                }
            }
        }
        if let Some(invocation) = self.held.take() {
            let function = self.shared.name();
            invocation.reply.send(Err(InvokeError::Stopped { function })).ok();
        }
    }

    /// One process from its start to its end.
    async fn life(&mut self) -> End {
        if self.stop.is_given() {
            return End::Stopped;
        }
        let mut process = match Process::start(&self.shared.options).await {
            Ok(process) => process,
            Err(error) => return End::NotStarted(error.to_string()),
        };
        self.shared.process_started(self.index, process.id());
        let Err(end) = self.serve(&mut process).await;
        process.kill().await;
        end
    }

    async fn serve(&mut self, process: &mut Process) -> Result<std::convert::Infallible, End> {
        let mut next = self.init(process).await?;
        self.shared.set_state(self.index, State::Ready);
        loop {
            let invocation = self.idle(process, &mut next).await?;
            let asked = self.busy(process, invocation, next).await?;
            next = match asked {
                Some(next) => next,
                None => self.await_next(process).await?,
            };
        }
    }

    /// Waits until the process asks for its first event.
    async fn init(&mut self, process: &mut Process) -> Result<NextSender, End> {
        let limit = self.shared.options.init_timeout;
        let stop = self.stop.given();
        let first = async {
            tokio::select! {
                biased;
                () = stop => None,
                event = process.event() => Some(event),
            }
        };
        let reason = match timeout(limit, first).await {
            Ok(None) => return Err(End::Stopped),
            Ok(Some(Event::Call(Call::Next(next)))) => return Ok(next),
            Ok(Some(Event::Call(Call::InitError(report)))) => one_line(&report),
            Ok(Some(Event::Call(Call::Finish { .. }))) => "it answered unasked".to_owned(),
            Ok(Some(Event::Ended(status))) => {
                let words = process.last_words().await;
                let words = words.unwrap_or_else(|| "it wrote no error".to_owned());
                format!("{}: {words}", describe(&status))
            }
            Err(_) => format!("it asked for no event in {} ms", limit.as_millis()),
        };
        Err(End::NotStarted(reason))
    }

    /// Waits until the process asks for an event after it answered one.
    async fn await_next(&mut self, process: &mut Process) -> Result<NextSender, End> {
        match self.init(process).await {
            // It has been ready before: this is no failure to start.
            Err(End::NotStarted(_)) => Err(End::Died),
            other => other,
        }
    }

    /// Waits for an event. What the process asked may be asked again, when its
    /// connection broke.
    async fn idle(&mut self, process: &mut Process, next: &mut NextSender) -> Result<Invocation, End> {
        if let Some(held) = self.held.take() {
            return Ok(held);
        }
        loop {
            tokio::select! {
                biased;
                () = self.stop.given() => return Err(End::Stopped),
                event = process.event() => match event {
                    Event::Call(Call::Next(again)) => *next = again,
                    Event::Call(Call::Finish { verdict, .. }) => refuse(verdict),
                    Event::Call(Call::InitError(_)) | Event::Ended(_) => return Err(End::Died),
                },
                invocation = self.shared.take() => return invocation.ok_or(End::Stopped),
            }
        }
    }

    /// Hands the event over and waits for its end. Returns the request for the
    /// next event if that came instead of an answer. A stop waits: the time-out
    /// bounds it.
    async fn busy(
        &mut self,
        process: &mut Process,
        invocation: Invocation,
        next: NextSender,
    ) -> Result<Option<NextSender>, End> {
        let limit = self.shared.options.timeout;
        if next.send(self.delivery(&invocation, limit)).is_err() {
            // The process is dying, or will ask again: nothing has happened yet.
            self.held = Some(invocation);
            return Ok(None);
        }
        let deadline = Instant::now() + limit;
        let function = self.shared.name();
        loop {
            let event = tokio::select! {
                biased;
                event = process.event() => event,
                () = sleep_until(deadline) => {
                    // First the end of the process, then the news of it: who
                    // retries must not meet the old attempt at work.
                    process.kill().await;
                    let timed_out = InvokeError::TimedOut { function, timeout: limit };
                    self.finish(invocation, Err(timed_out));
                    return Err(End::TimedOut);
                }
            };
            match event {
                Event::Call(Call::Finish { request_id, outcome, verdict }) if request_id == invocation.request_id => {
                    verdict.send(Verdict::Accepted).ok();
                    self.finish(invocation, result(function, outcome));
                    return Ok(None);
                }
                Event::Call(Call::Finish { verdict, .. }) => refuse(verdict),
                Event::Call(Call::Next(next)) => {
                    self.finish(invocation, Err(InvokeError::NoAnswer { function }));
                    return Ok(Some(next));
                }
                Event::Call(Call::InitError(_)) => {
                    self.finish(invocation, Err(InvokeError::NoAnswer { function }));
                    return Err(End::Died);
                }
                Event::Ended(status) => {
                    self.finish(invocation, Err(exited(function, &status)));
                    return Err(End::Died);
                }
            }
        }
    }

    fn delivery(&self, invocation: &Invocation, limit: Duration) -> Delivery {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Delivery {
            request_id: invocation.request_id.clone(),
            payload: invocation.payload.clone(),
            deadline_ms: (now + limit).as_millis(),
            function_arn: self.shared.options.arn(),
            trace_id: trace_id(now),
        }
    }

    fn finish(&mut self, invocation: Invocation, result: Result<Bytes, InvokeError>) {
        if result.is_ok() {
            self.failures = 0;
        }
        self.shared.count(&result);
        // The caller may have gone away; the work is done all the same.
        invocation.reply.send(result).ok();
    }

    /// Waits before the next start. While no process comes up at all, events
    /// fail at once instead of waiting for ever.
    async fn back_off(&mut self, reason: Option<String>) {
        if let Some(reason) = reason {
            self.shared.set_state(self.index, State::Broken(reason));
        }
        let pause = BACKOFF_MIN * 2_u32.saturating_pow(self.failures.min(16));
        self.failures += 1;
        let until = Instant::now() + pause.min(BACKOFF_MAX);
        loop {
            let broken = self.shared.broken_reason();
            let function = self.shared.name();
            tokio::select! {
                () = sleep_until(until) => return,
                () = self.stop.given() => return,
                invocation = self.next_invocation(), if broken.is_some() => {
                    let Some(invocation) = invocation else { return };
                    let reason = broken.unwrap_or_default();
                    self.finish(invocation, Err(InvokeError::Init { function, reason }));
                }
                // Another process may break or recover meanwhile.
                () = sleep(BACKOFF_MIN) => {}
            }
        }
    }

    async fn next_invocation(&mut self) -> Option<Invocation> {
        match self.held.take() {
            Some(held) => Some(held),
            None => self.shared.take().await,
        }
    }
}

fn refuse(verdict: oneshot::Sender<Verdict>) {
    verdict.send(Verdict::UnknownRequest).ok();
}

fn result(function: String, outcome: Outcome) -> Result<Bytes, InvokeError> {
    match outcome {
        Outcome::Response(bytes) => Ok(bytes),
        Outcome::TooLarge => Err(InvokeError::PayloadTooLarge { function }),
        Outcome::Error(report) => {
            Err(InvokeError::Handler { function, error_type: report.error_type, message: report.error_message })
        }
    }
}

fn exited(function: String, status: &std::io::Result<ExitStatus>) -> InvokeError {
    match *status {
        Ok(status) => InvokeError::Exited { function, status },
        Err(_) => InvokeError::NoAnswer { function },
    }
}

fn describe(status: &std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn one_line(report: &ErrorReport) -> String {
    let text = format!("{}: {}", report.error_type, report.error_message);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
