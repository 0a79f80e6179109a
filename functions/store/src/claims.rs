//! Live claims: added and retired without a deployment, each change with an event in a trail of
//! its own. They stand in one partition: there are few, and functions read them together.

use saring_domain::case::{Actor, AuditHash, Timestamp};
use saring_domain::claims::{
    CLAIM_ID_BYTES_MAX, Claim, ClaimAction, ClaimEvent, LIVE_CLAIMS_MAX, LiveClaims, content_hash, read_claims,
};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, value_error};
use crate::names as n;
use crate::transact::{ATTEMPTS_MAX, Outcome, Write};

const PARTITION: &str = "claims";
const CLAIM_PREFIX: &str = "claim#";
const EVENT_PREFIX: &str = "event#";
const CLAIM: &str = "claim";
const CLAIM_ID: &str = "claim_id";
const CONTENT: &str = "content";
/// Longest claim, in bytes of its JSON; well below the limit of an item.
const CLAIM_BYTES_MAX: usize = 128 * 1024;

/// Where the trail of claims ends.
struct End {
    sequence: u64,
    hash: AuditHash,
}

impl Cases {
    /// Adds a live claim or replaces what it said; the event of it goes into the trail.
    ///
    /// # Errors
    /// No answer, too many live claims, or a claim that is too long.
    pub async fn add_claim(&self, claim: &Claim, actor: &Actor, now: Timestamp) -> Result<ClaimEvent, StoreError> {
        let live = self.live_claims().await?;
        if live.active.len() >= LIVE_CLAIMS_MAX && live.active.iter().all(|c| c.id() != claim.id()) {
            let actual = live.active.len() + 1;
            return Err(StoreError::TooMany { what: "live claims", actual, limit: LIVE_CLAIMS_MAX });
        }
        self.change_claim(claim.id(), Some(claim), actor, now).await
    }

    /// Lets a claim count no more, live or in an index; the event of it goes into the trail.
    ///
    /// # Errors
    /// No answer, or an id that can't be one.
    pub async fn retire_claim(&self, id: &str, actor: &Actor, now: Timestamp) -> Result<ClaimEvent, StoreError> {
        if id.is_empty() || id.len() > CLAIM_ID_BYTES_MAX {
            return Err(StoreError::TooLarge { what: "a claim's id", actual: id.len(), limit: CLAIM_ID_BYTES_MAX });
        }
        self.change_claim(id, None, actor, now).await
    }

    /// Changes whenever a live claim does: cheap to ask for.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn claims_revision(&self) -> Result<u64, StoreError> {
        Ok(self.end_of_claims().await?.sequence)
    }

    /// All live claims. Read before its end moved on, a trail names an older revision, so that
    /// the next look reads again.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn live_claims(&self) -> Result<LiveClaims, StoreError> {
        let mut live = LiveClaims { revision: self.claims_revision().await?, ..LiveClaims::default() };
        for item in self.partition(PARTITION.to_owned(), Some(CLAIM_PREFIX)).await? {
            let item = Reader(&item);
            let decode = || match item.optional_text(CLAIM)? {
                None => Ok(Err(item.text(CLAIM_ID)?.to_owned())),
                Some(json) => read_claims(json.as_bytes()).claims.pop().map(Ok).ok_or(value_error(CLAIM)),
            };
            match decode().map_err(unreadable("live claim"))? {
                Ok(claim) => live.active.push(claim),
                Err(id) => {
                    live.retired.insert(id);
                }
            }
        }
        Ok(live)
    }

    /// The trail of live claims, in order, unchecked.
    ///
    /// # Errors
    /// No answer, or an event that can't be read.
    pub async fn claim_events(&self) -> Result<Vec<ClaimEvent>, StoreError> {
        let items = self.partition(PARTITION.to_owned(), Some(EVENT_PREFIX)).await?;
        items.iter().map(|item| decode_event(item).map_err(unreadable("claim event"))).collect()
    }

    async fn change_claim(
        &self,
        id: &str,
        claim: Option<&Claim>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<ClaimEvent, StoreError> {
        const OPERATION: &str = "changing a live claim";
        let json = claim.map(|c| serde_json::to_string(&c.fields()).unwrap_or_default());
        let actual = json.as_ref().map_or(0, String::len);
        if actual > CLAIM_BYTES_MAX {
            return Err(StoreError::TooLarge { what: "a live claim", actual, limit: CLAIM_BYTES_MAX });
        }
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let end = self.end_of_claims().await?;
            let event = ClaimEvent {
                sequence: end.sequence + 1,
                at: now,
                actor: actor.clone(),
                action: if claim.is_some() { ClaimAction::Added } else { ClaimAction::Retired },
                claim: id.to_owned(),
                content: content_hash(claim),
                previous: end.hash.clone(),
            };
            let item = Writer::default()
                .text(n::PK, PARTITION)
                .text(n::SK, format!("{CLAIM_PREFIX}{id}"))
                .text(CLAIM_ID, id)
                .optional_text(CLAIM, json.clone())
                .time(n::CHANGED_AT, now)
                .text(n::ACTOR, actor.as_str())
                .finish();
            let writes = [self.put_any(item), self.put_new(event_item(&event)), self.move_claims_end(&end, &event)];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(event);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    async fn end_of_claims(&self) -> Result<End, StoreError> {
        let item = self.get("reading the end of the claims' trail", PARTITION, n::HEAD_SK).await?;
        let Some(item) = item else { return Ok(End { sequence: 0, hash: AuditHash::root() }) };
        let item = Reader(&item);
        let decode = || {
            Ok(End { sequence: item.number(n::AUDIT_SEQUENCE)?, hash: item.parsed(n::AUDIT_HASH, AuditHash::parse)? })
        };
        decode().map_err(unreadable("end of the claims' trail"))
    }

    /// Moves the end of the trail on, if it is still where it was read.
    fn move_claims_end(&self, end: &End, event: &ClaimEvent) -> Write {
        let item = Writer::default()
            .text(n::PK, PARTITION)
            .text(n::SK, n::HEAD_SK)
            .number(n::AUDIT_SEQUENCE, event.sequence)
            .text(n::AUDIT_HASH, event.hash().as_str())
            .finish();
        self.put_end(item, end.sequence, &end.hash)
    }
}

fn event_item(event: &ClaimEvent) -> Attributes {
    Writer::default()
        .text(n::PK, PARTITION)
        .text(n::SK, format!("{EVENT_PREFIX}{:016}", event.sequence))
        .number(n::AUDIT_SEQUENCE, event.sequence)
        .time(n::AT, event.at)
        .text(n::ACTOR, event.actor.as_str())
        .text(n::ACTION, event.action.code())
        .text(CLAIM_ID, &*event.claim)
        .text(CONTENT, event.content.as_str())
        .text(n::PREVIOUS, event.previous.as_str())
        .finish()
}

fn decode_event(item: &Attributes) -> Result<ClaimEvent, DecodeError> {
    let item = Reader(item);
    Ok(ClaimEvent {
        sequence: item.number(n::AUDIT_SEQUENCE)?,
        at: item.time(n::AT)?,
        actor: item.parsed(n::ACTOR, Actor::parse)?,
        action: item.parsed(n::ACTION, ClaimAction::parse)?,
        claim: item.text(CLAIM_ID)?.to_owned(),
        content: item.parsed(CONTENT, AuditHash::parse)?,
        previous: item.parsed(n::PREVIOUS, AuditHash::parse)?,
    })
}
