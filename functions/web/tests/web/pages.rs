//! The public pages, in both languages.

use saring_domain::case::NamedRegion;
use saring_domain::policy::Decision::Publish;

use crate::console::{PAYLOAD, only_own_tags};
use crate::support::{World, feed_of, get, get_with, nothing_private, published, record_as};

const OWN: [&str; 31] = [
    "!doctype", "html", "head", "meta", "title", "link", "body", "header", "strong", "a", "main", "h1", "h2", "p",
    "form", "label", "input", "select", "option", "button", "article", "time", "footer", "dl", "dt", "dd", "ul", "li",
    "span", "small", "datalist",
];

#[tokio::test]
async fn the_list_in_both_languages() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let indonesian = get(&router, "/").await;
    assert_eq!(indonesian.header("content-type"), "text/html; charset=utf-8");
    nothing_private(&indonesian.body);
    insta::assert_snapshot!("list_id", indonesian.body);
    let english = get(&router, "/?lang=en").await;
    insta::assert_snapshot!("list_en", english.body);
    let asked = get_with(&router, "/", "accept-language", "en-GB,en;q=0.9").await;
    assert_eq!((&asked.body, asked.header("content-language")), (&english.body, "en"));
    assert_eq!(asked.header("vary"), "accept-language");
    // The address counts more than the browser.
    let chosen = get_with(&router, "/?lang=id", "accept-language", "en").await;
    assert_eq!(chosen.body, indonesian.body);
    let same = get_with(&router, "/", "if-none-match", indonesian.header("etag")).await;
    assert_eq!((same.status.as_u16(), same.body.as_str()), (304, ""));
    assert_eq!(same.header("vary"), "accept-language");
    let style = get(&router, "/saring.css").await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, "text/css; charset=utf-8"));
}

#[tokio::test]
async fn one_report_in_both_languages() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let feed = get(&router, "/feed.json").await.json();
    let path = feed["items"][2]["url"].as_str().unwrap().strip_prefix("https://lapor.example").unwrap().to_owned();
    let page = get(&router, &path).await;
    nothing_private(&page.body);
    insta::assert_snapshot!("report_id", page.body);
    insta::assert_snapshot!("report_en", get(&router, &format!("{path}?lang=en")).await.body);
    // Links on the page lead to something.
    for link in page.body.split("href=\"/open311").skip(1) {
        let link = format!("/open311{}", link.split('"').next().unwrap());
        assert_eq!(get(&router, &link).await.status, 200, "{link}");
    }
    for wrong in ["/laporan/x", "/laporan/%ff", "/laporan/0123456789ABCDEF-19ab697e800"] {
        let missing = get_with(&router, wrong, "accept-language", "en").await;
        assert_eq!((missing.status.as_u16(), missing.header("content-type")), (404, "text/html; charset=utf-8"));
        assert!(missing.body.contains("Not found"), "{}", missing.body);
    }
}

#[tokio::test]
async fn markup_in_any_field_is_shown_as_text() {
    let world = World::start().await;
    record_as(&world.cases, 1, PAYLOAD, Publish, |screened| {
        screened.category[0].code = PAYLOAD.to_owned();
        screened.agency[0].name = PAYLOAD.to_owned();
        screened.region = Some(NamedRegion { code: PAYLOAD.to_owned(), name: PAYLOAD.to_owned() });
    })
    .await;
    let router = feed_of(&world);
    let list = get(&router, "/").await;
    let feed = get(&router, "/feed.json").await.json();
    let path = feed["items"][0]["url"].as_str().unwrap().strip_prefix("https://lapor.example").unwrap();
    let report = get(&router, path).await;
    for page in [&list, &report] {
        assert_eq!(page.status, 200);
        assert!(page.body.matches("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img").count() >= 4);
        only_own_tags(&page.body, &OWN);
    }
    // So is what stands in the address.
    let typed = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let filtered = get(&router, &format!("/?agency={typed}")).await;
    assert!(filtered.body.contains("value=\"&quot;&gt;&lt;script&gt;"), "{}", filtered.body);
    only_own_tags(&filtered.body, &OWN);
    for path in [format!("/?lang={typed}"), format!("/?category={typed}"), format!("/?cursor=%20{typed}")] {
        let refused = get(&router, &path).await;
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (400, "text/html; charset=utf-8"));
        assert!(!refused.body.contains("alert"), "{}", refused.body);
        only_own_tags(&refused.body, &OWN);
    }
}

#[tokio::test]
async fn the_list_leads_on_and_keeps_its_filter() {
    let world = World::start().await;
    for seed in 1..=5 {
        record_as(&world.cases, seed, &format!("Nomor {seed}"), Publish, |_| {}).await;
    }
    let router = feed_of(&world);
    let (mut path, mut seen) = ("/?limit=2&category=pekerjaan_umum&lang=en".to_owned(), Vec::new());
    loop {
        let page = get(&router, &path).await.body;
        assert!(page.contains("<html lang=\"en\">") && page.contains("value=\"pekerjaan_umum\" selected"));
        seen.extend(page.match_indices("\">Nomor ").map(|(at, word)| page[at + word.len()..][..1].to_owned()));
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else { break };
        path = before.rsplit('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
}
