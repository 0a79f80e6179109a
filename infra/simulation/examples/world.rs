//! Worlds by hand: `cargo run --release -p saring-simulation --example world -- SEED WORLDS [SABOTAGE]`.

use std::time::Instant;

use saring_simulation::{Options, Sabotage, run};

/// Worlds spend a quarter of their time in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|n| n.parse().ok());
    let (seed, deliveries) = (number().unwrap_or(1), number().unwrap_or(1000));
    let sabotage = number().map(|n| {
        [
            Sabotage::PublishBeforeWrite,
            Sabotage::LostPartialFailure,
            Sabotage::NonIdempotentNotify,
            Sabotage::UnlockedReview,
        ][n as usize % 4]
    });
    let began = Instant::now();
    let summary = run(Options { deliveries, seed, threads: 1, sabotage }, |_| ());
    println!("{summary:#?}\n{:.2} s", began.elapsed().as_secs_f64());
}
