//! Reports come in, or are refused with the field and the limit.

use axum::body::Body;
use axum::http::Request;
use saring_domain::case::AuditAction;
use saring_domain::policy::Decision;
use saring_domain::report::{BODY_BYTES_MAX, FIELD_CHARS_MAX, ID_BYTES_MAX, Report, ReportId, TEXT_CHARS_MAX};
use saring_store::Recorded;
use serde_json::{Value, json};

use crate::support::{AT, Answer, World, ask, get, post, post_report, screened, tracking};

fn id(id: &str) -> ReportId {
    ReportId::parse(id).unwrap()
}

#[tokio::test]
async fn a_report_is_queued_and_can_be_followed() {
    let world = World::start().await;
    let router = world.intake();
    let report = json!({ "id": "r-1", "text": "Jalan rusak", "visibility": "anonim" });
    let answer = post_report(&router, &report).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let tracking = answer.json()["tracking_id"].as_str().unwrap().to_owned();
    assert_eq!(answer.json()["status_url"], format!("/reports/{tracking}"));
    let queued = world.queued().await;
    assert_eq!(queued, [(report, tracking.clone())]);
    let receipt = world.cases.receipt(&id("r-1")).await.unwrap().unwrap();
    assert_eq!(receipt.tracking.to_string(), tracking);
    let status = get(&router, answer.json()["status_url"].as_str().unwrap()).await;
    assert_eq!((status.status.as_u16(), &status.json()["status"]), (200, &json!("received")));
}

#[tokio::test]
async fn the_same_report_again_is_the_same_report() {
    let world = World::start().await;
    let router = world.intake();
    let report = json!({ "id": "r-1", "text": "Jalan rusak" });
    let first = post_report(&router, &report).await;
    let again = post(&router, "Application/JSON; charset=utf-8", report.to_string()).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
    // Whatever is on the queue, it is one report with one tracking id.
    for (body, tracking) in world.queued().await {
        assert_eq!((&body["id"], &json!(tracking)), (&json!("r-1"), &first.json()["tracking_id"]));
    }
    let receipt = world.cases.receipt(&id("r-1")).await.unwrap().unwrap();
    assert_eq!(world.cases.audit(receipt.case).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_report_with_less_visibility_becomes_less_visible_at_once() {
    let world = World::start().await;
    let router = world.intake();
    let send = async |visibility: &str| {
        let report = json!({ "id": "r-1", "text": "Jalan rusak", "visibility": visibility });
        post_report(&router, &report).await
    };
    let first = send("publik").await;
    let report = Report::from_json(json!({ "id": "r-1", "text": "Jalan rusak" }).to_string().as_bytes()).unwrap();
    let verdict = screened(&report, Decision::Publish);
    Box::pin(world.cases.record_screening(&report, verdict, tracking(7), AT)).await.unwrap();
    let feed = saring_web::feed::router(world.cases.clone());
    let public = async || get(&feed, "/feed.json").await.json()["items"].as_array().unwrap().len();
    assert_eq!(public().await, 1);
    let case = world.cases.receipt(&id("r-1")).await.unwrap().unwrap().case;
    for (visibility, shown, events) in [("anonim", 1, 3), ("publik", 1, 3), ("rahasia", 0, 4), ("anonim", 0, 4)] {
        let again = send(visibility).await;
        assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
        assert_eq!((public().await, world.cases.audit(case).await.unwrap().len()), (shown, events), "{visibility}");
    }
    let status = get(&router, first.json()["status_url"].as_str().unwrap()).await.json();
    assert_eq!(status["status"], "confidential");
}

#[tokio::test]
async fn the_same_report_at_the_same_time_is_one_report() {
    let world = World::start().await;
    let router = world.intake();
    let report = json!({ "id": "r-1", "text": "Jalan rusak" });
    let answers = futures(8, |_| post_report(&router, &report)).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.body), (202, &answers[0].body));
    }
}

