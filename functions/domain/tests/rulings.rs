//! Decisions that rest: who may do what with them and when, and the order of what waits.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use saring_domain::agency::AgencyType;
use saring_domain::calendar::Calendar;
use saring_domain::case::{
    Actor, AskReason, Case, CaseError, CaseStatus, Change, LabelCode, ModelVersion, NamedAgency, Opened, PolicyVersion,
    RejectReason, Resolution, Ruling, Screened, TRACKING_BYTES, Timestamp, TrackingId,
};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::priority::{Priority, Rank};
use saring_domain::report::{Report, Visibility};
use saring_domain::score::{Flag, Score};

const AT: Timestamp = Timestamp::from_unix_ms(1_764_000_000_000);
const HOUR_MS: u64 = 3_600_000;

fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + minutes * 60_000)
}

fn actor(name: &str) -> Actor {
    Actor::parse(&format!("moderator:{name}")).unwrap()
}

fn screened(report: &Report, spam: f32) -> Screened {
    let reasons = vec![Reason { code: "spam".into(), detail: "skor".into() }];
    Screened {
        verdict: Verdict { decision: Decision::Review, visibility: Visibility::Publik, reasons },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("m-1").unwrap(),
        policy: PolicyVersion::parse("p-1").unwrap(),
        public_text: report.text.as_str().to_owned(),
        pii: Vec::new(),
        flags: vec![(Flag::Spam, Score::new(spam).unwrap())],
        fine: Vec::new(),
        category: Vec::new(),
        agency: Vec::new(),
        region: None,
        claims: Vec::new(),
        highlights: Vec::new(),
    }
}

