//! Whether a window of a canary left its bounds.

use std::fmt;

use super::Bounds;
use crate::quality::wilson_at;

/// Of a standard normal. A window is looked at by each sweep while it fills, so that the usual two
/// would end one good canary in a few by chance alone.
const Z: f64 = 3.0;

/// What is counted of the reports that both models screened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// Reports of the share.
    Screened,
    /// Of them, those on which the candidate gave no answer in time.
    Errors,
    /// Those that the current model held.
    HeldByCurrent,
    /// Those that the candidate held.
    HeldByCandidate,
    /// Those that only the current model held.
    OnlyCurrent,
    /// Those that only the candidate held.
    OnlyCandidate,
    /// Those with another visibility.
    Visibility,
    /// Those with another likeliest category.
    Category,
    /// Reports of the share that a function without the candidate screened; no other count has them.
    Missing,
}

impl Count {
    /// All, in the order of their records.
    pub const ALL: [Self; 9] = [
        Self::Screened,
        Self::Errors,
        Self::HeldByCurrent,
        Self::HeldByCandidate,
        Self::OnlyCurrent,
        Self::OnlyCandidate,
        Self::Visibility,
        Self::Category,
        Self::Missing,
    ];

    /// The code of records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Screened => "screened",
            Self::Errors => "errors",
            Self::HeldByCurrent => "held_by_current",
            Self::HeldByCandidate => "held_by_candidate",
            Self::OnlyCurrent => "only_current",
            Self::OnlyCandidate => "only_candidate",
            Self::Visibility => "visibility",
            Self::Category => "category",
            Self::Missing => "missing",
        }
    }
}

/// Counts of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Count::ALL.len()]);

impl Counts {
    /// One of them.
    #[must_use]
    pub const fn get(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    /// Adds to one of them.
    pub const fn add(&mut self, count: Count, more: u64) {
        self.0[count as usize] += more;
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for count in Count::ALL {
            self.add(count, other.get(count));
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Decisions of moderators, and those among them that turned the screening's round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All.
    pub decided: u64,
    /// Turned round.
    pub overturned: u64,
}

impl Tally {
    /// Adds a decision.
    pub fn add(&mut self, overturned: bool) {
        self.decided += 1;
        self.overturned += u64::from(overturned);
    }
}

/// Decisions of a window about verdicts of each model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decisions {
    /// About the candidate's.
    pub candidate: Tally,
    /// About the current model's.
    pub current: Tally,
}

/// Whether a ruling turns the screening's decision round, by the screening's reasons: what it held is
/// published as it is, or what it published is not public any more.
#[must_use]
pub fn overturned(reasons: &[String], ruling: &str) -> bool {
    let published = reasons.iter().any(|reason| reason == "clean");
    published != ruling.starts_with("publish")
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// The candidate gives no answer.
    Errors,
    /// It holds more or less than the current model.
    Held,
    /// Moderators turn more of its decisions round.
    Overturned,
}

/// A bound that a window left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breach {
    /// Which one.
    pub what: Measured,
    /// What was seen.
    pub seen: f64,
    /// How much of it chance may be, at most.
    pub interval: (f64, f64),
    /// The bound.
    pub limit: f64,
    /// Of how many reports or decisions.
    pub of: u64,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Measured::Errors => "error rate",
            Measured::Held => "held rate difference",
            Measured::Overturned => "overturn rate difference",
        };
        let (low, high) = self.interval;
        let Self { seen, limit, of, .. } = self;
        write!(f, "{what} {seen:.3} ({low:.3} to {high:.3}) beyond {limit:.3} in {of}")
    }
}

/// The first bound that a window left, if it left one.
#[must_use]
pub fn judge(bounds: &Bounds, counts: &Counts, decisions: &Decisions) -> Option<Breach> {
    let screened = counts.get(Count::Screened);
    if screened >= bounds.cases_min {
        let breach = errors(bounds, counts, screened).or_else(|| held(bounds, counts));
        if breach.is_some() {
            return breach;
        }
    }
    let enough = |tally: &Tally| tally.decided >= bounds.decisions_min;
    if !enough(&decisions.candidate) || !enough(&decisions.current) {
        return None;
    }
    let rate = |tally: Tally| (tally.overturned as f64 / tally.decided as f64, tally.decided as f64);
    let ((a, n), (b, m)) = (rate(decisions.candidate), rate(decisions.current));
    // Newcombe's interval of a difference of two shares.
    let ((a_low, a_high), (b_low, b_high)) = (wilson_at(a, n, Z), wilson_at(b, m, Z));
    // Written out: the `hypot` of newer C libraries is missing where the functions run.
    let length = |x: f64, y: f64| x.mul_add(x, y * y).sqrt();
    let interval = (a - b - length(a - a_low, b_high - b), a - b + length(a_high - a, b - b_low));
    let limit = bounds.overturn_rate_difference_max.get();
    let of = decisions.candidate.decided;
    (interval.0 > limit).then_some(Breach { what: Measured::Overturned, seen: a - b, interval, limit, of })
}

