//! Cases and audit events as items, and back.

use std::cell::RefCell;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use saring_domain::agency::AgencyType;
use saring_domain::case::{
    Actor, AuditAction, AuditEvent, AuditHash, CaseId, CaseRecord, CaseStatus, Decided, EditedFrom, Lock, MatchedClaim,
    ModelVersion, NamedAgency, NamedRegion, PendingEdit, PolicyVersion, Publication, PublishedBy, RankedAgency,
    RejectReason, Screened,
};
use saring_domain::pii::{PiiKind, PiiSpan};
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::priority::Rank;
use saring_domain::report::{ReportId, TextHash, Visibility};
use saring_domain::score::{Fine, Flag, Highlight, Ranked, Score, ScoreError};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Attributes, DecodeError, Reader, Writer, value_error};
use crate::labels::{labels, labels_json};
use crate::names as n;
use crate::resting::{asked, escalated, escalated_json, proposal, proposal_json};

/// Longest JSON of a screening; leaves room for the text below the item limit of 400 KB.
pub(crate) const SCREENED_BYTES_MAX: usize = 128 * 1024;

/// What is only ever read together with its case.
#[derive(Serialize, Deserialize)]
struct ScreenedWire {
    reasons: Vec<ReasonWire>,
    pii: Vec<SpanWire>,
    flags: Vec<RankedWire>,
    fine: Vec<RankedWire>,
    category: Vec<RankedWire>,
    agency: Vec<AgencyWire>,
    region: Option<RegionWire>,
    claims: Vec<ClaimWire>,
    highlights: Vec<HighlightWire>,
}

#[derive(Serialize, Deserialize)]
struct ReasonWire {
    code: String,
    detail: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SpanWire {
    kind: String,
    start: usize,
    end: usize,
}

#[derive(Serialize, Deserialize)]
struct RankedWire {
    code: String,
    score: f32,
}

#[derive(Serialize, Deserialize)]
struct AgencyWire {
    #[serde(rename = "type")]
    agency: String,
    name: String,
    score: f32,
    why: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct RegionWire {
    code: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct ClaimWire {
    id: String,
    title: String,
    url: Option<String>,
    verdict: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    score: f32,
    /// Absent in items of before spans were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<(usize, usize)>,
}

#[derive(Serialize, Deserialize)]
struct HighlightWire {
    flag: String,
    start: usize,
    end: usize,
    weight: f32,
}

impl From<&Screened> for ScreenedWire {
    fn from(screened: &Screened) -> Self {
        let ranked = |code: &str, score: Score| RankedWire { code: code.to_owned(), score: score.get() };
        Self {
            reasons: (screened.verdict.reasons.iter())
                .map(|r| ReasonWire { code: r.code.clone(), detail: r.detail.clone() })
                .collect(),
            pii: (screened.pii.iter()).map(span_wire).collect(),
            flags: screened.flags.iter().map(|(flag, score)| ranked(flag.code(), *score)).collect(),
            fine: screened.fine.iter().map(|(fine, score)| ranked(fine.code(), *score)).collect(),
            category: screened.category.iter().map(|c| ranked(&c.code, c.score)).collect(),
            agency: (screened.agency.iter())
                .map(|a| AgencyWire {
                    agency: a.agency.code().to_owned(),
                    name: a.name.clone(),
                    score: a.score.get(),
                    why: a.why.clone(),
                })
                .collect(),
            region: screened.region.as_ref().map(|r| RegionWire { code: r.code.clone(), name: r.name.clone() }),
            claims: (screened.claims.iter())
                .map(|c| ClaimWire {
                    id: c.id.clone(),
                    title: c.title.clone(),
                    url: c.url.clone(),
                    verdict: c.verdict.clone(),
                    date: c.date.clone(),
                    score: c.score.get(),
                    span: c.span,
                })
                .collect(),
            highlights: (screened.highlights.iter())
                .map(|h| HighlightWire { flag: h.flag.code().to_owned(), start: h.start, end: h.end, weight: h.weight })
                .collect(),
        }
    }
}

/// The attributes of a case item without those of the indexes.
pub(crate) fn case_item(case: &CaseRecord) -> Result<Attributes, StoreError> {
    let screened = &case.screened;
    let json = serde_json::to_string(&ScreenedWire::from(screened)).expect("the wire form has only json types");
    if json.len() > SCREENED_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "the screening", actual: json.len(), limit: SCREENED_BYTES_MAX });
    }
    let mut item = Writer::default()
        .text(n::PK, n::case_pk(case.id))
        .text(n::SK, n::CASE_SK)
        .text(n::CASE_ID, case.id.to_string())
        .text(n::REPORT_ID, case.report_id.as_str())
        .number(n::VERSION, case.version)
        .text(n::STATUS, case.status.code())
        .text(n::CHOSEN, case.chosen.code())
        .text(n::VISIBILITY, case.visibility.code())
        .text(n::DECISION, screened.verdict.decision.code())
        .text(n::DECIDED_VISIBILITY, screened.verdict.visibility.code())
        .text(n::TEXT_HASH, screened.text_hash.as_str())
        .text(n::MODEL, screened.model.as_str())
        .text(n::POLICY, screened.policy.as_str())
        .bytes(n::SCREENED, packed(&json))
        .text(n::PUBLIC_TEXT, &screened.public_text)
        .optional_text(n::PUBLIC_CATEGORY, case.category())
        .optional_text(n::PUBLIC_AGENCY, case.agency().as_ref().map(NamedAgency::name))
        .optional_text(n::PUBLIC_REGION_CODE, case.region().map(|r| &r.code))
        .optional_text(n::PUBLIC_REGION_NAME, case.region().map(|r| &r.name))
        .optional_text(n::REJECTION, case.rejection.map(RejectReason::code))
        .optional_text(n::RETURNED_TYPE, case.returned.as_ref().map(|a| a.agency().code()))
        .optional_text(n::RETURNED_NAME, case.returned.as_ref().map(NamedAgency::name))
        .optional_text(n::LABELS, case.labels.as_ref().map(labels_json))
        .optional_text(n::LOCK_HOLDER, case.lock.as_ref().map(|l| l.holder.as_str()))
        .optional_time(n::LOCK_UNTIL, case.lock.as_ref().map(|l| l.until))
        .optional_text(n::EDIT_TEXT_HASH, case.edit.as_ref().map(|e| e.text_hash.as_str()))
        .optional_text(n::EDIT_FROM, case.edit.as_ref().map(|e| e.from.code()))
        .optional_text(n::PROPOSAL, case.proposal.as_ref().map(proposal_json))
        .optional_text(n::ASKED_REASON, case.asked.map(|a| a.reason.code()))
        .optional_time(n::ASKED_AT, case.asked.map(|a| a.at))
        .optional_text(n::ESCALATED, case.escalated.as_ref().map(escalated_json))
        .number(n::RANK, case.rank.number())
        .optional_time(n::APPEALED_AT, case.appealed_at)
        .optional_time(n::OVERDUE_AT, case.overdue_at)
        .number(n::DECIDED_VERSION, case.decided.version)
        .time(n::DECIDED_AT, case.decided.at)
        .time(n::RECEIVED_AT, case.received_at)
        .time(n::CHANGED_AT, case.changed_at);
    if let Some(publication) = &case.publication {
        item = item
            .time(n::PUBLISHED_AT, publication.at)
            .text(n::PUBLISHED_BY, publication.by.code())
            .number(n::PUBLISHED_VERSION, publication.version)
            .text(n::PUBLISHED_TEXT_HASH, publication.text_hash.as_str())
            .text(n::PUBLISHED_MODEL, publication.model.as_str())
            .text(n::PUBLISHED_POLICY, publication.policy.as_str());
    }
    Ok(item.finish())
}

