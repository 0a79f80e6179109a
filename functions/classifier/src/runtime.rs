//! The ONNX Runtime library, loaded once per process.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use crate::error::ClassifierError;

/// Must be `1` before the library is loaded: its telemetry is on by default, writes to the
/// home directory and nearly doubles the 99th percentile.
pub const TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// The library allows one environment per process, so later loads share the first.
static LOADED: Mutex<Option<Environment>> = Mutex::new(None);

/// The loaded library and its environment.
#[derive(Debug, Clone)]
pub struct Runtime {
    pub(crate) environment: Environment,
}

impl Runtime {
    /// Loads the library at `path`; a process that has one loaded keeps that.
    ///
    /// # Errors
    /// Telemetry not switched off, a missing or unusable library.
    pub fn load(path: &Path) -> Result<Self, ClassifierError> {
        if std::env::var_os(TELEMETRY_VARIABLE).is_none_or(|v| v != "1") {
            return Err(ClassifierError::Telemetry(TELEMETRY_VARIABLE));
        }
        if !path.is_file() {
            return Err(ClassifierError::LibraryMissing(path.to_owned()));
        }
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = &*loaded {
            return Ok(Self { environment: environment.clone() });
        }
        let environment = ort::init_from(path)
            .map_err(|e| ClassifierError::Library(Box::new(e)))?
            .with_telemetry(false)
            .build()
            .map_err(|e| ClassifierError::Library(Box::new(e)))?;
        *loaded = Some(environment.clone());
        Ok(Self { environment })
    }
}

/// Replaces the process by itself with telemetry off, if it is not off yet. The variable can't
/// be set from inside: changing the environment of a running process is unsafe.
///
/// # Errors
/// The system refused to start the program again.
pub fn restart_without_telemetry() -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    if std::env::var_os(TELEMETRY_VARIABLE).is_some_and(|v| v == "1") {
        return Ok(());
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).env(TELEMETRY_VARIABLE, "1");
    if let Some(name) = name {
        command.arg0(name);
    }
    Err(command.exec())
}
