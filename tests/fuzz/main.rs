//! Arbitrary inputs for everything that reads what others wrote: nothing panics, nothing that was read
//! means something else when it is written, and no error quotes what it could not read.
//!
//! `SARING_FUZZ_EXECUTIONS` and `SARING_FUZZ_SEED` ask for more or for others. Inputs begin at those of
//! `corpus`; one with an outcome that was not seen before joins them for the run. An input that fails is
//! printed and belongs into `corpus` once it is mended.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod inputs;
mod mutate;
mod targets;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use inputs::corpus;
use mutate::Mutator;
use targets::{TARGETS, Target};

const EXECUTIONS: u64 = 200_000;
const SEED: u64 = 20_261_124;
/// Inputs that a run keeps beside those of the corpus.
const KEPT_MAX: usize = 2_000;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Runs a target so often; returns how many different outcomes there were.
fn fuzz(target: &Target, executions: u64, seed: u64) -> usize {
    let mut pool = corpus(target.name);
    pool.extend((target.seeds)());
    let mut mutator = Mutator::new(seed, target.words);
    let mut outcomes = HashSet::new();
    let mut run = (target.start)();
    let mut once = |input: &[u8], what: &str| {
        let ended = catch_unwind(AssertUnwindSafe(|| run(input)));
        let outcome = ended.unwrap_or_else(|_| Err("it panicked".to_owned()));
        outcome.unwrap_or_else(|why| panic!("{}, {what}, {why}, input: {}", target.name, inputs::shown(input)))
    };
    for input in &pool {
        outcomes.insert(once(input, "corpus"));
    }
    for execution in 0..executions {
        let input = mutator.mutate(&pool);
        let outcome = once(&input, &format!("seed {seed}, execution {execution}"));
        if outcomes.insert(outcome) && pool.len() < KEPT_MAX {
            pool.push(input);
        }
    }
    outcomes.len()
}

#[test]
fn arbitrary_inputs_break_nothing() {
    let (executions, seed) = (number("SARING_FUZZ_EXECUTIONS", EXECUTIONS), number("SARING_FUZZ_SEED", SEED));
    let shares: u64 = TARGETS.iter().map(|target| target.share).sum();
    let began = Instant::now();
    let done: Vec<(&str, u64, usize, f64)> = std::thread::scope(|scope| {
        let two = [0, 1].map(|place| {
            scope.spawn(move || {
                let mut done = Vec::new();
                for target in TARGETS.iter().skip(place).step_by(2) {
                    let (count, began) = (executions * target.share / shares, Instant::now());
                    done.push((target.name, count, fuzz(target, count, seed), began.elapsed().as_secs_f64()));
                }
                done
            })
        });
        two.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    for (name, count, outcomes, seconds) in &done {
        println!("{name}: {count} executions, {outcomes} outcomes, {seconds:.1} s");
        assert!(*outcomes > 1, "{name} always comes to the same: its inputs reach nothing");
    }
    let count: u64 = done.iter().map(|(_, count, ..)| count).sum();
    println!("{count} executions in {:.1} s, seed {seed}", began.elapsed().as_secs_f64());
}

#[test]
fn a_bug_would_be_found() {
    fn broken(input: &[u8]) -> Result<u64, String> {
        // As a parser that trusts a length would.
        if input.starts_with(b"{\"id\":") && input.contains(&0) { Err("planted".to_owned()) } else { Ok(0) }
    }
    let start: fn() -> targets::Run = || Box::new(broken);
    let target = Target { name: "report", share: 1, words: &[], seeds: Vec::new, start };
    let found = catch_unwind(AssertUnwindSafe(|| fuzz(&target, 20_000, SEED)));
    let why = found.expect_err("the planted bug is found");
    let why = why.downcast_ref::<String>().expect("it says why");
    assert!(why.contains("planted"), "{why}");
}
