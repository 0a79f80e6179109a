//! The function on the table's stream: the real handler, from batch to batch, again after a failure.

use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::LambdaEvent;
use saring_notify::Context;
use saring_store::Decisions;

use super::crash;
use crate::executor::{Ending, lock, until_poll};
use crate::site::{BEGAN_MS, Part};
use crate::table::{Entry, Mood};

const BATCH_ENTRIES_MAX: usize = 20;
const TIME_MAX: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(1500);

fn record(entry: &Entry) -> String {
    let image = |name: &str, item: &Option<std::sync::Arc<crate::table::Item>>| {
        item.as_ref().map_or_else(String::new, |item| format!("\"{name}\":{},", item.json))
    };
    let (old, new) = (image("OldImage", &entry.written.old), image("NewImage", &entry.written.new));
    let at_s = (BEGAN_MS + entry.at_us / 1000) / 1000;
    let (pk, sk) = &entry.written.key;
    format!(
        "{{\"eventID\":\"{0}\",\"eventName\":\"MODIFY\",\"awsRegion\":\"us-east-1\",\"dynamodb\":{{\
         \"ApproximateCreationDateTime\":{at_s},\"Keys\":{{\"pk\":{{\"S\":\"{pk}\"}},\"sk\":{{\"S\":\"{sk}\"}}}},{old}{new}\
         \"SequenceNumber\":\"{0}\",\"SizeBytes\":1,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}}}",
        entry.sequence
    )
}

fn event(entries: &[Entry]) -> Option<Event> {
    let records: Vec<String> = entries.iter().map(record).collect();
    serde_json::from_str(&format!("{{\"Records\":[{}]}}", records.join(","))).ok()
}

/// Reads the stream until all is quiet and told.
pub(crate) async fn run(part: Part) {
    let mut random = part.random();
    let (mut place, mut life) = (0_usize, 0);
    let queue = |life| Context::new(Decisions::through(&part.through(life), "http://exchange/decisions"));
    let mut context = queue(life);
    loop {
        let entries: Vec<Entry> = {
            let table = lock(&part.site.table);
            let most = 1 + random.below(BATCH_ENTRIES_MAX);
            table.stream[place..].iter().take(most).cloned().collect()
        };
        if entries.is_empty() {
            let others = *lock(&part.site.at_work);
            if *lock(&part.site.closed) && others == 1 {
                return;
            }
            part.sleep(PAUSE).await;
            continue;
        }
        let calm = part.site.mood() == Mood::Calm;
        let event = event(&entries).expect("entries of the stream are events");
        let crash_at = if calm { None } else { crash(&mut random, 40) };
        let work = Box::pin(context.handle(LambdaEvent::new(event, lambda_runtime::Context::default())));
        let limited = async {
            tokio::select! {
                biased;
                done = work => Some(done),
                () = part.sleep(TIME_MAX) => None,
            }
        };
        match until_poll(limited, crash_at).await {
            Ending::Done(Some(Ok(response))) => {
                let failed = response.batch_item_failures.first().and_then(|f| f.item_identifier.as_deref());
                let failed: Option<usize> = failed.and_then(|sequence| sequence.parse().ok());
                place = failed.unwrap_or(place + entries.len());
                if failed.is_some() {
                    part.sleep(PAUSE).await;
                }
            }
            Ending::Done(Some(Err(_)) | None) | Ending::Crashed => {
                lock(&part.site.ledger).crashes += 1;
                life += 1;
                context = queue(life);
            }
        }
        // A shard whose reader was replaced goes on from where it was last known to be.
        if !calm && random.per_mille(20).strikes() {
            place = place.saturating_sub(random.below(BATCH_ENTRIES_MAX));
        }
    }
}
