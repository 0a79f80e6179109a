//! Campaigns as moderators use them: one decision about all, folded by hand, as a filter; and what a
//! reporter sent before, as counts.

use axum::Router;
use saring_domain::case::{CaseId, Timestamp};
use saring_domain::policy::Decision::{self, Publish, Review};
use saring_store::{QueuePart, verify};
use serde_json::Value;

use crate::console::{only_console_markup, seen};
use crate::support::{Answer, Provider, World, get, get_with, post_form, record, report, screened, tracking};

fn id(seed: u8) -> CaseId {
    tracking(seed).case_id()
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap())
}

#[track_caller]
fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn spam(bonus: u8) -> String {
    format!(
        "Main di situs kami pasti menang besar setiap hari! Daftar sekarang juga dan dapatkan bonus {bonus} ribu untuk \
         anggota baru"
    )
}

async fn wave(world: &World, seeds: std::ops::Range<u8>) {
    for seed in seeds {
        let case = record(&world.cases, seed, &spam(seed), Review).await;
        world.cases.fold_report(&case, now()).await.unwrap();
    }
}

async fn person(world: &World, name: &str, role: &str) -> Router {
    Provider::start().await.console_for(&world.cases, name, role)
}

async fn sound(world: &World) {
    let findings = verify::all(&world.cases).await.unwrap();
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}

