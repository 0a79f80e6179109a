//! One world from its first report to its proof.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use saring_store::TableConfig;

use crate::actors::{moderators, notify, screen, senders, sweep};
use crate::executor::{Executor, lock};
use crate::ledger::Ledger;
use crate::queue::Queue;
use crate::random::Random;
use crate::site::{Part, Site};
use crate::table::{Mood, Table};
use crate::{Breach, Failure, Sabotage, Summary, Trace};

const SCREENS: u64 = 3;
const MODERATORS: u64 = 2;
/// How long faults go on after the last report.
const AFTER_THE_LAST: Duration = Duration::from_mins(4);

/// A world, by its seed and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    /// What everything follows from.
    pub seed: u64,
    /// Reports that are sent.
    pub reports: usize,
    /// A bug that is planted.
    pub sabotage: Option<Sabotage>,
}

/// What a world came to.
pub(crate) struct Ran {
    pub(crate) summary: Summary,
    pub(crate) breach: Option<Breach>,
}

impl World {
    pub(crate) fn run(&self, trace: Trace) -> Ran {
        let random = Random::new(self.seed);
        let mut executor = Executor::new(random.fork(1));
        let site = Arc::new(Site {
            clock: executor.clock(),
            random: random.fork(2),
            table: Mutex::new(Table::new(random.fork(3))),
            reports: Mutex::new(Queue::new(random.fork(4))),
            ledger: Mutex::default(),
            trace,
            mood: Mutex::new(Mood::Faulty),
            sabotage: self.sabotage,
            release: Mutex::new(0),
            config: TableConfig::local("saring", "http://exchange"),
            closed: Mutex::new(false),
            at_work: Mutex::new(0),
        });
        let part = |name, number| Part::new(&site, name, number);
        for number in 0..SCREENS {
            let screen = part("screen", number);
            screen.start(screen::run(screen.clone()));
        }
        let reader = part("notify", 0);
        reader.start(notify::run(reader.clone()));
        for number in 0..MODERATORS {
            let person = part("moderator", number);
            person.start(moderators::run(person.clone()));
        }
        let sweeper = part("sweep", 0);
        sweeper.start(sweep::run(sweeper.clone()));
        let deployer = part("deploy", 0);
        deployer.start(sweep::deploy(deployer.clone()));
        let sender = part("sender", 0);
        sender.start(course(sender.clone(), self.reports));
        let turned = executor.run();
        if turned {
            let prover = part("prove", 0);
            prover.start(sweep::prove(prover.clone()));
            executor.run();
            let mut ledger = std::mem::take(&mut *lock(&site.ledger));
            ledger.close(&site);
            *lock(&site.ledger) = ledger;
        } else {
            let words = "it turns without time passing".to_owned();
            lock(&site.ledger).breach(&site, "it works without faults", "world", words);
        }
        let ended = Self::ended(&site);
        // The site's tasks hold the site.
        drop(executor);
        ended
    }

    fn ended(site: &Arc<Site>) -> Ran {
        let ledger = std::mem::take(&mut *lock(&site.ledger));
        let Ledger { decisions, writes, crashes, mut breaches, .. } = ledger;
        let summary = Summary {
            worlds: 1,
            deliveries: lock(&site.reports).delivered,
            cases: lock(&site.table).items("case").count() as u64,
            writes,
            decisions,
            crashes,
            seconds: site.clock.now_us() / 1_000_000,
            failure: None,
        };
        breaches.truncate(1);
        Ran { summary, breach: breaches.pop() }
    }

    /// The same failure with as few reports as show one, and what happened to its case.
    pub(crate) fn smallest(self, breach: Breach) -> Failure {
        let (mut world, mut breach) = (self, breach);
        let mut fewer = world.reports / 2;
        while fewer > 0 {
            let candidate = Self { reports: fewer, ..world };
            match candidate.run(Trace::off()).breach {
                Some(found) => {
                    (world, breach) = (candidate, found);
                    fewer = world.reports / 2;
                }
                // Half is too few: a little less, as long as that helps.
                None if fewer < world.reports * 7 / 8 => fewer = usize::midpoint(fewer, world.reports),
                None => break,
            }
        }
        let trace = Trace::on();
        world.run(trace.clone());
        let ids = trace.ids_beside(&breach.id);
        Failure { world, breach, trace: trace.about(&ids) }
    }
}

/// Reports, then some minutes in which what they began comes to its end, then no more faults.
async fn course(part: Part, reports: usize) {
    senders::run(part.clone(), reports).await;
    part.sleep(AFTER_THE_LAST).await;
    *lock(&part.site.mood) = Mood::Calm;
    part.site.note("", || "faults end".to_owned());
    sweep::finish(part.clone()).await;
    *lock(&part.site.closed) = true;
}
