//! Working days of Indonesian offices, and the clocks that count in them. Pure: days come from
//! moments that the caller gives, holidays from a data file.

mod clocks;
mod day;

use std::collections::{BTreeMap, BTreeSet};

pub use clocks::{Clocks, ClocksError};
pub use day::{Day, DayError, Weekday};
use serde::Deserialize;

use crate::case::Timestamp;

/// Most working days of a clock: more is a mistake in the file.
pub const WORKING_DAYS_MAX: u16 = 250;

/// Why a calendar can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not the expected TOML.
    #[error("the holidays are not valid: {0}")]
    Toml(String),
    /// A day that is none.
    #[error(transparent)]
    Day(#[from] DayError),
    /// A holiday outside the years that the file says it covers.
    #[error("holiday '{name}' is in {year}, which the file does not cover")]
    Uncovered {
        /// Its name.
        name: String,
        /// Its year.
        year: i32,
    },
    /// The same day twice.
    #[error("holiday '{0}' is on a day that is listed before")]
    Twice(String),
    /// The offset from UTC is out of range.
    #[error("utc_offset_hours must be -12 to 14")]
    Offset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    utc_offset_hours: i8,
    year: Vec<YearFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearFile {
    year: i32,
    source: String,
    status: StatusFile,
    day: Vec<DayFile>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum StatusFile {
    Decreed,
    Computed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayFile {
    date: String,
    name: String,
}

/// Whether a deadline may move when a decree comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Every day up to it is in a year whose holidays are decreed.
    Decreed,
    /// Some are computed ahead of the decree, or lie in a year that the file doesn't cover and
    /// count by their weekday alone.
    Provisional,
}

/// The last moment in which something is in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// The end of the last working day.
    pub at: Timestamp,
    /// Whether it may still move.
    pub certainty: Certainty,
}

/// Which days offices work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    offset_hours: i8,
    holidays: BTreeMap<Day, String>,
    decreed: BTreeSet<i32>,
}

impl Calendar {
    /// Reads `holidays.toml`.
    ///
    /// # Errors
    /// Not that form, a day that is none, twice, or outside its year.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let file: File = toml::from_str(text).map_err(|e| CalendarError::Toml(e.message().to_owned()))?;
        if !(-12..=14).contains(&file.utc_offset_hours) {
            return Err(CalendarError::Offset);
        }
        let mut calendar =
            Self { offset_hours: file.utc_offset_hours, holidays: BTreeMap::new(), decreed: BTreeSet::new() };
        for year in file.year {
            if year.source.trim().is_empty() {
                return Err(CalendarError::Toml(format!("the holidays of {} name no source", year.year)));
            }
            if year.status == StatusFile::Decreed {
                calendar.decreed.insert(year.year);
            }
            for entry in year.day {
                let day = Day::parse(&entry.date)?;
                if day.year() != year.year {
                    return Err(CalendarError::Uncovered { name: entry.name, year: day.year() });
                }
                if calendar.holidays.insert(day, entry.name.clone()).is_some() {
                    return Err(CalendarError::Twice(entry.name));
                }
            }
        }
        Ok(calendar)
    }

    /// The day of a moment, by the offices' clocks.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Day {
        Day::of(at, self.offset_hours)
    }

    /// The name of the holiday of a day, if it is one.
    #[must_use]
    pub fn holiday(&self, day: Day) -> Option<&str> {
        self.holidays.get(&day).map(String::as_str)
    }

    /// Whether offices work on a day.
    #[must_use]
    pub fn works(&self, day: Day) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains_key(&day)
    }

    /// The end of the last of so many working days. The day of `from` itself does not count;
    /// days above [`WORKING_DAYS_MAX`] are that many.
    #[must_use]
    pub fn deadline(&self, from: Timestamp, working_days: u16) -> Deadline {
        let mut day = self.day_of(from);
        let mut left = working_days.min(WORKING_DAYS_MAX);
        let mut certainty = self.certainty(day);
        while left > 0 {
            day = day.next();
            certainty = certainty.max(self.certainty(day));
            left -= u16::from(self.works(day));
        }
        Deadline { at: day.end(self.offset_hours), certainty }
    }

    /// Milliseconds of working days before a moment, since 2000 and none before: a clock that stands still
    /// on other days.
    #[must_use]
    pub fn working_ms(&self, at: Timestamp) -> u64 {
        let (first, day) = (Day::first_of_2000(), self.day_of(at));
        if day < first {
            return 0;
        }
        let weekdays = day.weekdays_since_2000();
        let off = self.holidays.range(first..day);
        let off = off.filter(|(day, _)| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)).count() as u64;
        let today = if self.works(day) { day.since_start_ms(at, self.offset_hours) } else { 0 };
        weekdays.saturating_sub(off) * 86_400_000 + today
    }

    fn certainty(&self, day: Day) -> Certainty {
        if self.decreed.contains(&day.year()) { Certainty::Decreed } else { Certainty::Provisional }
    }
}

#[cfg(test)]
mod tests;
