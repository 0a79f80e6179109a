//! An embedded table and queue behind the real SDK, and requests to the routers.

use std::sync::Arc;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::Message;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use saring_domain::agency::AgencyType;
use saring_domain::case::{
    Case, MatchedClaim, ModelVersion, NamedRegion, PolicyVersion, RankedAgency, Screened, TRACKING_BYTES, Timestamp,
    TrackingId,
};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_domain::score::{Ranked, Score};
use saring_local::issuer::{CONSOLE_AUDIENCE, Issuer};
use saring_local::queue::{ManualClock, QueueHost, QueueHostOptions, QueueSpec};
use saring_local::table::{TableHost, TableHostOptions};
use saring_store::{Cases, QueueConfig, Recorded, Reports, TableConfig};
use saring_web::intake::{Intake, router_with};
use saring_web::{Identity, IdentitySettings, PublicUrl, Settings};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const AT: Timestamp = Timestamp::from_unix_ms(1_764_000_000_000);
/// Where nothing listens.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

/// A table and a queue in memory.
pub(crate) struct World {
    pub(crate) cases: Cases,
    pub(crate) reports: Reports,
    table: TableHost,
    queue: QueueHost,
    queue_url: String,
    sqs: aws_sdk_sqs::Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        let table = TableHost::start(TableHostOptions::default()).await.unwrap();
        let cases = Cases::connect(&TableConfig {
            original_retention_days: 36_500,
            ..TableConfig::local("saring", table.endpoint())
        })
        .await;
        cases.create_table().await.unwrap();
        let clock = Arc::new(ManualClock::at(1_764_000_000_000));
        let queue = QueueHost::start(QueueHostOptions { clock, ..QueueHostOptions::default() }).await.unwrap();
        let queue_url = queue.client().ensure_queue(&QueueSpec::new("reports")).await.unwrap();
        let reports = Reports::connect(&QueueConfig::local(&queue_url, queue.endpoint())).await;
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(saring_local::REGION))
            .endpoint_url(queue.endpoint())
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let sqs = aws_sdk_sqs::Client::from_conf(config);
        Self { cases, reports, table, queue, queue_url, sqs }
    }

    pub(crate) fn intake(&self) -> Router {
        self.intake_to(self.reports.clone())
    }

    /// An intake with this table and another queue.
    pub(crate) fn intake_to(&self, reports: Reports) -> Router {
        router_with(Intake { cases: self.cases.clone(), reports }, &Settings::default())
    }

    /// Takes everything that is visible off the queue: each body with its tracking attribute.
    pub(crate) async fn queued(&self) -> Vec<(Value, String)> {
        let mut all = Vec::new();
        loop {
            let receive = self.sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
            let messages = receive.message_attribute_names("All").send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            all.extend(messages.iter().map(opened));
        }
    }

    pub(crate) async fn stop_table(self) {
        self.table.shutdown().await;
        self.queue.shutdown().await;
    }
}

/// A provider that listens, and a console that believes it.
pub(crate) struct Provider {
    pub(crate) issuer: Issuer,
    pub(crate) origin: String,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Issuer::new(&origin).unwrap();
        let routes = issuer.router();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { issuer, origin }
    }

    pub(crate) fn settings(&self) -> IdentitySettings {
        IdentitySettings::new(&self.issuer.issuer(), CONSOLE_AUDIENCE, PublicUrl::parse(&self.origin).unwrap())
    }

    pub(crate) fn console(&self, world: &World) -> Router {
        saring_web::console::router(world.cases.clone(), &Identity::new(self.settings()).unwrap())
    }

    /// A console whose every request carries a token of this person with this role.
    pub(crate) fn console_for(&self, cases: &Cases, person: &str, role: &str) -> Router {
        let token = self.issuer.token(person, &[role]).unwrap();
        let bearer: axum::http::HeaderValue = format!("Bearer {token}").parse().unwrap();
        let console = saring_web::console::router(cases.clone(), &Identity::new(self.settings()).unwrap());
        console.layer(axum::middleware::map_request(move |mut request: Request<Body>| {
            request.headers_mut().insert("authorization", bearer.clone());
            async move { request }
        }))
    }
}

/// A console for a role.
pub(crate) async fn console_as(world: &World, role: &str) -> Router {
    Provider::start().await.console_for(&world.cases, "siti", role)
}

pub(crate) async fn console(world: &World) -> Router {
    console_as(world, "reader").await
}

pub(crate) async fn console_of(cases: &Cases) -> Router {
    Provider::start().await.console_for(cases, "siti", "reader")
}

pub(crate) async fn post_form(router: &Router, path: &str, form: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    ask(router, request.body(Body::from(form.to_owned())).unwrap()).await
}

/// The style sheet that the pages name.
pub(crate) async fn style(world: &World) -> String {
    let router = console(world).await;
    let page = get(&router, "/console").await.body;
    let path = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let sheet = get(&router, &path).await;
    assert_eq!((sheet.status.as_u16(), sheet.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(sheet.header("cache-control").contains("immutable"));
    sheet.body
}

fn opened(message: &Message) -> (Value, String) {
    let tracking = message.message_attributes.as_ref().unwrap()["tracking_id"].string_value.clone();
    (serde_json::from_str(message.body.as_ref().unwrap()).unwrap(), tracking.unwrap())
}

pub(crate) async fn queue_at(endpoint: &str) -> Reports {
    Reports::connect(&QueueConfig::local(&format!("{endpoint}/000000000000/reports"), endpoint)).await
}

/// An address that takes connections and never answers.
pub(crate) async fn silent() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
        }
    });
    endpoint
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn get_with(router: &Router, path: &str, name: &str, value: &str) -> Answer {
    ask(router, Request::get(path).header(name, value).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(router: &Router, content_type: &str, body: impl Into<Body>) -> Answer {
    ask(router, Request::post("/reports").header("content-type", content_type).body(body.into()).unwrap()).await
}

pub(crate) async fn post_report(router: &Router, report: &Value) -> Answer {
    post(router, "application/json", report.to_string()).await
}

pub(crate) fn tracking(seed: u8) -> TrackingId {
    TrackingId::from_bytes([seed; TRACKING_BYTES])
}

pub(crate) fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + minutes * 60_000)
}