/// The record of a case item, which may contradict itself.
pub(crate) fn case_record(item: &Attributes) -> Result<CaseRecord, DecodeError> {
    let item = Reader(item);
    let screened = screened(item)?;
    let (received_at, appealed_at) = (item.time(n::RECEIVED_AT)?, item.optional_time(n::APPEALED_AT)?);
    let rank = match item.optional_number(n::RANK)? {
        Some(rank) => Rank::from_number(rank),
        // A case from before there were ranks.
        None => Rank::of(&screened, appealed_at.unwrap_or(received_at)),
    };
    Ok(CaseRecord {
        id: item.parsed(n::CASE_ID, CaseId::parse)?,
        report_id: item.parsed(n::REPORT_ID, ReportId::parse)?,
        version: item.number(n::VERSION)?,
        status: item.parsed(n::STATUS, status)?,
        chosen: item.parsed(n::CHOSEN, Visibility::parse)?,
        visibility: item.parsed(n::VISIBILITY, Visibility::parse)?,
        screened,
        publication: publication(item)?,
        rejection: item.optional_parsed(n::REJECTION, |code| RejectReason::parse(code).ok_or(()))?,
        returned: returned(item)?,
        labels: item.optional_text(n::LABELS)?.map(labels).transpose()?,
        lock: lock(item)?,
        edit: edit(item)?,
        proposal: proposal(item)?,
        asked: asked(item)?,
        escalated: escalated(item)?,
        rank,
        appealed_at,
        overdue_at: item.optional_time(n::OVERDUE_AT)?,
        decided: Decided { version: item.number(n::DECIDED_VERSION)?, at: item.time(n::DECIDED_AT)? },
        received_at,
        changed_at: item.time(n::CHANGED_AT)?,
    })
}

