//! One busy second, report by report: which partition each write of each report goes to, by the keys
//! that the store makes, and how many screenings run at once. Seeded, so that it always says the same.

use saring_domain::case::{CaseId, TRACKING_BYTES, TrackingId};

use super::data::Load;
use super::{RECORDINGS, Writes, batch, units};

/// What a second came to.
pub(super) struct Seen {
    /// Partitions that the table has at this load.
    pub(super) partitions: usize,
    /// Write units of the busiest of them.
    pub(super) hottest_partition: f64,
    /// Write units of the busiest shard of an index.
    pub(super) hottest_shard: f64,
    /// Screenings at once, at most.
    pub(super) screenings: usize,
}

/// A linear congruential generator (Knuth's MMIX constants); its upper bits are good enough to draw ids.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() % 1_000_000) as f64 / 1e6
    }

    fn tracking_id(&mut self) -> TrackingId {
        let (high, low) = (self.next().to_be_bytes(), self.next().to_be_bytes());
        TrackingId::from_bytes(std::array::from_fn(|i| if i < 5 { high[i + 3] } else { low[i - 2] }))
    }
}

const _: () = assert!(TRACKING_BYTES == 10, "an id is drawn from two numbers");

/// FNV-1a with a last mix: the service hashes partition keys too, in a way that it keeps to itself.
fn hash(key: &str) -> u64 {
    let mut hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// The next whole number.
#[allow(clippy::cast_sign_loss, reason = "loads and limits are not negative")]
fn whole(value: f64) -> usize {
    value.ceil().max(0.0) as usize
}

/// A second at `peak` reports.
pub(super) fn simulate(load: &Load, peak: f64) -> Seen {
    let mut draws = Draws(20_261_124);
    let reports = whole(peak).max(1);
    let writes = Writes::of(load);
    let table_units = (writes.accepting + writes.recording) * peak;
    // On-demand tables hold double the latest peak; a partition takes so many units a second.
    let partitions = whole(2.0 * table_units / load.limits.partition_writes).max(4);
    let mut of_partition = vec![0.0; partitions];
    let shards = whole(load.limits.index_shards);
    let (mut feed, mut review) = (vec![0.0; shards], vec![0.0; shards]);
    let items = &load.items;
    let case_units = 2.0 * (units(items.head) + 2.0 * units(items.audit) + units(items.case));
    for at in 0..reports {
        let case: CaseId = draws.tracking_id().case_id();
        let mut write = |key: String, units: f64| of_partition[(hash(&key) % partitions as u64) as usize] += units;
        write(format!("report#laporan-{at}"), 2.0 * units(items.receipt));
        write(format!("case#{case}"), case_units);
        write(format!("original#{case}"), 2.0 * units(items.original));
        let shard = usize::from(case.shard_byte()) % shards;
        if draws.share() < load.decisions.held {
            review[shard] += units(items.case);
        } else {
            feed[shard] += units(items.feed_row);
        }
    }
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    Seen {
        partitions,
        hottest_partition: most(&of_partition),
        hottest_shard: most(&feed).max(most(&review)),
        screenings: screenings(load, peak, &mut draws),
    }
}

/// Batches begin when they are full or their window ends, at any moment of the second, and run for
/// their reports' time.
fn screenings(load: &Load, peak: f64, draws: &mut Draws) -> usize {
    const SECONDS: f64 = 4.0;
    let batch = batch(load, peak);
    let busy = (batch * load.screen.screen_ms + (batch / RECORDINGS).ceil() * load.screen.store_ms) / 1e3;
    let batches = whole(peak * SECONDS / batch);
    let mut events: Vec<(f64, i32)> = Vec::with_capacity(2 * batches);
    for _ in 0..batches {
        let begin = draws.share() * SECONDS;
        events.extend([(begin, 1), (begin + busy, -1)]);
    }
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut now, mut most) = (0, 0);
    for (_, change) in events {
        now += change;
        most = most.max(now);
    }
    usize::try_from(most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use super::super::data;
    use super::super::limits::{limits, shard_writes};
    use super::super::{DAY_SECONDS, seconds_per_report};
    use super::*;

    fn load() -> Load {
        data::read(None, data::LOAD).unwrap()
    }

    fn peak(load: &Load, power: i32) -> f64 {
        10_f64.powi(power) / DAY_SECONDS * load.peak.factor
    }

    #[test]
    fn the_arithmetic_and_the_simulation_meet_the_same_limits() {
        let load = load();
        for power in 3..=8 {
            let peak = peak(&load, power);
            let seen = simulate(&load, peak);
            assert!(seen.hottest_partition <= load.limits.partition_writes, "1e{power}: {}", seen.hottest_partition);
            let [_, _, shard, screenings] = limits(&load, peak);
            assert_eq!(shard.needed > shard.allowed, seen.hottest_shard > load.limits.partition_writes, "1e{power}");
            let simulated = seen.screenings as f64;
            assert_eq!(screenings.needed > screenings.allowed, simulated > load.limits.concurrency, "1e{power}");
        }
    }

    #[test]
    fn writes_are_spread_over_shards_and_partitions() {
        let load = load();
        let peak = peak(&load, 8);
        let seen = simulate(&load, peak);
        let even = shard_writes(&load, peak);
        assert!(seen.hottest_shard < even * 1.15, "{} against {even}", seen.hottest_shard);
        let mean = (Writes::of(&load).accepting + Writes::of(&load).recording) * peak / seen.partitions as f64;
        assert!(seen.hottest_partition < mean * 1.6, "{} against {mean}", seen.hottest_partition);
        let mean = peak * seconds_per_report(&load, batch(&load, peak));
        assert!((0.8..2.0).contains(&(seen.screenings as f64 / mean)), "{} against {mean}", seen.screenings);
    }

    #[test]
    fn one_shard_would_be_a_hot_one() {
        let mut load = load();
        load.limits.index_shards = 1.0;
        assert!(simulate(&load, peak(&load, 8)).hottest_shard > load.limits.partition_writes);
    }
}
