//! A bundle's reference, and what is compared with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::centres::Centres;
use super::{Counts, Group, Observation};
use crate::report::hex;

/// A population stability index from which on a distribution is another one, by custom; the alarms of
/// the template have the same.
pub const PSI_MAX: f64 = 0.2;
/// Parts into which numbers are cut, by the reference's quantiles.
const PARTS: usize = 10;
/// Of a standard normal: how far beyond chance an index must lie.
const Z: f64 = 3.0;
/// Bytes of the hash that names a reference.
const REVISION_BYTES: usize = 8;
const DISTANCE: &str = "input.embedding";
const NEAREST: &str = "input.topic";
const LABELS: &str = "label.held";

/// Why a text is no reference.
#[derive(Debug, thiserror::Error)]
#[error("the reference of a bundle is not of the expected form")]
pub struct ReferenceError(#[from] serde_json::Error);

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
    /// Where embeddings lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    centres: Option<Centres>,
    /// What the held reports were by their labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Labels>,
}

/// Shares of what the held reports were, and of how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    rows: u64,
    shares: BTreeMap<String, f64>,
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
        let mut bins = Self { shares: vec![0.0; edges.len() + 1], edges };
        for value in values {
            let at = bins.at(*value);
            bins.shares[at] += 1.0;
        }
        bins.shares.iter_mut().for_each(|share| *share /= values.len() as f64);
        bins
    }

    /// An edge belongs to the part above it.
    fn at(&self, value: f64) -> usize {
        self.edges.partition_point(|edge| *edge <= value)
    }

    /// The part for people.
    fn name(&self, at: usize) -> String {
        match (at.checked_sub(1).and_then(|below| self.edges.get(below)), self.edges.get(at)) {
            (Some(from), Some(to)) => format!("{} – {}", short(*from), short(*to)),
            (None, Some(to)) => format!("< {}", short(*to)),
            (Some(from), None) => format!("≥ {}", short(*from)),
            (None, None) => String::new(),
        }
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 10.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

/// One dimension against the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Which one.
    pub dimension: String,
    /// Population stability index.
    pub psi: f64,
    /// What it may be by chance in so few reports.
    pub chance: f64,
    /// Largest difference of the cumulated shares (Kolmogorov and Smirnov), of numbers.
    pub ks: Option<f64>,
    /// Each part with both shares.
    pub parts: Vec<Part>,
}

/// A part of a distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its code, or from where to where.
    pub name: String,
    /// Its share in the reference.
    pub before: f64,
    /// Its share now.
    pub now: f64,
}

impl Drift {
    /// Whether it is another distribution than the reference's.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.beyond_chance() > PSI_MAX
    }

    /// The index where chance can't explain it, or else 0.
    #[must_use]
    pub fn beyond_chance(&self) -> f64 {
        if self.psi > self.chance { self.psi } else { 0.0 }
    }

    /// Of what it is.
    #[must_use]
    pub fn group(&self) -> Group {
        Group::of(&self.dimension)
    }
}

impl Reference {
    /// Reads the file of a bundle.
    ///
    /// # Errors
    /// Another form.
    pub fn parse(json: &str) -> Result<Self, ReferenceError> {
        Ok(serde_json::from_str(json)?)
    }

    /// Of observations, and of what held ones were by their labels; nothing where there is none.
    #[must_use]
    pub fn of(model: &str, observations: &[Observation], labels: &[&str]) -> Option<Self> {
        let first = observations.first()?;
        let vectors: Vec<&[f32]> = observations.iter().map(|one| one.embedding.as_slice()).collect();
        let centres = Centres::fit(&vectors);
        let mut numbers: BTreeMap<String, Bins> = BTreeMap::new();
        let empty = Self {
            model: model.to_owned(),
            rows: observations.len() as u64,
            numbers: BTreeMap::new(),
            codes: first.codes.iter().map(|(dimension, _)| (dimension.clone(), BTreeMap::new())).collect(),
            centres,
            labels: None,
        };
        let mut placed: Vec<f64> = Vec::new();
        let mut counts = Counts::default();
        for one in observations {
            empty.count(one, &mut counts);
            placed.extend(empty.place(one).map(|(_, distance)| distance));
        }
        for (dimension, _) in &first.numbers {
            numbers.insert(dimension.clone(), Bins::of(&values(observations, dimension)));
        }
        if !placed.is_empty() {
            numbers.insert(DISTANCE.to_owned(), Bins::of(&placed));
        }
        let shares = |of: BTreeMap<&str, u64>, all: usize| {
            of.into_iter().map(|(code, count)| (code.to_owned(), count as f64 / all as f64)).collect()
        };
        let mut codes: BTreeMap<String, BTreeMap<String, f64>> =
            empty.codes.keys().map(|name| (name.clone(), shares(counts.of(name), observations.len()))).collect();
        if !placed.is_empty() {
            codes.insert(NEAREST.to_owned(), shares(counts.of(NEAREST), placed.len()));
        }
        let decided = labelled(labels.iter().copied());
        let labels = (!labels.is_empty())
            .then(|| Labels { rows: labels.len() as u64, shares: shares(decided.of(LABELS), labels.len()) });
        Some(Self { numbers, codes, labels, ..empty })
    }

