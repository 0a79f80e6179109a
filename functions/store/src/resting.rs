//! Resting decisions, questions and escalations as attributes, and back.

use saring_domain::agency::AgencyType;
use saring_domain::case::{Actor, AskReason, Asked, Escalated, LabelCode, NamedAgency, Proposal, Ruling, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{DecodeError, Reader, value_error};
use crate::names as n;

#[derive(Serialize, Deserialize)]
struct ProposalWire {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agency: Option<(String, String)>,
    why: String,
    by: String,
    at: u64,
    due: u64,
}

#[derive(Serialize, Deserialize)]
struct EscalatedWire {
    why: String,
    by: String,
    at: u64,
}

pub(crate) fn proposal_json(proposal: &Proposal) -> String {
    let (reason, agency) = match &proposal.ruling {
        Ruling::Return(agency) => (None, Some((agency.agency().code().to_owned(), agency.name().to_owned()))),
        Ruling::Ask(reason) => (Some(reason.code().to_owned()), None),
        // `reject.spam`
        ruling @ Ruling::Resolve(_) => (ruling.code().split_once('.').map(|(_, reason)| reason.to_owned()), None),
    };
    let wire = ProposalWire {
        kind: proposal.ruling.kind().to_owned(),
        reason,
        agency,
        why: proposal.why.as_str().to_owned(),
        by: proposal.by.as_str().to_owned(),
        at: proposal.at.unix_ms(),
        due: proposal.due.unix_ms(),
    };
    serde_json::to_string(&wire).expect("the wire form has only json types")
}

pub(crate) fn proposal(item: Reader<'_>) -> Result<Option<Proposal>, DecodeError> {
    let bad = value_error(n::PROPOSAL);
    let Some(json) = item.optional_text(n::PROPOSAL)? else { return Ok(None) };
    let wire: ProposalWire = serde_json::from_str(json).map_err(|_| bad)?;
    let ruling = match &wire.agency {
        Some((code, name)) => {
            let agency = AgencyType::parse(code).map_err(|_| bad)?;
            Ruling::Return(NamedAgency::new(agency, name).map_err(|_| bad)?)
        }
        None => Ruling::parse(&wire.kind, wire.reason.as_deref().unwrap_or_default()).ok_or(bad)?,
    };
    Ok(Some(Proposal {
        ruling,
        why: LabelCode::parse(&wire.why).map_err(|_| bad)?,
        by: Actor::parse(&wire.by).map_err(|_| bad)?,
        at: Timestamp::from_unix_ms(wire.at),
        due: Timestamp::from_unix_ms(wire.due),
    }))
}

pub(crate) fn asked(item: Reader<'_>) -> Result<Option<Asked>, DecodeError> {
    let reason = item.optional_parsed(n::ASKED_REASON, |code| AskReason::parse(code).ok_or(()))?;
    reason.map(|reason| Ok(Asked { reason, at: item.time(n::ASKED_AT)? })).transpose()
}

pub(crate) fn escalated_json(escalated: &Escalated) -> String {
    let (why, by) = (escalated.why.as_str().to_owned(), escalated.by.as_str().to_owned());
    let wire = EscalatedWire { why, by, at: escalated.at.unix_ms() };
    serde_json::to_string(&wire).expect("the wire form has only json types")
}

pub(crate) fn escalated(item: Reader<'_>) -> Result<Option<Escalated>, DecodeError> {
    let bad = value_error(n::ESCALATED);
    let Some(json) = item.optional_text(n::ESCALATED)? else { return Ok(None) };
    let wire: EscalatedWire = serde_json::from_str(json).map_err(|_| bad)?;
    Ok(Some(Escalated {
        why: LabelCode::parse(&wire.why).map_err(|_| bad)?,
        by: Actor::parse(&wire.by).map_err(|_| bad)?,
        at: Timestamp::from_unix_ms(wire.at),
    }))
}