#[tokio::test]
async fn of_two_texts_at_the_same_time_one_is_refused() {
    let world = World::start().await;
    let router = world.intake();
    let reports = ["Jalan rusak", "Slot gacor"].map(|text| json!({ "id": "r-1", "text": text }));
    let answers = futures(2, |i| post_report(&router, &reports[i])).await;
    let accepted = answers.iter().position(|answer| answer.status == 202).unwrap();
    let refused = 1 - accepted;
    assert_eq!(answers[refused].status, 409, "{}", answers[refused].body);
    let receipt = world.cases.receipt(&id("r-1")).await.unwrap().unwrap();
    assert_eq!(answers[accepted].json()["tracking_id"], receipt.tracking.to_string());
    // Both may be on the queue: the screening refuses the other one as well.
    let report = |i: usize| Report::from_json(reports[i].to_string().as_bytes()).unwrap();
    assert_eq!(receipt.text_hash, report(accepted).text_hash());
    for i in [refused, accepted] {
        let verdict = screened(&report(i), Decision::Publish);
        let recorded = Box::pin(world.cases.record_screening(&report(i), verdict, tracking(7), AT)).await.unwrap();
        assert_eq!(matches!(recorded, Recorded::New(_)), i == accepted, "{recorded:?}");
    }
    let feed = get(&saring_web::feed::router(world.cases.clone()), "/feed.json").await.json();
    assert_eq!(feed["items"].as_array().unwrap().len(), 1);
    assert_eq!(feed["items"][0]["content_text"], reports[accepted]["text"]);
}

