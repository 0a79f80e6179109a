//! Whether what comes still looks like what a bundle was made for: distributions of texts, scores and
//! verdicts, each against the bundle's reference.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::case::Screened;
use crate::text::{MARKERS, normalise};

/// A population stability index from which on a distribution is another one, by custom.
const PSI_MAX: f64 = 0.2;
/// Parts into which numbers are cut, by the reference's quantiles.
const PARTS: usize = 10;
/// Of a standard normal: how far beyond chance an index must lie.
const Z: f64 = 3.0;

/// What is looked at of one screened report; no text.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    numbers: Vec<(String, f64)>,
    codes: Vec<(String, String)>,
}

impl Observation {
    /// Nothing where the model gave no answer.
    #[must_use]
    pub fn of(screened: &Screened) -> Option<Self> {
        if !screened.is_judged() {
            return None;
        }
        // Markers as the model reads them, of the masked text: it is all that is kept of a case.
        let read = normalise(&screened.public_text, &[]).text;
        let length = screened.public_text.chars().count() as f64;
        let mut numbers = vec![
            ("input.characters".to_owned(), length),
            ("input.words".to_owned(), screened.public_text.split_whitespace().count() as f64),
        ];
        numbers.extend(screened.flags.iter().map(|(f, s)| (format!("score.{}", f.code()), f64::from(s.get()))));
        let verdict = &screened.verdict;
        let category = screened.category.first().map_or("-", |best| best.code.as_str());
        let mut codes = vec![
            ("score.category".to_owned(), category.to_owned()),
            ("score.decision".to_owned(), verdict.decision.code().to_owned()),
            ("score.visibility".to_owned(), verdict.visibility.code().to_owned()),
        ];
        let has = |marker: &str| if read.contains(marker) { "yes" } else { "no" };
        codes.extend(MARKERS.iter().map(|marker| (format!("input.{marker}"), has(marker).to_owned())));
        Some(Self { numbers, codes })
    }
}

/// The JSON of a bundle's reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Version of the bundle.
    pub model: String,
    /// Reports behind it.
    pub rows: u64,
    /// Numbers, by dimension.
    numbers: BTreeMap<String, Bins>,
    /// Shares of codes, by dimension.
    codes: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Where numbers are cut, and the share of each part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bins {
    edges: Vec<f64>,
    shares: Vec<f64>,
}

impl Bins {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut edges: Vec<f64> = (1..PARTS).map(|part| sorted[part * sorted.len() / PARTS]).collect();
        edges.dedup();
        let counts = counted(&edges, values);
        let shares = counts.iter().map(|count| *count as f64 / values.len() as f64).collect();
        Self { edges, shares }
    }
}

/// How many values lie in each part; an edge belongs to the part above it.
fn counted(edges: &[f64], values: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        counts[edges.partition_point(|edge| edge <= value)] += 1;
    }
    counts
}

/// One dimension against the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Which one.
    pub dimension: String,
    /// Population stability index.
    pub psi: f64,
    /// What it may be by chance in so few reports.
    pub chance: f64,
    /// Largest difference of the cumulated shares (Kolmogorov and Smirnov), of numbers.
    pub ks: Option<f64>,
}

impl Drift {
    /// Whether it is another distribution than the reference's.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.psi > PSI_MAX && self.psi > self.chance
    }
}

impl Reference {
    /// Of observations; nothing where there is none.
    #[must_use]
    pub fn of(model: &str, observations: &[Observation]) -> Option<Self> {
        let first = observations.first()?;
        let (mut numbers, mut codes) = (BTreeMap::new(), BTreeMap::new());
        for (dimension, _) in &first.numbers {
            numbers.insert(dimension.clone(), Bins::of(&values(observations, dimension)));
        }
        for (dimension, _) in &first.codes {
            let all = codes_of(observations, dimension);
            let share = |count: u64| count as f64 / observations.len() as f64;
            codes.insert(dimension.clone(), all.into_iter().map(|(code, count)| (code, share(count))).collect());
        }
        Some(Self { model: model.to_owned(), rows: observations.len() as u64, numbers, codes })
    }

