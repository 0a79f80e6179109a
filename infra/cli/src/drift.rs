//! `saring drift`: what comes, against what the bundle was made for.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use saring_domain::case::{Case, Timestamp};
use saring_domain::drift::{Drift, Observation, Reference};
use saring_domain::quality::wilson;
use saring_domain::report::Report;
use saring_domain::rollout::{Tally, overturned};
use saring_notify::sweep::now;
use saring_screen::{Assets, Screener, config::Config, current_bundle, current_day};
use saring_store::{CHECK_DAYS, Cases, TableConfig};
use serde_json::{Value, json};

/// In a bundle's directory.
const REFERENCE_FILE: &str = "reference.json";
const DAY_MS: u64 = 86_400_000;
const REPORTS_PER_BATCH: usize = 64;
/// Decisions about a reason before they are compared.
const DECISIONS_MIN: u64 = 20;

/// What is compared.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Screens reports and keeps how their texts and scores are distributed, as the bundle's reference.
    Reference {
        /// JSON Lines of reports like those that the bundle was made for.
        #[arg(default_value = "samplecorpus/reports.jsonl")]
        file: PathBuf,
        /// A bundle directory instead of the current one.
        #[arg(long)]
        bundle: Option<PathBuf>,
        /// Where to; without it, the bundle's own.
        #[arg(short, long)]
        out: Option<PathBuf>,
    },
    /// Cases of the last days against the reference, and what moderators turned round against the weeks
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

fn make(file: &Path, bundle: Option<PathBuf>, out: Option<PathBuf>) -> Result<ExitCode> {
    let mut config = Config::from_env();
    config.bundle = bundle;
    let mut screener = Screener::new(Assets::load(&config)?)?;
    let today = current_day().context("the clock has no day")?;
    let input = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
    let mut reports = Vec::new();
    for (at, line) in BufReader::new(input).lines().enumerate() {
        let row: Value = serde_json::from_str(&line?).with_context(|| format!("{} line {}", file.display(), at + 1))?;
        // A corpus row holds labels beside the report.
        let report = json!({ "id": row["id"], "text": row["text"] }).to_string();
        reports
            .push(Report::from_json(report.as_bytes()).with_context(|| format!("{} line {}", file.display(), at + 1))?);
    }
    let mut observations = Vec::new();
    for batch in reports.chunks(REPORTS_PER_BATCH) {
        let verdicts = screener.screen(&batch.iter().collect::<Vec<_>>(), today);
        observations.extend(verdicts.iter().filter_map(Observation::of));
    }
    let reference = Reference::of(screener.model().as_str(), &observations).context("no report was screened")?;
    let out = out.map_or_else(|| own(&config), Ok)?;
    let mut json = serde_json::to_string_pretty(&reference)?;
    json.push('\n');
    std::fs::write(&out, json).with_context(|| format!("{} cannot be written", out.display()))?;
    println!("{} laporan / reports   {}   {}", reference.rows, reference.model, out.display());
    Ok(ExitCode::SUCCESS)
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

async fn observed(cases: &Cases, since: Timestamp, model: &str) -> Result<Vec<Observation>> {
    let (mut observations, mut after) = (Vec::new(), None);
    loop {
        let page = cases.scan_cases(after).await?;
        let recent = page.items.iter().map(Case::record).filter(|record| record.received_at >= since);
        // Another model's scores are no drift.
        let own = recent.filter(|record| record.screened.model.as_str() == model);
        observations.extend(own.filter_map(|record| Observation::of(&record.screened)));
        after = page.next;
        if after.is_none() {
            return Ok(observations);
        }
    }
}

async fn report(days: u64, reference: Option<PathBuf>, as_json: bool) -> Result<ExitCode> {
    let path = reference.map_or_else(|| own(&Config::from_env()), Ok)?;
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read; 'saring drift reference' makes it", path.display()))?;
    let reference: Reference =
        serde_json::from_str(&text).with_context(|| format!("{} is no reference", path.display()))?;
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let since = Timestamp::from_unix_ms(now().unix_ms().saturating_sub(days.saturating_mul(DAY_MS)));
    let observations = observed(&cases, since, &reference.model).await?;
    if observations.is_empty() {
        bail!("no case of the last {days} days was screened by {}", reference.model);
    }
    let (found, labels) = (reference.compare(&observations), labels(&cases, since).await?);
    if as_json {
        println!("{}", serde_json::to_string_pretty(&wire(&reference, observations.len(), &found, &labels))?);
    } else {
        tell(&reference, observations.len(), &found, &labels);
    }
    let drifted = found.iter().any(Drift::is_one) || labels.iter().any(Label::is_drift);
    Ok(if drifted { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn wire(reference: &Reference, cases: usize, found: &[Drift], labels: &[Label]) -> Value {
    let dimension = |d: &Drift| json!({ "dimension": d.dimension, "psi": d.psi, "chance": d.chance, "ks": d.ks, "drift": d.is_one() });
    let label = |l: &Label| {
        let tally = |t: Tally| json!({ "decided": t.decided, "overturned": t.overturned });
        json!({ "reason": l.reason, "before": tally(l.before), "now": tally(l.now), "drift": l.is_drift() })
    };
    json!({
        "model": reference.model, "reference_rows": reference.rows, "cases": cases,
        "dimensions": found.iter().map(dimension).collect::<Vec<_>>(),
        "labels": labels.iter().map(label).collect::<Vec<_>>(),
    })
}

fn tell(reference: &Reference, cases: usize, found: &[Drift], labels: &[Label]) {
    println!("{} kasus / cases, acuan / reference {} ({})", cases, reference.model, reference.rows);
    for drift in found {
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
