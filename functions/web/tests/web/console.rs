//! The moderators' queue.

use saring_domain::case::{Case, NamedRegion, Screened, TRACKING_BYTES, TrackingId};
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::policy::Reason;
use saring_domain::score::{Fine, Flag, Highlight, Score};
use saring_store::Cases;

use crate::support::{World, console, get, get_with, minutes, record, record_as, report, screened, tracking};

/// Breaks out of text, attributes, comments, scripts and styles where it is not escaped.
pub(crate) const PAYLOAD: &str =
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>--></style></textarea>&lt;b&gt;javascript:alert(3)";

/// Ten ways to become more than text.
pub(crate) const PAYLOADS: [&str; 10] = [
    PAYLOAD,
    "<svg/onload=alert(1)>",
    "\" onmouseover=\"alert(1)\" x=\"",
    "' autofocus onfocus='alert(1)' '",
    "</p></article></main><iframe srcdoc='<script>alert(1)</script>'>",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "javascript:alert(1)//<a href=javascript:alert(1)>x</a>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "&#60;script&#62;alert(1)&#60;/script&#62;&lt;script>",
    "<meta http-equiv=refresh content=0;url=data:text/html,x><base href=//evil.example><link rel=stylesheet href=//x>",
];

/// Every tag of a page must be one that this program writes, with attributes that it writes.
#[track_caller]
pub(crate) fn only_own_tags(page: &str, own: &[&str]) {
    for tag in page.split('<').skip(1) {
        let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap().trim_start_matches('/');
        assert!(own.contains(&name.to_lowercase().as_str()), "<{tag}");
        let markup = tag.split('>').next().unwrap().to_lowercase();
        // Every other piece between double quotes is a value, in which the words of a text may stand.
        let (names, values): (Vec<_>, Vec<_>) = markup.split('"').enumerate().partition(|(at, _)| at % 2 == 0);
        assert!(names.iter().all(|(_, name)| !name.contains(" on")), "<{tag}");
        assert!(values.iter().all(|(_, value)| !value.trim_start().starts_with("javascript:")), "<{tag}");
    }
}

/// The console's own tags and attributes; each value in double quotes.
#[track_caller]
pub(crate) fn only_console_markup(page: &str) {
    let tags = "!doctype html head meta title link body a span header main h1 h2 h3 p strong b nav details summary ul ol li \
                label input dl dt dd div section mark table thead tbody tr th td svg rect/ rect time script form button select \
                option optgroup textarea fieldset legend kbd dialog abbr polyline polyline/ line line/ text g circle/ figure figcaption br small";
    only_own_tags(page, &tags.split_whitespace().collect::<Vec<_>>());
    let attributes = "lang charset name content rel href class id aria-label aria-current aria-hidden type autocomplete \
                      checked title dir tabindex datetime scope viewbox preserveaspectratio x y width height start \
                      hreflang html defer src method action value for maxlength required rows selected open \
                      data-key data-version data-heartbeat data-undo data-due points x1 x2 y1 y2 text-anchor colspan \
                      http-equiv role accesskey placeholder disabled data-poll data-tag data-cases aria-live cx cy r \
                      aria-labelledby aria-describedby formaction aria-keyshortcuts multiple data-next data-hold label";
    let attributes: Vec<&str> = attributes.split_whitespace().collect();
    for tag in page.split('<').skip(1).filter(|tag| !tag.starts_with('/')) {
        let markup = tag.split('>').next().unwrap();
        let Some((_, mut rest)) = markup.split_once(' ') else { continue };
        while !rest.trim_matches(['/', ' ']).is_empty() {
            rest = rest.trim_start();
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let name = rest[..end].to_lowercase();
            assert!(attributes.contains(&name.as_str()), "{name:?} in <{markup}>");
            rest = &rest[end..];
            if let Some(value) = rest.strip_prefix('=') {
                let value = value.strip_prefix('"').unwrap_or_else(|| panic!("no quotes in <{markup}>"));
                rest = &value[value.find('"').unwrap_or_else(|| panic!("an open value in <{markup}>")) + 1..];
            }
        }
    }
}

