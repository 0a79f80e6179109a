//! Originals: sealed, read with an event, erased without a trace of their text.

use crate::support::{AT, Table, at, report, screened, tracking};
use aws_sdk_dynamodb::types::AttributeValue;
use saring_domain::case::{Actor, AuditAction, check_chain};
use saring_domain::policy::Decision::Publish;
use saring_domain::report::Visibility::Publik;
use saring_store::verify::{self, Kind, Violation};
use saring_store::{Erasure, PageRequest, Recorded, Retry, SealError, StoreError, TableConfig};

const TEXT: &str = "Zamrud Kasuari melapor: jalan rusak, NIK 3374010101900001";

fn auditor() -> Actor {
    Actor::parse("moderator:sari").unwrap()
}

impl Table {
    async fn record(&self) {
        let report = report("r-1", TEXT);
        let verdict = screened(&report, Publish, Publik);
        self.cases.record_screening(&report, verdict, tracking(1), AT).await.unwrap();
    }

    /// Everything that the table and its indexes hold, bytes as text where they are text.
    async fn everything(&self) -> String {
        let mut all = String::new();
        for index in [None, Some("feed"), Some("review")] {
            let scan = self.sdk.scan().table_name("saring").set_index_name(index.map(str::to_owned));
            for item in scan.send().await.unwrap().items.unwrap() {
                for (name, value) in item {
                    let value = match &value {
                        AttributeValue::B(bytes) => String::from_utf8_lossy(bytes.as_ref()).into_owned(),
                        other => format!("{other:?}"),
                    };
                    all += &[name.as_str(), "=", &value, "\n"].concat();
                }
            }
        }
        all
    }
}

/// Words of the report, in the original and in the masked text.
fn words() -> [&'static str; 4] {
    ["Zamrud", "Kasuari", "jalan rusak", "3374010101900001"]
}

#[tokio::test]
async fn an_original_is_nowhere_in_clear_and_its_reading_is_in_the_trail() {
    let table = Table::start().await;
    table.record().await;
    let id = tracking(1).case_id();
    assert!(!table.everything().await.contains("3374010101900001"));
    let item = table.item(&format!("original#{id}"), "original").await;
    assert!(item["expires_at"].as_n().unwrap().parse::<u64>().unwrap() > AT.unix_s());
    let original = table.cases.original(id, &auditor(), at(60)).await.unwrap().unwrap();
    assert_eq!((original.text.as_str(), original.reporter_ref.as_deref()), (TEXT, Some("warga-7")));
    let events = table.cases.audit(id).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!((last.action, last.actor.as_str(), last.at), (AuditAction::OriginalRead, "moderator:sari", at(60)));
    check_chain(id, &events).unwrap();
    assert!(verify::all(&table.cases).await.unwrap().violations.is_empty());
}

#[tokio::test]
async fn an_original_past_its_retention_is_not_read_even_if_it_is_still_there() {
    let table = Table::start().await;
    table.record().await;
    let late = AT.plus_days(365);
    assert!(table.cases.original(tracking(1).case_id(), &auditor(), at(60)).await.unwrap().is_some());
    assert_eq!(table.cases.original(tracking(1).case_id(), &auditor(), late).await.unwrap(), None);
}

#[tokio::test]
async fn without_the_key_nothing_is_written_and_nothing_is_read() {
    let table = Table::start().await;
    table.record().await;
    let id = tracking(1).case_id();
    let other = saring_store::Cases::connect(&TableConfig::local("saring", &table.endpoint)).await;
    let error = other.original(id, &auditor(), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Seal(SealError::UnknownKey)), "{error}");
    let config = TableConfig { original_keys: None, ..TableConfig::local("saring", &table.endpoint) };
    let none = saring_store::Cases::connect(&config).await;
    let before = table.items().await.len();
    let report = report("r-2", "Lampu mati");
    let verdict = screened(&report, Publish, Publik);
    let error = none.record_screening(&report, verdict, tracking(2), AT).await.unwrap_err();
    assert!(matches!(error, StoreError::NoKey), "{error}");
    assert_eq!(error.retry(), Retry::Pointless);
    assert!(none.feed(&PageRequest { items: 10, after: None }).await.unwrap().items.len() == 1);
    assert_eq!(table.items().await.len(), before);
    assert!(matches!(none.original(id, &auditor(), AT).await, Err(StoreError::NoKey)));
}

