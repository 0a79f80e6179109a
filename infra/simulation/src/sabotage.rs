//! Builds that are broken on purpose, so that the simulator can show that it would notice. What a
//! broken build would send is made of what the real one sends, on its way: no product code knows of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::executor::Clock;
use crate::network::Request;
use crate::site::Site;
use crate::table::Mood;

/// A bug that is planted into a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The public row is written before the transaction that accounts for it.
    PublishBeforeWrite,
    /// The failures of a batch are lost: its messages are deleted all the same.
    LostPartialFailure,
    /// Each sending of a decision has an event id of its own.
    NonIdempotentNotify,
    /// What moderators do is written over whatever is there.
    UnlockedReview,
}

/// Writes the row of a case ahead of its transaction.
pub(crate) async fn ahead(site: &Arc<Site>, request: &Request, clock: &Clock) {
    if site.sabotage != Some(Sabotage::PublishBeforeWrite) || request.operation != "TransactWriteItems" {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return };
    let public = body["TransactItems"].as_array().into_iter().flatten().find(|item| {
        let item = &item["Put"]["Item"];
        item["sk"]["S"] == "case" && item.get("feed_pk").is_some()
    });
    let Some(public) = public else { return };
    let put = json!({ "TableName": public["Put"]["TableName"], "Item": public["Put"]["Item"] });
    let put = request.instead("PutItem", &put);
    put.ask_table(site, Mood::Faulty);
    clock.sleep(Duration::from_millis(3)).await;
}

/// A moderator's transaction without its conditions.
pub(crate) fn without_conditions(request: &Request) -> Option<Vec<u8>> {
    if request.by != "moderator" || request.operation != "TransactWriteItems" {
        return None;
    }
    let mut body: Value = serde_json::from_slice(&request.body).ok()?;
    for item in body["TransactItems"].as_array_mut()? {
        for part in item.as_object_mut()?.values_mut() {
            let part = part.as_object_mut()?;
            if part.remove("ConditionExpression").is_some() && part.contains_key("Item") {
                part.remove("ExpressionAttributeNames");
                part.remove("ExpressionAttributeValues");
            }
        }
    }
    Some(body.to_string().into_bytes())
}

/// A decision whose event id differs at each sending.
pub(crate) fn renamed(body: &str, sending: usize) -> String {
    let Ok(mut decision) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    decision["event_id"] = json!(format!("{}-{sending}", decision["event_id"].as_str().unwrap_or_default()));
    decision.to_string()
}
