//! Worlds with faults, and what was found in them.

use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Instant;

use saring_simulation::{Failure, Summary};

use crate::progress;

/// What is asked for.
pub(crate) struct Options {
    pub(crate) deliveries: u64,
    pub(crate) seed: u64,
    pub(crate) threads: Option<usize>,
    pub(crate) reports: Option<usize>,
}

/// Prints what the worlds came to; fails if an invariant was broken in one of them.
pub(crate) fn run(options: &Options) -> ExitCode {
    let began = Instant::now();
    let threads = options.threads.or_else(|| available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let (deliveries, seed) = (options.deliveries, options.seed);
    let summary = if let Some(reports) = options.reports {
        saring_simulation::one(seed, reports)
    } else {
        let bar = progress::count("deliveries", usize::try_from(deliveries).unwrap_or(usize::MAX));
        let options = saring_simulation::Options { deliveries, seed, threads, sabotage: None };
        let summary = saring_simulation::run(options, |so_far| bar.set_position(so_far));
        bar.finish_and_clear();
        summary
    };
    report(&summary, began);
    match &summary.failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            explain(failure);
            ExitCode::FAILURE
        }
    }
}

fn report(summary: &Summary, began: Instant) {
    println!(
        "simulate: {} deliveries in {} worlds of {} simulated hours: {} cases, {} writes, {} decisions told, \
         {} crashes, {:.1} s",
        summary.deliveries,
        summary.worlds,
        summary.seconds / 3600,
        summary.cases,
        summary.writes,
        summary.decisions,
        summary.crashes,
        began.elapsed().as_secs_f64(),
    );
    println!("{} violations", u8::from(summary.failure.is_some()));
}

fn explain(failure: &Failure) {
    println!("broken: {}", failure.breach);
    for line in &failure.trace {
        println!("  {}", line.chars().take(400).collect::<String>());
    }
    println!("again: saring simulate --seed {} --reports {}", failure.world.seed, failure.world.reports);
}
