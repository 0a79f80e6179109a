//! What comes from the table: images of the stream, trails, and listings for the public.

use aws_lambda_events::event::dynamodb::Event;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use saring_domain::case::{
    Actor, AuditAction, AuditEvent, AuditHash, CaseId, ModelVersion, PolicyVersion, Timestamp, check_chain,
};
use saring_domain::report::TextHash;
use saring_notify::decision;
use saring_store::{StreamChange, StreamEntry, stream_change};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Run, kind, outcome};

pub(crate) const CASE_WORDS: [&str; 12] = [
    "\"S\":",
    "\"N\":\"1\"",
    "\"B\":",
    "\"status\":{\"S\":\"published\"}",
    "\"version\":{\"N\":\"2\"}",
    "\"decided_version\":{\"N\":\"0\"}",
    "\"published_at\":",
    "\"proposal\":{\"S\":\"{}\"}",
    "\"lock_holder\":",
    "\"visibility\":{\"S\":\"anonim\"}",
    "\"labels\":{\"S\":\"{}\"}",
    "18446744073709551615",
];
pub(crate) const FEED_WORDS: [&str; 9] = [
    "limit=",
    "cursor=",
    "category=pekerjaan_umum",
    "region=33.74",
    "&",
    "service_code=",
    "start_date=2026-11-24T00:00:00Z",
    "q=",
    "%FF",
];

const AT: Timestamp = Timestamp::from_unix_ms(1_795_500_000_000);

/// An event of the stream, as the runtime hands it over.
pub(crate) fn stream(input: &[u8]) -> Result<u64, String> {
    let Ok(event) = serde_json::from_slice::<Event>(input) else { return outcome("no event") };
    let mut seen = Vec::new();
    for record in event.records.iter().take(4) {
        let (old, new) =
            (serde_json::to_value(&record.change.old_image), serde_json::to_value(&record.change.new_image));
        let (Ok(old), Ok(new)) = (old, new) else { return outcome("no image") };
        seen.push(told(Some(&old), Some(&new))?);
    }
    outcome(seen)
}

/// Images of cases as the store writes them.
pub(crate) fn images() -> Vec<Vec<u8>> {
    saring_simulation::Place::with_reports(12).items("case").into_iter().map(String::into_bytes).collect()
}

