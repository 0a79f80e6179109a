//! Figures of the last weeks: from the log of decisions, the checks and the counts of the queue.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use saring_domain::case::Timestamp;
use saring_domain::quality::{Pairs, Sampled, Share, error_rate, wilson};
use saring_store::{Appealed, Board, CHECK_DAYS, Cases, Check, CheckKind, Logged};

use super::identity::{Permission, Session};
use super::{figures_page, frame, now};
use crate::error::WebError;

/// A name with its numbers.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

/// All that the page shows and the file holds.
pub(super) struct Figures {
    /// By day, the oldest first: decided, published by the screening.
    pub(super) volume: Vec<Row>,
    /// By age in days: cases that wait.
    pub(super) backlog: Vec<Row>,
    /// By reason of the screening: held, of those rightly, share with its interval, held of all reports.
    pub(super) reasons: Vec<Row>,
    /// By moderator: decisions, median minutes from acceptance, decisions a day on which they decided.
    pub(super) people: Vec<Row>,
    /// For new reports and for appeals: decisions, median and 90th percentile of minutes to them.
    pub(super) times: Vec<Row>,
    /// By reason: cases, kappa.
    pub(super) kappa: Vec<Row>,
    /// Golden cases: answered rightly, all.
    pub(super) golden: (u64, u64),
    /// Appeals decided, and those whose outcome is public now.
    pub(super) appeals: (u64, u64),
    /// Share of what the screening published that should not be public.
    pub(super) live_error: Option<Share>,
    /// What the screening published in those days.
    pub(super) published: u64,
    /// Cases that the screening held among all that it decided.
    pub(super) held: Option<f64>,
}

fn is_public(ruling: &str) -> bool {
    ruling.starts_with("publish")
}

impl Figures {
    pub(super) fn of(
        log: &[Logged],
        checks: &[Check],
        board: Option<&Board>,
        published: &[(String, u64)],
        now: Timestamp,
    ) -> Self {
        let days = days(now);
        let recent: Vec<&(String, u64)> = published.iter().filter(|(day, _)| days.contains(day)).collect();
        let automatic: u64 = recent.iter().map(|(_, count)| count).sum();
        let appeals: Vec<&Logged> = log.iter().filter(|row| row.appeal == Appealed::Yes).collect();
        let waiting = board.map_or(0, |board| board.open + board.escalated + board.resting + board.asked);
        let held = log.len() as u64 + waiting;
        Self {
            volume: volume(&days, log, &recent),
            backlog: backlog(board, now),
            reasons: by_reason(log, log.len() as u64 + automatic),
            people: by_person(log),
            times: times(log),
            kappa: kappa(checks),
            golden: golden(checks),
            appeals: (appeals.iter().filter(|row| is_public(&row.ruling)).count() as u64, appeals.len() as u64),
            live_error: live_error(checks, automatic),
            published: automatic,
            held: (held + automatic > 0).then(|| held as f64 / (held + automatic) as f64),
        }
    }
}

fn days(now: Timestamp) -> Vec<String> {
    let back = |days: u64| Timestamp::from_unix_ms(now.unix_ms().saturating_sub(days * 86_400_000));
    (0..CHECK_DAYS).rev().map(|days| back(days).rfc3339()[..10].to_owned()).collect()
}

fn volume(days: &[String], log: &[Logged], published: &[&(String, u64)]) -> Vec<Row> {
    let decided = |day: &str| log.iter().filter(|row| row.at.rfc3339().starts_with(day)).count() as f64;
    let automatic = |day: &str| published.iter().find(|(d, _)| d == day).map_or(0.0, |(_, count)| *count as f64);
    days.iter().map(|day| Row { name: day.clone(), values: vec![decided(day), automatic(day)] }).collect()
}

fn backlog(board: Option<&Board>, now: Timestamp) -> Vec<Row> {
    let mut ages = [("0–1", 0.0), ("1–2", 0.0), ("2–3", 0.0), ("3–7", 0.0), ("> 7", 0.0)];
    let today = now.unix_ms() / 86_400_000;
    for counted in board.map_or(&[][..], |board| board.days.as_slice()) {
        let Some(day) = day_number(&counted.key) else { continue };
        let place = match today.saturating_sub(day) {
            age @ 0..3 => age as usize,
            3..7 => 3,
            _ => 4,
        };
        ages[place].1 += counted.count as f64;
    }
    ages.map(|(name, count)| Row { name: name.to_owned(), values: vec![count] }).into()
}

/// Days since 1970 of `2026-11-24`.
fn day_number(day: &str) -> Option<u64> {
    let mut parts = day.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // Years begin in March, so that the leap day is their last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    u64::try_from(days).ok()
}

