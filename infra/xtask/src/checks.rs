//! Every check, one after the other; the first failure ends the run.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::command::{CHECKS, Workspace, need_c_compiler, succeed, works};
use crate::{chromium, emulate, python, template};

/// Names the Python that trains bundles.
const PYTHON_VARIABLE: &str = "SARING_PYTHON";

const CARGO_STEPS: [(&str, &[&str]); 5] = [
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--profile", CHECKS, "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("build", &["build", "--profile", CHECKS, "--workspace", "--bins", "--examples"]),
    ("tests", &["test", "--profile", CHECKS, "--workspace"]),
    ("documentation", &["doc", "--profile", CHECKS, "--workspace", "--no-deps"]),
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    need_c_compiler()?;
    let start = Instant::now();
    // Before the tests: one of them trains a bundle.
    step("python packages", || python::TRAINING.install(workspace))?;
    for (name, arguments) in CARGO_STEPS {
        let mut command = workspace.cargo(arguments);
        command.env("RUSTDOCFLAGS", "-D warnings").env(PYTHON_VARIABLE, python::TRAINING.python(workspace));
        step(name, || succeed(command))?;
    }
    step("dependencies", || deny(workspace))?;
    step("browser", || {
        chromium::install(workspace)?;
        python::BROWSER.install(workspace)?;
        succeed(python::browser_tests(workspace))
    })?;
    step("template", || template::run(workspace))?;
    step("emulator", || emulate::run(workspace))?;
    for (name, command) in python::training_steps(workspace) {
        step(name, || succeed(command))?;
    }
    println!("\nall checks passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let start = Instant::now();
    work().with_context(|| format!("{name} failed"))?;
    println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The tidy test has checked the licences already; this adds bans and sources.
fn deny(workspace: &Workspace) -> Result<()> {
    let mut version: Command = workspace.cargo(&["deny", "--version"]);
    if works(&mut version) {
        return succeed(workspace.cargo(&["deny", "check", "bans", "licenses", "sources"]));
    }
    println!("cargo-deny is not installed (`cargo install cargo-deny --locked`); the tidy test checked the licences");
    Ok(())
}
