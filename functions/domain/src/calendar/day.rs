//! Days of the Gregorian calendar, counted from 1970-01-01.

use std::fmt;

use crate::case::Timestamp;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Days of four hundred years.
const ERA_DAYS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// Why a string names no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day must be written yyyy-mm-dd and exist, from 1970 to 9998")]
pub struct DayError;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weekday {
    /// Senin.
    Monday,
    /// Selasa.
    Tuesday,
    /// Rabu.
    Wednesday,
    /// Kamis.
    Thursday,
    /// Jumat.
    Friday,
    /// Sabtu.
    Saturday,
    /// Minggu.
    Sunday,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// Reads `2026-11-24`.
    ///
    /// # Errors
    /// Another form, or a day that doesn't exist.
    pub fn parse(text: &str) -> Result<Self, DayError> {
        let bytes = text.as_bytes();
        let form = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
        if !form {
            return Err(DayError);
        }
        let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().map_err(|_| DayError);
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        if !(1970..=9998).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return Err(DayError);
        }
        let found = Self(days_of(year, month, day));
        if found.to_string() == text { Ok(found) } else { Err(DayError) }
    }

    /// The day of a moment where clocks are so many hours ahead of UTC.
    pub(super) fn of(at: Timestamp, offset_hours: i8) -> Self {
        let local = i64::try_from(at.unix_ms()).unwrap_or(i64::MAX / 2) + i64::from(offset_hours) * HOUR_MS;
        Self(local.div_euclid(DAY_MS))
    }

    /// The last millisecond of the day there.
    pub(super) fn end(self, offset_hours: i8) -> Timestamp {
        let end = (self.0 + 1) * DAY_MS - 1 - i64::from(offset_hours) * HOUR_MS;
        Timestamp::from_unix_ms(u64::try_from(end).unwrap_or(0))
    }

    /// 2000-01-01, a Saturday.
    pub(super) const fn first_of_2000() -> Self {
        Self(10_957)
    }

    /// Mondays to Fridays from 2000 up to this day, without it.
    pub(super) fn weekdays_since_2000(self) -> u64 {
        let days = u64::try_from(self.0 - Self::first_of_2000().0).unwrap_or(0);
        // Weeks that begin on a Saturday: their first two days are none.
        days / 7 * 5 + (days % 7).saturating_sub(2)
    }

    /// Milliseconds from the day's begin there to a moment within it.
    pub(super) fn since_start_ms(self, at: Timestamp, offset_hours: i8) -> u64 {
        (at.unix_ms() + 86_400_000 - 1).saturating_sub(self.end(offset_hours).unix_ms()).min(86_399_999)
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Its year.
    #[must_use]
    pub fn year(self) -> i32 {
        i32::try_from(civil(self.0).0).unwrap_or(i32::MAX)
    }

    /// Its day of the week.
    #[must_use]
    pub const fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        match (self.0 + 3).rem_euclid(7) {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Howard Hinnant's `days_from_civil`: years begin in March, so that the leap day is their last.
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

/// The inverse, `civil_from_days`.
const fn civil(unix_days: i64) -> (i64, i64, i64) {
    let days = unix_days + EPOCH_DAYS;
    let day_of_era = days.rem_euclid(ERA_DAYS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + days.div_euclid(ERA_DAYS) * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}
