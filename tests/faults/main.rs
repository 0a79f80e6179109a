//! Faults: a table that throttles, hangs, lies or answers too late at any step of the screening,
//! a model that fails, functions that are killed; and decisions that arrive all the same.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod bundle;
mod commands;
mod decisions;
mod matrix;
mod proxy;
mod role;
mod schema;
mod support;
mod sweep;