#[tokio::test]
async fn an_original_moved_to_another_case_does_not_open() {
    let table = Table::start().await;
    table.record().await;
    let other = report("r-2", "Lampu mati");
    let verdict = screened(&other, Publish, Publik);
    table.cases.record_screening(&other, verdict, tracking(2), AT).await.unwrap();
    let mut item = table.item(&format!("original#{}", tracking(1).case_id()), "original").await;
    item.insert("pk".into(), crate::support::text(&format!("original#{}", tracking(2).case_id())));
    table.put(item).await;
    let error = table.cases.original(tracking(2).case_id(), &auditor(), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Seal(SealError::Broken)), "{error}");
}

#[tokio::test]
async fn an_erased_case_leaves_no_text_and_an_auditable_tombstone() {
    let table = Table::start().await;
    table.record().await;
    let id = tracking(1).case_id();
    assert!(table.everything().await.contains("Zamrud"), "the search works");
    assert_eq!(table.cases.erase(id, &auditor(), at(60)).await.unwrap(), Erasure::Done);
    let left = table.everything().await;
    for word in words() {
        assert!(!left.contains(word), "'{word}' is left");
    }
    assert!(!left.contains("sealed="), "the sealed original is left");
    assert_eq!(table.cases.case(id).await.unwrap(), None);
    assert_eq!(table.cases.by_tracking_id(tracking(1)).await.unwrap(), None);
    assert!(table.cases.feed(&PageRequest { items: 10, after: None }).await.unwrap().items.is_empty());
    let events = table.cases.audit(id).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!((last.action, last.actor.as_str(), last.at), (AuditAction::Erased, "moderator:sari", at(60)));
    check_chain(id, &events).unwrap();
    let findings = verify::all(&table.cases).await.unwrap();
    assert_eq!((findings.cases, findings.pending, findings.erased), (0, 0, 1));
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);

    // Nothing brings it back: not the message, not the intake, not another erasure.
    let before = table.items().await;
    let again = report("r-1", TEXT);
    let verdict = screened(&again, Publish, Publik);
    let recorded = table.cases.record_screening(&again, verdict, tracking(9), at(70)).await.unwrap();
    assert_eq!(recorded, Recorded::Erased { case: id });
    table.cases.receive(&again, tracking(9), at(71)).await.unwrap();
    assert_eq!(table.cases.erase(id, &auditor(), at(72)).await.unwrap(), Erasure::Before);
    assert!(matches!(table.cases.original(id, &auditor(), at(73)).await, Err(StoreError::NoCase(_))));
    // Nor another text under the same id, which is refused and leaves nothing.
    let other = report("r-1", "Lampu jalan mati di depan pasar");
    let verdict = screened(&other, Publish, Publik);
    let recorded = table.cases.record_screening(&other, verdict, tracking(9), at(74)).await.unwrap();
    assert_eq!(recorded, Recorded::Conflict { case: id });
    table.cases.receive(&other, tracking(9), at(75)).await.unwrap();
    assert_eq!(table.items().await, before);
}

#[tokio::test]
async fn a_report_can_be_erased_before_its_screening() {
    let table = Table::start().await;
    table.cases.receive(&report("r-1", TEXT), tracking(1), AT).await.unwrap();
    assert_eq!(table.cases.erase(tracking(1).case_id(), &auditor(), at(1)).await.unwrap(), Erasure::Done);
    let findings = verify::all(&table.cases).await.unwrap();
    assert_eq!((findings.pending, findings.erased), (0, 1));
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
    assert!(table.cases.waiting(&PageRequest { items: 10, after: None }).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn what_is_left_of_an_erased_case_is_found() {
    let table = Table::start().await;
    table.record().await;
    let id = tracking(1).case_id();
    let original = table.item(&format!("original#{id}"), "original").await;
    table.cases.erase(id, &auditor(), at(60)).await.unwrap();
    table.put(original).await;
    let findings = verify::all(&table.cases).await.unwrap();
    let expected = Violation { id: id.to_string(), kind: Kind::NotErased };
    assert_eq!(findings.violations.into_iter().collect::<Vec<_>>(), [expected]);
}
