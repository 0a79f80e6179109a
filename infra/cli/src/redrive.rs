//! `saring redrive`: dead letters back to the queue that they came from, or decisions once more.

use anyhow::{Context, Result};
use saring_domain::case::Timestamp;
use saring_notify::{resend, sweep};
use saring_store::{Cases, DeadLetters, Decisions, QueueConfig, TableConfig, env};

const HOUR_MS: u64 = 3_600_000;

/// What to bring back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// So many dead letters of the queue of reports.
    Reports {
        /// Most letters; without it, as many as there are now.
        limit: Option<u64>,
    },
    /// What every case decided in the last hours says.
    Decisions {
        /// How far back.
        hours: u64,
    },
}

/// Whether to do it or only to say what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Do it.
    Real,
    /// Say it.
    Dry,
}

/// Redrives and prints how many.
pub(crate) async fn run(what: What, run: Run) -> Result<()> {
    match what {
        What::Reports { limit } => reports(limit, run).await,
        What::Decisions { hours } => decisions(hours, run).await,
    }
}

async fn reports(limit: Option<u64>, run: Run) -> Result<()> {
    let dead = DeadLetters::connect(&QueueConfig::named_by(env::REPORTS_DEAD_QUEUE_URL)?).await;
    let state = dead.state().await?;
    let oldest = state.oldest.map_or_else(|| "-".to_owned(), Timestamp::rfc3339);
    println!("surat mati / dead letters {}   tertua / oldest {oldest}", state.messages);
    if run == Run::Dry {
        println!("tidak ada yang dipindahkan / nothing was moved (--dry-run)");
        return Ok(());
    }
    // Letters that die again meanwhile are for another time.
    let limit = limit.unwrap_or(state.messages);
    let moved = dead.redrive(&QueueConfig::named_by(env::REPORTS_QUEUE_URL)?, limit).await?;
    println!("dipindahkan / moved {moved}");
    Ok(())
}

async fn decisions(hours: u64, run: Run) -> Result<()> {
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let since = Timestamp::from_unix_ms(sweep::now().unix_ms().saturating_sub(hours.saturating_mul(HOUR_MS)));
    if run == Run::Dry {
        let mut count = 0;
        let mut after = None;
        loop {
            let page = cases.scan_cases(after).await?;
            count += page.items.iter().filter(|case| case.record().decided.at >= since).count();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        println!("keputusan / decisions {count}; tidak ada yang dikirim / nothing was sent (--dry-run)");
        return Ok(());
    }
    let queue = Decisions::connect(&QueueConfig::named_by(env::DECISIONS_QUEUE_URL)?).await;
    let sent = resend(&cases, &queue, since).await.context("not every decision was sent again")?;
    println!("dikirim lagi / sent again {sent}");
    Ok(())
}
