//! What changes without a deployment: live claims, the policy in force, a rollout. A running function
//! looks at each now and then.

use std::time::{Duration, SystemTime};

use saring_domain::claims::LiveClaims;
use saring_domain::policy::{Policy, PolicyError};
use saring_store::{Cases, LiveRollout, StoreError};

use crate::screening::Observed;

/// A change counts after at most so long in a function that is at work.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// When something was last looked at, and its revision then.
#[derive(Debug, Default)]
struct Watch {
    looked: Option<SystemTime>,
    revision: u64,
}

impl Watch {
    /// A clock that was put back makes the next look due at once.
    fn is_due(&self, now: SystemTime) -> bool {
        self.looked.is_none_or(|at| now.duration_since(at).is_ok_and(|since| since >= LOOK_EVERY) || now < at)
    }
}

/// Why the policy in force is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyUnknown {
    /// The table gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is none that this program understands.
    #[error("the policy in force cannot be used")]
    Policy(#[from] PolicyError),
}

/// Whether the policy in force counts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum InForce {
    /// The table was not seen yet, so nothing can be judged.
    #[default]
    Unseen,
    /// It counts.
    Counts,
    /// It is none that this program understands.
    NotUnderstood,
}

/// What of it counts now, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Live {
    claims: Watch,
    policy: Watch,
    in_force: InForce,
    rollout: Watch,
    observed: Watch,
    counted: Option<Observed>,
    pub(crate) on: LiveRollout,
}

impl Live {
    /// The live claims, if they changed since the last look and it is time to look.
    ///
    /// # Errors
    /// The table gave no answer; the next look is due at once.
    pub(crate) async fn claims(&mut self, cases: &Cases, now: SystemTime) -> Result<Option<LiveClaims>, StoreError> {
        if !self.claims.is_due(now) {
            return Ok(None);
        }
        if cases.claims_revision().await? == self.claims.revision {
            self.claims.looked = Some(now);
            return Ok(None);
        }
        let live = cases.live_claims().await?;
        self.claims.looked = Some(now);
        Ok(Some(live))
    }

    /// The claims of this revision count now.
    pub(crate) fn claims_taken(&mut self, revision: u64) {
        self.claims.revision = revision;
    }

    /// The policy in force and its revision, if it changed since the last look and it is time to look.
    ///
    /// # Errors
    /// The table gave no answer, or a policy that is none; the next look is due at once.
    pub(crate) async fn policy(
        &mut self,
        cases: &Cases,
        now: SystemTime,
    ) -> Result<Option<(Policy, u64)>, PolicyUnknown> {
        if !self.policy.is_due(now) {
            return Ok(None);
        }
        let event = cases.live_policy().await?;
        let changed = event.filter(|event| event.sequence != self.policy.revision);
        let Some(event) = changed else {
            self.policy.looked = Some(now);
            self.in_force = InForce::Counts;
            return Ok(None);
        };
        let policy = Policy::parse(&event.content).inspect_err(|_| self.in_force = InForce::NotUnderstood)?;
        self.policy.looked = Some(now);
        Ok(Some((policy, event.sequence)))
    }

    /// Keeps what was counted until it is written.
    pub(crate) fn observe(&mut self, observed: Option<Observed>) {
        match (&mut self.counted, observed) {
            (Some(before), Some(more)) if before.revision == more.revision => before.counts.merge(&more.counts),
            (_, None) => {}
            (counted, more) => *counted = more,
        }
    }

    /// What was counted, if there is any and it is time to write it.
    pub(crate) fn due_observed(&mut self, now: SystemTime) -> Option<Observed> {
        let found = self.counted.take_if(|_| self.observed.is_due(now))?;
        self.observed.looked = Some(now);
        Some(found)
    }

    /// The policy of this revision counts now.
    pub(crate) fn policy_taken(&mut self, revision: u64) {
        self.policy.revision = revision;
        self.in_force = InForce::Counts;
    }

    /// Whether the policy in force counts here.
    pub(crate) fn in_force(&self) -> InForce {
        self.in_force
    }

    /// Looks what is done with a candidate, if it is time to look; returns whether that changed.
    ///
    /// # Errors
    /// The table gave no answer; the next look is due at once.
    pub(crate) async fn rollout(&mut self, cases: &Cases, now: SystemTime) -> Result<bool, StoreError> {
        if !self.rollout.is_due(now) {
            return Ok(false);
        }
        let live = cases.rollout().await?;
        self.rollout.looked = Some(now);
        let changed = live.revision != self.rollout.revision;
        self.rollout.revision = live.revision;
        self.on = live;
        Ok(changed)
    }
}
