//! The moderators' page.

use saring_domain::case::NamedRegion;
use saring_domain::policy::Decision::{Publish, Review};
use saring_web::console::router;

use crate::support::{World, get, record, record_as};

/// Breaks out of text, attributes, comments, scripts and styles where it is not escaped.
pub(crate) const PAYLOAD: &str =
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>--></style></textarea>&lt;b&gt;javascript:alert(3)";
const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;\
    --&gt;&lt;/style&gt;&lt;/textarea&gt;&amp;lt;b&amp;gt;javascript:alert(3)";

/// Every tag of a page must be one that this program writes, with attributes that it writes.
#[track_caller]
pub(crate) fn only_own_tags(page: &str, own: &[&str]) {
    for tag in page.split('<').skip(1) {
        let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap().trim_start_matches('/');
        assert!(own.contains(&name.to_lowercase().as_str()), "<{tag}");
        let markup = tag.split('>').next().unwrap().to_lowercase();
        assert!(!markup.contains(" on") && !markup.contains("javascript:"), "<{tag}");
    }
}

#[tokio::test]
async fn markup_in_any_field_is_shown_as_text() {
    let world = World::start().await;
    record_as(&world.cases, 1, PAYLOAD, Review, |screened| {
        screened.verdict.reasons[0].code = PAYLOAD.to_owned();
        screened.verdict.reasons[0].detail = PAYLOAD.to_owned();
        screened.category[0].code = PAYLOAD.to_owned();
        screened.agency[0].name = PAYLOAD.to_owned();
        screened.region = Some(NamedRegion { code: PAYLOAD.to_owned(), name: PAYLOAD.to_owned() });
        screened.claims[0].title = PAYLOAD.to_owned();
        screened.claims[0].verdict = PAYLOAD.to_owned();
    })
    .await;
    let page = get(&router(world.cases.clone()), "/console").await;
    assert_eq!(page.status, 200);
    let shown = page.body.matches(ESCAPED).count();
    assert!(shown >= 8, "text, reason, code, category, agency, region, claim and verdict, saw {shown}");
    let own = [
        "!doctype", "html", "head", "meta", "title", "link", "body", "main", "h1", "h2", "small", "article", "p", "dl",
        "dt", "dd", "span", "a",
    ];
    only_own_tags(&page.body, &own);
}

#[tokio::test]
async fn the_queue_shows_what_waits_and_nothing_private() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo obat, NIK 3374010101900001", Review).await;
    record(&world.cases, 2, "Jalan rusak", Publish).await;
    let page = get(&router(world.cases.clone()), "/console").await.body;
    for part in ["[NIK]", "promosi barang atau jasa", "promotes goods or services", "model-1", "policy-1"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in ["3374010101900001", "Jalan rusak", "-PRIBADI", &crate::support::tracking(1).to_string()] {
        assert!(!page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn an_empty_queue_says_so_and_pages_lead_on() {
    let world = World::start().await;
    let router = router(world.cases.clone());
    assert!(get(&router, "/console").await.body.contains("Tidak ada laporan yang menunggu."));
    for seed in 1..=5 {
        record(&world.cases, seed, &format!("Promo nomor {seed}"), Review).await;
    }
    let (mut path, mut seen) = ("/console?limit=2".to_owned(), Vec::new());
    loop {
        let page = get(&router, &path).await.body;
        seen.extend(page.match_indices("Promo nomor ").map(|(at, word)| page[at + word.len()..][..1].to_owned()));
        let Some((_, rest)) = page.split_once("<a href=\"") else { break };
        path = format!("/console{}", rest.split('"').next().unwrap().replace("&amp;", "&"));
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"], "the oldest first, each once");
}
