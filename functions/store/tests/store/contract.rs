//! What the store promises, through the real SDK against the embedded table.

use crate::support::{AT, Table, at, report, screened, tracking};
use saring_domain::case::{Actor, AuditAction, CaseError, CaseStatus, RejectReason, Resolution, check_chain};
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::report::TextHash;
use saring_domain::report::Visibility::{Anonim, Publik, Rahasia};
use saring_store::{
    CONFLICTS_MAX, Cursor, PageRequest, Received, Recorded, Retry, StoreError, Tracked, table_definition, verify,
};

fn first(items: u16) -> PageRequest {
    PageRequest { items, after: None }
}

fn moderator() -> Actor {
    Actor::parse("moderator:sari").unwrap()
}

#[tokio::test]
async fn an_accepted_report_is_known_at_once_and_once() {
    let table = Table::start().await;
    let report = report("r-1", "Jalan rusak");
    assert_eq!(table.cases.by_tracking_id(tracking(1)).await.unwrap(), None);
    let Received::New(receipt) = table.cases.receive(&report, tracking(1), AT).await.unwrap() else { panic!() };
    assert_eq!(table.cases.by_tracking_id(tracking(1)).await.unwrap(), Some(Tracked::Received { at: AT }));
    let again = table.cases.receive(&report, tracking(2), at(9)).await.unwrap();
    assert_eq!(again, Received::Again(receipt));
    assert_eq!(table.cases.by_tracking_id(tracking(2)).await.unwrap(), None);
    let error = table.cases.receive(&crate::support::report("r-2", "Lampu mati"), tracking(1), AT).await.unwrap_err();
    assert!(matches!(error, StoreError::TrackingTaken(_)), "{error}");
    assert_eq!(error.retry(), Retry::Pointless);
}

#[tokio::test]
async fn a_screening_becomes_one_case_where_its_verdict_says() {
    let cases = [
        (Publish, Publik, CaseStatus::Published),
        (Publish, Anonim, CaseStatus::Published),
        (Publish, Rahasia, CaseStatus::Confidential),
        (Review, Publik, CaseStatus::InReview),
        (Review, Rahasia, CaseStatus::InReview),
    ];
    let table = Table::start().await;
    for (seed, (decision, visibility, status)) in (1..).zip(cases) {
        let report = report(&format!("r-{seed}"), "Jalan rusak");
        let screened = screened(&report, decision, visibility);
        let recorded = table.cases.record_screening(&report, screened, tracking(seed), at(u64::from(seed))).await;
        let Recorded::New(case) = recorded.unwrap() else { panic!() };
        assert_eq!(case.status(), status);
        assert_eq!(table.cases.case(case.id()).await.unwrap().as_ref(), Some(&*case));
        let feed = table.cases.feed(&first(10)).await.unwrap().items;
        assert_eq!(feed.iter().any(|row| row.id == case.id()), status == CaseStatus::Published);
        let queue = table.cases.review_queue(&first(10)).await.unwrap().items;
        assert_eq!(queue.iter().any(|row| row == &*case), status == CaseStatus::InReview);
    }
    let findings = verify::all(&table.cases).await.unwrap();
    assert_eq!((findings.cases, findings.pending, findings.events, findings.feed_rows), (5, 0, 10, 2));
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}

