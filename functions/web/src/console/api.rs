//! Cases as JSON, for programs with a token: the same routes as the pages, for who does not ask for
//! pages. The types here are what `/console/openapi.json` describes.

use std::collections::BTreeMap;

use saring_domain::case::{AskReason, Case, CaseRecord, CaseStatus, Timestamp};
use saring_domain::report::Visibility;
use serde_json::json;

use super::described::{object, one_of, text};
use super::{priority, reasons};

text! {
    /// The id of a case.
    CaseNumber = json!({ "type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{16}$" })
}
text! {
    /// A moment.
    Moment = json!({ "type": "string", "format": "date-time" })
}
text! {
    /// Where a case stands.
    Status = one_of(CaseStatus::ALL.map(CaseStatus::code))
}
text! {
    /// How visible a report is.
    Visible = one_of([Visibility::Publik, Visibility::Anonim, Visibility::Rahasia].map(Visibility::code))
}
text! {
    /// Why a supervisor should decide.
    EscalationReason = one_of(reasons::of("escalate").map(|reason| reason.code.as_str()))
}
text! {
    /// What the reporter was asked.
    Question = one_of(AskReason::ALL.map(AskReason::code))
}

object! {
    /// A decision that has not taken effect.
    Resting { ruling: String, why: String, by: String, due: Moment }
}
object! {
    /// Where a case stands after a change.
    Brief {
        case: CaseNumber,
        version: u64,
        status: Status,
        visibility: Visible,
        held_by: Option<String>,
        held_until: Option<Moment>,
        resting: Option<Resting>,
        escalated: Option<EscalationReason>,
        asked: Option<Question>,
    }
}
object! {
    /// Why the screening decided as it did.
    ReasonOfScreening { code: String, detail: String }
}
object! {
    /// Where a report is about.
    Region { code: String, name: String }
}
object! {
    /// A checked claim that the report may repeat.
    Claim { id: String, title: String, verdict: String, url: Option<String>, score: f32 }
}
object! {
    /// What its place in the queue is made of.
    Pressing { points: f32, risk: f32, waiting: f32, uncertainty: f32, deadline: Moment }
}
object! {
    /// A case with its evidence.
    Full + Brief {
        text: String,
        reasons: Vec<ReasonOfScreening>,
        flags: BTreeMap<&'static str, f32>,
        fine: BTreeMap<&'static str, f32>,
        category: Option<String>,
        agency: Option<String>,
        region: Option<Region>,
        claims: Vec<Claim>,
        received_at: Moment,
        model: String,
        policy: String,
        priority: Pressing,
    }
}
object! {
    /// A page of the queue.
    Listed { cases: Vec<Full>, total: u64, next: Option<String> }
}
object! {
    /// What a lock's heartbeat says: `seen` is the version that the page was about.
    Beat { version: u64, until: Option<Moment>, seen: u64 }
}
object! {
    /// What a bulk decision would do to a case; nothing is refused where it would be done.
    Tried { case: CaseNumber, version: u64, refused: Option<String> }
}
object! {
    /// What a bulk decision would do; `left` says how many members of a campaign wait beyond these.
    Preview { cases: Vec<Tried>, left: u64 }
}
object! {
    /// What a bulk decision did to a case: its version now, or why it was left out.
    Outcome { case: CaseNumber, version: Option<u64>, refused: Option<String> }
}
object! {
    /// What a bulk decision did.
    Outcomes { cases: Vec<Outcome> }
}
object! {
    /// An original, and why its reporter appealed.
    Original { text: Option<String>, appeal: Option<String> }
}
object! {
    /// A check that is done.
    Checked { checked: String }
}
object! {
    /// A part of a distribution: its share in the reference, and now.
    PartOfDrift { name: String, reference: f64, now: f64 }
}
object! {
    /// A distribution against the reference: population stability index, and what of it chance explains.
    DimensionOfDrift { dimension: String, psi: f64, chance: f64, ks: Option<f64>, drift: bool, parts: Vec<PartOfDrift> }
}
object! {
    /// What came lately against what the current bundle was made for.
    Drifting {
        at: Moment,
        model: String,
        reference: String,
        reference_reports: u64,
        reports: u64,
        decisions: u64,
        dimensions: Vec<DimensionOfDrift>,
    }
}
object! {
    /// How many cases the first page of the queue has.
    Pulse { cases: u64 }
}

impl CaseNumber {
    pub(super) fn of(id: saring_domain::case::CaseId) -> Self {
        Self(id.to_string())
    }
}

impl Moment {
    pub(super) fn of(at: Timestamp) -> Self {
        Self(at.rfc3339())
    }
}

/// Where a case stands after a change.
pub(super) fn brief(case: &Case) -> Brief {
    let record = case.record();
    let resting = |proposal: &saring_domain::case::Proposal| Resting {
        ruling: proposal.ruling.code(),
        why: proposal.why.as_str().to_owned(),
        by: proposal.by.as_str().to_owned(),
        due: Moment::of(proposal.due),
    };
    Brief {
        case: CaseNumber::of(record.id),
        version: record.version,
        status: Status(record.status.code().to_owned()),
        visibility: Visible(record.visibility.code().to_owned()),
        held_by: record.lock.as_ref().map(|lock| lock.holder.as_str().to_owned()),
        held_until: record.lock.as_ref().map(|lock| Moment::of(lock.until)),
        resting: record.proposal.as_ref().map(resting),
        escalated: record.escalated.as_ref().map(|escalated| EscalationReason(escalated.why.as_str().to_owned())),
        asked: record.asked.map(|asked| Question(asked.reason.code().to_owned())),
    }
}

/// A case with its evidence.
pub(super) fn full(case: &Case, now: Timestamp) -> Full {
    let record = case.record();
    let screened = &record.screened;
    let reason = |reason: &saring_domain::policy::Reason| ReasonOfScreening {
        code: reason.code.clone(),
        detail: reason.detail.clone(),
    };
    let claim = |claim: &saring_domain::case::MatchedClaim| Claim {
        id: claim.id.clone(),
        title: claim.title.clone(),
        verdict: claim.verdict.clone(),
        url: claim.url.clone(),
        score: claim.score.get(),
    };
    Full {
        base: brief(case),
        text: screened.public_text.clone(),
        reasons: screened.verdict.reasons.iter().map(reason).collect(),
        flags: screened.flags.iter().map(|(flag, score)| (flag.code(), score.get())).collect(),
        fine: screened.fine.iter().map(|(fine, score)| (fine.code(), score.get())).collect(),
        category: record.category().map(str::to_owned),
        agency: record.agency().map(|agency| agency.name().to_owned()),
        region: record.region().map(|region| Region { code: region.code.clone(), name: region.name.clone() }),
        claims: screened.claims.iter().map(claim).collect(),
        received_at: Moment::of(record.received_at),
        model: screened.model.as_str().to_owned(),
        policy: screened.policy.as_str().to_owned(),
        priority: pressing(record, now),
    }
}

fn pressing(record: &CaseRecord, now: Timestamp) -> Pressing {
    let priority = priority::of(record, now);
    Pressing {
        points: priority.points(),
        risk: priority.risk,
        waiting: priority.waiting,
        uncertainty: priority.uncertainty,
        deadline: Moment::of(priority.deadline),
    }
}
