//! What moderators do, as programs do it: with a token, in forms, answered in JSON.

use axum::Router;
use saring_domain::case::{CaseId, CaseStatus, Timestamp};
use saring_domain::pii::{self, PiiKind};
use saring_domain::policy::Decision::{Publish, Review};
use saring_store::{PageRequest, QueuePart, verify};
use serde_json::Value;

use crate::support::{Answer, Provider, World, get, get_with, post_form, record, tracking};

const MINUTE_MS: u64 = 60_000;

fn id(seed: u8) -> CaseId {
    tracking(seed).case_id()
}

/// Sends a form about a version of a case.
async fn act(console: &Router, seed: u8, action: &str, form: &str) -> Answer {
    post_form(console, &format!("/console/cases/{}/{action}", id(seed)), form).await
}

#[track_caller]
fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap())
}

fn later(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(now().unix_ms() + minutes * MINUTE_MS)
}

async fn sound(world: &World) {
    let findings = verify::all(&world.cases).await.unwrap();
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}

async fn in_feed(world: &World) -> usize {
    world.cases.feed(&PageRequest { items: 50, after: None }).await.unwrap().items.len()
}

/// Records a case now, while originals are kept.
async fn fresh(world: &World, text: &str, change: impl FnOnce(&mut saring_domain::case::Screened)) {
    let report = crate::support::report("baru", text);
    let mut screened = crate::support::screened(&report, Review);
    change(&mut screened);
    Box::pin(world.cases.record_screening(&report, screened, tracking(1), now())).await.unwrap();
}

struct People {
    sari: Router,
    bayu: Router,
    wulan: Router,
}

async fn people(world: &World) -> People {
    let provider = Provider::start().await;
    let console = |person, role| provider.console_for(&world.cases, person, role);
    People {
        sari: console("sari", "moderator"),
        bayu: console("bayu", "moderator"),
        wulan: console("wulan", "supervisor"),
    }
}

#[tokio::test]
async fn nothing_leaves_before_its_rest_is_over() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let People { sari, .. } = people(&world).await;
    let before = world.cases.case(id(1)).await.unwrap().unwrap().record().decided;
    let rests = done(&act(&sari, 1, "putus", "version=1&choice=publish:model_wrong").await);
    assert_eq!((rests["version"].as_u64(), rests["status"].as_str()), (Some(2), Some("in_review")));
    assert_eq!(rests["resting"]["ruling"], "publish");
    let case = world.cases.case(id(1)).await.unwrap().unwrap();
    assert_eq!(case.record().decided, before, "nobody is told");
    assert_eq!(in_feed(&world).await, 0);
    let open = world.cases.queue(QueuePart::Open, &PageRequest { items: 9, after: None }).await.unwrap();
    assert!(open.items.is_empty(), "it waits for nobody");
    sound(&world).await;
    assert!(world.cases.settle_due(later(4)).await.unwrap().cases.is_empty());
    assert_eq!(world.cases.settle_due(later(6)).await.unwrap().cases, [id(1)]);
    let case = world.cases.case(id(1)).await.unwrap().unwrap();
    assert_eq!((case.status(), case.record().decided.version), (CaseStatus::Published, 3));
    assert_eq!(in_feed(&world).await, 1);
    sound(&world).await;
    assert!(world.cases.settle_due(later(9)).await.unwrap().cases.is_empty(), "once in effect");
}

#[tokio::test]
async fn what_rests_can_be_taken_back_or_hastened_by_its_author() {
    let world = World::start().await;
    for seed in 1..=3 {
        record(&world.cases, seed, "Promo", Review).await;
    }
    let People { sari, bayu, wulan } = people(&world).await;
    for seed in 1..=3 {
        done(&act(&sari, seed, "putus", "version=1&choice=reject:spam&note=jelas+promosi").await);
        assert_eq!(act(&bayu, seed, "batal", "version=2").await.status, 409, "another's decision");
        assert_eq!(act(&bayu, seed, "segera", "version=2").await.status, 409);
        assert_eq!(act(&bayu, seed, "putus", "version=2&choice=publish:fit").await.status, 409, "it is decided");
    }
    done(&act(&sari, 1, "batal", "version=2").await);
    done(&act(&wulan, 2, "batal", "version=2").await);
    let rejected = done(&act(&sari, 3, "segera", "version=2").await);
    assert_eq!(rejected["status"], "rejected");
    assert!(world.cases.settle_due(later(10)).await.unwrap().cases.is_empty());
    for seed in [1, 2] {
        let case = world.cases.case(id(seed)).await.unwrap().unwrap();
        assert!(case.status() == CaseStatus::InReview && case.record().proposal.is_none());
    }
    let trail = world.cases.audit(id(2)).await.unwrap();
    let told: Vec<_> = trail.iter().map(|event| (event.action.code(), event.actor.as_str())).collect();
    assert_eq!(told[2..], [("proposed", "moderator:sari"), ("withdrawn", "moderator:wulan")]);
    assert!(!format!("{trail:?}").contains("promosi"), "a note is no part of the trail");
    let notes = world.cases.notes(id(2)).await.unwrap();
    assert_eq!((notes[0].text.as_str(), notes[0].version), ("jelas promosi", 2));
    let page = get_with(&sari, &format!("/console/cases/{}", id(2)), "accept", "text/html").await;
    assert!(page.body.contains("jelas promosi"), "{}", page.body);
    sound(&world).await;
}

