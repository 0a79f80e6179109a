#![doc = include_str!("../README.md")]

mod config;
pub mod drift;
mod handler;
mod message;
mod resend;
pub mod rollout;
pub mod sweep;

pub use config::{
    AssetError, CLOCKS_FILE, HOLIDAYS_FILE, MODELS_VARIABLE, POLICY_FILE, SAMPLING_FILE, SweepData, reference_in,
};
pub use handler::Context;
pub use message::{SCHEMA_NAME, SCHEMA_VERSION, decision, erasure};
pub use resend::resend;
