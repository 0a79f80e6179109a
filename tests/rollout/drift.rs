//! Drift: reports like those of the reference, and a wave of others.

use crate::support::{Scratch, reports, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_of_spam_is_drift_and_reports_like_the_reference_are_none() {
    let scratch = Scratch::new();
    let stack = scratch.stack().await;
    let known = reports("known", 0, 1000);
    let lines: Vec<String> = known
        .iter()
        .step_by(2)
        .map(|r| serde_json::json!({ "id": r.id.as_str(), "text": r.text.as_str() }).to_string())
        .collect();
    let file = scratch.file("like.jsonl");
    std::fs::write(&file, lines.join("\n")).expect("writable");
    let reference = scratch.file("reference.json").to_string_lossy().into_owned();
    scratch.saring(&["drift", "reference", &file.to_string_lossy(), "-o", &reference]).await;
    // The other half of the same texts.
    let like: Vec<_> = known.iter().skip(1).step_by(10).cloned().collect();
    send(&stack, &like).await;
    let unmoved = scratch.saring(&["drift", "report", "--reference", &reference]).await;
    assert!(!unmoved.contains("DRIFT") && unmoved.contains("100 kasus"), "{unmoved}");
    // Most of these are adverts, insults and fraud, and they outnumber the others.
    for copy in 0..10 {
        send(&stack, &reports(&format!("wave-{copy}"), 60, 60)).await;
    }
    let found = scratch.refused(&["drift", "report", "--reference", &reference]).await;
    let spam = found.lines().find(|line| line.contains("score.spam")).expect("it is a dimension");
    assert!(spam.contains("BERGESER / DRIFT"), "{found}");
    stack.shutdown().await;
}