fn report() -> Report {
    Report::from_json(br#"{"id":"r-1","text":"Jalan rusak di depan pasar"}"#).unwrap()
}

fn held() -> Case {
    let report = report();
    let id = TrackingId::from_bytes([1; TRACKING_BYTES]).case_id();
    Case::open(&report, id, screened(&report, 0.9), Opened { received_at: AT, screened_at: AT }).unwrap()
}

fn propose(ruling: Ruling, due: u64) -> Change {
    Change::Propose { ruling, why: LabelCode::parse("fit").unwrap(), due: minutes(due) }
}

fn resting(ruling: Ruling) -> Case {
    held().change(&propose(ruling, 6), &actor("sari"), minutes(1)).unwrap()
}

fn rulings() -> Vec<Ruling> {
    let agency = NamedAgency::new(AgencyType::parse("pdam").unwrap(), "PDAM").unwrap();
    vec![
        Ruling::Resolve(Resolution::Publish),
        Ruling::Resolve(Resolution::PublishAnonymous),
        Ruling::Resolve(Resolution::Confidential),
        Ruling::Resolve(Resolution::Reject(RejectReason::Hoax)),
        Ruling::Return(agency),
        Ruling::Ask(AskReason::Place),
    ]
}

#[test]
fn a_decision_rests_until_its_end_or_its_author_hastens_it() {
    for ruling in rulings() {
        let case = resting(ruling.clone());
        let record = case.record();
        assert_eq!((record.status, record.decided.version, record.version), (CaseStatus::InReview, 1, 2));
        assert!(record.publication.is_none() && record.lock.is_none());
        let settle = Change::Settle(ruling.clone());
        let early = case.clone().change(&settle, &Actor::sweep(), minutes(5));
        assert_eq!(early, Err(CaseError::Rests { until: minutes(6) }), "{}", ruling.code());
        let other = case.clone().change(&settle, &actor("bayu"), minutes(5));
        assert!(matches!(other, Err(CaseError::Rests { .. })));
        for (by, at) in [(Actor::sweep(), 6), (actor("sari"), 2)] {
            let done = case.clone().change(&settle, &by, minutes(at)).unwrap();
            let record = done.record();
            assert_eq!((record.version, record.decided.version), (3, 3), "{}", ruling.code());
            assert!(record.proposal.is_none());
            assert_eq!(record.asked.is_some(), matches!(ruling, Ruling::Ask(_)));
        }
        let another = Change::Settle(Ruling::Ask(AskReason::Time));
        assert_eq!(case.change(&another, &actor("sari"), minutes(7)), Err(CaseError::NothingRests));
    }
}

#[test]
fn only_its_author_or_a_supervisor_takes_it_back_and_only_in_time() {
    let case = resting(Ruling::Resolve(Resolution::Publish));
    let back = |change: &Change, by: &str, at: u64| case.clone().change(change, &actor(by), minutes(at));
    assert!(back(&Change::Withdraw, "sari", 5).unwrap().record().proposal.is_none());
    assert!(back(&Change::Overrule, "wulan", 5).is_ok());
    assert_eq!(back(&Change::Withdraw, "bayu", 5), Err(CaseError::NotOwn));
    assert_eq!(back(&Change::Withdraw, "sari", 6), Err(CaseError::NothingRests));
    assert_eq!(held().change(&Change::Withdraw, &actor("sari"), minutes(1)), Err(CaseError::NothingRests));
}

#[test]
fn what_rests_is_decided() {
    let why = LabelCode::parse("doubt").unwrap();
    for change in [
        Change::Claim { until: minutes(20) },
        Change::Resolve(Resolution::Publish),
        propose(Ruling::Resolve(Resolution::Confidential), 9),
        Change::Escalate(why),
        Change::HandOver { to: actor("bayu"), until: minutes(20) },
        Change::Tighten(Visibility::Rahasia),
    ] {
        let case = resting(Ruling::Resolve(Resolution::Publish));
        let refused = case.change(&change, &actor("sari"), minutes(2));
        assert_eq!(refused, Err(CaseError::Rests { until: minutes(6) }), "{}", change.action().code());
    }
    // A text that changes meanwhile takes the decision with it.
    let other = saring_domain::report::TextHash::parse(&"ab".repeat(32)).unwrap();
    let case = resting(Ruling::Resolve(Resolution::Publish));
    let edited = case.change(&Change::Edit(other), &Actor::reporter(), minutes(2)).unwrap();
    assert!(edited.status() == CaseStatus::Edited && edited.record().proposal.is_none());
}

#[test]
fn a_decision_that_is_not_legal_does_not_rest_either() {
    let refused = |case: Case, change: &Change| case.change(change, &actor("sari"), minutes(1)).is_err();
    for due in [0, 1, 62] {
        assert!(refused(held(), &propose(Ruling::Resolve(Resolution::Publish), due)), "due after {due} minutes");
    }
    let rejected = held().resolve(Resolution::Reject(RejectReason::Spam), minutes(1)).unwrap();
    assert!(refused(rejected, &propose(Ruling::Ask(AskReason::Place), 6)));
    let confidential = held().change(&Change::Tighten(Visibility::Rahasia), &actor("sari"), minutes(1)).unwrap();
    assert!(refused(confidential, &propose(Ruling::Resolve(Resolution::Publish), 6)), "visibility only tightens");
}

#[test]
fn the_order_of_two_reports_never_changes() {
    let report = report();
    let mut waiting = Vec::new();
    for (at, spam) in [(0, 0.55), (1, 0.99), (20, 0.95), (30, 0.6), (55, 0.75), (70, 0.51)] {
        let since = Timestamp::from_unix_ms(AT.unix_ms() + at * HOUR_MS);
        let screened = screened(&report, spam);
        waiting.push((Rank::of(&screened, since), since, screened));
    }
    waiting.sort_by_key(|(rank, ..)| *rank);
    // As long as no clock has run out, the points say the same as the rank, on every day.
    for hour in [70, 71] {
        let now = Timestamp::from_unix_ms(AT.unix_ms() + hour * HOUR_MS);
        let points: Vec<f32> =
            waiting.iter().map(|(_, since, s)| Priority::of(s, *since, None, now).points()).collect();
        let falls = points.windows(2).all(|pair| pair[0] >= pair[1] - 1e-3);
        assert!(falls, "after {hour} h: {points:?}");
    }
}

#[test]
fn the_working_clock_stands_still_on_other_days() {
    let calendar = Calendar::parse(include_str!("../../../models/holidays.toml")).unwrap();
    let at = |day: u64, hour: u64| Timestamp::from_unix_ms((day * 24 + hour) * HOUR_MS - 7 * HOUR_MS);
    // 2025-11-21 is a Friday; days since 1970.
    let friday = 20_413;
    let day = 24 * HOUR_MS;
    assert_eq!(calendar.working_ms(at(friday + 1, 0)) - calendar.working_ms(at(friday, 0)), day);
    for hour in [0, 12, 23] {
        assert_eq!(
            calendar.working_ms(at(friday + 1, hour)),
            calendar.working_ms(at(friday + 3, 0)),
            "Saturday {hour}"
        );
    }
    assert_eq!(calendar.working_ms(at(friday + 3, 6)) - calendar.working_ms(at(friday + 3, 0)), 6 * HOUR_MS);
    let mut before = 0;
    for day in 0..800 {
        let now = calendar.working_ms(at(friday + day, 3));
        assert!(now >= before, "day {day}");
        before = now;
    }
}

#[test]
fn what_the_reporter_made_less_visible_meanwhile_stays_so() {
    for resolution in [Resolution::Publish, Resolution::PublishAnonymous] {
        let case = resting(Ruling::Resolve(resolution));
        let case = case.change(&Change::Choose(Visibility::Rahasia), &Actor::reporter(), minutes(2)).unwrap();
        let done = case.change(&Change::Settle(Ruling::Resolve(resolution)), &Actor::sweep(), minutes(7)).unwrap();
        assert_eq!((done.status(), done.record().visibility), (CaseStatus::Confidential, Visibility::Rahasia));
    }
}
