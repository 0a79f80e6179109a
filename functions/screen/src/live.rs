//! Live claims count in running functions: each looks now and then whether there are new ones.

use std::time::{Duration, SystemTime};

use saring_domain::claims::LiveClaims;
use saring_store::{Cases, StoreError};

/// A change of the live claims counts after at most so long in a function that is at work.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// When the live claims were last looked at, and what they were then.
#[derive(Debug, Default)]
pub(crate) struct LiveWatch {
    looked: Option<SystemTime>,
    revision: u64,
}

impl LiveWatch {
    /// The live claims, if they changed since the last look and it is time to look.
    ///
    /// # Errors
    /// The table gave no answer; the next look is due at once.
    pub(crate) async fn changed(&mut self, cases: &Cases, now: SystemTime) -> Result<Option<LiveClaims>, StoreError> {
        // A clock that was put back makes the next look due at once.
        if self.looked.is_some_and(|at| now.duration_since(at).is_ok_and(|since| since < LOOK_EVERY)) {
            return Ok(None);
        }
        if cases.claims_revision().await? == self.revision {
            self.looked = Some(now);
            return Ok(None);
        }
        let live = cases.live_claims().await?;
        self.looked = Some(now);
        Ok(Some(live))
    }

    /// The claims of this revision count now.
    pub(crate) fn taken(&mut self, revision: u64) {
        self.revision = revision;
    }
}
