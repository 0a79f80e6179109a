//! Where the data of the sweep is.

use std::path::{Path, PathBuf};

use saring_domain::calendar::{Calendar, CalendarError, Clocks, ClocksError};
use saring_domain::drift::{Reference, ReferenceError};
use saring_domain::learning::{Sampling, SamplingError};
use saring_domain::policy::{Policy, PolicyError};

/// Directory with the files below.
pub const MODELS_VARIABLE: &str = "SARING_MODELS";
/// Days on which offices don't work.
pub const HOLIDAYS_FILE: &str = "holidays.toml";
/// How long things may take.
pub const CLOCKS_FILE: &str = "clocks.toml";
/// Which published reports a person looks at.
pub const SAMPLING_FILE: &str = "sampling.toml";
/// The policy that counts where none was activated.
pub const POLICY_FILE: &str = "policy.toml";
/// Which bundle is current.
const CURRENT_FILE: &str = "current.toml";
/// In a bundle's directory, what comes is compared with it.
const REFERENCE_FILE: &str = "reference.json";

/// Why the data can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// The directory is not known.
    #[error("environment variable {MODELS_VARIABLE} is not set")]
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
    /// The holidays can't be used.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The clocks can't be used.
    #[error(transparent)]
    Clocks(#[from] ClocksError),
    /// The sampling can't be used.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// The policy can't be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The current bundle is not named.
    #[error("{CURRENT_FILE} names no bundle")]
    Current(#[from] toml::de::Error),
    /// The reference of the current bundle can't be used.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// What the sweep goes by.
#[derive(Debug, Clone)]
pub struct SweepData {
    /// Working days.
    pub calendar: Calendar,
    /// How long things may take.
    pub clocks: Clocks,
    /// Which published reports a person looks at.
    pub sampling: Sampling,
    /// The package's policy.
    pub policy: Policy,
}

#[derive(serde::Deserialize)]
struct Current {
    bundle: String,
}

impl SweepData {
    /// Reads the files of the directory that the environment names.
    ///
    /// # Errors
    /// No directory, or a file that can't be used.
    pub fn from_env() -> Result<Self, AssetError> {
        Self::load(&models()?)
    }

    /// Reads the files of a directory.
    ///
    /// # Errors
    /// A file that can't be used.
    pub fn load(models: &Path) -> Result<Self, AssetError> {
        let read = |name: &str| read(models, name);
        Ok(Self {
            calendar: Calendar::parse(&read(HOLIDAYS_FILE)?)?,
            clocks: Clocks::parse(&read(CLOCKS_FILE)?)?,
            sampling: Sampling::parse(&read(SAMPLING_FILE)?)?,
            policy: Policy::parse(&read(POLICY_FILE)?)?,
        })
    }
}

/// The reference of the bundle that the environment's directory names as current; nothing where the
/// bundle has none.
///
/// # Errors
/// No directory, or a file that can't be used.
pub(crate) fn reference() -> Result<Option<Reference>, AssetError> {
    reference_in(&models()?)
}

/// The same of a directory.
///
/// # Errors
/// A file that can't be used.
pub fn reference_in(models: &Path) -> Result<Option<Reference>, AssetError> {
    let current: Current = toml::from_str(&read(models, CURRENT_FILE)?)?;
    let own = format!("bundles/{}/{REFERENCE_FILE}", current.bundle);
    if !models.join(&own).is_file() {
        return Ok(None);
    }
    Ok(Some(Reference::parse(&read(models, &own)?)?))
}

fn models() -> Result<PathBuf, AssetError> {
    let models = std::env::var_os(MODELS_VARIABLE).filter(|v| !v.is_empty());
    models.map(PathBuf::from).ok_or(AssetError::NoModels)
}

fn read(models: &Path, name: &str) -> Result<String, AssetError> {
    let path = models.join(name);
    std::fs::read_to_string(&path).map_err(|source| AssetError::Read { path, source })
}
