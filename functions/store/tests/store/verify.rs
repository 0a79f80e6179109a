//! Each planted corruption is found, under its name, and nothing else is.

use std::io::{Read as _, Write as _};

use crate::support::{AT, Table, report, screened, text, tracking};
use aws_sdk_dynamodb::types::AttributeValue;
use saring_domain::case::{Breach, ChainBreak};
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::report::Visibility::{Publik, Rahasia};
use saring_store::verify::{self, Kind};
use saring_store::{DecodeError, Problem};

/// A table with a published case (1), one in review (2), a confidential one (3) and a pending
/// report (4).
struct Planted {
    table: Table,
}

impl Planted {
    async fn start() -> Self {
        let table = Table::start().await;
        for (seed, decision, visibility) in [(1, Publish, Publik), (2, Review, Publik), (3, Publish, Rahasia)] {
            let report = report(&format!("r-{seed}"), "Jalan rusak");
            let verdict = screened(&report, decision, visibility);
            table.cases.record_screening(&report, verdict, tracking(seed), AT).await.unwrap();
        }
        table.cases.receive(&report("r-4", "Lampu mati"), tracking(4), AT).await.unwrap();
        Self { table }
    }

    async fn set(&self, seed: u16, sk: &str, attribute: &str, value: &str) {
        self.table.set(&pk(seed), sk, attribute, text(value)).await;
    }

    async fn set_bytes(&self, seed: u16, sk: &str, attribute: &str, value: Vec<u8>) {
        self.table
            .set(&pk(seed), sk, attribute, AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(value)))
            .await;
    }

    /// Exactly these are found, for the case of `seed`.
    async fn finds(&self, seed: u16, expected: &[Kind]) {
        self.finds_for(&tracking(seed).case_id().to_string(), expected).await;
    }

    async fn finds_for(&self, id: &str, expected: &[Kind]) {
        let findings = verify::all(&self.table.cases).await.unwrap();
        let found: Vec<_> = findings.violations.iter().map(|v| (v.id.as_str(), v.kind.clone())).collect();
        let mut expected: Vec<_> = expected.iter().map(|kind| (id, kind.clone())).collect();
        expected.sort();
        assert_eq!(found, expected);
    }
}

fn pk(seed: u16) -> String {
    format!("case#{}", tracking(seed).case_id())
}

fn event(sequence: u64) -> String {
    format!("audit#{sequence:016}")
}

#[tokio::test]
async fn a_sound_table_has_no_violations() {
    let planted = Planted::start().await;
    planted.finds(1, &[]).await;
    let findings = verify::all(&planted.table.cases).await.unwrap();
    assert_eq!((findings.cases, findings.pending, findings.events, findings.feed_rows), (3, 1, 7, 1));
}

#[tokio::test]
async fn a_case_in_review_put_into_the_feed() {
    let planted = Planted::start().await;
    let row = planted.table.item(&pk(1), "case").await;
    for key in ["feed_pk", "feed_sk"] {
        planted.table.set(&pk(2), "case", key, row[key].clone()).await;
    }
    planted.finds(2, &[Kind::UnscreenedInFeed]).await;
}

#[tokio::test]
async fn a_confidential_case_put_into_the_feed() {
    let planted = Planted::start().await;
    let row = planted.table.item(&pk(1), "case").await;
    let keys = ["feed_pk", "feed_sk", "published_at", "published_by", "published_version"];
    for key in keys.into_iter().chain(["published_text_hash", "published_model", "published_policy"]) {
        planted.table.set(&pk(3), "case", key, row[key].clone()).await;
    }
    planted.set(3, "case", "status", "published").await;
    planted.finds(3, &[Kind::MissingFromFeed, Kind::Case(Breach::Confidential)]).await;
}

