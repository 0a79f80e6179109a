//! What a person should read first: risk × waiting × uncertainty.
//!
//! The waiting factor doubles over the working days in which a report should be verified. So the
//! order of two reports never changes while both wait, and an index can hold it: see [`Rank`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::calendar::{Calendar, Clocks};
use crate::case::{Screened, Timestamp};
use crate::score::{Fine, Flag, Score};

/// The order and its clocks, as they were built in.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    Rules::parse(
        include_str!("../../../models/priority.toml"),
        include_str!("../../../models/clocks.toml"),
        include_str!("../../../models/holidays.toml"),
    )
    .expect("the built-in files are tested")
});

/// Ranks of what is urgent are seconds and stay below.
const USUAL_FROM: u64 = 1_000_000_000_000;
const DAY_MS: f64 = 86_400_000.0;
/// Below this a product of risk and uncertainty makes no further difference: nine more doublings.
const WEIGHT_MIN: f32 = 1.0 / 512.0;

/// Why the order can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not TOML of the expected form.
    #[error("the order of the queue is not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A label that doesn't exist.
    #[error("the order of the queue names an unknown label '{0}'")]
    UnknownLabel(String),
    /// A label without a severity.
    #[error("the order of the queue has no severity for '{0}'")]
    MissingLabel(&'static str),
    /// A value outside its range.
    #[error("'{0}' must be within 0 and 1")]
    Share(String),
    /// The clocks can't be read.
    #[error(transparent)]
    Clocks(#[from] crate::calendar::ClocksError),
    /// The holidays can't be read.
    #[error(transparent)]
    Calendar(#[from] crate::calendar::CalendarError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    severity: BTreeMap<String, f32>,
    rules: RulesFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    unjudged: f32,
    urgent: Vec<String>,
    urgent_min: f32,
}

struct Rules {
    flags: [f32; Flag::ALL.len()],
    fine: [f32; Fine::ALL.len()],
    unjudged: f32,
    urgent: Vec<Fine>,
    urgent_min: f32,
    clocks: Clocks,
    calendar: Calendar,
}

impl Rules {
    fn parse(order: &str, clocks: &str, holidays: &str) -> Result<Self, RulesError> {
        let File { mut severity, rules } = toml::from_str(order)?;
        let mut shares = severity.iter().map(|(code, value)| (code.as_str(), *value)).collect::<Vec<_>>();
        shares.extend([("unjudged", rules.unjudged), ("urgent_min", rules.urgent_min)]);
        if let Some((code, _)) = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(RulesError::Share(code.to_owned()));
        }
        let mut take = |code: &'static str| severity.remove(code).ok_or(RulesError::MissingLabel(code));
        let (mut flags, mut fine) = ([0.0; Flag::ALL.len()], [0.0; Fine::ALL.len()]);
        for flag in Flag::ALL {
            flags[flag as usize] = take(flag.code())?;
        }
        for label in Fine::ALL {
            fine[label as usize] = take(label.code())?;
        }
        if let Some(code) = severity.into_keys().next() {
            return Err(RulesError::UnknownLabel(code));
        }
        let urgent = rules.urgent.iter().map(|code| Fine::parse(code).map_err(RulesError::UnknownLabel));
        let urgent = urgent.collect::<Result<_, _>>()?;
        let (clocks, calendar) = (Clocks::parse(clocks)?, Calendar::parse(holidays)?);
        let RulesFile { unjudged, urgent_min, .. } = rules;
        Ok(Self { flags, fine, unjudged, urgent, urgent_min, clocks, calendar })
    }
}

/// Whether a life may hang on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It waits its turn.
    Usual,
    /// Before everything else.
    AtOnce,
}

/// The place of a report in the queue, fixed when it begins to wait; the smaller comes first.
/// Working milliseconds, less a head start for risk and uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u64);

impl Rank {
    /// Of a record; anything above fourteen digits is that.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(if number > 99_999_999_999_999 { 99_999_999_999_999 } else { number })
    }

    /// For records.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Whether it comes before everything else.
    #[must_use]
    pub const fn is_urgent(self) -> bool {
        self.0 < USUAL_FROM
    }

    /// Of a screening that waits since then.
    #[must_use]
    pub fn of(screened: &Screened, since: Timestamp) -> Self {
        let rules = &*RULES;
        let weight = Weight::of(screened);
        let product = (weight.risk * weight.uncertainty).max(WEIGHT_MIN);
        let days = f64::from(rules.clocks.verify_working_days);
        // A weight of one is no head start; each halving comes a whole clock later.
        let handicap = -f64::from(product).log2() * days * DAY_MS;
        let urgent = weight.urgency == Urgency::AtOnce;
        if urgent {
            return Self(rules.calendar.working_ms(since) / 1000);
        }
        #[expect(clippy::cast_sign_loss, reason = "the logarithm of at most one is at most zero")]
        let handicap = handicap as u64;
        Self::from_number(rules.calendar.working_ms(since) + handicap + USUAL_FROM)
    }
}

