//! What can be wrong, by name.

use std::collections::BTreeSet;
use std::fmt;

use saring_domain::case::{Breach, ChainBreak};

use crate::item::DecodeError;

/// Where something is wrong; it names ids and attributes, never text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// A case id or a report id.
    pub id: String,
    /// What is wrong.
    pub kind: Kind,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind.name(), self.id, self.kind)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// In the feed, but not by its case.
    UnscreenedInFeed,
    /// Published, but not in the feed.
    MissingFromFeed,
    /// Waiting for a person, but not in the review queue; or the reverse.
    ReviewQueue,
    /// The case contradicts itself.
    Case(Breach),
    /// The trail doesn't bear out that the case is public.
    NotInTrail,
    /// The text of the verdict is not the one that was accepted.
    OtherText,
    /// The trail is broken.
    Trail {
        /// The first event that is wrong, from 1.
        sequence: u64,
        /// How.
        what: ChainBreak,
    },
    /// The trail ends elsewhere than its head says: events are missing at its end.
    TrailEnd,
    /// The trail tells of another version than the case has.
    TrailVersion {
        /// Version after the last event.
        trail: u64,
        /// Version of the case; 0 if there is none.
        case: u64,
    },
    /// Something private is shown by the public index.
    PrivateInFeed {
        /// The attribute.
        attribute: String,
    },
    /// An accepted report has neither a case nor a place where it waits.
    Lost,
    /// A case that no accepted report leads to.
    Orphan,
    /// An accepted report or a changed text is not listed as waiting for its screening; or the
    /// reverse.
    Waiting,
    /// An original that is not encrypted.
    OriginalInClear,
    /// An original without an end of its retention.
    OriginalKeptForEver,
    /// A decision took effect by itself that nobody had made, that had not rested to its end, or that
    /// had been taken back.
    NotRested,
    /// Something is left of an erased case, or the trail and the head disagree on its erasure.
    NotErased,
    /// An item can't be read.
    Unreadable {
        /// Kind of the item.
        item: &'static str,
        /// What is wrong with it.
        error: DecodeError,
    },
}

impl Kind {
    /// A name for scripts: stable, in lower case.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnscreenedInFeed => "unscreened_in_feed",
            Self::MissingFromFeed => "missing_from_feed",
            Self::ReviewQueue => "review_queue",
            Self::Case(_) => "case_contradicts_itself",
            Self::NotInTrail => "publication_not_in_trail",
            Self::OtherText => "other_text",
            Self::Trail { .. } => "trail_broken",
            Self::TrailEnd => "trail_end",
            Self::TrailVersion { .. } => "trail_version",
            Self::PrivateInFeed { .. } => "private_in_feed",
            Self::Lost => "lost",
            Self::Orphan => "orphan",
            Self::Waiting => "waiting",
            Self::OriginalInClear => "original_in_clear",
            Self::OriginalKeptForEver => "original_kept_for_ever",
            Self::NotRested => "not_rested",
            Self::NotErased => "not_erased",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnscreenedInFeed => f.write_str("it is in the feed without a verdict that says so"),
            Self::MissingFromFeed => f.write_str("it is published but not in its place in the feed"),
            Self::ReviewQueue => f.write_str("its status and the review queue disagree"),
            Self::Case(breach) => breach.fmt(f),
            Self::NotInTrail => f.write_str("its audit trail does not bear out that it is public"),
            Self::OtherText => f.write_str("its verdict is about another text than the one accepted"),
            Self::Trail { sequence, what } => write!(f, "its audit trail is broken at event {sequence}: {what}"),
            Self::TrailEnd => f.write_str("its audit trail ends elsewhere than its head says"),
            Self::TrailVersion { trail, case } => {
                write!(f, "its audit trail leads to version {trail}, the case is at version {case}")
            }
            Self::PrivateInFeed { attribute } => write!(f, "the public index shows attribute '{attribute}'"),
            Self::Lost => f.write_str("it was accepted, but has no case and does not wait for one"),
            Self::Orphan => f.write_str("no accepted report leads to it"),
            Self::Waiting => f.write_str("its state and the list of what waits for a screening disagree"),
            Self::OriginalInClear => f.write_str("its original is not encrypted"),
            Self::OriginalKeptForEver => f.write_str("its original has no end of retention"),
            Self::NotRested => f.write_str("a decision took effect by itself without resting to its end"),
            Self::NotErased => f.write_str("it was erased and something of it is left, or its trail does not say so"),
            Self::Unreadable { item, error } => write!(f, "its {item} cannot be read: {error}"),
        }
    }
}

/// What a walk saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Cases.
    pub cases: u64,
    /// Accepted reports that wait for their screening.
    pub pending: u64,
    /// Erased cases.
    pub erased: u64,
    /// Events of trails.
    pub events: u64,
    /// Rows of the feed.
    pub feed_rows: u64,
    /// What is wrong, in order of id.
    pub violations: BTreeSet<Violation>,
}

impl Findings {
    pub(super) fn add(&mut self, id: &impl ToString, kind: Kind) {
        self.violations.insert(Violation { id: id.to_string(), kind });
    }
}