#[tokio::test]
async fn a_redelivery_changes_nothing() {
    let table = Table::start().await;
    let report = report("r-1", "Jalan rusak");
    let held = screened(&report, Review, Publik);
    let Recorded::New(case) = table.cases.record_screening(&report, held, tracking(1), AT).await.unwrap() else {
        panic!()
    };
    let before = table.items().await;
    let other = screened(&report, Publish, Publik);
    let again = table.cases.record_screening(&report, other, tracking(2), at(60)).await.unwrap();
    assert_eq!(again, Recorded::Already(case));
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn another_text_under_a_known_id_is_refused_and_recorded_once() {
    let table = Table::start().await;
    let report = report("r-1", "Jalan rusak");
    let verdict = screened(&report, Publish, Publik);
    let Recorded::New(case) = table.cases.record_screening(&report, verdict, tracking(1), AT).await.unwrap() else {
        panic!()
    };
    let other = crate::support::report("r-1", "Slot gacor");
    for second in 1..3 {
        let verdict = screened(&other, Publish, Publik);
        let refused = table.cases.record_screening(&other, verdict, tracking(2), at(second)).await.unwrap();
        assert_eq!(refused, Recorded::Conflict { case: case.id() });
    }
    assert_eq!(table.cases.case(case.id()).await.unwrap(), Some(*case.clone()));
    let actions: Vec<_> = table.cases.audit(case.id()).await.unwrap().iter().map(|e| e.action).collect();
    assert_eq!(actions, [AuditAction::Received, AuditAction::Screened, AuditAction::Conflict]);
    for second in 0..CONFLICTS_MAX + 5 {
        let other = crate::support::report("r-1", &format!("Teks {second}"));
        let refused = table.cases.receive(&other, tracking(3), at(second)).await.unwrap();
        assert_eq!(refused, Received::Conflict { case: case.id() });
    }
    let events = table.cases.audit(case.id()).await.unwrap();
    assert_eq!(events.len() as u64, 2 + CONFLICTS_MAX);
    assert!(verify::all(&table.cases).await.unwrap().violations.is_empty());
}

#[tokio::test]
async fn a_verdict_about_another_text_is_never_recorded() {
    let table = Table::start().await;
    let report = report("r-1", "Jalan rusak");
    let mut verdict = screened(&report, Publish, Publik);
    verdict.text_hash = TextHash::parse(&"0".repeat(64)).unwrap();
    let error = table.cases.record_screening(&report, verdict, tracking(1), AT).await.unwrap_err();
    assert!(matches!(error, StoreError::Case(CaseError::OtherText)), "{error}");
    assert!(table.cases.feed(&first(1)).await.unwrap().items.is_empty());
    // The message goes back to its queue; nothing of it is in the table.
    assert!(table.items().await.is_empty());
}

#[tokio::test]
async fn many_screeners_make_one_case() {
    let table = Table::start().await;
    let mut tasks = tokio::task::JoinSet::new();
    for seed in 1..9 {
        let cases = table.cases.clone();
        tasks.spawn(async move {
            let report = report("r-1", "Jalan rusak");
            let verdict = screened(&report, Publish, Publik);
            cases.record_screening(&report, verdict, tracking(seed), AT).await.unwrap()
        });
    }
    let recorded = tasks.join_all().await;
    assert_eq!(recorded.iter().filter(|r| matches!(r, Recorded::New(_))).count(), 1);
    assert_eq!(table.cases.feed(&first(10)).await.unwrap().items.len(), 1);
    assert!(verify::all(&table.cases).await.unwrap().violations.is_empty());
}

#[tokio::test]
async fn a_resolution_counts_on_the_version_that_was_seen() {
    let table = Table::start().await;
    let report = report("r-1", "Jalan rusak");
    let verdict = screened(&report, Review, Publik);
    let Recorded::New(case) = table.cases.record_screening(&report, verdict, tracking(1), AT).await.unwrap() else {
        panic!()
    };
    let resolve = |version, resolution| {
        let (cases, id) = (table.cases.clone(), case.id());
        async move { cases.resolve(id, version, resolution, &moderator(), at(5)).await }
    };
    let published = resolve(1, Resolution::PublishAnonymous).await.unwrap();
    assert_eq!((published.version(), published.status()), (2, CaseStatus::Published));
    assert!(table.cases.review_queue(&first(5)).await.unwrap().items.is_empty());
    assert_eq!(table.cases.feed(&first(5)).await.unwrap().items[0].published_at, at(5));
    let error = resolve(1, Resolution::Confidential).await.unwrap_err();
    assert!(matches!(error, StoreError::Stale { expected: 1, actual: 2, .. }), "{error}");
    let error = resolve(2, Resolution::Publish).await.unwrap_err();
    assert!(matches!(error, StoreError::Case(CaseError::Illegal { .. })), "{error}");
    let rejected = resolve(2, Resolution::Reject(RejectReason::Hoax)).await.unwrap();
    assert_eq!(rejected.status(), CaseStatus::Rejected);
    assert!(table.cases.feed(&first(5)).await.unwrap().items.is_empty());
    let events = table.cases.audit(case.id()).await.unwrap();
    assert_eq!(events.last().unwrap().detail, "reject.hoax");
    assert_eq!(check_chain(case.id(), &events).unwrap().case_version, 3);
    assert!(verify::all(&table.cases).await.unwrap().violations.is_empty());
    let unknown = table.cases.resolve(tracking(9).case_id(), 1, Resolution::Publish, &moderator(), AT).await;
    assert!(matches!(unknown, Err(StoreError::NoCase(_))));
}

#[tokio::test]
async fn listings_come_in_pages_and_in_order() {
    let table = Table::start().await;
    for seed in 0..23_u16 {
        let report = report(&format!("r-{seed}"), "Jalan rusak");
        let decision = if seed % 2 == 0 { Publish } else { Review };
        let verdict = screened(&report, decision, Publik);
        table.cases.record_screening(&report, verdict, tracking(seed), at(u64::from(seed / 4))).await.unwrap();
    }
    let (mut feed, mut queue, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let mut request = first(5);
    loop {
        let page = table.cases.feed(&request).await.unwrap();
        feed.extend(page.items.into_iter().map(|row| (row.published_at, row.id)));
        let Some(next) = page.next else { break };
        request.after = Some(Cursor::parse(next.as_str()).unwrap());
    }
    request = first(4);
    loop {
        let page = table.cases.review_queue(&request).await.unwrap();
        queue.extend(page.items.into_iter().map(|case| (case.record().received_at, case.id().to_string())));
        let Some(next) = page.next else { break };
        request.after = Some(next);
    }
    let mut after = None;
    loop {
        let page = table.cases.scan_cases(after).await.unwrap();
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((feed.len(), queue.len(), all.len()), (12, 11, 23));
    assert!(feed.is_sorted_by(|a, b| (a.0, a.1.to_string()) > (b.0, b.1.to_string())), "{feed:?}");
    assert!(queue.is_sorted_by(|a, b| a < b), "{queue:?}");
    assert_eq!(verify::all(&table.cases).await.unwrap().feed_rows, 12);
}

#[tokio::test]
async fn the_public_index_shows_public_attributes_only() {
    let table = Table::start().await;
    let report = report("r-1", "NIK saya 3374010101900001");
    let verdict = screened(&report, Publish, Publik);
    table.cases.record_screening(&report, verdict, tracking(1), AT).await.unwrap();
    let rows = table.sdk.scan().table_name("saring").index_name("feed").send().await.unwrap().items.unwrap();
    let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    let shown = format!("{row:?}");
    for private in ["3374010101900001", "warga-7", "r-1", report.text_hash().as_str(), &tracking(1).to_string()] {
        assert!(!shown.contains(private), "{private}");
    }
    assert!(shown.contains("NIK saya [NIK]"));
    // The original stands apart, sealed.
    let original = table.item(&format!("original#{}", tracking(1).case_id()), "original").await;
    assert!(original["sealed"].is_b() && original["wrapped_key"].is_b());
    let with_text = table.items().await.iter().filter(|i| format!("{i:?}").contains("3374010101900001")).count();
    assert_eq!(with_text, 0);
}

#[tokio::test]
async fn the_table_is_as_defined() {
    let table = Table::start().await;
    table.cases.create_table().await.unwrap();
    let described = table.sdk.describe_table().table_name("saring").send().await.unwrap().table.unwrap();
    let mut indexes: Vec<_> =
        described.global_secondary_indexes().iter().map(|i| i.index_name().unwrap().to_owned()).collect();
    indexes.sort();
    assert_eq!(indexes, ["feed", "review"]);
    let stream = described.stream_specification().unwrap();
    assert_eq!(stream.stream_view_type().unwrap().as_str(), table_definition().stream_view);
    let ttl = table.sdk.describe_time_to_live().table_name("saring").send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name(), Some(table_definition().ttl_attribute));
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_worth_another_try() {
    let config = saring_store::TableConfig::local("saring", "http://127.0.0.1:9");
    let cases = saring_store::Cases::connect(&config).await;
    let error = cases.case(tracking(1).case_id()).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Worthwhile, "{error}");
    let table = Table::start().await;
    table.sdk.delete_table().table_name("saring").send().await.unwrap();
    let error = table.cases.case(tracking(1).case_id()).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Pointless, "{error}");
}
