//! Drift: reports like those of the reference, and a wave of others, counted by the function.

use crate::support::{CURRENT, Scratch, reports, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_of_spam_is_drift_and_reports_like_the_reference_are_none() {
    let scratch = Scratch::new();
    let known = reports("known", 0, 1000);
    let row = |r: &saring_domain::report::Report| {
        serde_json::json!({ "id": r.id.as_str(), "text": r.text.as_str(), "decision": "publish" }).to_string()
    };
    let lines: Vec<String> = known.iter().step_by(2).map(row).collect();
    let file = scratch.file("like.jsonl");
    std::fs::write(&file, lines.join("\n")).expect("writable");
    let reference = scratch.own_bundle(CURRENT).join("reference.json").to_string_lossy().into_owned();
    scratch.saring(&["drift", "reference", &file.to_string_lossy(), "-o", &reference]).await;
    let stack = scratch.stack().await;
    // The other half of the same texts; counts are kept every 20 seconds.
    let like: Vec<_> = known.iter().skip(1).step_by(10).cloned().collect();
    send(&stack, &like).await;
    tokio::time::sleep(crate::LOOK_EVERY).await;
    send(&stack, &reports("known-too", 1, 1)).await;
    let unmoved = scratch.saring(&["drift", "report", "--reference", &reference]).await;
    assert!(!unmoved.contains("DRIFT") && unmoved.contains("101 laporan"), "{unmoved}");
    assert!(unmoved.contains("input.embedding") && unmoved.contains("input.new_words"), "{unmoved}");
    let swept = scratch.saring(&["sweep", "--models", "models"]).await;
    assert!(swept.contains("drift 0 dimensi / dimensions, 101 laporan"), "{swept}");
    // Most of these are adverts, insults and fraud, and they outnumber the others.
    for copy in 0..10 {
        send(&stack, &reports(&format!("wave-{copy}"), 60, 60)).await;
    }
    tokio::time::sleep(crate::LOOK_EVERY).await;
    send(&stack, &reports("wave-last", 60, 1)).await;
    let found = scratch.refused(&["drift", "report", "--reference", &reference]).await;
    let spam = found.lines().find(|line| line.contains("score.spam")).expect("it is a dimension");
    assert!(spam.contains("BERGESER / DRIFT"), "{found}");
    let kept = stack.cases().drift().await.expect("the table answers").expect("the sweep kept it");
    assert_eq!((kept.reports, kept.drifted(), kept.days.len()), (101, 0, 1), "found again after an hour");
    stack.shutdown().await;
}
