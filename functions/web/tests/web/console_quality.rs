//! Checks of decisions, golden cases among them, what supervisors make of differences, and the figures.

use axum::Router;
use saring_domain::case::{CaseId, Timestamp};
use saring_domain::learning::Sampling;
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::policy::Policy;
use saring_store::{CheckKind, verify};

use crate::console::{only_console_markup, seen};
use crate::support::{Provider, World, get, get_with, post_form, record, report, screened, tracking};

fn id(seed: u8) -> CaseId {
    tracking(seed).case_id()
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap())
}

/// Decides a case and lets it take effect.
async fn decide(console: &Router, seed: u8, choice: &str) {
    for (action, form) in [("putus", format!("version=1&choice={choice}")), ("segera", "version=2".to_owned())] {
        let answer = post_form(console, &format!("/console/cases/{}/{action}", id(seed)), &form).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// The key of the check that a page asks about, if there is one.
fn key(page: &str) -> Option<&str> {
    page.split("action=\"/console/periksa/").nth(1)?.split('"').next()
}

#[tokio::test]
async fn golden_cases_are_among_the_checks_and_look_like_them() {
    const CASES: u8 = 60;
    let world = World::start().await;
    let provider = Provider::start().await;
    let person = |name: &str, role: &str| provider.console_for(&world.cases, name, role);
    let (sari, bayu, wulan) = (person("sari", "moderator"), person("bayu", "moderator"), person("wulan", "supervisor"));
    for seed in 1..=CASES {
        record(&world.cases, seed, &format!("Promo nomor {seed}"), Review).await;
        decide(&sari, seed, if seed % 2 == 0 { "reject:spam" } else { "publish:fit" }).await;
    }
    let golden = world.cases.case(id(2)).await.unwrap().unwrap();
    let made =
        post_form(&wulan, &format!("/console/cases/{}/emas", id(2)), &format!("version={}", golden.version())).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let checks = world.cases.checks(now()).await.unwrap();
    let second = checks.iter().filter(|check| check.kind == CheckKind::Second).count();
    assert!((1..20).contains(&second), "about a tenth: {second}");
    assert!(!get(&sari, "/console/periksa").await.body.contains(&format!("<b>{}</b>", checks.len())), "not one's own");
    let (mut seen_keys, mut differing) = (Vec::new(), 0);
    loop {
        let page = get_with(&bayu, "/console/periksa", "accept", "text/html").await.body;
        let Some(key) = key(&page) else { break };
        only_console_markup(&page);
        for told in ["golden", "emas", "second", "sari"] {
            assert!(!page.contains(told), "{told}: {page}");
        }
        let check = checks.iter().find(|check| check.key() == key).unwrap();
        assert!(!page.contains(&check.case.to_string()), "the case leads to its first decision: {page}");
        let choice = if check.kind == CheckKind::Second && differing == 0 {
            differing += 1;
            "reject.unclear".to_owned()
        } else {
            check.first.clone()
        };
        let done = post_form(&bayu, &format!("/console/periksa/{key}"), &format!("choice={choice}")).await;
        assert_eq!(done.json()["checked"], key, "{}", done.body);
        assert_eq!(post_form(&bayu, &format!("/console/periksa/{key}"), &format!("choice={choice}")).await.status, 403);
        seen_keys.push(key.to_owned());
    }
    assert_eq!((seen_keys.len(), differing), (checks.len(), 1));
    let page = get(&wulan, "/console/perbedaan").await.body;
    assert!(page.contains("<strong>1</strong>") && page.contains("Tolak: tidak cukup jelas"), "{page}");
    let key = page.split("action=\"/console/perbedaan/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(post_form(&bayu, &format!("/console/perbedaan/{key}"), "last=first").await.status, 403);
    assert_eq!(post_form(&wulan, &format!("/console/perbedaan/{key}"), "last=third").await.status, 400);
    assert_eq!(post_form(&wulan, &format!("/console/perbedaan/{key}"), "last=first").await.status, 303);
    assert!(get(&wulan, "/console/perbedaan").await.body.contains("<strong>0</strong>"));
    let csv = get(&wulan, "/console/angka.csv").await.body;
    for row in [
        "golden,\"all\",right,1\n",
        "golden,\"all\",answered,1\n",
        "moderators,\"sari\",decisions,60\n",
        "agreement,\"public\",kappa,",
        "agreement,\"reject.spam\",kappa,",
        "reasons,\"spam.promo\",held,60\n",
        "time_to_decision,\"laporan baru\",decisions,60\n",
    ] {
        assert!(csv.contains(row), "{row}: {csv}");
    }
    let findings = verify::all(&world.cases).await.unwrap();
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
}

#[tokio::test]
async fn appeals_have_a_queue_and_are_counted_by_their_outcome() {
    let world = World::start().await;
    let provider = Provider::start().await;
    let (sari, wulan) = (
        provider.console_for(&world.cases, "sari", "moderator"),
        provider.console_for(&world.cases, "wulan", "supervisor"),
    );
    for seed in 1..=3 {
        record(&world.cases, seed, &format!("Promo nomor {seed}"), Review).await;
        decide(&sari, seed, "reject:spam").await;
        if seed < 3 {
            world.cases.appeal(tracking(seed), None, now()).await.unwrap();
        }
    }
    let queue = get(&sari, "/console?bagian=banding").await.body;
    assert!(queue.contains(&id(1).to_string()) && queue.contains(&id(2).to_string()), "{queue}");
    assert!(!queue.contains(&id(3).to_string()));
    for (seed, choice) in [(1, "publish:model_wrong"), (2, "reject:spam")] {
        let version = world.cases.case(id(seed)).await.unwrap().unwrap().version();
        let form = format!("version={version}&choice={choice}");
        assert_eq!(post_form(&wulan, &format!("/console/cases/{}/putus", id(seed)), &form).await.status, 200);
        let form = format!("version={}", version + 1);
        assert_eq!(post_form(&wulan, &format!("/console/cases/{}/segera", id(seed)), &form).await.status, 200);
    }
    let page = seen(&get(&wulan, "/console/angka").await.body);
    assert!(page.contains("Banding yang dikabulkan Appeals that were granted1 / 2 (50.00%)"), "{page}");
    let csv = get(&wulan, "/console/angka.csv").await.body;
    for row in
        ["appeals,\"all\",granted,1\n", "appeals,\"all\",decided,2\n", "time_to_decision,\"banding\",decisions,2\n"]
    {
        assert!(csv.contains(row), "{row}: {csv}");
    }
}

#[tokio::test]
async fn the_error_of_what_is_published_is_estimated_from_a_sample() {
    let world = World::start().await;
    for seed in 1..=120 {
        let report = report(&format!("tampil-{seed}"), &format!("Jalan rusak nomor {seed}"));
        let screened = screened(&report, Publish);
        let at = Timestamp::from_unix_ms(now().unix_ms() - 60_000);
        Box::pin(world.cases.record_screening(&report, screened, tracking(seed), at)).await.unwrap();
    }
    let sampling = "random_share = 0.2\nnear_share = 0.0\nnear_halving_log_odds = 1.0\ndisagreement_share = 0.0";
    let sampling = Sampling::parse(sampling).unwrap();
    let policy = Policy::parse(include_str!("../../../../models/policy.toml")).unwrap();
    let drawn = world.cases.sample_published(&sampling, &policy, now()).await.unwrap();
    assert!((10..40).contains(&drawn), "about a fifth: {drawn}");
    assert_eq!(world.cases.sample_published(&sampling, &policy, now()).await.unwrap(), 0, "each once");
    let provider = Provider::start().await;
    let bayu = provider.console_for(&world.cases, "bayu", "moderator");
    for at in 0..drawn {
        let page = get_with(&bayu, "/console/periksa", "accept", "text/html").await.body;
        let choice = if at % 2 == 0 { "reject.spam" } else { "publish" };
        post_form(&bayu, &format!("/console/periksa/{}", key(&page).unwrap()), &format!("choice={choice}")).await;
    }
    let page = seen(&get(&bayu, "/console/angka").await.body);
    assert!(page.contains("Published automatically in 28 days120"), "{page}");
    // Each drawn one stands for five, of the hundred and twenty that there are.
    let wrong = drawn.div_ceil(2) as f64 * 5.0 / 120.0 * 100.0;
    assert!(page.contains(&format!("{wrong:.2}% (95%: ")) && page.contains(&format!("{drawn} sampel")), "{page}");
}
