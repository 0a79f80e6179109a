//! Where the data of the sweep is.

use std::path::{Path, PathBuf};

use saring_domain::calendar::{Calendar, CalendarError, Clocks, ClocksError};
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

impl SweepData {
    /// Reads the files of the directory that the environment names.
    ///
    /// # Errors
    /// No directory, or a file that can't be used.
    pub fn from_env() -> Result<Self, AssetError> {
        let models = std::env::var_os(MODELS_VARIABLE).filter(|v| !v.is_empty()).ok_or(AssetError::NoModels)?;
        Self::load(Path::new(&models))
    }

    /// Reads the files of a directory.
    ///
    /// # Errors
    /// A file that can't be used.
    pub fn load(models: &Path) -> Result<Self, AssetError> {
        let read = |name: &str| {
            let path = models.join(name);
            std::fs::read_to_string(&path).map_err(|source| AssetError::Read { path, source })
        };
        Ok(Self {
            calendar: Calendar::parse(&read(HOLIDAYS_FILE)?)?,
            clocks: Clocks::parse(&read(CLOCKS_FILE)?)?,
            sampling: Sampling::parse(&read(SAMPLING_FILE)?)?,
            policy: Policy::parse(&read(POLICY_FILE)?)?,
        })
    }
}
