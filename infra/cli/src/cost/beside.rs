//! What is written beside the reports: counts against the bundle's reference, and a rollout's.

use super::data::{Load, Prices};
use super::{Line, MILLION, batch, line, seconds_per_report, units};

/// Write units of a million reports for counts against the reference: each running function writes its
/// own now and then, at most once for each batch.
fn drift(load: &Load, per_second: f64) -> f64 {
    let batch = batch(load, per_second);
    let running = (per_second * seconds_per_report(load, batch)).ceil().max(1.0);
    let every = running / load.drift.every_seconds / per_second;
    MILLION * every.min(1.0 / batch) * units(load.drift.counts)
}

/// Of a rollout: counts for each batch that holds a report of its share, and each disagreement.
fn rollout(load: &Load, per_second: f64) -> (f64, f64) {
    let (batch, of) = (batch(load, per_second), &load.rollout);
    let touched = 1.0 - (1.0 - of.share).powf(batch);
    (MILLION / batch * touched * units(of.counts), MILLION * of.share * of.differs * units(of.disagreement))
}

/// The lines of the bill.
pub(super) fn lines(prices: &Prices, load: &Load, per_second: f64) -> Vec<Line> {
    let of = |units: f64| units / MILLION * prices.dynamodb.write_units_per_million;
    let counted = drift(load, per_second);
    let how = format!("{counted:.0} units, counts of each function every {} s", load.drift.every_seconds);
    let mut lines = vec![line("Drift, writes", of(counted), how)];
    if load.rollout.share > 0.0 {
        let (counts, differing) = rollout(load, per_second);
        let how = format!("{counts:.0} units for counts of batches + {differing:.0} for disagreements");
        lines.push(line("Rollout, writes", of(counts + differing), how));
        let seconds = MILLION * load.rollout.share * load.screen.screen_ms / 1e3;
        let dollars = seconds * load.screen.memory_mb / 1024.0 * prices.lambda.arm64_gb_second;
        let how = format!("the candidate on {:.0}% of the reports", load.rollout.share * 100.0);
        lines.push(line("Rollout, time", dollars, how));
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use super::super::data;
    use super::*;

    #[test]
    fn a_rollout_costs_its_share_and_nothing_without_one() {
        let prices: Prices = data::read(None, data::PRICES).unwrap();
        let mut load: Load = data::read(None, data::LOAD).unwrap();
        (load.screen.batch, load.rollout.differs) = (1.0, 0.5);
        (load.rollout.counts, load.rollout.disagreement) = (300.0, 1500.0);
        load.rollout.share = 0.2;
        // One unit for each of the fifth, and two for each second of them.
        let (counts, differing) = rollout(&load, 1.0);
        assert!((counts - 200_000.0).abs() < 1e-3 && (differing - 200_000.0).abs() < 1e-3, "{counts} {differing}");
        assert_eq!(lines(&prices, &load, 1.0).len(), 3);
        load.rollout.share = 0.0;
        assert_eq!(lines(&prices, &load, 1.0).len(), 1);
        // Seldom reports: each is a batch, and each batch writes; many: one write for 20 seconds.
        (load.drift.counts, load.drift.every_seconds) = (1000.0, 20.0);
        assert!((drift(&load, 0.001) - MILLION).abs() < 1e-3, "{}", drift(&load, 0.001));
        assert!(drift(&load, 1000.0) < MILLION / 100.0, "{}", drift(&load, 1000.0));
    }
}
