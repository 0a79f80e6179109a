//! `saring drift`: what comes, against what the bundle was made for.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use saring_domain::case::Timestamp;
use saring_domain::drift::{Drift, Observation, Reference, Summary, label_of};
use saring_domain::quality::wilson;
use saring_domain::report::Report;
use saring_domain::rollout::{Tally, overturned};
use saring_notify::drift::compare;
use saring_notify::sweep::now;
use saring_screen::{Assets, REFERENCE_FILE, Screener, config::Config, current_bundle, current_day};
use saring_store::{CHECK_DAYS, Cases, TableConfig};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::export::replace;

const DAY_MS: u64 = 86_400_000;
const REPORTS_PER_BATCH: usize = 64;
/// Decisions about a reason before they are compared.
const DECISIONS_MIN: u64 = 20;

/// What is compared.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Screens reports and keeps how their texts and scores are distributed, as the bundle's reference.
    Reference {
        /// JSON Lines of reports like those that the bundle was made for; rows of the split `train` don't
        /// count.
        #[arg(default_value = "samplecorpus/reports.jsonl")]
        file: PathBuf,
        /// A bundle directory instead of the current one.
        #[arg(long)]
        bundle: Option<PathBuf>,
        /// Where to; without it, the bundle's own.
        #[arg(short, long)]
        out: Option<PathBuf>,
    },
    /// What was counted of the last days against the reference, and what moderators turned round against the weeks
    /// before; fails where something drifted.
    Report {
        /// How far back.
        #[arg(long, default_value_t = 7)]
        days: u64,
        /// A reference instead of the current bundle's own.
        #[arg(long)]
        reference: Option<PathBuf>,
        /// JSON instead of a text.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Reference { file, bundle, out } => make(&file, bundle, out),
        Command::Report { days, reference, json } => report(days, reference, json).await,
    }
}

fn own(config: &Config) -> Result<PathBuf> {
    let bundle = match &config.bundle {
        Some(bundle) => bundle.clone(),
        None => current_bundle(config.models.as_deref().context("no models directory found")?)?,
    };
    Ok(bundle.join(REFERENCE_FILE))
}

/// A row of the corpus or of an export: a report with its labels.
#[derive(Deserialize)]
struct Row {
    id: String,
    text: String,
    spam: Option<u8>,
    abuse: Option<u8>,
    hoax: Option<u8>,
    /// What should become of it; rows of an export have an outcome instead.
    decision: Option<String>,
    visibility: Option<String>,
    outcome: Option<String>,
    split: Option<String>,
}

impl Row {
    /// What it is, in the words of decisions about held reports; nothing where no label says it.
    fn label(&self) -> Option<&'static str> {
        if let Some(outcome) = &self.outcome {
            return Some(label_of(outcome));
        }
        let flags = [("spam", self.spam), ("abuse", self.abuse), ("hoax", self.hoax)];
        if let Some((flag, _)) = flags.into_iter().find(|(_, mark)| *mark == Some(1)) {
            return Some(flag);
        }
        match (self.decision.as_deref()?, self.visibility.as_deref()) {
            (_, Some("rahasia")) => Some("confidential"),
            ("publish", _) => Some("publish"),
            _ => Some("other"),
        }
    }
}

fn make(file: &Path, bundle: Option<PathBuf>, out: Option<PathBuf>) -> Result<ExitCode> {
    let mut config = Config::from_env();
    config.bundle = bundle;
    let mut screener = Screener::new(Assets::load(&config)?)?;
    let out = out.map_or_else(|| own(&config), Ok)?;
    let rows = write_reference(&mut screener, file, &out)?;
    println!("{rows} laporan / reports   {}   {}", screener.model(), out.display());
    Ok(ExitCode::SUCCESS)
}

/// Screens the rows of a file that no training saw and writes what they are like as the reference of
/// the screener's bundle; how many they are.
pub(crate) fn write_reference(screener: &mut Screener, file: &Path, out: &Path) -> Result<u64> {
    let today = current_day().context("the clock has no day")?;
    let input = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
    let mut rows = Vec::new();
    for (at, line) in BufReader::new(input).lines().enumerate() {
        let of_row = || format!("{} line {}", file.display(), at + 1);
        let row: Row = serde_json::from_str(&line?).with_context(of_row)?;
        // Of what it was trained on a model is surer than of anything that comes.
        if row.split.as_deref() == Some("train") {
            continue;
        }
        let report = json!({ "id": row.id, "text": row.text }).to_string();
        rows.push((Report::from_json(report.as_bytes()).with_context(of_row)?, row.label()));
    }
    let (mut observations, mut labels) = (Vec::new(), Vec::new());
    for batch in rows.chunks(REPORTS_PER_BATCH) {
        let reports: Vec<&Report> = batch.iter().map(|(report, _)| report).collect();
        let seen = screener.screen_with_signals(&reports, today);
        for ((_, label), (screened, signals)) in batch.iter().zip(seen) {
            let Some(one) = Observation::of(&screened, signals.as_ref()) else { continue };
            labels.extend(label.filter(|_| one.is_held()));
            observations.push(one);
        }
    }
    let reference =
        Reference::of(screener.model().as_str(), &observations, &labels).context("no report was screened")?;
    let mut json = serde_json::to_string_pretty(&reference)?;
    json.push('\n');
    replace(out, json.as_bytes())?;
    Ok(reference.rows)
}

