//! What a person should know of a policy before it counts: whether its values make sense, and what
//! it changes.

use std::fmt;

use super::Policy;
use crate::case::PolicyVersion;
use crate::report::Visibility;
use crate::score::{Fine, Flag, Score};

/// At one half a report is as likely harmful as not: it is not published without a person.
const THRESHOLD_MAX: f32 = 0.5;
/// Below it nearly every report would be held.
const THRESHOLD_MIN: f32 = 0.005;
const LETTERS_MIN: std::ops::RangeInclusive<usize> = 1..=100;
/// A text of which the model doesn't know half can't be judged by it.
const UNKNOWN_SHARE_MAX: f32 = 0.5;
/// What must never be published without a person where the model is sure of it.
const ALWAYS_HELD: [Fine; 5] = [
    Fine::AbuseThreat,
    Fine::SensitiveChild,
    Fine::SensitiveViolence,
    Fine::SensitiveSelfharm,
    Fine::SensitiveAccusation,
];

/// A value that makes no sense, though it can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Key of the file.
    pub key: String,
    /// What it is.
    pub value: String,
    /// What is allowed, and why.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is {}: {}", self.key, self.value, self.expected)
    }
}

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is held or less visible.
    Tighter,
    /// Less is held or more visible.
    Looser,
    /// Neither.
    Other,
}

/// A value that two policies have otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Key of the file.
    pub key: String,
    /// What it was; nothing where it was not set.
    pub before: Option<String>,
    /// What it becomes; nothing where it is not set any more.
    pub after: Option<String>,
    /// Which way.
    pub direction: Direction,
}

