#![doc = include_str!("../README.md")]

pub mod console;
mod error;
pub mod feed;
mod guard;
mod html;
pub mod intake;
mod query;
mod rate;
#[cfg(test)]
mod reason_codes;
mod settings;

pub use settings::{PublicUrl, Rate, Settings, SettingsError, env};
