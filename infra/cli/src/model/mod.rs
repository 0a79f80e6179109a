//! `saring model`: from an export to the bundle that functions load, and back.

use std::path::PathBuf;

use anyhow::{Context, Result};
use saring_screen::config::Config;

/// The directory with `current.toml`.
pub(crate) fn models() -> Result<PathBuf> {
    Config::from_env().models.context("no models directory with current.toml found")
}

/// The bundle that functions load.
pub(crate) fn current_bundle() -> Result<PathBuf> {
    Ok(saring_screen::current_bundle(&models()?)?)
}
