//! The `saring` command.

mod campaign;
mod claims;
mod claims_live;
mod claims_measure;
mod cost;
mod drift;
mod erase;
mod evaluate;
mod export;
mod model;
mod policy;
mod prepare;
mod progress;
mod redrive;
mod rescreen;
mod rollout;
mod screen;
mod simulate;
mod sweep;
mod up;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Saring sebelum sharing: sifts citizen reports before anyone sees them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Screens reports: JSON Lines in, one screening per line out, in order.
    Screen {
        /// JSON Lines; `-` or nothing reads standard input.
        file: Option<PathBuf>,
        /// A bundle directory instead of the current one.
        #[arg(long)]
        bundle: Option<PathBuf>,
        /// An index by `saring claims build` instead of the sample claims.
        #[arg(long)]
        claims: Option<PathBuf>,
    },
    /// Debunked claims: builds, imports and measures indexes.
    #[command(subcommand)]
    Claims(claims::Command),
    /// Screens labelled reports and prints how often the screening agrees with the labels.
    Evaluate {
        /// JSON Lines; `-` or nothing reads standard input.
        file: Option<PathBuf>,
        /// A bundle directory instead of the current one.
        #[arg(long)]
        bundle: Option<PathBuf>,
        /// Only the rows of this split.
        #[arg(long)]
        split: Option<String>,
        /// JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Runs the local stack, with reports flowing through it.
    Up {
        /// Directory of the stack's state.
        #[arg(long, default_value = ".saring/local")]
        data: PathBuf,
        /// Reports that flow in at the start (JSON Lines).
        #[arg(long, default_value = "samplecorpus/reports.jsonl")]
        reports: PathBuf,
        /// Where the pages are served; this machine only.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Stop when all is screened and verified.
        #[arg(long)]
        once: bool,
    },
    /// What a load costs on AWS, with the arithmetic, and which limit it meets first.
    Cost {
        /// Reports of a day.
        #[arg(long, default_value_t = 1_000_000)]
        reports_per_day: u64,
        /// Prices of another day or region, in the form of `infra/prices.toml`.
        #[arg(long)]
        prices: Option<PathBuf>,
        /// Another load of one report, in the form of `infra/load.toml`.
        #[arg(long)]
        load: Option<PathBuf>,
        /// Measured milliseconds of processor for one report.
        #[arg(long)]
        screen_ms: Option<f64>,
        /// Measured milliseconds for which one report waits for the table.
        #[arg(long)]
        store_ms: Option<f64>,
        /// Share of the reports that a candidate of a rollout screens too.
        #[arg(long)]
        rollout_share: Option<f64>,
    },
    /// Screens recent public reports against live claims; those that pass one on go back to review.
    Rescreen {
        /// Reports that became public in so many days.
        #[arg(long, default_value_t = 30)]
        days: u64,
        /// One live claim instead of all.
        #[arg(long)]
        claim: Option<String>,
        /// A bundle directory instead of the current one.
        #[arg(long)]
        bundle: Option<PathBuf>,
        /// Who asks for it, for the trail.
        #[arg(long, default_value = "operator:cli")]
        by: String,
        /// Says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Reports that say the same: shown together, decided once.
    #[command(subcommand)]
    Campaign(campaign::Command),
    /// A candidate model beside the current one: without effect, or for a share of the reports.
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// What comes, against what the bundle was made for.
    #[command(subcommand)]
    Drift(drift::Command),
    /// The policy as data: checked, compared, tried on what came, put in force without a deployment.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Runs the real logic on a simulated clock, queue, table and network, with faults, and checks all
    /// invariants.
    Simulate {
        /// Deliveries to the screening, at least.
        #[arg(long, default_value_t = 20_000)]
        deliveries: u64,
        /// The same seed is the same run.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Worlds at the same time; without it, one per processor.
        #[arg(long)]
        threads: Option<usize>,
        /// One world of so many reports, as a failure names it.
        #[arg(long)]
        reports: Option<usize>,
    },
    /// Walks the table that the environment names and proves the invariants.
    Verify,
    /// Removes a case and its original for good; the audit trail says so and stays.
    Erase {
        /// The public id of the case.
        case: String,
        /// Who asked for it, for the trail.
        #[arg(long, default_value = "operator:cli")]
        by: String,
    },
    /// Brings dead letters back to the queue of reports, or sends decisions once more.
    Redrive {
        /// Sends what every case decided lately says, instead of dead letters.
        #[arg(long)]
        decisions: bool,
        /// How far back decisions go.
        #[arg(long, default_value_t = 48, requires = "decisions")]
        hours: u64,
        /// Most letters; without it, as many as there are now.
        #[arg(long, conflicts_with = "decisions")]
        limit: Option<u64>,
        /// Says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes what moderators decided as training rows, with a manifest; run again, it reads only what is new.
    Export {
        /// Directory of the export: `decisions-*.jsonl` and `manifest.json`.
        #[arg(short, long)]
        out: PathBuf,
    },
    /// Bundles: trained from decisions, proven, published, promoted, rolled back.
    #[command(subcommand)]
    Model(model::Command),
    /// Training rows to and from Label Studio's JSON.
    #[command(subcommand)]
    LabelStudio(export::studio::Command),
    /// Releases locks and marks cases whose time has run out; names what is stuck.
    Sweep {
        /// Directory with the holidays and the clocks.
        #[arg(long, default_value = "models")]
        models: PathBuf,
    },
    /// Writes each text as the model reads it (JSON Lines in and out).
    Prepare {
        /// JSON Lines; `-` or nothing reads standard input.
        file: Option<PathBuf>,
        /// Field to prepare; may be given several times.
        #[arg(long = "field", default_value = "text")]
        fields: Vec<String>,
    },
}

fn main() -> Result<ExitCode> {
    saring_screen::restart_without_telemetry()?;
    match Arguments::parse().command {
        Command::Screen { file, bundle, claims } => {
            let mut config = saring_screen::config::Config::from_env();
            config.bundle = bundle;
            config.claims = claims.or(config.claims);
            screen::run(input(file)?, BufWriter::new(io::stdout().lock()), &config)
        }
        Command::Claims(command) => claims::run(command),
        Command::Evaluate { file, bundle, split, json } => {
            evaluate::run(input(file)?, io::stdout().lock(), evaluate::Options { bundle, split, json })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Up { data, reports, listen, once } => {
            runtime()?.block_on(up::run(up::Options { data, reports, listen, once }))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Cost { reports_per_day, prices, load, screen_ms, store_ms, rollout_share } => {
            cost::run(&cost::Options { reports_per_day, prices, load, screen_ms, store_ms, rollout_share })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Rescreen { days, claim, bundle, by, dry_run } => {
            let mut config = saring_screen::config::Config::from_env();
            config.bundle = bundle.or(config.bundle);
            let run = if dry_run { redrive::Run::Dry } else { redrive::Run::Real };
            runtime()?.block_on(rescreen::run(rescreen::Options { days, claim, by, run, config }))
        }
        Command::Campaign(command) => runtime()?.block_on(campaign::run(command)),
        Command::Rollout(command) => runtime()?.block_on(rollout::run(command)),
        Command::Drift(command) => runtime()?.block_on(drift::run(command)),
        Command::Policy(command) => runtime()?.block_on(policy::run(command)),
        Command::Simulate { deliveries, seed, threads, reports } => {
            Ok(simulate::run(&simulate::Options { deliveries, seed, threads, reports }))
        }
        Command::Verify => runtime()?.block_on(verify()),
        Command::Erase { case, by } => runtime()?.block_on(erase::run(&case, &by)).map(|()| ExitCode::SUCCESS),
        Command::Redrive { decisions, hours, limit, dry_run } => {
            let what = if decisions { redrive::What::Decisions { hours } } else { redrive::What::Reports { limit } };
            let run = if dry_run { redrive::Run::Dry } else { redrive::Run::Real };
            runtime()?.block_on(redrive::run(what, run)).map(|()| ExitCode::SUCCESS)
        }
        Command::Export { out } => runtime()?.block_on(export::run(&out)).map(|()| ExitCode::SUCCESS),
        Command::Model(command) => model::run(command),
        Command::LabelStudio(command) => export::studio::run(command).map(|()| ExitCode::SUCCESS),
        Command::Sweep { models } => runtime()?.block_on(sweep::run(&models)),
        Command::Prepare { file, fields } => {
            prepare::run(input(file)?, BufWriter::new(io::stdout().lock()), &fields)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the async runtime cannot start")
}

async fn verify() -> Result<ExitCode> {
    let cases = saring_store::Cases::connect(&saring_store::TableConfig::from_env()?).await;
    let findings = saring_store::verify::all(&cases).await?;
    up::report(&findings);
    Ok(if findings.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn input(file: Option<PathBuf>) -> Result<Box<dyn BufRead>> {
    Ok(match file {
        Some(path) if path.as_os_str() != "-" => {
            Box::new(BufReader::new(File::open(&path).with_context(|| format!("{} cannot be opened", path.display()))?))
        }
        _ => Box::new(BufReader::new(io::stdin().lock())),
    })
}
