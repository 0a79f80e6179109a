#![doc = include_str!("../README.md")]

mod host;
pub mod mapping;
pub mod queue;
pub mod runtime;
pub mod table;

pub use host::{HostError, Location};

/// The region that the emulators say they are in.
pub const REGION: &str = "ap-southeast-3";
