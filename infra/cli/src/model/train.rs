//! `saring model train`: what moderators decided into a bundle, through the Python package.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use saring_screen::config::Config;
use saring_screen::{Indexer, model_hash};
use serde_json::{Value, json};

use super::lineage::{Lineage, manifest};
use super::registry::BESIDE;
use crate::export::{EXPORT_MANIFEST, Manifest as Export, replace, sha256};

/// Python with the packages of `models/training`; without it, the environment of `cargo xtask training`.
pub(crate) const PYTHON_VARIABLE: &str = "SARING_PYTHON";
const ENVIRONMENT: &str = ".saring/venv/bin/python";
const SETTINGS: &str = "training/refit.toml";
/// Digits of the manifest's hash that name a version and a working directory.
const VERSION_DIGITS: usize = 8;
/// Steps of a full training, in order; the last three write to the bundle.
const FULL: [&str; 6] = ["fit", "lexical", "evaluate", "export", "compare", "card"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Directory of `saring export`.
    export: PathBuf,
    /// The bundle to start from; without it, the current one. A bundle that was made by this command
    /// leads to the one that it was made from: labels that were undone since are gone from the new one.
    #[arg(long)]
    base: Option<PathBuf>,
    /// Directory of the new bundle; without it, one below `.saring/train`.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The new bundle's version; without it, the base's with digits of the manifest's hash.
    #[arg(long)]
    version: Option<String>,
    /// Authored rows; those of `train` are learnt from, those of `dev` calibrate.
    #[arg(long, default_value = "samplecorpus/reports.jsonl")]
    corpus: PathBuf,
    /// Trains the whole network by a manifest of `models/training`: hours, and `PyTorch`.
    #[arg(long, requires = "version")]
    full: Option<PathBuf>,
}

/// A training with everything that it depends on.
struct Plan {
    base: PathBuf,
    shards: Vec<PathBuf>,
    corpus: PathBuf,
    version: String,
    /// As `model.toml` will say it.
    lineage: Value,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(recipe) = &options.full {
        return full(options, recipe);
    }
    let base = root_of(&options.base.clone().map_or_else(super::current_bundle, Ok)?)?;
    let plan = plan(&options.export, base, &options.corpus, options.version.clone())?;
    let work = state()?.join(digits(&plan));
    let out = options.out.clone().unwrap_or_else(|| work.join(&plan.version));
    if let Some(there) = Lineage::of(&out).ok().flatten()
        && Some(there.manifest_sha256.as_str()) == plan.lineage["manifest_sha256"].as_str()
        && out.join("claims.index").is_file()
    {
        println!("sudah ada / already there: {}", out.display());
        return Ok(());
    }
    train(&plan, &work, &out)?;
    let said = manifest(&out)?;
    let lineage = said.lineage.context("a trained bundle has a lineage")?;
    println!("{}: {} keputusan / decisions, {}", said.version, lineage.decisions_trained, out.display());
    println!(
        "  saring model gate {} --export {} --rows {}",
        out.display(),
        options.export.display(),
        work.join("heldout.jsonl").display()
    );
    Ok(())
}

/// Trains into a scratch directory and compares: the first file that differs.
pub(crate) fn differing(bundle: &Path, export: &Path, corpus: &Path) -> Result<Option<String>> {
    let said = manifest(bundle)?;
    let lineage = said.lineage.context("only a bundle with a lineage can be trained again")?;
    let base = super::models()?.join("bundles").join(&lineage.base);
    let beside = bundle.parent().map(|p| p.join(&lineage.base)).filter(|p| p.is_dir());
    let plan = plan(export, if base.is_dir() { base } else { beside.unwrap_or(base) }, corpus, Some(said.version))?;
    if plan.lineage["manifest_sha256"] != *lineage.manifest_sha256 {
        return Ok(Some("the manifest (export, authored rows, base or settings)".to_owned()));
    }
    let work = state()?.join(format!("again-{}", std::process::id()));
    let again = work.join("bundle");
    let result = train(&plan, &work, &again).and_then(|()| first_difference(&again, bundle));
    std::fs::remove_dir_all(&work).with_context(|| format!("{} cannot be removed", work.display()))?;
    result
}

