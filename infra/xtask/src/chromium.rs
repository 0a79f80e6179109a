//! Brings Chromium for the checks of the console, from the system's packages.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::command::{Workspace, succeed_quietly, works};

/// Names the browser.
const VARIABLE: &str = "CHROMIUM";
/// Names under which systems have it; the tests look for the same.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const HOW: &str = "install it with the system's packages (`apt install chromium`), or name one by CHROMIUM";

/// Makes sure that there is a browser; says in one line what it brought.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) {
        ensure!(starts(&named), "{VARIABLE} names {}, which does not start", named.display());
        return Ok(());
    }
    if NAMES.iter().any(starts) {
        return Ok(());
    }
    ensure!(works(Command::new("apt-get").arg("--version")), "Chromium is needed for the checks of the console; {HOW}");
    let Some(before) = rights() else {
        bail!("Chromium is needed for the checks of the console, and bringing it needs root or sudo; {HOW}");
    };
    println!("Chromium is missing; bringing it by apt-get");
    for arguments in [&["-qq", "update"][..], &["-qq", "-y", "install", "chromium"]] {
        let mut command = workspace.command(before[0]);
        command.args(&before[1..]).arg("apt-get").args(arguments);
        succeed_quietly(command)?;
    }
    ensure!(NAMES.iter().any(starts), "apt-get brought no Chromium that starts; {HOW}");
    Ok(())
}

fn starts(program: impl AsRef<std::ffi::OsStr>) -> bool {
    works(Command::new(program).arg("--version"))
}

/// What to write before a command of the system's packages; nothing where they may not be changed.
fn rights() -> Option<&'static [&'static str]> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(&["env", "DEBIAN_FRONTEND=noninteractive"]);
    }
    let sudo = works(Command::new("sudo").args(["-n", "true"]));
    sudo.then_some(&["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"])
}
