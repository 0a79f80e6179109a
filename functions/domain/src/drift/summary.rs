//! What was found, for pages and metrics.

use serde::{Deserialize, Serialize};

use super::Drift;

/// Days whose indices are kept.
const DAYS_MAX: usize = 28;

/// What drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The texts.
    Input,
    /// What the model says.
    Score,
    /// What people decide.
    Label,
}

impl Group {
    /// All.
    pub const ALL: [Self; 3] = [Self::Input, Self::Score, Self::Label];

    /// By the begin of a dimension's name.
    pub(super) fn of(dimension: &str) -> Self {
        match dimension.split('.').next() {
            Some("score") => Self::Score,
            Some("label") => Self::Label,
            _ => Self::Input,
        }
    }
}

/// The largest index of each group, in the order of [`Group::ALL`], as it was last on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// `2026-11-24`, UTC.
    pub day: String,
    /// The indices.
    pub largest: [f64; Group::ALL.len()],
}

/// What came lately against the reference of the current bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Version of the bundle.
    pub model: String,
    /// Which reference.
    pub revision: String,
    /// Reports behind the reference.
    pub rows: u64,
    /// Reports that were counted.
    pub reports: u64,
    /// Decisions about held reports.
    pub decisions: u64,
    /// Each dimension, the most changed first.
    pub dimensions: Vec<Drift>,
    /// The last days, in order.
    pub days: Vec<Day>,
}

impl Summary {
    /// The largest index of a group that chance can't explain; 0 where there is none.
    #[must_use]
    pub fn largest(&self, group: Group) -> f64 {
        let own = self.dimensions.iter().filter(|drift| drift.group() == group);
        own.map(Drift::beyond_chance).fold(0.0, f64::max)
    }

    /// Dimensions that are another distribution now.
    #[must_use]
    pub fn drifted(&self) -> usize {
        self.dimensions.iter().filter(|drift| drift.is_one()).count()
    }

    /// Goes on with the days of an earlier one of the same reference; `day` is today.
    #[must_use]
    pub fn after(mut self, before: Option<Self>, day: &str) -> Self {
        let same = before.filter(|before| before.revision == self.revision);
        self.days = same.map(|before| before.days).unwrap_or_default();
        self.days.retain(|one| one.day != day);
        let largest = Group::ALL.map(|group| self.largest(group));
        self.days.push(Day { day: day.to_owned(), largest });
        self.days.drain(..self.days.len().saturating_sub(DAYS_MAX));
        self
    }
}
