#![doc = include_str!("../README.md")]

mod checks;
mod chromium;
mod command;
mod emulate;
mod package;
mod python;
mod setup;
mod template;
mod zip;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::command::Workspace;

const USAGE: &str =
    "usage: cargo xtask setup | up [ARGUMENTS OF `saring up`] | test | training | template | package | emulate";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let task = arguments.next();
    match run(task.as_ref().and_then(|t| t.to_str()), arguments.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Option<&str>, rest: Vec<OsString>) -> Result<()> {
    let mut workspace = Workspace::find()?;
    if task != Some("up")
        && let Some(extra) = rest.first()
    {
        bail!("unexpected argument {}; {USAGE}", extra.display());
    }
    match task {
        Some("setup") => setup::run(&mut workspace),
        Some("up") => {
            setup::run(&mut workspace)?;
            up(&workspace, rest)
        }
        Some("test") => {
            workspace.profile = command::CHECKS;
            setup::run(&mut workspace)?;
            checks::run(&workspace)
        }
        Some("training") => python::TRAINING.install(&workspace),
        Some("template") => template::run(&workspace),
        Some("package") => {
            setup::run(&mut workspace)?;
            package::run(&workspace).map(|_| ())
        }
        Some("emulate") => {
            setup::run(&mut workspace)?;
            emulate::run(&workspace)
        }
        _ => bail!(USAGE),
    }
}

/// Builds everything and becomes `saring up`.
fn up(workspace: &Workspace, rest: Vec<OsString>) -> Result<()> {
    command::need_c_compiler()?;
    command::succeed(workspace.build(&["--bins"]))?;
    let saring = workspace.programs().join("saring");
    let error = workspace.command(&saring).arg("up").args(rest).exec();
    Err(error).with_context(|| format!("{} can't be started", saring.display()))
}
