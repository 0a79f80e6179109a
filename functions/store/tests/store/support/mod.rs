//! An embedded table, and reports and verdicts to put into it.
#![allow(unreachable_pub, reason = "a part of one test binary")]

use std::collections::HashMap;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use saring_domain::case::{ModelVersion, NamedRegion, PolicyVersion, Screened, TRACKING_BYTES, Timestamp, TrackingId};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_domain::score::{Fine, Flag, Ranked, Score};
use saring_store::{Cases, TableConfig};

pub const AT: Timestamp = Timestamp::from_unix_ms(1_764_000_000_000);

/// A table in memory, the store on it, and the bare SDK to damage it.
pub struct Table {
    pub cases: Cases,
    pub sdk: aws_sdk_dynamodb::Client,
    pub endpoint: String,
}

impl Table {
    pub async fn start() -> Self {
        let database = dynoxide::Database::memory().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let cases = Cases::connect(&TableConfig::local("saring", &endpoint)).await;
        cases.create_table().await.unwrap();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self { cases, sdk: aws_sdk_dynamodb::Client::from_conf(config), endpoint }
    }

    /// `verify` finds nothing.
    pub async fn sound(&self) {
        let findings = saring_store::verify::all(&self.cases).await.unwrap();
        assert!(findings.violations.is_empty(), "{:?}", findings.violations);
    }

    pub async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        self.sdk.scan().table_name("saring").send().await.unwrap().items.unwrap()
    }

    pub async fn item(&self, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
        let get = self.sdk.get_item().table_name("saring").key("pk", text(pk)).key("sk", text(sk));
        get.send().await.unwrap().item.unwrap()
    }

    pub async fn put(&self, item: HashMap<String, AttributeValue>) {
        self.sdk.put_item().table_name("saring").set_item(Some(item)).send().await.unwrap();
    }

    pub async fn set(&self, pk: &str, sk: &str, attribute: &str, value: AttributeValue) {
        let mut item = self.item(pk, sk).await;
        item.insert(attribute.to_owned(), value);
        self.put(item).await;
    }

    pub async fn remove(&self, pk: &str, sk: &str, attribute: &str) {
        let mut item = self.item(pk, sk).await;
        item.remove(attribute).unwrap();
        self.put(item).await;
    }

    pub async fn delete(&self, pk: &str, sk: &str) {
        let delete = self.sdk.delete_item().table_name("saring").key("pk", text(pk)).key("sk", text(sk));
        delete.send().await.unwrap();
    }
}

pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub fn tracking(seed: u16) -> TrackingId {
    let [high, low] = seed.to_be_bytes();
    TrackingId::from_bytes(std::array::from_fn(|i| if i + 2 == TRACKING_BYTES { high } else { low }))
}

pub fn report(id: &str, text: &str) -> Report {
    let json = serde_json::json!({ "id": id, "text": text, "reporter_ref": "warga-7" });
    Report::from_json(json.to_string().as_bytes()).unwrap()
}

pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + seconds * 1000)
}

/// A verdict about a report, with something in every field.
pub fn screened(report: &Report, decision: Decision, visibility: Visibility) -> Screened {
    let score = |value| Score::new(value).unwrap();
    Screened {
        verdict: Verdict {
            decision,
            visibility,
            reasons: vec![Reason { code: "clean".into(), detail: "tidak ada tanda".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("model-1").unwrap(),
        policy: PolicyVersion::parse("policy-1").unwrap(),
        public_text: report.text.as_str().replace("3374010101900001", "[NIK]"),
        pii: Vec::new(),
        flags: vec![(Flag::Spam, score(0.01))],
        fine: vec![(Fine::SpamPromo, score(0.02))],
        category: vec![Ranked { code: "pekerjaan_umum".into(), score: score(0.93) }],
        agency: vec![saring_domain::case::RankedAgency {
            agency: saring_domain::agency::AgencyType::parse("dinas_pekerjaan_umum").unwrap(),
            name: "Dinas Pekerjaan Umum Kota Semarang".into(),
            score: score(0.9),
            why: vec!["disebut".into()],
        }],
        region: Some(NamedRegion { code: "33.74".into(), name: "Kota Semarang, Jawa Tengah".into() }),
        claims: Vec::new(),
        highlights: Vec::new(),
    }
}
