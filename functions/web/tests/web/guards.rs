//! Headers, limits of requests, and refusals of the routers themselves.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use saring_domain::policy::Decision::Publish;
use saring_web::{Rate, Settings};

use crate::support::{Answer, World, ask, get, get_with, post, record, tracking};

#[track_caller]
fn secured(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
    for part in ["base-uri 'none'", "form-action '", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    let scripts = policy.contains("script-src");
    assert!(!policy.contains("unsafe") && (!scripts || policy.contains("script-src 'self';")), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("strict-transport-security", "max-age=31536000"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert!(["no-referrer", "same-origin"].contains(&answer.header("referrer-policy")), "{what}");
    assert!(!answer.header("cache-control").is_empty(), "{what}");
    assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("set-cookie"), "{what}");
}

#[tokio::test]
async fn every_answer_is_secured() {
    let world = World::start().await;
    record(&world.cases, 1, "Jalan rusak", Publish).await;
    let intake = world.intake();
    secured(&post(&intake, "application/json", r#"{"text":"Jalan"}"#).await, "accepted");
    secured(&post(&intake, "application/json", "{").await, "refused");
    secured(&post(&intake, "text/plain", "{").await, "type");
    let known = format!("/reports/{}", tracking(1));
    let long = format!("/reports/{}", "a".repeat(5000));
    let page = format!("/lacak/{}", tracking(1));
    for path in
        [known.as_str(), "/reports/x", "/reports/%ff", "/reports", "/nowhere", &long, "/lacak", &page, "/lacak/x"]
    {
        secured(&get(&intake, path).await, path);
    }
    let feed = saring_web::feed::router(world.cases.clone());
    let public = [
        "/feed.json",
        "/feed.json?limit=0",
        "/feed.json?a=%ff",
        "/feed.atom",
        "/",
        "/?lang=fr",
        "/laporan/x",
        "/saring.css",
        "/open311/v2/services.json",
        "/open311/v2/services/agama.xml",
        "/open311/v2/requests.xml",
        "/open311/v2/requests/x.json",
        "/open311/v2/requests/x",
        "/nowhere",
    ];
    for path in public {
        secured(&get(&feed, path).await, path);
    }
    let etag = get(&feed, "/feed.json").await.header("etag").to_owned();
    secured(&get_with(&feed, "/feed.json", "if-none-match", &etag).await, "not modified");
    let console = crate::support::console(&world).await;
    for path in ["/console", "/console?limit=0", "/console/berkas/x.css", "/nowhere"] {
        secured(&get(&console, path).await, path);
    }
    // As the local stack has them.
    let all = intake.merge(feed).merge(console);
    for path in [known.as_str(), "/feed.json", "/console", "/nowhere"] {
        secured(&get(&all, path).await, path);
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_same_form() {
    let world = World::start().await;
    let feed = saring_web::feed::router(world.cases.clone());
    let missing = get(&feed, "/nowhere").await;
    assert_eq!((missing.status.as_u16(), missing.json()["status"].as_u64()), (404, Some(404)));
    let method = ask(&feed, Request::post("/feed.json").body(Body::empty()).unwrap()).await;
    assert_eq!((method.status.as_u16(), method.json()["status"].as_u64()), (405, Some(405)));
    assert_eq!(method.header("allow"), "GET,HEAD");
    let head = ask(&feed, Request::head("/feed.json").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
}

fn from(address: &str, request: axum::http::request::Builder, body: &'static str) -> Request<Body> {
    let address: SocketAddr = address.parse().unwrap();
    request.extension(ConnectInfo(address)).body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn each_client_has_its_own_limit() {
    let world = World::start().await;
    let settings = Settings {
        reads: Rate { burst: 2, per_minute: 1 },
        writes: Rate { burst: 1, per_minute: 1 },
        ..Settings::default()
    };
    let feed = saring_web::feed::router_with(world.cases.clone(), &settings);
    let read = |address: &str| from(address, Request::get("/feed.json").header("x-forwarded-for", "192.0.2.99"), "");
    for _ in 0..2 {
        assert_eq!(ask(&feed, read("192.0.2.1:1000")).await.status, 200);
    }
    // A new port or a header is no new client.
    let refused = ask(&feed, read("192.0.2.1:2000")).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    secured(&refused, "limited");
    assert_eq!(refused.json()["status"], 429);
    assert_eq!(ask(&feed, read("192.0.2.2:1000")).await.status, 200);

    let intake = saring_web::intake::Intake { cases: world.cases.clone(), reports: world.reports.clone() };
    let intake = saring_web::intake::router_with(intake, &settings);
    let write = || {
        let request = Request::post("/reports").header("content-type", "application/json");
        from("192.0.2.1:1000", request, r#"{"text":"Jalan rusak"}"#)
    };
    assert_eq!(ask(&intake, write()).await.status, 202);
    assert_eq!(ask(&intake, write()).await.status, 429);
    assert_eq!(world.queued().await.len(), 1);
    // Reading has a limit of its own.
    assert_eq!(ask(&intake, from("192.0.2.1:1000", Request::get("/reports/x"), "")).await.status, 404);
}
