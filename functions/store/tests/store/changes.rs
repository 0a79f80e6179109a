//! What moderators and reporters do to cases, through the real SDK against the embedded table.

use crate::support::{AT, Table, at, report, screened, tracking};
use saring_domain::agency::AgencyType;
use saring_domain::case::{
    Actor, AuditAction, Case, CaseError, CaseStatus, Change, LabelCode, Labels, NamedAgency, RejectReason, Resolution,
};
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::report::ReportText;
use saring_domain::report::Visibility::{Anonim, Publik, Rahasia};
use saring_store::{Edited, PageRequest, Recorded, StoreError};

fn sari() -> Actor {
    Actor::parse("moderator:sari").unwrap()
}

fn first() -> PageRequest {
    PageRequest { items: 10, after: None }
}

impl Table {
    async fn recorded(&self, text: &str, decision: saring_domain::policy::Decision) -> Case {
        let report = report("r-1", text);
        let recorded =
            self.cases.record_screening(&report, screened(&report, decision, Publik), tracking(1), at(9)).await;
        match recorded.unwrap() {
            Recorded::New(case) | Recorded::Already(case) => *case,
            other => panic!("{other:?}"),
        }
    }

    async fn changed(&self, case: &Case, change: Change) -> Result<Case, StoreError> {
        self.cases.change(case.id(), case.version(), &change, &sari(), at(10)).await
    }

    /// The actions of the trail, and its actors.
    async fn trail(&self) -> Vec<(AuditAction, String)> {
        let events = self.cases.audit(tracking(1).case_id()).await.unwrap();
        events.into_iter().map(|event| (event.action, event.actor.as_str().to_owned())).collect()
    }
}

#[tokio::test]
async fn each_change_is_one_version_and_one_event_and_survives_the_table() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Review).await;
    let agency = NamedAgency::new(AgencyType::parse("dinas_perhubungan").unwrap(), "Dinas Perhubungan").unwrap();
    let labels = Labels { category: Some(LabelCode::parse("perhubungan").unwrap()), ..Labels::default() };
    let reject = Resolution::Reject(RejectReason::Unclear);
    let steps = [
        (Change::Claim { until: at(600) }, AuditAction::Claimed, CaseStatus::InReview),
        (Change::Correct(labels), AuditAction::Corrected, CaseStatus::InReview),
        (Change::Tighten(Anonim), AuditAction::Tightened, CaseStatus::InReview),
        (Change::Release, AuditAction::Released, CaseStatus::InReview),
        (Change::Overdue, AuditAction::Overdue, CaseStatus::InReview),
        (Change::Resolve(Resolution::Publish), AuditAction::Resolved, CaseStatus::Published),
        (Change::Resolve(reject), AuditAction::Resolved, CaseStatus::Rejected),
    ];
    let mut case = case;
    for (change, action, status) in steps {
        let version = case.version();
        case = table.changed(&case, change).await.unwrap();
        assert_eq!((case.version(), case.status()), (version + 1, status), "{action:?}");
        assert_eq!(table.cases.case(case.id()).await.unwrap(), Some(case.clone()));
        assert_eq!(table.trail().await.last(), Some(&(action, "moderator:sari".to_owned())));
        table.sound().await;
    }
    let appealed = table.cases.appeal(tracking(1), None, at(20)).await.unwrap();
    assert_eq!(table.trail().await.last(), Some(&(AuditAction::Appealed, "reporter".to_owned())));
    let returned = table.changed(&appealed, Change::Return(agency.clone())).await.unwrap();
    assert_eq!(table.cases.case(case.id()).await.unwrap().unwrap().record().returned, Some(agency));
    assert!(matches!(
        table.cases.appeal(tracking(1), None, at(21)).await,
        Err(StoreError::Case(CaseError::AppealedBefore))
    ));
    assert!(table.cases.review_queue(&first()).await.unwrap().items.is_empty());
    assert_eq!(returned.status(), CaseStatus::Returned);
    table.sound().await;
}

#[tokio::test]
async fn a_corrected_category_is_the_public_one() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Publish).await;
    let labels = Labels { category: Some(LabelCode::parse("perhubungan").unwrap()), ..Labels::default() };
    table.changed(&case, Change::Correct(labels)).await.unwrap();
    let feed = table.cases.feed(&first()).await.unwrap().items;
    assert_eq!(feed[0].category.as_deref(), Some("perhubungan"));
    assert_eq!(feed[0].agency.as_deref(), Some("Dinas Pekerjaan Umum Kota Semarang"));
}