#[tokio::test]
async fn every_kind_of_decision_takes_effect() {
    let world = World::start().await;
    let People { sari, .. } = people(&world).await;
    for (seed, choice, status) in [
        (1, "publish:fit", "published"),
        (2, "publish_anonymous:reporter_at_risk", "published"),
        (3, "confidential:victim", "confidential"),
        (4, "reject:hoax", "rejected"),
        (5, "return:not_ours&agency=dinas_perhubungan", "returned"),
        (6, "ask:place", "in_review"),
    ] {
        record(&world.cases, seed, "Laporan", Review).await;
        done(&act(&sari, seed, "putus", &format!("version=1&choice={choice}")).await);
        world.cases.settle_due(later(6)).await.unwrap();
        let case = world.cases.case(id(seed)).await.unwrap().unwrap();
        assert_eq!(case.status().code(), status, "{choice}");
    }
    let returned = world.cases.case(id(5)).await.unwrap().unwrap();
    assert_eq!(returned.record().returned.as_ref().unwrap().name(), "Dinas Perhubungan Kota Semarang");
    let asked = world.cases.queue(QueuePart::Asked, &PageRequest { items: 9, after: None }).await.unwrap();
    assert_eq!(asked.items.iter().map(saring_domain::case::Case::id).collect::<Vec<_>>(), [id(6)]);
    sound(&world).await;
    record(&world.cases, 7, "Laporan", Review).await;
    for wrong in [
        "",
        "choice=publish",
        "choice=shred:fit",
        "choice=reject:dull",
        "choice=return:not_ours",
        "choice=escalate:doubt",
    ] {
        let refused = act(&sari, 7, "putus", &format!("version=1&{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
    }
}

#[tokio::test]
async fn what_is_public_is_taken_back_at_once() {
    let world = World::start().await;
    let People { sari, .. } = people(&world).await;
    for (seed, choice, status, rows) in [
        (1, "publish_anonymous:others_named", "published", 1),
        (2, "confidential:health", "confidential", 1),
        (3, "reject:privacy", "rejected", 1),
    ] {
        record(&world.cases, seed, "Jalan rusak", Publish).await;
        let now = done(&act(&sari, seed, "putus", &format!("version=1&choice={choice}")).await);
        assert_eq!((now["status"].as_str(), in_feed(&world).await), (Some(status), rows), "{choice}");
    }
    record(&world.cases, 4, "Jalan rusak", Publish).await;
    assert_eq!(act(&sari, 4, "putus", "version=1&choice=publish:fit").await.status, 409);
    sound(&world).await;
}

#[tokio::test]
async fn a_lock_keeps_others_out_and_ends() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let People { sari, bayu, wulan } = people(&world).await;
    let held = done(&act(&sari, 1, "ambil", "version=1").await);
    assert_eq!(held["held_by"], "moderator:sari");
    for (action, form) in [
        ("ambil", ""),
        ("putus", "&choice=publish:fit"),
        ("koreksi", "&spam=0"),
        ("eskalasi", "&why=doubt"),
        ("serah", "&to=bayu"),
        ("lepas", ""),
        ("detak", ""),
    ] {
        let refused = act(&bayu, 1, action, &format!("version=2{form}")).await;
        assert_eq!(refused.status, 409, "{action}: {}", refused.body);
    }
    let page = get_with(&bayu, &format!("/console/cases/{}", id(1)), "accept", "text/html").await.body;
    assert!(page.contains("dipegang oleh sari") && !page.contains("/putus\""), "{page}");
    assert_eq!(act(&bayu, 1, "rebut", "version=2").await.status, 403);
    let beat = done(&act(&sari, 1, "detak", "version=2").await);
    assert_eq!(beat["version"], 2, "a fresh lock is left as it is");
    done(&act(&wulan, 1, "rebut", "version=2").await);
    done(&act(&bayu, 1, "ambil", "version=3").await);
    let given = done(&act(&bayu, 1, "serah", "version=4&to=sari").await);
    assert_eq!(given["held_by"], "moderator:sari");
    done(&act(&sari, 1, "lepas", "version=5").await);
    sound(&world).await;
}

#[tokio::test]
async fn a_page_that_is_out_of_date_changes_nothing() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let People { sari, bayu, .. } = people(&world).await;
    done(&act(&sari, 1, "koreksi", "version=1&spam=0&category=perhubungan&claim=new").await);
    for (action, form) in
        [("putus", "choice=publish:fit"), ("koreksi", "spam=1"), ("eskalasi", "why=doubt"), ("ambil", "")]
    {
        let refused = act(&bayu, 1, action, &format!("version=1&{form}")).await;
        assert_eq!(refused.status, 409, "{action}: {}", refused.body);
        assert!(refused.body.contains("the case is at version 2, the form is about version 1"), "{}", refused.body);
    }
    let refused = post_form(&bayu, &format!("/console/cases/{}/putus", id(1)), "version=1&choice=publish:fit").await;
    assert_eq!(refused.status, 409);
    let case = world.cases.case(id(1)).await.unwrap().unwrap();
    assert_eq!(case.version(), 2);
    assert_eq!(case.record().labels.as_ref().unwrap().codes(), "spam=0 category=perhubungan claim=new");
}

