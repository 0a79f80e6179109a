//! The feeds: exactly what they say, and that another program reads them.

use feed_rs::model::{Feed, FeedType};

use crate::support::{NASTY, World, feed_of, get, nothing_private, published};

fn entries(feed: &Feed) -> Vec<(String, String, String)> {
    let entry = |entry: &feed_rs::model::Entry| {
        let body = entry.content.as_ref().and_then(|content| content.body.clone()).unwrap_or_default();
        let at = entry.published.unwrap().to_rfc3339();
        (at, body, entry.links[0].href.clone())
    };
    feed.entries.iter().map(entry).collect()
}

#[tokio::test]
async fn json_feed() {
    let world = World::start().await;
    published(&world).await;
    let answer = get(&feed_of(&world), "/feed.json").await;
    nothing_private(&answer.body);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap());
    let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap();
    assert_eq!((feed.feed_type.clone(), feed.language.as_deref()), (FeedType::JSON, Some("id")));
    let read = entries(&feed);
    assert_eq!(read.len(), 3);
    assert_eq!((read[0].0.as_str(), read[0].1.as_str()), ("2025-11-24T16:03:00+00:00", "Sampah menumpuk."));
    assert_eq!(read[1].1, NASTY);
    assert!(read.iter().all(|(_, _, link)| link.starts_with("https://lapor.example/laporan/")));
    assert_eq!(feed.entries[2].categories[0].term, "pekerjaan_umum");
}

#[tokio::test]
async fn atom() {
    let world = World::start().await;
    published(&world).await;
    let answer = get(&feed_of(&world), "/feed.atom").await;
    assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
    nothing_private(&answer.body);
    insta::assert_snapshot!(answer.body.replace("><", ">\n<"));
    let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap();
    assert_eq!((feed.feed_type.clone(), feed.entries.len()), (FeedType::Atom, 3));
    assert_eq!(feed.updated.unwrap().to_rfc3339(), "2025-11-24T16:03:00+00:00");
    assert!(feed.entries.iter().all(|entry| entry.title.is_some() && entry.updated.is_some()));
    let read = entries(&feed);
    assert_eq!(read[2].1, "Jalan berlubang di depan pasar, NIK [NIK].");
    assert!(read.iter().all(|(_, _, link)| link.starts_with("https://lapor.example/laporan/")));

    let document = roxmltree::Document::parse(&answer.body).unwrap();
    let atom = |name: &'static str| {
        document.descendants().filter(move |n| n.tag_name().name() == name).filter_map(|n| n.text()).collect::<Vec<_>>()
    };
    assert!(
        document
            .descendants()
            .filter(roxmltree::Node::is_element)
            .all(|n| n.tag_name().namespace() == Some("http://www.w3.org/2005/Atom"))
    );
    let forbidden = |c: char| matches!(c, '\0' | '\u{1f}' | '\u{fffe}');
    assert_eq!(atom("content")[1], NASTY.replace(forbidden, "\u{fffd}"));
    let ids = atom("id");
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), unique.len()), (4, 4));
    for id in ids {
        let uuid = id.strip_prefix("urn:uuid:").unwrap();
        assert!(uuid.len() == 36 && uuid.as_bytes()[14] == b'8' && b"89ab".contains(&uuid.as_bytes()[19]), "{id}");
    }
}

#[tokio::test]
async fn an_empty_feed_is_a_feed() {
    let world = World::start().await;
    for path in ["/feed.json", "/feed.atom"] {
        let answer = get(&feed_of(&world), path).await;
        let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap();
        assert_eq!(feed.entries.len(), 0, "{path}");
        assert_eq!(get(&feed_of(&world), path).await.header("etag"), answer.header("etag"));
    }
}

#[tokio::test]
async fn atom_pages_lead_on_and_stay_the_same() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let (mut path, mut ids) = ("/feed.atom?limit=1".to_owned(), Vec::new());
    loop {
        let answer = get(&router, &path).await;
        let same = crate::support::get_with(&router, &path, "if-none-match", answer.header("etag")).await;
        assert_eq!(same.status, 304);
        let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap();
        ids.extend(feed.entries.iter().map(|entry| entry.id.clone()));
        let Some(next) = feed.links.iter().find(|link| link.rel.as_deref() == Some("next")) else { break };
        path = next.href.strip_prefix("https://lapor.example").unwrap().to_owned();
    }
    let whole = feed_rs::parser::parse(get(&router, "/feed.atom").await.body.as_bytes()).unwrap();
    assert_eq!(ids, whole.entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>());
}