#[tokio::test]
async fn others_see_a_lock_and_an_old_page_changes_nothing() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Review).await;
    let taken = table.changed(&case, Change::Claim { until: at(600) }).await.unwrap();
    let budi = Actor::parse("moderator:budi").unwrap();
    let publish = Change::Resolve(Resolution::Publish);
    let refused = table.cases.change(case.id(), taken.version(), &publish, &budi, at(11)).await;
    assert!(matches!(refused, Err(StoreError::Case(CaseError::Taken { until })) if until == at(600)), "{refused:?}");
    let stale = table.cases.change(case.id(), case.version(), &publish, &sari(), at(11)).await;
    assert!(matches!(stale, Err(StoreError::Stale { expected: 1, actual: 2, .. })), "{stale:?}");
    let late = table.cases.change(case.id(), taken.version(), &publish, &budi, at(600)).await.unwrap();
    assert_eq!(late.status(), CaseStatus::Published);
    table.sound().await;
}

#[tokio::test]
async fn two_moderators_at_once_make_one_decision() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Review).await;
    let publish = Change::Resolve(Resolution::Publish);
    let secret = Change::Tighten(Rahasia);
    let (one, other) = tokio::join!(table.changed(&case, publish), table.changed(&case, secret));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    assert_eq!(table.trail().await.len(), 3);
    table.sound().await;
}

#[tokio::test]
async fn a_changed_text_is_off_the_feed_until_it_is_screened() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Publish).await;
    assert_eq!(table.cases.feed(&first()).await.unwrap().items.len(), 1);
    let new = report("r-1", "Jalan rusak, slot gacor");
    let edited = table.cases.edit(tracking(1), &new, at(20)).await.unwrap();
    assert!(matches!(&edited, Edited::Held(case) if case.status() == CaseStatus::Edited), "{edited:?}");
    assert_eq!(table.cases.edit(tracking(1), &new, at(21)).await.unwrap(), Edited::Same);
    assert!(table.cases.feed(&first()).await.unwrap().items.is_empty());
    assert_eq!(table.cases.waiting(&first()).await.unwrap().items[0].since, at(20));
    table.sound().await;
    // The old text is refused when its message comes again.
    let old = report("r-1", "Jalan rusak");
    let again = table.cases.record_screening(&old, screened(&old, Publish, Publik), tracking(1), at(22)).await;
    assert_eq!(again.unwrap(), Recorded::Conflict { case: case.id() });
    let held = screened(&new, Review, Publik);
    let recorded = table.cases.record_screening(&new, held.clone(), tracking(1), at(23)).await.unwrap();
    assert!(matches!(&recorded, Recorded::New(case) if case.status() == CaseStatus::InReview), "{recorded:?}");
    let again = table.cases.record_screening(&new, held, tracking(1), at(24)).await.unwrap();
    assert!(matches!(again, Recorded::Already(_)), "{again:?}");
    assert!(table.cases.waiting(&first()).await.unwrap().items.is_empty());
    let original = table.cases.original(case.id(), &sari(), at(25)).await.unwrap().unwrap();
    assert_eq!(original.text, new.text);
    table.sound().await;
}

#[tokio::test]
async fn a_text_changed_before_its_screening_takes_the_place_of_the_first() {
    let table = Table::start().await;
    let (old, new) = (report("r-1", "Jalan rusak"), report("r-1", "Lampu mati"));
    table.cases.receive(&old, tracking(1), AT).await.unwrap();
    assert_eq!(table.cases.waiting(&first()).await.unwrap().items.len(), 1);
    assert_eq!(table.cases.edit(tracking(1), &new, at(1)).await.unwrap(), Edited::Replaced);
    let late = table.cases.record_screening(&old, screened(&old, Publish, Publik), tracking(1), at(2)).await;
    assert!(matches!(late.unwrap(), Recorded::Conflict { .. }));
    let recorded = table.cases.record_screening(&new, screened(&new, Publish, Publik), tracking(1), at(3)).await;
    assert!(matches!(recorded.unwrap(), Recorded::New(_)));
    assert!(table.cases.waiting(&first()).await.unwrap().items.is_empty());
    let stranger = table.cases.edit(tracking(2), &old, at(4)).await;
    assert!(matches!(stranger, Err(StoreError::NoCase(_))), "{stranger:?}");
    table.sound().await;
}

