//! How long things may take: a reviewed data file, because the rules change.

use serde::Deserialize;

use super::WORKING_DAYS_MAX;

/// Why clocks can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClocksError {
    /// Not the expected TOML.
    #[error("the clocks are not valid: {0}")]
    Toml(String),
    /// A clock of no length, or of an absurd one.
    #[error("clock '{name}' must be 1 to {max}")]
    Range {
        /// Its key.
        name: &'static str,
        /// The largest value.
        max: u32,
    },
}

/// `clocks.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// Working days from a report's acceptance to a person's decision.
    pub verify_working_days: u16,
    /// Working days from an appeal to its decision.
    pub appeal_working_days: u16,
    /// Minutes for which a moderator's claim lasts.
    pub claim_minutes: u16,
    /// Minutes for which a decision rests before it takes effect.
    pub undo_minutes: u16,
    /// Minutes after which a report without a verdict is stuck.
    pub screening_minutes: u32,
    /// Hours after which a dead letter is old.
    pub dead_letter_hours: u32,
}

impl Clocks {
    /// # Errors
    /// Not that form, or a clock of no length.
    pub fn parse(text: &str) -> Result<Self, ClocksError> {
        let clocks: Self = toml::from_str(text).map_err(|e| ClocksError::Toml(e.message().to_owned()))?;
        let ranges = [
            ("verify_working_days", u32::from(clocks.verify_working_days), u32::from(WORKING_DAYS_MAX)),
            ("appeal_working_days", u32::from(clocks.appeal_working_days), u32::from(WORKING_DAYS_MAX)),
            ("claim_minutes", u32::from(clocks.claim_minutes), 60),
            ("undo_minutes", u32::from(clocks.undo_minutes), 60),
            ("screening_minutes", clocks.screening_minutes, 7 * 24 * 60),
            ("dead_letter_hours", clocks.dead_letter_hours, 14 * 24),
        ];
        match ranges.into_iter().find(|(_, value, max)| !(1..=*max).contains(value)) {
            Some((name, _, max)) => Err(ClocksError::Range { name, max }),
            None => Ok(clocks),
        }
    }
}
