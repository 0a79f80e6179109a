//! Trails beside the cases' own (live claims, settings): each event names the one before by its hash.

use crate::case::AuditHash;
use crate::claims::source_hash;

/// An event of a trail.
pub trait Chained {
    /// Its number, counted from 1.
    fn sequence(&self) -> u64;
    /// The hash of the event before, as this one names it.
    fn previous(&self) -> &AuditHash;
    /// The hash of all that it says.
    fn own_hash(&self) -> AuditHash;
}

/// The hash of what an event says, each part with its length.
pub(crate) fn digest(parts: &[&[u8]]) -> AuditHash {
    AuditHash::parse(&source_hash(parts)).unwrap_or_else(|_| AuditHash::root())
}

/// The first event that doesn't follow the one before; `None` if the trail is whole.
#[must_use]
pub fn first_break<E: Chained>(events: &[E]) -> Option<u64> {
    let mut previous = AuditHash::root();
    for (event, expected) in events.iter().zip(1..) {
        if event.sequence() != expected || *event.previous() != previous {
            return Some(expected);
        }
        previous = event.own_hash();
    }
    None
}
