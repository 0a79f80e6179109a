//! A candidate model beside the current one: for which reports, with what effect, and when it is
//! ended because it went wrong.

mod bounds;
mod compare;
mod judge;

pub use bounds::{Bounds, BoundsError, Defaults, Proportion, ProportionError};
pub use compare::{Aspect, Disagreement, SCORE_DIFFERENCE_MIN, Side, join};
pub use judge::{Breach, Count, Counts, Decisions, Measured, Tally, interval_of_difference, judge, overturned};

use crate::case::{Actor, CaseId, ModelVersion, Timestamp};
use crate::quality::draw;

/// Minutes in milliseconds.
const MINUTE_MS: u64 = 60_000;

/// What a candidate's verdict is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// For nothing: only where it differs is kept.
    Shadow,
    /// It is the case's verdict, made tighter by the current model's.
    Canary,
}

impl Mode {
    /// The code of the table and the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Canary => "canary",
        }
    }

    /// # Errors
    /// Returns the code if it is none.
    pub fn parse(code: &str) -> Result<Self, String> {
        [Self::Shadow, Self::Canary].into_iter().find(|m| m.code() == code).ok_or_else(|| code.to_owned())
    }
}

/// A rollout that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// The candidate.
    pub candidate: ModelVersion,
    /// What its verdict is used for.
    pub mode: Mode,
    /// Of all reports, those that it also screens.
    pub share: Proportion,
    /// How long a window is, in minutes; each is judged by itself.
    pub window_minutes: u32,
    /// Where a canary ends by itself.
    pub bounds: Bounds,
    /// Since when.
    pub started_at: Timestamp,
    /// By whom.
    pub started_by: Actor,
}

impl Rollout {
    /// Whether the candidate also screens the report of this case. It follows from the id and the
    /// candidate alone: a larger share holds all of a smaller one.
    #[must_use]
    pub fn chooses(&self, case: CaseId) -> bool {
        draw(&["rollout", self.candidate.as_str(), &case.to_string()]) < self.share.get()
    }

    /// The window of a moment, from 0.
    #[must_use]
    pub fn window(&self, at: Timestamp) -> u64 {
        at.unix_ms().saturating_sub(self.started_at.unix_ms()) / self.window_ms()
    }

    /// When a window begins.
    #[must_use]
    pub fn window_start(&self, window: u64) -> Timestamp {
        Timestamp::from_unix_ms(self.started_at.unix_ms().saturating_add(window.saturating_mul(self.window_ms())))
    }

    fn window_ms(&self) -> u64 {
        u64::from(self.window_minutes.max(1)) * MINUTE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::TrackingId;

    fn rollout(share: f64) -> Rollout {
        Rollout {
            candidate: ModelVersion::parse("m2").unwrap(),
            mode: Mode::Canary,
            share: Proportion::new(share).unwrap(),
            window_minutes: 5,
            bounds: Defaults::parse(include_str!("../../../../models/rollout.toml")).unwrap().bounds,
            started_at: Timestamp::from_unix_ms(1_000_000),
            started_by: Actor::parse("data:a").unwrap(),
        }
    }

    fn case(seed: u16) -> CaseId {
        let mut bytes = [0; crate::case::TRACKING_BYTES];
        bytes[..2].copy_from_slice(&seed.to_be_bytes());
        TrackingId::from_bytes(bytes).case_id()
    }

    #[test]
    fn a_share_is_that_share_and_grows_without_leaving_anybody() {
        let (small, large) = (rollout(0.1), rollout(0.3));
        let ids: Vec<CaseId> = (0..4000).map(case).collect();
        let chosen = |r: &Rollout| ids.iter().filter(|id| r.chooses(**id)).count();
        assert!((340..460).contains(&chosen(&small)) && (1110..1290).contains(&chosen(&large)));
        assert!(ids.iter().filter(|id| small.chooses(**id)).all(|id| large.chooses(*id)));
        assert_eq!(chosen(&rollout(1.0)), ids.len());
        let other = Rollout { candidate: ModelVersion::parse("m3").unwrap(), ..rollout(0.1) };
        assert!(ids.iter().any(|id| small.chooses(*id) != other.chooses(*id)), "another candidate, other reports");
    }

    #[test]
    fn windows_follow_each_other() {
        let rollout = rollout(0.1);
        let at = |ms: u64| Timestamp::from_unix_ms(1_000_000 + ms);
        assert_eq!([0, 299_999, 300_000, 900_000].map(|ms| rollout.window(at(ms))), [0, 0, 1, 3]);
        assert_eq!(rollout.window_start(1), at(300_000));
        assert_eq!(rollout.window(Timestamp::from_unix_ms(5)), 0, "a clock that is behind");
    }
}
