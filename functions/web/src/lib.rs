#![doc = include_str!("../README.md")]

mod answer;
mod categories;
pub mod console;
mod error;
pub mod feed;
mod guard;
mod html;
pub mod intake;
mod lang;
mod page_error;
mod places;
mod query;
mod rate;
#[cfg(test)]
mod reason_codes;
mod settings;
mod status;

pub use console::{Identity, IdentityError, IdentitySettings, Role};
pub use settings::{PublicUrl, Rate, Settings, SettingsError, env};
