//! Every environment variable of the screening, in one place.

use std::path::{Path, PathBuf};

/// Directory with `current.toml`, `policy.toml`, `regions.csv`, `agencies.toml`, `claims.jsonl`,
/// `claims.toml`, `claim_words.tsv`, `bundles/`.
pub const MODELS_VARIABLE: &str = "SARING_MODELS";
/// The ONNX Runtime library; without it, the one that setup brought.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";
/// An index of claims by `saring claims build`; without it, the bundle's own sample claims.
pub const CLAIMS_VARIABLE: &str = "SARING_CLAIMS";
/// Where `cargo xtask setup` puts the library, below the project's directory.
pub const LIBRARY_OF_SETUP: &str = ".saring/onnxruntime/libonnxruntime.so.1.32.0";

/// Where things are.
#[derive(Debug, Clone)]
pub struct Config {
    /// The models directory; `None` if it was not found.
    pub models: Option<PathBuf>,
    /// A bundle other than the current one.
    pub bundle: Option<PathBuf>,
    /// An index of claims other than the bundle's own.
    pub claims: Option<PathBuf>,
    /// The ONNX Runtime library.
    pub runtime_library: PathBuf,
}

impl Config {
    /// Reads the environment; what it doesn't name is looked for above the executable and the
    /// working directory.
    #[must_use]
    pub fn from_env() -> Self {
        let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let models = variable(MODELS_VARIABLE)
            .or_else(|| above(Path::new("models/current.toml")).and_then(|p| p.parent().map(Path::to_owned)));
        let runtime_library = variable(LIBRARY_VARIABLE)
            .or_else(|| above(Path::new(LIBRARY_OF_SETUP)))
            .unwrap_or_else(|| PathBuf::from(LIBRARY_OF_SETUP));
        Self { models, bundle: None, claims: variable(CLAIMS_VARIABLE), runtime_library }
    }
}

/// The first directory above the executable, then above the working directory, that holds `relative`.
fn above(relative: &Path) -> Option<PathBuf> {
    let starts = [std::env::current_exe().ok(), std::env::current_dir().ok().map(|d| d.join("."))];
    starts.into_iter().flatten().find_map(|start| start.ancestors().map(|d| d.join(relative)).find(|p| p.exists()))
}