#[tokio::test]
async fn a_campaign_is_decided_at_once_and_taken_back_at_once() {
    let world = World::start().await;
    wave(&world, 1..8).await;
    record(&world.cases, 20, "Lampu jalan di depan pasar mati tiga malam", Review).await;
    let (sari, bayu) = (person(&world, "sari", "moderator").await, person(&world, "bayu", "moderator").await);
    done(&post_form(&bayu, &format!("/console/cases/{}/ambil", id(3)), "version=1").await);
    let page = get_with(&sari, &format!("/console/cases/{}", id(5)), "accept", "text/html").await.body;
    assert!(page.contains(&format!("name=\"campaign\" value=\"{}\"", id(1))), "{page}");
    only_console_markup(&page);
    let form = format!("campaign={}&choice=reject:spam", id(1));
    let preview = done(&post_form(&sari, "/console/massal", &form).await);
    let lines = preview["cases"].as_array().unwrap();
    assert_eq!((lines.len(), preview["left"].as_u64()), (7, Some(0)));
    let chosen: Vec<String> = lines
        .iter()
        .filter(|line| line["refused"].is_null())
        .map(|line| format!("id={}:{}", line["case"].as_str().unwrap(), line["version"]))
        .collect();
    assert_eq!(chosen.len(), 6, "another works on one: {preview}");
    let decided =
        done(&post_form(&sari, "/console/massal/putus", &format!("choice=reject:spam&{}", chosen.join("&"))).await);
    let resting: Vec<String> = decided["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("id={}:{}", line["case"].as_str().unwrap(), line["version"]))
        .collect();
    assert_eq!(
        world.cases.case(id(5)).await.unwrap().unwrap().record().proposal.as_ref().unwrap().ruling.code(),
        "reject.spam"
    );
    let refused = done(&post_form(&bayu, "/console/massal/batal", &resting.join("&")).await);
    assert!(refused["cases"].as_array().unwrap().iter().all(|line| !line["refused"].is_null()), "another's: {refused}");
    done(&post_form(&sari, "/console/massal/batal", &resting.join("&")).await);
    for seed in 1..8 {
        assert!(world.cases.case(id(seed)).await.unwrap().unwrap().record().proposal.is_none(), "{seed}");
    }
    assert!(world.cases.settle_due(Timestamp::from_unix_ms(now().unix_ms() + 600_000)).await.unwrap().cases.is_empty());
    sound(&world).await;
}

#[tokio::test]
async fn several_cases_are_escalated_with_a_reason() {
    let world = World::start().await;
    for seed in 1..=3 {
        record(&world.cases, seed, "Promo", Review).await;
    }
    let sari = person(&world, "sari", "moderator").await;
    let ids = format!("id={}:1&id={}:1", id(1), id(2));
    assert_eq!(post_form(&sari, "/console/massal/putus", &format!("choice=escalate:dull&{ids}")).await.status, 400);
    assert_eq!(
        post_form(&sari, "/console/massal", &format!("choice=return:not_ours&id={}", id(1))).await.status,
        400,
        "an agency is one of a region"
    );
    done(&post_form(&sari, "/console/massal/putus", &format!("choice=escalate:legal&{ids}")).await);
    for seed in 1..=2 {
        let case = world.cases.case(id(seed)).await.unwrap().unwrap();
        assert_eq!(case.record().escalated.as_ref().unwrap().why.as_str(), "legal");
    }
    let again = done(&post_form(&sari, "/console/massal", &format!("choice=reject:spam&id={}", id(1))).await);
    assert!(!again["cases"][0]["refused"].is_null(), "that is a supervisor's now: {again}");
    sound(&world).await;
}

#[tokio::test]
async fn a_case_is_folded_into_a_campaign_by_a_persons_word() {
    let world = World::start().await;
    wave(&world, 1..4).await;
    record(&world.cases, 9, "Sama saja, hanya dengan kata lain: menang terus di situs itu", Review).await;
    record(&world.cases, 10, "Dan sekali lagi dengan kata lain", Review).await;
    let sari = person(&world, "sari", "moderator").await;
    let fold = async |seed: u8, version: u64, into: &str| {
        post_form(&sari, &format!("/console/cases/{}/gabung", id(seed)), &format!("version={version}&into={into}"))
            .await
    };
    // By any member, and as an address is pasted.
    done(&fold(9, 1, &format!("https://konsol.example/console/cases/{}", id(3))).await);
    assert_eq!(world.cases.campaign_of(id(9)).await.unwrap().unwrap().id, id(1));
    assert_eq!(world.cases.campaign_of(id(1)).await.unwrap().unwrap().members, 4);
    done(&fold(10, 1, &id(9).to_string()).await);
    done(&fold(10, 1, &id(1).to_string()).await);
    let trail = world.cases.audit(id(10)).await.unwrap();
    let folded: Vec<_> = trail.iter().filter(|event| event.action.code() == "folded").collect();
    assert_eq!((folded.len(), folded[0].detail.as_str()), (1, id(1).to_string().as_str()), "once");
    for (seed, version, into, status) in [
        (1, 1, id(9).to_string(), 409),
        (9, 1, id(9).to_string(), 400),
        (9, 7, id(1).to_string(), 409),
        (9, 1, id(99).to_string(), 404),
        (9, 1, "bukan nomor".to_owned(), 400),
        (9, 1, String::new(), 400),
    ] {
        let answer = fold(seed, version, &into).await;
        assert_eq!(answer.status, status, "{seed} into {into:?}: {}", answer.body);
    }
    let page = get_with(&sari, &format!("/console/cases/{}", id(9)), "accept", "text/html").await.body;
    assert!(seen(&page).contains("digabungkan ke kampanye"), "{page}");
    sound(&world).await;
}

#[tokio::test]
async fn the_queue_is_filtered_and_counted_by_campaign_and_age() {
    let world = World::start().await;
    wave(&world, 1..6).await;
    record(&world.cases, 20, "Lampu jalan di depan pasar mati tiga malam", Review).await;
    let sari = person(&world, "sari", "moderator").await;
    for counted in [false, true] {
        if counted {
            let board = world.cases.refresh_board(now()).await.unwrap();
            assert_eq!((board.campaigns[0].key.as_str(), board.campaigns[0].count), (id(1).to_string().as_str(), 5));
            assert_eq!(board.ages.iter().map(|age| age.count).sum::<u64>(), 6);
        }
        let page = get(&sari, "/console").await.body;
        let page =
            if page.starts_with('{') { get_with(&sari, "/console", "accept", "text/html").await.body } else { page };
        let text = seen(&page);
        assert!(text.contains("lebih dari seminggu 6"), "{text}");
        assert!(page.contains(&format!("href=\"/console?campaign={}\"", id(1))), "{page}");
        let chosen = get_with(&sari, &format!("/console?campaign={}", id(1)), "accept", "text/html").await.body;
        assert!(chosen.contains("<strong>5</strong>") && !chosen.contains(&id(20).to_string()), "{chosen}");
        only_console_markup(&chosen);
        let both = get_with(&sari, &format!("/console?campaign={}&age=1d", id(1)), "accept", "text/html").await.body;
        assert!(both.contains("<strong>0</strong>"), "{both}");
        let aged = get_with(&sari, "/console?age=old", "accept", "text/html").await.body;
        assert!(aged.contains("<strong>6</strong>"), "{aged}");
    }
    // What is decided is in another part.
    done(&post_form(&sari, &format!("/console/cases/{}/putus", id(2)), "version=1&choice=reject:spam").await);
    for (part, count) in [("terbuka", 4), ("jeda", 1), ("eskalasi", 0)] {
        let path = format!("/console?campaign={}&bagian={part}", id(1));
        let page = get_with(&sari, &path, "accept", "text/html").await.body;
        assert!(page.contains(&format!("<strong>{count}</strong>")), "{part}: {page}");
    }
    assert_eq!(get(&sari, "/console?campaign=x").await.status, 400);
}

async fn sent_by(world: &World, seed: u8, reference: Option<&str>, decision: Decision) {
    let mut report = report(&format!("dari-{seed}"), &format!("Laporan nomor {seed} dari seseorang"));
    report.reporter_ref = reference.map(str::to_owned);
    let screened = screened(&report, decision);
    Box::pin(world.cases.record_screening(&report, screened, tracking(seed), now())).await.unwrap();
}

#[tokio::test]
async fn a_reporters_history_is_counts_and_no_name() {
    let world = World::start().await;
    for (seed, decision) in [(1, Publish), (2, Publish), (3, Review), (4, Review)] {
        sent_by(&world, seed, Some("0812-RUJUKAN-7"), decision).await;
    }
    sent_by(&world, 5, Some("warga lain"), Review).await;
    sent_by(&world, 6, None, Review).await;
    let sari = person(&world, "sari", "moderator").await;
    done(&post_form(&sari, &format!("/console/cases/{}/putus", id(4)), "version=1&choice=reject:spam").await);
    done(&post_form(&sari, &format!("/console/cases/{}/segera", id(4)), "version=2").await);
    let page =
        async |seed: u8| get_with(&sari, &format!("/console/cases/{}", id(seed)), "accept", "text/html").await.body;
    let text = seen(&page(3).await);
    for part in [
        "Riwayat pelapor",
        "Laporan dikirim Reports sent4",
        "Tampil Published2",
        "Ditolak Rejected1",
        "Masih terbuka Open1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("RUJUKAN-7"), "{text}");
    assert!(seen(&page(5).await).contains("Laporan dikirim Reports sent1"));
    assert!(!page(6).await.contains("Riwayat pelapor"), "the input system named nobody");
    let cases = &world.cases;
    assert!(!format!("{:?}", cases.reporter_history(id(3)).await.unwrap()).contains("RUJUKAN"));
    // What is erased is counted no more.
    cases.erase(id(1), &saring_domain::case::Actor::parse("moderator:wulan").unwrap(), now()).await.unwrap();
    let history = cases.reporter_history(id(3)).await.unwrap().unwrap();
    assert_eq!((history.sent, history.published, history.rejected, history.open), (3, 1, 1, 1));
    let open = cases.queue(QueuePart::Open, &saring_store::PageRequest { items: 9, after: None }).await.unwrap();
    assert_eq!(open.items.len(), 3);
    sound(&world).await;
}