/// Puts a text in every field that a page shows.
pub(crate) fn everywhere(screened: &mut Screened, text: &str) {
    text.clone_into(&mut screened.verdict.reasons[0].code);
    text.clone_into(&mut screened.verdict.reasons[0].detail);
    text.clone_into(&mut screened.category[0].code);
    text.clone_into(&mut screened.agency[0].name);
    screened.agency[0].why = vec![text.to_owned()];
    screened.region = Some(NamedRegion { code: text.to_owned(), name: text.to_owned() });
    text.clone_into(&mut screened.claims[0].title);
    text.clone_into(&mut screened.claims[0].verdict);
    screened.claims[0].url = Some(text.to_owned());
    screened.claims[0].date = Some(text.to_owned());
    let end = screened.public_text.chars().count();
    let marks = [(Flag::Spam, 0, 3), (Flag::Abuse, 2, end), (Flag::Hoax, end / 2, end)];
    screened.highlights = marks.map(|(flag, start, end)| Highlight { flag, start, end, weight: 1.0 }).to_vec();
}

/// What a reader sees of a page, without markup.
pub(crate) fn seen(page: &str) -> String {
    let text: String = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    named.iter().fold(text, |text, (code, c)| text.replace(code, c))
}

#[tokio::test]
async fn markup_in_any_field_is_shown_as_text() {
    let world = World::start().await;
    for (seed, payload) in (1..).zip(PAYLOADS) {
        record_as(&world.cases, seed, payload, Review, |screened| everywhere(screened, payload)).await;
    }
    let router = console(&world).await;
    let page = get(&router, "/console").await;
    assert_eq!(page.status, 200);
    only_console_markup(&page.body);
    let text = seen(&page.body);
    for payload in PAYLOADS {
        let start: String = payload.chars().take(20).collect();
        let shown = text.matches(start.as_str()).count();
        assert!(shown >= 5, "text, reason, agency, region and filters, saw {shown} of {payload}");
        let chosen = get(&router, &format!("/console?agency={}", encoded(payload))).await;
        assert_eq!(chosen.status, 200);
        only_console_markup(&chosen.body);
        assert_eq!(ids(&chosen.body).len(), 1, "{payload}");
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// The cases of a page, in order.
fn ids(page: &str) -> Vec<String> {
    let links = page.match_indices("<h2><a href=\"/console/cases/");
    links.map(|(at, start)| page[at + start.len()..].split('"').next().unwrap().to_owned()).collect()
}

fn id(seed: u8) -> String {
    tracking(seed).case_id().to_string()
}

fn reasons(screened: &mut Screened, codes: &[&str]) {
    let reason = |code: &&str| Reason { code: (*code).to_owned(), detail: format!("dengan kata-kata {code}") };
    screened.verdict.reasons = codes.iter().map(reason).collect();
}

#[tokio::test]
async fn the_queue_shows_what_waits_and_nothing_private() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo obat, NIK 3374010101900001", Review).await;
    record(&world.cases, 2, "Jalan rusak", Publish).await;
    let page = get(&console(&world).await, "/console").await;
    let shown = [
        "[NIK]",
        "promosi barang atau jasa",
        "promotes goods or services",
        "Pekerjaan Umum dan Penataan Ruang",
        "Dinas Pekerjaan Umum Kota Semarang",
        "Kota Semarang, Jawa Tengah",
        "prioritas",
        "Lewat tenggat",
        "hari",
    ];
    for part in shown {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    for part in ["3374010101900001", "Jalan rusak", "-PRIBADI", &tracking(1).to_string(), &id(2)] {
        assert!(!page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("<textarea"), "a reader changes nothing");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"), "{policy}");
}

#[tokio::test]
async fn an_empty_queue_says_so_and_pages_lead_on() {
    let world = World::start().await;
    let router = console(&world).await;
    assert!(get(&router, "/console").await.body.contains("Tidak ada laporan yang menunggu."));
    for seed in 1..=5 {
        record(&world.cases, seed, &format!("Promo nomor {seed}"), Review).await;
    }
    let (mut path, mut shown) = ("/console?limit=2".to_owned(), Vec::new());
    loop {
        let page = get(&router, &path).await.body;
        shown.extend(ids(&page));
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else { break };
        path = before.rsplit_once('"').unwrap().1.replace("&amp;", "&");
    }
    assert_eq!(shown, (1..=5).map(id).collect::<Vec<_>>(), "the oldest of equals first, each once");
    let last = get(&router, &path).await.body;
    assert!(last.contains("rel=\"prev\"") && last.contains("3 / 3"), "{last}");
    assert!(get(&router, "/console?page=9").await.body.contains("Tidak ada laporan di halaman ini."));
}

/// Six reports that differ in what can be filtered.
async fn varied(world: &World) {
    let agency = |screened: &mut Screened, name: &str| name.clone_into(&mut screened.agency[0].name);
    let region = |code: &str, name: &str| Some(NamedRegion { code: code.into(), name: name.into() });
    record(&world.cases, 1, "a", Review).await;
    record_as(&world.cases, 2, "b", Review, |s| reasons(s, &["spam.gambling", "abuse.insult"])).await;
    record_as(&world.cases, 3, "c", Review, |s| s.category[0].code = "perhubungan".into()).await;
    record_as(&world.cases, 4, "d", Review, |s| agency(s, "Dinas Perhubungan Kota Surabaya")).await;
    record_as(&world.cases, 5, "e", Review, |s| s.region = region("35.78", "Kota Surabaya, Jawa Timur")).await;
    record_as(&world.cases, 6, "f", Review, |s| {
        s.region = region("3", "Jawa");
        s.category = Vec::new();
        s.agency = Vec::new();
    })
    .await;
}

#[tokio::test]
async fn filters_narrow_and_count() {
    let world = World::start().await;
    varied(&world).await;
    let router = console(&world).await;
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 5, 6]),
        ("?reason=spam.gambling", vec![2]),
        ("?reason=abuse.insult", vec![2]),
        ("?reason=spam.promo", vec![1, 3, 4, 5, 6]),
        ("?reason=spam", vec![]),
        ("?category=perhubungan", vec![3]),
        ("?agency=Dinas+Perhubungan+Kota+Surabaya", vec![4]),
        ("?region=33.74", vec![1, 2, 3, 4]),
        ("?region=33", vec![1, 2, 3, 4]),
        ("?region=3", vec![6]),
        ("?region=33.7", vec![]),
        ("?reason=spam.promo&region=33.74&category=perhubungan", vec![3]),
        ("?reason=spam.gambling&category=perhubungan", vec![]),
    ] {
        let mut shown = ids(&get(&router, &format!("/console{query}")).await.body);
        let mut expected: Vec<_> = expected.into_iter().map(id).collect();
        shown.sort();
        expected.sort();
        assert_eq!(shown, expected, "{query}");
    }
    let page = seen(&get(&router, "/console").await.body);
    for count in ["promosi barang atau jasa 5", "promosi judi 1", "Perhubungan 1", "Kota Semarang, Jawa Tengah 4"] {
        assert!(page.contains(count), "{count}: {page}");
    }
    // The counts of a filter are those under the other filters.
    let page = get(&router, "/console?region=33.74").await.body;
    let text = seen(&page);
    for count in ["promosi barang atau jasa 3", "Kota Surabaya, Jawa Timur 1", "4 dari 6 laporan"] {
        assert!(text.contains(count), "{count}: {text}");
    }
    assert!(page.contains("href=\"/console?reason=spam.promo&amp;region=33.74\""), "filters add up: {page}");
    assert!(page.contains("aria-current=\"true\">Kota Semarang, Jawa Tengah"), "{page}");
}

