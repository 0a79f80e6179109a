use super::*;
use crate::policy::{Reason, Verdict};
use crate::score::Ranked;

pub(super) const AT: Timestamp = Timestamp::from_unix_ms(1_764_000_000_000);

pub(super) fn report(visibility: &str) -> Report {
    let json = format!(r#"{{"id":"r-1","text":"Jalan rusak di depan pasar","visibility":"{visibility}"}}"#);
    Report::from_json(json.as_bytes()).unwrap()
}

pub(super) fn screened(report: &Report, decision: Decision, visibility: Visibility) -> Screened {
    Screened {
        verdict: Verdict {
            decision,
            visibility,
            reasons: vec![Reason { code: "clean".into(), detail: "tidak ada tanda".into() }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("m-1").unwrap(),
        policy: PolicyVersion::parse("p-1").unwrap(),
        public_text: report.text.as_str().to_owned(),
        pii: Vec::new(),
        flags: Vec::new(),
        fine: Vec::new(),
        category: Vec::<Ranked>::new(),
        agency: Vec::new(),
        region: None,
        claims: Vec::new(),
        highlights: Vec::new(),
    }
}

pub(super) fn open(chosen: &str, decision: Decision, visibility: Visibility) -> Result<Case, CaseError> {
    let report = report(chosen);
    let id = TrackingId::from_bytes([1; TRACKING_BYTES]).case_id();
    let screened = screened(&report, decision, visibility);
    Case::open(&report, id, screened, Opened { received_at: AT, screened_at: AT })
}

#[test]
fn a_verdict_opens_a_case() {
    use CaseStatus::{Confidential, InReview, Published};
    use Decision::{Publish, Review};
    use Visibility::{Anonim, Publik, Rahasia};
    let cases = [
        (Publish, Publik, Published),
        (Publish, Anonim, Published),
        (Publish, Rahasia, Confidential),
        (Review, Publik, InReview),
        (Review, Rahasia, InReview),
    ];
    for (decision, visibility, status) in cases {
        let case = open("publik", decision, visibility).unwrap();
        assert_eq!(case.status(), status, "{decision:?} {visibility:?}");
        assert_eq!(case.record().publication.is_some(), status == Published);
        assert_eq!(case.version(), 1);
    }
}

#[test]
fn a_verdict_about_something_else_opens_no_case() {
    let error = open("rahasia", Decision::Publish, Visibility::Publik).unwrap_err();
    assert_eq!(error, CaseError::Loosened { from: "rahasia", to: "publik" });
    let (one, mut other) = (report("publik"), report("publik"));
    other.text = crate::report::ReportText::parse("Lampu jalan mati").unwrap();
    let id = TrackingId::from_bytes([1; TRACKING_BYTES]).case_id();
    let screened = screened(&one, Decision::Publish, Visibility::Publik);
    let times = Opened { received_at: AT, screened_at: AT };
    assert_eq!(Case::open(&other, id, screened, times), Err(CaseError::OtherText));
}

/// The status and visibility after a resolution; `None` where it is refused.
type After = Option<(CaseStatus, Visibility)>;

#[test]
fn every_resolution_is_legal_or_refused() {
    use CaseStatus::{Confidential, Published, Rejected};
    use Visibility::{Anonim, Publik, Rahasia};
    let reject = Resolution::Reject(RejectReason::Spam);
    let all = [Resolution::Publish, Resolution::PublishAnonymous, Resolution::Confidential, reject];
    let secret = Some((Confidential, Rahasia));
    let cases: [(&str, Decision, Visibility, [After; 4]); 6] = [
        (
            "in review, publik",
            Decision::Review,
            Publik,
            [Some((Published, Publik)), Some((Published, Anonim)), secret, Some((Rejected, Publik))],
        ),
        (
            "in review, anonim",
            Decision::Review,
            Anonim,
            [Some((Published, Anonim)), Some((Published, Anonim)), secret, Some((Rejected, Anonim))],
        ),
        ("in review, rahasia", Decision::Review, Rahasia, [None, None, secret, Some((Rejected, Rahasia))]),
        (
            "published, publik",
            Decision::Publish,
            Publik,
            [None, Some((Published, Anonim)), secret, Some((Rejected, Publik))],
        ),
        ("published, anonim", Decision::Publish, Anonim, [None, None, secret, Some((Rejected, Anonim))]),
        ("confidential", Decision::Publish, Rahasia, [None, None, None, Some((Rejected, Rahasia))]),
    ];
    for (name, decision, visibility, expected) in cases {
        for (resolution, expected) in all.into_iter().zip(expected) {
            let case = open("publik", decision, visibility).unwrap().resolve(resolution, AT);
            let after = case.as_ref().ok().map(|c| (c.status(), c.record().visibility));
            assert_eq!(after, expected, "{name}: {resolution}");
            let Ok(case) = case else { continue };
            assert_eq!(case.version(), 2);
            assert_eq!(case.record().publication.is_some(), case.status() == Published);
            if case.status() == Rejected {
                for again in all {
                    assert!(case.clone().resolve(again, AT).is_err(), "rejected: {again}");
                }
            }
        }
    }
}

#[test]
fn a_record_that_contradicts_itself_is_no_case() {
    let check = |expected: Breach, change: fn(&mut CaseRecord)| {
        let mut record = open("publik", Decision::Publish, Visibility::Anonim).unwrap().into_record();
        change(&mut record);
        assert_eq!(record.breaches(), [expected]);
        assert!(Case::restore(record).is_err());
    };
    check(Breach::Unfounded, |r| r.publication = None);
    check(Breach::NotDecided, |r| r.screened.verdict.decision = Decision::Review);
    check(Breach::OtherText, |r| r.screened.text_hash = TextHash::parse(&"0".repeat(64)).unwrap());
    check(Breach::OtherModel, |r| r.screened.model = ModelVersion::parse("m-2").unwrap());
    check(Breach::OtherPolicy, |r| r.screened.policy = PolicyVersion::parse("p-2").unwrap());
    check(Breach::Looser, |r| r.visibility = Visibility::Publik);
    check(Breach::Confidential, |r| r.visibility = Visibility::Rahasia);
    check(Breach::NoReasons, |r| r.screened.verdict.reasons.clear());
    check(Breach::Rejection, |r| r.rejection = Some(RejectReason::Hoax));
    check(Breach::Version, |r| r.version = 0);
    check(Breach::Version, |r| r.decided.version = 2);
    check(Breach::Returned, |r| {
        let agency = crate::agency::AgencyType::parse("dinas_perhubungan").unwrap();
        r.returned = Some(NamedAgency::new(agency, "Dinas Perhubungan").unwrap());
    });
    check(Breach::Edit, |r| {
        r.edit = Some(PendingEdit { text_hash: r.screened.text_hash.clone(), from: EditedFrom::Attended });
    });
}

fn trail() -> Vec<AuditEvent> {
    let case = TrackingId::from_bytes([1; TRACKING_BYTES]).case_id();
    let steps = [
        (AuditAction::Received, 0),
        (AuditAction::Screened, 1),
        (AuditAction::Conflict, 1),
        (AuditAction::Resolved, 2),
    ];
    let mut events: Vec<AuditEvent> = Vec::new();
    for (action, case_version) in steps {
        events.push(AuditEvent {
            case,
            sequence: events.len() as u64 + 1,
            at: AT,
            actor: Actor::screen(),
            action,
            case_version,
            text_hash: report("publik").text_hash(),
            model: None,
            policy: None,
            detail: String::new(),
            previous: events.last().map_or_else(AuditHash::root, AuditEvent::hash),
        });
    }
    events
}

#[test]
fn a_trail_shows_every_change() {
    let case = trail()[0].case;
    let end = check_chain(case, &trail()).unwrap();
    assert_eq!((end.events, end.case_version), (4, 2));
    let check = |sequence, what, change: fn(&mut Vec<AuditEvent>)| {
        let mut events = trail();
        change(&mut events);
        assert_eq!(check_chain(case, &events), Err(ChainError { sequence, what }));
    };
    check(2, ChainBreak::Sequence, |e| drop(e.remove(1)));
    check(1, ChainBreak::Sequence, |e| e.swap(0, 1));
    check(3, ChainBreak::Previous, |e| e[1].detail = "publish".into());
    check(2, ChainBreak::Previous, |e| e[0].at = Timestamp::from_unix_ms(0));
    check(4, ChainBreak::Version, |e| e[3].case_version = 3);
    check(1, ChainBreak::Case, |e| e[0].case = TrackingId::from_bytes([2; TRACKING_BYTES]).case_id());
}

#[test]
fn canonical_json_is_stable() {
    let expected = format!(
        r#"{{"action":"received","actor":"system:screen","at":1764000000000,"case":"{}","case_version":0,"detail":"","model":null,"policy":null,"previous":"{}","sequence":1,"text_hash":"{}"}}"#,
        trail()[0].case,
        "0".repeat(64),
        report("publik").text_hash().as_str(),
    );
    assert_eq!(trail()[0].canonical_json(), expected);
}
