//! Python programs, pinned, in environments of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::command::{Workspace, succeed_quietly, works};

/// A virtual environment with pinned packages, below `.saring`.
#[derive(Clone, Copy)]
pub(crate) struct Environment {
    directory: &'static str,
    packages: &'static [&'static str],
}

/// Checks the training package and refits bundles. `PyTorch` is left out on purpose: nothing here
/// trains a network.
pub(crate) const TRAINING: Environment = Environment {
    directory: "venv",
    packages: &[
        "mypy==2.4.1",
        "numpy==2.4.6",
        "onnx==1.23.2",
        "onnxruntime==1.32.0",
        "pytest==9.2.0",
        "ruff==0.17.6",
        "scikit-learn==1.9.1",
        "tokenizers==0.23.3",
        "tqdm==4.70.1",
    ],
};

/// Drives a real browser; Chromium itself is the system's, see `chromium`.
pub(crate) const BROWSER: Environment =
    Environment { directory: "browser-venv", packages: &["playwright==1.65.2", "pytest==9.2.0"] };

/// Translates and checks the template, and emulates AWS.
pub(crate) const AWS: Environment = Environment {
    directory: "aws-venv",
    packages: &["aws-sam-translator==1.115.0", "boto3==1.43.106", "cfn-lint==1.58.0", "ministack==1.5.33"],
};

/// By itself, because it pins an old `boto3`.
pub(crate) const CHECKOV: Environment = Environment { directory: "checkov-venv", packages: &["checkov==3.3.30"] };

impl Environment {
    /// Makes the environment, unless one with the same packages is there.
    pub(crate) fn install(self, workspace: &Workspace) -> Result<()> {
        let directory = workspace.state().join(self.directory);
        let stamp = directory.join("packages.txt");
        let wanted = self.packages.join("\n");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            println!("{} are in place", self.packages.join(", "));
            return Ok(());
        }
        ensure!(
            works(Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"])),
            "Python 3.11 or later is needed for the checks; get it with `apt install python3`"
        );
        ensure!(
            works(Command::new("python3").args(["-c", "import ensurepip, venv"])),
            "Python's venv is needed for the checks; get it with `apt install python3-venv`"
        );
        let mut make = workspace.command("python3");
        make.args(["-m", "venv", "--clear"]).arg(&directory);
        succeed_quietly(make)?;
        let mut pip = self.command(workspace, "python");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"])
            .args(self.packages);
        succeed_quietly(pip)?;
        println!("brought {}", self.packages.join(", "));
        fs::write(&stamp, wanted).with_context(|| format!("{} can't be written", stamp.display()))
    }

    /// Its Python.
    pub(crate) fn python(self, workspace: &Workspace) -> PathBuf {
        workspace.state().join(self.directory).join("bin/python")
    }

    /// One of its programs, in the repository's root.
    pub(crate) fn command(self, workspace: &Workspace, name: &str) -> Command {
        workspace.command(self.python(workspace).with_file_name(name))
    }
}

/// The console in a real browser; the example that serves it is built before.
pub(crate) fn browser_tests(workspace: &Workspace) -> Command {
    let mut command = BROWSER.command(workspace, "pytest");
    command.args(["-q", "-rP", "tests/browser"]).env("SARING_PROGRAMS", workspace.programs());
    command
}

/// The checks of the training package, with their names.
pub(crate) fn training_steps(workspace: &Workspace) -> Vec<(&'static str, Command)> {
    let package = workspace.root.join("models/training");
    let command = |name: &str, arguments: &[&str]| {
        let mut command = TRAINING.command(workspace, name);
        command.current_dir(&package).args(arguments);
        command
    };
    let mut steps = vec![
        ("ruff", command("ruff", &["check", "."])),
        ("mypy", command("mypy", &["--ignore-missing-imports", "saring_training"])),
    ];
    if package.join("tests").is_dir() {
        steps.push(("pytest", command("pytest", &["-q", "tests"])));
    }
    steps
}
