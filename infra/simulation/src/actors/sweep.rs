//! The scheduled sweep, deployments, and the walk that proves the invariants.

use std::time::Duration;

use saring_domain::calendar::{Calendar, Clocks};
use saring_domain::learning::Sampling;
use saring_domain::policy::Policy;
use saring_notify::SweepData;
use saring_notify::sweep::Sweep;
use saring_store::{DeadLetters, QueueConfig, verify};

use super::crash;
use crate::executor::{Ending, lock, until_poll};
use crate::judge::RELEASES;
use crate::site::Part;
use crate::table::Mood;

const EVERY: Duration = Duration::from_mins(5);

pub(crate) fn data() -> SweepData {
    SweepData {
        calendar: Calendar::parse(include_str!("../../../../models/holidays.toml"))
            .expect("the shipped days are valid"),
        clocks: Clocks::parse(include_str!("../../../../models/clocks.toml")).expect("the shipped clocks are valid"),
        sampling: Sampling::parse(include_str!("../../../../models/sampling.toml"))
            .expect("the shipped shares are valid"),
        policy: Policy::parse(include_str!("../../../../models/policy.toml")).expect("the shipped policy is valid"),
    }
}

pub(crate) fn dead_queue() -> QueueConfig {
    QueueConfig::local("http://exchange/reports-dead", "http://exchange")
}

/// Sweeps every five minutes, sometimes twice at the same time, until the faults end.
pub(crate) async fn run(part: Part) {
    let data = data();
    let mut random = part.random();
    for life in 0.. {
        if part.site.winds_down() {
            return;
        }
        let (cases, dead) = (part.cases(life), DeadLetters::through(&part.through(life), &dead_queue()));
        let sweep = Sweep { cases: &cases, data: &data, dead: &dead };
        let twice = random.below(6) == 0;
        let crash_at = crash(&mut random, 100).map(|at| at * 10);
        let once = Box::pin(sweep.run(part.now()));
        let ending = if twice {
            let other = Box::pin(sweep.run(part.now()));
            until_poll(async { tokio::join!(once, other).0 }, crash_at).await
        } else {
            until_poll(once, crash_at).await
        };
        if matches!(ending, Ending::Crashed) {
            lock(&part.site.ledger).crashes += 1;
        }
        part.sleep(EVERY).await;
    }
}

/// Deploys releases and takes them back while reports flow.
pub(crate) async fn deploy(part: Part) {
    let mut random = part.random();
    while !part.site.winds_down() {
        part.sleep(random.between_ms(90_000, 400_000)).await;
        let release = random.below(RELEASES.len());
        *lock(&part.site.release) = release;
        part.site.note("", || format!("release {} is deployed", RELEASES[release]));
    }
}

/// What is left to do when the faults have ended: decisions come to the end of their rest, dead letters
/// go back to the queue.
pub(crate) async fn finish(part: Part) {
    assert_eq!(part.site.mood(), Mood::Calm, "faults have ended");
    let data = data();
    let (cases, dead) = (part.cases(u64::MAX), DeadLetters::through(&part.through(u64::MAX), &dead_queue()));
    let reports = QueueConfig::local("http://exchange/reports", "http://exchange");
    let sweep = Sweep { cases: &cases, data: &data, dead: &dead };
    for _ in 0..2 {
        if let Err(error) = dead.redrive(&reports, u64::MAX).await {
            let words = format!("dead letters can't go back: {error}");
            lock(&part.site.ledger).breach(&part.site, "it works without faults", "dead letters", words);
        }
        part.sleep(EVERY).await;
        if let Err(error) = Box::pin(sweep.run(part.now())).await {
            let words = format!("the sweep failed without faults: {error}");
            lock(&part.site.ledger).breach(&part.site, "it works without faults", "sweep", words);
        }
    }
}

/// The walk of `saring verify`, and what it found.
pub(crate) async fn prove(part: Part) {
    let cases = part.cases(u64::MAX - 1);
    match Box::pin(verify::all(&cases)).await {
        Ok(findings) => {
            for violation in &findings.violations {
                let mut ledger = lock(&part.site.ledger);
                ledger.breach(&part.site, "saring verify", &violation.id, violation.to_string());
            }
        }
        Err(error) => {
            let words = format!("the walk failed without faults: {error}");
            lock(&part.site.ledger).breach(&part.site, "it works without faults", "verify", words);
        }
    }
}
