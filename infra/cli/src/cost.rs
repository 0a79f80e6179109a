//! What a load costs on AWS and which limit it meets first, with the arithmetic shown. Prices and
//! the load of one report are data: `infra/prices.toml` and `infra/load.toml`.

mod beside;
mod data;
mod limits;
mod simulation;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use data::{Load, Prices};
use limits::plan;

const DAY_SECONDS: f64 = 86_400.0;
const MILLION: f64 = 1e6;
const DAYS_PER_MONTH: f64 = 30.0;
/// A unit of writes; one of reads is four of them.
const WRITE_UNIT_BYTES: f64 = 1024.0;
/// A write, or the check of a condition, in a transaction costs twice.
const TRANSACTION: f64 = 2.0;
/// Share of provisioned units that a load with peaks uses well.
const PROVISIONED_USE: f64 = 0.7;
/// What the service adds to each stored item, for it and each index.
const ITEM_OVERHEAD_BYTES: f64 = 100.0;
/// Messages of one call of the queue.
const CALL_MESSAGES: f64 = 10.0;
/// Reports of a batch that are recorded at the same time.
const RECORDINGS: f64 = 10.0;

/// What the command is asked.
pub(crate) struct Options {
    /// Reports of a day.
    pub(crate) reports_per_day: u64,
    /// Another price list.
    pub(crate) prices: Option<PathBuf>,
    /// Another load.
    pub(crate) load: Option<PathBuf>,
    /// Milliseconds of processor for one report.
    pub(crate) screen_ms: Option<f64>,
    /// Milliseconds for which one report waits for the table.
    pub(crate) store_ms: Option<f64>,
    /// Share of the reports that a candidate screens too.
    pub(crate) rollout_share: Option<f64>,
}

/// Writes the model to standard output.
pub(crate) fn run(options: &Options) -> Result<()> {
    let prices: Prices = data::read(options.prices.as_deref(), data::PRICES)?;
    let mut load: Load = data::read(options.load.as_deref(), data::LOAD)?;
    load.screen.screen_ms = options.screen_ms.unwrap_or(load.screen.screen_ms);
    load.screen.store_ms = options.store_ms.unwrap_or(load.screen.store_ms);
    load.rollout.share = options.rollout_share.unwrap_or(load.rollout.share);
    anyhow::ensure!((0.0..=1.0).contains(&load.rollout.share), "--rollout-share must be within 0 and 1");
    print!("{}", report(&prices, &load, options.reports_per_day as f64).context("formatting the model")?);
    Ok(())
}

/// One line of the bill.
struct Line {
    name: &'static str,
    per_million: f64,
    how: String,
}

fn line(name: &'static str, per_million: f64, how: String) -> Line {
    Line { name, per_million, how }
}

/// Write units of an item.
fn units(bytes: f64) -> f64 {
    (bytes / WRITE_UNIT_BYTES).ceil().max(1.0)
}

/// Write units of one report, and how they come about.
struct Writes {
    /// What the intake writes of those that come through it, before they are screened.
    accepting: f64,
    recording: f64,
    /// In the index of what is public, and in that of what waits.
    feed: f64,
    review: f64,
}

impl Writes {
    fn of(load: &Load) -> Self {
        let items = &load.items;
        let (receipt, trail_end, audit) = (units(items.receipt), units(items.head), units(items.audit));
        let (through_intake, held) = (load.arrival.through_intake, load.decisions.held);
        // Receipt, head and event, and what waits enters its index and leaves it.
        let accepting = through_intake * TRANSACTION * (receipt + trail_end + audit);
        let case = units(items.case) + units(items.original);
        // Everything at once; or case, original, event, head and the check of the receipt.
        let recording = TRANSACTION * (case + receipt + trail_end + 2.0 * audit) * (1.0 - through_intake)
            + TRANSACTION * (case + receipt + trail_end + audit) * through_intake
            + TRANSACTION * units(items.reporter) * load.arrival.with_reporter;
        let waiting = through_intake * 2.0 * trail_end;
        let (feed, review) = ((1.0 - held) * units(items.feed_row), held * units(items.case) + waiting);
        Self { accepting, recording, feed, review }
    }

    fn all(&self) -> f64 {
        self.accepting + self.recording + self.feed + self.review
    }
}

/// Reports of one invocation: what the pollers gather in the window, up to the batch.
fn batch(load: &Load, per_second: f64) -> f64 {
    (per_second * load.screen.window_seconds / load.screen.pollers).clamp(1.0, load.screen.batch)
}

