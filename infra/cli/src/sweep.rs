//! `saring sweep`: locks and clocks that run out, stuck reports, old dead letters.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use saring_domain::case::Timestamp;
use saring_notify::drift::refresh_drift;
use saring_notify::rollout::Judged;
use saring_notify::sweep::{Age, Sweep, now};
use saring_notify::{SweepData, reference_in};
use saring_store::{Cases, DeadLetters, QueueConfig, TableConfig, env};

/// Sweeps once and prints what was found; fails where a person should look.
pub(crate) async fn run(models: &Path) -> Result<ExitCode> {
    let data = SweepData::load(models)?;
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let dead = DeadLetters::connect(&QueueConfig::named_by(env::REPORTS_DEAD_QUEUE_URL)?).await;
    let swept = Sweep { cases: &cases, data: &data, dead: &dead }.run(now()).await?;
    println!("antrean tinjau / in review {}   kunci dilepas / locks released {}", swept.in_review, swept.released);
    println!("lewat tenggat / overdue {} (baru / new {})", swept.overdue, swept.newly_overdue.len());
    for id in &swept.newly_overdue {
        println!("  LEWAT TENGGAT / OVERDUE {id}");
    }
    println!("macet / stuck {}", swept.stuck.len());
    for waiting in &swept.stuck {
        println!(
            "  MACET / STUCK {} laporan / report {} sejak / since {}",
            waiting.case, waiting.report, waiting.since
        );
    }
    let oldest = swept.dead.oldest.map_or_else(|| "-".to_owned(), Timestamp::rfc3339);
    let old = if swept.dead_age == Age::Old { "   TERLALU LAMA / TOO OLD" } else { "" };
    println!("surat mati / dead letters {}   tertua / oldest {oldest}{old}", swept.dead.messages);
    if let Judged::Ended { window, breach } = &swept.rollout {
        println!("CANARY DIHENTIKAN / CANARY ENDED jendela / window {window}: {breach}");
    }
    if let Some(reference) = reference_in(models)? {
        let found = refresh_drift(&cases, &reference, now()).await?;
        println!("pergeseran / drift {} dimensi / dimensions, {} laporan / reports", found.drifted(), found.reports);
    }
    Ok(if swept.calls_for_a_person() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
