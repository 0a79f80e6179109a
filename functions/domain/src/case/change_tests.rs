//! Every change in every status.

use super::tests::{AT, open, report, screened};
use super::*;
use crate::agency::AgencyType;
use crate::policy::Decision::{Publish, Review};
use crate::report::ReportText;
use crate::report::Visibility::{Anonim, Publik, Rahasia};

fn actor(name: &str) -> Actor {
    Actor::parse(&format!("moderator:{name}")).unwrap()
}

fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + minutes * 60_000)
}

fn agency() -> NamedAgency {
    NamedAgency::new(AgencyType::parse("dinas_perhubungan").unwrap(), "Dinas Perhubungan Kota Semarang").unwrap()
}

fn edited() -> Report {
    let mut report = report("publik");
    report.text = ReportText::parse("Jalan rusak di depan pasar, sudah seminggu").unwrap();
    report
}

fn apply(case: Case, change: &Change) -> Result<Case, CaseError> {
    case.change(change, &actor("sari"), minutes(1))
}

/// One case of each status.
fn every_status() -> [(CaseStatus, Case); 6] {
    let held = || open("publik", Review, Publik).unwrap();
    [
        (CaseStatus::InReview, held()),
        (CaseStatus::Published, open("publik", Publish, Publik).unwrap()),
        (CaseStatus::Confidential, open("publik", Publish, Rahasia).unwrap()),
        (CaseStatus::Rejected, held().resolve(Resolution::Reject(RejectReason::Spam), AT).unwrap()),
        (CaseStatus::Returned, apply(held(), &Change::Return(agency())).unwrap()),
        (CaseStatus::Edited, apply(held(), &Change::Edit(edited().text_hash())).unwrap()),
    ]
}

#[test]
fn every_change_in_every_status_is_legal_or_refused() {
    use CaseStatus::{Confidential, Edited, InReview, Rejected, Returned};
    let other = TextHash::parse(&"ab".repeat(32)).unwrap();
    // In the order of `every_status`: in review, published, confidential, rejected, returned, edited.
    let table: [(Change, [Option<CaseStatus>; 6]); 10] = [
        (Change::Claim { until: minutes(20) }, [Some(InReview), None, None, None, None, None]),
        (Change::Release, [None; 6]),
        (Change::Resolve(Resolution::Confidential), [Some(Confidential), Some(Confidential), None, None, None, None]),
        (Change::Return(agency()), [Some(Returned), Some(Returned), Some(Returned), None, None, None]),
        (Change::Tighten(Rahasia), [Some(InReview), Some(Confidential), None, Some(Rejected), Some(Returned), None]),
        (
            Change::Choose(Rahasia),
            [Some(InReview), Some(Confidential), Some(Confidential), Some(Rejected), Some(Returned), Some(Edited)],
        ),
        (Change::Correct(Labels::default()), CaseStatus::all_six().map(Some)),
        (Change::Appeal, [None, None, None, Some(InReview), Some(InReview), None]),
        (Change::Edit(other), [Some(Edited); 6]),
        (Change::Overdue, [Some(InReview), None, None, None, None, None]),
    ];
    for (change, expected) in table {
        for ((status, case), expected) in every_status().into_iter().zip(expected) {
            let (before, name) = (case.version(), format!("{}: {}", status.code(), change.action().code()));
            let after = apply(case, &change);
            assert_eq!(after.as_ref().ok().map(Case::status), expected, "{name}: {after:?}");
            let Ok(after) = after else { continue };
            assert_eq!(after.version(), before + 1, "{name}");
            assert_eq!(after.record().publication.is_some(), after.status() == CaseStatus::Published, "{name}");
            let decides = !matches!(change, Change::Claim { .. } | Change::Overdue);
            assert_eq!(after.record().decided.version == after.version(), decides, "{name}");
        }
    }
}

impl CaseStatus {
    fn all_six() -> [Self; 6] {
        every_status().map(|(status, _)| status)
    }
}

