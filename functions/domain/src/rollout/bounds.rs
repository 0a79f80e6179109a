//! How far a canary may go, from a reviewed file or from whoever starts it.

use serde::Deserialize;

/// Longest window, in minutes: a week.
const WINDOW_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Fewer cases or decisions than this say nothing about a rate.
const COUNT_MIN: u64 = 5;

/// Not above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("must be above 0 and at most 1, got {0}")]
pub struct ProportionError(f64);

/// A part of a whole: above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Proportion(f64);

impl Proportion {
    /// # Errors
    /// Not above 0, above 1, or not a number.
    pub fn new(value: f64) -> Result<Self, ProportionError> {
        if value > 0.0 && value <= 1.0 { Ok(Self(value)) } else { Err(ProportionError(value)) }
    }

    /// The value.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Why bounds can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BoundsError {
    /// Not TOML of the expected form.
    #[error("the bounds of rollouts are not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value outside its range.
    #[error("'{key}' {source}")]
    Proportion {
        /// Key of the file.
        key: &'static str,
        /// What is allowed.
        #[source]
        source: ProportionError,
    },
    /// A value outside its range.
    #[error("'{key}' must be within {min} and {max}")]
    Count {
        /// Key of the file.
        key: &'static str,
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
}

/// Where a canary ends by itself. A rate leaves its bound when its interval lies wholly beyond it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Share that the candidate holds less that of the current model, on the same reports, either way.
    pub held_rate_difference_max: Proportion,
    /// Share of the candidate's decisions that moderators turned round, less that of the current model's.
    pub overturn_rate_difference_max: Proportion,
    /// Share of reports on which the candidate gave no answer.
    pub error_rate_max: Proportion,
    /// Reports of a window before it is judged.
    pub cases_min: u64,
    /// Decisions of moderators in a window before they are judged.
    pub decisions_min: u64,
}

/// What counts where whoever starts a rollout says nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defaults {
    /// How long a window is, in minutes.
    pub window_minutes: u32,
    /// Where a canary ends by itself.
    pub bounds: Bounds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    window_minutes: u32,
    cases_min: u64,
    decisions_min: u64,
    held_rate_difference_max: f64,
    overturn_rate_difference_max: f64,
    error_rate_max: f64,
}

impl Defaults {
    /// Reads the file.
    ///
    /// # Errors
    /// An unknown or missing key, a value outside its range.
    pub fn parse(toml: &str) -> Result<Self, BoundsError> {
        let wire: Wire = toml::from_str(toml)?;
        let part = |key, value| Proportion::new(value).map_err(|source| BoundsError::Proportion { key, source });
        let bounds = Bounds {
            held_rate_difference_max: part("held_rate_difference_max", wire.held_rate_difference_max)?,
            overturn_rate_difference_max: part("overturn_rate_difference_max", wire.overturn_rate_difference_max)?,
            error_rate_max: part("error_rate_max", wire.error_rate_max)?,
            cases_min: wire.cases_min,
            decisions_min: wire.decisions_min,
        };
        let defaults = Self { window_minutes: wire.window_minutes, bounds };
        defaults.check()?;
        Ok(defaults)
    }

    /// Whether the counts are in their ranges.
    ///
    /// # Errors
    /// One that is not.
    pub fn check(&self) -> Result<(), BoundsError> {
        if !(1..=WINDOW_MINUTES_MAX).contains(&self.window_minutes) {
            return Err(BoundsError::Count { key: "window_minutes", min: 1, max: WINDOW_MINUTES_MAX.into() });
        }
        for (key, value) in [("cases_min", self.bounds.cases_min), ("decisions_min", self.bounds.decisions_min)] {
            if value < COUNT_MIN {
                return Err(BoundsError::Count { key, min: COUNT_MIN, max: u64::MAX });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_usable_and_a_wrong_value_names_its_key() {
        let shipped = include_str!("../../../../models/rollout.toml");
        assert!(Defaults::parse(shipped).is_ok());
        let error = |from: &str, to: &str| {
            assert!(shipped.contains(from), "{from}");
            Defaults::parse(&shipped.replace(from, to)).unwrap_err().to_string()
        };
        assert!(error("error_rate_max = 0.02", "error_rate_max = 1.5").contains("'error_rate_max'"));
        assert!(error("cases_min = 50", "cases_min = 1").contains("'cases_min' must be within 5"));
        assert!(error("window_minutes = 60", "window_minutes = 0").contains("'window_minutes'"));
        assert!(error("window_minutes", "window_hours").contains("window_hours"));
    }
}
