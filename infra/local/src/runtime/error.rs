//! Why an invocation failed, or a function can't be started.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::PAYLOAD_BYTES_MAX;

/// Why an invocation has no result. Cloned to every invocation that a broken
/// function makes fail.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvokeError {
    /// The handler returned an error or panicked.
    #[error("function {function} failed: {error_type}: {message}")]
    Handler {
        /// The function's name.
        function: String,
        /// The error's type, as the runtime names it.
        error_type: String,
        /// The handler's message.
        message: String,
    },
    /// The process ended in the middle of the invocation.
    #[error("function {function} ended in an invocation: {status}")]
    Exited {
        /// The function's name.
        function: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The handler took too long, and its process was killed.
    #[error("function {function} timed out after {} ms", timeout.as_millis())]
    TimedOut {
        /// The function's name.
        function: String,
        /// The function's time-out.
        timeout: Duration,
    },
    /// No process of the function comes up.
    #[error("function {function} does not start: {reason}")]
    Init {
        /// The function's name.
        function: String,
        /// What the process said, in one line.
        reason: String,
    },
    /// The event or the response is too large.
    #[error("payload of function {function} has more than {PAYLOAD_BYTES_MAX} bytes")]
    PayloadTooLarge {
        /// The function's name.
        function: String,
    },
    /// The process asked for the next event without answering this one.
    #[error("function {function} did not answer")]
    NoAnswer {
        /// The function's name.
        function: String,
    },
    /// The function was shut down.
    #[error("function {function} is stopped")]
    Stopped {
        /// The function's name.
        function: String,
    },
}

/// Why a function was not set up.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// There is no such binary.
    #[error("function {function} has no binary at {}", binary.display())]
    Binary {
        /// The function's name.
        function: String,
        /// Where it should be.
        binary: PathBuf,
    },
    /// The number of processes is outside its range.
    #[error("function {function} has 1 to {processes_max} processes")]
    Concurrency {
        /// The function's name.
        function: String,
        /// Processes that are allowed.
        processes_max: usize,
    },
}
