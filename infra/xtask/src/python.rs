//! The training package's checks, in an environment of their own without the heavy libraries.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::command::{Workspace, succeed_quietly, works};

/// Pinned. `PyTorch` is left out on purpose: the checks here don't train.
const PACKAGES: [&str; 6] =
    ["mypy==2.4.1", "numpy==2.4.6", "onnx==1.23.2", "pytest==9.2.0", "ruff==0.17.6", "tokenizers==0.23.3"];

/// Makes the environment, unless one with the same packages is there.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let stamp = directory(workspace).join("packages.txt");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        println!("{} are in place", PACKAGES.join(", "));
        return Ok(());
    }
    ensure!(
        works(Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"])),
        "Python 3.11 or later is needed to check models/training; get it with `apt install python3`"
    );
    ensure!(
        works(Command::new("python3").args(["-c", "import ensurepip, venv"])),
        "Python's venv is needed to check models/training; get it with `apt install python3-venv`"
    );
    let mut make = workspace.command("python3");
    make.args(["-m", "venv", "--clear"]).arg(directory(workspace));
    succeed_quietly(make)?;
    let mut pip = workspace.command(program(workspace, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]).args(PACKAGES);
    succeed_quietly(pip)?;
    println!("brought {}", PACKAGES.join(", "));
    fs::write(&stamp, wanted).with_context(|| format!("{} can't be written", stamp.display()))
}

/// The checks, with their names.
pub(crate) fn steps(workspace: &Workspace) -> Vec<(&'static str, Command)> {
    let package = workspace.root.join("models/training");
    let mut steps = vec![
        ("ruff", command(workspace, "ruff", &["check", "."])),
        ("mypy", command(workspace, "mypy", &["--ignore-missing-imports", "saring_training"])),
    ];
    if package.join("tests").is_dir() {
        steps.push(("pytest", command(workspace, "pytest", &["-q", "tests"])));
    }
    steps
}

fn command(workspace: &Workspace, name: &str, arguments: &[&str]) -> Command {
    let mut command = workspace.command(program(workspace, name));
    command.current_dir(workspace.root.join("models/training")).args(arguments);
    command
}

fn program(workspace: &Workspace, name: &str) -> PathBuf {
    directory(workspace).join("bin").join(name)
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.state().join("venv")
}
