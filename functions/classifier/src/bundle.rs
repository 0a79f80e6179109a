//! A bundle directory, verified before use.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use saring_domain::report::hex;
use saring_domain::score::{Fine, Flag};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::ClassifierError;

/// Files that every bundle holds: those of the network, which the runtime reads itself, and the tokenizer.
pub(crate) const NETWORK: &str = "model.onnx";
const WEIGHTS: &str = "model.onnx.data";
const TOKENIZER: &str = "tokenizer.json";
/// File that a bundle may hold: the table of the lexical channel.
const LEXICAL: &str = "lexical.bin";
/// Shortest and longest window that a bundle may declare, in tokens.
const TOKENS_RANGE: std::ops::RangeInclusive<usize> = 16..=512;

/// A verified bundle: every file has the hash of `model.toml`, every label is known.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) version: String,
    pub(crate) tokens_max: usize,
    pub(crate) category: Vec<String>,
    pub(crate) agency: Vec<String>,
    pub(crate) calibration: Calibration,
    pub(crate) tokenizer: Content,
    /// The table of the lexical channel, if the bundle has one.
    pub(crate) lexical: Option<Content>,
}

/// The bytes of a file as they were hashed: what is used is what was checked, and it is read once.
#[derive(Clone, Default)]
pub(crate) struct Content(pub(crate) Arc<Vec<u8>>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Maps logits to probabilities: `sigmoid(scale * z + offset)`, `softmax(z / temperature)`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Calibration {
    pub(crate) binary_scale: Vec<f32>,
    pub(crate) binary_offset: Vec<f32>,
    pub(crate) category_temperature: f32,
    pub(crate) agency_temperature: f32,
    /// From this probability on, the ranked categories hold the truth with 95% (a conformal set).
    #[serde(default)]
    pub(crate) category_share: f32,
}

#[derive(Deserialize)]
struct Manifest {
    version: String,
    tokens_max: usize,
    binary: Vec<String>,
    category: Vec<String>,
    agency: Vec<String>,
    markers: Vec<String>,
    calibration: Calibration,
    files: BTreeMap<String, String>,
}

impl Bundle {
    /// Reads `model.toml` and checks all that it says.
    ///
    /// # Errors
    /// A missing file, a hash or label that differs, a value outside its range.
    pub fn load(directory: &Path) -> Result<Self, ClassifierError> {
        let path = directory.join("model.toml");
        let text =
            std::fs::read_to_string(&path).map_err(|source| ClassifierError::Read { path: path.clone(), source })?;
        let manifest: Manifest =
            toml::from_str(&text).map_err(|source| ClassifierError::Manifest { path, source: Box::new(source) })?;
        check_labels(&manifest)?;
        check_calibration(&manifest.calibration)?;
        if !TOKENS_RANGE.contains(&manifest.tokens_max) {
            return Err(ClassifierError::Value { key: "tokens_max", expected: "within 16 and 512" });
        }
        let place = |name: &str| directory.join(name);
        for name in [NETWORK, WEIGHTS] {
            check(&manifest, name, &place(name), &sha256(&place(name))?)?;
        }
        let content = |name: &str| -> Result<Content, ClassifierError> {
            let path = place(name);
            let bytes = std::fs::read(&path).map_err(|source| ClassifierError::Read { path: path.clone(), source })?;
            check(&manifest, name, &path, &hex(&Sha256::digest(&bytes)))?;
            Ok(Content(Arc::new(bytes)))
        };
        let tokenizer = content(TOKENIZER)?;
        let lexical = manifest.files.contains_key(LEXICAL).then(|| content(LEXICAL)).transpose()?;
        Ok(Self {
            version: manifest.version,
            tokens_max: manifest.tokens_max,
            category: manifest.category,
            agency: manifest.agency,
            calibration: manifest.calibration,
            tokenizer,
            lexical,
        })
    }

    /// Names the model in every verdict.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Whether a file has the hash that the manifest names.
fn check(manifest: &Manifest, name: &str, path: &Path, found: &str) -> Result<(), ClassifierError> {
    let expected = manifest
        .files
        .get(name)
        .ok_or(ClassifierError::Value { key: "files", expected: "the hash of each of the bundle's files" })?;
    if expected == found { Ok(()) } else { Err(ClassifierError::Hash { path: path.to_owned() }) }
}

fn check_labels(manifest: &Manifest) -> Result<(), ClassifierError> {
    let binary: Vec<&str> = Flag::ALL.iter().map(|f| f.code()).chain(Fine::ALL.iter().map(|f| f.code())).collect();
    same(&manifest.binary, &binary, "binary")?;
    same(&manifest.markers, &saring_domain::text::MARKERS, "marker")?;
    if manifest.category.is_empty() || manifest.agency.is_empty() {
        return Err(ClassifierError::Value { key: "category, agency", expected: "non-empty" });
    }
    Ok(())
}

fn same(listed: &[String], known: &[&str], what: &'static str) -> Result<(), ClassifierError> {
    let length = listed.len().max(known.len());
    match (0..length).find(|i| listed.get(*i).map(String::as_str) != known.get(*i).copied()) {
        None => Ok(()),
        Some(at) => Err(ClassifierError::Labels { what, at }),
    }
}

fn check_calibration(calibration: &Calibration) -> Result<(), ClassifierError> {
    let heads = Flag::ALL.len() + Fine::ALL.len();
    let finite = |values: &[f32]| values.len() == heads && values.iter().all(|v| v.is_finite());
    if !finite(&calibration.binary_scale) || !finite(&calibration.binary_offset) {
        return Err(ClassifierError::Value { key: "calibration", expected: "one finite number per binary head" });
    }
    let positive = |t: f32| t.is_finite() && t > 0.0;
    if !positive(calibration.category_temperature) || !positive(calibration.agency_temperature) {
        return Err(ClassifierError::Value { key: "calibration", expected: "temperatures above 0" });
    }
    if !(0.0..1.0).contains(&calibration.category_share) {
        return Err(ClassifierError::Value { key: "calibration", expected: "a share of 0 and more, below 1" });
    }
    Ok(())
}

fn sha256(path: &Path) -> Result<String, ClassifierError> {
    const CHUNK_BYTES: usize = 1 << 16;
    let read = |source| ClassifierError::Read { path: path.to_owned(), source };
    let mut reader = File::open(path).map_err(read)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let n = reader.read(&mut chunk).map_err(read)?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&chunk[..n]);
    }
}
