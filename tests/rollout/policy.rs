//! A policy that is checked, tried on what came, and put in force while functions run.

use std::time::{Duration, Instant};

use saring_domain::case::{Actor, CaseStatus, Timestamp};
use saring_domain::setting::SettingAction;
use serde_json::Value;

use crate::support::{Scratch, case_of, reports, root, send, sound};

/// The shipped policy with changes, as a file of the scratch directory.
fn policy(scratch: &Scratch, name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(root().join("models/policy.toml")).expect("readable");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let path = scratch.file(name);
    std::fs::write(&path, text).expect("writable");
    path.to_string_lossy().into_owned()
}

const VERSION: (&str, &str) = ("version = \"2026-12-01.2\"", "version = \"strict.1\"");
const STRICT: (&str, &str) = ("abuse = 0.33", "abuse = 0.01");

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_tried_and_counts_in_running_functions_within_a_minute() {
    let scratch = Scratch::new();
    let stack = scratch.stack().await;
    let sent = reports("policy", 0, 60);
    send(&stack, &sent).await;
    let same = policy(&scratch, "same.toml", &[]);
    let strict = policy(&scratch, "strict.toml", &[VERSION, STRICT]);
    let senseless = policy(&scratch, "senseless.toml", &[VERSION, ("spam = 0.28", "spam = 0.95")]);
    let found = scratch.refused(&["policy", "check", &senseless]).await;
    assert!(found.contains("'flags.spam' is 0.95") && found.contains("0.5"), "{found}");
    let refused = scratch.refused(&["policy", "activate", &senseless, "--by", "data:ayu"]).await;
    assert!(refused.contains("'flags.spam'"), "{refused}");
    assert!(scratch.saring(&["policy", "check", &strict]).await.contains("may be used"));
    let told = scratch.saring(&["policy", "diff", &same, &strict]).await;
    assert!(told.contains("flags.abuse: 0.33 -> 0.01") && told.contains("tighter"), "{told}");

    let backtest = |file: String| {
        let scratch = &scratch;
        async move {
            let text = scratch.saring(&["policy", "backtest", &file, "--days", "7", "--json"]).await;
            serde_json::from_str::<Value>(&text).expect("json")
        }
    };
    let nothing = backtest(same.clone()).await;
    assert_eq!((&nothing["cases"], nothing["changes"].as_array().map(Vec::len)), (&60.into(), Some(0)), "{nothing}");
    let tried = backtest(strict.clone()).await;
    let changed: Vec<&str> = tried["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| change["id"].as_str().expect("an id"))
        .collect();
    let more = tried["after"]["held"].as_u64().expect("a count") - tried["before"]["held"].as_u64().expect("a count");
    assert!(more > 0 && changed.len() as u64 == more, "{tried}");

    scratch.saring(&["policy", "activate", &strict, "--by", "data:ayu"]).await;
    let other = policy(&scratch, "other.toml", &[VERSION]);
    let refused = scratch.refused(&["policy", "activate", &other, "--by", "data:ayu"]).await;
    assert!(refused.contains("'strict.1' was used with other content"), "{refused}");
    let packaged = policy(&scratch, "packaged.toml", &[STRICT]);
    let refused = scratch.refused(&["policy", "activate", &packaged, "--by", "data:ayu"]).await;
    assert!(refused.contains("'2026-12-01.2' was used with other content"), "{refused}");

    let activated = Instant::now();
    let mut attempt = 0;
    loop {
        let one = reports(&format!("try-{attempt}"), 100 + attempt, 1);
        send(&stack, &one).await;
        if case_of(&stack, &one[0]).await.record().screened.policy.as_str() == "strict.1" {
            break;
        }
        assert!(activated.elapsed() < Duration::from_mins(1), "the policy does not count yet");
        attempt += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // The same texts again: the backtest said what would be held.
    let again = reports("again", 0, 60);
    send(&stack, &again).await;
    for (before, now) in sent.iter().zip(&again) {
        let (before, now) = (case_of(&stack, before).await, case_of(&stack, now).await);
        let expected = changed.contains(&before.id().to_string().as_str());
        let turned = before.record().screened.verdict.decision != now.record().screened.verdict.decision;
        assert_eq!(turned, expected, "{}", before.id());
    }
    scratch.saring(&["policy", "rollback", "--by", "data:ayu"]).await;
    let list = scratch.saring(&["policy", "list"]).await;
    let actions: Vec<&str> = list.lines().filter_map(|line| line.split('\t').nth(3)).collect();
    assert_eq!(actions, ["packaged", "activated", "rolled_back"], "{list}");
    assert!(scratch.saring(&["policy", "show"]).await.contains("version = \"2026-12-01.2\""));
    sound(&stack).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_while_the_policy_in_force_is_not_known() {
    let scratch = Scratch::new();
    let stack = scratch.stack().await;
    // What a later program wrote, and this one doesn't understand.
    let (ayu, now) = (Actor::parse("data:ayu").expect("a name"), Timestamp::from_unix_ms(1_000));
    let newer = ("later.1", "version = \"later.1\"\nnew_rules = true\n");
    stack.cases().set_policy(None, SettingAction::Activated, newer, &ayu, now).await.expect("it is the first");
    let sent = reports("unknown", 0, 30);
    send(&stack, &sent).await;
    let mut unknown = 0;
    for report in &sent {
        let case = case_of(&stack, report).await;
        assert_eq!(case.status(), CaseStatus::InReview, "{}", report.id);
        unknown += usize::from(case.record().screened.verdict.reasons[0].code == "held.policy_unknown");
    }
    assert!(unknown > 5, "some of it would have been published");
    sound(&stack).await;
    stack.shutdown().await;
}
