//! Decisions that rest, as the table and its proof see them.

use crate::support::{AT, Table, report, screened, text, tracking};
use saring_domain::case::{Actor, CaseId, Change, LabelCode, Resolution, Ruling, Timestamp};
use saring_domain::learning::Sampling;
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::policy::Policy;
use saring_domain::report::Visibility::Publik;
use saring_store::verify::{self, Kind};
use saring_store::{CheckKind, NoteText, PageRequest, QueuePart};

fn sari() -> Actor {
    Actor::parse("moderator:sari").unwrap()
}

fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + minutes * 60_000)
}

fn sampling() -> Sampling {
    Sampling::parse(include_str!("../../../../models/sampling.toml")).unwrap()
}

fn policy() -> Policy {
    Policy::parse(include_str!("../../../../models/policy.toml")).unwrap()
}

async fn held(table: &Table, seed: u16) -> CaseId {
    let report = report(&format!("r-{seed}"), "Jalan rusak");
    let verdict = screened(&report, Review, Publik);
    table.cases.record_screening(&report, verdict, tracking(seed), AT).await.unwrap();
    tracking(seed).case_id()
}

async fn propose(table: &Table, id: CaseId, due: u64) {
    let ruling = Ruling::Resolve(Resolution::Publish);
    let change = Change::Propose { ruling, why: LabelCode::parse("fit").unwrap(), due: minutes(due) };
    let note = NoteText::parse("layak").unwrap();
    table.cases.change_noted(id, 1, &change, Some(&note), &sari(), minutes(1)).await.unwrap();
}

async fn violations(table: &Table) -> Vec<Kind> {
    verify::all(&table.cases).await.unwrap().violations.into_iter().map(|violation| violation.kind).collect()
}

#[tokio::test]
async fn decisions_take_effect_in_the_order_of_their_ends() {
    let table = Table::start().await;
    let ids = [held(&table, 1).await, held(&table, 2).await, held(&table, 3).await];
    for (id, due) in ids.iter().zip([9, 5, 7]) {
        propose(&table, *id, due).await;
    }
    let page = table.cases.queue(QueuePart::Resting, &PageRequest { items: 9, after: None }).await.unwrap();
    let resting: Vec<CaseId> = page.items.iter().map(saring_domain::case::Case::id).collect();
    assert_eq!(resting, [ids[1], ids[2], ids[0]]);
}

#[tokio::test]
async fn the_log_and_the_checks_hold_what_took_effect() {
    let table = Table::start().await;
    for seed in 1..=60 {
        let id = held(&table, seed).await;
        propose(&table, id, 5).await;
    }
    let settled = table.cases.settle_due(minutes(6)).await.unwrap();
    assert_eq!(settled.cases.len(), 60);
    let log = table.cases.decision_log(minutes(7), 2).await.unwrap();
    assert!(log.len() == 60 && log.iter().all(|row| row.ruling == "publish" && row.by == sari()));
    let checks = table.cases.checks(minutes(7)).await.unwrap();
    assert!((1..=18).contains(&checks.len()), "about a tenth of 60, not {}", checks.len());
    let day_before = Timestamp::from_unix_ms(AT.unix_ms() - 86_400_000);
    assert_eq!(table.cases.checks(day_before).await.unwrap().len(), checks.len(), "this clock is behind");
    assert_eq!(table.cases.decision_log(day_before, 2).await.unwrap().len(), 60, "this clock is behind");
    let bayu = Actor::parse("moderator:bayu").unwrap();
    let done = table.cases.finish_check(&checks[0], "reject.spam", &bayu, minutes(8)).await.unwrap();
    assert!(done.differs() && done.kind == CheckKind::Second);
    assert!(table.cases.finish_check(&checks[0], "publish", &bayu, minutes(9)).await.is_err(), "once");
    table.cases.settle_check(&done, "publish", &Actor::parse("moderator:wulan").unwrap(), minutes(9)).await.unwrap();
    assert_eq!(violations(&table).await, []);
}

#[tokio::test]
async fn what_the_screening_published_is_drawn_and_counted_once() {
    let table = Table::start().await;
    for seed in 1..=150 {
        let report = report(&format!("r-{seed}"), "Jalan rusak");
        let mut verdict = screened(&report, Publish, Publik);
        verdict.flags[0].1 = saring_domain::score::Score::new(0.4).unwrap();
        table.cases.record_screening(&report, verdict, tracking(seed), AT).await.unwrap();
    }
    let drawn = table.cases.sample_published(&sampling(), &policy(), minutes(1)).await.unwrap();
    assert!((10..=55).contains(&drawn), "about a fifth of 150, not {drawn}");
    assert_eq!(table.cases.sample_published(&sampling(), &policy(), minutes(2)).await.unwrap(), 0);
    let counted: u64 = table.cases.published_by_day().await.unwrap().iter().map(|(_, count)| count).sum();
    assert_eq!((counted, table.cases.samples().await.unwrap().len()), (150, drawn));
    assert_eq!(violations(&table).await, []);
}

#[tokio::test]
async fn the_proof_finds_what_took_effect_without_rest() {
    for (what, found) in [("as it was", false), ("a due moment that was moved", true)] {
        let table = Table::start().await;
        let id = held(&table, 1).await;
        propose(&table, id, 5).await;
        if found {
            // Somebody moves the end of the rest in the case, not in the trail.
            let pk = format!("case#{id}");
            let json = table.item(&pk, "case").await["proposal"].as_s().unwrap().clone();
            let moved = json.replace(&minutes(5).unix_ms().to_string(), &minutes(2).unix_ms().to_string());
            assert_ne!(moved, json);
            table.set(&pk, "case", "proposal", text(&moved)).await;
            table.set(&pk, "case", "review_sk", text(&format!("{}#{id}", minutes(2)))).await;
        }
        table.cases.settle_due(minutes(if found { 3 } else { 6 })).await.unwrap();
        assert_eq!(violations(&table).await, if found { vec![Kind::NotRested] } else { Vec::new() }, "{what}");
    }
}

#[tokio::test]
async fn an_erased_case_takes_its_notes_with_it() {
    let table = Table::start().await;
    let id = held(&table, 1).await;
    propose(&table, id, 5).await;
    assert_eq!(table.cases.notes(id).await.unwrap().len(), 1);
    table.cases.erase(id, &Actor::parse("operator:cli").unwrap(), minutes(2)).await.unwrap();
    assert!(table.cases.notes(id).await.unwrap().is_empty());
    assert_eq!(violations(&table).await, []);
}