fn first_difference(again: &Path, bundle: &Path) -> Result<Option<String>> {
    let mut names = Vec::new();
    for directory in [again, bundle] {
        for entry in std::fs::read_dir(directory)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    names.dedup();
    names.retain(|name| !BESIDE.contains(&name.as_str()));
    for name in names {
        if std::fs::read(again.join(&name)).ok() != std::fs::read(bundle.join(&name)).ok() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The fully trained bundle at the start of a bundle's line.
fn root_of(bundle: &Path) -> Result<PathBuf> {
    let Some(lineage) = Lineage::of(bundle)? else { return Ok(bundle.to_owned()) };
    let beside = bundle.parent().map(|p| p.join(&lineage.base)).filter(|p| p.is_dir());
    let root =
        beside.map_or_else(|| Ok(super::models()?.join("bundles").join(&lineage.base)), Ok::<_, anyhow::Error>)?;
    let found = model_hash(&root).with_context(|| format!("{} was made from {}", bundle.display(), lineage.base))?;
    ensure!(
        found == lineage.base_sha256,
        "{} is another {} than {} was made from",
        root.display(),
        lineage.base,
        bundle.display()
    );
    Ok(root)
}

fn plan(export: &Path, base: PathBuf, corpus: &Path, version: Option<String>) -> Result<Plan> {
    let decided = Export::read(export)?;
    let of = |path: &Path| -> Result<String> {
        Ok(sha256(&std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?))
    };
    let shards = decided.paths(export);
    let mut data = serde_json::Map::new();
    for path in shards.iter().map(PathBuf::as_path).chain([corpus]) {
        let name = path.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        data.insert(name, of(path)?.into());
    }
    let settings = super::models()?.join(SETTINGS);
    let text = std::fs::read_to_string(&settings).with_context(|| format!("{} cannot be read", settings.display()))?;
    let settings: toml::Table = text.parse().with_context(|| format!("{} is not valid", settings.display()))?;
    let said = manifest(&base)?;
    let mut lineage = json!({
        "base": said.version,
        "base_sha256": model_hash(&base)?,
        "export_sha256": of(&export.join(EXPORT_MANIFEST))?,
        "data": data,
        "settings": settings,
    });
    let hash = sha256(lineage.to_string().as_bytes());
    let version = version.unwrap_or_else(|| format!("{}-r{}", said.version, &hash[..VERSION_DIGITS]));
    lineage["manifest_sha256"] = hash.into();
    Ok(Plan { base, shards, corpus: corpus.to_owned(), version, lineage })
}

fn digits(plan: &Plan) -> String {
    plan.lineage["manifest_sha256"].as_str().unwrap_or_default().chars().take(2 * VERSION_DIGITS).collect()
}

/// Prepares the authored rows, runs the package and indexes the sample claims.
fn train(plan: &Plan, work: &Path, out: &Path) -> Result<()> {
    std::fs::create_dir_all(work).with_context(|| format!("{} cannot be created", work.display()))?;
    let prepared = work.join("reports.jsonl");
    let input = File::open(&plan.corpus).with_context(|| format!("{} cannot be read", plan.corpus.display()))?;
    let written = BufWriter::new(File::create(&prepared)?);
    crate::prepare::run(BufReader::new(input), written, &["text".to_owned()])?;
    let entry = |path: &Path| -> Result<Value> {
        Ok(json!({ "path": std::path::absolute(path)?, "sha256": sha256(&std::fs::read(path)?) }))
    };
    let path = work.join("manifest.json");
    let said = json!({
        "version": plan.version,
        "base": { "path": std::path::absolute(&plan.base)?, "sha256": plan.lineage["base_sha256"] },
        "settings": plan.lineage["settings"],
        "reports": entry(&prepared)?,
        "decisions": plan.shards.iter().map(|p| entry(p)).collect::<Result<Vec<_>>>()?,
        "lineage": plan.lineage,
    });
    replace(&path, serde_json::to_string_pretty(&said)?.as_bytes())?;
    let mut command = python(&["-m", "saring_training.refit"])?;
    command.arg(&path).arg("--work").arg(work).arg("--out").arg(out);
    succeed(&mut command)?;
    index_claims(out)
}

/// The index of the sample claims belongs to one version of a bundle.
fn index_claims(bundle: &Path) -> Result<()> {
    let mut config = Config::from_env();
    config.bundle = Some(bundle.to_owned());
    let indexer = Indexer::load(&config)?;
    let (claims, source) = indexer.own_claims()?;
    replace(&indexer.own_path(), &indexer.build(&claims, &source, 1, |_| {})?)
}

/// Every step of `models/training/README.md`; a step that was stopped goes on from its checkpoint.
fn full(options: &Options, recipe: &Path) -> Result<()> {
    let version = options.version.as_deref().context("--full needs --version")?;
    let probe = python(&["-c", "import torch"])?.output().context("python cannot be started")?;
    if !probe.status.success() {
        bail!(
            "a full training needs PyTorch, which this Python doesn't have: `pip install -e models/training`, and name that Python by {PYTHON_VARIABLE}"
        );
    }
    let work = state()?.join(format!("full-{version}"));
    let out = options.out.clone().unwrap_or_else(|| work.join(version));
    for step in FULL {
        let mut command = python(&["-m", "saring_training", step])?;
        command.arg(recipe).arg("--root").arg(&options.export).arg("--work").arg(&work);
        if ["export", "compare", "card"].contains(&step) {
            command.arg("--out").arg(&out);
        }
        if ["export", "card"].contains(&step) {
            command.args(["--version", version]);
        }
        succeed(&mut command)?;
    }
    index_claims(&out)?;
    println!("{version}: {}", out.display());
    Ok(())
}

fn python(arguments: &[&str]) -> Result<Command> {
    let models = std::path::absolute(super::models()?)?;
    let named = std::env::var_os(PYTHON_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
    let program = named.unwrap_or_else(|| models.with_file_name(ENVIRONMENT));
    ensure!(
        program.is_file(),
        "{} is no Python: `cargo xtask training` brings one with what training needs, {PYTHON_VARIABLE} names another",
        program.display()
    );
    let mut command = Command::new(program);
    // One thread adds up in one order: the same bytes every time.
    command.args(arguments).env("OPENBLAS_NUM_THREADS", "1").env("PYTHONPATH", models.join("training"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    ensure!(status.success(), "the training package failed with {status}; started again, it goes on from where it was");
    Ok(())
}

/// Where trainings work: outside of version control.
fn state() -> Result<PathBuf> {
    Ok(std::path::absolute(super::models()?)?.with_file_name(".saring").join("train"))
}
