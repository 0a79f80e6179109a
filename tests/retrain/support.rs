//! Paths, commands and cases.

use std::path::{Path, PathBuf};
use std::process::Command;

use saring_domain::case::{
    Actor, Case, CaseId, Change, ModelVersion, PolicyVersion, Resolution, Screened, TRACKING_BYTES, Timestamp,
    TrackingId,
};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_domain::score::{Fine, Flag, Score};
use saring_local::table::{TableHost, TableHostOptions};
use saring_store::{Cases, Recorded, TableConfig};

pub(crate) const AT: Timestamp = Timestamp::from_unix_ms(1_795_500_000_000);
const REGION: &str = "us-east-1";
const TABLE: &str = "saring";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Where the binaries are, beside the tests.
pub(crate) fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}

/// A directory of this test alone, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&path).ok();
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn actor(name: &str) -> Actor {
    Actor::parse(&format!("moderator:{name}")).unwrap()
}

pub(crate) fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + minutes * 60_000)
}

/// A table without functions.
pub(crate) struct Table {
    pub(crate) host: TableHost,
    pub(crate) cases: Cases,
}

impl Table {
    pub(crate) async fn start() -> Self {
        let host = TableHost::start(TableHostOptions::default()).await.unwrap();
        let cases = Cases::connect(&TableConfig::local(TABLE, host.endpoint())).await;
        cases.create_table().await.unwrap();
        Self { host, cases }
    }

    /// The command with the variables by which it finds this table.
    pub(crate) async fn saring(&self, arguments: &[&str]) -> (bool, String) {
        let variables = [("SARING_TABLE", TABLE), ("AWS_ENDPOINT_URL_DYNAMODB", self.host.endpoint())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        saring(arguments, &variables).await
    }

    /// A case that the screening decided so; `seed` names the report.
    pub(crate) async fn case(&self, seed: u16, text: &str, decision: Decision) -> Case {
        let report = report(&format!("r-{seed}"), text);
        let [high, low] = seed.to_be_bytes();
        let bytes = std::array::from_fn(|i| if i + 2 == TRACKING_BYTES { high } else { low });
        let screened = screened(&report, decision);
        let tracking = TrackingId::from_bytes(bytes);
        match self.cases.record_screening(&report, screened, tracking, AT).await.unwrap() {
            Recorded::New(case) => *case,
            other => panic!("the report is new: {other:?}"),
        }
    }

    pub(crate) async fn change(&self, id: CaseId, by: &str, change: &Change, at: Timestamp) -> Case {
        let version = self.cases.case(id).await.unwrap().unwrap().version();
        self.cases.change(id, version, change, &actor(by), at).await.unwrap()
    }

    pub(crate) async fn resolve(&self, id: CaseId, by: &str, resolution: Resolution, at: Timestamp) -> Case {
        self.change(id, by, &Change::Resolve(resolution), at).await
    }
}

/// Whether it succeeded, and what it printed.
pub(crate) async fn saring(arguments: &[&str], variables: &[(String, String)]) -> (bool, String) {
    let mut command = Command::new(target().join("saring"));
    command.args(arguments).current_dir(root());
    command.env("AWS_REGION", REGION).env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env("SARING_EXPORT_KEY", "a key of the tests");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

pub(crate) fn report(id: &str, text: &str) -> Report {
    Report::from_json(serde_json::json!({ "id": id, "text": text }).to_string().as_bytes()).unwrap()
}

pub(crate) fn screened(report: &Report, decision: Decision) -> Screened {
    let text = report.text.as_str();
    let pii = saring_domain::pii::find(text);
    let score = Score::new(if decision == Decision::Review { 0.8 } else { 0.02 }).unwrap();
    Screened {
        verdict: Verdict {
            decision,
            visibility: Visibility::Publik,
            reasons: vec![Reason { code: "clean".into(), detail: "contoh".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("m-1").unwrap(),
        policy: PolicyVersion::parse("p-1").unwrap(),
        public_text: saring_domain::pii::mask(text, &pii),
        pii,
        flags: Flag::ALL.map(|f| (f, if f == Flag::Spam { score } else { Score::default() })).to_vec(),
        fine: Fine::ALL.map(|f| (f, Score::default())).to_vec(),
        category: Vec::new(),
        agency: Vec::new(),
        region: None,
        claims: Vec::new(),
        highlights: Vec::new(),
    }
}
