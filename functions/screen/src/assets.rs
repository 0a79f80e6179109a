//! The reviewed data files that a screening needs, found and read once at start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use saring_classifier::{Bundle, Classifier, ClassifierError};
use saring_domain::agency::{Registry, RegistryError};
use saring_domain::claims::{Claim, ClaimIndex, IndexError, Weights, WeightsError, WordCounts, WordsError};
use saring_domain::claims::{read_claims, source_hash};
use saring_domain::drift::Reference;
use saring_domain::policy::{Policy, PolicyError};
use saring_domain::region::{RegionError, Regions};
use serde::Deserialize;

use crate::claims::{BuildError, ClaimBook, build};
use crate::config::{Config, MODELS_VARIABLE};
use crate::gate::{GateError, check_gate};

/// A bundle's reference, by `saring drift reference`; no hash in `model.toml` covers it, it changes no
/// verdict.
pub const REFERENCE_FILE: &str = "reference.json";

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
    /// The current bundle did not pass its gate.
    #[error("the current bundle is refused")]
    Gate(#[from] GateError),
    /// An index of claims can't be used.
    #[error("{path} cannot be used")]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: IndexError,
    },
    /// A row of the sample claims is no claim.
    #[error("claims.jsonl line {row}: {source}")]
    SampleClaim {
        /// The line, from 1.
        row: usize,
        /// What is wrong.
        #[source]
        source: saring_domain::claims::ClaimError,
    },
    /// The weights of claim matching can't be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The word counts of claim matching can't be used.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The index of the sample claims could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Everything that a screening reads besides the report.
#[derive(Debug)]
pub struct Assets {
    /// The model.
    pub classifier: Classifier,
    /// Thresholds and rules.
    pub policy: Policy,
    /// Regions of Indonesia.
    pub regions: Arc<Regions>,
    /// Agencies and their names.
    pub registry: Arc<Registry>,
    /// Debunked claims.
    pub claims: ClaimBook,
    /// How often words occur in ordinary reports.
    pub words: Arc<WordCounts>,
    /// How what the bundle was made for is distributed, where the bundle says it.
    pub reference: Option<Reference>,
}

/// What `current.toml` says; `saring model promote` and `rollback` move it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Current {
    /// Directory of the current bundle, below `bundles`.
    pub bundle: String,
    /// A bundle that is loaded beside it, for a rollout.
    pub candidate: Option<String>,
    /// The bundle that was current before it.
    pub previous: Option<String>,
}

impl Current {
    /// Reads `current.toml` of a models directory.
    ///
    /// # Errors
    /// It is missing or not of the expected form.
    pub fn load(models: &Path) -> Result<Self, AssetError> {
        toml::from_str(&read(&models.join("current.toml"))?).map_err(AssetError::Current)
    }
}

impl Assets {
    /// Loads what `config` names.
    ///
    /// # Errors
    /// Anything missing or not valid; names the file.
    pub fn load(config: &Config) -> Result<Self, AssetError> {
        let models = config.models.as_deref().ok_or(AssetError::NoModels)?;
        let policy = Policy::parse(&read(&models.join("policy.toml"))?)?;
        // The tables are read while the runtime makes its session.
        let (tables, indexer) = std::thread::scope(|scope| {
            let tables = scope.spawn(|| tables(models));
            let indexer = Indexer::load(config);
            (tables.join(), indexer)
        });
        let (regions, registry) = tables.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let mut indexer = indexer?;
        let weights = indexer.weights()?;
        let fixed = match &config.claims {
            Some(path) => indexer.open(path)?,
            None => indexer.own_index()?,
        };
        let claims = ClaimBook::new(fixed, weights);
        let reference = indexer.reference();
        Ok(Self { classifier: indexer.classifier, policy, regions, registry, claims, words: indexer.words, reference })
    }

