//! What a reporter learns by the tracking id, and nobody else.

use saring_domain::case::{Actor, RejectReason, Resolution};
use saring_domain::policy::Decision::{Publish, Review};
use serde_json::json;

use crate::support::{AT, World, get, post_report, record, tracking};

#[tokio::test]
async fn every_status_is_told_in_plain_words() {
    let world = World::start().await;
    let router = world.intake();
    let published = record(&world.cases, 1, "Jalan rusak", Publish).await;
    let held = record(&world.cases, 2, "Promo", Review).await;
    let status = |seed| {
        let router = router.clone();
        async move { get(&router, &format!("/reports/{}", tracking(seed))).await }
    };
    let told = status(1).await.json();
    assert_eq!((&told["status"], &told["message"]), (&json!("published"), &json!(published.status().words_id())));
    let told = status(2).await.json();
    assert_eq!((&told["status"], &told["message_en"]), (&json!("in_review"), &json!(held.status().words_en())));
    let actor = Actor::parse("moderator:sari").unwrap();
    world.cases.resolve(held.id(), 1, Resolution::Reject(RejectReason::Spam), &actor, AT).await.unwrap();
    let answer = status(2).await;
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with(RejectReason::Spam.words_id()), "{message}");
    assert_eq!(answer.header("cache-control"), "no-store");
    for private in ["PRIBADI", "sari", "model-1", "Promo", "score", "NOMOR"] {
        assert!(!answer.body.contains(private), "{private}: {}", answer.body);
    }
    // As people type it.
    let typed = tracking(2).to_string().to_lowercase().replace('-', "%20");
    assert_eq!(get(&router, &format!("/reports/{typed}")).await.body, answer.body);
}

#[tokio::test]
async fn every_status_as_json() {
    let world = World::start().await;
    let router = world.intake();
    world.cases.receive(&crate::support::report("r-4", "Menunggu"), tracking(4), AT).await.unwrap();
    record(&world.cases, 1, "Jalan rusak", Publish).await;
    record(&world.cases, 2, "Promo", Review).await;
    let rejected = record(&world.cases, 3, "Promo", Review).await;
    let actor = Actor::parse("moderator:sari").unwrap();
    world.cases.resolve(rejected.id(), 1, Resolution::Reject(RejectReason::Spam), &actor, AT).await.unwrap();
    let mut told = serde_json::Map::new();
    for (name, seed) in [("received", 4), ("published", 1), ("in_review", 2), ("rejected", 3)] {
        let answer = get(&router, &format!("/reports/{}", tracking(seed))).await;
        assert_eq!(answer.json()["status"], name);
        told.insert(name.to_owned(), answer.json());
    }
    insta::assert_snapshot!("status_json", serde_json::to_string_pretty(&told).unwrap());
}

#[tokio::test]
async fn unknown_ids_get_one_answer() {
    let world = World::start().await;
    let router = world.intake();
    let case = record(&world.cases, 1, "Jalan rusak", Publish).await;
    let unknown = get(&router, &format!("/reports/{}", tracking(9))).await;
    assert_eq!(unknown.status, 404);
    let near = tracking(1).to_string();
    let near = format!("{}{}", &near[..near.len() - 1], if near.ends_with('0') { '1' } else { '0' });
    let public = case.id().to_string();
    let (report, long) = (case.record().report_id.as_str(), "A".repeat(4000));
    for id in [&near, &public, report, "x", "%00", "%ff", "..%2f", &long, "0000-0000-0000-0000"] {
        let answer = get(&router, &format!("/reports/{id}")).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (404, &unknown.body), "{id}");
        assert_eq!(answer.headers, unknown.headers, "{id}");
    }
}

#[tokio::test]
async fn ids_cannot_be_guessed_from_one_another() {
    let world = World::start().await;
    let router = world.intake();
    let mut ids = Vec::new();
    for i in 0..64 {
        let answer = post_report(&router, &json!({ "id": format!("r-{i}"), "text": "Jalan rusak" })).await;
        ids.push(answer.json()["tracking_id"].as_str().unwrap().replace('-', ""));
    }
    // 80 random bits in 16 characters: at every place, many of the 32 characters occur.
    for place in 0..16 {
        let seen: std::collections::BTreeSet<_> = ids.iter().map(|id| id.as_bytes()[place]).collect();
        assert!(seen.len() > 16, "place {place} has {} characters", seen.len());
    }
    // Neither is an id made from the report's.
    let other = World::start().await;
    let again = post_report(&other.intake(), &json!({ "id": "r-0", "text": "Jalan rusak" })).await;
    assert_ne!(again.json()["tracking_id"].as_str().unwrap().replace('-', ""), ids[0]);
}
