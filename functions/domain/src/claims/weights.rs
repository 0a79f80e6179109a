//! What the features are worth: a reviewed data file, fitted by `saring claims fit`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::search::{FEATURE_NAMES, FEATURES};
use crate::score::Score;

/// Why a file of weights can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WeightsError {
    /// Not TOML of the expected form.
    #[error("claim weights are not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A feature without a weight, one that doesn't exist, or a value that is no number.
    #[error("claim weights must give a finite number for each of {FEATURE_NAMES:?} and no other, see '{0}'")]
    Feature(String),
}

/// Turns features into the probability that a report repeats a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    bundle: String,
    intercept: f32,
    values: [f32; FEATURES],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    bundle: String,
    intercept: f32,
    weights: BTreeMap<String, f32>,
}

impl Weights {
    pub(super) fn new(bundle: &str, intercept: f32, weights: [f32; FEATURES]) -> Self {
        Self { bundle: bundle.to_owned(), intercept, values: weights }
    }

    /// Reads a file of weights.
    ///
    /// # Errors
    /// A feature that is missing or unknown, a value that is no number.
    pub fn parse(toml: &str) -> Result<Self, WeightsError> {
        let wire: Wire = toml::from_str(toml)?;
        let mut weights = [0.0; FEATURES];
        for (weight, name) in weights.iter_mut().zip(FEATURE_NAMES) {
            let value = wire.weights.get(name).filter(|v| v.is_finite());
            *weight = *value.ok_or_else(|| WeightsError::Feature(name.to_owned()))?;
        }
        if let Some(name) = wire.weights.keys().find(|k| !FEATURE_NAMES.contains(&k.as_str())) {
            return Err(WeightsError::Feature(name.clone()));
        }
        if !wire.intercept.is_finite() {
            return Err(WeightsError::Feature("intercept".to_owned()));
        }
        Ok(Self { bundle: wire.bundle, intercept: wire.intercept, values: weights })
    }

    /// The form that [`Weights::parse`] reads.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("bundle = \"{}\"\nintercept = {:.5}\n\n[weights]\n", self.bundle, self.intercept);
        for (name, weight) in FEATURE_NAMES.iter().zip(self.values) {
            writeln!(out, "{name} = {weight:.5}").expect("writing to a string cannot fail");
        }
        out
    }

    /// The bundle whose embeddings these weights were fitted with.
    #[must_use]
    pub fn bundle(&self) -> &str {
        &self.bundle
    }

    /// Log odds that the report repeats the claim.
    #[must_use]
    pub fn logit(&self, features: &[f32; FEATURES]) -> f32 {
        self.intercept + self.values.iter().zip(features).map(|(w, f)| w * f).sum::<f32>()
    }

    /// Probability that the report repeats the claim.
    #[must_use]
    pub fn score(&self, features: &[f32; FEATURES]) -> Score {
        Score::new(1.0 / (1.0 + (-self.logit(features)).exp())).unwrap_or_default()
    }
}