/// Runs `count` futures at once and gives their results in order.
async fn futures<F: Future>(count: usize, make: impl Fn(usize) -> F) -> Vec<F::Output> {
    let mut all: Vec<_> = (0..count).map(|i| (Box::pin(make(i)), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut all {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    all.into_iter().map(|(_, output)| output.unwrap()).collect()
}

#[tokio::test]
async fn another_text_under_a_known_id_is_refused_and_recorded() {
    let world = World::start().await;
    let router = world.intake();
    let first = post_report(&router, &json!({ "id": "r-1", "text": "Jalan rusak" })).await;
    assert_eq!(first.status, 202);
    for _ in 0..2 {
        let other = post_report(&router, &json!({ "id": "r-1", "text": "Slot gacor" })).await;
        assert_eq!((other.status.as_u16(), &other.json()["field"]), (409, &json!("id")));
        assert!(!other.body.contains("gacor") && !other.body.contains("Jalan"), "{}", other.body);
    }
    let queued = world.queued().await;
    assert!(queued.iter().all(|(body, _)| body["text"] == "Jalan rusak"), "{queued:?}");
    let receipt = world.cases.receipt(&id("r-1")).await.unwrap().unwrap();
    let trail = world.cases.audit(receipt.case).await.unwrap();
    let actions: Vec<_> = trail.iter().map(|event| event.action).collect();
    // Recorded once for each text, with the text's hash and not the text.
    assert_eq!(actions, [AuditAction::Received, AuditAction::Conflict]);
    assert_ne!(trail[1].text_hash, receipt.text_hash);
    let mine = post_report(&router, &json!({ "id": "r-1", "text": "Jalan rusak" })).await;
    assert_eq!((mine.status.as_u16(), &mine.body), (202, &first.body));
}

#[tokio::test]
async fn a_report_without_an_id_gets_one_that_is_not_its_tracking_id() {
    let world = World::start().await;
    let router = world.intake();
    let mut seen = std::collections::BTreeSet::new();
    for body in [json!({ "text": "Jalan rusak" }), json!({ "id": null, "text": "Jalan rusak" })] {
        let answer = post_report(&router, &body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let tracking = answer.json()["tracking_id"].as_str().unwrap().to_owned();
        let queued = world.queued().await;
        let [(body, sent)] = queued.as_slice() else { panic!("{} messages", queued.len()) };
        assert_eq!(*sent, tracking);
        let report_id = body["id"].as_str().unwrap();
        assert!(report_id.starts_with("web-") && report_id.len() == 36, "{report_id}");
        assert!(!body.to_string().contains(&tracking.replace('-', "")), "{body}");
        assert!(seen.insert(tracking) && seen.insert(report_id.to_owned()));
    }
}

#[tokio::test]
async fn what_is_no_report_is_refused_with_field_and_limit() {
    let world = World::start().await;
    let router = world.intake();
    let of = |report: Value| report.to_string().into_bytes();
    let object = json!("the json object of a report");
    let codes = json!("'publik', 'anonim' or 'rahasia'");
    let degrees = json!("within the degrees of the earth");
    let cases: Vec<(Vec<u8>, u16, &str, Value)> = vec![
        (b"bukan json".to_vec(), 400, "body", object.clone()),
        (b"".to_vec(), 400, "body", object.clone()),
        (b"{\"id\":\"a\",\"text\":\"Jal".to_vec(), 400, "body", object.clone()),
        (of(json!([])), 400, "body", object.clone()),
        (of(json!("teks")), 400, "body", object),
        (b"{\"id\":\"a\",\"text\":\"\xff\"}".to_vec(), 400, "body", json!("utf-8")),
        (of(json!({ "id": "a" })), 400, "text", json!("required")),
        (of(json!({ "id": "a", "text": null })), 400, "text", json!("required")),
        (of(json!({})), 400, "text", json!("required")),
        (of(json!({ "id": "a", "text": " \n" })), 400, "text", json!("not empty")),
        (of(json!({ "id": "a", "text": 7 })), 400, "text", json!("a string")),
        (of(json!({ "id": "a", "text": ["x"] })), 400, "text", json!("a string")),
        (of(json!({ "id": "a", "text": "a".repeat(TEXT_CHARS_MAX + 1) })), 400, "text", json!(TEXT_CHARS_MAX)),
        (of(json!({ "id": 7, "text": "Jalan" })), 400, "id", json!("a string")),
        (of(json!({ "id": "", "text": "Jalan" })), 400, "id", json!("not empty")),
        (of(json!({ "id": "a\u{7}b", "text": "Jalan" })), 400, "id", json!("free of control characters")),
        (of(json!({ "id": "a".repeat(ID_BYTES_MAX + 1), "text": "Jalan" })), 400, "id", json!(ID_BYTES_MAX)),
        (of(json!({ "text": "Jalan", "visibility": "umum" })), 400, "visibility", codes.clone()),
        (of(json!({ "text": "Jalan", "visibility": "Rahasia" })), 400, "visibility", codes),
        (of(json!({ "text": "Jalan", "visibility": true })), 400, "visibility", json!("a string")),
        (of(json!({ "text": "Jalan", "title": {} })), 400, "title", json!("a string")),
        (
            of(json!({ "text": "Jalan", "channel": "a".repeat(FIELD_CHARS_MAX + 1) })),
            400,
            "channel",
            json!(FIELD_CHARS_MAX),
        ),
        (of(json!({ "text": "Jalan", "location": "Semarang" })), 400, "location", json!("an object")),
        (of(json!({ "text": "Jalan", "location": { "lat": 1 } })), 400, "location.lon", json!("required")),
        (of(json!({ "text": "Jalan", "location": { "lon": 1 } })), 400, "location.lat", json!("required")),
        (of(json!({ "text": "Jalan", "location": { "lat": 91, "lon": 1 } })), 400, "location.lat", degrees.clone()),
        (of(json!({ "text": "Jalan", "location": { "lat": 1, "lon": -180.5 } })), 400, "location.lon", degrees),
        (
            of(json!({ "text": "Jalan", "location": { "lat": "1", "lon": 1 } })),
            400,
            "location.lat",
            json!("a number of degrees"),
        ),
        (of(json!({ "text": "a".repeat(BODY_BYTES_MAX) })), 413, "body", json!(BODY_BYTES_MAX)),
    ];
    for (body, status, field, limit) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        refused(&post(&router, "application/json", body).await, status, field, &limit, &shown);
    }
    assert_eq!(world.queued().await, []);
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let world = World::start().await;
    let router = world.intake();
    let body = json!({ "id": "a", "text": "Jalan" }).to_string();
    for content_type in ["text/plain", "application/json-patch+json", "application/x-www-form-urlencoded", ""] {
        let answer = post(&router, content_type, body.clone()).await;
        refused(&answer, 415, "content-type", &json!("application/json"), content_type);
    }
    let bare = ask(&router, Request::post("/reports").body(Body::from(body)).unwrap()).await;
    refused(&bare, 415, "content-type", &json!("application/json"), "none");
    assert_eq!(world.queued().await, []);
}

#[track_caller]
fn refused(answer: &Answer, status: u16, field: &str, limit: &Value, shown: &str) {
    assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["field"], &problem["limit"]), (&json!(field), limit), "{shown}");
    assert_eq!(problem["status"], status);
    let detail = problem["detail"].as_str().unwrap();
    assert!(!detail.is_empty() && !detail.contains("Jalan"), "{detail}");
}
