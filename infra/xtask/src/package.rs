//! Packs each function for Lambda: the program, and for the screening the runtime, the data and the
//! bundle. The same inputs give the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::command::{CHECKS, Workspace, need_c_compiler, succeed};
use crate::setup::sha256;
use crate::zip::{Entry, pack};

/// What a deployment uploads in a minute; Lambda itself takes 250 MB unpacked.
const ZIP_BYTES_MAX: usize = 60 * 1024 * 1024;
const UNPACKED_BYTES_MAX: usize = 250 * 1024 * 1024;
/// What Amazon Linux 2023 has.
const GLIBC_MAX: (u32, u32) = (2, 34);
const LIBRARY_NAME: &str = "libonnxruntime.so";
const PROGRAM_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

/// What this task reads of `infra/rights.toml`.
#[derive(Deserialize)]
struct Rights {
    functions: BTreeMap<String, Function>,
    packages: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Function {
    binary: String,
    code: Vec<PathBuf>,
    #[serde(default)]
    package: Vec<String>,
}

#[derive(Deserialize)]
struct Current {
    bundle: String,
    candidate: Option<String>,
}

/// Builds and packs all functions; returns the directory of the packages.
pub(crate) fn run(workspace: &Workspace) -> Result<PathBuf> {
    need_c_compiler()?;
    let rights: Rights = parse(workspace, "infra/rights.toml")?;
    let directory = workspace.state().join("package");
    fs::create_dir_all(&directory).with_context(|| format!("{} can't be made", directory.display()))?;
    let is_missing = |function: &Function| function.code.iter().any(|path| !workspace.root.join(path).exists());
    let (missing, built): (Vec<_>, Vec<_>) = rights.functions.iter().partition(|(_, function)| is_missing(function));
    for (name, _) in missing {
        println!("{name}: not packed, its code isn't there yet");
    }
    // As the checks and `up` build, so that nothing is compiled twice: with the examples come the features
    // that only they need, and with other features all that has them is another one.
    let targets: &[&str] = if workspace.profile == CHECKS { &["--bins", "--examples"] } else { &["--bins"] };
    succeed(workspace.build(&[&["--quiet"], targets].concat()))?;
    for (name, function) in built {
        let entries = entries(workspace, &rights, function).with_context(|| format!("packing {name}"))?;
        let unpacked: usize = entries.iter().map(|entry| entry.bytes.len()).sum();
        let zip = pack(entries)?;
        ensure!(zip.len() <= ZIP_BYTES_MAX, "{name}: {} bytes packed, at most {ZIP_BYTES_MAX}", zip.len());
        ensure!(unpacked <= UNPACKED_BYTES_MAX, "{name}: {unpacked} bytes unpacked, at most {UNPACKED_BYTES_MAX}");
        let path = directory.join(format!("{}.zip", function.binary));
        fs::write(&path, &zip).with_context(|| format!("{} can't be written", path.display()))?;
        let megabytes = |bytes: usize| bytes as f64 / 1e6;
        println!(
            "{:<8} {:>6.1} MB ({:>6.1} MB unpacked) sha256 {}",
            function.binary,
            megabytes(zip.len()),
            megabytes(unpacked),
            sha256(&path)?
        );
    }
    let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
    println!("packed for {architecture}: deploy with Architecture={architecture}");
    Ok(directory)
}

fn entries(workspace: &Workspace, rights: &Rights, function: &Function) -> Result<Vec<Entry>> {
    let program = workspace.programs().join(&function.binary);
    let program = Entry { name: "bootstrap".to_owned(), mode: PROGRAM_MODE, bytes: read(&program)? };
    fits_amazon_linux(&function.binary, &program.bytes)?;
    let mut entries = vec![program];
    for part in &function.package {
        match part.as_str() {
            "onnxruntime" => {
                let library = workspace.library.clone().or_else(|| std::env::var_os("ORT_DYLIB_PATH").map(Into::into));
                let bytes = read(&library.context("setup brings the ONNX Runtime library")?)?;
                fits_amazon_linux(LIBRARY_NAME, &bytes)?;
                entries.push(Entry { name: LIBRARY_NAME.to_owned(), mode: FILE_MODE, bytes });
            }
            "bundle" => {
                let current: Current = parse(workspace, "models/current.toml")?;
                for bundle in [Some(current.bundle), current.candidate].into_iter().flatten() {
                    add_data(workspace, &Path::new("models/bundles").join(bundle), &mut entries)?;
                }
            }
            "reference" => {
                let current: Current = parse(workspace, "models/current.toml")?;
                let file = Path::new("models/bundles").join(current.bundle).join("reference.json");
                // A bundle without one is not compared with anything.
                if workspace.root.join(&file).is_file() {
                    add(workspace, &file, &mut entries)?;
                }
            }
            named => {
                let files =
                    rights.packages.get(named).with_context(|| format!("rights.toml has no package {named}"))?;
                for file in files {
                    match file.strip_suffix("/*") {
                        Some(directory) => add_data(workspace, Path::new(directory), &mut entries)?,
                        None => add(workspace, Path::new(file), &mut entries)?,
                    }
                }
            }
        }
    }
    Ok(entries)
}

/// Every file directly in a directory, but for texts about it.
fn add_data(workspace: &Workspace, directory: &Path, entries: &mut Vec<Entry>) -> Result<()> {
    let path = workspace.root.join(directory);
    for found in fs::read_dir(&path).with_context(|| format!("{} can't be read", path.display()))? {
        let found = found?;
        let name = found.file_name();
        let about = Path::new(&name).extension().is_some_and(|end| end == "md");
        if found.file_type()?.is_file() && !about {
            add(workspace, &directory.join(&name), entries)?;
        }
    }
    Ok(())
}

fn add(workspace: &Workspace, file: &Path, entries: &mut Vec<Entry>) -> Result<()> {
    let bytes = read(&workspace.root.join(file))?;
    entries.push(Entry { name: file.to_string_lossy().into_owned(), mode: FILE_MODE, bytes });
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} can't be read", path.display()))
}