/// A case was held rightly if a person did not publish it as it was.
fn by_reason(log: &[Logged], all: u64) -> Vec<Row> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in log.iter().filter(|row| row.appeal == Appealed::No) {
        for reason in &row.reasons {
            let count = counts.entry(reason).or_default();
            count.0 += 1;
            count.1 += u64::from(row.ruling != "publish");
        }
    }
    let row = |(name, (held, right)): (&str, (u64, u64))| {
        let share = right as f64 / held as f64;
        let (low, high) = wilson(share, held as f64);
        Row {
            name: name.to_owned(),
            values: vec![held as f64, right as f64, share, low, high, held as f64 / all as f64],
        }
    };
    let mut rows: Vec<Row> = counts.into_iter().map(row).collect();
    rows.sort_by(|a, b| b.values[0].total_cmp(&a.values[0]));
    rows
}

/// Minutes from acceptance, or appeal, to the decision.
fn waited(row: &Logged) -> u64 {
    row.at.unix_ms().saturating_sub(row.since.unix_ms()) / 60_000
}

/// The value below which so many of a hundred are; the values are not empty.
fn percentile(values: &mut [u64], percent: usize) -> f64 {
    values.sort_unstable();
    values[(values.len() * percent / 100).min(values.len() - 1)] as f64
}

fn times(log: &[Logged]) -> Vec<Row> {
    let row = |(name, appeal): (&str, Appealed)| {
        let mut minutes: Vec<u64> = log.iter().filter(|row| row.appeal == appeal).map(waited).collect();
        if minutes.is_empty() {
            return None;
        }
        let (median, slow) = (percentile(&mut minutes, 50), percentile(&mut minutes, 90));
        Some(Row { name: name.to_owned(), values: vec![minutes.len() as f64, median, slow] })
    };
    [("laporan baru", Appealed::No), ("banding", Appealed::Yes)].into_iter().filter_map(row).collect()
}

fn by_person(log: &[Logged]) -> Vec<Row> {
    let mut of_person: BTreeMap<&str, (Vec<u64>, BTreeSet<String>)> = BTreeMap::new();
    for row in log {
        let (minutes, days) = of_person.entry(row.by.as_str().trim_start_matches("moderator:")).or_default();
        minutes.push(waited(row));
        days.insert(row.at.rfc3339()[..10].to_owned());
    }
    let row = |(name, (mut minutes, days)): (&str, (Vec<u64>, BTreeSet<String>))| {
        let (decided, median) = (minutes.len() as f64, percentile(&mut minutes, 50));
        Row { name: name.to_owned(), values: vec![decided, median, decided / days.len() as f64] }
    };
    let mut rows: Vec<Row> = of_person.into_iter().map(row).collect();
    rows.sort_by(|a, b| b.values[0].total_cmp(&a.values[0]));
    rows
}

/// Names the agreement on being public at all.
pub(super) const PUBLIC: &str = "public";

/// For each reason of rejection, and for being public at all, whether two people say the same.
fn kappa(checks: &[Check]) -> Vec<Row> {
    let done = checks.iter().filter(|check| check.kind == CheckKind::Second);
    let done: Vec<(&str, &str)> =
        done.filter_map(|check| Some((check.first.as_str(), check.second.as_ref()?.0.as_str()))).collect();
    let mut names: Vec<&str> = done.iter().flat_map(|(first, second)| [*first, *second]).collect();
    names.sort_unstable();
    names.dedup();
    let row = |name: &str, says: &dyn Fn(&str) -> bool| {
        let mut pairs = Pairs::default();
        for (first, second) in &done {
            pairs.add(says(first), says(second));
        }
        let kappa = pairs.kappa();
        kappa.map(|kappa| Row { name: name.to_owned(), values: vec![pairs.cases() as f64, kappa] })
    };
    let mut rows: Vec<Row> = row(PUBLIC, &is_public).into_iter().collect();
    rows.extend(names.iter().filter_map(|name| row(name, &|ruling| ruling == *name)));
    rows
}

fn golden(checks: &[Check]) -> (u64, u64) {
    let done = checks.iter().filter(|check| check.kind == CheckKind::Golden);
    let right: Vec<bool> = done.filter_map(|check| Some(check.second.as_ref()?.0 == check.first)).collect();
    (right.iter().filter(|right| **right).count() as u64, right.len() as u64)
}