    /// Each dimension of observations, the most changed first.
    #[must_use]
    pub fn compare(&self, observations: &[Observation]) -> Vec<Drift> {
        let mut found = Vec::new();
        for (dimension, bins) in &self.numbers {
            let counts = counted(&bins.edges, &values(observations, dimension));
            let pairs: Vec<(f64, u64)> = bins.shares.iter().copied().zip(counts).collect();
            let all = observations.len().max(1) as f64;
            let steps = pairs.iter().scan(0.0, |sum, (share, count)| {
                *sum += share - *count as f64 / all;
                Some(f64::abs(*sum))
            });
            let ks = Some(steps.fold(0.0, f64::max));
            found.push(self.drift(dimension, &pairs, ks));
        }
        for (dimension, shares) in &self.codes {
            let counts = codes_of(observations, dimension);
            let known: BTreeSet<&String> = shares.keys().chain(counts.keys()).collect();
            let pair =
                |code: &&String| (shares.get(*code).copied().unwrap_or(0.0), counts.get(*code).copied().unwrap_or(0));
            let pairs: Vec<(f64, u64)> = known.iter().map(pair).collect();
            found.push(self.drift(dimension, &pairs, None));
        }
        found.sort_by(|a, b| b.psi.total_cmp(&a.psi).then_with(|| a.dimension.cmp(&b.dimension)));
        found
    }

    /// Half a report is added to each part, so that an empty one is no infinity. Without a change the
    /// index times the harmonic size is chi-squared, with a degree less than parts.
    fn drift(&self, dimension: &str, pairs: &[(f64, u64)], ks: Option<f64>) -> Drift {
        let (parts, before) = (pairs.len() as f64, self.rows as f64);
        let now: f64 = pairs.iter().map(|(_, count)| *count as f64).sum();
        let smoothed = |count: f64, all: f64| (count + 0.5) / (all + 0.5 * parts);
        let term = |(share, count): &(f64, u64)| {
            let (p, q) = (smoothed(*count as f64, now), smoothed(share * before, before));
            (p - q) * (p / q).ln()
        };
        let psi = pairs.iter().map(term).sum();
        let free = (parts - 1.0).max(1.0);
        let chance = (1.0 / now.max(1.0) + 1.0 / before.max(1.0)) * (free + Z * (2.0 * free).sqrt());
        Drift { dimension: dimension.to_owned(), psi, chance, ks }
    }
}

fn values(observations: &[Observation], dimension: &str) -> Vec<f64> {
    let of = |one: &Observation| one.numbers.iter().find(|(name, _)| name == dimension).map(|(_, value)| *value);
    observations.iter().filter_map(of).collect()
}

fn codes_of(observations: &[Observation], dimension: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for one in observations {
        if let Some((_, code)) = one.codes.iter().find(|(name, _)| name == dimension) {
            *counts.entry(code.clone()).or_insert(0) += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::draw;

    fn observations(seed: &str, count: usize, shift: f64) -> Vec<Observation> {
        let one = |at: usize| {
            let chance = |what: &str| draw(&[seed, what, &at.to_string()]);
            let category = if chance("category") < 0.3 + shift { "pendidikan" } else { "perhubungan" };
            Observation {
                numbers: vec![("input.characters".to_owned(), 200.0 * (chance("length") + shift))],
                codes: vec![("score.category".to_owned(), category.to_owned())],
            }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_change_is_named_and_chance_is_none() {
        let reference = Reference::of("m", &observations("reference", 3000, 0.0)).unwrap();
        let json = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&json).unwrap(), reference);
        let mut alarms = 0;
        for round in 0..200 {
            let same = observations(&round.to_string(), 60, 0.0);
            alarms += reference.compare(&same).iter().filter(|drift| drift.is_one()).count();
        }
        assert!(alarms <= 8, "{alarms} of 400 were alarms by chance");
        let other = reference.compare(&observations("other", 300, 0.4));
        assert!(other.iter().all(Drift::is_one), "{other:?}");
        let length = other.iter().find(|drift| drift.dimension == "input.characters").unwrap();
        assert!((length.ks.unwrap() - 0.4).abs() < 0.1, "{length:?}");
    }

    #[test]
    fn a_code_that_never_came_before_counts() {
        let reference = Reference::of("m", &observations("reference", 1000, 0.0)).unwrap();
        let mut now = observations("now", 300, 0.0);
        for one in now.iter_mut().take(100) {
            one.codes[0].1 = "baru".to_owned();
        }
        let found = reference.compare(&now);
        assert_eq!((found[0].dimension.as_str(), found[0].is_one()), ("score.category", true));
        assert_eq!(Reference::of("m", &[]), None);
    }
}
