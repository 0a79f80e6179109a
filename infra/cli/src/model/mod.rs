//! `saring model`: from an export to the bundle that functions load, and back.

mod gate;
mod lineage;
mod registry;
mod remote;
mod show;
mod train;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use saring_screen::config::Config;

/// Bundles: trained from decisions, proven, published, promoted, rolled back.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Trains a bundle on what moderators decided: the lexical channel and the calibration, in a minute.
    Train(train::Options),
    /// Proves that a bundle is not worse than the current one; writes the verdict into it.
    Gate(gate::Options),
    /// Copies a bundle into the registry.
    Publish {
        /// The bundle's directory.
        bundle: PathBuf,
        #[command(flatten)]
        registry: registry::Place,
    },
    /// Names the bundles of the registry, with lineage and verdict.
    List {
        #[command(flatten)]
        registry: registry::Place,
    },
    /// What a bundle says of itself: lineage, hashes, verdict, figures.
    Show {
        /// Its version.
        version: String,
        #[command(flatten)]
        registry: registry::Place,
    },
    /// What two bundles have in common and what not.
    Diff {
        /// A version.
        one: String,
        /// Another one.
        other: String,
        #[command(flatten)]
        registry: registry::Place,
    },
    /// Makes a bundle of the registry the current one, if it passed its gate.
    Promote {
        /// Its version.
        version: String,
        #[command(flatten)]
        registry: registry::Place,
    },
    /// Makes the bundle of before the current one again.
    Rollback {
        #[command(flatten)]
        registry: registry::Place,
    },
}

pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Train(options) => train::run(&options)?,
        Command::Gate(options) => return gate::run(&options),
        Command::Publish { bundle, registry } => registry::publish(&bundle, &registry)?,
        Command::List { registry } => show::list(&registry)?,
        Command::Show { version, registry } => show::show(&version, &registry)?,
        Command::Diff { one, other, registry } => show::diff([&one, &other], &registry)?,
        Command::Promote { version, registry } => registry::promote(&version, &registry)?,
        Command::Rollback { registry } => registry::rollback(&registry)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The directory with `current.toml`.
pub(crate) fn models() -> Result<PathBuf> {
    Config::from_env().models.context("no models directory with current.toml found")
}

/// The bundle that functions load.
pub(crate) fn current_bundle() -> Result<PathBuf> {
    Ok(saring_screen::current_bundle(&models()?)?)
}