#[tokio::test]
async fn parameters_are_refused_by_name() {
    let world = World::start().await;
    let router = console(&world).await;
    let long = format!("agency={}", "a".repeat(201));
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=21", "limit"),
        ("page=0", "page"),
        ("page=301", "page"),
        ("page=1&page=2", "page"),
        ("reason=a%00", "reason"),
        ("cursor=%20a%20b", "cursor"),
        (long.as_str(), "agency"),
    ] {
        let path = format!("/console?{query}");
        let answer = get(&router, &path).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (400, Some(name)), "{query}");
        let page = get_with(&router, &path, "accept", "text/html,*/*").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (400, "text/html; charset=utf-8"), "{query}");
        assert!(page.body.contains("Permintaan tidak dimengerti") && page.body.contains(name), "{}", page.body);
        only_console_markup(&page.body);
    }
}

/// Scores of a report in which one label stands out.
fn scored(screened: &mut Screened, label: Fine, score: f32) {
    let low = Score::new(0.01).unwrap();
    screened.flags = Flag::ALL.map(|flag| (flag, low)).to_vec();
    screened.fine = Fine::ALL.map(|fine| (fine, if fine == label { Score::new(score).unwrap() } else { low })).to_vec();
    reasons(screened, &[label.code()]);
}

#[tokio::test]
async fn the_most_pressing_comes_first() {
    let world = World::start().await;
    let scored = |label, score| move |screened: &mut Screened| scored(screened, label, score);
    record_as(&world.cases, 1, "a", Review, scored(Fine::QualityOffTopic, 0.9)).await;
    record_as(&world.cases, 2, "b", Review, scored(Fine::SpamGambling, 0.98)).await;
    record_as(&world.cases, 3, "c", Review, scored(Fine::SpamGambling, 0.6)).await;
    record_as(&world.cases, 4, "d", Review, scored(Fine::AbuseSara, 0.98)).await;
    record_as(&world.cases, 5, "e", Review, scored(Fine::SensitiveSelfharm, 0.99)).await;
    // A faint suspicion is no alarm.
    record_as(&world.cases, 7, "g", Review, scored(Fine::SensitiveSelfharm, 0.12)).await;
    // The model did not judge.
    record_as(&world.cases, 6, "f", Review, |s| reasons(s, &["held.model_unavailable"])).await;
    let page = get(&console(&world).await, "/console").await.body;
    // A life first; then what nobody judged, a grave one, a doubtful one, the same without doubt, a light one.
    assert_eq!(ids(&page), [5, 6, 4, 3, 2, 1, 7].map(id));
    assert_eq!(page.matches("class=\"card urgent\"").count(), 1);
    // Its clock has run out: 100 × 1 × 0.99 × 1 × 0.51.
    for part in ["risiko 0.99 × waktu 1.00 × ragu 0.51", "<span class=\"points\">50</span>", "model tidak menilai"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn attacks_are_blurred_until_asked() {
    let world = World::start().await;
    let router = console(&world).await;
    record(&world.cases, 1, "iklan", Review).await;
    let page = get(&router, "/console").await.body;
    assert!(!page.contains("strong\"") && !page.contains("show-strong"), "{page}");
    record_as(&world.cases, 2, "makian", Review, |s| reasons(s, &["spam.promo", "abuse.insult"])).await;
    let page = get(&router, "/console").await.body;
    assert_eq!(page.matches("class=\"card strong\"").count(), 1);
    assert!(page.contains("id=\"show-strong\"") && page.contains("class=\"text\" dir=\"auto\" tabindex=\"0\""));
    let style = crate::support::style(&world).await;
    assert!(style.contains(".strong .text:not(:hover):not(:focus) { filter: blur("), "{style}");
    assert!(style.contains("main:has(#show-strong:checked) .strong .text { filter: none; }"), "{style}");
}

/// Records a case of any number, where the usual seeds end.
async fn record_number(cases: &Cases, number: u16, text: &str) -> Case {
    let report = report(&format!("nomor-{number}"), text);
    let mut bytes = [9; TRACKING_BYTES];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    let id = TrackingId::from_bytes(bytes);
    let recorded = cases.record_screening(&report, screened(&report, Review), id, minutes(number.into()));
    match Box::pin(recorded).await.unwrap() {
        saring_store::Recorded::New(case) => *case,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_long_queue_is_read_in_parts_and_says_so() {
    let world = World::start().await;
    let mut expected = Vec::new();
    for number in 1..=305 {
        expected.push(record_number(&world.cases, number, "Promo").await.id().to_string());
    }
    let router = console(&world).await;
    let (mut path, mut shown, mut views) = ("/console".to_owned(), Vec::new(), 0);
    loop {
        let page = get(&router, &path).await.body;
        assert!(page.contains("300 laporan yang paling lama menunggu"), "{page}");
        assert!(page.len() <= 100_000, "{} bytes", page.len());
        shown.extend(ids(&page));
        views += 1;
        let next = page.split_once("\" rel=\"next\"").or_else(|| page.split_once("\">Bagian antrean berikutnya"));
        let Some((before, _)) = next else { break };
        path = before.rsplit_once('"').unwrap().1.replace("&amp;", "&");
    }
    assert_eq!((shown.len(), views), (305, 16));
    assert_eq!(shown, expected, "each once, the oldest of equals first");
}

#[tokio::test]
async fn a_full_page_stays_small() {
    let world = World::start().await;
    let text = "\"<&>'".repeat(4000);
    for seed in 1..=20 {
        record_as(&world.cases, seed, &text, Review, |s| {
            reasons(s, &["spam.promo", "spam.fraud", "abuse.hate", "abuse.sara", "hoax.claim"]);
            s.agency[0].name = format!("Badan {seed} {}", "\"".repeat(180));
            s.region = Some(NamedRegion { code: format!("33.{seed}"), name: format!("Kota {seed}") });
            let marks = (0..24).map(|at| Highlight { flag: Flag::Spam, start: at * 8, end: at * 8 + 5, weight: 1.0 });
            s.highlights = marks.collect();
        })
        .await;
    }
    let page = get(&console(&world).await, "/console").await.body;
    assert_eq!(ids(&page).len(), 20);
    assert!(page.len() <= 100_000, "{} bytes", page.len());
    assert!(page.contains("dan 1 lagi"), "{page}");
}
