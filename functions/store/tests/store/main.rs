//! The store through the real SDK against the embedded table.
#![allow(clippy::large_futures, reason = "a test has the stack to itself")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod campaigns;
mod changes;
mod claims;
mod contract;
mod originals;
mod recall;
mod resting;
mod rollout;
mod support;
mod verify;