impl Policy {
    /// Everything that a policy should not say; empty for one that may count.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut check = |holds: bool, key: String, value: String, expected: String| {
            if !holds {
                findings.push(Finding { key, value, expected });
            }
        };
        let named = PolicyVersion::parse(&self.version).is_ok();
        check(
            named,
            "version".to_owned(),
            format!("'{}'", self.version),
            "it must be visible ascii without blanks".to_owned(),
        );
        let flags = Flag::ALL.iter().map(|flag| (format!("flags.{}", flag.code()), self.flag_threshold(*flag)));
        let set = Fine::ALL
            .into_iter()
            .filter_map(|fine| Some((format!("fine.\"{}\"", fine.code()), self.fine_threshold(fine)?)));
        for (key, threshold) in flags.chain(set) {
            let holds = (THRESHOLD_MIN..=THRESHOLD_MAX).contains(&threshold.get());
            let expected = format!(
                "it must be within {THRESHOLD_MIN} (below it nearly all is held) and {THRESHOLD_MAX} (from it on, what is \
                 more likely harmful than not would be public)"
            );
            check(holds, key, threshold.get().to_string(), expected);
        }
        for fine in ALWAYS_HELD {
            let key = format!("fine.\"{}\"", fine.code());
            check(
                self.fine_threshold(fine).is_some(),
                key,
                "not set".to_owned(),
                "it must hold a report by itself".to_owned(),
            );
        }
        let letters = format!("it must be within {} and {}", LETTERS_MIN.start(), LETTERS_MIN.end());
        check(LETTERS_MIN.contains(&self.letters_min), "letters_min".to_owned(), self.letters_min.to_string(), letters);
        let share = self.unknown_share_max;
        let expected = format!("it must be within 0 and {UNKNOWN_SHARE_MAX}");
        check(share <= UNKNOWN_SHARE_MAX, "unknown_share_max".to_owned(), share.to_string(), expected);
        for (key, value) in
            [("claims.link_min", self.claims.link_min), ("claims.hold_hoax_min", self.claims.hold_hoax_min)]
        {
            let value = value.get();
            let expected = format!("it must be within {THRESHOLD_MIN} and {THRESHOLD_MAX}");
            check((THRESHOLD_MIN..=THRESHOLD_MAX).contains(&value), key.to_owned(), value.to_string(), expected);
        }
        findings
    }

    /// Every value that `after` has otherwise, in the order of the file.
    #[must_use]
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut add = |key: String, before: Option<String>, after: Option<String>, direction: Direction| {
            if before != after {
                found.push(Difference { key, before, after, direction });
            }
        };
        let lower_is_tighter =
            |before: f32, after: f32| if after < before { Direction::Tighter } else { Direction::Looser };
        let number = |key: &str, before: f32, after: f32, direction: Direction| {
            (key.to_owned(), Some(before.to_string()), Some(after.to_string()), direction)
        };
        let (old, new) = (self.letters_min, after.letters_min);
        let direction = if new > old { Direction::Tighter } else { Direction::Looser };
        add("letters_min".to_owned(), Some(old.to_string()), Some(new.to_string()), direction);
        let (old, new) = (self.unknown_share_max, after.unknown_share_max);
        let mut numbers = vec![number("unknown_share_max", old, new, lower_is_tighter(old, new))];
        for flag in Flag::ALL {
            let (old, new) = (self.flag_threshold(flag).get(), after.flag_threshold(flag).get());
            numbers.push(number(&format!("flags.{}", flag.code()), old, new, lower_is_tighter(old, new)));
        }
        let (a, b) = (&self.claims, &after.claims);
        for (key, old, new) in [
            ("claims.link_min", a.link_min, b.link_min),
            ("claims.hold_hoax_min", a.hold_hoax_min, b.hold_hoax_min),
            ("claims.listed_min", a.listed_min, b.listed_min),
        ] {
            numbers.push(number(key, old.get(), new.get(), lower_is_tighter(old.get(), new.get())));
        }
        numbers.push(number("claims.hoax_weight", a.hoax_weight, b.hoax_weight, Direction::Other));
        for (key, old, new, direction) in numbers {
            add(key, old, new, direction);
        }
        for fine in Fine::ALL {
            let set = |policy: &Self| policy.fine_threshold(fine).map(Score::get);
            // Not set is the loosest.
            let as_number = |threshold: Option<f32>| threshold.unwrap_or(f32::INFINITY);
            let (old, new) = (set(self), set(after));
            let direction = lower_is_tighter(as_number(old), as_number(new));
            let text = |threshold: Option<f32>| threshold.map(|t| t.to_string());
            add(format!("fine.\"{}\"", fine.code()), text(old), text(new), direction);
            let asked = |policy: &Self| policy.asked_visibility(fine);
            let (old, new) = (asked(self), asked(after));
            let direction = if new > old { Direction::Tighter } else { Direction::Looser };
            let code = |visibility: Option<Visibility>| visibility.map(|v| v.code().to_owned());
            add(format!("visibility.\"{}\"", fine.code()), code(old), code(new), direction);
        }
        found
    }

    /// Whether both say the same, apart from their version.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        Self { version: String::new(), ..self.clone() } == Self { version: String::new(), ..other.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../../models/policy.toml");

    fn policy(from: &str, to: &str) -> Policy {
        assert!(SHIPPED.contains(from), "{from}");
        Policy::parse(&SHIPPED.replace(from, to)).expect("it can be read")
    }

    #[test]
    fn the_shipped_policy_may_count_and_senseless_values_name_their_key_and_limit() {
        assert_eq!(policy("spam", "spam").findings(), Vec::new());
        for (from, to, key, limit) in [
            ("spam = 0.28", "spam = 0.9", "'flags.spam' is 0.9", "0.5"),
            ("hoax = 0.25", "hoax = 0.0", "'flags.hoax' is 0", "0.005"),
            ("\"sensitive.child\" = 0.12\n", "", "'fine.\"sensitive.child\"' is not set", "must hold"),
            ("letters_min = 6", "letters_min = 0", "'letters_min' is 0", "within 1 and 100"),
            ("unknown_share_max = 0.3", "unknown_share_max = 0.9", "'unknown_share_max' is 0.9", "0.5"),
            ("hold_hoax_min = 0.25", "hold_hoax_min = 0.99", "'claims.hold_hoax_min' is 0.99", "0.5"),
            ("version = \"2026-12-01.2\"", "version = \"a b\"", "'version' is 'a b'", "ascii"),
        ] {
            let found = policy(from, to).findings();
            let text = found.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n");
            assert!(found.len() == 1 && text.contains(key) && text.contains(limit), "{text}");
        }
    }

    #[test]
    fn differences_say_what_is_held_more() {
        let before = policy("spam", "spam");
        let (same, other) = (policy("2026-12-01.2", "x"), policy("spam = 0.28", "spam = 0.1"));
        assert!(before.differences(&same).is_empty() && before.same_content(&same) && !before.same_content(&other));
        let found = before.differences(&other);
        assert_eq!((found.len(), found[0].key.as_str(), found[0].direction), (1, "flags.spam", Direction::Tighter));
        let gone = policy("\"sensitive.health\" = 0.25\n", "");
        let found = before.differences(&gone);
        assert_eq!((found[0].direction, found[0].after.clone()), (Direction::Looser, None));
        let hidden = policy("\"sensitive.health\" = \"anonim\"", "\"sensitive.health\" = \"rahasia\"");
        assert_eq!(before.differences(&hidden)[0].direction, Direction::Tighter);
    }
}