fn parse<T: serde::de::DeserializeOwned>(workspace: &Workspace, file: &str) -> Result<T> {
    let path = workspace.root.join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{file} is not of the expected form"))
}

/// A program that was linked on a newer system does not start on Amazon Linux 2023.
fn fits_amazon_linux(name: &str, bytes: &[u8]) -> Result<()> {
    let needed = newest_glibc(bytes).unwrap_or((0, 0));
    ensure!(
        needed <= GLIBC_MAX,
        "{name} needs glibc {}.{}, Amazon Linux 2023 has {}.{}: build on an older system, or with \
         `cargo lambda build --release --target {}-unknown-linux-gnu.2.34` (cargo-lambda and zig)",
        needed.0,
        needed.1,
        GLIBC_MAX.0,
        GLIBC_MAX.1,
        std::env::consts::ARCH
    );
    Ok(())
}

/// The newest version that the names of the needed symbols ask for.
fn newest_glibc(bytes: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let version = |at: usize| {
        let rest = &bytes[at + MARK.len()..];
        let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b'.')?;
        let mut parts = std::str::from_utf8(&rest[..end]).ok()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let starts = bytes.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    starts.filter_map(|(at, _)| version(at)).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_from_a_newer_system_is_refused() {
        let old = b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_PRIVATE\0";
        assert_eq!(newest_glibc(old), Some((2, 34)));
        assert!(fits_amazon_linux("screen", old).is_ok());
        let error = fits_amazon_linux("screen", b"\0GLIBC_2.9\0GLIBC_2.39\0").expect_err("2.39 is too new");
        assert!(error.to_string().contains("needs glibc 2.39"), "{error}");
    }
}