/// The parts that do not change while a report waits.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Weight {
    urgency: Urgency,
    risk: f32,
    label: Option<&'static str>,
    uncertainty: f32,
}

impl Weight {
    fn of(screened: &Screened) -> Self {
        let rules = &*RULES;
        let (risk, label, probability) = risk(rules, screened);
        let doubt = probability.map_or(1.0, |p| 1.0 - (2.0 * p.get() - 1.0).abs());
        Self { urgency: urgency(rules, screened), risk, label, uncertainty: f32::midpoint(1.0, doubt) }
    }
}

/// What a report's place in the queue rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priority {
    /// Whether it comes before everything else.
    pub urgency: Urgency,
    /// Largest product of probability and severity.
    pub risk: f32,
    /// The label behind the risk; none where the model did not judge.
    pub label: Option<&'static str>,
    /// A half for a new report, 1 when the working days for its verification are over.
    pub waiting: f32,
    /// A half where the model is sure, 1 where it is in two minds or did not judge.
    pub uncertainty: f32,
    /// When a person should have decided.
    pub deadline: Timestamp,
    /// Whether that moment has passed.
    pub clock: Clock,
}

/// The clock of working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// There is time left.
    Runs,
    /// There is none.
    RanOut,
}

impl Priority {
    /// Of a screening that waits since then, or since its appeal.
    #[must_use]
    pub fn of(screened: &Screened, received_at: Timestamp, appealed_at: Option<Timestamp>, now: Timestamp) -> Self {
        let rules = &*RULES;
        let Weight { urgency, risk, label, uncertainty } = Weight::of(screened);
        let (from, days) = match appealed_at {
            Some(at) => (at, rules.clocks.appeal_working_days),
            None => (received_at, rules.clocks.verify_working_days),
        };
        let deadline = rules.calendar.deadline(from, days).at;
        let worked = rules.calendar.working_ms(now).saturating_sub(rules.calendar.working_ms(from));
        let elapsed = worked as f64 / (f64::from(rules.clocks.verify_working_days) * DAY_MS);
        Self {
            urgency,
            risk,
            label,
            waiting: (elapsed.min(1.0) - 1.0).exp2() as f32,
            uncertainty,
            deadline,
            clock: if now > deadline { Clock::RanOut } else { Clock::Runs },
        }
    }

    /// 0 to 100.
    #[must_use]
    pub fn points(&self) -> f32 {
        100.0 * self.risk * self.waiting * self.uncertainty
    }
}

fn urgency(rules: &Rules, screened: &Screened) -> Urgency {
    let is_reason = |label: Fine| screened.verdict.reasons.iter().any(|reason| reason.code == label.code());
    let likely = screened.fine.iter().filter(|(_, score)| score.get() >= rules.urgent_min);
    let urgent = likely.map(|(label, _)| *label).any(|label| rules.urgent.contains(&label) && is_reason(label));
    if urgent { Urgency::AtOnce } else { Urgency::Usual }
}

fn risk(rules: &Rules, screened: &Screened) -> (f32, Option<&'static str>, Option<Score>) {
    let flags = screened.flags.iter().map(|(flag, score)| (rules.flags[*flag as usize], flag.code(), *score));
    let fine = screened.fine.iter().map(|(label, score)| (rules.fine[*label as usize], label.code(), *score));
    let products = flags.chain(fine).map(|(severity, code, score)| (severity * score.get(), code, score));
    // Of equal ones the first: flags before what refines them.
    let best = products.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map_or((rules.unjudged, None, None), |(risk, code, score)| (risk, Some(code), Some(score)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = include_str!("../../../models/priority.toml");
    const CLOCKS: &str = include_str!("../../../models/clocks.toml");
    const HOLIDAYS: &str = include_str!("../../../models/holidays.toml");

    #[test]
    fn the_built_in_files_are_sound() {
        assert!(Rules::parse(ORDER, CLOCKS, HOLIDAYS).is_ok());
        for (right, wrong) in [
            ("\"spam\" = 0.4", "\"spam\" = 1.4"),
            ("\"spam\" = 0.4", "\"spum\" = 0.4"),
            ("\"spam\" = 0.4", "\"spam\" = 0.4\n\"spum\" = 0.1"),
            ("unjudged = 0.7", "unjudged = -1.0"),
            ("urgent_min = 0.25", "urgent_min = nan"),
            ("[\"sensitive.selfharm\"]", "[\"sensitive\"]"),
        ] {
            let order = ORDER.replace(right, wrong);
            assert_ne!(order, ORDER, "{right}");
            assert!(Rules::parse(&order, CLOCKS, HOLIDAYS).is_err(), "{wrong}");
        }
    }

    #[test]
    fn points_are_the_product_of_the_parts() {
        let priority = Priority {
            urgency: Urgency::Usual,
            risk: 0.8,
            label: None,
            waiting: 0.75,
            uncertainty: 0.5,
            deadline: Timestamp::from_unix_ms(0),
            clock: Clock::Runs,
        };
        assert!((priority.points() - 30.0).abs() < 1e-4);
        assert!(Urgency::AtOnce > Urgency::Usual);
    }
}
