#![doc = include_str!("../README.md")]

mod bundle;
mod error;
mod evidence;
mod lexical;
mod pieces;
mod runtime;
mod session;
#[cfg(test)]
mod tests;
mod window;

pub use bundle::Bundle;
pub use error::ClassifierError;
pub use runtime::{Runtime, TELEMETRY_VARIABLE, restart_without_telemetry};
pub use session::Classifier;
