//! The drill of docs/RUNBOOK.md: the table is lost and restored to an earlier moment.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use saring_domain::case::Timestamp;
use saring_local::Stack;
use saring_store::verify;

use crate::intake::{Sender, decide};
use crate::{drained, root, stack_with, target};

const BEFORE: usize = 40;
const ALL: usize = 60;

async fn start(sender: &Sender) -> Stack {
    stack_with(|options| options.data = Some(sender.state())).await
}

/// Every file of the table's state.
fn table_files(state: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(state).expect("the state is there").flatten().map(|entry| entry.path());
    let of_table =
        |path: &std::path::PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("table.db"));
    files.filter(of_table).collect()
}

fn saring(sender: &Sender, arguments: &[&str]) -> (bool, String) {
    let variables = std::fs::read_to_string(sender.state().join("local.env")).expect("the stack wrote its variables");
    let output = Command::new(target().join("saring"))
        .args(arguments)
        .envs(variables.lines().filter_map(|line| line.split_once('=')))
        .current_dir(root())
        .output()
        .expect("saring is built");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_restored_to_an_earlier_moment_loses_no_report_and_publishes_nothing_unscreened() {
    let sender = Sender::new("drill", ALL);
    let restored = sender.directory.join("restored");
    std::fs::create_dir_all(&restored).expect("writable");

    // Some reports; then the moment to which the table can be restored.
    sender.write(BEFORE);
    let stack = start(&sender).await;
    sender.run(&[]).await;
    drained(&stack).await;
    stack.shutdown().await;
    for file in table_files(&sender.state()) {
        std::fs::copy(&file, restored.join(file.file_name().expect("a name"))).expect("it can be copied");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let moment = Timestamp::from_unix_ms(u64::try_from(now).expect("before 9999"));
    tokio::time::sleep(Duration::from_millis(50)).await;

    // More reports and decisions; then the table is lost.
    sender.write(ALL);
    let stack = start(&sender).await;
    sender.run(&[]).await;
    decide(&stack, 4).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    sender.run(&[]).await;
    sender.agrees(&stack).await;
    stack.shutdown().await;
    for file in table_files(&sender.state()) {
        std::fs::remove_file(file).expect("it can be lost");
    }

    // Restored: its stream begins anew.
    for file in table_files(&restored) {
        std::fs::copy(&file, sender.state().join(file.file_name().expect("a name"))).expect("it can be copied");
    }
    std::fs::remove_file(sender.state().join("notify.checkpoint")).expect("notify had a place in the stream");
    let stack = start(&sender).await;
    let findings = verify::all(stack.cases()).await.expect("the table answers");
    assert_eq!((findings.violations, findings.cases), (BTreeSet::new(), BEFORE as u64));

    // Decisions since then are told again, and the sender forgets what it was told since then.
    let (ok, said) = saring(&sender, &["redrive", "--decisions", "--hours", "1"]);
    assert!(ok, "{said}");
    sender.run(&["--restored-to", &moment.rfc3339()]).await;
    drained(&stack).await;
    let (ok, said) = saring(&sender, &["redrive"]);
    assert!(ok && said.contains("moved 0"), "{said}");
    sender.run(&[]).await;
    sender.agrees(&stack).await;
    let (ok, said) = saring(&sender, &["verify"]);
    assert!(ok && said.contains(&format!("{ALL} cases")) && said.contains("0 violations"), "{said}");
    stack.shutdown().await;
    std::fs::remove_dir_all(&sender.directory).ok();
}