#[tokio::test]
async fn what_is_escalated_is_for_supervisors() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let People { sari, wulan, .. } = people(&world).await;
    done(&act(&sari, 1, "eskalasi", "version=1&why=legal").await);
    assert_eq!(act(&sari, 1, "putus", "version=2&choice=publish:fit").await.status, 403);
    let open = get(&sari, "/console").await.body;
    assert!(!open.contains(&id(1).to_string()), "moderators take others");
    let raised = get(&wulan, "/console?bagian=eskalasi").await.body;
    assert!(raised.contains(&id(1).to_string()), "{raised}");
    done(&act(&wulan, 1, "putus", "version=2&choice=confidential:investigation").await);
    world.cases.settle_due(later(6)).await.unwrap();
    sound(&world).await;
}

#[tokio::test]
async fn personal_data_is_masked_by_a_persons_word() {
    let world = World::start().await;
    let text = "Nama saya Siti Aminah, NIK 3374010101900001. Dia si kuncir merah, hubungi kantor.";
    fresh(&world, text, |s| {
        s.pii = pii::find(text);
        s.public_text = pii::mask(text, &s.pii);
    })
    .await;
    let before = world.cases.case(id(1)).await.unwrap().unwrap();
    assert!(before.record().screened.public_text.contains("si kuncir merah"));
    let People { sari, .. } = people(&world).await;
    let name = before.record().screened.pii.iter().find(|span| span.kind == PiiKind::Name).copied().unwrap();
    let form = format!("version=1&words=si+kuncir+merah&kind=address&drop={}-{}", name.start, name.end);
    done(&act(&sari, 1, "koreksi", &form).await);
    let case = world.cases.case(id(1)).await.unwrap().unwrap();
    let shown = &case.record().screened.public_text;
    assert!(shown.contains("[ALAMAT], hubungi") && !shown.contains("kuncir"), "{shown}");
    assert!(shown.contains("Siti Aminah") && shown.contains("[NIK]"), "what is no personal data is shown: {shown}");
    let read = world.cases.audit(id(1)).await.unwrap();
    assert!(
        read.iter().any(|event| event.action.code() == "original_read" && event.actor.as_str() == "moderator:sari")
    );
    assert_eq!(act(&sari, 1, "koreksi", "version=2&words=tidak+ada&kind=name").await.status, 400);
    sound(&world).await;
}

#[tokio::test]
async fn the_original_is_read_by_few_and_told() {
    let world = World::start().await;
    fresh(&world, "Asli, NIK 3374010101900001", |_| {}).await;
    let People { sari, .. } = people(&world).await;
    let read = done(&act(&sari, 1, "asli", "version=1").await);
    assert_eq!(read["text"], "Asli, NIK 3374010101900001");
    let reader = crate::support::console_as(&world, "reader").await;
    assert_eq!(act(&reader, 1, "asli", "version=1").await.status, 403);
    let events = world.cases.audit(id(1)).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.action.code() == "original_read").count(), 1);
}

