#![doc = include_str!("../README.md")]

mod host;
pub mod issuer;
pub mod mapping;
pub mod queue;
pub mod runtime;
mod stack;
pub mod table;

pub use host::{HostError, Location};
pub use stack::{Stack, StackError, StackOptions};

/// The region that the emulators say they are in.
pub const REGION: &str = "ap-southeast-3";
