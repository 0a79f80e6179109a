//! Sends decisions again, for consumers that lost some or entries that became dead letters.

use saring_domain::case::Timestamp;
use saring_store::{Cases, DecisionMessage, Decisions, StoreError};

use crate::message::decision;

/// Sends what every case decided since then says now; returns how many. Harmless to repeat: the
/// same decision has the same event id and body.
///
/// # Errors
/// No answer from the table or the queue; what was sent before it stays sent.
pub async fn resend(cases: &Cases, decisions: &Decisions, since: Timestamp) -> Result<u64, StoreError> {
    let mut sent = 0;
    let mut after = None;
    loop {
        let page = cases.scan_cases(after).await?;
        let recent = page.items.iter().filter(|case| case.record().decided.at >= since);
        let messages: Vec<DecisionMessage> = recent.map(decision).collect();
        decisions.send(&messages).await.map_err(|unsent| unsent.error)?;
        sent += messages.len() as u64;
        after = page.next;
        if after.is_none() {
            return Ok(sent);
        }
    }
}
