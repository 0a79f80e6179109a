#![doc = include_str!("../README.md")]

mod assets;
pub mod claims;
pub mod config;
mod handler;
mod live;
mod screening;
mod wire;

pub use assets::{AssetError, Assets, Indexer, current_bundle};
pub use handler::{Context, Judge, Sources, current_day};
pub use saring_classifier::restart_without_telemetry;
pub use screening::Screener;
pub use wire::{ErrorWire, ScreeningWire};
