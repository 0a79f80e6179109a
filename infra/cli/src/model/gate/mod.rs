//! `saring model gate`: whether a new bundle is not worse than the current one, in any head or slice.
//!
//! Both screen the same held-out rows through the code of the function, with the policy of today.

mod bootstrap;
mod compare;
mod labels;
mod measures;
mod page;
mod settings;
mod speed;
mod static_checks;
mod verdict;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use saring_screen::config::Config;
use saring_screen::{Assets, GATE_FILE, REFERENCE_FILE, Screener, model_hash};
use serde_json::Value;

pub(crate) use verdict::{Check, Outcome, Verdict, WHOLE};

use crate::evaluate::{self, Pair};
use crate::export::{replace, sha256};
use settings::Settings;
use verdict::{Named, Rows};

/// Splits of the corpus that no training ever sees.
const HELD_OUT: [&str; 2] = ["dev", "test"];
/// Refused checks that are printed; the report holds all.
const PRINTED_MAX: usize = 20;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The new bundle's directory.
    new: PathBuf,
    /// The bundle that it must not be worse than; without it, the current one.
    #[arg(long)]
    against: Option<PathBuf>,
    /// Further held-out rows, such as `heldout.jsonl` of `saring model train`; may be given several times.
    #[arg(long)]
    rows: Vec<PathBuf>,
    /// Authored rows; those of `dev` and `test` count.
    #[arg(long, default_value = "samplecorpus/reports.jsonl")]
    corpus: PathBuf,
    /// The export that the bundle was trained on: it is trained once more and must come out the same.
    #[arg(long)]
    export: Option<PathBuf>,
    /// Directory for a page to read, `gate.html`.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Tolerances; without it, `gate.toml` of the models directory.
    #[arg(long)]
    settings: Option<PathBuf>,
}

/// What both bundles made of the same rows.
pub(super) struct Screened {
    pub(super) current: Vec<Pair>,
    pub(super) new: Vec<Pair>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let models = super::models()?;
    let settings = Settings::load(&options.settings.clone().unwrap_or_else(|| models.join("gate.toml")))?;
    let against = options.against.clone().map_or_else(super::current_bundle, Ok)?;
    // Before the minutes of screening: a training that can't be repeated is refused anyway.
    let repeated = static_checks::reproduction(&options.new, options.export.as_deref(), &options.corpus)?;
    let (rows, files) = rows(options)?;
    let (mut current, mut new) = (screener(&against)?, screener(&options.new)?);
    let names = [new.model().to_string(), current.model().to_string()];
    let screened = both(&mut current, &mut new, &rows)?;
    let (mut checks, too_small) = compare::differences(&screened, &settings);
    checks.extend(compare::calibration(&screened, &settings));
    checks.push(compare::certificate(&screened, &settings));
    checks.extend(labels::checks(options.export.as_deref(), &mut current, &mut new, &settings)?);
    checks.push(speed::latency(&mut current, &mut new, &rows, &settings)?);
    checks.push(static_checks::size(&options.new, &settings)?);
    checks.push(static_checks::int8(&options.new, &against, &settings)?);
    checks.push(repeated);
    let [bundle, other] = names;
    let verdict = Verdict {
        verdict: Outcome::of(!checks.iter().any(Check::is_refused)),
        bundle,
        model_toml_sha256: model_hash(&options.new)?,
        against: Named { bundle: other, model_toml_sha256: model_hash(&against)? },
        policy: new.policy().to_string(),
        settings_sha256: settings.sha256.clone(),
        seed: settings.seed,
        rows: files,
        too_small,
        checks,
    };
    replace(&options.new.join(GATE_FILE), verdict.json()?.as_bytes())?;
    if verdict.verdict == Outcome::Passed {
        crate::drift::write_reference(&mut new, &options.corpus, &options.new.join(REFERENCE_FILE))?;
    }
    if let Some(directory) = &options.report {
        std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be created", directory.display()))?;
        replace(&directory.join("gate.html"), page::html(&verdict, &screened, &settings).as_bytes())?;
    }
    print(&verdict);
    Ok(if verdict.verdict == Outcome::Passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The held-out rows, and the files that they come from.
fn rows(options: &Options) -> Result<(Vec<Value>, BTreeMap<String, Rows>)> {
    let (mut all, mut files) = (Vec::new(), BTreeMap::new());
    for path in std::iter::once(&options.corpus).chain(&options.rows) {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut found = evaluate::rows(BufReader::new(File::open(path)?), None)?;
        if *path == options.corpus {
            found.retain(|row| HELD_OUT.iter().any(|split| row["split"] == *split));
            ensure!(!found.is_empty(), "{} has no rows of the splits {HELD_OUT:?}", path.display());
        }
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        files.insert(name, Rows { rows: found.len(), sha256: sha256(&bytes) });
        all.extend(found);
    }
    Ok((all, files))
}

fn screener(bundle: &Path) -> Result<Screener> {
    let mut config = Config::from_env();
    config.bundle = Some(bundle.to_owned());
    let assets = Assets::load(&config).with_context(|| format!("bundle {} cannot be used", bundle.display()))?;
    Ok(Screener::new(assets)?)
}

/// Both at once: each has a session of one thread.
fn both(current: &mut Screener, new: &mut Screener, rows: &[Value]) -> Result<Screened> {
    let bar = crate::progress::count("menyaring / screening", rows.len());
    let hidden = indicatif::ProgressBar::hidden();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| evaluate::screen(current, rows.to_vec(), &hidden));
        let new = evaluate::screen(new, rows.to_vec(), &bar)?;
        let current = other.join().expect("a screening does not panic")?;
        Ok(Screened { current, new })
    })
}

fn print(verdict: &Verdict) {
    let rows: usize = verdict.rows.values().map(|r| r.rows).sum();
    let said = if verdict.verdict == Outcome::Passed { "lulus / passed" } else { "ditolak / refused" };
    println!(
        "{said}: {} terhadap / against {}, {rows} baris / rows, {} pemeriksaan / checks, kebijakan / policy {}",
        verdict.bundle,
        verdict.against.bundle,
        verdict.checks.len(),
        verdict.policy
    );
    if verdict.bundle == verdict.against.bundle && verdict.model_toml_sha256 == verdict.against.model_toml_sha256 {
        println!("  dibandingkan dengan dirinya sendiri: yang pertama / compared with itself: the first of its line");
    }
    for check in verdict.refused().take(PRINTED_MAX) {
        println!("  {}", line(check));
    }
    let more = verdict.refused().count().saturating_sub(PRINTED_MAX);
    if more > 0 {
        println!("  … {more} lagi / more");
    }
}

/// A check in one line.
pub(crate) fn line(check: &Check) -> String {
    let number = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
    let interval = match (check.low, check.high) {
        (Some(low), Some(high)) => format!(", selisih / difference {low:+.4} … {high:+.4}"),
        _ => String::new(),
    };
    let note = check.note.as_deref().map_or_else(String::new, |n| format!(" ({n})"));
    format!(
        "{} [{}] {} -> {}{interval}, batas / bound {}, {} baris / rows{note}",
        check.name,
        check.slice,
        number(check.current),
        number(check.new),
        number(check.bound),
        check.rows
    )
}
