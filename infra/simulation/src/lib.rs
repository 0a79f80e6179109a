#![doc = include_str!("../README.md")]

mod actors;
mod executor;
mod judge;
mod ledger;
mod monitor;
mod network;
mod place;
mod queue;
mod random;
mod reports;
mod sabotage;
mod site;
mod table;
mod trace;
mod world;

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

pub use place::Place;
pub use sabotage::Sabotage;
use trace::Trace;
pub use world::World;

/// Reports that are sent in one world: its clock goes on for about twenty minutes, so that what
/// moderators decide comes to the end of its rest.
pub const WORLD_REPORTS: usize = 1_000;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Deliveries to the screening, at least.
    pub deliveries: u64,
    /// The seed of the first world; the others follow from it.
    pub seed: u64,
    /// Worlds at the same time.
    pub threads: usize,
    /// A bug that is planted into each world.
    pub sabotage: Option<Sabotage>,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// What is broken.
    pub invariant: &'static str,
    /// A case or report.
    pub id: String,
    /// How.
    pub words: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.invariant, self.id, self.words)
    }
}

/// A world in which something was broken, with as few reports as show it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The world; running it again shows the same.
    pub world: World,
    /// What was broken first.
    pub breach: Breach,
    /// What happened to the case or report, in order.
    pub trace: Vec<String>,
}

/// What all worlds came to.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Worlds.
    pub worlds: usize,
    /// Messages that were handed to the screening.
    pub deliveries: u64,
    /// Cases at the end.
    pub cases: u64,
    /// Writes of the table, each of one moment.
    pub writes: u64,
    /// Decisions that were told, repeats included.
    pub decisions: u64,
    /// Processes that died at an await or ran out of time.
    pub crashes: u64,
    /// Simulated seconds.
    pub seconds: u64,
    /// The first world in which something was broken.
    pub failure: Option<Failure>,
}

impl Summary {
    fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.deliveries += other.deliveries;
        self.cases += other.cases;
        self.writes += other.writes;
        self.decisions += other.decisions;
        self.crashes += other.crashes;
        self.seconds += other.seconds;
    }
}

/// Runs worlds until there were enough deliveries, or until one of them is broken; after each world the
/// deliveries so far are told.
#[must_use]
pub fn run(options: Options, told: impl Fn(u64) + Sync) -> Summary {
    let total = Mutex::new(Summary::default());
    let next = AtomicUsize::new(0);
    let enough = || {
        let total = total.lock().unwrap_or_else(PoisonError::into_inner);
        total.failure.is_some() || total.deliveries >= options.deliveries
    };
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                while !enough() {
                    let number = next.fetch_add(1, Relaxed) as u64;
                    let reports = WORLD_REPORTS.min(usize::try_from(options.deliveries).unwrap_or(usize::MAX).max(1));
                    let world = World { seed: options.seed.wrapping_add(number), reports, sabotage: options.sabotage };
                    let mut ran = world.run(Trace::off());
                    if let Some(breach) = ran.breach.take() {
                        let failure = world.smallest(breach);
                        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                        total.failure.get_or_insert(failure);
                    }
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    total.add(&ran.summary);
                    told(total.deliveries);
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one world, as a failure names it.
#[must_use]
pub fn one(seed: u64, reports: usize) -> Summary {
    let world = World { seed, reports, sabotage: None };
    let ran = world.run(Trace::off());
    let failure = ran.breach.map(|breach| world.smallest(breach));
    Summary { failure, ..ran.summary }
}