    /// The same with the candidate that `current.toml` names, if it names one: only the model and what
    /// belongs to it are read again.
    ///
    /// # Errors
    /// A candidate that can't be used.
    pub fn candidate(&self, config: &Config) -> Result<Option<Self>, AssetError> {
        let models = config.models.as_deref().ok_or(AssetError::NoModels)?;
        let Some(name) = Current::load(models)?.candidate else { return Ok(None) };
        let bundle = models.join("bundles").join(name);
        let mut indexer = Indexer::load(&Config { bundle: Some(bundle), claims: None, ..config.clone() })?;
        // An index of other claims belongs to the current bundle.
        let claims = ClaimBook::new(indexer.own_index()?, indexer.weights()?);
        Ok(Some(Self {
            classifier: indexer.classifier,
            policy: self.policy.clone(),
            regions: Arc::clone(&self.regions),
            registry: Arc::clone(&self.registry),
            claims,
            words: Arc::clone(&self.words),
            // What comes is counted once, against the current bundle's.
            reference: None,
        }))
    }
}

/// A model and the files that claim matching needs: builds and opens indexes.
#[derive(Debug)]
pub struct Indexer {
    classifier: Classifier,
    models: PathBuf,
    bundle: PathBuf,
    library: PathBuf,
    words: Arc<WordCounts>,
    words_text: String,
}

impl Indexer {
    /// Loads the model and the word counts.
    ///
    /// # Errors
    /// Anything missing or not valid; names the file.
    pub fn load(config: &Config) -> Result<Self, AssetError> {
        let models = config.models.as_deref().ok_or(AssetError::NoModels)?;
        let bundle = config.bundle.clone().map_or_else(|| current_bundle(models), Ok)?;
        let library = config.runtime_library.clone();
        let (words, classifier) = std::thread::scope(|scope| {
            let words = scope.spawn(|| words(models));
            let classifier = Classifier::load(&library, &bundle);
            (words.join(), classifier)
        });
        let classifier = classifier?;
        let (words, words_text) = words.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        if config.bundle.is_none() {
            check_gate(&bundle)?;
        }
        Ok(Self { classifier, models: models.to_owned(), bundle, library, words, words_text })
    }

    /// The model.
    pub fn classifier(&mut self) -> &mut Classifier {
        &mut self.classifier
    }

    /// The weights of the bundle, or else the project's, which may fit it less well.
    ///
    /// # Errors
    /// No weights, or weights of another form.
    pub fn weights(&self) -> Result<Weights, AssetError> {
        let own = self.bundle.join("claims.toml");
        let path = if own.is_file() { own } else { self.models.join("claims.toml") };
        let weights = Weights::parse(&read(&path)?)?;
        if weights.bundle() != self.classifier.version() {
            let (fitted, bundle) = (weights.bundle(), self.classifier.version());
            tracing::warn!(
                claims.fitted = fitted,
                model.version = bundle,
                "claim weights were fitted with another bundle"
            );
        }
        Ok(weights)
    }

    /// The bundle's reference. One that can't be used is no reason not to screen: it is logged, and
    /// nothing is counted.
    fn reference(&self) -> Option<Reference> {
        let path = self.bundle.join(REFERENCE_FILE);
        let text = std::fs::read_to_string(&path).ok()?;
        let found = Reference::parse(&text).inspect_err(|error| tracing::warn!(error = %error, "nothing is counted"));
        let own = found.ok().filter(|reference| reference.model == self.classifier.version());
        if own.is_none() {
            tracing::warn!("the reference is not this bundle's, drift is not counted");
        }
        own
    }

    /// Opens an index that was built before.
    ///
    /// # Errors
    /// A file that can't be read, is damaged or belongs to another bundle.
    pub fn open(&self, path: &Path) -> Result<ClaimIndex, AssetError> {
        let bytes = std::fs::read(path).map_err(|source| AssetError::Read { path: path.to_owned(), source })?;
        ClaimIndex::read(bytes, self.classifier.version())
            .map_err(|source| AssetError::Index { path: path.to_owned(), source })
    }

