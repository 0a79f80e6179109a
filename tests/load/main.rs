//! Load on the local stack: reports that are sent when they are due, whatever became of those before
//! (an open loop), so that a pause counts for everyone who waited through it.
//!
//! `SARING_LOAD_RATE`, `_SECONDS` and `_OUTAGE_SECONDS` ask for more, `SARING_LOAD_CASES=1000,10000` for
//! larger tables, from the second on filled with copies, `SARING_LOAD_PLOT=FILE.svg` for the picture of what a
//! report costs in them.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod copies;
mod fill;
mod measure;
mod plot;
mod running;

use std::time::Duration;

use copies::Copies;
use measure::{percentiles, processor_ms, resident_kib};
use running::Running;
use tokio::sync::Mutex;

const RATE: u64 = 15;
const SECONDS: u64 = 8;
const OUTAGE_SECONDS: u64 = 2;
const CASES: &str = "50,500";
/// Reports whose cost is measured at each size of the table.
const COSTED_REPORTS: u64 = 150;
/// Resident memory may grow by so much after the first quarter of a run: pages of reports under way.
const GROWTH_MAX: f64 = 1.25;
/// What a report costs may differ by so much between the smallest and the largest table.
const COST_RATIO_MAX: f64 = 1.5;

/// Both tests measure the processor's time of this process, one after the other.
static ALONE: Mutex<()> = Mutex::const_new(());

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_caught_up_and_memory_stays() {
    let _alone = ALONE.lock().await;
    let (rate, seconds) = (number("SARING_LOAD_RATE", RATE), number("SARING_LOAD_SECONDS", SECONDS));
    let outage = Duration::from_secs(number("SARING_LOAD_OUTAGE_SECONDS", OUTAGE_SECONDS));
    let running = Running::start("load").await;
    // The first reports pay for what is made once.
    running.finish(running.send(rate, rate.max(5), 0).await).await;
    let load = running.send(rate, rate * seconds, 1);
    let watch = async {
        let mut memory = vec![resident_kib(&running.processes())];
        let mut recovered = None;
        let ends = Duration::from_secs(seconds);
        let (stopped, began) = (ends / 3, tokio::time::Instant::now());
        tokio::time::sleep(stopped).await;
        running.stop_screening();
        tokio::time::sleep(outage).await;
        let behind = running.behind().await;
        running.resume_screening();
        while began.elapsed() < ends {
            tokio::time::sleep(Duration::from_millis(200)).await;
            memory.push(resident_kib(&running.processes()));
            if recovered.is_none() && running.behind().await <= rate {
                recovered = Some(began.elapsed().saturating_sub(stopped + outage));
            }
        }
        (memory, recovered, behind, stopped)
    };
    let (sent, (memory, recovered, behind, stopped)) = tokio::join!(load, watch);
    let sent = running.finish(sent).await;
    let late = |from: Duration, to: Duration| {
        let chosen = sent.iter().filter(|s| (from..to).contains(&s.due)).map(|s| s.told_after.as_secs_f64() * 1e3);
        percentiles(chosen.collect())
    };
    let caught_up = stopped + outage + recovered.expect("the backlog is worked off while the load goes on");
    println!("{} reports at {rate} a second, each told; milliseconds from when it was due:", sent.len());
    println!("  before the outage      {}", late(Duration::ZERO, stopped.saturating_sub(Duration::from_secs(1))));
    println!("  from it to recovery    {}", late(stopped, caught_up));
    println!("  afterwards             {}", late(caught_up, Duration::MAX));
    println!(
        "  {:.1} s without screening, {behind} reports behind, caught up {:.1} s later",
        outage.as_secs_f64(),
        caught_up.saturating_sub(stopped + outage).as_secs_f64()
    );
    let (early, end) = (memory[memory.len() / 4] as f64, *memory.last().unwrap() as f64);
    println!("  memory of both functions: {:.0} MiB, at the end {:.0} MiB", early / 1024.0, end / 1024.0);
    assert!(behind >= rate * outage.as_secs() / 2, "screening stood still: {behind} behind");
    assert!(end <= early * GROWTH_MAX, "memory grew from {early} to {end} KiB");
    running.proved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_costs_the_same_in_a_large_table() {
    let _alone = ALONE.lock().await;
    let sizes = std::env::var("SARING_LOAD_CASES").unwrap_or_else(|_| CASES.to_owned());
    let running = Running::start("growth").await;
    // The first reports pay for what is made once.
    let mut there = 30;
    running.finish(running.send(100, there, 0).await).await;
    let (mut costs, mut copies): (Vec<(u64, [f64; 2])>, Option<Copies>) = (Vec::new(), None);
    for (round, size) in (1..).zip(sizes.split(',')) {
        let size: u64 = size.parse().unwrap_or_else(|_| panic!("SARING_LOAD_CASES holds numbers"));
        let missing = size.saturating_sub(there);
        if let Some(copies) = &mut copies {
            there += tokio::task::block_in_place(|| copies.add(missing));
        } else {
            let filled = fill::fill(running.cases(), missing).await;
            // Their decisions are told by the functions that are measured.
            running.told(&filled).await;
            copies = Some(Copies::of(&running.table_file()));
            there += missing;
        }
        let spent = || [running.processes(), vec![std::process::id()]].map(|processes| processor_ms(&processes));
        let before = spent();
        running.finish(running.send(100, COSTED_REPORTS, round).await).await;
        let [functions, host] = [0, 1].map(|at| (spent()[at] - before[at]) / COSTED_REPORTS as f64);
        let cost = functions + host;
        println!(
            "{there} cases in the table: {cost:.1} ms of processor for a report, {functions:.1} in the functions, \
             {host:.1} in what holds table and queues"
        );
        costs.push((there, [cost, functions]));
        there += COSTED_REPORTS;
    }
    if let Some(path) = std::env::var_os("SARING_LOAD_PLOT") {
        std::fs::write(path, plot::svg(&costs)).unwrap();
    }
    if let Some(copies) = copies {
        tokio::task::block_in_place(|| copies.remove());
    }
    let (first, last) = (costs[0].1[0], costs[costs.len() - 1].1[0]);
    assert!(last <= first * COST_RATIO_MAX, "a report costs more in a larger table: {costs:?}");
    running.proved().await;
}
