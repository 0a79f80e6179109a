//! Whether a canary goes wrong: each window is judged by its bounds, and a canary that left them ends.

use saring_domain::case::{Actor, Timestamp};
use saring_domain::rollout::{Breach, Counts, Decisions, Mode, Rollout, judge, overturned};
use saring_store::{Cases, EndedBy, LiveRollout, Logged, StoreError};

/// Windows that ended this long ago are judged once more: a sweep may have been missed, and decisions
/// come later than verdicts.
const JUDGED_BACK_MS: u64 = 3_600_000;

/// What was found about a canary.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Judged {
    /// None goes on, or nothing left its bounds.
    #[default]
    Fine,
    /// A window left a bound, and the canary was ended.
    Ended {
        /// Which window.
        window: u64,
        /// What it left.
        breach: Breach,
    },
}

/// Judges the windows of a canary and ends it where one left its bounds.
///
/// # Errors
/// No answer.
pub async fn judge_rollout(cases: &Cases, now: Timestamp) -> Result<Judged, StoreError> {
    let live = cases.rollout().await?;
    let Some(rollout) = live.on.as_ref().filter(|rollout| rollout.mode == Mode::Canary) else {
        return Ok(Judged::Fine);
    };
    let counts = cases.rollout_counts(live.revision).await?;
    let last = rollout.window(now);
    let first = rollout.window(Timestamp::from_unix_ms(now.unix_ms().saturating_sub(JUDGED_BACK_MS)));
    for window in first..=last {
        let (from, to) = (rollout.window_start(window), rollout.window_start(window + 1));
        let decided = decisions(rollout, &cases.decided_between(from, to.min(now)).await?);
        let counted = counts.get(&window).copied().unwrap_or_else(Counts::default);
        if let Some(breach) = judge(&rollout.bounds, &counted, &decided) {
            return end(cases, &live, window, breach, now).await;
        }
    }
    Ok(Judged::Fine)
}

async fn end(
    cases: &Cases,
    live: &LiveRollout,
    window: u64,
    breach: Breach,
    now: Timestamp,
) -> Result<Judged, StoreError> {
    let reason = format!("window {window}: {breach}");
    match cases.end_rollout(live, EndedBy::Bounds, &reason, &Actor::sweep(), now).await {
        Ok(_) => {
            tracing::error!(rollout.revision = live.revision, reason, "the canary left its bounds and was ended");
            Ok(Judged::Ended { window, breach })
        }
        // Somebody was faster: what goes on now is judged by the next sweep.
        Err(StoreError::SettingMoved) => Ok(Judged::Fine),
        Err(error) => Err(error),
    }
}

/// Decisions about reports that came since the rollout began, by the model whose verdict they had.
#[must_use]
pub fn decisions(rollout: &Rollout, log: &[Logged]) -> Decisions {
    let mut decisions = Decisions::default();
    for row in log.iter().filter(|row| row.since >= rollout.started_at) {
        let turned = overturned(&row.reasons, &row.ruling);
        if !rollout.chooses(row.case) {
            decisions.current.add(turned);
        } else if !row.reasons.iter().any(|reason| reason == "held.current_model") {
            decisions.candidate.add(turned);
        }
    }
    decisions
}
