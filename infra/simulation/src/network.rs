//! What lies between the SDK and the services: latency, throttles, lost requests and lost answers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use saring_store::{Answer, Answering, Exchange, Passing};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::Sabotage;
use crate::executor::lock;
use crate::random::Random;
use crate::sabotage;
use crate::site::{Part, Site};
use crate::table::{Call, Mood};

/// After so long a connection is known to be dead.
const SILENCE: Duration = Duration::from_secs(30);

/// Overload comes in spells of ten seconds, one in so many; of a thousand requests so many are throttled
/// then, which is more than retries bridge.
const SPELL_US: u64 = 10_000_000;
const STORM_SPELLS: u64 = 12;
const STORM_THROTTLED: u64 = 600;

/// The network of one process.
#[derive(Debug)]
pub(crate) struct Network {
    part: Part,
    random: Mutex<Random>,
}

/// What happens to a request.
enum Way {
    Through {
        there: Duration,
        back: Duration,
    },
    Throttled(Duration),
    Failed(Duration),
    /// It never arrives.
    Lost,
    /// It arrives, its answer does not.
    AnswerLost(Duration),
    /// It arrives and the connection breaks.
    Broken(Duration),
}

impl Network {
    pub(crate) fn new(part: Part, random: Random) -> Self {
        Self { part, random: Mutex::new(random) }
    }

    /// Whether the services are overloaded for everybody just now.
    fn storms(&self) -> bool {
        let spell = self.part.site.clock.now_us() / SPELL_US;
        self.part.site.random.fork(spell).next().is_multiple_of(STORM_SPELLS)
    }

    fn way(&self) -> Way {
        let storms = self.storms();
        let mut random = lock(&self.random);
        let slow = random.per_mille(6).strikes();
        let there = if slow { random.between_ms(300, 4500) } else { random.between_ms(1, 9) };
        if storms && random.per_mille(STORM_THROTTLED).strikes() {
            return Way::Throttled(there);
        }
        match random.below(1000) {
            0..12 => Way::Throttled(there),
            12..15 => Way::Failed(there),
            15..18 => Way::Lost,
            18..21 => Way::AnswerLost(there),
            21..24 => Way::Broken(there),
            _ => Way::Through { there, back: random.between_ms(1, 5) },
        }
    }
}

impl Exchange for Network {
    fn answer(&self, operation: &str, body: &[u8]) -> Answering {
        let site = Arc::clone(&self.part.site);
        let (service, operation) = operation.split_once('.').unwrap_or(("", operation));
        let request = Request {
            queue: service == "AmazonSQS",
            operation: operation.to_owned(),
            body: body.to_vec(),
            by: self.part.name,
        };
        if site.mood() == Mood::Calm {
            let said = request.answer(&site, Mood::Calm);
            return Box::pin(async move { said });
        }
        let way = self.way();
        let (answer, coming) = oneshot::channel();
        let clock = site.clock.clone();
        let spawner = clock.clone();
        spawner.spawn(async move {
            let there = match way {
                Way::Through { there: time, .. }
                | Way::Throttled(time)
                | Way::Failed(time)
                | Way::AnswerLost(time)
                | Way::Broken(time) => time,
                Way::Lost => SILENCE,
            };
            clock.sleep(there).await;
            let said = match way {
                Way::Lost => Answer::Broken,
                Way::Throttled(_) => throttled(&request),
                Way::Failed(_) => {
                    let body = json!({ "__type": "InternalServerError", "message": "try again" });
                    Answer::Said { status: 500, body: body.to_string().into_bytes() }
                }
                Way::Through { .. } | Way::AnswerLost(_) | Way::Broken(_) => {
                    sabotage::ahead(&site, &request, &clock).await;
                    request.answer(&site, Mood::Faulty)
                }
            };
            match way {
                Way::Through { back, .. } => clock.sleep(back).await,
                Way::AnswerLost(_) => clock.sleep(SILENCE).await,
                _ => {}
            }
            let said = if matches!(way, Way::AnswerLost(_) | Way::Broken(_)) { Answer::Broken } else { said };
            // Nobody waits any more where the process died.
            answer.send(said).ok();
        });
        Box::pin(async move { coming.await.unwrap_or(Answer::Broken) })
    }

    fn pass(&self, time: Duration) -> Passing {
        Box::pin(self.part.site.clock.sleep(time))
    }

    fn now(&self) -> SystemTime {
        self.part.system_time()
    }
}

fn throttled(request: &Request) -> Answer {
    let kind = if request.queue { "ThrottlingException" } else { "ProvisionedThroughputExceededException" };
    let body = json!({ "__type": kind, "message": "too much at once" });
    Answer::Said { status: 400, body: body.to_string().into_bytes() }
}

/// A request that arrived.
pub(crate) struct Request {
    queue: bool,
    pub(crate) operation: String,
    pub(crate) body: Vec<u8>,
    /// Kind of the part that asks.
    pub(crate) by: &'static str,
}

impl Request {
    fn answer(&self, site: &Site, mood: Mood) -> Answer {
        let (status, body) = if self.queue { self.ask_queue(site, mood) } else { self.ask_table(site, mood) };
        Answer::Said { status, body: body.into_bytes() }
    }

    pub(crate) fn ask_table(&self, site: &Site, mood: Mood) -> (u16, String) {
        let body = match site.sabotage {
            Some(Sabotage::UnlockedReview) => sabotage::without_conditions(self),
            _ => None,
        };
        let now_us = site.clock.now_us();
        let mut table = lock(&site.table);
        let body = body.as_deref().unwrap_or(&self.body);
        let said = table.answer(Call { operation: &self.operation, now_us, mood, body });
        let committed = std::mem::take(&mut table.committed);
        if !committed.is_empty() {
            let mut ledger = lock(&site.ledger);
            for written in committed {
                ledger.saw(site, &table, &written, self.by);
            }
        }
        said
    }

    fn ask_queue(&self, site: &Site, mood: Mood) -> (u16, String) {
        let request: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if self.operation == "SendMessageBatch" {
            return (200, lock(&site.ledger).told(site, &request, mood));
        }
        let now_us = site.clock.now_us();
        lock(&site.reports).answer(&self.operation, &request, now_us)
    }
}

impl Request {
    /// Another request of the same part.
    pub(crate) fn instead(&self, operation: &str, body: &Value) -> Self {
        Self { queue: false, operation: operation.to_owned(), body: body.to_string().into_bytes(), by: self.by }
    }
}
