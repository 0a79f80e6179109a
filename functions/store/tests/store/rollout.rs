//! Rollouts and policies as settings of the table: their trails, counts and disagreements.

use crate::support::{AT, Table, at, report, screened, tracking};
use saring_domain::case::{Actor, ModelVersion, Timestamp};
use saring_domain::learning::Sampling;
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::policy::Policy;
use saring_domain::report::Visibility::Publik;
use saring_domain::rollout::{Count, Counts, Defaults, Disagreement, Mode, Proportion, Rollout, Side};
use saring_domain::setting::{SettingAction, first_break};
use saring_store::{EndedBy, StoreError, verify};

fn ayu() -> Actor {
    Actor::parse("data:ayu").unwrap()
}

fn rollout() -> Rollout {
    let defaults = Defaults::parse(include_str!("../../../../models/rollout.toml")).unwrap();
    Rollout {
        candidate: ModelVersion::parse("model-2").unwrap(),
        mode: Mode::Shadow,
        share: Proportion::new(0.25).unwrap(),
        window_minutes: defaults.window_minutes,
        bounds: defaults.bounds,
        started_at: AT,
        started_by: ayu(),
    }
}

#[tokio::test]
async fn a_rollout_begins_and_ends_once_and_its_trail_tells_it() {
    let table = Table::start().await;
    let cases = &table.cases;
    assert_eq!((cases.rollout().await.unwrap().revision, cases.rollout_report().await.unwrap().of), (0, None));
    cases.start_rollout(&rollout()).await.unwrap();
    assert!(matches!(cases.start_rollout(&rollout()).await, Err(StoreError::RolloutOn)));
    let seen = cases.rollout().await.unwrap();
    assert_eq!((seen.revision, seen.on.as_ref()), (1, Some(&rollout())), "what was set is what is read");
    cases.end_rollout(&seen, EndedBy::Bounds, "window 0", &Actor::sweep(), at(5)).await.unwrap();
    let late = cases.end_rollout(&seen, EndedBy::Person, "too late", &ayu(), at(6)).await;
    assert!(matches!(late, Err(StoreError::SettingMoved)), "another was faster");
    cases.start_rollout(&Rollout { started_at: at(9), ..rollout() }).await.unwrap();
    let events = cases.rollout_events().await.unwrap();
    let actions: Vec<_> = events.iter().map(|event| (event.action, event.reason.as_str())).collect();
    let started = (SettingAction::Started, "");
    assert_eq!(actions, [started, (SettingAction::Tripped, "window 0"), started]);
    assert_eq!(first_break(&events), None);
    assert!(verify::all(cases).await.unwrap().violations.is_empty());
}

#[tokio::test]
async fn counts_add_up_over_functions_and_windows() {
    let table = Table::start().await;
    let mut counts = Counts::default();
    counts.add(Count::Screened, 3);
    counts.add(Count::OnlyCandidate, 1);
    for moment in 0..20 {
        let now = Timestamp::from_unix_ms(AT.unix_ms() + moment);
        table.cases.count_rollout(7, moment % 2, &counts, now).await.unwrap();
    }
    table.cases.count_rollout(8, 0, &counts, AT).await.unwrap();
    let windows = table.cases.rollout_counts(7).await.unwrap();
    let get = |window: u64| [Count::Screened, Count::OnlyCandidate, Count::Errors].map(|c| windows[&window].get(c));
    assert_eq!((windows.len(), get(0), get(1)), (2, [30, 10, 0], [30, 10, 0]));
    let used = table.items().await.iter().filter(|item| item.contains_key("screened")).count();
    assert!(used > 8, "several items share the writes: {used}");
    assert!(table.items().await.iter().all(|item| item.contains_key("expires_at")), "counts don't stay for ever");
}

#[tokio::test]
async fn disagreements_hold_no_text_and_are_preferred_by_the_sample() {
    const TEXT: &str = "Lampu di Jalan Melati padam sejak Senin";
    let table = Table::start().await;
    let cases = &table.cases;
    cases.start_rollout(&rollout()).await.unwrap();
    for seed in 1..=60 {
        let report = report(&format!("r-{seed}"), TEXT);
        let verdict = screened(&report, Publish, Publik);
        cases.record_screening(&report, verdict.clone(), tracking(seed), AT).await.unwrap();
        if seed <= 30 {
            let (current, candidate) = (Side::from(&verdict), Side::from(&screened(&report, Review, Publik)));
            let found = Disagreement { case: tracking(seed).case_id(), at: at(seed.into()), current, candidate };
            cases.add_disagreement(1, &found).await.unwrap();
        }
    }
    let found = cases.rollout_report().await.unwrap();
    assert_eq!((found.disagreements.len(), found.disagreements[0].at), (30, at(30)), "the newest first");
    for item in table.items().await.iter().filter(|item| item["pk"].as_s().unwrap().starts_with("rollout#")) {
        assert!(!format!("{item:?}").contains("Melati"), "{item:?}");
    }
    let sampling = Sampling::parse(include_str!("../../../../models/sampling.toml")).unwrap();
    let policy = Policy::parse(include_str!("../../../../models/policy.toml")).unwrap();
    cases.sample_published(&sampling, &policy, at(100)).await.unwrap();
    let samples = cases.samples().await.unwrap();
    let disputed = (1..=30).filter(|seed| samples.contains_key(&tracking(*seed).case_id())).count();
    let others = samples.len() - disputed;
    assert!((8..=24).contains(&disputed) && others < 8, "about half of what is in dispute: {disputed}, {others}");
    for sample in samples.values() {
        assert!(sample.probability > 0.009, "each has its probability: {}", sample.probability);
    }
    let share = |seed: u16| samples.get(&tracking(seed).case_id()).map(|sample| sample.probability);
    assert!((1..=30).filter_map(share).all(|p| p > 0.5) && (31..=60).filter_map(share).all(|p| p < 0.25));
}

#[tokio::test]
async fn a_policy_is_put_in_force_only_over_the_one_that_was_seen() {
    let table = Table::start().await;
    let cases = &table.cases;
    assert!(cases.live_policy().await.unwrap().is_none());
    let first = cases.set_policy(None, SettingAction::Packaged, ("p-1", "one"), &ayu(), AT).await.unwrap();
    let second = cases.set_policy(Some(&first), SettingAction::Activated, ("p-2", "two"), &ayu(), at(1)).await.unwrap();
    for seen in [None, Some(&first)] {
        let late = cases.set_policy(seen, SettingAction::Activated, ("p-3", "three"), &ayu(), at(2)).await;
        assert!(matches!(late, Err(StoreError::SettingMoved)));
    }
    let live = cases.live_policy().await.unwrap();
    assert_eq!((live.as_ref(), second.content.as_str()), (Some(&second), "two"));
    assert_eq!(first_break(&cases.policy_events().await.unwrap()), None);
    let long = "x".repeat(65 * 1024);
    let refused = cases.set_policy(Some(&second), SettingAction::Activated, ("p-4", &long), &ayu(), at(3)).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
}