/// Decisions about a reason, in the last days and in the weeks before.
struct Label {
    reason: String,
    before: Tally,
    now: Tally,
}

impl Label {
    /// Whether the two shares' intervals lie apart.
    fn is_drift(&self) -> bool {
        let enough = self.before.decided >= DECISIONS_MIN && self.now.decided >= DECISIONS_MIN;
        let interval = |tally: Tally| wilson(tally.overturned as f64 / tally.decided as f64, tally.decided as f64);
        enough && {
            let ((low, high), (low_before, high_before)) = (interval(self.now), interval(self.before));
            low > high_before || high < low_before
        }
    }
}

async fn labels(cases: &Cases, since: Timestamp) -> Result<Vec<Label>> {
    let mut labels: Vec<Label> = Vec::new();
    for row in cases.decision_log(now(), CHECK_DAYS).await? {
        for reason in &row.reasons {
            let at = labels.iter().position(|label| label.reason == *reason).unwrap_or_else(|| {
                let (before, now) = (Tally::default(), Tally::default());
                labels.push(Label { reason: reason.clone(), before, now });
                labels.len() - 1
            });
            let label = &mut labels[at];
            let tally = if row.at >= since { &mut label.now } else { &mut label.before };
            tally.add(overturned(&row.reasons, &row.ruling));
        }
    }
    labels.sort_by(|a, b| a.reason.cmp(&b.reason));
    Ok(labels)
}

async fn report(days: u64, reference: Option<PathBuf>, as_json: bool) -> Result<ExitCode> {
    let path = reference.map_or_else(|| own(&Config::from_env()), Ok)?;
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read; 'saring drift reference' makes it", path.display()))?;
    let reference = Reference::parse(&text).with_context(|| format!("{} is no reference", path.display()))?;
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let found = compare(&cases, &reference, days, now()).await?;
    if found.reports == 0 {
        bail!(
            "no report of the last {days} days was counted against this reference of {}: running functions count \
             against the one in their bundle",
            reference.model
        );
    }
    let since = Timestamp::from_unix_ms(now().unix_ms().saturating_sub(days.saturating_mul(DAY_MS)));
    let labels = labels(&cases, since).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&wire(&found, &labels))?);
    } else {
        tell(&found, &labels);
    }
    let drifted = found.drifted() > 0 || labels.iter().any(Label::is_drift);
    Ok(if drifted { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn wire(found: &Summary, labels: &[Label]) -> Value {
    let dimension = |d: &Drift| {
        let mut dimension = json!(d);
        dimension["drift"] = json!(d.is_one());
        dimension
    };
    let label = |l: &Label| {
        let tally = |t: Tally| json!({ "decided": t.decided, "overturned": t.overturned });
        json!({ "reason": l.reason, "before": tally(l.before), "now": tally(l.now), "drift": l.is_drift() })
    };
    json!({
        "model": found.model, "reference": found.revision, "reference_rows": found.rows, "cases": found.reports,
        "decisions": found.decisions,
        "dimensions": found.dimensions.iter().map(dimension).collect::<Vec<_>>(),
        "labels": labels.iter().map(label).collect::<Vec<_>>(),
    })
}

fn tell(found: &Summary, labels: &[Label]) {
    println!(
        "{} laporan / reports, {} putusan / decisions, acuan / reference {} ({})",
        found.reports, found.decisions, found.model, found.rows
    );
    for drift in &found.dimensions {
        let word = if drift.is_one() { "BERGESER / DRIFT" } else { "" };
        let ks = drift.ks.map_or_else(String::new, |ks| format!("   ks {ks:.3}"));
        println!("  {:28} psi {:.3} (kebetulan / chance {:.3}){ks}   {word}", drift.dimension, drift.psi, drift.chance);
    }
    println!("putusan yang dibalik petugas / turned round by moderators: sebelum / before, sekarang / now");
    for label in labels {
        let Label { reason, before, now } = label;
        let word = if label.is_drift() { "BERGESER / DRIFT" } else { "" };
        println!(
            "  {reason:28} {} / {}, {} / {}   {word}",
            before.overturned, before.decided, now.overturned, now.decided
        );
    }
}
