//! A public case that repeats a claim checked later, through the real SDK against the embedded table.

use crate::support::{Table, at, report, screened, tracking};
use saring_domain::case::{
    Actor, AuditAction, Case, CaseError, CaseStatus, MatchedClaim, PublishedBy, Recall, Resolution,
};
use saring_domain::policy::Decision::Publish;
use saring_domain::policy::Reason;
use saring_domain::report::Visibility::Publik;
use saring_domain::score::Score;
use saring_store::{PageRequest, Recorded, StoreError, verify};

fn actor(name: &str) -> Actor {
    Actor::parse(name).unwrap()
}

fn first() -> PageRequest {
    PageRequest { items: 10, after: None }
}

fn recall(id: &str) -> Recall {
    let claim = MatchedClaim {
        id: id.into(),
        title: "Telur plastik beredar di pasar".into(),
        url: Some("https://periksa.example/1".into()),
        verdict: "SALAH".into(),
        date: Some("2026-01-31".into()),
        score: Score::new(0.9).unwrap(),
        span: Some((0, 13)),
    };
    Recall { reason: Reason { code: "hoax.claim".into(), detail: "mengulang klaim".into() }, claims: vec![claim] }
}

async fn published(table: &Table) -> Case {
    let report = report("r-1", "Telur plastik beredar di pasar, sebarkan");
    let verdict = screened(&report, Publish, Publik);
    match table.cases.record_screening(&report, verdict, tracking(1), at(9)).await.unwrap() {
        Recorded::New(case) => *case,
        other => panic!("{other:?}"),
    }
}

async fn sound(table: &Table) {
    let findings = verify::all(&table.cases).await.unwrap();
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}

#[tokio::test]
async fn a_recalled_case_leaves_the_feed_and_waits_with_its_evidence() {
    let table = Table::start().await;
    let case = published(&table).await;
    assert_eq!(table.cases.feed(&first()).await.unwrap().items.len(), 1);
    let stale = table.cases.recall(case.id(), 7, &recall("k1"), &actor("operator:ayu"), at(20)).await;
    assert!(matches!(stale, Err(StoreError::Stale { expected: 7, actual: 1, .. })), "{stale:?}");
    let held = table.cases.recall(case.id(), 1, &recall("k1"), &actor("operator:ayu"), at(20)).await.unwrap();
    assert!(table.cases.feed(&first()).await.unwrap().items.is_empty());
    let queue = table.cases.review_queue(&first()).await.unwrap().items;
    assert_eq!(queue, std::slice::from_ref(&held));
    let record = queue[0].record();
    assert_eq!(record.screened.claims[0], recall("k1").claims[0]);
    assert_eq!(record.screened.verdict.reasons[0].code, "hoax.claim");
    let last = table.cases.audit(case.id()).await.unwrap().pop().unwrap();
    assert_eq!((last.action, last.case_version, last.actor), (AuditAction::Recalled, 2, actor("operator:ayu")));
    assert_eq!(last.detail, "claim=k1 score=0.90");
    sound(&table).await;
    // Again: nothing is public any more, and nothing changes.
    let again = table.cases.recall(case.id(), 2, &recall("k1"), &actor("operator:ayu"), at(21)).await;
    assert!(matches!(again, Err(StoreError::Case(CaseError::Refused { change: "recalled", .. }))), "{again:?}");
    let sari = actor("moderator:sari");
    let kept = table.cases.resolve(case.id(), 2, Resolution::Publish, &sari, at(30)).await.unwrap();
    let weighed = table.cases.recall(case.id(), kept.version(), &recall("k1"), &actor("operator:ayu"), at(31)).await;
    assert!(matches!(weighed, Err(StoreError::Case(CaseError::Weighed))), "{weighed:?}");
    let publication = table.cases.case(case.id()).await.unwrap().unwrap().record().publication.clone().unwrap();
    assert_eq!((publication.by, publication.version), (PublishedBy::Moderator, 3));
    let asked = table.cases.recall(case.id(), 3, &recall("k2"), &actor("operator:ayu"), at(32)).await.unwrap();
    assert_eq!(asked.status(), CaseStatus::InReview);
    assert_eq!(asked.record().screened.verdict.reasons[0].code, "hoax.recheck");
    sound(&table).await;
}

#[tokio::test]
async fn a_recalled_case_put_back_by_hand_is_found() {
    let table = Table::start().await;
    let case = published(&table).await;
    let pk = format!("case#{}", case.id());
    let before = table.item(&pk, "case").await;
    table.cases.recall(case.id(), 1, &recall("k1"), &actor("operator:ayu"), at(20)).await.unwrap();
    // The old item with the new version: only the trail tells.
    table.put(before).await;
    table.set(&pk, "case", "version", aws_sdk_dynamodb::types::AttributeValue::N("2".into())).await;
    let findings = verify::all(&table.cases).await.unwrap();
    let kinds: Vec<_> = findings.violations.iter().map(|v| v.kind.name()).collect();
    assert_eq!(kinds, ["publication_not_in_trail"]);
}
