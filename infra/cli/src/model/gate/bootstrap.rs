//! Intervals of a paired difference, and exact bounds of a share.

/// `SplitMix64`: small, seeded, the same everywhere.
pub(super) struct Random(u64);

impl Random {
    /// A stream of its own for each name.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        const FNV_PRIME: u64 = 0x0100_0000_01b3;
        Self(name.bytes().fold(seed, |state, byte| (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`; the bias of the multiplication is below n / 2^32.
    fn below(&mut self, n: usize) -> usize {
        (((self.next() >> 32) * n as u64) >> 32) as usize
    }
}

/// A mean with both ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Mean of the differences of rows; each end is one-sided at `confidence`.
pub(super) fn interval(differences: &[f64], resamples: usize, confidence: f64, random: &mut Random) -> Interval {
    let n = differences.len();
    let mean = differences.iter().sum::<f64>() / n.max(1) as f64;
    if differences.iter().all(|d| *d == 0.0) {
        return Interval { mean, low: mean, high: mean };
    }
    let mut means: Vec<f64> =
        (0..resamples).map(|_| (0..n).map(|_| differences[random.below(n)]).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);
    #[expect(clippy::cast_sign_loss, reason = "a share of the resamples is not negative")]
    let at = |share: f64| means[((share * resamples as f64) as usize).min(resamples - 1)];
    Interval { mean, low: at(1.0 - confidence), high: at(confidence) }
}

/// The largest rate that `hits` of `of` leave possible at this confidence (Clopper and Pearson).
pub(super) fn upper(hits: usize, of: usize, confidence: f64) -> f64 {
    const HALVINGS: usize = 60;
    if of == 0 || hits >= of {
        return 1.0;
    }
    let (mut low, mut high) = (hits as f64 / of as f64, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if tail(hits, of, middle) > 1.0 - confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The smallest rate that they leave possible.
pub(super) fn lower(hits: usize, of: usize, confidence: f64) -> f64 {
    if of == 0 { 0.0 } else { 1.0 - upper(of - hits, of, confidence) }
}

/// P(X <= k) of a binomial.
fn tail(k: usize, n: usize, p: f64) -> f64 {
    let (n, mut ways, mut logs) = (n as f64, 0.0, Vec::with_capacity(k + 1));
    for i in 0..=k {
        let i = i as f64;
        logs.push(ways + i * p.ln() + (n - i) * (-p).ln_1p());
        ways += (n - i).ln() - (i + 1.0).ln();
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top.exp() * logs.iter().map(|v| (v - top).exp()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_trainer() {
        // 299 rows without a failure prove 1%; 17 of 300 and 878 of 994 as in the bundle's card.
        assert!(upper(0, 299, 0.95) <= 0.01 && upper(0, 298, 0.95) > 0.01);
        let (miss, kept) = (upper(17, 300, 0.975), lower(878, 994, 0.975));
        let bound = 0.1 * miss / (0.1 * miss + 0.9 * kept);
        assert!((bound - 0.0114).abs() < 5e-5, "{bound}");
    }

    #[test]
    fn an_interval_is_seeded_and_holds_the_mean() {
        let rows: Vec<f64> = (0..200).map(|i| f64::from(i % 10 == 0)).collect();
        let of = |name| interval(&rows, 500, 0.95, &mut Random::new(7, name));
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
        let found = of("a");
        assert!(found.low < found.mean && found.mean < found.high && (found.mean - 0.1).abs() < 1e-9, "{found:?}");
        let none = interval(&[0.0; 50], 500, 0.95, &mut Random::new(7, "a"));
        assert_eq!((none.low, none.high), (0.0, 0.0));
    }
}
