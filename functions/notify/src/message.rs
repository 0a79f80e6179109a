//! The message that others read, version 1: fields are only ever added; anything else is version 2
//! beside it. `schema/decision-1.json` describes it.

use saring_domain::case::{Case, CaseId, NamedAgency, RejectReason};
use saring_domain::trace::{Step, TraceParent};
use saring_store::{DecisionMessage, ErasedCase};
use serde::Serialize;

/// Names the form of the message.
pub const SCHEMA_NAME: &str = "saring.decision";
/// Version of the form.
pub const SCHEMA_VERSION: u32 = 1;

const ERASED: &str = "erased";
const ERASED_WORDS: WordsWire =
    WordsWire { id: "Laporan ini sudah dihapus beserta isinya.", en: "This report was erased with all that it said." };

#[derive(Serialize)]
struct DecisionWire<'a> {
    schema: &'static str,
    version: u32,
    event_id: &'a str,
    report_id: &'a str,
    case_id: String,
    case_version: u64,
    status: &'static str,
    decided_at: String,
    received_at: Option<String>,
    visibility: Option<&'static str>,
    message: WordsWire,
    reasons: Vec<ReasonWire<'a>>,
    rejection: Option<RejectionWire>,
    asked: Option<RejectionWire>,
    returned_to: Option<AgencyWire<'a>>,
    category: Option<&'a str>,
    agency: Option<AgencyWire<'a>>,
    region: Option<RegionWire<'a>>,
    model: Option<&'a str>,
    policy: Option<&'a str>,
}

#[derive(Serialize)]
struct WordsWire {
    id: &'static str,
    en: &'static str,
}

#[derive(Serialize)]
struct ReasonWire<'a> {
    code: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct RejectionWire {
    code: &'static str,
    #[serde(flatten)]
    words: WordsWire,
}

#[derive(Serialize)]
struct AgencyWire<'a> {
    r#type: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct RegionWire<'a> {
    code: &'a str,
    name: &'a str,
}

fn agency(agency: &NamedAgency) -> AgencyWire<'_> {
    AgencyWire { r#type: agency.agency().code(), name: agency.name() }
}

fn rejection(reason: RejectReason) -> RejectionWire {
    RejectionWire { code: reason.code(), words: WordsWire { id: reason.words_id(), en: reason.words_en() } }
}

/// What a case says now. Locks and clocks don't change it: the same decision has the same message.
#[must_use]
pub fn decision(case: &Case) -> DecisionMessage {
    let record = case.record();
    let event_id = format!("{}.{}", record.id, record.decided.version);
    let named = record.agency();
    let status = record.status;
    let wire = DecisionWire {
        schema: SCHEMA_NAME,
        version: SCHEMA_VERSION,
        event_id: &event_id,
        report_id: record.report_id.as_str(),
        case_id: record.id.to_string(),
        case_version: record.decided.version,
        status: status.code(),
        decided_at: record.decided.at.rfc3339(),
        received_at: Some(record.received_at.rfc3339()),
        visibility: Some(record.visibility.code()),
        message: WordsWire { id: status.words_id(), en: status.words_en() },
        reasons: (record.screened.verdict.reasons.iter())
            .map(|r| ReasonWire { code: &r.code, detail: &r.detail })
            .collect(),
        rejection: record.rejection.map(rejection),
        asked: record.asked.map(|asked| {
            let (id, en) = (asked.reason.words_id(), asked.reason.words_en());
            RejectionWire { code: asked.reason.code(), words: WordsWire { id, en } }
        }),
        returned_to: record.returned.as_ref().map(agency),
        category: record.category(),
        agency: named.as_ref().map(agency),
        region: record.region().map(|r| RegionWire { code: &r.code, name: &r.name }),
        model: Some(record.screened.model.as_str()),
        policy: Some(record.screened.policy.as_str()),
    };
    message(record.id, &wire)
}