#[test]
fn a_lock_keeps_others_out_until_it_ends() {
    let held = open("publik", Review, Publik).unwrap();
    let taken = held.clone().change(&Change::Claim { until: minutes(20) }, &actor("sari"), AT).unwrap();
    let publish = Change::Resolve(Resolution::Publish);
    let by = |name: &str, at, change: &Change| taken.clone().change(change, &actor(name), minutes(at));
    assert_eq!(by("budi", 19, &publish), Err(CaseError::Taken { until: minutes(20) }));
    assert_eq!(by("budi", 19, &Change::Claim { until: minutes(30) }), Err(CaseError::Taken { until: minutes(20) }));
    assert_eq!(by("budi", 19, &Change::Release), Err(CaseError::NotTaken));
    assert_eq!(by("budi", 19, &Change::Expire), Err(CaseError::NotTaken));
    assert_eq!(by("budi", 19, &Change::Unlock).unwrap().record().lock, None);
    assert_eq!(by("budi", 20, &Change::Expire).unwrap().record().lock, None);
    assert_eq!(by("budi", 20, &publish).unwrap().status(), CaseStatus::Published);
    assert_eq!(by("sari", 19, &publish).unwrap().record().lock, None);
    assert_eq!(by("sari", 19, &Change::Release).unwrap().record().lock, None);
    let longer = by("sari", 19, &Change::Claim { until: minutes(40) }).unwrap();
    assert_eq!(longer.record().lock.as_ref().map(|l| l.until), Some(minutes(40)));
    for until in [AT, minutes(61)] {
        let refused = held.clone().change(&Change::Claim { until }, &actor("sari"), AT);
        assert_eq!(refused, Err(CaseError::LockLength));
    }
}

#[test]
fn visibility_only_tightens_and_a_tightened_report_stays_where_it_was() {
    let published = open("publik", Publish, Publik).unwrap();
    let anonymous = apply(published, &Change::Tighten(Anonim)).unwrap();
    assert_eq!((anonymous.status(), anonymous.record().visibility), (CaseStatus::Published, Anonim));
    for to in [Publik, Anonim] {
        let refused = apply(anonymous.clone(), &Change::Tighten(to));
        assert_eq!(refused, Err(CaseError::Loosened { from: "anonim", to: to.code() }));
    }
    let secret = apply(anonymous, &Change::Tighten(Rahasia)).unwrap();
    assert_eq!(secret.status(), CaseStatus::Confidential);
}

#[test]
fn what_a_reporter_chooses_later_only_tightens_and_no_lock_holds_it_up() {
    let published = open("publik", Publish, Publik).unwrap();
    let anonymous = published.clone().change(&Change::Choose(Anonim), &Actor::reporter(), minutes(1)).unwrap();
    let record = anonymous.record();
    assert_eq!((anonymous.status(), record.chosen, record.visibility), (CaseStatus::Published, Anonim, Anonim));
    for to in [Publik, Anonim] {
        let refused = anonymous.clone().change(&Change::Choose(to), &Actor::reporter(), minutes(2));
        assert_eq!(refused, Err(CaseError::Loosened { from: "anonim", to: to.code() }));
    }
    let secret = apply(published, &Change::Choose(Rahasia)).unwrap();
    assert_eq!((secret.status(), &secret.record().publication), (CaseStatus::Confidential, &None));
    // A moderator had tightened it already: the choice is noted, and nothing gets looser.
    let tightened = apply(open("publik", Review, Publik).unwrap(), &Change::Tighten(Rahasia)).unwrap();
    let noted = apply(tightened, &Change::Choose(Anonim)).unwrap();
    assert_eq!((noted.record().chosen, noted.record().visibility), (Anonim, Rahasia));
    let taken = open("publik", Review, Publik).unwrap();
    let taken = taken.change(&Change::Claim { until: minutes(20) }, &actor("budi"), AT).unwrap();
    let chosen = taken.change(&Change::Choose(Rahasia), &Actor::reporter(), minutes(1)).unwrap();
    assert_eq!(chosen.record().lock.as_ref().map(|lock| &lock.holder), Some(&actor("budi")));
}