    /// Where the bundle keeps the index of the sample claims.
    #[must_use]
    pub fn own_path(&self) -> PathBuf {
        self.bundle.join("claims.index")
    }

    /// The sample claims and the hash of what their index depends on.
    ///
    /// # Errors
    /// A row that is no claim.
    pub fn own_claims(&self) -> Result<(Vec<Claim>, String), AssetError> {
        let text = read(&self.models.join("claims.jsonl"))?;
        let found = read_claims(text.as_bytes());
        if let Some(finding) = found.findings.into_iter().next() {
            return Err(AssetError::SampleClaim { row: finding.row, source: finding.error });
        }
        Ok((found.claims, self.source(text.as_bytes())))
    }

    /// The hash of what an index of the claims of this file depends on, besides the bundle.
    #[must_use]
    pub fn source(&self, claims: &[u8]) -> String {
        source_hash(&[claims, self.words_text.as_bytes()])
    }

    /// The index of the sample claims: the bundle's file if it is up to date, or built now.
    fn own_index(&mut self) -> Result<ClaimIndex, AssetError> {
        let (claims, source) = self.own_claims()?;
        let path = self.own_path();
        if path.is_file() {
            match self.open(&path) {
                Ok(index) if index.source() == source => return Ok(index),
                Ok(_) => {
                    tracing::info!("the bundle's index of claims is older than claims.jsonl, building it in memory");
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the bundle's index of claims is not usable, building it in memory");
                }
            }
        }
        let bytes = build(std::slice::from_mut(&mut self.classifier), &claims, &self.words, &source, |_| {})?;
        ClaimIndex::read(bytes, self.classifier.version()).map_err(|source| AssetError::Index { path, source })
    }

    /// Builds the file of an index on `threads` threads.
    ///
    /// # Errors
    /// A model that can't be loaded again, or failed on a claim.
    pub fn build(
        &self,
        claims: &[Claim],
        source: &str,
        threads: usize,
        progress: impl Fn(usize) + Sync,
    ) -> Result<Vec<u8>, AssetError> {
        let load = |_| Classifier::load(&self.library, &self.bundle);
        let mut classifiers = (0..threads.max(1)).map(load).collect::<Result<Vec<_>, ClassifierError>>()?;
        Ok(build(&mut classifiers, claims, &self.words, source, progress)?)
    }
}

fn tables(models: &Path) -> Result<(Arc<Regions>, Arc<Registry>), AssetError> {
    let regions = Regions::parse(&read(&models.join("regions.csv"))?)?;
    let registry = Registry::parse(&read(&models.join("agencies.toml"))?)?;
    Ok((Arc::new(regions), Arc::new(registry)))
}

fn words(models: &Path) -> Result<(Arc<WordCounts>, String), AssetError> {
    let text = read(&models.join("claim_words.tsv"))?;
    Ok((Arc::new(WordCounts::parse(&text)?), text))
}

/// The directory of the bundle that `current.toml` names.
///
/// # Errors
/// `current.toml` is missing or not of the expected form.
pub fn current_bundle(models: &Path) -> Result<PathBuf, AssetError> {
    Ok(models.join("bundles").join(Current::load(models)?.bundle))
}

/// Version of the candidate that `current.toml` names beside the current bundle, if it names one; its
/// files are checked.
///
/// # Errors
/// `current.toml` is missing or not of the expected form, or the candidate can't be used.
pub fn candidate_version(models: &Path) -> Result<Option<String>, AssetError> {
    let Some(name) = Current::load(models)?.candidate else { return Ok(None) };
    Ok(Some(Bundle::load(&models.join("bundles").join(name))?.version().to_owned()))
}

fn read(path: &Path) -> Result<String, AssetError> {
    std::fs::read_to_string(path).map_err(|source| AssetError::Read { path: path.to_owned(), source })
}
