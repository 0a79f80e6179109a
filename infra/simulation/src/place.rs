//! A table in memory without faults, for tests that need the store and no network.

use std::sync::{Arc, Mutex};

use saring_domain::agency::Date;
use saring_domain::case::Timestamp;
use saring_screen::Judge as _;
use saring_store::{Cases, TableConfig};

use crate::executor::{Executor, lock};
use crate::judge::Rule;
use crate::random::Random;
use crate::reports::{made, text, visibility};
use crate::site::{Part, Site, tracking};
use crate::table::{Mood, Table};
use crate::{Trace, ledger::Ledger, queue::Queue};

const DAY: &str = "2026-11-24";

/// A quiet table, and whoever runs what uses it.
pub struct Place {
    executor: Executor,
    part: Part,
}

impl Place {
    /// An empty one.
    #[must_use]
    pub fn empty() -> Self {
        let random = Random::new(1);
        let executor = Executor::new(random.fork(1));
        let site = Arc::new(Site {
            clock: executor.clock(),
            random: random.fork(2),
            table: Mutex::new(Table::new(random.fork(3))),
            reports: Mutex::new(Queue::new(random.fork(4))),
            ledger: Mutex::new(Ledger::default()),
            trace: Trace::off(),
            mood: Mutex::new(Mood::Calm),
            sabotage: None,
            release: Mutex::new(0),
            config: TableConfig::local("saring", "http://exchange"),
            closed: Mutex::new(true),
            at_work: Mutex::new(0),
        });
        Self { executor, part: Part::new(&site, "place", 0) }
    }

    /// One with so many screened reports.
    ///
    /// # Panics
    /// A report can't be recorded, which nothing here prevents.
    #[must_use]
    pub fn with_reports(count: usize) -> Self {
        let mut place = Self::empty();
        let (cases, mut random) = (place.cases(), place.part.random());
        let mut rule = Rule::of_release(0, random.fork(1));
        let today = Date::parse(DAY).expect("the day is one");
        for number in 0..count {
            let made = made(&format!("r-{number}"), &text(&mut random), visibility(&mut random));
            let screened = rule.judge(&[&made.report], today).pop().expect("one verdict for one report");
            let (cases, id, now) = (cases.clone(), tracking(&mut random), place.now());
            let recorded = place.run(async move { cases.record_screening(&made.report, screened, id, now).await });
            recorded.expect("it ends").expect("the place has no faults");
        }
        place
    }

    /// The store on this table.
    #[must_use]
    pub fn cases(&self) -> Cases {
        self.part.cases(0)
    }

    /// The moment here.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.part.now()
    }

    /// Runs work on the table to its end; nothing where it waits for what never comes.
    pub fn run<T: Send + 'static>(&mut self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let done = Arc::new(Mutex::new(None));
        let place = Arc::clone(&done);
        self.executor.clock().spawn(async move {
            let value = work.await;
            *lock(&place) = Some(value);
        });
        self.executor.run();
        lock(&done).take()
    }

    /// Every item of one sort key, as JSON.
    #[must_use]
    pub fn items(&self, sort: &str) -> Vec<String> {
        lock(&self.part.site.table).items(sort).map(|item| item.json.clone()).collect()
    }
}
