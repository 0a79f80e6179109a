//! Whether a bundle passed its gate: `saring model gate` writes the verdict beside the model.

use std::path::{Path, PathBuf};

use saring_domain::report::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// File of a bundle with the verdict of its gate.
pub const GATE_FILE: &str = "gate.json";
const MODEL_FILE: &str = "model.toml";
const PASSED: &str = "passed";

/// Why a bundle must not screen the live traffic.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A file can't be read.
    #[error("{path} cannot be read; `saring model gate` writes the verdict of a bundle")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no verdict.
    #[error("{path} is no verdict of a gate")]
    Form {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// The gate refused the bundle.
    #[error("{path} says '{verdict}': only a bundle that passed its gate may be the current one")]
    Refused {
        /// The file.
        path: PathBuf,
        /// What it says.
        verdict: String,
    },
    /// The verdict is about other bytes.
    #[error("{path} is about another model.toml than the one beside it, sha-256 {found}")]
    Other {
        /// The file.
        path: PathBuf,
        /// The hash of the file that is there.
        found: String,
    },
}

/// What the start of a function needs of a verdict.
#[derive(Deserialize)]
struct Verdict {
    verdict: String,
    model_toml_sha256: String,
}

/// Checks that `gate.json` of a bundle says that it passed, and is about exactly its `model.toml`,
/// which in turn holds the hash of each of its files.
///
/// # Errors
/// No verdict, another than passed, or one about other bytes; names the file.
pub fn check_gate(bundle: &Path) -> Result<(), GateError> {
    let path = bundle.join(GATE_FILE);
    let bytes = read(&path)?;
    let found: Verdict =
        serde_json::from_slice(&bytes).map_err(|source| GateError::Form { path: path.clone(), source })?;
    if found.verdict != PASSED {
        return Err(GateError::Refused { path, verdict: found.verdict });
    }
    let model = model_hash(bundle)?;
    if model != found.model_toml_sha256 {
        return Err(GateError::Other { path, found: model });
    }
    Ok(())
}

/// SHA-256 of a bundle's `model.toml`, by which a verdict names the bundle.
///
/// # Errors
/// The file can't be read.
pub fn model_hash(bundle: &Path) -> Result<String, GateError> {
    Ok(hex(&Sha256::digest(read(&bundle.join(MODEL_FILE))?)))
}

fn read(path: &Path) -> Result<Vec<u8>, GateError> {
    std::fs::read(path).map_err(|source| GateError::Read { path: path.to_owned(), source })
}
