//! Cases as JSON, for programs with a token: the same routes as the pages, for who does not ask for
//! pages.

use saring_domain::case::{Case, CaseRecord, Timestamp};
use serde_json::{Value, json};

use super::priority;

/// Where a case stands after a change.
pub(super) fn brief(case: &Case) -> Value {
    let record = case.record();
    json!({
        "case": record.id.to_string(),
        "version": record.version,
        "status": record.status.code(),
        "visibility": record.visibility.code(),
        "held_by": record.lock.as_ref().map(|lock| lock.holder.as_str()),
        "held_until": record.lock.as_ref().map(|lock| lock.until.rfc3339()),
        "resting": record.proposal.as_ref().map(|proposal| json!({
            "ruling": proposal.ruling.code(), "why": proposal.why.as_str(), "by": proposal.by.as_str(),
            "due": proposal.due.rfc3339(),
        })),
        "escalated": record.escalated.as_ref().map(|escalated| escalated.why.as_str()),
        "asked": record.asked.map(|asked| asked.reason.code()),
    })
}

/// A case with its evidence.
pub(super) fn full(case: &Case, now: Timestamp) -> Value {
    let record = case.record();
    let screened = &record.screened;
    let mut value = brief(case);
    value["text"] = json!(screened.public_text);
    value["reasons"] = screened.verdict.reasons.iter().map(|r| json!({ "code": r.code, "detail": r.detail })).collect();
    value["flags"] = screened.flags.iter().map(|(flag, score)| (flag.code().to_owned(), json!(score.get()))).collect();
    value["fine"] = screened.fine.iter().map(|(fine, score)| (fine.code().to_owned(), json!(score.get()))).collect();
    value["category"] = json!(record.category());
    value["agency"] = json!(record.agency().map(|agency| agency.name().to_owned()));
    value["region"] = json!(record.region().map(|region| json!({ "code": region.code, "name": region.name })));
    value["claims"] = screened
        .claims
        .iter()
        .map(|c| json!({ "id": c.id, "title": c.title, "verdict": c.verdict, "url": c.url, "score": c.score.get() }))
        .collect();
    value["received_at"] = json!(record.received_at.rfc3339());
    value["model"] = json!(screened.model.as_str());
    value["policy"] = json!(screened.policy.as_str());
    value["priority"] = priority_of(record, now);
    value
}

fn priority_of(record: &CaseRecord, now: Timestamp) -> Value {
    let priority = priority::of(record, now);
    json!({
        "points": priority.points(), "risk": priority.risk, "waiting": priority.waiting,
        "uncertainty": priority.uncertainty, "deadline": priority.deadline.rfc3339(),
    })
}
