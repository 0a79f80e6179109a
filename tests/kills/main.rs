//! Real processes that are killed (`kill -9`) at random moments under load: the screening function, the
//! notifying function, and the process that holds the table, the queues, the console and the intake.
//! Afterwards no report that was accepted is lost, and `verify` finds nothing.
//!
//! `SARING_KILLS` and `SARING_KILLS_SEED` ask for more or for others. The example of the queue's host and
//! the disk that fills up have tests of their own (`durability` of the local stack, `disk` of flow).
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod load;
mod process;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use load::{Accepted, moderate, send};
use process::Running;
use saring_store::verify;

const KILLS: u64 = 20;
const SEED: u64 = 20_261_124;
/// Longest time between two kills.
const BETWEEN_MS_MAX: u64 = 900;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// A number that only the seed decides.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_lose_nothing() {
    let (kills, mut seed) = (number("SARING_KILLS", KILLS), number("SARING_KILLS_SEED", SEED));
    let directory = process::scratch("kills");
    let began = Instant::now();
    let (accepted, stop) = (Arc::new(Accepted::default()), Arc::new(AtomicBool::new(false)));
    let mut running = Running::start(&directory).await;
    let loads = [
        tokio::spawn(send(directory.clone(), Arc::clone(&accepted), Arc::clone(&stop))),
        tokio::spawn(moderate(directory.clone(), Arc::clone(&accepted), Arc::clone(&stop))),
    ];
    let mut killed = [0_u64; 3];
    while killed.iter().sum::<u64>() < kills {
        tokio::time::sleep(Duration::from_millis(next(&mut seed) % BETWEEN_MS_MAX)).await;
        let victim = (next(&mut seed) % 4) as usize;
        let done = match victim {
            0 | 3 => running.kill_child("screen"),
            1 => running.kill_child("notify"),
            _ => {
                running.kill().await;
                running = Running::start(&directory).await;
                true
            }
        };
        // A process that is just being replaced can't be killed.
        killed[victim % 3] += u64::from(done);
    }
    stop.store(true, Relaxed);
    for load in loads {
        load.await.unwrap();
    }
    running.drained().await;
    let cases = running.cases().await;
    let findings = verify::all(&cases).await.unwrap();
    assert!(findings.violations.is_empty(), "{:?}", findings.violations);
    assert_eq!(findings.pending, 0, "reports still wait");
    let ids = accepted.ids();
    let mut lost = Vec::new();
    for id in &ids {
        let receipt = cases.receipt(id).await.unwrap();
        let case = match receipt {
            Some(receipt) => cases.case(receipt.case).await.unwrap(),
            None => None,
        };
        if case.is_none() {
            lost.push(id);
        }
    }
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
    assert!(ids.len() as u64 >= kills * 2, "there was load: {} reports", ids.len());
    assert!(killed.iter().all(|count| *count > 0), "each was killed: {killed:?}");
    println!(
        "{} kills (screen {}, notify {}, table, queues, console and intake {}), {} reports accepted, {} decided, \
         {} cases, 0 lost, 0 violations, {:.0} s",
        killed.iter().sum::<u64>(),
        killed[0],
        killed[1],
        killed[2],
        ids.len(),
        accepted.decided.load(Relaxed),
        findings.cases,
        began.elapsed().as_secs_f64()
    );
    running.kill().await;
    std::fs::remove_dir_all(&directory).unwrap();
}
