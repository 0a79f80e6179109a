//! The checks of the deployed template by others' tools, without an account: as it is written and as
//! `CloudFormation` gets it, because each form hides mistakes that the other shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::{Workspace, succeed};
use crate::python::{AWS, CHECKOV};

const TEMPLATE: &str = "infra/template.yaml";
/// The checks ask for some region; nothing in the template depends on which.
const REGION: &str = "ap-southeast-3";
/// The translation has taken `Deployment` in: its value decides what `CodeDeploy` makes.
const TAKEN_IN: &str = "W2001";

/// Brings the tools and runs every check.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    AWS.install(workspace)?;
    CHECKOV.install(workspace)?;
    let translated = translated(workspace)?;
    let source = Path::new(TEMPLATE);
    succeed(lint(workspace, source, &[]))?;
    succeed(lint(workspace, &translated, &["--ignore-checks", TAKEN_IN]))?;
    println!("cfn-lint: no findings in the template and in its translation");
    for template in [source, &translated] {
        succeed(checkov(workspace, template))?;
    }
    Ok(())
}

/// Where the translation was written.
fn translated(workspace: &Workspace) -> Result<PathBuf> {
    let directory = workspace.state().join("template");
    fs::create_dir_all(&directory).with_context(|| format!("{} can't be made", directory.display()))?;
    let path = directory.join("translated.json");
    let mut translate = AWS.command(workspace, "python");
    translate.arg("infra/checks/translate.py").arg(TEMPLATE).arg(&path).env("AWS_DEFAULT_REGION", REGION);
    succeed(translate)?;
    Ok(path)
}

fn lint(workspace: &Workspace, template: &Path, more: &[&str]) -> Command {
    let mut command = AWS.command(workspace, "cfn-lint");
    command.args(["--regions", REGION, "--template"]).arg(template).args(more);
    command
}

fn checkov(workspace: &Workspace, template: &Path) -> Command {
    let mut command = CHECKOV.command(workspace, "checkov");
    command
        .args(["--config-file", "infra/checks/checkov.yaml", "--framework", "cloudformation"])
        .args(["--skip-download", "--compact", "--quiet", "-f"])
        .arg(template);
    command
}
