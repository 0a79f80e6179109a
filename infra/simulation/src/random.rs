//! Seeded numbers: the same seed, the same world.

use std::time::Duration;

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Numbers of their own for a part of the world, so that one part doesn't shift those of others.
    pub(crate) fn fork(&self, part: u64) -> Self {
        let mut forked = Self(self.0 ^ part.wrapping_add(1).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        forked.next();
        forked
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Whether something happens that happens so often in a thousand.
    pub(crate) fn per_mille(&mut self, often: u64) -> Fate {
        if self.next() % 1000 < often { Fate::Strikes } else { Fate::Spares }
    }

    pub(crate) fn between_ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.next() % (to - from + 1))
    }
}

/// What a draw comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Strikes,
    Spares,
}

impl Fate {
    pub(crate) fn strikes(self) -> bool {
        self == Self::Strikes
    }
}