fn errors(bounds: &Bounds, counts: &Counts, screened: u64) -> Option<Breach> {
    let seen = counts.get(Count::Errors) as f64 / screened as f64;
    let (interval, limit) = (wilson_at(seen, screened as f64, Z), bounds.error_rate_max.get());
    (interval.0 > limit).then_some(Breach { what: Measured::Errors, seen, interval, limit, of: screened })
}

fn held(bounds: &Bounds, counts: &Counts) -> Option<Breach> {
    let both = counts.get(Count::Screened).saturating_sub(counts.get(Count::Errors));
    if both < bounds.cases_min {
        return None;
    }
    let (more, less) = (counts.get(Count::OnlyCandidate), counts.get(Count::OnlyCurrent));
    let seen = (more as f64 - less as f64) / both as f64;
    let (interval, limit) = (interval_of_difference(more, less, both), bounds.held_rate_difference_max.get());
    let beyond = interval.0 > limit || interval.1 < -limit;
    beyond.then_some(Breach { what: Measured::Held, seen, interval, limit, of: both })
}

/// Interval of the difference of two shares of the same cases, by Agresti and Min: half a case is
/// added to each of the four outcomes, so that a few cases that all agree prove nothing.
#[must_use]
pub fn interval_of_difference(only_first: u64, only_second: u64, cases: u64) -> (f64, f64) {
    let (more, less, all) = (only_first as f64 + 0.5, only_second as f64 + 0.5, cases as f64 + 2.0);
    let centre = (more - less) / all;
    let half = Z * ((more + less) - (more - less).powi(2) / all).max(0.0).sqrt() / all;
    ((centre - half).max(-1.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::draw;
    use crate::rollout::Defaults;

    fn bounds() -> Bounds {
        Defaults::parse(include_str!("../../../../models/rollout.toml")).unwrap().bounds
    }

    fn counts(screened: u64, more: u64, less: u64, errors: u64) -> Counts {
        let mut counts = Counts::default();
        let all = [(Count::Screened, screened), (Count::OnlyCandidate, more), (Count::OnlyCurrent, less)];
        for (count, value) in all.into_iter().chain([(Count::Errors, errors)]) {
            counts.add(count, value);
        }
        counts
    }

    fn first(counts: &Counts, decisions: Decisions) -> Option<Measured> {
        judge(&bounds(), counts, &decisions).map(|breach| breach.what)
    }

    #[test]
    fn one_bad_window_is_enough_and_a_few_cases_are_not() {
        let none = Decisions::default();
        // Holds or publishes nearly everything.
        assert_eq!(first(&counts(60, 42, 0, 0), none), Some(Measured::Held));
        assert_eq!(first(&counts(60, 0, 30, 0), none), Some(Measured::Held));
        assert_eq!(first(&counts(60, 1, 1, 20), none), Some(Measured::Errors));
        assert_eq!(first(&counts(40, 40, 0, 0), none), None, "fewer than cases_min");
        assert_eq!(first(&counts(60, 9, 2, 1), none), None, "one error, and little more held");
        let seven = |overturned| Tally { decided: 70, overturned };
        let decisions = |candidate, current| Decisions { candidate: seven(candidate), current: seven(current) };
        assert_eq!(first(&counts(60, 0, 0, 0), decisions(60, 10)), Some(Measured::Overturned));
        assert_eq!(first(&counts(60, 0, 0, 0), decisions(15, 10)), None);
        assert_eq!(first(&counts(60, 0, 0, 0), decisions(10, 60)), None, "a better candidate goes on");
    }

    /// A candidate that is a little different, though within its bounds, looked at after every tenth case.
    #[test]
    fn noise_seldom_ends_a_good_canary() {
        let rounds = 400;
        let mut ended = 0;
        for round in 0..rounds {
            let mut so_far = Counts::default();
            for case in 0..300 {
                let chance = draw(&[&round.to_string(), &case.to_string()]);
                so_far.add(Count::Screened, 1);
                so_far.add(Count::OnlyCandidate, u64::from(chance < 0.05));
                so_far.add(Count::OnlyCurrent, u64::from((0.05..0.07).contains(&chance)));
                if case % 10 == 9 && first(&so_far, Decisions::default()).is_some() {
                    ended += 1;
                    break;
                }
            }
        }
        assert!(ended <= rounds / 100, "{ended} of {rounds} good canaries were ended");
    }

    #[test]
    fn a_ruling_turns_a_decision_round_or_not() {
        let reasons = |code: &str| vec![code.to_owned()];
        assert!(overturned(&reasons("spam.promo"), "publish") && !overturned(&reasons("spam.promo"), "reject.spam"));
        assert!(overturned(&reasons("clean"), "reject.spam") && !overturned(&reasons("clean"), "publish_anonymous"));
    }
}
