//! The public feed as JSON.

use axum::body::Body;
use axum::http::Request;
use saring_domain::case::{Actor, Resolution};
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::report::Visibility;
use saring_web::feed::router;
use serde_json::json;

use crate::support::{AT, World, ask, get, get_with, nothing_private, record, record_as, tracking};

#[tokio::test]
async fn the_feed_holds_what_is_public_and_nothing_else() {
    let world = World::start().await;
    record(&world.cases, 1, "Jalan rusak, NIK 3374010101900001", Publish).await;
    record(&world.cases, 2, "DITAHAN", Review).await;
    record_as(&world.cases, 3, "RAHASIA", Publish, |s| s.verdict.visibility = Visibility::Rahasia).await;
    let answer = get(&router(world.cases.clone()), "/feed.json").await;
    assert_eq!(answer.status, 200);
    let feed = answer.json();
    let [item] = feed["items"].as_array().unwrap().as_slice() else { panic!("{feed}") };
    assert_eq!(
        (&item["id"], &item["content_text"]),
        (&json!(tracking(1).case_id().to_string()), &json!("Jalan rusak, NIK [NIK]"))
    );
    nothing_private(&answer.body);
    let known = ["id", "url", "title", "content_text", "date_published", "tags", "_saring"];
    for field in item.as_object().unwrap().keys() {
        assert!(known.contains(&field.as_str()), "{field}");
    }
}

#[tokio::test]
async fn what_is_taken_back_leaves_the_feed() {
    let world = World::start().await;
    let case = record(&world.cases, 1, "Jalan rusak", Publish).await;
    let router = router(world.cases.clone());
    let before = get(&router, "/feed.json").await;
    let actor = Actor::parse("moderator:sari").unwrap();
    world.cases.resolve(case.id(), 1, Resolution::Confidential, &actor, AT).await.unwrap();
    let after = get_with(&router, "/feed.json", "if-none-match", before.header("etag")).await;
    assert_eq!((after.status.as_u16(), &after.json()["items"]), (200, &json!([])));
}

#[tokio::test]
async fn pages_lead_on_to_the_last() {
    let world = World::start().await;
    for seed in 1..8 {
        record(&world.cases, seed, &format!("Jalan rusak {seed}"), Publish).await;
    }
    let router = router(world.cases.clone());
    let (mut ids, mut next) = (Vec::new(), Some("/feed.json?limit=3".to_owned()));
    while let Some(url) = next {
        let page = get(&router, &url).await.json();
        let items = page["items"].as_array().unwrap();
        assert!((1..=3).contains(&items.len()), "{}", items.len());
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        next = page["next_url"].as_str().map(str::to_owned);
    }
    let newest_first: Vec<_> = (1..8).rev().map(|seed| tracking(seed).case_id().to_string()).collect();
    assert_eq!(ids, newest_first);
}

#[tokio::test]
async fn an_unchanged_feed_is_not_sent_again() {
    let world = World::start().await;
    record(&world.cases, 1, "Jalan rusak", Publish).await;
    let router = router(world.cases.clone());
    let first = get(&router, "/feed.json").await;
    assert_eq!(first.header("content-type"), "application/feed+json; charset=utf-8");
    assert_eq!(first.header("cache-control"), "public, max-age=30");
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 20, "{etag}");
    assert_eq!(get(&router, "/feed.json").await.header("etag"), etag);
    for tags in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let answer = get_with(&router, "/feed.json", "if-none-match", &tags).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str(), answer.header("etag")), (304, "", &*etag), "{tags}");
        assert_eq!(answer.header("cache-control"), "public, max-age=30");
    }
    for tags in ["\"x\"", "", "W/\"\""] {
        assert_eq!(get_with(&router, "/feed.json", "if-none-match", tags).await.status, 200, "{tags}");
    }
    // Two lines count like one.
    let two = Request::get("/feed.json").header("if-none-match", "\"x\"").header("if-none-match", &etag);
    assert_eq!(ask(&router, two.body(Body::empty()).unwrap()).await.status, 304);
    record(&world.cases, 2, "Lampu mati", Publish).await;
    assert_eq!(get_with(&router, "/feed.json", "if-none-match", &etag).await.status, 200);
}

#[tokio::test]
async fn a_wrong_page_is_refused_with_field_and_limit() {
    let world = World::start().await;
    let router = router(world.cases.clone());
    let cursor = json!("the cursor of a page");
    let long = format!("cursor={}", "a".repeat(65));
    let cases = [
        ("limit=0", "limit", json!(100)),
        ("limit=101", "limit", json!(100)),
        ("limit=-1", "limit", json!(100)),
        ("limit=x", "limit", json!(100)),
        ("limit=", "limit", json!(100)),
        ("limit=99999999999999999999", "limit", json!(100)),
        ("limit=1&limit=2", "limit", json!(1)),
        ("cursor=", "cursor", cursor.clone()),
        ("cursor=a%20b", "cursor", cursor.clone()),
        ("cursor=%C3%A9", "cursor", cursor.clone()),
        (long.as_str(), "cursor", cursor),
    ];
    for (query, field, limit) in cases {
        let answer = get(&router, &format!("/feed.json?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        assert_eq!((&answer.json()["field"], &answer.json()["limit"]), (&json!(field), &limit), "{query}");
    }
    // A cursor that never was leads to a page, not to an error of the store.
    for cursor in ["0", "9999", "~", "2025%2311", "%3Cscript%3E"] {
        let answer = get(&router, &format!("/feed.json?cursor={cursor}")).await;
        assert_eq!(answer.status, 200, "{cursor}: {}", answer.body);
        assert!(!answer.body.contains("<script>"));
    }
}
