//! The public feed with exactly the rights of its role: a service that allows what `infra/rights.toml`
//! gives to Feed (`tests/template` holds the template's role against that list) and refuses the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use saring_domain::case::Actor;
use saring_local::table::{TableHost, TableHostOptions};
use saring_store::{Cases, PageRequest, StoreError, TableConfig};
use serde_json::Value;

use crate::support::{AT, held, report, root, tracking};

const SECRET: &str = "Zamrud Kasuari, NIK 3374010101900001";

/// What a role may do: `dynamodb:Query Table/index/feed`.
type Rights = BTreeSet<String>;

fn rights_of(function: &str) -> Rights {
    let list = std::fs::read_to_string(root().join("infra/rights.toml")).unwrap();
    let list: toml::Table = list.parse().unwrap();
    let texts = |value: &toml::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let operations = texts(&list["functions"][function]["operations"]);
    operations.iter().flat_map(|operation| texts(&list["operations"][operation.as_str()])).collect()
}

#[derive(Clone)]
struct Gate {
    upstream: String,
    rights: Arc<Rights>,
}

/// A table service that lets through what the rights allow.
async fn gate(upstream: &str, rights: Rights) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let state = Gate { upstream: upstream.to_owned(), rights: Arc::new(rights) };
    let router = axum::Router::new().fallback(pass).with_state(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

async fn pass(State(gate): State<Gate>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers["x-amz-target"].to_str().unwrap();
    let action = target.rsplit('.').next().unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let index = request["IndexName"].as_str().map_or(String::new(), |index| format!("/index/{index}"));
    if !gate.rights.contains(&format!("dynamodb:{action} Table{index}")) {
        let refused = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}"#;
        return Response::builder().status(StatusCode::BAD_REQUEST).body(Body::from(refused)).unwrap();
    }
    let mut forwarded = hyper::Request::post(&gate.upstream).body(Full::new(body)).unwrap();
    for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
        if let Some(value) = headers.get(name) {
            forwarded.headers_mut().insert(name, value.clone());
        }
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (parts, answer) = client.request(forwarded).await.unwrap().into_parts();
    let answer = answer.collect().await.unwrap().to_bytes();
    Response::builder().status(parts.status).body(Body::from(answer)).unwrap()
}

async fn get(address: &str) -> (u16, String) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = hyper::Request::get(address).body(Full::<Bytes>::default()).unwrap();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    (parts.status.as_u16(), String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

/// Whether the service refused it for want of rights.
fn denied<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> bool {
    let error = outcome.expect_err("it was allowed");
    let mut source: &dyn std::error::Error = &error;
    while let Some(next) = source.source() {
        source = next;
    }
    format!("{error:?} {source}").contains("AccessDenied") || format!("{error:?}").contains("not authorized")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_with_the_rights_of_its_role_shows_what_is_public_and_can_read_nothing_else() {
    let table = TableHost::start(TableHostOptions::default()).await.unwrap();
    let all = Cases::connect(&TableConfig::local("saring", table.endpoint())).await;
    all.create_table().await.unwrap();
    let report = report("r-1", SECRET);
    let mut verdict = held(&report);
    verdict.verdict.decision = saring_domain::policy::Decision::Publish;
    verdict.public_text = "[NAMA], NIK [NIK]".to_owned();
    all.record_screening(&report, verdict, tracking(1), AT).await.unwrap();
    let id = tracking(1).case_id();
    let actor = Actor::parse("moderator:sari").unwrap();
    assert_eq!(all.original(id, &actor, AT).await.unwrap().unwrap().text, report.text, "there is something to read");

    let rights = rights_of("Feed");
    assert_eq!(rights, BTreeSet::from(["dynamodb:Query Table/index/feed".to_owned()]));
    let endpoint = gate(table.endpoint(), rights).await;
    // With the key, so that only the rights stand before the original.
    let limited = Cases::connect(&TableConfig::local("saring", &endpoint)).await;
    let page = PageRequest { items: 10, after: None };
    assert!(denied(limited.original(id, &actor, AT).await));
    assert!(denied(limited.appeal_reason(id, &actor, AT).await));
    assert!(denied(limited.case(id).await));
    assert!(denied(limited.audit(id).await));
    assert!(denied(limited.receipt(&report.id).await));
    assert!(denied(limited.review_queue(&page).await));
    assert!(denied(limited.waiting(&page).await));
    assert!(denied(limited.scan_cases(None).await));
    assert!(denied(limited.erase(id, &actor, AT).await));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = saring_web::feed::router(limited);
    tokio::spawn(async move { axum::serve(listener, router).await });
    for path in ["/", "/feed.json", "/feed.atom", "/open311/v2/requests.json", "/open311/v2/requests.xml"] {
        let (status, body) = get(&format!("{address}{path}")).await;
        assert!(status == 200 && body.contains("[NAMA], NIK [NIK]"), "{path}: {status} {body}");
        assert!(!body.contains("Kasuari") && !body.contains("3374010101900001"), "{path}");
    }
    table.shutdown().await;
}
