//! The screening function on the queue: the real handler, in processes that die and are replaced.

use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage, SqsMessageAttribute};
use lambda_runtime::LambdaEvent;
use saring_domain::case::TrackingId;
use saring_screen::{Context, Sources};

use super::crash;
use crate::Sabotage;
use crate::executor::{Ending, lock, until_poll};
use crate::judge::Rule;
use crate::queue::Message;
use crate::random::Random;
use crate::site::{Part, tracking};
use crate::table::Mood;

const BATCH_MESSAGES_MAX: usize = 10;
/// The function's own time limit.
const TIME_MAX: Duration = Duration::from_secs(15);
/// How long messages stay hidden: now and then too short, so that two processes have the same one.
const HIDDEN_MS: [u64; 4] = [20_000, 20_000, 20_000, 2_000];
const PAUSE: Duration = Duration::from_millis(700);

type Process = Context<Rule, Box<dyn Fn() -> SystemTime + Send + Sync>, Box<dyn Fn() -> TrackingId + Send + Sync>>;

fn process(part: &Part, life: u64) -> (Process, usize) {
    let random = part.random().fork(life);
    let release = *lock(&part.site.release);
    let (clock, ids) = (part.clone(), std::sync::Mutex::new(random.fork(9)));
    let sources = Sources {
        clock: Box::new(move || clock.system_time()) as Box<dyn Fn() -> SystemTime + Send + Sync>,
        ids: Box::new(move || tracking(&mut lock(&ids))) as Box<dyn Fn() -> TrackingId + Send + Sync>,
    };
    let rule = Rule::of_release(release, random.fork(8));
    (Context::with_sources(rule, part.cases(life), sources), release)
}

fn event(messages: &[Message]) -> SqsEvent {
    let record = |message: &Message| {
        let mut record = SqsMessage::default();
        record.message_id = Some(message.id());
        record.body = Some(message.body.clone());
        for (name, value) in &message.attributes {
            let mut attribute = SqsMessageAttribute::default();
            attribute.string_value = Some(value.clone());
            record.message_attributes.insert(name.clone(), attribute);
        }
        record
    };
    let mut event = SqsEvent::default();
    event.records = messages.iter().map(record).collect();
    event
}

/// Works until all is quiet.
pub(crate) async fn run(part: Part) {
    let mut random = part.random();
    let mut life = 0;
    let (mut context, mut release) = process(&part, life);
    loop {
        let calm = part.site.mood() == Mood::Calm;
        let hidden_ms = if calm { HIDDEN_MS[0] } else { *random.of(&HIDDEN_MS) };
        let now_us = part.site.clock.now_us();
        let batch = lock(&part.site.reports).receive(now_us, BATCH_MESSAGES_MAX, hidden_ms * 1000);
        if batch.is_empty() {
            if *lock(&part.site.closed) && lock(&part.site.reports).is_empty() {
                return;
            }
            part.sleep(PAUSE).await;
            continue;
        }
        // A deployment reaches a process between two batches.
        let deployed = release != *lock(&part.site.release) && random.below(3) == 0;
        if !one(&part, &context, &batch, &mut random).await || deployed {
            life += 1;
            (context, release) = process(&part, life);
        }
    }
}

/// Whether the process lives on.
async fn one(part: &Part, context: &Process, batch: &[Message], random: &mut Random) -> bool {
    let site = &part.site;
    let calm = site.mood() == Mood::Calm;
    for message in batch {
        site.note(&message.id(), || format!("{} {} received it: {}", part.name, part.number, message.body));
    }
    let crash_at = if calm { None } else { crash(random, 60) };
    let work = Box::pin(context.handle(LambdaEvent::new(event(batch), lambda_runtime::Context::default())));
    let limited = async {
        let limit = part.sleep(TIME_MAX);
        tokio::select! {
            biased;
            done = work => Some(done),
            () = limit => None,
        }
    };
    let failures = match until_poll(limited, crash_at).await {
        Ending::Done(Some(Ok(response))) => response.batch_item_failures,
        Ending::Done(Some(Err(_)) | None) | Ending::Crashed => {
            site.note("", || format!("{} {} died", part.name, part.number));
            lock(&site.ledger).crashes += 1;
            return false;
        }
    };
    let keep = site.sabotage != Some(Sabotage::LostPartialFailure);
    for message in batch {
        if keep && failures.iter().any(|failure| failure.item_identifier == message.id()) {
            let again_us = site.clock.now_us() + 1_000_000;
            lock(&site.reports).give_back(message.number, again_us);
            continue;
        }
        // What isn't deleted comes again.
        if calm || !random.per_mille(10).strikes() {
            lock(&site.reports).delete(message.number);
        }
    }
    true
}