    /// Names this reference by its content: counts are cut by its edges and belong to no other.
    #[must_use]
    pub fn revision(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        hex(&Sha256::digest(json)[..REVISION_BYTES])
    }

    fn place(&self, one: &Observation) -> Option<(usize, f64)> {
        self.centres.as_ref()?.place(&one.embedding)
    }

    /// Counts a report in each dimension that the reference has.
    pub fn count(&self, one: &Observation, counts: &mut Counts) {
        counts.reports += 1;
        for (dimension, value) in &one.numbers {
            if let Some(bins) = self.numbers.get(dimension) {
                counts.add(dimension, &bins.at(*value).to_string());
            }
        }
        for (dimension, code) in one.codes.iter().filter(|(dimension, _)| self.codes.contains_key(dimension)) {
            counts.add(dimension, code);
        }
        if let Some((nearest, distance)) = self.place(one) {
            counts.add(NEAREST, &nearest.to_string());
            if let Some(bins) = self.numbers.get(DISTANCE) {
                counts.add(DISTANCE, &bins.at(distance).to_string());
            }
        }
    }

    /// Each dimension of counts, and what held reports turned out to be, the most changed first. A
    /// dimension of which nothing was counted is left out.
    #[must_use]
    pub fn compare<'a>(&self, counts: &Counts, labels: impl Iterator<Item = &'a str>) -> Vec<Drift> {
        let mut found = Vec::new();
        for (dimension, bins) in &self.numbers {
            let now = counts.of(dimension);
            let count = |at: usize| now.get(at.to_string().as_str()).copied().unwrap_or(0);
            let shares = bins.shares.iter().enumerate();
            let parts: Vec<Pair> = shares.map(|(at, share)| (bins.name(at), *share, count(at))).collect();
            found.extend(drift(dimension, self.rows, &parts).map(|drift| Drift { ks: Some(ks(&drift)), ..drift }));
        }
        for (dimension, shares) in &self.codes {
            found.extend(drift(dimension, self.rows, &pairs(shares, &counts.of(dimension))));
        }
        if let Some(known) = &self.labels {
            let now = labelled(labels);
            found.extend(drift(LABELS, known.rows, &pairs(&known.shares, &now.of(LABELS))));
        }
        found.sort_by(|a, b| b.psi.total_cmp(&a.psi).then_with(|| a.dimension.cmp(&b.dimension)));
        found
    }
}

fn labelled<'a>(labels: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::default();
    labels.for_each(|label| counts.add(LABELS, label));
    counts
}

/// A part's name, its share in the reference and its count now.
type Pair = (String, f64, u64);

fn pairs(shares: &BTreeMap<String, f64>, now: &BTreeMap<&str, u64>) -> Vec<Pair> {
    let known: BTreeSet<&str> = shares.keys().map(String::as_str).chain(now.keys().copied()).collect();
    let pair =
        |code: &str| (code.to_owned(), shares.get(code).copied().unwrap_or(0.0), now.get(code).copied().unwrap_or(0));
    known.into_iter().map(pair).collect()
}

/// Half a report is added to each part, so that an empty one is no infinity. Without a change the
/// index times the harmonic size is chi-squared, with a degree less than parts.
fn drift(dimension: &str, rows: u64, pairs: &[Pair]) -> Option<Drift> {
    let (parts, before) = (pairs.len() as f64, rows as f64);
    let now: f64 = pairs.iter().map(|(.., count)| *count as f64).sum();
    if now <= 0.0 {
        return None;
    }
    let smoothed = |count: f64, all: f64| (count + 0.5) / (all + 0.5 * parts);
    let term = |(_, share, count): &Pair| {
        let (p, q) = (smoothed(*count as f64, now), smoothed(share * before, before));
        (p - q) * (p / q).ln()
    };
    let psi = pairs.iter().map(term).sum();
    let free = (parts - 1.0).max(1.0);
    let chance = (1.0 / now + 1.0 / before.max(1.0)) * (free + Z * (2.0 * free).sqrt());
    let part = |(name, share, count): &Pair| Part { name: name.clone(), before: *share, now: *count as f64 / now };
    Some(Drift { dimension: dimension.to_owned(), psi, chance, ks: None, parts: pairs.iter().map(part).collect() })
}

fn ks(drift: &Drift) -> f64 {
    let steps = drift.parts.iter().scan(0.0, |sum, part| {
        *sum += part.before - part.now;
        Some(f64::abs(*sum))
    });
    steps.fold(0.0, f64::max)
}

fn values(observations: &[Observation], dimension: &str) -> Vec<f64> {
    let of = |one: &Observation| one.numbers.iter().find(|(name, _)| name == dimension).map(|(_, value)| *value);
    observations.iter().filter_map(of).collect()
}
