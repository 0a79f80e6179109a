//! Milliseconds per report of each stage of the screening, as JSON.
//!
//! `cargo run --release -p saring-screen --example stages -- REPORTS.jsonl [CLAIMS.index]`: every stage
//! on the same texts, one after the other, on one thread; the best of three rounds, in time of the
//! processor where the system tells it, so that other work on the machine doesn't count.

use std::time::{Duration, Instant};

use saring_domain::pii;
use saring_domain::region::LocationHint;
use saring_domain::report::Report;
use saring_domain::text::{Normalised, normalise};
use saring_screen::config::Config;
use saring_screen::{Assets, Screener, current_day};

const ROUNDS: usize = 3;
const ROUND_MIN: Duration = Duration::from_millis(400);

/// The best of some rounds, in milliseconds per report.
fn per_report(reports: usize, mut work: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let (began, before) = (Instant::now(), processor_ms());
        let mut times = 0;
        // The system counts in steps of some milliseconds.
        while began.elapsed() < ROUND_MIN {
            work();
            times += 1;
        }
        let took = before.zip(processor_ms()).map(|(before, after)| after - before);
        took.unwrap_or_else(|| began.elapsed().as_secs_f64() * 1e3) / f64::from(times) / reports as f64
    });
    rounds.fold(f64::INFINITY, f64::min)
}

/// Milliseconds that this thread has run, as Linux counts them.
fn processor_ms() -> Option<f64> {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    counted.split(' ').next()?.parse::<f64>().ok().map(|ns| ns / 1e6)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    saring_screen::restart_without_telemetry()?;
    let mut arguments = std::env::args().skip(1);
    let text = std::fs::read_to_string(arguments.next().ok_or("usage: stages REPORTS.jsonl [CLAIMS.index]")?)?;
    let reports = text.lines().map(|l| Report::from_json(l.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let mut config = Config::from_env();
    config.claims = arguments.next().map(Into::into).or(config.claims);
    let began = Instant::now();
    let mut assets = Assets::load(&config)?;
    let load_ms = began.elapsed().as_secs_f64() * 1e3;
    let texts: Vec<&str> = reports.iter().map(|r| r.text.as_str()).collect();
    let count = reports.len();
    let pii_ms = per_report(count, || texts.iter().for_each(|t| drop(std::hint::black_box(pii::find(t)))));
    let read = |text: &&str| normalise(text, &pii::find(text));
    let read_ms = per_report(count, || texts.iter().for_each(|t| drop(std::hint::black_box(read(t)))));
    let region_ms = per_report(count, || {
        for text in &texts {
            std::hint::black_box(assets.regions.resolve(text, &LocationHint::default()));
        }
    });
    let normalised: Vec<Normalised> = texts.iter().map(read).collect();
    let borrowed: Vec<&Normalised> = normalised.iter().collect();
    let model_ms = per_report(count, || drop(assets.classifier.classify_batch(&borrowed)));
    let scores = assets.classifier.classify_batch(&borrowed).into_iter().collect::<Result<Vec<_>, _>>()?;
    let claims_ms = per_report(count, || {
        for (text, scores) in normalised.iter().zip(&scores) {
            std::hint::black_box(assets.claims.nearest(text, scores));
        }
    });
    let mut screener = Screener::new(assets)?;
    let today = current_day().ok_or("the clock is before 1970")?;
    let whole: Vec<&Report> = reports.iter().collect();
    let whole_ms = per_report(count, || drop(std::hint::black_box(screener.screen(&whole, today))));
    println!(
        "{{\"reports\":{count},\"load_ms\":{load_ms:.1},\"pii_ms\":{pii_ms:.4},\"normalise_and_pii_ms\":{read_ms:.4},\
         \"region_ms\":{region_ms:.4},\"model_ms\":{model_ms:.4},\"claims_ms\":{claims_ms:.4},\"screening_ms\":{whole_ms:.4}}}"
    );
    Ok(())
}