/// Events with them.
pub(crate) fn events() -> Vec<Vec<u8>> {
    let event = |image: Vec<u8>| {
        let image = String::from_utf8(image).unwrap();
        let keys = r#"{"pk":{"S":"case#0123456789ABCDEF"},"sk":{"S":"case"}}"#;
        let change = format!(
            r#"{{"ApproximateCreationDateTime":1795500000,"Keys":{keys},"NewImage":{image},"SequenceNumber":"1","SizeBytes":1,"StreamViewType":"NEW_AND_OLD_IMAGES"}}"#
        );
        format!(r#"{{"Records":[{{"awsRegion":"us-east-1","eventID":"1","eventName":"INSERT","dynamodb":{change}}}]}}"#)
            .into_bytes()
    };
    images().into_iter().map(event).collect()
}

/// One image, raw.
pub(crate) fn decision_of(input: &[u8]) -> Result<u64, String> {
    let Ok(image) = serde_json::from_slice::<Value>(input) else { return outcome("no json") };
    outcome(told(None, Some(&image))?)
}

fn told(old: Option<&Value>, new: Option<&Value>) -> Result<String, String> {
    match stream_change(StreamEntry { old, new, at: AT }) {
        Ok(None) => Ok("nothing".to_owned()),
        Ok(Some(StreamChange::Erased(erased))) => Ok(format!("erased {}", erased.version.min(3))),
        Ok(Some(StreamChange::Decided(case))) => {
            let message = decision(&case);
            let body: Value = serde_json::from_str(&message.body).map_err(|e| format!("a decision is no json: {e}"))?;
            let text = &case.record().screened.public_text;
            // As the reports of the simulation say; a changed image may hold anything.
            if text.contains("Rincian") && message.body.contains(text.as_str()) {
                return Err("a decision quotes the report".to_owned());
            }
            Ok(body["status"].as_str().unwrap_or_default().to_owned())
        }
        Err(error) => Ok(kind(&error)),
    }
}

/// A trail of five events; the input says what is done to it. Whatever it is, the check notices.
pub(crate) fn trail(input: &[u8]) -> Result<u64, String> {
    let case = CaseId::parse("0123456789ABCDEF").unwrap();
    let mut events: Vec<AuditEvent> = Vec::new();
    for (at, action) in [
        AuditAction::Received,
        AuditAction::Screened,
        AuditAction::Claimed,
        AuditAction::Released,
        AuditAction::Resolved,
    ]
    .into_iter()
    .enumerate()
    {
        events.push(AuditEvent {
            case,
            sequence: at as u64 + 1,
            at: AT,
            actor: Actor::screen(),
            action,
            case_version: at as u64,
            text_hash: TextHash::parse(&"a".repeat(64)).unwrap(),
            model: ModelVersion::parse("m-1").ok(),
            policy: PolicyVersion::parse("p-1").ok(),
            detail: "publish".to_owned(),
            previous: events.last().map_or_else(AuditHash::root, AuditEvent::hash),
        });
    }
    let end = check_chain(case, &events).map_err(|e| format!("a whole trail is broken: {e}"))?;
    let before = events.clone();
    for step in input.chunks(3).take(4) {
        let byte = |at: usize| usize::from(step.get(at).copied().unwrap_or(0));
        damage(&mut events, (byte(0), byte(1), byte(2)));
    }
    let checked = check_chain(case, &events);
    // What is cut off at the end shows where the head says that the trail ends.
    let noticed = checked.as_ref().map_or(true, |now| *now != end);
    if (events != before) != noticed {
        return Err(format!("{} events, changed: {}, noticed: {noticed}", events.len(), events != before));
    }
    outcome(checked.map_or_else(|e| e.to_string(), |end| end.events.to_string()))
}

fn damage(events: &mut Vec<AuditEvent>, (what, at, value): (usize, usize, usize)) {
    if events.is_empty() {
        return;
    }
    let at = at % events.len();
    let other = value % events.len();
    match what % 10 {
        0 => drop(events.remove(at)),
        1 => events.swap(at, other),
        2 => events.insert(at, events[other].clone()),
        3 => events[at].sequence = value as u64,
        4 => events[at].case_version = value as u64,
        5 => events[at].detail.push((b'a' + (value % 26) as u8) as char),
        6 => events[at].actor = Actor::parse(&format!("moderator:{value}")).unwrap(),
        7 => events[at].model = None,
        8 => events[at].at = Timestamp::from_unix_ms(value as u64),
        _ => events[at].previous = events[other].hash(),
    }
}

/// The public pages, by address, on a table in memory that has reports.
pub(crate) fn feed() -> Run {
    let mut place = saring_simulation::Place::with_reports(40);
    let router = saring_web::feed::router(place.cases());
    // The pages have a time limit of their own, which needs to know of a clock.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let paths = ["/feed.json", "/feed.atom", "/", "/open311/v2/requests.json", "/open311/v2/requests.xml"];
    Box::new(move |input| {
        let query: String = input.iter().take(300).map(|b| escaped(*b)).collect();
        let path = paths[input.len() % paths.len()];
        let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else { return outcome("no address") };
        let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        let (router, _entered) = (router.clone(), runtime.enter());
        let answer = place.run(async move { router.oneshot(request).await });
        let status = answer.ok_or("the page never came")?.map_err(|e| e.to_string())?.status();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Err("the page failed".to_owned());
        }
        outcome((path, status.as_u16()))
    })
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_graphic() && !b"#\"<>".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