#[test]
fn a_report_is_appealed_once_and_a_person_decides_again() {
    let held = open("publik", Review, Publik).unwrap();
    let rejected = held.resolve(Resolution::Reject(RejectReason::Hoax), AT).unwrap();
    let appealed = apply(rejected, &Change::Appeal).unwrap();
    assert_eq!((appealed.record().rejection, appealed.record().appealed_at), (None, Some(minutes(1))));
    let again = appealed.resolve(Resolution::Reject(RejectReason::Hoax), minutes(2)).unwrap();
    assert_eq!(apply(again, &Change::Appeal), Err(CaseError::AppealedBefore));
}

#[test]
fn an_edited_text_is_held_until_it_is_screened() {
    let new = edited();
    let screen = |case: Case, decision, visibility| {
        let held = apply(case, &Change::Edit(new.text_hash())).unwrap();
        assert_eq!((held.status(), held.record().publication.is_none()), (CaseStatus::Edited, true));
        held.rescreen(&new, screened(&new, decision, visibility), minutes(2)).unwrap()
    };
    let published = || open("publik", Publish, Publik).unwrap();
    let cases = [
        ("clean before and after", published(), Publish, Publik, CaseStatus::Published, Publik),
        ("no longer clean", published(), Review, Publik, CaseStatus::InReview, Publik),
        ("now confidential", published(), Publish, Rahasia, CaseStatus::Confidential, Rahasia),
        ("held before", open("publik", Review, Publik).unwrap(), Publish, Publik, CaseStatus::InReview, Publik),
        (
            "published by a person before",
            open("publik", Review, Publik).unwrap().resolve(Resolution::Publish, AT).unwrap(),
            Publish,
            Publik,
            CaseStatus::InReview,
            Publik,
        ),
        (
            "tightened before",
            apply(published(), &Change::Tighten(Anonim)).unwrap(),
            Publish,
            Publik,
            CaseStatus::Published,
            Anonim,
        ),
    ];
    for (name, case, decision, visibility, status, after) in cases {
        let case = screen(case, decision, visibility);
        assert_eq!((case.status(), case.record().visibility), (status, after), "{name}");
        assert_eq!(case.record().screened.text_hash, new.text_hash());
    }
}

#[test]
fn a_verdict_about_no_changed_text_is_refused() {
    let (old, new) = (report("publik"), edited());
    let published = open("publik", Publish, Publik).unwrap();
    assert_eq!(apply(published.clone(), &Change::Edit(old.text_hash())), Err(CaseError::SameText));
    let again = published.clone().rescreen(&old, screened(&old, Publish, Publik), AT);
    assert!(matches!(again, Err(CaseError::Refused { change: "rescreened", .. })), "{again:?}");
    let held = apply(published, &Change::Edit(new.text_hash())).unwrap();
    let stale = held.clone().rescreen(&old, screened(&old, Publish, Publik), AT);
    assert_eq!(stale, Err(CaseError::OtherText));
    let crossed = held.rescreen(&new, screened(&old, Publish, Publik), AT);
    assert_eq!(crossed, Err(CaseError::OtherText));
}

#[test]
fn corrected_labels_count_and_the_verdict_stays() {
    use crate::score::{Fine, Flag};
    let labels = Labels {
        flags: vec![(Flag::Spam, Mark::Absent), (Flag::Abuse, Mark::Present)],
        fine: vec![Fine::parse("abuse.hate").unwrap()],
        category: Some(LabelCode::parse("perhubungan").unwrap()),
        agency: Some(agency()),
        region: Some(NamedRegion { code: "33.74".into(), name: "Kota Semarang, Jawa Tengah".into() }),
        ..Labels::default()
    };
    let change = Change::Correct(labels);
    assert_eq!(change.detail(), "spam=0 abuse=1 abuse.hate category=perhubungan agency=dinas_perhubungan region=33.74");
    let case = apply(open("publik", Review, Publik).unwrap(), &change).unwrap();
    assert_eq!(case.record().category(), Some("perhubungan"));
    assert_eq!(case.record().agency(), Some(agency()));
    assert_eq!(case.record().region().map(|r| r.code.as_str()), Some("33.74"));
    assert!(case.record().screened.category.is_empty());
    for wrong in ["", "Jalan", "jalan raya", &"a".repeat(65)] {
        assert_eq!(LabelCode::parse(wrong), Err(LabelError::Code), "{wrong}");
    }
    assert_eq!(agency_name(" \n"), Err(LabelError::AgencyName));
}