/// Time of the function for one of a batch: the model's, and its part of the waiting for the table.
fn seconds_per_report(load: &Load, batch: f64) -> f64 {
    let waits = (batch / RECORDINGS).ceil() / batch;
    (load.screen.screen_ms + waits * load.screen.store_ms) / 1e3
}

/// Invocations of Notify for a million reports.
fn notifications(load: &Load, per_second: f64) -> f64 {
    let gathered = per_second * load.notify.window_seconds / load.notify.shards;
    MILLION / gathered.clamp(1.0, load.notify.batch)
}

fn compute(prices: &Prices, load: &Load, per_second: f64) -> Vec<Line> {
    let gigabytes = load.screen.memory_mb / 1024.0;
    let batch = batch(load, per_second);
    let per_request = prices.lambda.requests_per_million / MILLION;
    let duration = MILLION * seconds_per_report(load, batch) * gigabytes * prices.lambda.arm64_gb_second;
    let invocations = MILLION / batch;
    let told = notifications(load, per_second);
    let notify_gb = load.notify.memory_mb / 1024.0;
    let notify = told * (per_request + load.notify.invocation_ms / 1e3 * notify_gb * prices.lambda.arm64_gb_second);
    // Sent in the sender's calls, received and deleted in calls of up to ten.
    let calls = 1.0 / load.arrival.sent_per_call + 2.0 / batch.min(CALL_MESSAGES);
    let told_per_call = (MILLION / told).min(CALL_MESSAGES);
    let decision_calls = 1.0 / told_per_call + 2.0 / CALL_MESSAGES;
    vec![
        line(
            "Screen, time",
            duration,
            format!(
                "({} ms + {} ms waiting for {:.0} reports at once) × {gigabytes:.3} GB × ${}/GB-s",
                load.screen.screen_ms,
                load.screen.store_ms,
                batch.min(RECORDINGS),
                prices.lambda.arm64_gb_second
            ),
        ),
        line("Screen, requests", invocations * per_request, format!("{batch:.1} reports of an invocation")),
        line("Notify", notify, format!("{told:.0} invocations of {} ms", load.notify.invocation_ms)),
        line(
            "Queue of reports",
            calls * prices.sqs.standard_per_million,
            format!(
                "{calls:.2} requests of a report (one for every {:.0} to send, two for every {:.1} to receive)",
                load.arrival.sent_per_call,
                batch.min(CALL_MESSAGES)
            ),
        ),
        line(
            "Queue of decisions",
            decision_calls * prices.sqs.fifo_per_million,
            format!("{decision_calls:.2} requests of a decision, FIFO"),
        ),
        line(
            "Logs",
            load.logs.bytes_per_report * MILLION / 1e9 * prices.logs.ingested_gb,
            format!("{} bytes of a report", load.logs.bytes_per_report),
        ),
    ]
}

/// Reads of one report: the receipt.
const READS: f64 = 1.0;

fn table(prices: &Prices, load: &Load) -> Vec<Line> {
    let writes = Writes::of(load);
    vec![
        line(
            "Table, writes",
            writes.all() * prices.dynamodb.write_units_per_million,
            format!(
                "{:.0} units to record, doubled by the transaction, + {:.0} at the intake, + {:.1} in indexes",
                writes.recording,
                writes.accepting,
                writes.feed + writes.review
            ),
        ),
        line("Table, reads", READS * prices.dynamodb.read_units_per_million, format!("{READS} consistent reads")),
    ]
}

/// Bytes that stay of one report.
fn stored(load: &Load) -> f64 {
    let items = &load.items;
    let held = load.decisions.held;
    let rows = items.receipt + items.head + 2.0 * items.audit + items.case + items.original;
    let listed = held * items.case + (1.0 - held) * items.feed_row;
    rows + listed + 7.0 * ITEM_OVERHEAD_BYTES
}

