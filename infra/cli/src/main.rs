//! `saring`: screen, prepare, up, verify.

mod prepare;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::PathBuf;

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
    /// Writes each text as the model reads it (JSON Lines in and out).
    Prepare {
        /// JSON Lines; `-` or nothing reads standard input.
        file: Option<PathBuf>,
        /// Field to prepare; may be given several times.
        #[arg(long = "field", default_value = "text")]
        fields: Vec<String>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Prepare { file, fields } => prepare::run(input(file)?, BufWriter::new(io::stdout().lock()), &fields),
    }
}

fn input(file: Option<PathBuf>) -> Result<Box<dyn BufRead>> {
    Ok(match file {
        Some(path) if path.as_os_str() != "-" => {
            Box::new(BufReader::new(File::open(&path).with_context(|| format!("{} cannot be opened", path.display()))?))
        }
        _ => Box::new(BufReader::new(io::stdin().lock())),
    })
}
