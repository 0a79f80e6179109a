//! The pages under /lacak, and the appeal.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use saring_domain::case::{Actor, AuditAction, CaseStatus, RejectReason, Resolution};
use saring_domain::policy::Decision::{Publish, Review};
use saring_store::verify;
use serde_json::json;

use crate::support::{AT, Answer, World, ask, feed_of, get, get_with, record, record_as, tracking};

async fn submit(router: &Router, path: &str, body: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    ask(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn reject(world: &World, seed: u8) {
    let actor = Actor::parse("moderator:sari").unwrap();
    let id = tracking(seed).case_id();
    world.cases.resolve(id, 1, Resolution::Reject(RejectReason::Spam), &actor, AT).await.unwrap();
}

#[tokio::test]
async fn the_form_leads_to_the_status_without_the_id_in_the_address() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let router = world.intake();
    let form = get(&router, "/lacak").await;
    insta::assert_snapshot!("lacak_id", form.body);
    insta::assert_snapshot!("lacak_en", get(&router, "/lacak?lang=en").await.body);
    assert!(form.header("content-security-policy").contains("form-action 'self'"));
    let typed = tracking(1).to_string().to_lowercase().replace('-', "+");
    let shown = submit(&router, "/lacak?lang=id", &format!("nomor={typed}")).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.header("cache-control"), "no-store");
    insta::assert_snapshot!("lacak_held_id", shown.body);
    let linked = get_with(&router, &format!("/lacak/{}", tracking(1)), "accept-language", "en").await;
    insta::assert_snapshot!("lacak_held_en", linked.body);
    assert_eq!(get(&router, "/lacak/saring.css").await.status, 200);
}

#[tokio::test]
async fn why_it_waits_is_told_kindly_and_without_internals() {
    let world = World::start().await;
    record_as(&world.cases, 1, "Isi laporan", Review, |screened| {
        let reason =
            |code: &str| saring_domain::policy::Reason { code: code.into(), detail: "DALAM (skor 0.93)".into() };
        let codes =
            ["spam.gambling", "spam.promo", "abuse.hate", "hoax.unverified", "sensitive.selfharm", "baru.sekali"];
        screened.verdict.reasons = codes.map(reason).into();
    })
    .await;
    let router = world.intake();
    let page = get(&router, &format!("/lacak/{}", tracking(1))).await.body;
    assert_eq!(page.matches("<li>").count(), 5, "one for each family: {page}");
    assert!(page.contains("112") && page.contains("Petugas perlu membacanya lebih dulu."), "{page}");
    let api = get(&router, &format!("/reports/{}", tracking(1))).await;
    assert_eq!(api.json()["reasons"].as_array().unwrap().len(), 5);
    for answer in [&page, &api.body] {
        for internal in
            ["skor", "DALAM", "gambling", "unverified", "Isi laporan", "model-1", "PRIBADI", "0.93", "baru."]
        {
            assert!(!answer.contains(internal), "{internal}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_published_report_links_to_its_public_page() {
    let world = World::start().await;
    record(&world.cases, 1, "Jalan rusak", Publish).await;
    let page = get(&world.intake(), &format!("/lacak/{}?lang=en", tracking(1))).await.body;
    let link = page.split("href=\"/laporan/").nth(1).unwrap().split('"').next().unwrap();
    let public = get(&feed_of(&world), &format!("/laporan/{link}")).await;
    assert_eq!(public.status, 200);
    assert!(!public.body.contains(&tracking(1).to_string()));
    assert!(!page.contains("banding"), "{page}");
}

#[tokio::test]
async fn unknown_ids_get_one_page() {
    let world = World::start().await;
    let case = record(&world.cases, 1, "Jalan rusak", Publish).await;
    let router = world.intake();
    let unknown = get(&router, &format!("/lacak/{}", tracking(9))).await;
    assert_eq!(unknown.status, 404);
    for id in [case.id().to_string().as_str(), "x", "%ff", "%3Cscript%3E"] {
        let answer = get(&router, &format!("/lacak/{id}")).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (404, &unknown.body), "{id}");
    }
    let long = format!("nomor={}", "A".repeat(2000));
    for body in ["", "nomor=", "lain=1", "nomor=%ff", "nomor=0000-0000-0000-0000", &long] {
        let answer = submit(&router, "/lacak", body).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (404, &unknown.body), "{body:.20}");
    }
}

#[tokio::test]
async fn a_rejection_can_be_appealed_once() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    reject(&world, 1).await;
    let router = world.intake();
    let path = format!("/lacak/{}", tracking(1));
    insta::assert_snapshot!("lacak_rejected_id", get(&router, &path).await.body);
    let api = format!("/reports/{}", tracking(1));
    assert_eq!(get(&router, &api).await.json()["may_appeal"], true);
    let sent = submit(&router, &format!("{path}/banding?lang=en"), "").await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, &*format!("{path}?lang=en")));
    let after = get(&router, &path).await.body;
    assert!(after.contains("ditinjau ulang") && !after.contains("/banding"), "{after}");
    assert_eq!(get(&router, &api).await.json()["may_appeal"], false);
    let id = tracking(1).case_id();
    assert_eq!(world.cases.case(id).await.unwrap().unwrap().status(), CaseStatus::InReview);
    let trail = world.cases.audit(id).await.unwrap();
    let last = trail.last().unwrap();
    assert_eq!((last.action, last.actor.as_str()), (AuditAction::Appealed, "reporter"));
    assert_eq!(verify::all(&world.cases).await.unwrap().violations.len(), 0);
    // Not while it is in review, and not a second time.
    assert_eq!(submit(&router, &format!("{path}/banding"), "").await.status, 409);
    let version = world.cases.case(id).await.unwrap().unwrap().version();
    let actor = Actor::parse("moderator:sari").unwrap();
    let again = Resolution::Reject(RejectReason::Hoax);
    world.cases.resolve(id, version, again, &actor, AT).await.unwrap();
    assert!(!get(&router, &path).await.body.contains("/banding"));
    let refused = submit(&router, &format!("{path}/banding?lang=en"), "").await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("This cannot be done with this report now."), "{}", refused.body);
}

