//! `saring claims add`, `retire` and `list`: claims that count without a deployment.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use saring_domain::case::{Actor, Timestamp};
use saring_domain::claims::{Claim, first_break, read_claims};
use saring_store::{Cases, TableConfig};

use crate::claims;

/// What is done with the live claims of the table that the environment names.
pub(crate) enum Change {
    /// Adds the claims of files, or replaces what they said.
    Add { files: Vec<PathBuf>, by: String },
    /// Lets claims count no more.
    Retire { ids: Vec<String>, by: String },
    /// Prints them.
    List,
    /// Prints the trail and proves that it is whole.
    Trail,
}

pub(crate) fn run(change: Change) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cases = Cases::connect(&TableConfig::from_env()?).await;
        match change {
            Change::Add { files, by } => add(&cases, &files, &by).await,
            Change::Retire { ids, by } => retire(&cases, &ids, &by).await,
            Change::List => list(&cases).await,
            Change::Trail => trail(&cases).await,
        }
    })
}

async fn add(cases: &Cases, files: &[PathBuf], by: &str) -> Result<ExitCode> {
    let actor = Actor::parse(by).context("--by names who does it")?;
    let mut code = ExitCode::SUCCESS;
    let mut all: Vec<Claim> = Vec::new();
    for path in files {
        let found = read_claims(&claims::read(path)?);
        if claims::report(path, &found) != ExitCode::SUCCESS {
            code = ExitCode::FAILURE;
        }
        all.extend(found.claims);
    }
    if all.is_empty() {
        bail!("there is no claim to add");
    }
    for claim in &all {
        let event = cases.add_claim(claim, &actor, now()).await?;
        println!("{}\t{}\t{}", event.sequence, claim.id(), claim.title());
    }
    Ok(code)
}

async fn retire(cases: &Cases, ids: &[String], by: &str) -> Result<ExitCode> {
    let actor = Actor::parse(by).context("--by names who does it")?;
    for id in ids {
        let event = cases.retire_claim(id, &actor, now()).await?;
        println!("{}\t{id}", event.sequence);
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(cases: &Cases) -> Result<ExitCode> {
    let live = cases.live_claims().await?;
    for claim in &live.active {
        println!("{}", serde_json::to_string(&claim.fields())?);
    }
    for id in &live.retired {
        println!("{}", serde_json::json!({ "id": id, "retired": true }));
    }
    Ok(ExitCode::SUCCESS)
}

async fn trail(cases: &Cases) -> Result<ExitCode> {
    let events = cases.claim_events().await?;
    for event in &events {
        println!(
            "{}\t{}\t{}\t{}\t{}",
            event.sequence,
            event.at,
            event.actor.as_str(),
            event.action.code(),
            event.claim
        );
    }
    match first_break(&events) {
        None => Ok(ExitCode::SUCCESS),
        Some(at) => bail!("the trail of claims is broken at event {at}"),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
