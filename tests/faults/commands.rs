//! `saring verify`, `redrive`, `erase` and `sweep` against a running stack, found by its file of
//! variables.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use saring_local::queue::QueueClient;
use saring_store::encode_report;

use crate::support::{eventually, report, root, scratch, settled, stack, target};

struct Commands {
    variables: BTreeMap<String, String>,
}

impl Commands {
    fn of(directory: &Path) -> Self {
        let text = std::fs::read_to_string(directory.join("local.env")).unwrap();
        let pairs = text.lines().map(|line| line.split_once('=').unwrap());
        Self { variables: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }

    /// Whether it succeeded, and what it printed.
    async fn saring(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(target().join("saring"));
        command.args(arguments).envs(&self.variables).current_dir(root());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(printed).unwrap())
    }
}

async fn send_dead(queue: &QueueClient, url: &str, id: &str) {
    let body = encode_report(&report(id, "Lampu jalan di depan Pasar Johar Semarang mati tiga malam")).unwrap();
    queue.send(url, body).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_find_the_stack_and_do_what_they_say() {
    let data = scratch("commands");
    let stack = stack(|options| options.data = Some(data.clone())).await;
    let commands = Commands::of(&data);
    let dead_url = commands.variables["SARING_REPORTS_DEAD_QUEUE_URL"].clone();
    for id in ["dead-1", "dead-2", "dead-3"] {
        send_dead(&stack.queue(), &dead_url, id).await;
    }

    let (ok, printed) = commands.saring(&["redrive", "--dry-run"]).await;
    assert!(ok && printed.contains("dead letters 3"), "{printed}");
    assert_eq!(stack.dead().await.unwrap().visible, 3, "a dry run moves nothing");
    let (ok, printed) = commands.saring(&["redrive", "--limit", "2"]).await;
    assert!(ok && printed.contains("moved 2"), "{printed}");
    let (ok, printed) = commands.saring(&["redrive"]).await;
    assert!(ok && printed.contains("moved 1"), "{printed}");
    settled(&stack).await;
    let receipt = stack.cases().receipt(&report("dead-2", "x").id).await.unwrap().unwrap();
    eventually("the case is there", || async { stack.cases().case(receipt.case).await.unwrap().is_some() }).await;

    let (ok, printed) = commands.saring(&["verify"]).await;
    assert!(ok && printed.contains("3 cases") && printed.contains("0 violations"), "{printed}");
    let (ok, printed) = commands.saring(&["redrive", "--decisions", "--dry-run"]).await;
    assert!(ok && printed.contains("decisions 3"), "{printed}");
    let (ok, printed) = commands.saring(&["redrive", "--decisions"]).await;
    assert!(ok && printed.contains("sent again 3"), "{printed}");

    let id = receipt.case.to_string();
    let (ok, printed) = commands.saring(&["erase", &id, "--by", "operator:dewi"]).await;
    assert!(ok && printed.contains("erased"), "{printed}");
    let trail = stack.cases().audit(receipt.case).await.unwrap();
    assert_eq!(trail.last().unwrap().actor.as_str(), "operator:dewi");
    let (ok, printed) = commands.saring(&["erase", &id]).await;
    assert!(ok && printed.contains("was erased before"), "{printed}");
    let (ok, printed) = commands.saring(&["erase", "0000000000000000"]).await;
    assert!(!ok && printed.contains("does not exist"), "{printed}");

    let (ok, printed) = commands.saring(&["sweep"]).await;
    assert!(ok && printed.contains("overdue 0") && printed.contains("stuck 0"), "{printed}");
    stack.shutdown().await;
    std::fs::remove_dir_all(&data).ok();
}