/// A report with something in each private field.
pub(crate) fn report(id: &str, text: &str) -> Report {
    let json = json!({
        "id": id, "text": text, "title": "JUDUL-PRIBADI", "channel": "KANAL-PRIBADI", "reporter_ref": "RUJUKAN-PRIBADI",
        "location": { "name": "TEMPAT-PRIBADI", "lat": -6.123_456, "lon": 106.654_321 },
    });
    Report::from_json(json.to_string().as_bytes()).unwrap()
}

/// What a screening says of a report; tests change what they are about.
pub(crate) fn screened(report: &Report, decision: Decision) -> Screened {
    let score = |value| Score::new(value).unwrap();
    Screened {
        verdict: Verdict {
            decision,
            visibility: Visibility::Publik,
            reasons: vec![Reason { code: "spam.promo".into(), detail: "promosi barang atau jasa".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("model-1").unwrap(),
        policy: PolicyVersion::parse("policy-1").unwrap(),
        public_text: report.text.as_str().replace("3374010101900001", "[NIK]"),
        pii: Vec::new(),
        flags: Vec::new(),
        fine: Vec::new(),
        category: vec![Ranked { code: "pekerjaan_umum".into(), score: score(0.75) }],
        agency: vec![RankedAgency {
            agency: AgencyType::parse("dinas_pekerjaan_umum").unwrap(),
            name: "Dinas Pekerjaan Umum Kota Semarang".into(),
            score: score(0.5),
            why: vec!["ALASAN-PRIBADI".into()],
        }],
        region: Some(NamedRegion { code: "33.74".into(), name: "Kota Semarang, Jawa Tengah".into() }),
        claims: vec![MatchedClaim {
            id: "klaim-1".into(),
            title: "JUDUL-KLAIM".into(),
            url: None,
            verdict: "SALAH".into(),
            date: Some("2026-01-31".into()),
            score: score(0.9),
            span: None,
        }],
        highlights: Vec::new(),
    }
}

/// Records a case `seed` minutes after the start, with the tracking id of that seed.
pub(crate) async fn record_as(
    cases: &Cases,
    seed: u8,
    text: &str,
    decision: Decision,
    change: impl FnOnce(&mut Screened),
) -> Case {
    let report = report(&format!("NOMOR-PRIBADI-{seed}"), text);
    let mut screened = screened(&report, decision);
    change(&mut screened);
    // Boxed: it is large, and tests hold many.
    let recorded = Box::pin(cases.record_screening(&report, screened, tracking(seed), minutes(seed.into())));
    match recorded.await.unwrap() {
        Recorded::New(case) => *case,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn record(cases: &Cases, seed: u8, text: &str, decision: Decision) -> Case {
    record_as(cases, seed, text, decision, |_| {}).await
}

/// What XML, HTML and JSON all have to take care of.
pub(crate) const NASTY: &str = "<b>Jalan & \"trotoar\"</b> 'rusak' ]]> <!-- \u{0}\u{1f} \u{fffe} 🎰\u{202e}\n\ttab é";

/// Three public reports of three categories, regions and agencies, a held one and a confidential one.
pub(crate) async fn published(world: &World) {
    let cases = &world.cases;
    record(cases, 1, "Jalan berlubang di depan pasar, NIK 3374010101900001.", Decision::Publish).await;
    record_as(cases, 2, NASTY, Decision::Publish, |s| {
        s.category[0].code = "perhubungan".into();
        s.agency[0].name = "Dinas Perhubungan Kota Surabaya".into();
        s.region = Some(NamedRegion { code: "35.78".into(), name: "Kota Surabaya, Jawa Timur".into() });
    })
    .await;
    record_as(cases, 3, "Sampah menumpuk.", Decision::Publish, |s| {
        s.category = Vec::new();
        s.agency = Vec::new();
        s.region = None;
    })
    .await;
    record(cases, 4, "DITAHAN", Decision::Review).await;
    record_as(cases, 5, "RAHASIA", Decision::Publish, |s| s.verdict.visibility = Visibility::Rahasia).await;
}

pub(crate) fn feed_of(world: &World) -> Router {
    let public_url = saring_web::PublicUrl::parse("https://lapor.example").unwrap();
    let settings = Settings { public_url: Some(public_url), ..Settings::default() };
    saring_web::feed::router_with(world.cases.clone(), &settings)
}

/// Nothing that is not public stands in a document.
#[track_caller]
pub(crate) fn nothing_private(document: &str) {
    let ids = (1..=5).map(|seed| tracking(seed).to_string());
    let private =
        ["PRIBADI", "KLAIM", "DITAHAN", "RAHASIA", "3374010101900001", "106.654", "6.123", "model-1", "policy-1"];
    for word in private.into_iter().map(str::to_owned).chain(["spam".to_owned(), "SALAH".to_owned()]).chain(ids) {
        assert!(!document.contains(&word), "{word}: {document}");
    }
}
