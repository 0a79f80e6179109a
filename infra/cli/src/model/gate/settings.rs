//! `models/gate.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) resamples: usize,
    pub(crate) never_publish: Vec<String>,
    pub(crate) whole: Whole,
    pub(crate) slice: Slice,
    pub(crate) regions: BTreeMap<String, Vec<String>>,
    pub(crate) labels: Labels,
    pub(crate) calibration: Calibration,
    pub(crate) certificate: Certificate,
    pub(crate) int8: Int8,
    pub(crate) latency: Latency,
    pub(crate) size: Size,
    /// Of the file, for the verdict.
    #[serde(skip)]
    pub(crate) sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whole {
    pub(crate) confidence: f64,
    pub(crate) tolerances: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slice {
    pub(crate) confidence: f64,
    pub(crate) tolerance: f64,
    pub(crate) rows_min: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    pub(crate) sure: f64,
    pub(crate) share_max: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) bins: usize,
    pub(crate) tolerance: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    pub(crate) target: f64,
    pub(crate) confidence: f64,
    pub(crate) prevalence: f64,
    pub(crate) tolerance: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are the keys of the file, and all are lower limits")]
pub(crate) struct Int8 {
    pub(crate) rows_min: usize,
    pub(crate) mean_min: f64,
    pub(crate) worst_min: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latency {
    pub(crate) rows: usize,
    pub(crate) rounds: usize,
    pub(crate) ratio_max: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Size {
    pub(crate) bytes_max: u64,
}

impl Settings {
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut settings: Self = toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))?;
        let shares = [settings.whole.confidence, settings.slice.confidence, settings.certificate.confidence];
        ensure!(
            shares.iter().all(|c| (0.5..1.0).contains(c)),
            "confidences of {} must be within 0.5 and 1",
            path.display()
        );
        let counts = [settings.resamples, settings.calibration.bins, settings.latency.rows, settings.latency.rounds];
        ensure!(counts.iter().all(|n| *n > 0), "counts of {} must be above 0", path.display());
        settings.sha256 = crate::export::sha256(text.as_bytes());
        Ok(settings)
    }

    /// The tolerance of a measure on all rows; fine labels and flags share one each.
    pub(crate) fn tolerance(&self, measure: &str) -> Option<f64> {
        self.whole.tolerances.get(measure).copied()
    }
}
