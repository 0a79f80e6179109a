//! The local parts as services: real processes, the real SDK.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod durability;
mod mapping;
mod queue;
mod runtime;
mod support;
mod table;
