//! A canary whose decisions moderators turn round, on a table alone: what the sweep makes of it.

use saring_domain::case::{
    Actor, CaseId, Change, LabelCode, ModelVersion, PolicyVersion, RejectReason, Resolution, Ruling, Screened,
    TRACKING_BYTES, Timestamp, TrackingId,
};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_domain::rollout::{Defaults, Measured, Mode, Proportion, Rollout};
use saring_local::table::{TableHost, TableHostOptions};
use saring_notify::rollout::{Judged, judge_rollout};
use saring_store::{Cases, TableConfig};

const AT: Timestamp = Timestamp::from_unix_ms(1_795_500_000_000);
/// How long decisions rest here.
const REST_MINUTES: u64 = 5;

fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + minutes * 60_000)
}

fn tracking(seed: u16) -> TrackingId {
    let [high, low] = seed.to_be_bytes();
    TrackingId::from_bytes(std::array::from_fn(|i| if i + 2 == TRACKING_BYTES { high } else { low }))
}

fn rollout() -> Rollout {
    let text = std::fs::read_to_string(crate::support::root().join("models/rollout.toml")).expect("readable");
    let defaults = Defaults::parse(&text).expect("usable");
    Rollout {
        candidate: ModelVersion::parse("m-2").expect("a name"),
        mode: Mode::Canary,
        share: Proportion::new(0.5).expect("a share"),
        window_minutes: defaults.window_minutes,
        bounds: defaults.bounds,
        started_at: AT,
        started_by: Actor::parse("data:ayu").expect("a name"),
    }
}

async fn held(cases: &Cases, seed: u16) -> CaseId {
    let line = serde_json::json!({ "id": format!("o-{seed}"), "text": "Jalan rusak" }).to_string();
    let report = Report::from_json(line.as_bytes()).expect("a report");
    let screened = Screened {
        verdict: Verdict {
            decision: Decision::Review,
            visibility: Visibility::Publik,
            reasons: vec![Reason { code: "spam.promo".into(), detail: "perlu diperiksa".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("m-1").expect("a name"),
        policy: PolicyVersion::parse("p-1").expect("a name"),
        public_text: "Jalan rusak".into(),
        pii: Vec::new(),
        flags: Vec::new(),
        fine: Vec::new(),
        category: Vec::new(),
        agency: Vec::new(),
        region: None,
        claims: Vec::new(),
        highlights: Vec::new(),
    };
    cases.record_screening(&report, screened, tracking(seed), minutes(1)).await.expect("the table answers");
    tracking(seed).case_id()
}

/// Moderators decide about 100 held reports; `right` says whom they find right.
async fn judged(right: impl Fn(bool) -> bool) -> Judged {
    let table = TableHost::start(TableHostOptions::default()).await.expect("the table starts");
    let cases = Cases::connect(&TableConfig::local("saring", table.endpoint())).await;
    cases.create_table().await.expect("it is new");
    let rollout = rollout();
    cases.start_rollout(&rollout).await.expect("it is the first");
    let sari = Actor::parse("moderator:sari").expect("a name");
    for seed in 1..=100 {
        let id = held(&cases, seed).await;
        let (resolution, why) = if right(rollout.chooses(id)) {
            (Resolution::Reject(RejectReason::Spam), "spam")
        } else {
            (Resolution::Publish, "fit")
        };
        let why = LabelCode::parse(why).expect("a code");
        let change = Change::Propose { ruling: Ruling::Resolve(resolution), why, due: minutes(2 + REST_MINUTES) };
        cases.change(id, 1, &change, &sari, minutes(2)).await.expect("it waits");
    }
    let later = minutes(3 + REST_MINUTES);
    assert_eq!(cases.settle_due(later).await.expect("the table answers").cases.len(), 100);
    let judged = judge_rollout(&cases, later).await.expect("the table answers");
    assert_eq!(cases.rollout().await.expect("the table answers").on.is_none(), judged != Judged::Fine);
    table.shutdown().await;
    judged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_whose_decisions_are_turned_round_ends_and_one_like_the_others_goes_on() {
    let Judged::Ended { window, breach } = judged(|of_candidate| !of_candidate).await else {
        panic!("moderators published all that the candidate held");
    };
    assert_eq!((window, breach.what), (0, Measured::Overturned));
    assert_eq!(judged(|_| true).await, Judged::Fine);
    assert_eq!(judged(|of_candidate| of_candidate).await, Judged::Fine, "a better candidate goes on");
}
