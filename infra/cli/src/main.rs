//! `saring`: screen, prepare, up, verify.

mod claims;
mod claims_measure;
mod evaluate;
mod prepare;
mod screen;
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
    /// Walks the table that the environment names and proves the invariants.
    Verify,
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
        Command::Verify => runtime()?.block_on(verify()),
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
