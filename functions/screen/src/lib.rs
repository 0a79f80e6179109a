#![doc = include_str!("../README.md")]

mod assets;
mod candidate;
pub mod claims;
pub mod config;
mod gate;
mod handler;
mod live;
mod screening;
mod wire;

pub use assets::{AssetError, Assets, Current, Indexer, REFERENCE_FILE, candidate_version, current_bundle};
pub use candidate::Candidate;
pub use gate::{GATE_FILE, GateError, check_gate, model_hash};
pub use handler::{Context, Judge, Sources, current_day};
pub use saring_classifier::restart_without_telemetry;
pub use screening::{Observed, Screener};
pub use wire::{ErrorWire, ScreeningWire};
