//! A disk that fills up, and one that is slow, under the table and the queues: nothing wrong is public,
//! nothing is lost.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{library, root, target};

const REPORTS: usize = 300;
/// Bytes that a file may have: enough for the queue of these reports, too few for their cases.
const FILE_KIB_MAX: u32 = 900;
const FULL_FOR: Duration = Duration::from_secs(12);
const SLOW_REPORTS: usize = 60;
const PATIENCE: Duration = Duration::from_mins(6);

/// What the disk is like.
enum Disk {
    Sound,
    /// A file has no room for more than so many KiB.
    Full {
        file_kib_max: u32,
    },
    /// Writes go through a library that delays them.
    Slow {
        library: PathBuf,
    },
}

/// `saring up --once` on a directory.
fn up(data: &Path, reports: &Path, disk: &Disk) -> Child {
    let before = match disk {
        Disk::Sound => String::new(),
        // With SIGXFSZ ignored a write beyond the limit fails as on a full disk.
        Disk::Full { file_kib_max } => format!("trap '' XFSZ; ulimit -f {file_kib_max}; "),
        Disk::Slow { library } => format!("export LD_PRELOAD='{}'; ", library.display()),
    };
    Command::new("bash")
        .arg("-c")
        .arg(format!("{before}exec \"$0\" up --once --listen 127.0.0.1:0 --data \"$1\" --reports \"$2\""))
        .args([target().join("saring").as_path(), data, reports])
        .env("SARING_MODELS", root().join("models"))
        .env("ORT_DYLIB_PATH", library())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash is there")
}

fn finish(mut child: Child, patience: Duration) -> (bool, String) {
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break Some(status);
        }
        if started.elapsed() > patience {
            child.kill().expect("the child can be killed");
            child.wait().expect("the child can be waited for");
            break None;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let mut said = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut said).expect("utf-8");
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("utf-8");
    (status.is_some_and(|s| s.success()), said)
}

/// A directory of a test alone, with so many reports in a file.
fn scratch(name: &str, reports: usize) -> (PathBuf, PathBuf) {
    let scratch = std::env::temp_dir().join(format!("saring-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("the temporary directory is writable");
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).expect("the corpus is there");
    let file = scratch.join("reports.jsonl");
    let rows: Vec<&str> = corpus.lines().take(reports).collect();
    std::fs::write(&file, rows.join("\n")).expect("writable");
    (scratch, file)
}

/// The run ended well and every report has its case.
fn all_there(ended: (bool, String), reports: usize) -> String {
    let (ok, said) = ended;
    assert!(ok, "{said}");
    assert!(said.contains(&format!("verify: {reports} cases, 0 pending")), "{said}");
    assert!(said.contains(", 0 violations"), "{said}");
    said
}

#[test]
fn a_full_disk_holds_reports_and_loses_none() {
    let (scratch, reports) = scratch("full-disk", REPORTS);
    let data = scratch.join("state");

    let full = Disk::Full { file_kib_max: FILE_KIB_MAX };
    let (ok, said) = finish(up(&data, &reports, &full), FULL_FOR);
    assert!(!ok, "the run claims that a full disk took everything:\n{said}");
    let largest = std::fs::read_dir(&data).expect("the state is there").flatten();
    let largest = largest.filter_map(|f| f.metadata().ok()).map(|m| m.len()).max().unwrap_or(0);
    assert!(
        largest > u64::from(FILE_KIB_MAX) * 1024 * 9 / 10,
        "the limit was never reached ({largest} bytes):\n{said}"
    );

    all_there(finish(up(&data, &reports, &Disk::Sound), PATIENCE), REPORTS);
    std::fs::remove_dir_all(&scratch).expect("removable");
}

/// The library that delays writes, compiled for this test.
fn delaying(scratch: &Path) -> PathBuf {
    let (library, source) = (scratch.join("slow_disk.so"), root().join("tests/flow/slow_disk.c"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(compiler.status().expect("a C compiler is there, as for the build").success());
    library
}

#[test]
fn a_slow_disk_delays_reports_and_loses_none() {
    let (scratch, reports) = scratch("slow-disk", SLOW_REPORTS);
    let slow = Disk::Slow { library: delaying(&scratch) };
    let said = all_there(finish(up(&scratch.join("state"), &reports, &slow), PATIENCE), SLOW_REPORTS);
    let told = said.lines().find(|line| line.starts_with("slow disk: "));
    let told = told.unwrap_or_else(|| panic!("nothing was delayed:\n{said}"));
    assert!(!told.contains(" 0 syncs") && !told.contains(" 0 stalls"), "{told}");
    println!("{SLOW_REPORTS} reports: {told}");
    std::fs::remove_dir_all(&scratch).expect("removable");
}
