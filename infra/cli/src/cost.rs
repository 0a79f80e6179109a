//! What a load costs on AWS and which limit it meets first, with the arithmetic shown. Prices and
//! the load of one report are data: `infra/prices.toml` and `infra/load.toml`.

mod data;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use data::{Load, Prices};

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
}

/// Writes the model to standard output.
pub(crate) fn run(options: &Options) -> Result<()> {
    let prices: Prices = data::read(options.prices.as_deref(), data::PRICES)?;
    let mut load: Load = data::read(options.load.as_deref(), data::LOAD)?;
    load.screen.screen_ms = options.screen_ms.unwrap_or(load.screen.screen_ms);
    load.screen.store_ms = options.store_ms.unwrap_or(load.screen.store_ms);
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

/// Write units of one report, and how they come about.
struct Writes {
    accepting: f64,
    recording: f64,
    indexes: f64,
}

impl Writes {
    fn of(load: &Load) -> Self {
        let units = |bytes: f64| (bytes / WRITE_UNIT_BYTES).ceil().max(1.0);
        let items = &load.items;
        let (receipt, trail_end, audit) = (units(items.receipt), units(items.head), units(items.audit));
        // Receipt, head and event; then case, original, event, head and the check of the receipt.
        let accepting = TRANSACTION * (receipt + trail_end + audit);
        let recording = TRANSACTION * (units(items.case) + units(items.original) + audit + trail_end + receipt);
        // The head enters the index of what waits and leaves it; the case enters the queue or the feed.
        let held = load.decisions.held;
        let listed = held * units(items.case) + (1.0 - held) * units(items.feed_row);
        Self { accepting, recording, indexes: 2.0 * trail_end + listed }
    }

    fn all(&self) -> f64 {
        self.accepting + self.recording + self.indexes
    }
}

/// Reports of one invocation: what the pollers gather in the window, up to the batch.
fn batch(load: &Load, per_second: f64) -> f64 {
    (per_second * load.screen.window_seconds / load.screen.pollers).clamp(1.0, load.screen.batch)
}

fn seconds_per_report(load: &Load) -> f64 {
    (load.screen.screen_ms + load.screen.store_ms) / 1e3
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
    let duration = MILLION * seconds_per_report(load) * gigabytes * prices.lambda.arm64_gb_second;
    let invocations = MILLION / batch;
    let told = notifications(load, per_second);
    let notify_gb = load.notify.memory_mb / 1024.0;
    let notify = told * (per_request + load.notify.invocation_ms / 1e3 * notify_gb * prices.lambda.arm64_gb_second);
    // Sent one by one, received and deleted in calls of up to ten.
    let calls = 1.0 + 2.0 / batch.min(CALL_MESSAGES);
    let told_per_call = (MILLION / told).min(CALL_MESSAGES);
    let decision_calls = 1.0 / told_per_call + 2.0 / CALL_MESSAGES;
    vec![
        line(
            "Screen, time",
            duration,
            format!(
                "({} ms + {} ms waiting) × {gigabytes:.3} GB × ${}/GB-s",
                load.screen.screen_ms, load.screen.store_ms, prices.lambda.arm64_gb_second
            ),
        ),
        line("Screen, requests", invocations * per_request, format!("{batch:.1} reports of an invocation")),
        line("Notify", notify, format!("{told:.0} invocations of {} ms", load.notify.invocation_ms)),
        line(
            "Queue of reports",
            calls * prices.sqs.standard_per_million,
            format!(
                "{calls:.2} requests of a report (one to send, two for every {:.0} to receive)",
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

/// Reads of one report: the receipt, twice the case and the head, whole units each.
const READS: f64 = 4.0;

fn table(prices: &Prices, load: &Load) -> Vec<Line> {
    let writes = Writes::of(load);
    vec![
        line(
            "Table, writes",
            writes.all() * prices.dynamodb.write_units_per_million,
            format!(
                "{:.0} units to accept + {:.0} to record, doubled by transactions, + {:.1} in indexes",
                writes.accepting, writes.recording, writes.indexes
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

/// Something that a load can be too much for.
struct Limit {
    name: &'static str,
    needed: f64,
    allowed: f64,
    answer: &'static str,
}

fn limits(load: &Load, peak: f64) -> [Limit; 4] {
    let limits = &load.limits;
    let writes = Writes::of(load).all() * peak;
    [
        Limit {
            name: "writes of a new table",
            needed: writes,
            allowed: limits.new_table_writes,
            answer: "it grows by itself in 30 minutes, reports wait on the queue; or warm it up beforehand",
        },
        Limit {
            name: "writes of one table (quota)",
            needed: writes,
            allowed: limits.table_writes,
            answer: "ask for a higher quota; the keys are spread by hash, the table itself has no end",
        },
        Limit {
            name: "writes of one index partition",
            // What waits is listed and unlisted: no other listing is written as often.
            needed: 2.0 * peak / limits.index_shards,
            allowed: limits.partition_writes,
            answer: "more shards: SHARDS in functions/store/src/names.rs, listings merge them",
        },
        Limit {
            name: "screenings at the same time",
            needed: peak * seconds_per_report(load),
            allowed: limits.concurrency,
            answer: "raise ReportsConcurrencyMax; until then reports wait on the queue, none is refused",
        },
    ]
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
    for line in compute.iter().chain(&table) {
        writeln!(out, "  {:<20}{:>8.3}   {}", line.name, line.per_million, line.how)?;
    }
    let total = sum(&compute) + sum(&table);
    writeln!(out, "  {:<20}{:>8.3}   without the table", "functions and queues", sum(&compute))?;
    writeln!(out, "  {:<20}{total:>8.3}   on demand", "all")?;
    let per_unit = prices.dynamodb.provisioned_write_unit_hour / 3600.0 / PROVISIONED_USE;
    let provisioned = Writes::of(load).all() * per_unit * MILLION;
    writeln!(
        out,
        "  {:<20}{:>8.3}   with provisioned writes at {:.0}% use (steady loads; the template is on demand)",
        "all, provisioned",
        total - table[0].per_million + provisioned,
        PROVISIONED_USE * 100.0
    )?;
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

/// The limits that a load meets, the tightest first.
fn plan(out: &mut String, load: &Load, reports_per_day: f64) -> Result<()> {
    let peak = reports_per_day / DAY_SECONDS * load.peak.factor;
    let mut limits = limits(load, peak);
    limits.sort_by(|a, b| (b.needed / b.allowed).total_cmp(&(a.needed / a.allowed)));
    writeln!(out, "  {reports_per_day:.0e} a day, {peak:.1}/s at peak")?;
    let met: Vec<_> = limits.iter().filter(|limit| limit.needed > limit.allowed).collect();
    if met.is_empty() {
        let first = &limits[0];
        let (needed, allowed) = (first.needed, first.allowed);
        writeln!(out, "    none; nearest: {}, {needed:.1} of {allowed}", first.name)?;
    }
    for limit in met {
        let (name, needed, allowed) = (limit.name, limit.needed, limit.allowed);
        writeln!(out, "    {name}: {needed:.0} of {allowed}; {}", limit.answer)?;
    }
    let most = load.limits.concurrency_max;
    if peak * seconds_per_report(load) > most {
        writeln!(out, "    beyond {most} screenings a mapping takes no more: a second queue with its own mapping")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use super::*;

    fn defaults() -> (Prices, Load) {
        (data::read(None, data::PRICES).unwrap(), data::read(None, data::LOAD).unwrap())
    }

    #[test]
    fn a_transaction_is_counted_unit_by_unit() {
        let (_, mut load) = defaults();
        load.items =
            data::Items { receipt: 200.0, head: 200.0, audit: 300.0, case: 3000.0, original: 1025.0, feed_row: 500.0 };
        load.decisions.held = 0.5;
        let writes = Writes::of(&load);
        let units = [writes.accepting, writes.recording, writes.indexes].map(|units| format!("{units:.3}"));
        assert_eq!(units, ["6.000", "16.000", "4.000"]);
    }

    #[test]
    fn the_bill_is_what_the_arithmetic_says() {
        let (mut prices, mut load) = defaults();
        prices.lambda.arm64_gb_second = 0.00001;
        (load.screen.memory_mb, load.screen.screen_ms, load.screen.store_ms) = (2048.0, 10.0, 40.0);
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
        assert_eq!(met(1e8), 4);
        let text = report(&defaults().0, &load, 1e6).unwrap();
        assert!(text.contains("functions and queues") && text.contains("1e8 a day"), "{text}");
    }
}
