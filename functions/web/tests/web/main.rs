//! The three routers over the embedded table and queue, through the real SDK.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod console;
mod console_actions;
mod console_api;
mod console_campaigns;
mod console_case;
mod console_drift;
mod console_identity;
mod console_quality;
mod console_rollout;
mod console_routes;
mod console_together;
mod feed;
mod filters;
mod formats;
mod guards;
mod intake;
mod open311;
mod pages;
mod queue_down;
mod support;
mod tracking;
mod tracking_page;