#[tokio::test]
async fn the_reason_of_an_appeal_is_sealed_and_read_by_an_officer_only() {
    let world = World::start().await;
    for seed in [1, 2] {
        record(&world.cases, seed, "Promo", Review).await;
        reject(&world, seed).await;
    }
    let router = world.intake();
    let path = format!("/lacak/{}/banding", tracking(1));
    let long = format!("alasan={}", "a".repeat(2001));
    assert_eq!(submit(&router, &path, &long).await.status, 400);
    assert_eq!(submit(&router, &path, "alasan=Saya+bukan+penjual+apa+pun").await.status, 303);
    let over_json = |body: &'static str| {
        let request = Request::post(format!("/reports/{}/appeal", tracking(2)));
        let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
        let router = router.clone();
        async move { ask(&router, request).await }
    };
    for wrong in ["{", "{\"reason\": 7}", "[]"] {
        let refused = over_json(wrong).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!("reason")), "{wrong}");
    }
    assert_eq!(over_json("{\"reason\": \"Saya bukan penjual apa pun\"}").await.status, 200);
    let auditor = Actor::parse("auditor:test").unwrap();
    for seed in [1, 2] {
        let page = get(&router, &format!("/lacak/{}", tracking(seed))).await.body;
        assert!(!page.contains("penjual"), "{page}");
        let read = world.cases.appeal_reason(tracking(seed).case_id(), &auditor, AT).await.unwrap().unwrap();
        assert_eq!(read.as_str(), "Saya bukan penjual apa pun");
    }
}

#[tokio::test]
async fn the_appeal_over_the_interface() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let router = world.intake();
    let appeal = |id: String| {
        let router = router.clone();
        async move { ask(&router, Request::post(format!("/reports/{id}/appeal")).body(Body::empty()).unwrap()).await }
    };
    let early = appeal(tracking(1).to_string()).await;
    assert_eq!((early.status.as_u16(), &early.json()["status"]), (409, &json!(409)));
    reject(&world, 1).await;
    let answer = appeal(tracking(1).to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("in_review")));
    let unknown = appeal(tracking(9).to_string()).await;
    let public = appeal(tracking(1).case_id().to_string()).await;
    assert_eq!((unknown.status.as_u16(), &unknown.body), (404, &public.body));
}
