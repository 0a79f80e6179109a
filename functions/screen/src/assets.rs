//! The reviewed data files that a screening needs, found and read once at start.

use std::path::{Path, PathBuf};

use saring_classifier::{Bundle, Classifier, ClassifierError, Runtime};
use saring_domain::agency::{Registry, RegistryError};
use saring_domain::policy::{Policy, PolicyError};
use saring_domain::region::{RegionError, Regions};
use serde::Deserialize;

use crate::config::{Config, MODELS_VARIABLE};

/// Why the assets can't be used; the function does not start with any of these.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// No `current.toml` beside the executable, above the working directory or where told.
    #[error("no models directory with current.toml found; {MODELS_VARIABLE} names it")]
    NoModels,
    /// A file can't be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `current.toml` is not of the expected form.
    #[error("current.toml is not valid")]
    Current(#[source] toml::de::Error),
    /// The policy can't be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The region table can't be used.
    #[error(transparent)]
    Regions(#[from] RegionError),
    /// The agency registry can't be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The bundle or its runtime can't be used.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
}

/// Everything that a screening reads besides the report.
#[derive(Debug)]
pub struct Assets {
    /// The model.
    pub classifier: Classifier,
    /// Thresholds and rules.
    pub policy: Policy,
    /// Regions of Indonesia.
    pub regions: Regions,
    /// Agencies and their names.
    pub registry: Registry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Current {
    bundle: String,
}

impl Assets {
    /// Loads what `config` names.
    ///
    /// # Errors
    /// Anything missing or not valid; names the file.
    pub fn load(config: &Config) -> Result<Self, AssetError> {
        let models = config.models.as_deref().ok_or(AssetError::NoModels)?;
        let bundle = match &config.bundle {
            Some(directory) => directory.clone(),
            None => current_bundle(models)?,
        };
        let policy = Policy::parse(&read(&models.join("policy.toml"))?)?;
        let regions = Regions::parse(&read(&models.join("regions.csv"))?)?;
        let registry = Registry::parse(&read(&models.join("agencies.toml"))?)?;
        let bundle = Bundle::load(&bundle)?;
        let runtime = Runtime::load(&config.runtime_library)?;
        let classifier = Classifier::load(&runtime, bundle)?;
        Ok(Self { classifier, policy, regions, registry })
    }
}

fn current_bundle(models: &Path) -> Result<PathBuf, AssetError> {
    let current: Current = toml::from_str(&read(&models.join("current.toml"))?).map_err(AssetError::Current)?;
    Ok(models.join("bundles").join(current.bundle))
}

fn read(path: &Path) -> Result<String, AssetError> {
    std::fs::read_to_string(path).map_err(|source| AssetError::Read { path: path.to_owned(), source })
}
