//! Worlds with faults: clean ones stay clean, and a build that is broken on purpose is found out.

use saring_simulation::{Failure, Options, Sabotage, Summary, run};

const SEED: u64 = 20_261_124;
const DELIVERIES: u64 = 10_000;
/// Deliveries within which a planted bug must be found.
const FOUND_WITHIN: u64 = 12_000;

fn simulated(deliveries: u64, sabotage: Option<Sabotage>) -> Summary {
    run(Options { deliveries, seed: SEED, threads: 2, sabotage }, |_| ())
}

fn explained(failure: &Failure) -> String {
    format!(
        "seed {}, {} reports: {}\n{}",
        failure.world.seed,
        failure.world.reports,
        failure.breach,
        failure.trace.join("\n")
    )
}

#[test]
fn faults_break_no_invariant() {
    let summary = simulated(DELIVERIES, None);
    assert!(summary.failure.is_none(), "{}", summary.failure.as_ref().map(explained).unwrap_or_default());
    assert!(summary.deliveries >= DELIVERIES);
    // The faults are there: processes died, and more was told and delivered than there are cases.
    assert!(summary.crashes > 50, "{summary:?}");
    assert!(summary.cases * 11 / 10 < summary.deliveries && summary.cases > 5_000, "{summary:?}");
    assert!(summary.decisions > summary.cases, "{summary:?}");
}

/// The bug is found, by one of these invariants, and the failure shows it again with few reports.
fn found(sabotage: Sabotage, invariants: &[&str]) {
    let failure = simulated(FOUND_WITHIN, Some(sabotage)).failure.expect("the planted bug is found");
    assert!(invariants.contains(&failure.breach.invariant), "{}", explained(&failure));
    assert!(failure.trace.iter().any(|line| line.contains("BREACH")), "{}", explained(&failure));
    assert!(failure.world.reports < saring_simulation::WORLD_REPORTS, "it was made smaller: {}", explained(&failure));
}

#[test]
fn publishing_before_writing_is_found() {
    found(Sabotage::PublishBeforeWrite, &["nothing unscreened is public", "every decision explains itself"]);
}

#[test]
fn a_lost_partial_failure_is_found() {
    found(Sabotage::LostPartialFailure, &["nothing is lost"]);
}

#[test]
fn a_notice_that_differs_each_time_is_found() {
    found(Sabotage::NonIdempotentNotify, &["once in effect"]);
}

#[test]
fn an_unlocked_review_is_found() {
    found(Sabotage::UnlockedReview, &["append-only trail", "once in effect", "review is locked"]);
}

#[test]
fn the_same_seed_is_the_same_world() {
    let once = || {
        let ran = saring_simulation::one(SEED, 120);
        (ran.deliveries, ran.cases, ran.writes, ran.decisions, ran.crashes, ran.seconds)
    };
    assert_eq!(once(), once());
}
