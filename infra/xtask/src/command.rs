//! Programs that the tasks run, and the environment that they get.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};

/// Names the ONNX Runtime library.
pub(crate) const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";
/// What people run.
pub(crate) const RELEASE: &str = "release";
/// What is built to be checked: compiled in half the time.
pub(crate) const CHECKS: &str = "checks";
const TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// The repository, and what its programs need to know.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Set by `setup`.
    pub(crate) library: Option<PathBuf>,
    /// Cargo's profile of what is built.
    pub(crate) profile: &'static str,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.ancestors().nth(2).context("xtask stands in infra/xtask of the repository")?;
        Ok(Self { root: root.to_owned(), library: None, profile: RELEASE })
    }

    /// Where what `setup` brings is kept.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join(".saring")
    }

    /// Where Cargo builds to.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), |d| self.root.join(d))
    }

    /// Where Cargo puts the programs that it builds.
    pub(crate) fn programs(&self) -> PathBuf {
        self.target().join(self.profile)
    }

    /// A program with the environment of all tasks, in the repository's root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env(TELEMETRY_VARIABLE, "1");
        if let Some(library) = &self.library {
            command.env(LIBRARY_VARIABLE, library);
        }
        // Cargo describes this package to its child; passed on, it would rebuild what depends on it.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The Cargo that runs this task.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }

    /// Builds programs of the workspace in its profile.
    pub(crate) fn build(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo(&["build", "--profile", self.profile, "--workspace"]);
        command.args(arguments);
        command
    }
}

/// Runs to the end; anything but success is an error that names the command.
pub(crate) fn succeed(mut command: Command) -> Result<()> {
    let status = command.status().map_err(|e| start_error(&command, e))?;
    if status.success() { Ok(()) } else { bail!("`{}` failed with {status}", line(&command)) }
}

/// As [`succeed`], silent unless it fails; then the last line of its errors is told.
pub(crate) fn succeed_quietly(mut command: Command) -> Result<()> {
    let output = command.output().map_err(|e| start_error(&command, e))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().rev().find(|l| l.starts_with("ERROR") || l.contains("Error")).or(errors.lines().last());
    bail!("`{}` failed with {}: {}", line(&command), output.status, last.unwrap_or("no message"))
}

/// Whether the command starts and succeeds.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// # Errors
/// No C compiler: the embedded database and the TLS library have parts in C.
pub(crate) fn need_c_compiler() -> Result<()> {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    if works(Command::new(compiler).arg("--version")) {
        return Ok(());
    }
    bail!("a C compiler is needed to build; get it with `apt install gcc` or `dnf install gcc`")
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> =
        std::iter::once(program).chain(command.get_args()).map(|w| w.to_string_lossy().into_owned()).collect();
    words.join(" ")
}

fn start_error(command: &Command, error: std::io::Error) -> anyhow::Error {
    let program = command.get_program().display();
    if error.kind() == ErrorKind::NotFound {
        anyhow!("{program} is needed and not installed")
    } else {
        anyhow::Error::new(error).context(format!("{program} can't be started"))
    }
}
