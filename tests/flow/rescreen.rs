//! `saring rescreen` and `saring campaign` against a running stack: reports that were public before
//! a claim was checked come back, once.

use std::path::{Path, PathBuf};
use std::process::Command;

use saring_domain::case::{Actor, AuditAction, Case, CaseStatus, Resolution, Timestamp};
use saring_domain::claims::{Claim, ClaimFields};
use saring_domain::report::Report;
use saring_local::{Stack, StackOptions};
use saring_store::{PageRequest, verify};
use serde_json::Value;

use crate::{drained, library, root, send, target};

const SPREAD: &str = "SEBARKAN!! Jembatan gantung Kalisono dijual diam-diam ke perusahaan asing, besok warga harus \
                      bayar kalau lewat. Media bungkam, viralkan sebelum dihapus!";

/// The models with a policy that lets everything through, as if nobody had seen the hoax yet.
fn lenient(scratch: &Path) -> PathBuf {
    let models = scratch.join("models");
    std::fs::create_dir_all(&models).expect("writable");
    for entry in std::fs::read_dir(root().join("models")).expect("readable") {
        let from = entry.expect("readable").path();
        let name = from.file_name().expect("a name").to_owned();
        if name == "policy.toml" {
            let policy = std::fs::read_to_string(&from).expect("readable");
            let loose = |line: &str| match line.split_once(" = 0.") {
                Some((key, _)) => format!("{key} = 1.0"),
                None => line.to_owned(),
            };
            std::fs::write(models.join(name), policy.lines().map(loose).collect::<Vec<_>>().join("\n"))
                .expect("writable");
        } else {
            std::os::unix::fs::symlink(&from, models.join(name)).expect("writable");
        }
    }
    models
}

fn report(id: &str, text: &str) -> Report {
    Report::from_json(serde_json::json!({ "id": id, "text": text }).to_string().as_bytes()).expect("a report")
}

fn claim() -> Claim {
    let fields = ClaimFields {
        id: Some("baru-1".to_owned()),
        title: Some("Jembatan gantung Kalisono dijual ke perusahaan asing".to_owned()),
        verdict: Some("SALAH".to_owned()),
        url: Some("https://periksa.example/kalisono".to_owned()),
        circulated: Some(
            "Sebarkan! Jembatan gantung Kalisono sudah dijual diam-diam ke perusahaan asing, warga disuruh bayar lewat."
                .to_owned(),
        ),
        ..ClaimFields::default()
    };
    Claim::parse(fields).expect("a claim").0
}

/// What a command prints on standard output.
async fn saring(data: &Path, arguments: &[&str]) -> String {
    let variables = std::fs::read_to_string(data.join("local.env")).expect("the stack writes its variables");
    let mut command = Command::new(target().join("saring"));
    command.args(arguments).envs(variables.lines().filter_map(|line| line.split_once('='))).current_dir(root());
    command.env("SARING_MODELS", root().join("models")).env("ORT_DYLIB_PATH", library());
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("saring is built")).await.expect("no panic");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn rescreened(data: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&saring(data, &[&["rescreen"], arguments].concat()).await).expect("a summary")
}

fn counts(summary: &Value) -> [u64; 5] {
    ["matched", "held", "asked", "weighed", "failed"].map(|name| summary[name].as_u64().expect("a count"))
}

async fn case_of(stack: &Stack, report: &Report) -> Case {
    let receipt = stack.cases().receipt(&report.id).await.expect("the table answers").expect("it has arrived");
    stack.cases().case(receipt.case).await.expect("the table answers").expect("it was screened")
}

async fn sound(stack: &Stack) {
    let findings = verify::all(stack.cases()).await.expect("the table answers");
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}

