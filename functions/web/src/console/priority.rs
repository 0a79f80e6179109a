//! What a moderator should read first: risk × waiting × uncertainty, each within 0 and 1.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use saring_domain::calendar::{Calendar, Clocks};
use saring_domain::case::{CaseRecord, Timestamp};
use saring_domain::score::{Fine, Flag, Score};
use serde::Deserialize;

/// The order and its clocks, as they were built in.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    Rules::parse(
        include_str!("priority.toml"),
        include_str!("../../../../models/clocks.toml"),
        include_str!("../../../../models/holidays.toml"),
    )
    .expect("the built-in files are tested")
});

/// Why the order can't be read.
#[derive(Debug, thiserror::Error)]
enum RulesError {
    #[error("the order of the queue is not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("the order of the queue names an unknown label '{0}'")]
    UnknownLabel(String),
    #[error("the order of the queue has no severity for '{0}'")]
    MissingLabel(&'static str),
    #[error("'{0}' must be within 0 and 1")]
    Share(String),
    #[error(transparent)]
    Clocks(#[from] saring_domain::calendar::ClocksError),
    #[error(transparent)]
    Calendar(#[from] saring_domain::calendar::CalendarError),
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
pub(super) enum Urgency {
    Usual,
    AtOnce,
}

/// What a report's place in the queue rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Priority {
    pub(super) urgency: Urgency,
    /// Largest product of probability and severity.
    pub(super) risk: f32,
    /// The label behind the risk; none where the model did not judge.
    pub(super) label: Option<&'static str>,
    /// A half for a new report, 1 when its clock has run out.
    pub(super) waiting: f32,
    /// A half where the model is sure, 1 where it is in two minds or did not judge.
    pub(super) uncertainty: f32,
    /// When a person should have decided.
    pub(super) deadline: Timestamp,
    /// Whether that moment has passed.
    pub(super) clock: Clock,
}

/// The clock of working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Runs,
    RanOut,
}

impl Priority {
    pub(super) fn of(record: &CaseRecord, now: Timestamp) -> Self {
        let rules = &*RULES;
        let (risk, label, probability) = risk(rules, record);
        let doubt = probability.map_or(1.0, |p| 1.0 - (2.0 * p.get() - 1.0).abs());
        let (from, days) = match record.appealed_at {
            Some(at) => (at, rules.clocks.appeal_working_days),
            None => (record.received_at, rules.clocks.verify_working_days),
        };
        let deadline = rules.calendar.deadline(from, days).at;
        let whole = deadline.unix_ms().saturating_sub(from.unix_ms()).max(1);
        let gone = now.unix_ms().saturating_sub(from.unix_ms());
        let elapsed = (gone as f64 / whole as f64).min(1.0) as f32;
        Self {
            urgency: urgency(rules, record),
            risk,
            label,
            waiting: f32::midpoint(1.0, elapsed),
            uncertainty: f32::midpoint(1.0, doubt),
            deadline,
            clock: if now > deadline { Clock::RanOut } else { Clock::Runs },
        }
    }

    /// 0 to 100.
    pub(super) fn points(&self) -> f32 {
        100.0 * self.risk * self.waiting * self.uncertainty
    }
}

fn urgency(rules: &Rules, record: &CaseRecord) -> Urgency {
    let screened = &record.screened;
    let is_reason = |label: Fine| screened.verdict.reasons.iter().any(|reason| reason.code == label.code());
    let likely = screened.fine.iter().filter(|(_, score)| score.get() >= rules.urgent_min);
    let urgent = likely.map(|(label, _)| *label).any(|label| rules.urgent.contains(&label) && is_reason(label));
    if urgent { Urgency::AtOnce } else { Urgency::Usual }
}

fn risk(rules: &Rules, record: &CaseRecord) -> (f32, Option<&'static str>, Option<Score>) {
    let screened = &record.screened;
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

    const ORDER: &str = include_str!("priority.toml");
    const CLOCKS: &str = include_str!("../../../../models/clocks.toml");
    const HOLIDAYS: &str = include_str!("../../../../models/holidays.toml");

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
