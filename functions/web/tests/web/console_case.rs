//! The page of one case.

use axum::http::Request;
use saring_domain::case::{Actor, Change, Labels, Mark, Screened};
use saring_domain::pii;
use saring_domain::policy::Decision::Review;
use saring_domain::policy::{Policy, Reason};
use saring_domain::report::Visibility;
use saring_domain::score::{Fine, Flag, Highlight, Score};

use crate::console::{PAYLOADS, everywhere, only_console_markup, seen};
use crate::support::{AT, World, ask, console, get, get_with, record, record_as, tracking};

const POLICY: &str = include_str!("../../../../models/policy.toml");

fn path(seed: u8) -> String {
    format!("/console/cases/{}", tracking(seed).case_id())
}

/// Masks a text as the screening does, with a mark at a word.
fn masked(screened: &mut Screened, text: &str, marks: &[(&str, Flag)]) {
    screened.pii = pii::find(text);
    screened.public_text = pii::mask(text, &screened.pii);
    let mark = |(word, flag): &(&str, Flag)| {
        let start = text[..text.find(word).unwrap()].chars().count();
        Highlight { flag: *flag, start, end: start + word.chars().count(), weight: 1.7 }
    };
    screened.highlights = marks.iter().map(mark).collect();
}

#[tokio::test]
async fn marks_are_at_their_words_behind_masked_data() {
    let world = World::start().await;
    let text = "Nama saya Siti Aminah, NIK 3374010101900001, WA 081234567890. Situs slot gacor é menipu, sebarkan!";
    let marks = [("slot gacor", Flag::Spam), ("sebarkan", Flag::Hoax), ("3374010101900001", Flag::Spam)];
    record_as(&world.cases, 1, text, Review, |s| masked(s, text, &marks)).await;
    let router = console(&world).await;
    let page = get(&router, &path(1)).await.body;
    for part in [
        "<mark class=\"spam\" title=\"spam +1.70\">slot gacor</mark> é menipu",
        "<mark class=\"hoax\" title=\"hoax +1.70\">sebarkan</mark>!",
        "NIK <mark class=\"spam\" title=\"spam +1.70\">[NIK]</mark>,",
        "[TELP]",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let queue = get(&router, "/console").await.body;
    assert!(queue.contains("<mark class=\"spam\" title=\"spam +1.70\">slot gacor</mark>"), "{queue}");
    let kinds = seen(&page);
    assert!(kinds.contains("NIK national identity number 1") && kinds.contains("nomor telepon telephone number 1"));
    for page in [page, queue] {
        for part in ["3374010101900001", "081234567890", "3374", "8123", "-PRIBADI-1", &tracking(1).to_string()] {
            assert!(!page.contains(part), "{part}: {page}");
        }
        only_console_markup(&page);
    }
}

#[tokio::test]
async fn what_the_text_hides_no_reason_tells() {
    let world = World::start().await;
    let text = "Mohon Dinas Perhubungan, saya Siti Aminah, NIK 3374010101900001";
    record_as(&world.cases, 1, text, Review, |s| {
        masked(s, text, &[]);
        s.agency[0].why =
            vec!["diminta: \"Mohon Dinas Perhubungan\"".into(), "disebut: \"NIK 3374010101900001\"".into()];
    })
    .await;
    let page = get(&console(&world).await, &path(1)).await.body;
    assert!(page.contains("diminta: &quot;Mohon Dinas Perhubungan&quot;"), "{page}");
    assert!(page.contains("disebut: &quot;…&quot;") && !page.contains("3374010101900001"), "{page}");
}

#[tokio::test]
async fn markup_in_any_field_is_shown_as_text() {
    let world = World::start().await;
    let router = console(&world).await;
    for (seed, payload) in (1..).zip(PAYLOADS) {
        record_as(&world.cases, seed, payload, Review, |screened| everywhere(screened, payload)).await;
        let page = get(&router, &path(seed)).await;
        assert_eq!(page.status, 200);
        only_console_markup(&page.body);
        let shown = seen(&page.body).matches(payload).count();
        assert!(shown >= 8, "text, reason, code, category, agency, region, claim and verdict, saw {shown}: {payload}");
    }
}

#[tokio::test]
async fn links_lead_to_the_web_only() {
    let world = World::start().await;
    let router = console(&world).await;
    for (seed, url, linked) in [
        (1, "https://periksa.example/1?a=1&b=2", true),
        (2, "javascript:alert(1)", false),
        (3, "data:text/html,<script>alert(1)</script>", false),
        (4, "//evil.example", false),
        (5, "https://a.example/\"onmouseover=\"alert(1)", true),
    ] {
        record_as(&world.cases, seed, "a", Review, |s| s.claims[0].url = Some(url.into())).await;
        let page = get(&router, &path(seed)).await.body;
        only_console_markup(&page);
        assert_eq!(page.contains("rel=\"noopener noreferrer external\""), linked, "{url}");
        for part in ["JUDUL-KLAIM", "SALAH", "2026-01-31", "90%"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
    assert!(get(&router, &path(1)).await.body.contains("href=\"https://periksa.example/1?a=1&amp;b=2\""));
}

fn judged(screened: &mut Screened) {
    let score = |value| Score::new(value).unwrap();
    screened.flags = vec![(Flag::Spam, score(0.02)), (Flag::Abuse, score(0.004)), (Flag::Hoax, score(0.5))];
    screened.fine = Fine::ALL.map(|f| (f, score(if f == Fine::SensitiveChild { 0.93 } else { 0.02 }))).to_vec();
    let reason = |code: &str| Reason { code: code.into(), detail: format!("dengan kata-kata {code}") };
    screened.verdict.reasons = vec![reason("hoax.unverified"), reason("sensitive.child")];
    screened.verdict.visibility = Visibility::Rahasia;
}

#[tokio::test]
async fn scores_stand_beside_the_thresholds_of_their_policy() {
    let world = World::start().await;
    let router = console(&world).await;
    let policy = Policy::parse(POLICY).unwrap();
    record_as(&world.cases, 1, "a", Review, judged).await;
    record_as(&world.cases, 2, "b", Review, |s| {
        judged(s);
        s.policy = saring_domain::case::PolicyVersion::parse(policy.version()).unwrap();
    })
    .await;
    let unknown = get(&router, &path(1)).await.body;
    assert!(unknown.contains("Ambang kebijakan ini tidak dikenal") && !unknown.contains("class=\"tick\""), "{unknown}");
    assert!(unknown.contains("Penyaringan memperketat ke rahasia") && !unknown.contains("confidential</span>: "));
    let page = get(&router, &path(2)).await.body;
    let holding: Vec<_> = Fine::ALL.iter().filter_map(|fine| policy.fine_threshold(*fine)).collect();
    assert_eq!(page.matches("class=\"tick\"").count(), Flag::ALL.len() + holding.len());
    assert_eq!(page.matches("class=\"over\"").count(), 2, "the hoax and the child");
    assert_eq!(page.matches("<tr class=\"fine\">").count(), Fine::ALL.len());
    let text = seen(&page);
    let percent = |score: Score| format!("{:.0}%", score.get() * 100.0);
    let hoax = format!("hoaks hoax50% ambang threshold {}", percent(policy.flag_threshold(Flag::Hoax)));
    let child = policy.fine_threshold(Fine::SensitiveChild).unwrap();
    let child = format!("a child is the victim93% ambang threshold {}", percent(child));
    for part in [hoax.as_str(), "<1%", &child, policy.version()] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Who tightened the visibility, and for what.
    let tightened =
        "Penyaringan memperketat ke rahasia The screening tightened it to confidential: anak sebagai korban";
    assert!(text.contains(tightened), "{text}");
}

#[tokio::test]
async fn a_report_that_was_not_judged_says_so() {
    let world = World::start().await;
    record(&world.cases, 1, "a", Review).await;
    let page = get(&console(&world).await, &path(1)).await.body;
    for part in ["Model tidak menilai laporan ini.", "Sesuai pilihan pelapor", "model-1", "policy-1", "Tidak ada."] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<textarea"), "a reader changes nothing");
}

#[tokio::test]
async fn the_trail_tells_who_did_what() {
    let world = World::start().await;
    let case = record(&world.cases, 1, "a", Review).await;
    let (actor, later) = (Actor::parse("moderator:<b>siti").unwrap(), crate::support::minutes(10));
    let labels = Labels { flags: vec![(Flag::Spam, Mark::Absent)], ..Labels::default() };
    let changes = [
        Change::Claim { until: crate::support::minutes(30) },
        Change::Correct(labels),
        Change::Tighten(Visibility::Anonim),
    ];
    for (version, change) in (case.version()..).zip(&changes) {
        world.cases.change(case.id(), version, change, &actor, later).await.unwrap();
    }
    let page = get(&console(&world).await, &path(1)).await.body;
    only_console_markup(&page);
    let text = seen(&page);
    for part in [
        "Rantai utuh",
        "disaring screened system:screen",
        "diambil petugas taken by a moderator moderator:<b>siti",
        "labels corrected moderator:<b>siti spam=0",
        "Dipegang oleh",
        "Petugas memperketat ke anonim",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::start().await;
    let known = record(&world.cases, 1, "a", Review).await;
    let router = console(&world).await;
    let unknown = tracking(9).case_id().to_string();
    let secret = tracking(1).to_string().replace('-', "");
    for id in [unknown.as_str(), "nonsense", "%FF", "..%2F..", "%3Cscript%3E", &secret] {
        let path = format!("/console/cases/{id}");
        let answer = get(&router, &path).await;
        assert_eq!((answer.status.as_u16(), answer.json()["status"].as_u64()), (404, Some(404)), "{id}");
        let page = get_with(&router, &path, "accept", "text/html").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"), "{id}");
        assert!(page.body.contains("Tidak ada kasus dengan nomor ini.") && !page.body.contains(id), "{}", page.body);
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        only_console_markup(&page.body);
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for path in ["/console".to_owned(), path(1)] {
            let request = Request::builder().method(method).uri(&path).body(axum::body::Body::empty()).unwrap();
            assert_eq!(ask(&router, request).await.status, 405, "{method} {path}");
        }
    }
    assert_eq!(world.cases.case(known.id()).await.unwrap().unwrap().version(), 1);
    assert_eq!(known.record().received_at.unix_ms(), AT.unix_ms() + 60_000);
}

#[tokio::test]
async fn the_longest_text_stays_small_and_says_that_it_is_cut() {
    let world = World::start().await;
    let router = console(&world).await;
    record_as(&world.cases, 1, &"\"<&>'".repeat(4000), Review, judged).await;
    let page = get(&router, &path(1)).await.body;
    assert!(page.len() <= 100_000, "{} bytes", page.len());
    assert!(page.contains("dari 20000 karakter ditampilkan"), "{page}");
    record_as(&world.cases, 2, &"Jalan rusak. ".repeat(1538), Review, judged).await;
    let page = get(&router, &path(2)).await.body;
    assert!(page.len() <= 100_000 && !page.contains("karakter ditampilkan"), "{} bytes", page.len());
}

/// Relative luminance, <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>.
fn luminance(colour: &str) -> f64 {
    let digits = colour.trim_start_matches('#');
    let width = digits.len() / 3;
    let channel = |at: usize| {
        let part = digits[at * width..][..width].repeat(2 / width);
        let value = f64::from(u8::from_str_radix(&part, 16).unwrap()) / 255.0;
        if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2)
}

#[tokio::test]
async fn colours_have_the_contrast_of_wcag_aa() {
    let world = World::start().await;
    let style = crate::support::style(&world).await;
    let schemes: Vec<&str> = style.split(":root {").skip(1).map(|part| part.split('}').next().unwrap()).collect();
    assert_eq!(schemes.len(), 2, "light and dark");
    for scheme in schemes {
        let colour = |name: &str| {
            let value = scheme.split(&format!("--{name}: ")).nth(1).unwrap_or_else(|| panic!("--{name}"));
            luminance(value.split(';').next().unwrap())
        };
        for (front, back, least) in [
            ("fg", "bg", 4.5),
            ("fg", "soft", 4.5),
            ("muted", "bg", 4.5),
            ("muted", "soft", 4.5),
            ("link", "bg", 4.5),
            ("link", "soft", 4.5),
            ("alarm-fg", "alarm-bg", 4.5),
            ("mark-fg", "spam", 4.5),
            ("mark-fg", "abuse", 4.5),
            ("mark-fg", "hoax", 4.5),
            ("over", "track", 3.0),
            ("under", "track", 3.0),
            ("tick", "track", 3.0),
        ] {
            let (a, b) = (colour(front), colour(back));
            let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(ratio >= least, "--{front} on --{back}: {ratio:.2}, at least {least}");
        }
    }
}
