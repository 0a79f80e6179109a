//! The trail of a case: append-only, each event bound to the one before by its hash.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{CaseId, ModelVersion, PolicyVersion, Timestamp};
use crate::report::{TextHash, hex};

/// Longest actor, in bytes.
pub const ACTOR_BYTES_MAX: usize = 200;

/// Why a string names no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor must be 1 to {ACTOR_BYTES_MAX} bytes without control characters")]
pub struct ActorError;

/// Who acted: a function (`system:screen`) or a person (`moderator:…`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(String);

impl Actor {
    /// # Errors
    /// Empty, too long, or with control characters.
    pub fn parse(name: &str) -> Result<Self, ActorError> {
        let valid = (1..=ACTOR_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        valid.then(|| Self(name.to_owned())).ok_or(ActorError)
    }

    /// The function that takes reports in.
    #[must_use]
    pub fn intake() -> Self {
        Self("system:intake".to_owned())
    }

    /// The function that screens.
    #[must_use]
    pub fn screen() -> Self {
        Self("system:screen".to_owned())
    }

    /// The function that looks after clocks and locks.
    #[must_use]
    pub fn sweep() -> Self {
        Self("system:sweep".to_owned())
    }

    /// Whoever knows the tracking id.
    #[must_use]
    pub fn reporter() -> Self {
        Self("reporter".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// The report was accepted; there is no case yet.
    Received,
    /// The verdict became a case.
    Screened,
    /// A report with the same id but another text was refused.
    Conflict,
    /// A moderator decided.
    Resolved,
    /// A moderator decided; it rests before it takes effect.
    Proposed,
    /// A resting decision was taken back.
    Withdrawn,
    /// The reporter is asked for more.
    Asked,
    /// A supervisor should decide.
    Escalated,
    /// A moderator gave the case to another.
    HandedOver,
    /// Somebody checked a decision without knowing it.
    Checked,
    /// A moderator took the case, for a while.
    Claimed,
    /// The case is free again.
    Released,
    /// Not this office's business: given back with the agency that it belongs to.
    Returned,
    /// Less visible than before.
    Tightened,
    /// A moderator corrected labels.
    Corrected,
    /// The reporter asks to have the decision looked at again.
    Appealed,
    /// The reporter changed the text; the case is held until the new one is screened.
    Edited,
    /// The reporter changed the text before it was screened.
    Replaced,
    /// The verdict about a changed text.
    Rescreened,
    /// A public case came back to review: it repeats a claim that was checked later.
    Recalled,
    /// A clock of working days ran out.
    Overdue,
    /// A moderator said that the case says what another one says.
    Folded,
    /// Somebody read the original.
    OriginalRead,
    /// The case and its original are gone; this trail is what is left.
    Erased,
}

impl AuditAction {
    /// All actions.
    pub const ALL: [Self; 24] = [
        Self::Received,
        Self::Screened,
        Self::Conflict,
        Self::Resolved,
        Self::Proposed,
        Self::Withdrawn,
        Self::Asked,
        Self::Escalated,
        Self::HandedOver,
        Self::Checked,
        Self::Claimed,
        Self::Released,
        Self::Returned,
        Self::Tightened,
        Self::Corrected,
        Self::Appealed,
        Self::Edited,
        Self::Replaced,
        Self::Rescreened,
        Self::Recalled,
        Self::Overdue,
        Self::Folded,
        Self::OriginalRead,
        Self::Erased,
    ];

    /// The code of the trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Screened => "screened",
            Self::Conflict => "conflict",
            Self::Resolved => "resolved",
            Self::Proposed => "proposed",
            Self::Withdrawn => "withdrawn",
            Self::Asked => "asked",
            Self::Escalated => "escalated",
            Self::HandedOver => "handed_over",
            Self::Checked => "checked",
            Self::Claimed => "claimed",
            Self::Released => "released",
            Self::Returned => "returned",
            Self::Tightened => "tightened",
            Self::Corrected => "corrected",
            Self::Appealed => "appealed",
            Self::Edited => "edited",
            Self::Replaced => "replaced",
            Self::Rescreened => "rescreened",
            Self::Recalled => "recalled",
            Self::Overdue => "overdue",
            Self::Folded => "folded",
            Self::OriginalRead => "original_read",
            Self::Erased => "erased",
        }
    }

    /// Whether the action makes a new version of the case.
    #[must_use]
    pub const fn changes_case(self) -> bool {
        !matches!(
            self,
            Self::Received | Self::Conflict | Self::Replaced | Self::OriginalRead | Self::Checked | Self::Folded
        )
    }
}

/// Hash of an event, in lower-case hexadecimal digits; the first event follows `root`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuditHash(String);

impl AuditHash {
    /// What precedes the first event.
    #[must_use]
    pub fn root() -> Self {
        Self("0".repeat(64))
    }

