//! Brings the ONNX Runtime library, pinned and hash-checked.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::command::{LIBRARY_VARIABLE, Workspace, succeed_quietly, works};

const VERSION: &str = "1.32.0";
/// The wheel's platform and the SHA-256 of the library inside, per machine.
const X86_64: (&str, &str) =
    ("manylinux_2_28_x86_64", "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f");
const AARCH64: (&str, &str) =
    ("manylinux_2_28_aarch64", "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a");
/// Copies one member of a zip file: file, member, destination.
const UNZIP: &str = "import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member, open(sys.argv[3], 'wb') as out:
    shutil.copyfileobj(member, out)";

/// Makes sure that the library is there; says in one line what it did.
pub(crate) fn run(workspace: &mut Workspace) -> Result<()> {
    if let Some(path) = std::env::var_os(LIBRARY_VARIABLE).filter(|p| !p.is_empty()).map(PathBuf::from) {
        ensure!(path.is_file(), "{LIBRARY_VARIABLE} names {}, which is no file", path.display());
        println!("setup: ONNX Runtime is {}, as {LIBRARY_VARIABLE} says", path.display());
        return Ok(());
    }
    let (platform, pinned) = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => X86_64,
        ("linux", "aarch64") => AARCH64,
        (system, machine) => bail!(
            "no ONNX Runtime is pinned for {system} on {machine}; set {LIBRARY_VARIABLE} to a library of version {VERSION}"
        ),
    };
    let name = format!("libonnxruntime.so.{VERSION}");
    let directory = workspace.state().join("onnxruntime");
    let library = directory.join(&name);
    if library.is_file() && sha256(&library)? == pinned {
        println!("setup: ONNX Runtime {VERSION} is in place");
    } else {
        need_pip()?;
        let download = directory.join("download");
        fs::create_dir_all(&download).with_context(|| format!("{} can't be made", download.display()))?;
        let unpacked = fetch(workspace, platform, &name, &download)?;
        let found = sha256(&unpacked)?;
        ensure!(found == pinned, "ONNX Runtime {VERSION} has sha256 {found}, pinned is {pinned}; not installed");
        fs::rename(&unpacked, &library).with_context(|| format!("{} can't be written", library.display()))?;
        fs::remove_dir_all(&download).with_context(|| format!("{} can't be removed", download.display()))?;
        println!("setup: brought ONNX Runtime {VERSION} from PyPI, sha256 as pinned");
    }
    workspace.library = Some(library);
    Ok(())
}

/// Downloads the wheel and unpacks the library out of it.
fn fetch(workspace: &Workspace, platform: &str, name: &str, download: &Path) -> Result<PathBuf> {
    let mut pip = workspace.command("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", "3.11", "--platform", platform, "-d"])
        .arg(download)
        .arg(format!("onnxruntime=={VERSION}"));
    succeed_quietly(pip)?;
    let wheel = fs::read_dir(download)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .context("pip left no wheel")?;
    let unpacked = download.join(name);
    let mut unzip = workspace.command("python3");
    unzip.args(["-c", UNZIP]).arg(&wheel).arg(format!("onnxruntime/capi/{name}")).arg(&unpacked);
    succeed_quietly(unzip)?;
    Ok(unpacked)
}

fn need_pip() -> Result<()> {
    ensure!(
        works(Command::new("python3").arg("--version")),
        "python3 is needed to bring ONNX Runtime; get it with `apt install python3 python3-pip`"
    );
    ensure!(
        works(Command::new("python3").args(["-m", "pip", "--version"])),
        "pip is needed to bring ONNX Runtime; get it with `apt install python3-pip`"
    );
    Ok(())
}

pub(crate) fn sha256(path: &Path) -> Result<String> {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            hash.update(&buffer[..length]);
        }
        let mut hex = String::with_capacity(64);
        for byte in hash.finalize() {
            write!(hex, "{byte:02x}").expect("writing to a string succeeds");
        }
        Ok(hex)
    };
    read().with_context(|| format!("{} can't be read", path.display()))
}
