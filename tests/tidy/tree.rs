//! The repository as the tests read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the repository").to_owned()
}

/// The text of a file, named from the root.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every tracked file that is text, with its path from the root.
pub(crate) fn tracked() -> Vec<(String, String)> {
    let listing = output(Command::new("git").args(["-c", "safe.directory=*", "ls-files", "-z"]));
    let files: Vec<_> = listing
        .split_terminator('\0')
        .filter_map(|path| Some((path.to_owned(), String::from_utf8(fs::read(root().join(path)).ok()?).ok()?)))
        .collect();
    assert!(files.len() > 50, "git ls-files lists the repository, got {} files", files.len());
    files
}

/// The workspace's own packages.
pub(crate) fn members() -> Vec<Value> {
    packages(&["metadata", "--format-version", "1", "--offline", "--no-deps"])
}

/// Every package in the tree of this machine's platform.
pub(crate) fn everything() -> Vec<Value> {
    let version = output(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).expect("rustc names its host");
    packages(&["metadata", "--format-version", "1", "--offline", "--filter-platform", host])
}

fn packages(arguments: &[&str]) -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata: Value =
        serde_json::from_str(&output(Command::new(cargo).args(arguments))).expect("cargo metadata writes JSON");
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages").clone();
    assert!(!packages.is_empty(), "the workspace has packages");
    packages
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the listing is UTF-8")
}

pub(crate) fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == "rs")
}

/// Whether `word` stands in `text` with no letter, digit or underscore around it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(inside)
            && !text[at + word.len()..].chars().next().is_some_and(inside)
    })
}

/// Fails with every finding on a line of its own.
#[track_caller]
pub(crate) fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}
