//! What came of a rollout so far, for people.

use std::collections::BTreeMap;

use saring_domain::case::{Case, CaseStatus, PublishedBy};
use saring_domain::policy::Decision;
use saring_domain::rollout::{Counts, Disagreement, Rollout};
use saring_domain::setting::SettingAction;

use super::{LiveRollout, wire};
use crate::cases::Cases;
use crate::error::{StoreError, unreadable};

/// Disagreements whose cases are read, the newest.
const RULED_MAX: usize = 500;

/// The rollout that goes on, or the last one.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutReport {
    /// What is done now.
    pub live: LiveRollout,
    /// The rollout that this is about, with its revision; nothing where there never was one.
    pub of: Option<(u64, Rollout)>,
    /// What was counted, by window.
    pub windows: BTreeMap<u64, Counts>,
    /// Reports about which the models differ, the newest first.
    pub disagreements: Vec<Disagreement>,
    /// What moderators said of those of which the decision differs.
    pub ruled: Ruled,
}

/// Decisions of moderators about reports that one model held and the other would publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ruled {
    /// As the candidate would.
    pub candidate: u64,
    /// As the current model would.
    pub current: u64,
}

impl RolloutReport {
    /// Counts of all windows.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.windows.values().for_each(|window| total.merge(window));
        total
    }
}

impl Cases {
    /// What came of the rollout that goes on, or of the last one.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn rollout_report(&self) -> Result<RolloutReport, StoreError> {
        let live = self.rollout().await?;
        let mut of = live.on.clone().map(|on| (live.revision, on));
        if of.is_none() && live.revision > 0 {
            let events = self.rollout_events().await?;
            let last = events.iter().rev().find(|event| event.action == SettingAction::Started);
            let rollout = last.map(|event| wire::rollout(&event.content)).transpose();
            of = last.map(|event| event.sequence).zip(rollout.map_err(unreadable("rollout"))?.flatten());
        }
        let Some((revision, _)) = &of else {
            let (windows, disagreements, ruled) = Default::default();
            return Ok(RolloutReport { live, of, windows, disagreements, ruled });
        };
        let windows = self.rollout_counts(*revision).await?;
        let disagreements = self.disagreements(*revision).await?;
        let mut ruled = Ruled::default();
        let decided = disagreements.iter().filter(|one| one.current.decision != one.candidate.decision);
        for one in decided.take(RULED_MAX) {
            match self.case(one.case).await?.as_ref().and_then(ruling) {
                Some(right) if right == one.candidate.decision => ruled.candidate += 1,
                Some(_) => ruled.current += 1,
                None => {}
            }
        }
        Ok(RolloutReport { live, of, windows, disagreements, ruled })
    }
}

/// What a person made of a case; nothing where nobody decided. A report that is no matter for the
/// public side was rightly held.
fn ruling(case: &Case) -> Option<Decision> {
    let record = case.record();
    match record.status {
        CaseStatus::Published => {
            let by_person = record.publication.as_ref().is_some_and(|p| p.by == PublishedBy::Moderator);
            by_person.then_some(Decision::Publish)
        }
        CaseStatus::Rejected | CaseStatus::Returned => Some(Decision::Review),
        CaseStatus::Confidential => (record.version > 1).then_some(Decision::Review),
        CaseStatus::InReview | CaseStatus::Edited => None,
    }
}