#[tokio::test]
async fn an_original_put_into_the_feed() {
    let planted = Planted::start().await;
    let original = format!("original#{}", tracking(2).case_id());
    let row = planted.table.item(&pk(1), "case").await;
    for key in ["feed_pk", "feed_sk"] {
        planted.table.set(&original, "original", key, row[key].clone()).await;
    }
    planted.finds(2, &[Kind::UnscreenedInFeed]).await;
}

#[tokio::test]
async fn a_verdict_of_another_text_model_or_policy() {
    let checks = [
        ("published_text_hash", "0".repeat(64), Breach::OtherText),
        ("published_model", "model-2".to_owned(), Breach::OtherModel),
        ("published_policy", "policy-2".to_owned(), Breach::OtherPolicy),
    ];
    for (attribute, value, breach) in checks {
        let planted = Planted::start().await;
        planted.set(1, "case", attribute, &value).await;
        planted.finds(1, &[Kind::Case(breach), Kind::NotInTrail]).await;
    }
}

#[tokio::test]
async fn a_text_exchanged_under_its_verdict() {
    let planted = Planted::start().await;
    planted.set(1, "case", "text_hash", &"0".repeat(64)).await;
    planted.set(1, "case", "published_text_hash", &"0".repeat(64)).await;
    planted.finds(1, &[Kind::NotInTrail, Kind::OtherText]).await;
}

#[tokio::test]
async fn a_verdict_rewritten_to_publish() {
    let planted = Planted::start().await;
    let row = planted.table.item(&pk(1), "case").await;
    let published = row.iter().filter(|(key, _)| key.starts_with("published_") || key.starts_with("feed_"));
    for (key, value) in published {
        planted.table.set(&pk(2), "case", key, value.clone()).await;
    }
    planted.table.remove(&pk(2), "case", "review_pk").await;
    planted.set(2, "case", "status", "published").await;
    planted.finds(2, &[Kind::MissingFromFeed, Kind::Case(Breach::NotDecided), Kind::NotInTrail]).await;
    planted.set(2, "case", "decision", "publish").await;
    planted.finds(2, &[Kind::MissingFromFeed, Kind::NotInTrail]).await;
}

#[tokio::test]
async fn a_visibility_looser_than_chosen() {
    let planted = Planted::start().await;
    planted.set(1, "case", "chosen_visibility", "anonim").await;
    planted.finds(1, &[Kind::Case(Breach::Looser)]).await;
}

#[tokio::test]
async fn a_case_taken_off_its_listing() {
    let planted = Planted::start().await;
    planted.table.remove(&pk(1), "case", "feed_pk").await;
    planted.finds(1, &[Kind::MissingFromFeed]).await;
    let planted = Planted::start().await;
    planted.table.remove(&pk(2), "case", "review_pk").await;
    planted.finds(2, &[Kind::ReviewQueue]).await;
}

#[tokio::test]
async fn a_trail_changed_cut_or_gone() {
    let planted = Planted::start().await;
    planted.set(2, &event(1), "actor", "moderator:eve").await;
    let changed = Kind::Trail { sequence: 2, what: ChainBreak::Previous };
    planted.finds(2, &[changed]).await;

    let planted = Planted::start().await;
    planted.set(2, &event(2), "actor", "moderator:eve").await;
    planted.finds(2, &[Kind::TrailEnd]).await;

    let planted = Planted::start().await;
    planted.table.delete(&pk(2), &event(1)).await;
    let cut = Kind::Trail { sequence: 1, what: ChainBreak::Sequence };
    planted.finds(2, &[cut]).await;

    let planted = Planted::start().await;
    planted.table.delete(&pk(2), &event(2)).await;
    planted.finds(2, &[Kind::TrailEnd, Kind::TrailVersion { trail: 0, case: 1 }]).await;
}

#[tokio::test]
async fn a_version_without_an_event() {
    let planted = Planted::start().await;
    planted.table.set(&pk(2), "case", "version", AttributeValue::N("2".into())).await;
    planted.finds(2, &[Kind::TrailVersion { trail: 1, case: 2 }]).await;
}

