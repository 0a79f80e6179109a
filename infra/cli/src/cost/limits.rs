//! Which limit a load meets first, by arithmetic; `simulation` checks it report by report.

use std::fmt::{self, Write as _};

use super::data::Load;
use super::simulation::simulate;
use super::{DAY_SECONDS, Writes, batch, seconds_per_report};

/// Something that a load can be too much for.
pub(super) struct Limit {
    pub(super) name: &'static str,
    pub(super) needed: f64,
    pub(super) allowed: f64,
    answer: &'static str,
}

/// Writes a second into one shard of the busier index.
pub(super) fn shard_writes(load: &Load, peak: f64) -> f64 {
    let writes = Writes::of(load);
    writes.feed.max(writes.review) * peak / load.limits.index_shards
}

pub(super) fn limits(load: &Load, peak: f64) -> [Limit; 4] {
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
            needed: shard_writes(load, peak),
            allowed: limits.partition_writes,
            answer: "more shards: SHARDS in functions/store/src/names.rs, listings merge them",
        },
        Limit {
            name: "screenings at the same time",
            needed: peak * seconds_per_report(load, batch(load, peak)),
            allowed: limits.concurrency,
            answer: "raise ReportsConcurrencyMax; until then reports wait on the queue, none is refused",
        },
    ]
}

/// The limits that a load meets, the tightest first, and what a simulated second says.
pub(super) fn plan(out: &mut String, load: &Load, reports_per_day: f64) -> fmt::Result {
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
    if peak * seconds_per_report(load, batch(load, peak)) > most {
        writeln!(out, "    beyond {most} screenings a mapping takes no more: a second queue with its own mapping")?;
    }
    let seen = simulate(load, peak);
    writeln!(
        out,
        "    simulated second: hottest of {} table partitions {:.0} units, hottest index shard {:.0}, {} screenings at once",
        seen.partitions, seen.hottest_partition, seen.hottest_shard, seen.screenings
    )
}