/// Of the drawn cases that somebody looked at; those not yet looked at count as not drawn, each with
/// the share of its stratum that was.
fn live_error(checks: &[Check], published: u64) -> Option<Share> {
    let drawn: Vec<&Check> = checks.iter().filter(|check| check.kind == CheckKind::Sample).collect();
    let sample: Vec<Sampled> = drawn
        .iter()
        .filter_map(|check| {
            let (second, _) = check.second.as_ref()?;
            let verdict = check.last.as_deref().unwrap_or(second);
            let alike = |other: &&&Check| (other.probability - check.probability).abs() < f64::EPSILON;
            let all = drawn.iter().filter(alike).count() as f64;
            let looked_at = drawn.iter().filter(alike).filter(|other| other.second.is_some()).count() as f64;
            let wrong = f64::from(u8::from(!is_public(verdict)));
            Some(Sampled { probability: check.probability * looked_at / all, wrong })
        })
        .collect();
    error_rate(&sample, published)
}

async fn read(cases: &Cases, now: Timestamp) -> Result<Figures, WebError> {
    let log = cases.decision_log(now, CHECK_DAYS).await?;
    let (checks, board) = (cases.checks(now).await?, cases.board().await?);
    let published = cases.published_by_day().await?;
    Ok(Figures::of(&log, &checks, board.as_ref(), &published, now))
}

/// The dashboard.
pub(super) async fn page(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
) -> Response {
    let work = async || {
        let figures = read(&cases, now()).await?;
        let html =
            figures_page::render(&figures, session.may(Permission::Export)).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Angka", "Figures"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

/// The same as a file.
pub(super) async fn csv(State(cases): State<Cases>, headers: HeaderMap) -> Response {
    let work = async || {
        let text = figures_page::csv(&read(&cases, now()).await?);
        let kind = HeaderValue::from_static("text/csv; charset=utf-8");
        let name = HeaderValue::from_static("attachment; filename=\"saring-angka.csv\"");
        Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], text).into_response())
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

#[cfg(test)]
mod tests {
    use saring_domain::case::{Actor, CaseId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_764_000_000_000);

    fn check(kind: CheckKind, probability: f64, first: &str, second: Option<&str>) -> Check {
        Check {
            case: CaseId::parse("0123456789abcdef").unwrap(),
            kind,
            probability,
            at: NOW,
            first: first.into(),
            first_by: Actor::screen(),
            reasons: String::new(),
            second: second.map(|second| (second.to_owned(), Actor::parse("moderator:a").unwrap())),
            last: None,
        }
    }

    #[test]
    fn figures_are_those_of_their_rows() {
        let logged = |ruling: &str, reason: &str, minutes: u64| Logged {
            at: NOW,
            case: CaseId::parse("0123456789abcdef").unwrap(),
            ruling: ruling.into(),
            by: Actor::parse("moderator:sari").unwrap(),
            since: Timestamp::from_unix_ms(NOW.unix_ms() - minutes * 60_000),
            reasons: vec![reason.into()],
            appeal: Appealed::No,
        };
        let log = [logged("publish", "spam", 5), logged("reject.spam", "spam", 9), logged("reject.spam", "hoax", 1)];
        let checks = [
            check(CheckKind::Sample, 0.5, "publish", Some("publish")),
            check(CheckKind::Sample, 0.5, "publish", Some("reject.spam")),
            check(CheckKind::Sample, 0.5, "publish", None),
            check(CheckKind::Golden, 1.0, "publish", Some("publish")),
            check(CheckKind::Second, 0.1, "publish", Some("publish")),
            check(CheckKind::Second, 0.1, "reject.spam", Some("reject.spam")),
        ];
        let figures = Figures::of(&log, &checks, None, &[("2025-11-24".to_owned(), 6)], NOW);
        assert_eq!(figures.volume.last().unwrap().values, [3.0, 6.0]);
        assert_eq!(figures.reasons[0].values[..3], [2.0, 1.0, 0.5]);
        assert_eq!(figures.people[0].values, [3.0, 5.0, 3.0]);
        // Two of the nine that were decided or published had the reason.
        assert!((figures.reasons[0].values[5] - 2.0 / 9.0).abs() < 1e-9);
        assert_eq!(figures.times[0].values, [3.0, 5.0, 9.0]);
        assert_eq!((figures.golden, figures.published), ((1, 1), 6));
        // Two of three drawn were looked at: each stands for three of the six.
        let share = figures.live_error.unwrap();
        assert!((share.estimate - 0.5).abs() < 1e-9 && share.low < 0.5 && share.high > 0.5, "{share:?}");
        assert!((figures.held.unwrap() - 3.0 / 9.0).abs() < 1e-9);
        assert!(figures.kappa.iter().any(|row| row.name == "public" && (row.values[1] - 1.0).abs() < 1e-9));
    }

    #[test]
    fn days_are_numbered() {
        for (day, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-24", 20_781)] {
            assert_eq!(day_number(day), Some(number), "{day}");
        }
    }
}