fn status(code: &str) -> Result<CaseStatus, ()> {
    CaseStatus::ALL.into_iter().find(|s| s.code() == code).ok_or(())
}

fn returned(item: Reader<'_>) -> Result<Option<NamedAgency>, DecodeError> {
    let Some(agency) = item.optional_parsed(n::RETURNED_TYPE, AgencyType::parse)? else { return Ok(None) };
    item.parsed(n::RETURNED_NAME, |name| NamedAgency::new(agency, name)).map(Some)
}

fn lock(item: Reader<'_>) -> Result<Option<Lock>, DecodeError> {
    let Some(holder) = item.optional_parsed(n::LOCK_HOLDER, Actor::parse)? else { return Ok(None) };
    Ok(Some(Lock { holder, until: item.time(n::LOCK_UNTIL)? }))
}

fn edit(item: Reader<'_>) -> Result<Option<PendingEdit>, DecodeError> {
    let Some(text_hash) = item.optional_parsed(n::EDIT_TEXT_HASH, TextHash::parse)? else { return Ok(None) };
    let from = item.parsed(n::EDIT_FROM, |code| EditedFrom::parse(code).ok_or(()))?;
    Ok(Some(PendingEdit { text_hash, from }))
}

fn publication(item: Reader<'_>) -> Result<Option<Publication>, DecodeError> {
    let Some(at) = item.optional_number(n::PUBLISHED_AT)? else { return Ok(None) };
    Ok(Some(Publication {
        at: saring_domain::case::Timestamp::from_unix_ms(at),
        by: item.parsed(n::PUBLISHED_BY, |code| {
            [PublishedBy::Screening, PublishedBy::Moderator].into_iter().find(|by| by.code() == code).ok_or(())
        })?,
        version: item.number(n::PUBLISHED_VERSION)?,
        text_hash: item.parsed(n::PUBLISHED_TEXT_HASH, TextHash::parse)?,
        model: item.parsed(n::PUBLISHED_MODEL, ModelVersion::parse)?,
        policy: item.parsed(n::PUBLISHED_POLICY, PolicyVersion::parse)?,
    }))
}

fn screened(item: Reader<'_>) -> Result<Screened, DecodeError> {
    let wire: ScreenedWire =
        serde_json::from_slice(&unpacked(item.bytes(n::SCREENED)?)?).map_err(|_| value_error(n::SCREENED))?;
    let bad_score = |_: ScoreError| value_error(n::SCREENED);
    let score = |value: f32| Score::new(value).map_err(bad_score);
    let ranked = |r: RankedWire| Ok(Ranked { code: r.code, score: score(r.score)? });
    let flags = wire.flags.into_iter().map(|f| Ok((flag(&f.code)?, score(f.score)?)));
    let fine = wire.fine.into_iter().map(|f| {
        let label = Fine::parse(&f.code).map_err(|_| value_error(n::SCREENED))?;
        Ok((label, score(f.score)?))
    });
    let agency = wire.agency.into_iter().map(|a| {
        let agency = AgencyType::parse(&a.agency).map_err(|_| value_error(n::SCREENED))?;
        Ok(RankedAgency { agency, name: a.name, score: score(a.score)?, why: a.why })
    });
    let claims = wire.claims.into_iter().map(|c| {
        let (id, title, url, verdict, date) = (c.id, c.title, c.url, c.verdict, c.date);
        Ok(MatchedClaim { id, title, url, verdict, date, score: score(c.score)?, span: c.span })
    });
    let highlights = wire
        .highlights
        .into_iter()
        .map(|h| Ok(Highlight { flag: flag(&h.flag)?, start: h.start, end: h.end, weight: h.weight }));
    Ok(Screened {
        verdict: Verdict {
            decision: item.parsed(n::DECISION, decision)?,
            visibility: item.parsed(n::DECIDED_VISIBILITY, Visibility::parse)?,
            reasons: wire.reasons.into_iter().map(|r| Reason { code: r.code, detail: r.detail }).collect(),
        },
        text_hash: item.parsed(n::TEXT_HASH, TextHash::parse)?,
        model: item.parsed(n::MODEL, ModelVersion::parse)?,
        policy: item.parsed(n::POLICY, PolicyVersion::parse)?,
        public_text: item.text(n::PUBLIC_TEXT)?.to_owned(),
        pii: wire.pii.iter().map(span).collect::<Result<_, _>>()?,
        flags: flags.collect::<Result<_, DecodeError>>()?,
        fine: fine.collect::<Result<_, DecodeError>>()?,
        category: wire.category.into_iter().map(ranked).collect::<Result<_, DecodeError>>()?,
        agency: agency.collect::<Result<_, DecodeError>>()?,
        region: wire.region.map(|r| NamedRegion { code: r.code, name: r.name }),
        claims: claims.collect::<Result<_, DecodeError>>()?,
        highlights: highlights.collect::<Result<_, DecodeError>>()?,
    })
}

