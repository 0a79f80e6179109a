//! A candidate model beside the current one, through the local stack: real processes, bundles, queue
//! and table.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod drift;
#[path = "../faults/bundle.rs"]
mod failing;
mod overturned;
mod policy;
mod support;

use std::time::{Duration, Instant};

use saring_domain::case::CaseStatus;
use saring_domain::policy::Decision;
use saring_domain::report::Report;
use saring_domain::rollout::Count;
use saring_domain::setting::{SettingAction, first_break};

use support::{CURRENT, NEVER, OTHER, Scratch, bundle, case_of, reports, send, sound, with_offsets};

/// Functions look at the rollout so often, and a little longer.
const LOOK_EVERY: Duration = Duration::from_secs(21);

fn held(row: &serde_json::Value) -> bool {
    row["decision"] == "review"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_changes_no_case_and_keeps_where_the_models_differ() {
    let scratch = Scratch::new();
    scratch.candidate();
    let stack = scratch.stack().await;
    assert_eq!(scratch.status().await["state"], "off");
    scratch.saring(&["rollout", "start", "--mode", "shadow", "--share", "0.5", "--by", "data:ayu"]).await;
    let again = scratch.refused(&["rollout", "start", "--mode", "canary", "--share", "0.1"]).await;
    assert!(again.contains("a rollout goes on"), "{again}");
    let sent = reports("shadow", 660, 120);
    send(&stack, &sent).await;

    let alone = scratch.alone(CURRENT, &sent).await;
    let live = stack.cases().rollout().await.expect("the table answers");
    let rollout = live.on.clone().expect("it goes on");
    let mut chosen = 0;
    for report in &sent {
        let case = case_of(&stack, report).await;
        let (record, expected) = (case.record(), &alone[report.id.as_str()]);
        assert_eq!(record.screened.model.as_str(), CURRENT);
        let verdict = &record.screened.verdict;
        assert_eq!(verdict.decision.code(), expected["decision"], "{}", report.id);
        assert_eq!(verdict.visibility.code(), expected["visibility"], "{}", report.id);
        assert_eq!(verdict.reasons[0].code, expected["reasons"][0]["code"].as_str().unwrap(), "{}", report.id);
        chosen += u64::from(rollout.chooses(case.id()));
    }
    let report = stack.cases().rollout_report().await.expect("the table answers");
    assert_eq!(report.total().get(Count::Screened), chosen, "each of the share was screened by both, once");
    assert_eq!(report.total().get(Count::Errors), 0);
    assert!(chosen > 30 && !report.disagreements.is_empty(), "two models differ about something");
    for found in &report.disagreements {
        assert!(rollout.chooses(found.case) && !found.differs().is_empty());
    }
    let status = scratch.status().await;
    assert_eq!((&status["state"], &status["candidate"]), (&"shadow".into(), &OTHER.into()));
    assert_eq!(status["disagreements"], report.disagreements.len());
    assert!(scratch.saring(&["rollout", "status"]).await.contains("shadow"));
    scratch.saring(&["rollout", "stop", "--by", "data:ayu", "--reason", "seen enough"]).await;
    let ended = scratch.status().await;
    assert_eq!((&ended["state"], &ended["ended"]["how"]), (&"off".into(), &"stopped".into()));
    assert_eq!(ended["ended"]["reason"], "seen enough");
    sound(&stack).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_decides_for_its_share_and_nothing_is_public_that_either_model_holds() {
    let scratch = Scratch::new();
    scratch.candidate();
    let stack = scratch.stack().await;
    scratch.saring(&["rollout", "start", "--mode", "canary", "--share", "0.5"]).await;
    let rollout = stack.cases().rollout().await.expect("the table answers").on.expect("it goes on");
    let sent = reports("canary", 997, 120);
    send(&stack, &sent).await;
    let (current, other) = (scratch.alone(CURRENT, &sent).await, scratch.alone(OTHER, &sent).await);
    let mut seen = [0; 3];
    for report in &sent {
        let case = case_of(&stack, report).await;
        let (id, screened) = (report.id.as_str(), &case.record().screened);
        let holds = screened.verdict.decision == Decision::Review;
        if rollout.chooses(case.id()) {
            assert_eq!(screened.model.as_str(), OTHER);
            assert_eq!(holds, held(&current[id]) || held(&other[id]), "{id}");
            let only_current = held(&current[id]) && !held(&other[id]);
            let said = screened.verdict.reasons.iter().any(|reason| reason.code == "held.current_model");
            assert_eq!(said, only_current, "{id}: a reason says who holds it");
            seen[0] += 1;
            seen[1] += u32::from(only_current);
        } else {
            assert_eq!((screened.model.as_str(), holds), (CURRENT, held(&current[id])), "{id}");
            seen[2] += 1;
        }
    }
    assert!(seen[0] > 30 && seen[1] > 0 && seen[2] > 30, "{seen:?}");
    sound(&stack).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_publishes_everything_ends_within_one_window_and_nothing_was_public() {
    let scratch = Scratch::new();
    scratch.spoilt(&bundle(CURRENT), "publishes-all", |manifest| with_offsets(manifest, |_, _| NEVER));
    let stack = scratch.stack().await;
    scratch.saring(&["rollout", "start", "--mode", "canary", "--share", "1", "--window-minutes", "5"]).await;
    let began = Instant::now();
    assert!(!scratch.saring(&["sweep", "--models", "models"]).await.contains("CANARY ENDED"), "nothing came yet");
    let sent = reports("bad", 480, 120);
    send(&stack, &sent).await;
    let swept = scratch.saring(&["sweep", "--models", "models"]).await;
    assert!(swept.contains("CANARY ENDED") && swept.contains("window 0: held rate difference"), "{swept}");
    assert!(began.elapsed() < Duration::from_mins(5), "within one window");

    let alone = scratch.alone(CURRENT, &sent).await;
    assert!(alone.values().filter(|row| held(row)).count() > 15, "the current model holds some");
    for report in &sent {
        let case = case_of(&stack, report).await;
        assert_eq!(case.record().screened.model.as_str(), "publishes-all");
        let expected = if held(&alone[report.id.as_str()]) { CaseStatus::InReview } else { CaseStatus::Published };
        let confidential = alone[report.id.as_str()]["visibility"] == "rahasia";
        assert!(case.status() == expected || confidential, "{}: {:?}", report.id, case.status());
        assert!(case.status() != CaseStatus::Published || expected == CaseStatus::Published, "{}", report.id);
    }
    let events = stack.cases().rollout_events().await.expect("the table answers");
    assert_eq!(events.iter().map(|e| e.action).collect::<Vec<_>>(), [SettingAction::Started, SettingAction::Tripped]);
    assert_eq!((events[1].actor.as_str(), first_break(&events)), ("system:sweep", None));
    assert_eq!(scratch.status().await["ended"]["how"], "tripped");
    assert!(!scratch.saring(&["sweep", "--models", "models"]).await.contains("CANARY ENDED"), "it ends once");

    // Running functions hear of it.
    tokio::time::sleep(LOOK_EVERY).await;
    let later = reports("later", 700, 10);
    send(&stack, &later).await;
    for report in &later {
        assert_eq!(case_of(&stack, report).await.record().screened.model.as_str(), CURRENT);
    }
    sound(&stack).await;
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_without_answers_leaves_the_decision_to_the_current_model_and_ends() {
    let scratch = Scratch::new();
    let from = failing::failing_bundle();
    scratch.spoilt(&from, "answers-nothing", str::to_owned);
    let stack = scratch.stack().await;
    scratch.saring(&["rollout", "start", "--mode", "canary", "--share", "1"]).await;
    let with_word = |report: &Report| {
        let text = format!("{} {}", report.text.as_str(), failing::FAILING_WORD);
        let line = serde_json::json!({ "id": report.id.as_str(), "text": text }).to_string();
        Report::from_json(line.as_bytes()).expect("a report")
    };
    let sent: Vec<Report> = reports("mute", 600, 60).iter().map(with_word).collect();
    send(&stack, &sent).await;
    let alone = scratch.alone(CURRENT, &sent).await;
    for report in &sent {
        let case = case_of(&stack, report).await;
        let screened = &case.record().screened;
        assert_eq!((screened.model.as_str(), screened.is_judged()), (CURRENT, true));
        assert_eq!(screened.verdict.decision.code(), alone[report.id.as_str()]["decision"]);
    }
    let swept = scratch.saring(&["sweep", "--models", "models"]).await;
    assert!(swept.contains("window 0: error rate 1.000"), "{swept}");
    sound(&stack).await;
    stack.shutdown().await;
    std::fs::remove_dir_all(&from).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_the_candidate_is_no_rollout_without_differences() {
    let scratch = Scratch::new();
    let stack = scratch.stack().await;
    send(&stack, &reports("before", 700, 2)).await;
    // Named after the function started, as by somebody who forgets to deploy.
    scratch.candidate();
    scratch.saring(&["rollout", "start", "--mode", "canary", "--share", "1", "--cases-min", "5"]).await;
    tokio::time::sleep(LOOK_EVERY).await;
    let sent = reports("without", 700, 20);
    send(&stack, &sent).await;
    for report in &sent {
        assert_eq!(case_of(&stack, report).await.record().screened.model.as_str(), CURRENT);
    }
    let status = scratch.status().await;
    assert_eq!((&status["candidate_missing"], &status["total"]["screened"]), (&20.into(), &0.into()));
    let told = scratch.saring(&["rollout", "status"]).await;
    assert!(told.contains("CALON TIDAK ADA DI FUNGSI / CANDIDATE MISSING   20"), "{told}");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_cannot_be_loaded_is_no_reason_not_to_screen() {
    let scratch = Scratch::new();
    scratch.name(Some("nothing-there"));
    let stack = scratch.stack().await;
    let sent = reports("alone", 700, 10);
    send(&stack, &sent).await;
    for report in &sent {
        assert_eq!(case_of(&stack, report).await.record().screened.model.as_str(), CURRENT);
    }
    let log = std::fs::read_to_string(scratch.file("screen.log")).expect("the function writes its log");
    assert!(log.contains("the candidate is not used"), "{log}");
    let refused = scratch.refused(&["rollout", "start", "--mode", "shadow", "--share", "0.1"]).await;
    assert!(refused.contains("nothing-there"), "{refused}");
    stack.shutdown().await;
}
