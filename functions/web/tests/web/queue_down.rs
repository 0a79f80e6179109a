//! What is not queued is not recorded, and what is queued is not lost.

use std::time::Duration;

use saring_domain::report::ReportId;
use saring_store::{Tracked, verify};
use saring_web::Settings;
use saring_web::intake::{Intake, router_with};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Answer, NOWHERE, World, get, post_report, queue_at, report, silent};

#[track_caller]
fn later(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("retry-after"), "5");
    for word in ["127.0.0.1", "queue", "sqs", "dynamo", "Jalan", "connect"] {
        assert!(!answer.body.contains(word), "{word}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_queue_that_is_down_leaves_no_trace_and_a_retry_succeeds() {
    let world = World::start().await;
    let down = world.intake_to(queue_at(NOWHERE).await);
    let named = json!({ "id": "r-1", "text": "Jalan rusak" });
    later(&post_report(&down, &named).await);
    later(&post_report(&down, &json!({ "text": "Jalan rusak" })).await);
    let r1 = ReportId::parse("r-1").unwrap();
    assert_eq!(world.cases.receipt(&r1).await.unwrap(), None);
    let findings = verify::all(&world.cases).await.unwrap();
    assert_eq!((findings.pending, findings.cases, findings.events), (0, 0, 0), "nothing is half recorded");

    let answer = post_report(&world.intake(), &named).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(world.queued().await.len(), 1);
    assert!(world.cases.receipt(&r1).await.unwrap().is_some());
}

#[tokio::test]
async fn a_known_report_keeps_its_tracking_id_through_an_outage() {
    let world = World::start().await;
    let named = json!({ "id": "r-1", "text": "Jalan rusak" });
    let first = post_report(&world.intake(), &named).await;
    let down = world.intake_to(queue_at(NOWHERE).await);
    // Its message could have been lost, so it must be sent again, which is not possible now.
    later(&post_report(&down, &named).await);
    // Another text is refused all the same, for good.
    let other = post_report(&down, &json!({ "id": "r-1", "text": "Slot gacor" })).await;
    assert_eq!(other.status, 409);
    let again = post_report(&world.intake(), &named).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
}

#[tokio::test]
async fn a_screened_report_needs_no_queue() {
    let world = World::start().await;
    let report = report("r-1", "Jalan rusak");
    let answer = crate::support::record(&world.cases, 1, "Jalan rusak", saring_domain::policy::Decision::Review).await;
    let sent = json!({ "id": "NOMOR-PRIBADI-1", "text": "Jalan rusak", "title": report.title.unwrap().as_str() });
    let down = world.intake_to(queue_at(NOWHERE).await);
    let again = post_report(&down, &sent).await;
    assert_eq!(again.status, 202, "{}", again.body);
    let tracking = saring_domain::case::TrackingId::parse(again.json()["tracking_id"].as_str().unwrap()).unwrap();
    assert_eq!(tracking.case_id(), answer.id());
}

#[tokio::test]
async fn a_table_that_is_down_takes_nothing_under_a_known_id() {
    let world = World::start().await;
    let cases = saring_store::Cases::connect(&saring_store::TableConfig::local("saring", NOWHERE)).await;
    let intake = Intake { cases, reports: world.reports.clone() };
    let router = router_with(intake, &Settings::default());
    later(&post_report(&router, &json!({ "id": "r-1", "text": "Jalan rusak" })).await);
    assert_eq!(world.queued().await, [], "it could have been another text under a known id");
}

#[tokio::test]
async fn a_nameless_report_is_accepted_once_the_queue_has_it() {
    let world = World::start().await;
    let cases = saring_store::Cases::connect(&saring_store::TableConfig::local("saring", NOWHERE)).await;
    let intake = Intake { cases, reports: world.reports.clone() };
    let answer = post_report(&router_with(intake, &Settings::default()), &json!({ "text": "Jalan rusak" })).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    // The screening writes the receipt from what the message carries.
    let (body, tracking) = world.queued().await.remove(0);
    assert_eq!(answer.json()["tracking_id"], tracking);
    let message = saring_store::parse_message(&body.to_string(), Some(&tracking)).unwrap();
    let tracking = message.tracking.unwrap();
    world.cases.receive(&message.report, tracking, crate::support::AT).await.unwrap();
    let tracked = world.cases.by_tracking_id(tracking).await.unwrap();
    assert!(matches!(tracked, Some(Tracked::Received { .. })));
}

#[tokio::test]
async fn a_request_that_takes_too_long_ends() {
    let world = World::start().await;
    let settings = Settings { request_timeout: Duration::from_millis(300), ..Settings::default() };
    let intake = Intake { cases: world.cases.clone(), reports: queue_at(&silent().await).await };
    let started = std::time::Instant::now();
    let router = router_with(intake, &settings);
    later(&post_report(&router, &json!({ "id": "r-1", "text": "Jalan rusak" })).await);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let r1 = ReportId::parse("r-1").unwrap();
    assert_eq!(world.cases.receipt(&r1).await.unwrap(), None);
}

/// Over a socket, as a slow or hostile client does it.
#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let world = World::start().await;
    let settings = Settings { request_timeout: Duration::from_millis(300), ..Settings::default() };
    let router = router_with(Intake { cases: world.cases.clone(), reports: world.reports.clone() }, &settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let head = "POST /reports HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(5), client.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(world.queued().await, []);
}

#[tokio::test]
async fn no_store_means_no_page_and_no_cause() {
    let world = World::start().await;
    let (cases, reports) = (world.cases.clone(), world.reports.clone());
    world.stop_table().await;
    let intake = saring_web::intake::router(Intake { cases: cases.clone(), reports });
    let tracking = crate::support::tracking(1);
    later(&get(&intake, &format!("/reports/{tracking}")).await);
    later(&get(&saring_web::feed::router(cases.clone()), "/feed.json").await);
    later(&get(&crate::support::console_of(&cases).await, "/console").await);
    for (router, path) in [
        (saring_web::feed::router(cases.clone()), "/".to_owned()),
        (saring_web::feed::router(cases), "/open311/v2/requests.json".to_owned()),
        (intake, format!("/lacak/{tracking}")),
    ] {
        let answer = get(&router, &path).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"), "{path}");
        assert!(!answer.body.contains("127.0.0.1") && !answer.body.contains("dispatch"), "{}", answer.body);
    }
}