#[tokio::test]
async fn a_case_deleted() {
    let planted = Planted::start().await;
    planted.table.delete(&pk(2), "case").await;
    planted.finds(2, &[Kind::TrailVersion { trail: 1, case: 0 }, Kind::Waiting]).await;
}

#[tokio::test]
async fn an_accepted_report_lost() {
    let planted = Planted::start().await;
    planted.table.delete(&pk(4), "head").await;
    planted.table.delete(&pk(4), &event(1)).await;
    planted.finds_for("r-4", &[Kind::Lost]).await;
}

#[tokio::test]
async fn a_case_that_nobody_sent() {
    let planted = Planted::start().await;
    planted.table.delete("report#r-2", "receipt").await;
    planted.finds(2, &[Kind::Orphan]).await;
}

#[tokio::test]
async fn a_verdict_without_reasons_model_or_policy() {
    let planted = Planted::start().await;
    let row = planted.table.item(&pk(2), "case").await;
    let mut json = String::new();
    let packed = row["screened"].as_b().unwrap().as_ref();
    flate2::read::DeflateDecoder::new(packed).read_to_string(&mut json).unwrap();
    let mut screened: serde_json::Value = serde_json::from_str(&json).unwrap();
    screened["reasons"] = serde_json::json!([]);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(screened.to_string().as_bytes()).unwrap();
    planted.set_bytes(2, "case", "screened", encoder.finish().unwrap()).await;
    planted.finds(2, &[Kind::Case(Breach::NoReasons)]).await;
    for attribute in ["model", "policy"] {
        let planted = Planted::start().await;
        planted.set(2, "case", attribute, "").await;
        let error = DecodeError { attribute, problem: Problem::Value };
        planted.finds(2, &[Kind::Unreadable { item: "case", error }]).await;
    }
}

#[tokio::test]
async fn an_index_that_shows_more() {
    use aws_sdk_dynamodb::types::{
        CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, Projection,
        ProjectionType,
    };
    let planted = Planted::start().await;
    let sdk = &planted.table.sdk;
    let described = sdk.describe_table().table_name("saring").send().await.unwrap().table.unwrap();
    let feed = described.global_secondary_indexes().iter().find(|i| i.index_name() == Some("feed")).unwrap();
    let delete = DeleteGlobalSecondaryIndexAction::builder().index_name("feed").build().unwrap();
    let delete = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
    sdk.update_table().table_name("saring").global_secondary_index_updates(delete).send().await.unwrap();
    let create = CreateGlobalSecondaryIndexAction::builder()
        .index_name("feed")
        .set_key_schema(Some(feed.key_schema().to_vec()))
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::Include)
                .non_key_attributes("public_text")
                .non_key_attributes("report_id")
                .build(),
        )
        .build()
        .unwrap();
    let create = GlobalSecondaryIndexUpdate::builder().create(create).build();
    sdk.update_table()
        .table_name("saring")
        .set_attribute_definitions(Some(described.attribute_definitions().to_vec()))
        .global_secondary_index_updates(create)
        .send()
        .await
        .unwrap();
    planted.finds(1, &[Kind::PrivateInFeed { attribute: "report_id".into() }]).await;
}

#[tokio::test]
async fn an_accepted_report_that_no_list_shows_as_waiting() {
    let planted = Planted::start().await;
    planted.table.remove(&pk(4), "head", "review_pk").await;
    planted.finds(4, &[Kind::Waiting]).await;
}

#[tokio::test]
async fn an_original_in_clear_or_without_an_end() {
    let original = format!("original#{}", tracking(2).case_id());
    let planted = Planted::start().await;
    planted.table.set(&original, "original", "report", text("Jalan rusak")).await;
    planted.finds(2, &[Kind::OriginalInClear]).await;
    let planted = Planted::start().await;
    planted.table.remove(&original, "original", "expires_at").await;
    planted.finds(2, &[Kind::OriginalKeptForEver]).await;
}

