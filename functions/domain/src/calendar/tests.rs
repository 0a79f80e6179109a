use super::*;

fn calendar() -> Calendar {
    Calendar::parse(include_str!("../../../../models/holidays.toml")).unwrap()
}

/// A moment by the clocks of Jakarta.
fn at(day: &str, hour: u64) -> Timestamp {
    let start = Day::parse(day).unwrap().end(7).unix_ms() + 1 - 86_400_000;
    Timestamp::from_unix_ms(start + hour * 3_600_000)
}

#[test]
fn days_are_those_of_the_calendar() {
    let cases = [
        ("1970-01-01", Weekday::Thursday),
        ("2000-02-29", Weekday::Tuesday),
        ("2026-03-19", Weekday::Thursday),
        ("2026-11-24", Weekday::Tuesday),
        ("2027-12-26", Weekday::Sunday),
    ];
    for (text, weekday) in cases {
        let day = Day::parse(text).unwrap();
        assert_eq!((day.to_string().as_str(), day.weekday()), (text, weekday));
    }
    for wrong in ["", "2026-1-01", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "1969-12-31", "२०२६-०१-०१"]
    {
        assert_eq!(Day::parse(wrong), Err(DayError), "{wrong}");
    }
    let (mut day, end) = (Day::parse("1970-01-01").unwrap(), Day::parse("2100-03-01").unwrap());
    while day < end {
        assert_eq!(Day::parse(&day.to_string()), Ok(day));
        day = day.next();
    }
}

#[test]
fn both_years_have_the_holidays_that_every_year_has() {
    let calendar = calendar();
    for year in [2026, 2027] {
        for date in ["01-01", "05-01", "06-01", "08-17", "12-25"] {
            let day = Day::parse(&format!("{year}-{date}")).unwrap();
            assert!(calendar.holiday(day).is_some(), "{day}");
        }
        let count = calendar.holidays.keys().filter(|day| day.year() == year).count();
        assert!(count >= 16, "{year} has {count}");
    }
    assert_eq!(calendar.holidays.keys().filter(|day| day.year() == 2026).count(), 25, "17 holidays, 8 joint leaves");
}

#[test]
fn three_working_days_end_where_offices_say() {
    let cases = [
        // Tuesday: Wednesday, Thursday, Friday.
        ("2026-11-24", 9, 3, "2026-11-27", Certainty::Decreed),
        // Friday evening: the weekend doesn't count.
        ("2026-11-27", 20, 3, "2026-12-02", Certainty::Decreed),
        // Into the holidays of Nyepi and Idulfitri 2026, which last from 18 to 24 March.
        ("2026-03-16", 8, 3, "2026-03-26", Certainty::Decreed),
        // Over the end of the year: 24 and 25 December and 1 January are free.
        ("2026-12-23", 8, 4, "2026-12-31", Certainty::Decreed),
        ("2026-12-30", 8, 2, "2027-01-04", Certainty::Provisional),
        // A holiday itself.
        ("2026-08-17", 10, 1, "2026-08-18", Certainty::Decreed),
        ("2026-11-24", 9, 0, "2026-11-24", Certainty::Decreed),
        // Beyond the file: weekdays alone.
        ("2028-01-07", 9, 1, "2028-01-10", Certainty::Provisional),
    ];
    let calendar = calendar();
    for (from, hour, days, last, certainty) in cases {
        let deadline = calendar.deadline(at(from, hour), days);
        let expected = Deadline { at: Day::parse(last).unwrap().end(7), certainty };
        assert_eq!(deadline, expected, "{from} + {days}");
    }
}

#[test]
fn the_day_is_the_one_in_jakarta() {
    let calendar = calendar();
    // 17:30 UTC on Monday is Tuesday there.
    let late = Timestamp::from_unix_ms(at("2026-11-23", 0).unix_ms() + 24 * 3_600_000 + 30 * 60_000);
    assert_eq!(calendar.day_of(late).to_string(), "2026-11-24");
    assert_eq!(late.rfc3339(), "2026-11-23T17:30:00.000Z");
    assert_eq!(calendar.deadline(late, 3).at.rfc3339(), "2026-11-27T16:59:59.999Z");
}

#[test]
fn a_file_with_mistakes_is_refused() {
    let file = |day: &str, status: &str, source: &str| {
        Calendar::parse(&format!(
            "utc_offset_hours = 7\n[[year]]\nyear = 2026\nsource = \"{source}\"\nstatus = \"{status}\"\nday = [{day}]\n"
        ))
    };
    let new_year = "{ date = \"2026-01-01\", name = \"Tahun Baru\" }";
    assert!(file(new_year, "decreed", "SKB").is_ok());
    assert!(matches!(file(new_year, "guessed", "SKB"), Err(CalendarError::Toml(_))));
    assert!(matches!(file(new_year, "decreed", " "), Err(CalendarError::Toml(_))));
    assert!(matches!(file(&format!("{new_year}, {new_year}"), "decreed", "SKB"), Err(CalendarError::Twice(_))));
    let other = "{ date = \"2027-01-01\", name = \"Tahun Baru\" }";
    assert!(matches!(file(other, "decreed", "SKB"), Err(CalendarError::Uncovered { year: 2027, .. })));
    assert!(matches!(file("{ date = \"2026-02-30\", name = \"x\" }", "decreed", "SKB"), Err(CalendarError::Day(_))));
    assert_eq!(Calendar::parse("utc_offset_hours = 20\nyear = []\n"), Err(CalendarError::Offset));
}

#[test]
fn clocks_are_checked() {
    let file = include_str!("../../../../models/clocks.toml");
    assert_eq!(Clocks::parse(file).unwrap().verify_working_days, 3);
    let none = file.replace("verify_working_days = 3", "verify_working_days = 0");
    assert_eq!(Clocks::parse(&none), Err(ClocksError::Range { name: "verify_working_days", max: 250 }));
    assert!(matches!(Clocks::parse("days = 1"), Err(ClocksError::Toml(_))));
}

#[test]
fn no_working_time_passed_before_2000() {
    let working = |ms| calendar().working_ms(Timestamp::from_unix_ms(ms));
    assert_eq!((working(0), working(10_003_597), working(946_684_799_000 - 8 * 3_600_000)), (0, 0, 0));
    assert!(working(1_795_500_000_000) > 0);
}