    /// # Errors
    /// Anything but 64 lower-case hexadecimal digits.
    pub fn parse(digits: &str) -> Result<Self, AuditHashError> {
        let valid = digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(digits.to_owned())).ok_or(AuditHashError)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a string is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an audit hash must be 64 lower-case hexadecimal digits")]
pub struct AuditHashError;

/// One entry of the trail. It carries codes and versions, never any of the report's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Of which case.
    pub case: CaseId,
    /// Place in the trail, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: AuditAction,
    /// Version of the case afterwards; 0 before there is a case.
    pub case_version: u64,
    /// Hash of the text that it is about.
    pub text_hash: TextHash,
    /// By which model, where one took part.
    pub model: Option<ModelVersion>,
    /// By which policy, where one took part.
    pub policy: Option<PolicyVersion>,
    /// Code such as `publish` or `reject.spam`.
    pub detail: String,
    /// Hash of the event before.
    pub previous: AuditHash,
}

impl AuditEvent {
    /// SHA-256 of [`canonical_json`](Self::canonical_json).
    #[must_use]
    pub fn hash(&self) -> AuditHash {
        AuditHash(hex(&Sha256::digest(self.canonical_json())))
    }

    /// JSON without blanks, keys in the order of their bytes: the same for the same event.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let text = |s: &str| Value::String(s.to_owned());
        let optional = |s: Option<&str>| s.map_or(Value::Null, text);
        // A BTreeMap rather than serde_json's map, whose order depends on a feature.
        let fields = BTreeMap::from([
            ("action", text(self.action.code())),
            ("actor", text(self.actor.as_str())),
            ("at", self.at.unix_ms().into()),
            ("case", text(&self.case.to_string())),
            ("case_version", self.case_version.into()),
            ("detail", text(&self.detail)),
            ("model", optional(self.model.as_ref().map(ModelVersion::as_str))),
            ("policy", optional(self.policy.as_ref().map(PolicyVersion::as_str))),
            ("previous", text(self.previous.as_str())),
            ("sequence", self.sequence.into()),
            ("text_hash", text(self.text_hash.as_str())),
        ]);
        compact(&fields)
    }
}

fn compact(fields: &BTreeMap<&str, Value>) -> String {
    serde_json::to_string(fields).expect("strings and numbers have a json form")
}

/// Where a trail is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("the audit trail is broken at event {sequence}: {what}")]
pub struct ChainError {
    /// The first event that is not as it must be, from 1.
    pub sequence: u64,
    /// How.
    pub what: ChainBreak,
}

/// How a trail is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainBreak {
    /// An event is missing or out of order.
    Sequence,
    /// An event was changed after it, or before it was written.
    Previous,
    /// The version is not the one that follows.
    Version,
    /// It belongs to another case.
    Case,
}

impl fmt::Display for ChainBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sequence => "an event is missing",
            Self::Previous => "the hash of the event before differs",
            Self::Version => "the case version does not follow",
            Self::Case => "it belongs to another case",
        })
    }
}

/// The end of a checked trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// How many events.
    pub events: u64,
    /// Hash of the last; the root if there is none.
    pub hash: AuditHash,
    /// Version of the case after the last.
    pub case_version: u64,
}

/// Checks a whole trail, in order.
///
/// # Errors
/// The first event that doesn't follow from the one before.
pub fn check_chain(case: CaseId, events: &[AuditEvent]) -> Result<ChainEnd, ChainError> {
    let mut end = ChainEnd { events: 0, hash: AuditHash::root(), case_version: 0 };
    for event in events {
        let sequence = end.events + 1;
        let broken = |what| Err(ChainError { sequence, what });
        let version = end.case_version + u64::from(event.action.changes_case());
        if event.sequence != sequence {
            return broken(ChainBreak::Sequence);
        }
        if event.case != case {
            return broken(ChainBreak::Case);
        }
        if event.previous != end.hash {
            return broken(ChainBreak::Previous);
        }
        if event.case_version != version {
            return broken(ChainBreak::Version);
        }
        end = ChainEnd { events: sequence, hash: event.hash(), case_version: version };
    }
    Ok(end)
}
