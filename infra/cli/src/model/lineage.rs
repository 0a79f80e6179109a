//! What a bundle's `model.toml` says of itself and of where it comes from.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

pub(crate) const MODEL_FILE: &str = "model.toml";

#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) version: String,
    pub(crate) data_hash: String,
    pub(crate) calibration: toml::Table,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) lineage: Option<Lineage>,
}

/// Where a bundle of `saring model train` comes from.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Lineage {
    /// The fully trained bundle whose network it has.
    pub(crate) base: String,
    pub(crate) base_sha256: String,
    /// Of the export's manifest, which holds the hash of each of its files.
    pub(crate) export_sha256: String,
    /// Of all that went in: base, export, authored rows, settings.
    pub(crate) manifest_sha256: String,
    pub(crate) decisions_trained: usize,
    pub(crate) data: BTreeMap<String, String>,
    pub(crate) settings: toml::Table,
    pub(crate) packages: BTreeMap<String, String>,
}

impl Lineage {
    pub(crate) fn of(bundle: &Path) -> Result<Option<Self>> {
        Ok(manifest(bundle)?.lineage)
    }
}

pub(crate) fn manifest(bundle: &Path) -> Result<Manifest> {
    let path = bundle.join(MODEL_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))
}
