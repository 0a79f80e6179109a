//! Live claims: what was added and retired since an index was built, and the trail of it.

use std::collections::BTreeSet;

use super::Claim;
use crate::case::{Actor, AuditHash, Timestamp};
pub use crate::chain::first_break;
use crate::chain::{Chained, digest};

/// Most live claims; beyond it, an index is to be built with them.
pub const LIVE_CLAIMS_MAX: usize = 500;

/// What happened to a live claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimAction {
    /// It counts from now on, new or in place of what it said before.
    Added,
    /// It counts no more, wherever it stands.
    Retired,
}

impl ClaimAction {
    /// The code of the table.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Retired => "retired",
        }
    }

    /// # Errors
    /// Returns the code if it is none.
    pub fn parse(code: &str) -> Result<Self, String> {
        [Self::Added, Self::Retired].into_iter().find(|a| a.code() == code).ok_or_else(|| code.to_owned())
    }
}

/// One event of the trail of live claims; each is bound to the one before by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEvent {
    /// From 1, without gaps.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: ClaimAction,
    /// Which claim.
    pub claim: String,
    /// SHA-256 of what the claim says; of nothing where it was retired.
    pub content: AuditHash,
    /// Hash of the event before.
    pub previous: AuditHash,
}

impl ClaimEvent {
    /// Hash of all that the event says.
    #[must_use]
    pub fn hash(&self) -> AuditHash {
        let parts: [&[u8]; 7] = [
            &self.sequence.to_le_bytes(),
            &self.at.unix_ms().to_le_bytes(),
            self.actor.as_str().as_bytes(),
            self.action.code().as_bytes(),
            self.claim.as_bytes(),
            self.content.as_str().as_bytes(),
            self.previous.as_str().as_bytes(),
        ];
        digest(&parts)
    }
}

/// Hash of what a claim says; nothing is a retired claim.
#[must_use]
pub fn content_hash(claim: Option<&Claim>) -> AuditHash {
    let json = claim.map(|c| serde_json::to_vec(&c.fields()).unwrap_or_default());
    digest(&[json.as_deref().unwrap_or_default()])
}

impl Chained for ClaimEvent {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn previous(&self) -> &AuditHash {
        &self.previous
    }

    fn own_hash(&self) -> AuditHash {
        self.hash()
    }
}

/// The live claims as they are now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveClaims {
    /// Grows with every change; 0 if there never was one.
    pub revision: u64,
    /// Claims that count.
    pub active: Vec<Claim>,
    /// Ids that count no more.
    pub retired: BTreeSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_missing_event_breaks_the_trail() {
        let mut events: Vec<ClaimEvent> = Vec::new();
        for sequence in 1..=3 {
            events.push(ClaimEvent {
                sequence,
                at: Timestamp::from_unix_ms(1000 * sequence),
                actor: Actor::parse("moderator:a").expect("a name"),
                action: if sequence == 3 { ClaimAction::Retired } else { ClaimAction::Added },
                claim: format!("k{sequence}"),
                content: content_hash(None),
                previous: events.last().map_or_else(AuditHash::root, ClaimEvent::hash),
            });
        }
        assert_eq!(first_break(&events), None);
        let mut changed = events.clone();
        changed[1].claim = "other".to_owned();
        assert_eq!(first_break(&changed), Some(3));
        events.remove(1);
        assert_eq!(first_break(&events), Some(2));
    }
}