/// Damage of one kind, and the name by which it must be found.
type Damage = (&'static str, fn(&mut Item, &Item));

type Item = std::collections::HashMap<String, AttributeValue>;

#[tokio::test]
async fn twelve_corruptions_are_found_by_name_while_the_system_works() {
    let table = Table::start().await;
    let damages: [Damage; 8] = [
        ("unscreened_in_feed", |case, other| {
            case.insert("feed_pk".into(), other["feed_pk"].clone());
            case.insert("feed_sk".into(), other["feed_sk"].clone());
            case.insert("status".into(), text("rejected"));
            case.insert("rejection".into(), text("spam"));
        }),
        ("missing_from_feed", |case, _| drop(case.remove("feed_pk"))),
        ("review_queue", |case, other| drop(case.insert("review_pk".into(), other["feed_pk"].clone()))),
        ("case_contradicts_itself", |case, _| drop(case.insert("chosen_visibility".into(), text("rahasia")))),
        ("publication_not_in_trail", |case, _| {
            case.insert("published_version".into(), AttributeValue::N("7".into()));
        }),
        ("other_text", |case, _| {
            case.insert("text_hash".into(), text(&"0".repeat(64)));
            case.insert("published_text_hash".into(), text(&"0".repeat(64)));
        }),
        ("trail_version", |case, _| drop(case.insert("version".into(), AttributeValue::N("2".into())))),
        ("unreadable", |case, _| drop(case.insert("screened".into(), text("{")))),
    ];
    for seed in 1..=30 {
        let report = report(&format!("r-{seed}"), "Jalan rusak");
        let verdict = screened(&report, Publish, Publik);
        table.cases.record_screening(&report, verdict, tracking(seed), AT).await.unwrap();
    }
    let mut planted = Vec::new();
    let sound = table.item(&pk(30), "case").await;
    for (seed, (name, damage)) in (1..).zip(damages) {
        let mut item = table.item(&pk(seed), "case").await;
        damage(&mut item, &sound);
        table.put(item).await;
        planted.push((name, seed));
    }
    table.set(&pk(11), &event(1), "actor", text("moderator:eve")).await;
    table.delete(&pk(12), &event(2)).await;
    table.delete("report#r-13", "receipt").await;
    table.set(&format!("original#{}", tracking(14).case_id()), "original", "report", text("Jalan")).await;
    planted.extend([("trail_broken", 11), ("trail_end", 12), ("orphan", 13), ("original_in_clear", 14)]);

    // A live system: reports come in and are decided while the walk goes from page to page.
    let writer = tokio::spawn({
        let cases = table.cases.clone();
        async move {
            for seed in 100..160 {
                let report = report(&format!("r-{seed}"), "Lampu mati");
                let verdict = screened(&report, Review, Publik);
                cases.record_screening(&report, verdict, tracking(seed), AT).await.unwrap();
                let moderator = saring_domain::case::Actor::parse("moderator:sari").unwrap();
                let publish = saring_domain::case::Resolution::Publish;
                cases.resolve(tracking(seed).case_id(), 1, publish, &moderator, AT).await.unwrap();
            }
        }
    });
    let mut pages = 0;
    let mut findings = verify::Findings::default();
    let mut place = Some(verify::Place::start());
    while let Some(at) = place {
        place = verify::page(&table.cases, at, &mut findings).await.unwrap();
        pages += 1;
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert!(pages > 3, "{pages} pages");
    for (name, seed) in &planted {
        let id = tracking(*seed).case_id().to_string();
        let found: Vec<_> = findings.violations.iter().filter(|v| v.id == id).map(|v| v.kind.name()).collect();
        assert!(found.contains(name), "{name}: {found:?}");
    }
    let broken: std::collections::BTreeSet<_> =
        planted.iter().map(|(_, seed)| tracking(*seed).case_id().to_string()).collect();
    let others: Vec<_> = findings.violations.iter().filter(|v| !broken.contains(&v.id)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(planted.len(), 12);
}
