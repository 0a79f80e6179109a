//! A disk that fills up under the table and the queues: nothing wrong is public, nothing is lost.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{library, root, target};

const REPORTS: usize = 300;
/// Bytes that a file may have: enough for the queue of these reports, too few for their cases.
const FILE_KIB_MAX: u32 = 900;
const FULL_FOR: Duration = Duration::from_secs(12);

/// `saring up --once` on a directory, each of its files limited to so many KiB where given.
fn up(data: &Path, reports: &Path, file_kib_max: Option<u32>) -> Child {
    // With SIGXFSZ ignored a write beyond the limit fails as on a full disk.
    let limit = file_kib_max.map_or(String::new(), |kib| format!("trap '' XFSZ; ulimit -f {kib}; "));
    Command::new("bash")
        .arg("-c")
        .arg(format!("{limit}exec \"$0\" up --once --listen 127.0.0.1:0 --data \"$1\" --reports \"$2\""))
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

#[test]
fn a_full_disk_holds_reports_and_loses_none() {
    let scratch = std::env::temp_dir().join(format!("saring-disk-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("the temporary directory is writable");
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).expect("the corpus is there");
    let reports = scratch.join("reports.jsonl");
    let rows: Vec<&str> = corpus.lines().take(REPORTS).collect();
    std::fs::write(&reports, rows.join("\n")).expect("writable");
    let data = scratch.join("state");

    let (ok, said) = finish(up(&data, &reports, Some(FILE_KIB_MAX)), FULL_FOR);
    assert!(!ok, "the run claims that a full disk took everything:\n{said}");
    let largest = std::fs::read_dir(&data).expect("the state is there").flatten();
    let largest = largest.filter_map(|f| f.metadata().ok()).map(|m| m.len()).max().unwrap_or(0);
    assert!(
        largest > u64::from(FILE_KIB_MAX) * 1024 * 9 / 10,
        "the limit was never reached ({largest} bytes):\n{said}"
    );

    let (ok, said) = finish(up(&data, &reports, None), Duration::from_mins(6));
    assert!(ok, "{said}");
    assert!(said.contains(&format!("verify: {REPORTS} cases, 0 pending")), "{said}");
    assert!(said.contains(", 0 violations"), "{said}");
    std::fs::remove_dir_all(&scratch).expect("removable");
}
