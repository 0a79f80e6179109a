//! The place that all parts of a world share: table, queues, the clock, and what was seen of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use saring_domain::case::{TRACKING_BYTES, Timestamp, TrackingId};
use saring_store::{Cases, Exchange, TableConfig};

use crate::executor::{Clock, lock};
use crate::ledger::Ledger;
use crate::network::Network;
use crate::queue::Queue;
use crate::random::Random;
use crate::table::{Mood, Table};
use crate::{Sabotage, Trace};

/// When every world begins: a Tuesday morning, in milliseconds since 1970.
pub(crate) const BEGAN_MS: u64 = 1_795_500_000_000;

/// What one world has once.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) table: Mutex<Table>,
    pub(crate) reports: Mutex<Queue>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) trace: Trace,
    pub(crate) mood: Mutex<Mood>,
    pub(crate) sabotage: Option<Sabotage>,
    /// The release that new processes load.
    pub(crate) release: Mutex<usize>,
    pub(crate) config: TableConfig,
    /// Whether all is done but for what is still on its way.
    pub(crate) closed: Mutex<bool>,
    /// Parts that are still at work.
    pub(crate) at_work: Mutex<usize>,
}

/// A part of the world: a process or a person, with a clock that is a little off.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) site: Arc<Site>,
    pub(crate) name: &'static str,
    pub(crate) number: u64,
    pub(crate) skew_ms: u64,
}

/// Longest time by which a clock is ahead of the true one.
const SKEW_MS_MAX: u64 = 4_000;

impl Site {
    pub(crate) fn mood(&self) -> Mood {
        *lock(&self.mood)
    }

    /// Whether the senders have sent everything and faults have ended.
    pub(crate) fn winds_down(&self) -> bool {
        self.mood() == Mood::Calm
    }

    pub(crate) fn note(&self, id: &str, words: impl FnOnce() -> String) {
        self.trace.note(self.clock.now_us(), id, words);
    }
}

impl Part {
    pub(crate) fn new(site: &Arc<Site>, name: &'static str, number: u64) -> Self {
        let mut random = site.random.fork(0x5EED ^ (number << 8) ^ name.len() as u64);
        Self { site: Arc::clone(site), name, number, skew_ms: random.next() % SKEW_MS_MAX }
    }

    pub(crate) fn random(&self) -> Random {
        let name = self.name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
        self.site.random.fork(name ^ (self.number << 32))
    }

    /// The moment by the part's own clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(BEGAN_MS + self.site.clock.now_us() / 1000 + self.skew_ms)
    }

    pub(crate) fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.now().unix_ms())
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        self.site.clock.sleep(time).await;
    }

    /// A network of its own, with the faults of the world.
    pub(crate) fn through(&self, life: u64) -> Arc<dyn Exchange> {
        Arc::new(Network::new(self.clone(), self.random().fork(life ^ 0xA11)))
    }

    /// The table, seen by a process that just started.
    pub(crate) fn cases(&self, life: u64) -> Cases {
        Cases::through(&self.through(life), &self.site.config)
    }

    /// Puts a report on the queue, sometimes twice, sometimes late.
    pub(crate) fn send(&self, body: &str, tracking: Option<TrackingId>, random: &mut Random) {
        let attributes: BTreeMap<String, String> =
            tracking.iter().map(|id| (saring_store::TRACKING_ATTRIBUTE.to_owned(), id.to_string())).collect();
        let times = if random.per_mille(100).strikes() { 2 } else { 1 };
        for _ in 0..times {
            let delay_ms = match random.below(30) {
                0 => random.next() % 90_000,
                1..=5 => random.next() % 5_000,
                _ => 0,
            };
            let now_us = self.site.clock.now_us();
            lock(&self.site.reports).send(body, attributes.clone(), (now_us, delay_ms * 1000));
        }
    }

    /// Starts the part; the world does not end before it does.
    pub(crate) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let site = Arc::clone(&self.site);
        *lock(&site.at_work) += 1;
        self.site.clock.spawn(async move {
            work.await;
            *lock(&site.at_work) -= 1;
        });
    }
}

pub(crate) fn tracking(random: &mut Random) -> TrackingId {
    let bytes: [u8; TRACKING_BYTES] = std::array::from_fn(|_| (random.next() >> 32) as u8);
    TrackingId::from_bytes(bytes)
}
