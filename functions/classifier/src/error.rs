//! Everything that can keep a classifier from loading or answering.

use std::path::PathBuf;

/// Why no classifier, or no answer; messages never hold a report's text.
#[derive(Debug, thiserror::Error)]
pub enum ClassifierError {
    /// A file of the bundle can't be read.
    #[error("bundle file {path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `model.toml` is not of the expected form.
    #[error("bundle file {path} is not valid")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A file's hash is not the one of `model.toml`.
    #[error("bundle file {path} has another sha-256 than model.toml says")]
    Hash {
        /// The file.
        path: PathBuf,
    },
    /// The bundle's labels are not the ones that this build knows.
    #[error("bundle lists {what} labels that differ from this build's, first at position {at}")]
    Labels {
        /// Which list.
        what: &'static str,
        /// First position that differs.
        at: usize,
    },
    /// A value of `model.toml` is outside its range.
    #[error("bundle value '{key}' must be {expected}")]
    Value {
        /// Key of the file.
        key: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
    /// The ONNX Runtime library is not where it should be.
    #[error("onnx runtime library {0} does not exist; 'cargo xtask setup' brings it, ORT_DYLIB_PATH names another")]
    LibraryMissing(PathBuf),
    /// Telemetry was not switched off before start.
    #[error("environment variable {0} must be 1 before the onnx runtime is loaded")]
    Telemetry(&'static str),
    /// The library was found and could not be used.
    #[error("onnx runtime cannot be loaded")]
    Library(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tokenizer file can't be used or failed on a text.
    #[error("tokenizer failed")]
    Tokenizer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// ONNX Runtime failed to load or to run the model.
    #[error("onnx runtime failed while {doing}")]
    Onnx {
        /// What it was doing.
        doing: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The model answered with something that is no answer.
    #[error("model output '{0}' has the wrong shape or is not finite")]
    Output(&'static str),
}

impl ClassifierError {
    pub(crate) fn onnx<E: std::error::Error + Send + Sync + 'static>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Onnx { doing, source: Box::new(source) }
    }
}
