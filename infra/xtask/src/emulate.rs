//! The template and the packages on an emulator of AWS, with a report from the queue to the feed.

use anyhow::Result;

use crate::command::{Workspace, succeed};
use crate::package;
use crate::python::AWS;

/// Packs, deploys, sends a report and waits until it is public.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    AWS.install(workspace)?;
    let packages = package::run(workspace)?;
    let mut emulate = AWS.command(workspace, "python");
    emulate.arg("infra/checks/emulate.py").arg("infra/template.yaml").arg(packages).arg(workspace.programs());
    succeed(emulate)
}
