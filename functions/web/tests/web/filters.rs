//! The feed by category, agency and region, in bounded steps.

use saring_domain::policy::Decision::Publish;
use serde_json::json;

use crate::support::{World, feed_of, get, published, record, record_as};

#[tokio::test]
async fn the_feed_is_narrowed() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    for (query, expected) in [
        ("category=pekerjaan_umum", 1),
        ("category=perhubungan,pekerjaan_umum", 2),
        ("category=agama", 0),
        ("agency=dinas%20perhubungan", 1),
        ("agency=DINAS", 2),
        ("agency=perhubungan", 0),
        ("region=33.74", 1),
        ("region=33", 1),
        ("region=3", 0),
        ("region=33.7", 0),
        ("region=35&category=perhubungan&agency=Dinas%20Perhubungan%20Kota%20Surabaya", 1),
        ("region=35&category=pekerjaan_umum", 0),
        ("category=&agency=&region=", 3),
    ] {
        let feed = get(&router, &format!("/feed.json?{query}")).await;
        assert_eq!(feed.status, 200, "{query}: {}", feed.body);
        assert_eq!(feed.json()["items"].as_array().unwrap().len(), expected, "{query}");
        let atom = get(&router, &format!("/feed.atom?{query}")).await;
        assert_eq!(atom.body.matches("<entry>").count(), expected, "{query}");
    }
    let long = format!("agency={}", "a".repeat(201));
    for (query, field) in [
        ("category=tidak_ada", "category"),
        ("category=a&category=b", "category"),
        ("agency=a%00b", "agency"),
        (&long, "agency"),
        ("region=Semarang", "region"),
        ("region=33..74", "region"),
        ("region=33.74.01.2001.9", "region"),
    ] {
        let refused = get(&router, &format!("/feed.json?{query}")).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!(field)), "{query}");
        assert!(refused.json()["limit"].is_string() || refused.json()["limit"].is_number(), "{query}");
    }
}

#[tokio::test]
async fn a_rare_category_is_found_page_by_page() {
    let world = World::start().await;
    record_as(&world.cases, 1, "Jarang", Publish, |s| s.category[0].code = "agama".into()).await;
    for seed in 2..=30 {
        record(&world.cases, seed, "Sering", Publish).await;
    }
    let router = feed_of(&world);
    // Eight rows for each item asked for: the first page is empty and leads on.
    let (mut path, mut pages, mut found) = ("/feed.json?category=agama&limit=1".to_owned(), 0, Vec::new());
    loop {
        let page = get(&router, &path).await.json();
        pages += 1;
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["content_text"].clone()));
        let Some(next) = page["next_url"].as_str() else { break };
        assert!(next.contains("category=agama"), "{next}");
        path = next.strip_prefix("https://lapor.example").unwrap().to_owned();
    }
    assert_eq!((found, pages), (vec![json!("Jarang")], 4));
}