fn report(prices: &Prices, load: &Load, reports_per_day: f64) -> Result<String> {
    let mut out = String::new();
    let per_second = reports_per_day / DAY_SECONDS;
    writeln!(
        out,
        "{reports_per_day} reports a day ({per_second:.2}/s, {:.2}/s at peak); prices of {} in {}, no free tier\n",
        per_second * load.peak.factor,
        prices.date,
        prices.region
    )?;
    writeln!(out, "US dollars per million reports")?;
    let sum = |lines: &[Line]| lines.iter().map(|line| line.per_million).sum::<f64>();
    let (compute, table) = (compute(prices, load, per_second), table(prices, load));
    let beside = beside::lines(prices, load, per_second);
    for line in compute.iter().chain(&table).chain(&beside) {
        writeln!(out, "  {:<20}{:>8.3}   {}", line.name, line.per_million, line.how)?;
    }
    let total = sum(&compute) + sum(&table) + sum(&beside);
    writeln!(out, "  {:<20}{:>8.3}   without the table", "functions and queues", sum(&compute))?;
    writeln!(out, "  {:<20}{total:>8.3}   on demand", "all")?;
    let per_unit = prices.dynamodb.provisioned_write_unit_hour / 3600.0 / PROVISIONED_USE;
    let provisioned = Writes::of(load).all() * per_unit * MILLION;
    let used = PROVISIONED_USE * 100.0;
    for (name, share) in [
        ("all, provisioned", 1.0),
        ("all, one year", prices.dynamodb.reserved_one_year_share),
        ("all, three years", prices.dynamodb.reserved_three_years_share),
    ] {
        let with = total - table[0].per_million + provisioned * share;
        let kept = if share < 1.0 { "reserved" } else { "provisioned" };
        writeln!(out, "  {name:<20}{with:>8.3}   with {kept} writes that are used to {used:.0}% (BillingMode)")?;
    }
    let month = total * reports_per_day * DAYS_PER_MONTH / MILLION;
    let kept = stored(load) * reports_per_day * DAYS_PER_MONTH / 1e9;
    let keeping = kept * (prices.dynamodb.storage_gb_month + prices.dynamodb.recovery_gb_month);
    writeln!(
        out,
        "\nA month: {month:.2} for its reports + {:.2} fixed (alarms, key, secret); each month adds {kept:.2} GB, \
         {keeping:.2} a month to keep with recovery",
        prices.fixed.month
    )?;
    writeln!(out, "\nWhere the limits are (peak = {} × average)", load.peak.factor)?;
    for power in 3..=8 {
        plan(&mut out, load, 10_f64.powi(power))?;
    }
    writeln!(out, "\nSources: {}", prices.sources().join(" "))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use super::limits::limits;
    use super::*;

    fn defaults() -> (Prices, Load) {
        (data::read(None, data::PRICES).unwrap(), data::read(None, data::LOAD).unwrap())
    }

    #[test]
    fn a_transaction_is_counted_unit_by_unit() {
        let (_, mut load) = defaults();
        let (receipt, head, audit, case, original, feed_row, reporter) =
            (200.0, 200.0, 300.0, 3000.0, 1025.0, 500.0, 200.0);
        load.items = data::Items { receipt, head, audit, case, original, feed_row, reporter };
        load.decisions.held = 0.5;
        for (through_intake, expected) in [(0.0, [0.0, 18.0, 0.5, 1.5]), (1.0, [6.0, 16.0, 0.5, 3.5])] {
            load.arrival.through_intake = through_intake;
            let writes = Writes::of(&load);
            let units = [writes.accepting, writes.recording, writes.feed, writes.review];
            assert_eq!(units.map(|units| format!("{units:.3}")), expected.map(|units: f64| format!("{units:.3}")));
        }
    }

    #[test]
    fn the_bill_is_what_the_arithmetic_says() {
        let (mut prices, mut load) = defaults();
        prices.lambda.arm64_gb_second = 0.00001;
        (load.screen.memory_mb, load.screen.screen_ms, load.screen.store_ms) = (2048.0, 10.0, 40.0);
        load.screen.batch = 1.0;
        let lines = compute(&prices, &load, 1e6 / DAY_SECONDS);
        assert!((lines[0].per_million - 1.0).abs() < 1e-9, "50 ms × 2 GB × a million: {}", lines[0].per_million);
        assert!((batch(&load, 1e9) - load.screen.batch).abs() < 1e-9);
    }

    #[test]
    fn limits_come_with_the_load() {
        let (_, load) = defaults();
        let met = |reports: f64| {
            let peak = reports / DAY_SECONDS * load.peak.factor;
            limits(&load, peak).iter().filter(|limit| limit.needed > limit.allowed).count()
        };
        assert_eq!(met(1e3), 0);
        assert_eq!(met(1e5), 0);
        assert!(met(1e8) >= 3, "{}", met(1e8));
        let text = report(&defaults().0, &load, 1e6).unwrap();
        assert!(text.contains("functions and queues") && text.contains("1e8 a day"), "{text}");
    }
}
