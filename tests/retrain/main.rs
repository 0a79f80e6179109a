//! From what moderators decided to the bundle that functions load, and back: the real commands, the
//! real functions, the embedded table.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod export;
mod story;
mod support;
