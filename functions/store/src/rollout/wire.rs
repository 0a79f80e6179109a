//! Rollouts and disagreements as JSON in attributes.

use saring_domain::case::{Actor, CaseId, ModelVersion, Timestamp};
use saring_domain::policy::Decision;
use saring_domain::report::Visibility;
use saring_domain::rollout::{Bounds, Disagreement, Mode, Proportion, Rollout, Side};
use saring_domain::score::{Flag, Score};
use serde::{Deserialize, Serialize};

use crate::item::{DecodeError, value_error};

const CONTENT: &str = "content";
const DETAIL: &str = "detail";
/// The content where no rollout goes on.
const OFF: &str = "{}";

#[derive(Serialize, Deserialize)]
struct RolloutWire {
    candidate: String,
    mode: String,
    share: f64,
    window_minutes: u32,
    held_rate_difference_max: f64,
    overturn_rate_difference_max: f64,
    error_rate_max: f64,
    cases_min: u64,
    decisions_min: u64,
    started_at_ms: u64,
    started_by: String,
}

pub(super) fn json(rollout: Option<&Rollout>) -> String {
    let Some(rollout) = rollout else { return OFF.to_owned() };
    let bounds = &rollout.bounds;
    let wire = RolloutWire {
        candidate: rollout.candidate.as_str().to_owned(),
        mode: rollout.mode.code().to_owned(),
        share: rollout.share.get(),
        window_minutes: rollout.window_minutes,
        held_rate_difference_max: bounds.held_rate_difference_max.get(),
        overturn_rate_difference_max: bounds.overturn_rate_difference_max.get(),
        error_rate_max: bounds.error_rate_max.get(),
        cases_min: bounds.cases_min,
        decisions_min: bounds.decisions_min,
        started_at_ms: rollout.started_at.unix_ms(),
        started_by: rollout.started_by.as_str().to_owned(),
    };
    serde_json::to_string(&wire).expect("a rollout has only json types")
}

pub(super) fn rollout(json: &str) -> Result<Option<Rollout>, DecodeError> {
    if json == OFF {
        return Ok(None);
    }
    let wire: RolloutWire = serde_json::from_str(json).map_err(|_| value_error(CONTENT))?;
    let part = |value| Proportion::new(value).map_err(|_| value_error(CONTENT));
    Ok(Some(Rollout {
        candidate: ModelVersion::parse(&wire.candidate).map_err(|_| value_error(CONTENT))?,
        mode: Mode::parse(&wire.mode).map_err(|_| value_error(CONTENT))?,
        share: part(wire.share)?,
        window_minutes: wire.window_minutes,
        bounds: Bounds {
            held_rate_difference_max: part(wire.held_rate_difference_max)?,
            overturn_rate_difference_max: part(wire.overturn_rate_difference_max)?,
            error_rate_max: part(wire.error_rate_max)?,
            cases_min: wire.cases_min,
            decisions_min: wire.decisions_min,
        },
        started_at: Timestamp::from_unix_ms(wire.started_at_ms),
        started_by: Actor::parse(&wire.started_by).map_err(|_| value_error(CONTENT))?,
    }))
}

#[derive(Serialize, Deserialize)]
struct SideWire {
    decision: String,
    visibility: String,
    category: Option<String>,
    reasons: Vec<String>,
    flags: Vec<(String, f32)>,
}

#[derive(Serialize, Deserialize)]
struct DisagreementWire {
    case: String,
    at_ms: u64,
    current: SideWire,
    candidate: SideWire,
}

fn side_wire(side: &Side) -> SideWire {
    SideWire {
        decision: side.decision.code().to_owned(),
        visibility: side.visibility.code().to_owned(),
        category: side.category.clone(),
        reasons: side.reasons.clone(),
        flags: side.flags.iter().map(|(flag, score)| (flag.code().to_owned(), score.get())).collect(),
    }
}

fn side(wire: SideWire) -> Option<Side> {
    let flag = |(code, score): (String, f32)| {
        Some((Flag::ALL.into_iter().find(|flag| flag.code() == code)?, Score::new(score).ok()?))
    };
    Some(Side {
        decision: [Decision::Publish, Decision::Review].into_iter().find(|d| d.code() == wire.decision)?,
        visibility: Visibility::parse(&wire.visibility).ok()?,
        category: wire.category,
        reasons: wire.reasons,
        flags: wire.flags.into_iter().map(flag).collect::<Option<_>>()?,
    })
}

pub(super) fn disagreement_json(found: &Disagreement) -> String {
    let wire = DisagreementWire {
        case: found.case.to_string(),
        at_ms: found.at.unix_ms(),
        current: side_wire(&found.current),
        candidate: side_wire(&found.candidate),
    };
    serde_json::to_string(&wire).expect("a disagreement has only json types")
}

pub(super) fn disagreement(json: &str) -> Result<Disagreement, DecodeError> {
    let read = || {
        let wire: DisagreementWire = serde_json::from_str(json).ok()?;
        Some(Disagreement {
            case: CaseId::parse(&wire.case).ok()?,
            at: Timestamp::from_unix_ms(wire.at_ms),
            current: side(wire.current)?,
            candidate: side(wire.candidate)?,
        })
    };
    read().ok_or(value_error(DETAIL))
}