pub(crate) fn span_wire(span: &PiiSpan) -> SpanWire {
    SpanWire { kind: span.kind.code().to_owned(), start: span.start, end: span.end }
}

thread_local! {
    /// Its tables are larger than what is packed; making them anew costs more than packing.
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new(Compression::best(), false));
}

/// Packed, a usual case is two units of writes instead of four.
fn packed(json: &str) -> Vec<u8> {
    const STEP_BYTES: usize = 1024;
    PACKER.with_borrow_mut(|packer| {
        packer.reset();
        let mut out = Vec::with_capacity(STEP_BYTES);
        loop {
            let rest = &json.as_bytes()[packer.total_in() as usize..];
            let status = packer.compress_vec(rest, &mut out, FlushCompress::Finish);
            if status.expect("packing in memory cannot fail") == Status::StreamEnd {
                return out;
            }
            out.reserve(STEP_BYTES);
        }
    })
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut json = Vec::new();
    let limit = SCREENED_BYTES_MAX as u64 + 1;
    let read = DeflateDecoder::new(bytes).take(limit).read_to_end(&mut json);
    match read {
        Ok(length) if length <= SCREENED_BYTES_MAX => Ok(json),
        _ => Err(value_error(n::SCREENED)),
    }
}

fn decision(code: &str) -> Result<Decision, ()> {
    [Decision::Publish, Decision::Review].into_iter().find(|d| d.code() == code).ok_or(())
}

pub(crate) fn flag(code: &str) -> Result<Flag, DecodeError> {
    Flag::ALL.into_iter().find(|f| f.code() == code).ok_or(value_error(n::SCREENED))
}

pub(crate) fn span(span: &SpanWire) -> Result<PiiSpan, DecodeError> {
    let kind = PiiKind::ALL.into_iter().find(|k| k.code() == span.kind).ok_or(value_error(n::SCREENED))?;
    Ok(PiiSpan { kind, start: span.start, end: span.end })
}

/// An event as an item of its case.
pub(crate) fn audit_item(event: &AuditEvent) -> Attributes {
    Writer::default()
        .text(n::PK, n::case_pk(event.case))
        .text(n::SK, n::audit_sk(event.sequence))
        .text(n::CASE_ID, event.case.to_string())
        .number(n::AUDIT_SEQUENCE, event.sequence)
        .time(n::AT, event.at)
        .text(n::ACTOR, event.actor.as_str())
        .text(n::ACTION, event.action.code())
        .number(n::VERSION, event.case_version)
        .text(n::TEXT_HASH, event.text_hash.as_str())
        .optional_text(n::MODEL, event.model.as_ref().map(ModelVersion::as_str))
        .optional_text(n::POLICY, event.policy.as_ref().map(PolicyVersion::as_str))
        .text(n::DETAIL, &event.detail)
        .text(n::PREVIOUS, event.previous.as_str())
        .finish()
}

/// The event of an item.
pub(crate) fn audit_event(item: &Attributes) -> Result<AuditEvent, DecodeError> {
    let item = Reader(item);
    Ok(AuditEvent {
        case: item.parsed(n::CASE_ID, CaseId::parse)?,
        sequence: item.number(n::AUDIT_SEQUENCE)?,
        at: item.time(n::AT)?,
        actor: item.parsed(n::ACTOR, Actor::parse)?,
        action: item.parsed(n::ACTION, |code| AuditAction::ALL.into_iter().find(|a| a.code() == code).ok_or(()))?,
        case_version: item.number(n::VERSION)?,
        text_hash: item.parsed(n::TEXT_HASH, TextHash::parse)?,
        model: item.optional_parsed(n::MODEL, ModelVersion::parse)?,
        policy: item.optional_parsed(n::POLICY, PolicyVersion::parse)?,
        detail: item.text(n::DETAIL)?.to_owned(),
        previous: item.parsed(n::PREVIOUS, AuditHash::parse)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_of_before_spans_were_kept_is_read() {
        let read = |json: &str| serde_json::from_str::<ClaimWire>(json).map(|claim| claim.span).ok();
        let before = r#"{"id":"k","title":"t","url":null,"verdict":"SALAH","score":0.5}"#;
        assert_eq!(read(before), Some(None));
        assert_eq!(read(&before.replace('}', ",\"span\":[3,9]}")), Some(Some((3, 9))));
    }
}
