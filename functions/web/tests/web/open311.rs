//! Open311 `GeoReport` v2, held against the fields of its specification.

use saring_domain::case::{Actor, Resolution};
use saring_domain::policy::Decision::Publish;
use serde_json::{Value, json};

use crate::support::{AT, NASTY, World, feed_of, get, get_with, nothing_private, published, record};

const SERVICE: [&str; 7] = ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"];
const REQUEST: [&str; 17] = [
    "service_request_id",
    "status",
    "status_notes",
    "service_name",
    "service_code",
    "description",
    "agency_responsible",
    "service_notice",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "media_url",
];

/// The records of a list as the specification nests them, with every field as text.
fn xml_records(xml: &str, list: &str, record: &str) -> Vec<Vec<(String, Option<String>)>> {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|e| panic!("{e}: {xml}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), list);
    let records = root.children().filter(roxmltree::Node::is_element).map(|node| {
        assert_eq!(node.tag_name().name(), record);
        let fields = node.children().filter(roxmltree::Node::is_element);
        fields.map(|f| (f.tag_name().name().to_owned(), f.text().map(str::to_owned))).collect()
    });
    records.collect()
}

/// The same records out of JSON.
fn json_records(answer: &Value, fields: &[&str]) -> Vec<Vec<(String, Option<String>)>> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let record = |record: &Value| {
        let object = record.as_object().unwrap();
        assert_eq!(object.len(), fields.len(), "{record}");
        fields.iter().map(|field| ((*field).to_owned(), text(&object[*field]))).collect()
    };
    answer.as_array().unwrap().iter().map(record).collect()
}

#[tokio::test]
async fn services() {
    let world = World::start().await;
    let router = feed_of(&world);
    let json = get(&router, "/open311/v2/services.json?jurisdiction_id=id").await;
    assert_eq!(json.header("content-type"), "application/json; charset=utf-8");
    let xml = get(&router, "/open311/v2/services.xml").await;
    assert_eq!(xml.header("content-type"), "text/xml; charset=utf-8");
    let records = xml_records(&xml.body, "services", "service");
    assert_eq!(records, json_records(&json.json(), &SERVICE));
    assert_eq!(records.len(), 25);
    for record in &records {
        let names: Vec<_> = record.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, SERVICE);
        assert!(record.iter().all(|(_, value)| value.is_some()), "{record:?}");
        assert!(["realtime", "batch", "blackbox"].contains(&record[4].1.as_deref().unwrap()));
        assert_eq!(record[3].1.as_deref(), Some("false"));
    }
    let first = serde_json::to_string_pretty(&json.json().as_array().unwrap()[..2]).unwrap();
    insta::assert_snapshot!(first);

    let english = get_with(&router, "/open311/v2/services.json", "accept-language", "en").await;
    assert_eq!(english.json()[0]["service_name"], "Public works");
    assert_eq!((english.header("content-language"), english.header("vary")), ("en", "accept-language"));
    assert_ne!(english.header("etag"), json.header("etag"));
}

#[tokio::test]
async fn one_service() {
    let world = World::start().await;
    let router = feed_of(&world);
    let json = get(&router, "/open311/v2/services/perhubungan.json").await;
    assert_eq!(json.json(), json!({ "service_code": "perhubungan", "attributes": [] }));
    let xml = get(&router, "/open311/v2/services/perhubungan.xml").await;
    let document = roxmltree::Document::parse(&xml.body).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "service_definition");
    failed(&get(&router, "/open311/v2/services/tidak_ada.json").await.json(), 404);
}

#[tokio::test]
async fn requests() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let json = get(&router, "/open311/v2/requests.json").await;
    let xml = get(&router, "/open311/v2/requests.xml").await;
    for document in [&json.body, &xml.body] {
        nothing_private(document);
    }
    insta::assert_snapshot!("requests_json", serde_json::to_string_pretty(&json.json()).unwrap());
    insta::assert_snapshot!("requests_xml", xml.body.replace("><", ">\n<"));
    let (from_json, from_xml) =
        (json_records(&json.json(), &REQUEST), xml_records(&xml.body, "service_requests", "request"));
    assert_eq!((from_json.len(), from_xml.len()), (3, 3));
    for (of_json, of_xml) in from_json.iter().zip(&from_xml) {
        let names: Vec<_> = of_xml.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, REQUEST);
        let required = [0, 1, 5, 8, 9];
        assert!(required.iter().all(|at| of_xml[*at].1.is_some()), "{of_xml:?}");
        assert_eq!(of_xml[1].1.as_deref(), Some("open"));
        assert!(of_xml[8].1.as_ref().unwrap().ends_with('Z'));
        // Coordinates are never public.
        assert_eq!((&of_xml[14].1, &of_xml[15].1), (&None, &None));
        if of_json[5].1.as_deref() == Some(NASTY) {
            let forbidden = |c: char| matches!(c, '\0' | '\u{1f}' | '\u{fffe}');
            assert_eq!(of_xml[5].1.as_ref().unwrap(), &NASTY.replace(forbidden, "\u{fffd}"));
        } else {
            assert_eq!(of_json, of_xml);
        }
    }
}

