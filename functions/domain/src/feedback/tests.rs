use super::*;
use crate::case::{
    AuditHash, Case, Change, Labels, ModelVersion, Opened, PolicyVersion, Resolution, Screened, TRACKING_BYTES,
    TrackingId,
};
use crate::policy::{Decision, Reason, Verdict};
use crate::report::{Report, ReportText, Visibility};

const AT: Timestamp = Timestamp::from_unix_ms(1_764_000_000_000);

/// A case with the trail that its changes leave.
struct Told {
    case: Case,
    trail: Vec<AuditEvent>,
}

fn actor(name: &str) -> Actor {
    Actor::parse(name).expect("a name")
}

fn report(text: &str) -> Report {
    let json = serde_json::json!({ "id": "r-1", "text": text });
    Report::from_json(json.to_string().as_bytes()).expect("a report")
}

fn screened(report: &Report, decision: Decision) -> Screened {
    Screened {
        verdict: Verdict {
            decision,
            visibility: Visibility::Publik,
            reasons: vec![Reason { code: "clean".into(), detail: "bersih".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("m-1").expect("a name"),
        policy: PolicyVersion::parse("p-1").expect("a name"),
        public_text: report.text.as_str().to_owned(),
        pii: Vec::new(),
        flags: Vec::new(),
        fine: Vec::new(),
        category: Vec::new(),
        agency: Vec::new(),
        region: None,
        claims: Vec::new(),
        highlights: Vec::new(),
    }
}

impl Told {
    fn new(decision: Decision) -> Self {
        let report = report("Lampu jalan mati di depan pasar");
        let id = TrackingId::from_bytes([1; TRACKING_BYTES]).case_id();
        let times = Opened { received_at: AT, screened_at: AT };
        let case = Case::open(&report, id, screened(&report, decision), times).expect("it opens");
        Self { case, trail: Vec::new() }
    }

    fn note(&mut self, action: AuditAction, by: &str, detail: String) {
        let record = self.case.record();
        self.trail.push(AuditEvent {
            case: record.id,
            sequence: self.trail.len() as u64 + 1,
            at: Timestamp::from_unix_ms(AT.unix_ms() + self.trail.len() as u64),
            actor: actor(by),
            action,
            case_version: record.version,
            text_hash: record.screened.text_hash.clone(),
            model: None,
            policy: None,
            detail,
            previous: AuditHash::root(),
        });
    }

    fn then(mut self, by: &str, change: &Change) -> Self {
        self.case = self.case.change(change, &actor(by), AT).expect("a legal change");
        self.note(change.action(), by, change.detail());
        self
    }

    fn resolved(self, by: &str, resolution: Resolution) -> Self {
        self.then(by, &Change::Resolve(resolution))
    }

    fn feedback(&self) -> Option<Feedback> {
        feedback(self.case.record(), &self.trail)
    }

    #[track_caller]
    fn codes(&self) -> String {
        let Some(found) = self.feedback() else { return String::new() };
        let flags = found.flags.iter().map(|(f, m)| format!("{}={}", f.code(), m.code()));
        let fine = found.fine.iter().filter(|(f, _)| f.flag().is_none());
        let fine = fine.map(|(f, m)| format!("{}={}", f.code(), m.code()));
        let agency = found.agency.iter().map(|(a, _)| format!("agency={}", a.code()));
        flags.chain(fine).chain(agency).chain([found.outcome.clone()]).collect::<Vec<_>>().join(" ")
    }
}

const SPAM: Resolution = Resolution::Reject(RejectReason::Spam);

#[test]
fn each_decision_labels_what_it_says_and_no_more() {
    let held = || Told::new(Decision::Review);
    let check = |told: Told, expected: &str| assert_eq!(told.codes(), expected);
    check(held(), "");
    check(Told::new(Decision::Publish), "");
    check(held().resolved("m:a", Resolution::Publish), "spam=0 abuse=0 hoax=0 quality.off_topic=0 publish");
    check(held().resolved("m:a", SPAM), "spam=1 reject.spam");
    check(held().resolved("m:a", Resolution::Confidential), "spam=0 quality.off_topic=0 confidential");
    check(
        held().resolved("m:a", Resolution::Reject(RejectReason::NotAReport)),
        "quality.off_topic=1 reject.not_a_report",
    );
    check(held().resolved("m:a", Resolution::Reject(RejectReason::Duplicate)), "");
    let agency = NamedAgency::new(AgencyType::parse("dinas_perhubungan").expect("a type"), "Dishub").expect("a name");
    check(
        held().then("m:a", &Change::Return(agency)),
        "spam=0 quality.off_topic=0 agency=dinas_perhubungan return.dinas_perhubungan",
    );
    // A published report that was made less visible by the screening's own rules was judged by nobody.
    check(Told::new(Decision::Publish).then("m:a", &Change::Tighten(Visibility::Rahasia)), "");
}

#[test]
fn what_was_undone_teaches_nothing() {
    let rejected = || Told::new(Decision::Review).resolved("m:a", SPAM);
    assert!(rejected().feedback().is_some());
    assert_eq!(rejected().then("reporter", &Change::Appeal).feedback(), None);
    let other = report("Jalan rusak, mohon diperbaiki");
    assert_eq!(rejected().then("reporter", &Change::Edit(other.text_hash())).feedback(), None);
    let again = rejected().then("reporter", &Change::Appeal).resolved("m:b", Resolution::Publish);
    assert_eq!(again.codes(), "spam=0 abuse=0 hoax=0 quality.off_topic=0 publish");
    assert!(!again.feedback().expect("decided").is_double_reviewed());
}

#[test]
fn a_correction_counts_until_it_is_taken_back_or_the_text_changes() {
    let labels = Labels { fine: vec![Fine::SpamGambling], ..Labels::default() };
    let corrected = Told::new(Decision::Review).then("m:a", &Change::Correct(labels));
    let found = corrected.feedback().expect("labels");
    assert_eq!(found.flags, [(Flag::Spam, Mark::Present)]);
    assert_eq!(found.fine, [(Fine::SpamGambling, Mark::Present)]);
    assert_eq!(found.outcome, "corrected");
    assert_eq!(corrected.then("m:b", &Change::Correct(Labels::default())).feedback(), None);

    let labels = Labels { flags: vec![(Flag::Abuse, Mark::Present)], ..Labels::default() };
    let mut edited = Told::new(Decision::Review)
        .then("m:a", &Change::Correct(labels))
        .then("reporter", &Change::Edit(report("Jalan rusak").text_hash()));
    let mut changed = report("Jalan rusak");
    changed.text = ReportText::parse("Jalan rusak").expect("a text");
    let rescreened = screened(&changed, Decision::Publish);
    edited.case = edited.case.rescreen(&changed, rescreened, AT).expect("it waits for this text");
    assert_eq!(edited.feedback(), None, "a correction of the text before says nothing of this one");
}

#[test]
fn two_people_who_decide_alike_are_a_double_review() {
    let twice = Told::new(Decision::Review)
        .resolved("m:a", SPAM)
        .then("reporter", &Change::Appeal)
        .resolved("m:b", SPAM)
        .feedback()
        .expect("decided");
    assert!(twice.is_double_reviewed());
    assert_eq!(twice.by, actor("m:b"));
    let same = Told::new(Decision::Review)
        .resolved("m:a", SPAM)
        .then("reporter", &Change::Appeal)
        .resolved("m:a", SPAM)
        .feedback()
        .expect("decided");
    assert!(!same.is_double_reviewed(), "the same person twice is one review");
}
