#![doc = include_str!("../README.md")]

pub mod agency;
pub mod calendar;
pub mod campaign;
pub mod case;
pub mod claims;
pub mod feedback;
pub mod pii;
pub mod policy;
pub mod priority;
pub mod quality;
pub mod region;
pub mod report;
pub mod score;
pub mod text;
pub mod trace;