#[tokio::test]
async fn the_same_text_with_less_visibility_tightens_and_never_loosens() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Publish).await;
    let send = async |visibility, second| {
        let mut again = report("r-1", "Jalan rusak");
        again.visibility = visibility;
        let verdict = screened(&again, Publish, visibility);
        table.cases.record_screening(&again, verdict, tracking(2), at(second)).await.unwrap()
    };
    let Recorded::Tightened(anonymous) = send(Anonim, 20).await else { panic!() };
    assert_eq!((anonymous.id(), anonymous.status()), (case.id(), CaseStatus::Published));
    assert_eq!((anonymous.record().chosen, anonymous.record().visibility), (Anonim, Anonim));
    assert_eq!(table.trail().await.last(), Some(&(AuditAction::Tightened, "reporter".to_owned())));
    // Neither a redelivery nor the first message moves it back.
    for visibility in [Anonim, Publik] {
        assert!(matches!(send(visibility, 21).await, Recorded::Already(_)));
    }
    assert_eq!(table.cases.feed(&first()).await.unwrap().items.len(), 1);
    let Recorded::Tightened(secret) = send(Rahasia, 22).await else { panic!() };
    assert_eq!(secret.status(), CaseStatus::Confidential);
    assert!(table.cases.feed(&first()).await.unwrap().items.is_empty());
    assert_eq!(table.trail().await.len(), 4);
    // Other text: refused, and nothing of it counts.
    let other = report("r-1", "Lampu mati");
    let verdict = screened(&other, Publish, Publik);
    let refused = table.cases.record_screening(&other, verdict, tracking(1), at(23)).await.unwrap();
    assert_eq!(refused, Recorded::Conflict { case: case.id() });
    table.sound().await;
}

#[tokio::test]
async fn a_tighter_choice_counts_before_the_screening_and_while_a_change_waits() {
    let table = Table::start().await;
    let mut new = report("r-1", "Jalan rusak, lampu mati");
    table.recorded("Jalan rusak", Publish).await;
    table.cases.edit(tracking(1), &new, at(20)).await.unwrap();
    new.visibility = Rahasia;
    assert_eq!(table.cases.edit(tracking(1), &new, at(21)).await.unwrap(), Edited::Same);
    let waits = table.cases.case(tracking(1).case_id()).await.unwrap().unwrap();
    assert_eq!((waits.status(), waits.record().visibility), (CaseStatus::Edited, Rahasia));
    // The message of the change came first and says nothing of it.
    let stale = report("r-1", "Jalan rusak, lampu mati");
    let recorded = table.cases.record_screening(&stale, screened(&stale, Publish, Publik), tracking(1), at(22)).await;
    assert!(matches!(&recorded.unwrap(), Recorded::New(case) if case.status() == CaseStatus::Confidential));
    assert_eq!(table.cases.choose(tracking(1).case_id(), Anonim, at(23)).await.unwrap(), None);
    assert!(table.cases.choose(tracking(9).case_id(), Anonim, at(24)).await.is_err(), "there is no such case");
    table.sound().await;
}

#[tokio::test]
async fn the_reason_of_an_appeal_is_kept_like_an_original() {
    let table = Table::start().await;
    let case = table.recorded("Jalan rusak", Review).await;
    let rejected = table.changed(&case, Change::Resolve(Resolution::Reject(RejectReason::Spam))).await.unwrap();
    let reason = ReportText::parse("Saya bukan penjual apa pun").unwrap();
    table.cases.appeal(tracking(1), Some(&reason), at(20)).await.unwrap();
    assert!(!format!("{:?}", table.items().await).contains("penjual"));
    let read = table.cases.appeal_reason(rejected.id(), &sari(), at(21)).await.unwrap();
    assert_eq!(read, Some(reason));
    assert_eq!(table.trail().await.last(), Some(&(AuditAction::OriginalRead, "moderator:sari".to_owned())));
    table.sound().await;
}
