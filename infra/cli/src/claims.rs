//! `saring claims`: indexes of debunked claims, and how well they match.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use saring_domain::claims::{Claim, ReadClaims, WordCounts, read_claims, source_hash};
use saring_domain::{pii, text};
use saring_screen::{Indexer, config::Config};

use crate::claims_live::{self, Change};
use crate::claims_measure::{self, Output};

/// Largest claims file after unpacking, in bytes.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Most bad rows that are named one by one.
const FINDINGS_SHOWN_MAX: usize = 20;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Builds an index of claims for a bundle; without IN, the bundle's own sample claims.
    Build {
        /// JSON Lines of claims or schema.org reviews, or one JSON-LD document; may be gzipped.
        input: Option<PathBuf>,
        /// Where the index goes; the bundle's directory if it is its own.
        #[arg(short, long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        model: Model,
        /// Threads that embed claims; one per core if not given.
        #[arg(long)]
        threads: Option<usize>,
    },
    /// Reads schema.org `ClaimReview` (JSON-LD, data feeds, pages) and writes claims as JSON Lines.
    Import {
        /// Files; may be gzipped.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
        /// Where the claims go.
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Adds live claims to the table that the environment names, or replaces what they said.
    Add {
        /// Claims files of any form that `build` reads.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Who adds them, for the trail.
        #[arg(long, default_value = "operator:cli")]
        by: String,
    },
    /// Lets claims count no more, live ones and those of an index.
    Retire {
        /// Ids of claims.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Who retires them, for the trail.
        #[arg(long, default_value = "operator:cli")]
        by: String,
    },
    /// Prints the live claims as JSON Lines.
    List {
        /// Prints who changed what instead, and proves that the trail is whole.
        #[arg(long)]
        trail: bool,
    },
    /// Hides the circulated wording of every third claim and writes it as queries.
    Split {
        /// A claims file.
        input: PathBuf,
        /// Directory for claims.jsonl, tune.jsonl and report.jsonl.
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Measures an index: hits of queries with a 'claim', false links of queries without one.
    Evaluate {
        /// An index by `saring claims build`.
        index: PathBuf,
        /// JSON Lines with 'text' and perhaps 'claim' and 'group'; may be gzipped.
        #[arg(required = true)]
        queries: Vec<PathBuf>,
        #[command(flatten)]
        model: Model,
        /// Weights other than the bundle's.
        #[arg(long)]
        weights: Option<PathBuf>,
        /// One JSON line per query instead of the table.
        #[arg(long)]
        json: bool,
    },
    /// Fits the weights of claim matching on queries with and without a 'claim'.
    Fit {
        /// An index by `saring claims build`.
        index: PathBuf,
        /// JSON Lines with 'text' and perhaps 'claim'; may be gzipped.
        #[arg(required = true)]
        queries: Vec<PathBuf>,
        /// Where the weights go.
        #[arg(short, long)]
        output: PathBuf,
        #[command(flatten)]
        model: Model,
    },
    /// Counts in how many ordinary reports each word occurs.
    Words {
        /// JSON Lines with 'text'; may be gzipped.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
        /// Where the counts go.
        #[arg(short, long)]
        output: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Model {
    /// A bundle directory instead of the current one.
    #[arg(long)]
    bundle: Option<PathBuf>,
}

impl Model {
    pub(crate) fn config(self) -> Config {
        Config { bundle: self.bundle, ..Config::from_env() }
    }
}

/// Runs a subcommand; the exit code says whether every row was good.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build { input, output, model, threads } => build(input.as_deref(), output, model, threads),
        Command::Import { inputs, output } => import(&inputs, &output),
        Command::Add { files, by } => claims_live::run(Change::Add { files, by }),
        Command::Retire { ids, by } => claims_live::run(Change::Retire { ids, by }),
        Command::List { trail } => claims_live::run(if trail { Change::Trail } else { Change::List }),
        Command::Split { input, output } => split(&input, &output),
        Command::Evaluate { index, queries, model, weights, json } => {
            let output = if json { Output::Json } else { Output::Table };
            claims_measure::evaluate(&index, &queries, model.config(), weights.as_deref(), output)
        }
        Command::Fit { index, queries, output, model } => {
            claims_measure::fit_weights(&index, &queries, &output, &model.config())
        }
        Command::Words { inputs, output } => words(&inputs, &output),
    }
}

fn build(input: Option<&Path>, output: Option<PathBuf>, model: Model, threads: Option<usize>) -> Result<ExitCode> {
    let indexer = Indexer::load(&model.config())?;
    let (claims, source, code) = if let Some(path) = input {
        let bytes = read(path)?;
        let found = read_claims(&bytes);
        let code = report(path, &found);
        if found.claims.is_empty() {
            bail!("{} holds no claim", path.display());
        }
        (found.claims, indexer.source(&bytes), code)
    } else {
        let (claims, source) = indexer.own_claims()?;
        (claims, source, ExitCode::SUCCESS)
    };
    let output = match (output, input) {
        (Some(output), _) => output,
        (None, None) => indexer.own_path(),
        (None, Some(_)) => bail!("-o names the index that is written"),
    };
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let bar = progress_bar(claims.len());
    let bytes = indexer.build(&claims, &source, threads, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    write(&output, &bytes)?;
    eprintln!("{} klaim / claims -> {} ({} KiB)", claims.len(), output.display(), bytes.len() / 1024);
    Ok(code)
}

fn progress_bar(claims: usize) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(claims as u64) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} klaim / claims, {per_sec}, sisa / left {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// Names the bad rows on the standard error.
pub(crate) fn report(path: &Path, found: &ReadClaims) -> ExitCode {
    for finding in found.findings.iter().take(FINDINGS_SHOWN_MAX) {
        let kept = if finding.kept { "" } else { ", dilewati / skipped" };
        eprintln!("{}:{}: {}{kept}", path.display(), finding.row, finding.error);
    }
    if found.findings.len() > FINDINGS_SHOWN_MAX {
        eprintln!("… {} baris lain / more rows", found.findings.len() - FINDINGS_SHOWN_MAX);
    }
    if found.findings.iter().all(|f| f.kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn import(inputs: &[PathBuf], output: &Path) -> Result<ExitCode> {
    let mut all = ReadClaims::default();
    let mut code = ExitCode::SUCCESS;
    let mut ids = std::collections::BTreeSet::new();
    for path in inputs {
        let found = read_claims(&read(path)?);
        if report(path, &found) != ExitCode::SUCCESS {
            code = ExitCode::FAILURE;
        }
        all.claims.extend(found.claims.into_iter().filter(|c| ids.insert(c.id().to_owned())));
    }
    write_claims(output, &all.claims)?;
    eprintln!("{} klaim / claims -> {}", all.claims.len(), output.display());
    Ok(code)
}

/// Every third claim by the hash of its id loses its wording; half of these are for tuning. So
/// are copies of some wordings that stay in: what goes round is copied more than told anew.
fn split(input: &Path, output: &Path) -> Result<ExitCode> {
    const ONE_IN: u8 = 3;
    const COPY_ONE_IN: u8 = 9;
    let found = read_claims(&read(input)?);
    let code = report(input, &found);
    std::fs::create_dir_all(output).with_context(|| format!("{} cannot be created", output.display()))?;
    let (mut claims, mut tune, mut hold) = (Vec::new(), Vec::new(), Vec::new());
    for claim in found.claims {
        let digits = source_hash(&[claim.id().as_bytes()]);
        let draw = u8::from_str_radix(&digits[..2], 16).unwrap_or_default();
        if claim.circulated().is_none() || !draw.is_multiple_of(ONE_IN) {
            if let Some(wording) = claim.circulated().filter(|_| draw % COPY_ONE_IN == 1) {
                let text = thinned(wording);
                tune.push(serde_json::json!({ "claim": claim.id(), "text": text, "group": "salinan / copies" }));
            }
            claims.push(claim);
            continue;
        }
        let group = claim.date().map_or_else(|| "tanpa tanggal".to_owned(), |d| d.to_string()[..4].to_owned());
        let id = claim.id().to_owned();
        let (claim, wording) = claim.without_circulated();
        claims.push(claim);
        let half = if (draw / ONE_IN).is_multiple_of(2) { &mut tune } else { &mut hold };
        half.push(serde_json::json!({ "claim": id, "text": wording, "group": group }));
    }
    write_claims(&output.join("claims.jsonl"), &claims)?;
    for (name, rows) in [("tune.jsonl", &tune), ("report.jsonl", &hold)] {
        let lines: Vec<String> = rows.iter().map(serde_json::Value::to_string).collect();
        write(&output.join(name), (lines.join("\n") + "\n").as_bytes())?;
    }
    eprintln!(
        "{} klaim / claims, {} + {} pertanyaan / queries -> {}",
        claims.len(),
        tune.len(),
        hold.len(),
        output.display()
    );
    Ok(code)
}

/// A text without three words of ten, as a copy with changes has them.
fn thinned(text: &str) -> String {
    let kept = text.split_whitespace().enumerate().filter(|(at, _)| !matches!(at * 7 % 10, 0..3));
    kept.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

fn words(inputs: &[PathBuf], output: &Path) -> Result<ExitCode> {
    /// A word of a single text is a name or a slip.
    const TEXTS_MIN: u32 = 2;
    let mut counts = WordCounts::default();
    for path in inputs {
        for row in rows(path)? {
            if let Some(raw) = row.get("text").and_then(|t| t.as_str()) {
                counts.add(&text::normalise(raw, &pii::find(raw)).text);
            }
        }
    }
    write(output, counts.write(TEXTS_MIN).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The rows of a JSON Lines file.
pub(crate) fn rows(path: &Path) -> Result<Vec<serde_json::Value>> {
    let bytes = read(path)?;
    let lines = bytes.split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.iter().all(u8::is_ascii_whitespace));
    lines
        .map(|(at, line)| {
            serde_json::from_slice(line).with_context(|| format!("{} line {}: not json", path.display(), at + 1))
        })
        .collect()
}

/// A file, unpacked if it is gzipped.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let open = || File::open(path).with_context(|| format!("{} cannot be opened", path.display()));
    let mut start = Vec::new();
    open()?.take(GZIP.len() as u64).read_to_end(&mut start)?;
    let reader: Box<dyn Read> = if start == GZIP { Box::new(MultiGzDecoder::new(open()?)) } else { Box::new(open()?) };
    let mut bytes = Vec::new();
    reader
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{} has more than {FILE_BYTES_MAX} bytes", path.display());
    }
    Ok(bytes)
}

fn write_claims(path: &Path, claims: &[Claim]) -> Result<()> {
    let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut out = BufWriter::new(file);
    for claim in claims {
        serde_json::to_writer(&mut out, &claim.fields())?;
        out.write_all(b"\n")?;
    }
    out.flush().with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes beside the file and renames: a reader never sees half of it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().context("the output has no file name")?.to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}