#[tokio::test]
async fn a_bulk_decision_is_shown_first_and_leaves_out_what_changed() {
    let world = World::start().await;
    for seed in 1..=4 {
        record(&world.cases, seed, "Promo", Review).await;
    }
    let People { sari, bayu, .. } = people(&world).await;
    done(&act(&bayu, 2, "ambil", "version=1").await);
    let ids = (1..=3).map(|seed| format!("id={}", id(seed))).collect::<Vec<_>>().join("&");
    let preview = done(&post_form(&sari, "/console/massal", &format!("choice=reject:spam&{ids}")).await);
    let refused: Vec<_> = preview["cases"].as_array().unwrap().iter().map(|line| !line["refused"].is_null()).collect();
    assert_eq!(refused, [false, true, false]);
    assert_eq!(world.cases.case(id(1)).await.unwrap().unwrap().version(), 1, "a preview changes nothing");
    // Case 3 changes between preview and decision.
    done(&act(&bayu, 3, "koreksi", "version=1&spam=0").await);
    let form = format!("choice=reject:spam&id={}:1&id={}:1", id(1), id(3));
    let outcome = done(&post_form(&sari, "/console/massal/putus", &form).await);
    assert!(outcome["cases"][0]["refused"].is_null() && !outcome["cases"][1]["refused"].is_null(), "{outcome}");
    assert_eq!(world.cases.settle_due(later(6)).await.unwrap().cases, [id(1)]);
    sound(&world).await;
}

#[tokio::test]
async fn the_next_case_is_nobody_elses() {
    let world = World::start().await;
    for seed in 1..=2 {
        record(&world.cases, seed, "Promo", Review).await;
    }
    let People { sari, bayu, .. } = people(&world).await;
    let next = async |console: &Router| post_form(console, "/console/berikut", "").await.header("location").to_owned();
    let first = next(&sari).await;
    assert_eq!(next(&sari).await, first, "what one holds comes first");
    let second = next(&bayu).await;
    assert!(first != second && second.starts_with("/console/cases/"), "{first} {second}");
    let third = next(&crate::support::console_as(&world, "supervisor").await).await;
    assert_eq!(third, "/console", "nothing is left");
}

#[tokio::test]
async fn views_are_each_persons_own() {
    let world = World::start().await;
    let People { sari, bayu, .. } = people(&world).await;
    let saved = post_form(&sari, "/console/tampilan", "name=Judi+Jateng&query=reason=spam.gambling%26region=33").await;
    assert_eq!(saved.header("location"), "/console?reason=spam.gambling&region=33");
    assert!(
        get(&sari, "/console").await.body.contains("href=\"/console?reason=spam.gambling&amp;region=33\">Judi Jateng")
    );
    assert!(!get(&bayu, "/console").await.body.contains("Judi Jateng"));
    for wrong in ["query=a", "name=&query=a", "name=a&query=%22%3E", "name=a%00&query=a"] {
        assert_eq!(post_form(&sari, "/console/tampilan", wrong).await.status, 400, "{wrong}");
    }
    post_form(&sari, "/console/tampilan/hapus", "name=Judi+Jateng").await;
    assert!(!get(&sari, "/console").await.body.contains("Judi Jateng"));
}

#[tokio::test]
async fn a_page_reads_no_more_than_it_shows_and_knows_when_it_changes() {
    let world = World::start().await;
    for seed in 1..=9 {
        record(&world.cases, seed, &format!("Promo nomor {seed}"), Review).await;
    }
    let board = world.cases.refresh_board(now()).await.unwrap();
    assert_eq!((board.open, board.reasons[0].count), (9, 9));
    let People { sari, .. } = people(&world).await;
    let (mut path, mut shown) = ("/console?limit=4".to_owned(), 0);
    loop {
        let page = get(&sari, &path).await.body;
        assert!(page.contains("Hitungan seluruh antrean") && page.contains("<strong>9</strong> dari 9"), "{page}");
        shown += page.matches("<h2><a href=\"/console/cases/").count();
        let Some((before, _)) = page.split_once("\">Bagian antrean berikutnya") else { break };
        path = before.rsplit_once('"').unwrap().1.replace("&amp;", "&");
    }
    assert_eq!(shown, 9);
    let tag = get(&sari, "/console/denyut").await.header("etag").to_owned();
    assert_eq!(get_with(&sari, "/console/denyut", "if-none-match", &tag).await.status, 304);
    done(&act(&sari, 1, "ambil", "version=1").await);
    assert_eq!(get_with(&sari, "/console/denyut", "if-none-match", &tag).await.status, 200);
}