async fn public(stack: &Stack) -> usize {
    stack.cases().feed(&PageRequest { items: 100, after: None }).await.expect("the table answers").items.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn public_reports_that_repeat_a_new_claim_come_back_once() {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rescreen-{}", std::process::id()));
    let data = scratch.join("data");
    std::fs::create_dir_all(&data).expect("writable");
    let mut options = StackOptions::new(&target().join("screen"));
    options.data = Some(data.clone());
    let models = ("SARING_MODELS".to_owned(), lenient(&scratch).to_string_lossy().into_owned());
    options.environment.extend([models, ("ORT_DYLIB_PATH".to_owned(), library().to_string_lossy().into_owned())]);
    let stack = Stack::start(options).await.expect("the stack starts; cargo xtask setup brings what it needs");
    let spread = report("rescreen-1", SPREAD);
    let kept = report("rescreen-2", &format!("{SPREAD} Hubungi 081234567890."));
    let honest = report("rescreen-3", "Lampu jalan di depan Pasar Johar mati tiga malam, mohon segera diperbaiki.");
    send(&stack, &[spread.clone(), kept.clone(), honest.clone()]).await;
    drained(&stack).await;
    assert_eq!(public(&stack).await, 3, "the lenient policy publishes everything");
    let sari = Actor::parse("moderator:sari").expect("a name");
    let at = |case: &Case| Timestamp::from_unix_ms(case.record().changed_at.unix_ms() + 1000);
    let before = case_of(&stack, &kept).await;
    let cases = stack.cases();
    let decided = cases.resolve(before.id(), before.version(), Resolution::PublishAnonymous, &sari, at(&before)).await;
    decided.expect("a moderator publishes it");
    assert_eq!(counts(&rescreened(&data, &[]).await), [0; 5], "there is no live claim yet");

    cases.add_claim(&claim(), &sari, at(&before)).await.expect("it is new");
    let dry = rescreened(&data, &["--dry-run"]).await;
    assert_eq!((counts(&dry), dry["scanned"].as_u64()), ([2, 1, 1, 0, 0], Some(3)), "{dry}");
    assert_eq!(public(&stack).await, 3, "a dry run holds nothing");
    let real = rescreened(&data, &["--claim", "baru-1", "--by", "operator:ayu"]).await;
    assert_eq!(counts(&real), [2, 1, 1, 0, 0], "{real}");
    assert_eq!(public(&stack).await, 1);
    for (report, code) in [(&spread, "hoax.claim"), (&kept, "hoax.recheck")] {
        let case = case_of(&stack, report).await;
        let screened = &case.record().screened;
        assert_eq!((case.status(), screened.verdict.reasons[0].code.as_str()), (CaseStatus::InReview, code));
        assert_eq!(screened.claims[0].id, "baru-1");
        let (start, end) = screened.claims[0].span.expect("the text repeats it");
        let stretch: String = report.text.as_str().chars().skip(start).take(end - start).collect();
        assert!(stretch.contains("Kalisono"), "{stretch}");
        let last = cases.audit(case.id()).await.expect("the table answers").pop().expect("a trail");
        assert_eq!((last.action, last.actor.as_str()), (AuditAction::Recalled, "operator:ayu"));
        assert!(last.detail.starts_with("claim=baru-1"), "{}", last.detail);
    }
    sound(&stack).await;

    assert_eq!(counts(&rescreened(&data, &[]).await), [0; 5], "what was held is public no more");
    // Knowing the claim, the moderator publishes it again: that stands.
    let asked = case_of(&stack, &kept).await;
    cases.resolve(asked.id(), asked.version(), Resolution::Publish, &sari, at(&asked)).await.expect("it waits");
    assert_eq!(counts(&rescreened(&data, &[]).await), [1, 0, 0, 1, 0]);
    assert_eq!(case_of(&stack, &kept).await.status(), CaseStatus::Published);

    // Both say the same, and the console's command decides what waits of them.
    let id = case_of(&stack, &spread).await.id().to_string();
    let shown = saring(&data, &["campaign", "show", &id]).await;
    assert!(shown.contains("2 laporan / reports") && shown.matches("in_review").count() == 1, "{shown}");
    let preview =
        saring(&data, &["campaign", "decide", &id, "reject.hoax", "--by", "moderator:sari", "--dry-run"]).await;
    assert!(preview.contains("1 menunggu / waiting") && preview.contains("nothing was decided"), "{preview}");
    assert!(saring(&data, &["campaign", "list"]).await.contains("1 menunggu / waiting"));
    let done = saring(&data, &["campaign", "decide", &id, "reject.hoax", "--by", "moderator:sari"]).await;
    assert!(done.contains("decided 1 (reject.hoax)"), "{done}");
    assert_eq!(case_of(&stack, &spread).await.status(), CaseStatus::Rejected);
    assert_eq!(case_of(&stack, &kept).await.status(), CaseStatus::Published);
    sound(&stack).await;
    stack.shutdown().await;
    std::fs::remove_dir_all(&scratch).ok();
}