/// That a case is gone: drop what you were told about it.
#[must_use]
pub fn erasure(erased: &ErasedCase) -> DecisionMessage {
    let event_id = format!("{}.{}", erased.case, erased.version);
    let wire = DecisionWire {
        schema: SCHEMA_NAME,
        version: SCHEMA_VERSION,
        event_id: &event_id,
        report_id: erased.report.as_str(),
        case_id: erased.case.to_string(),
        case_version: erased.version,
        status: ERASED,
        decided_at: erased.at.rfc3339(),
        received_at: None,
        visibility: None,
        message: ERASED_WORDS,
        reasons: Vec::new(),
        rejection: None,
        asked: None,
        returned_to: None,
        category: None,
        agency: None,
        region: None,
        model: None,
        policy: None,
    };
    message(erased.case, &wire)
}

fn message(case: CaseId, wire: &DecisionWire<'_>) -> DecisionMessage {
    DecisionMessage {
        group: wire.case_id.clone(),
        event_id: wire.event_id.to_owned(),
        trace: TraceParent::of(case, Step::Notify),
        body: serde_json::to_string(wire).expect("the wire form has only json types"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use saring_domain::agency::AgencyType;
    use saring_domain::case::{
        ModelVersion, NamedRegion, Opened, PolicyVersion, RankedAgency, Resolution, Screened, Timestamp,
    };
    use saring_domain::policy::{Decision, Reason, Verdict};
    use saring_domain::report::{Report, Visibility};
    use saring_domain::score::{Ranked, Score};

    use super::*;

    const EXAMPLE: &str = include_str!("../schema/example-1.json");
    const AT: Timestamp = Timestamp::from_unix_ms(1_795_500_000_000);

    fn case() -> Case {
        let report = Report::from_json(br#"{"id":"lapor-1","text":"Promo: WA 0812 3456 7890"}"#).unwrap();
        let score = |value| Score::new(value).unwrap();
        let screened = Screened {
            verdict: Verdict {
                decision: Decision::Review,
                visibility: Visibility::Anonim,
                reasons: vec![Reason { code: "spam.promo".into(), detail: "promosi barang atau jasa".into() }],
            },
            text_hash: report.text_hash(),
            model: ModelVersion::parse("2026-11-24.2").unwrap(),
            policy: PolicyVersion::parse("2026-11-24.2").unwrap(),
            public_text: "Promo: WA [TELP]".to_owned(),
            pii: Vec::new(),
            flags: Vec::new(),
            fine: Vec::new(),
            category: vec![Ranked { code: "lainnya".into(), score: score(0.5) }],
            agency: vec![RankedAgency {
                agency: AgencyType::parse("dinas_perhubungan").unwrap(),
                name: "Dinas Perhubungan Kota Semarang".into(),
                score: score(0.5),
                why: vec!["disebut".into()],
            }],
            region: Some(NamedRegion { code: "33.74".into(), name: "Kota Semarang, Jawa Tengah".into() }),
            claims: Vec::new(),
            highlights: Vec::new(),
        };
        let id = CaseId::parse("0123456789ABCDEF").unwrap();
        let case = Case::open(&report, id, screened, Opened { received_at: AT, screened_at: AT }).unwrap();
        case.resolve(Resolution::Reject(RejectReason::Spam), AT).unwrap()
    }

    #[test]
    fn a_decision_is_exactly_the_example_beside_the_schema() {
        let message = decision(&case());
        let said: serde_json::Value = serde_json::from_str(&message.body).unwrap();
        let example: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
        assert_eq!(said, example, "{}", serde_json::to_string_pretty(&said).unwrap());
        assert_eq!((message.group.as_str(), message.event_id.as_str()), ("0123456789ABCDEF", "0123456789ABCDEF.2"));
        assert!(!message.body.contains("Promo:") && !message.body.contains("TELP"), "the text stays here");
    }
}
