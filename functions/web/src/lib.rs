#![doc = include_str!("../README.md")]

pub mod console;
mod error;
pub mod feed;
mod headers;
pub mod intake;
mod query;