#[tokio::test]
async fn one_request() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let all = get(&router, "/open311/v2/requests.json").await.json();
    let ids: Vec<_> = all.as_array().unwrap().iter().map(|r| r["service_request_id"].as_str().unwrap()).collect();
    for (id, expected) in ids.iter().zip(all.as_array().unwrap()) {
        let one = get(&router, &format!("/open311/v2/requests/{id}.json")).await;
        assert_eq!(one.json(), json!([expected]));
        let xml = get(&router, &format!("/open311/v2/requests/{id}.xml")).await;
        assert_eq!(xml_records(&xml.body, "service_requests", "request")[0][0].1.as_deref(), Some(*id));
    }
    let some = format!("/open311/v2/requests.json?service_request_id={},tidak-ada,{}", ids[2], ids[0]);
    let some = get(&router, &some).await.json();
    assert_eq!(some, json!([all[2], all[0]]));
    let many = format!("/open311/v2/requests.json?service_request_id={}", vec![ids[0]; 21].join(","));
    failed(&get(&router, &many).await.json(), 400);
}

#[tokio::test]
async fn a_report_that_is_no_longer_public_is_gone() {
    let world = World::start().await;
    let case = record(&world.cases, 1, "Jalan rusak", Publish).await;
    record(&world.cases, 2, "Tetangga di daftar", Publish).await;
    let router = feed_of(&world);
    let id = get(&router, "/open311/v2/requests.json").await.json()[1]["service_request_id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let paths = [format!("/open311/v2/requests/{id}.json"), format!("/laporan/{id}")];
    for path in &paths {
        assert_eq!(get(&router, path).await.status, 200);
    }
    let actor = Actor::parse("moderator:sari").unwrap();
    world.cases.resolve(case.id(), 1, Resolution::Confidential, &actor, AT).await.unwrap();
    for path in &paths {
        let gone = get(&router, path).await;
        assert_eq!(gone.status, 404);
        assert!(!gone.body.contains("Jalan rusak") && !gone.body.contains("Tetangga"), "{}", gone.body);
    }
}

#[tokio::test]
async fn lists_are_narrowed_as_the_specification_says() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let count = async |query: &str| {
        let answer = get(&router, &format!("/open311/v2/requests.json?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        answer.json().as_array().unwrap().len()
    };
    for (query, expected) in [
        ("", 3),
        ("status=open", 3),
        ("status=closed", 0),
        ("status=open,closed", 3),
        ("service_code=perhubungan", 1),
        ("service_code=perhubungan,pekerjaan_umum", 2),
        ("service_code=agama", 0),
        ("start_date=2025-11-24T16:02:00Z", 2),
        ("end_date=2025-11-24T16:02:00Z", 2),
        ("start_date=2025-11-24T16:02:00Z&end_date=2025-11-24T16:02:00Z", 1),
        ("start_date=2025-11-24T16:02:00.001Z&end_date=2025-11-24T16:02:59Z", 0),
        ("start_date=&end_date=", 3),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    for query in ["service_code=tidak_ada", "start_date=kemarin", "end_date=2025-11-24", "limit=0", "lang=fr"] {
        let json = get(&router, &format!("/open311/v2/requests.json?{query}")).await;
        failed(&json.json(), 400);
        let field = query.split('=').next().unwrap();
        assert!(json.json()[0]["description"].as_str().unwrap().contains(field), "{}", json.body);
        let xml = get(&router, &format!("/open311/v2/requests.xml?{query}")).await;
        assert_eq!((xml.status.as_u16(), xml.header("content-type")), (400, "text/xml; charset=utf-8"));
        let errors = xml_records(&xml.body, "errors", "error");
        assert_eq!(errors[0][0], ("code".to_owned(), Some("400".to_owned())));
    }
}

#[tokio::test]
async fn long_lists_have_a_next_page() {
    let world = World::start().await;
    published(&world).await;
    let router = feed_of(&world);
    let (mut path, mut seen) = ("/open311/v2/requests.xml?limit=2&start_date=2025-11-24T16:00:00Z".to_owned(), 0);
    loop {
        let answer = get(&router, &path).await;
        seen += xml_records(&answer.body, "service_requests", "request").len();
        let Some(link) = answer.header("link").strip_prefix("<https://lapor.example") else { break };
        path = link.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.contains("start_date="), "{path}");
    }
    assert_eq!(seen, 3);
}

#[track_caller]
fn failed(errors: &Value, code: u16) {
    assert_eq!(errors[0]["code"], code, "{errors}");
    assert!(errors[0]["description"].as_str().is_some_and(|text| !text.is_empty()));
}
