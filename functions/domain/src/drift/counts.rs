//! How often each part of each dimension occurred.

use std::collections::BTreeMap;

/// Between a dimension and its part.
const SEPARATOR: char = '|';

/// Counts by dimension and part, and of how many reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Reports behind them.
    pub reports: u64,
    parts: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds one to a part.
    pub(super) fn add(&mut self, dimension: &str, part: &str) {
        self.add_named(&format!("{dimension}{SEPARATOR}{part}"), 1);
    }

    /// Adds to a part by the name that [`Counts::iter`] gives.
    pub fn add_named(&mut self, name: &str, more: u64) {
        *self.parts.entry(name.to_owned()).or_default() += more;
    }

    /// Whether a name is one of a part.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        name.contains(SEPARATOR)
    }

    /// Every part by name, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.parts.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        self.reports += other.reports;
        for (name, count) in other.iter() {
            self.add_named(name, count);
        }
    }

    /// The parts of a dimension.
    pub(super) fn of<'a>(&'a self, dimension: &str) -> BTreeMap<&'a str, u64> {
        let own = |(name, count): (&'a String, &u64)| {
            let (of, part) = name.split_once(SEPARATOR)?;
            (of == dimension).then_some((part, *count))
        };
        self.parts.iter().filter_map(own).collect()
    }
}
