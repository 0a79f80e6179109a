//! A case as a typed state machine: `Screened` → `Case` → `Case`. A transition consumes its
//! input; visibility only tightens; nothing becomes public without a basis.

mod audit;
mod change;
#[cfg(test)]
mod change_tests;
mod id;
mod labels;
mod recall;
mod record;
mod remask;
mod ruling;
mod screened;
mod status;
#[cfg(test)]
mod tests;
mod time;

use std::fmt;

pub use audit::{
    ACTOR_BYTES_MAX, Actor, ActorError, AuditAction, AuditEvent, AuditHash, AuditHashError, ChainBreak, ChainEnd,
    ChainError, check_chain,
};
pub use change::{Change, EditedFrom, LOCK_MAX_MS, Lock, PendingEdit};
pub use id::{CaseId, IdError, TRACKING_BYTES, TrackingId};
pub use labels::{
    AGENCY_NAME_CHARS_MAX, ClaimMark, LABEL_BYTES_MAX, LabelCode, LabelError, Labels, Mark, NamedAgency, agency_name,
};
pub use recall::Recall;
pub use record::{Breach, CaseRecord, Decided};
pub use ruling::{AskReason, Asked, Escalated, Proposal, REST_MAX_MS, Ruling};
pub use screened::{
    MatchedClaim, ModelVersion, NamedRegion, PolicyVersion, RankedAgency, Screened, VERSION_BYTES_MAX, VersionError,
};
pub use status::{CaseStatus, RejectReason};
pub use time::Timestamp;

use crate::policy::Decision;
use crate::priority::Rank;
use crate::report::{Report, TextHash, Visibility};

/// What a moderator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// Public, as visible as the case is.
    Publish,
    /// Public without the reporter's name.
    PublishAnonymous,
    /// Not public at all.
    Confidential,
    /// Not public, and the reporter learns why.
    Reject(RejectReason),
}

impl Resolution {
    /// The code of the audit trail.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Publish => "publish".to_owned(),
            Self::PublishAnonymous => "publish_anonymous".to_owned(),
            Self::Confidential => "confidential".to_owned(),
            Self::Reject(reason) => format!("reject.{}", reason.code()),
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

/// Who let a case onto the public side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublishedBy {
    /// The screening, with the decision to publish.
    Screening,
    /// A moderator.
    Moderator,
}

impl PublishedBy {
    /// The code of records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Screening => "screening",
            Self::Moderator => "moderator",
        }
    }
}

/// What a place on the public side rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Since when.
    pub at: Timestamp,
    /// Who let it on.
    pub by: PublishedBy,
    /// With which version of the case.
    pub version: u64,
    /// For exactly this text.
    pub text_hash: TextHash,
    /// Screened by this model.
    pub model: ModelVersion,
    /// Under this policy.
    pub policy: PolicyVersion,
}

/// Why a transition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The verdict is about another text than the report's.
    #[error("the verdict is about another text")]
    OtherText,
    /// The verdict is looser than what the reporter chose.
    #[error("visibility '{to}' is looser than '{from}'")]
    Loosened {
        /// What it is.
        from: &'static str,
        /// What it would become.
        to: &'static str,
    },
    /// The status does not allow it.
    #[error("a case that is {status} cannot be resolved with '{resolution}'")]
    Illegal {
        /// The status.
        status: &'static str,
        /// The resolution.
        resolution: String,
    },
    /// The status does not allow the change.
    #[error("a case that is {status} does not allow '{change}'")]
    Refused {
        /// The status.
        status: &'static str,
        /// The change.
        change: &'static str,
    },
    /// Somebody else works on the case.
    #[error("the case is taken until {until}")]
    Taken {
        /// Until when.
        until: Timestamp,
    },
    /// The case is not taken by whoever wants to release it, or the lock has not run out.
    #[error("the case is not taken by this moderator")]
    NotTaken,
    /// A lock would end in the past or too late.
    #[error("a lock must end within {} minutes from now", LOCK_MAX_MS / 60_000)]
    LockLength,
    /// A decision would rest too long, or not at all.
    #[error("a decision must rest until within {} minutes from now", REST_MAX_MS / 60_000)]
    RestLength,
    /// A decision rests; it must be taken back first, or take effect.
    #[error("a decision rests until {until}")]
    Rests {
        /// Until when.
        until: Timestamp,
    },
    /// No decision rests, or another one than expected.
    #[error("no such decision rests")]
    NothingRests,
    /// Somebody else's decision rests.
    #[error("the decision is another moderator's")]
    NotOwn,
    /// Stretches of personal data that are not in order, overlap, or end outside the text.
    #[error("stretches of personal data must be in order within the text")]
    Spans,
    /// An edit that changes nothing.
    #[error("the text is the one that was screened")]
    SameText,
    /// The reporter has appealed before.
    #[error("the case was appealed before")]
    AppealedBefore,
    /// A person published the case with this claim beside it.
    #[error("a person published the case knowing this claim")]
    Weighed,
    /// The record contradicts itself.
    #[error("the record of case {id} is broken: {breach}")]
    Broken {
        /// Of which case.
        id: CaseId,
        /// The first contradiction.
        breach: Breach,
    },
}

/// A case that is consistent by construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Case(CaseRecord);

impl Case {
    /// Opens a case for a screened report.
    ///
    /// # Errors
    /// A verdict about another text, looser than the reporter's choice, or without reasons.
    pub fn open(report: &Report, id: CaseId, screened: Screened, times: Opened) -> Result<Self, CaseError> {
        if screened.text_hash != report.text_hash() {
            return Err(CaseError::OtherText);
        }
        let visibility = screened.verdict.visibility;
        if visibility < report.visibility {
            return Err(CaseError::Loosened { from: report.visibility.code(), to: visibility.code() });
        }
        let status = match (screened.verdict.decision, visibility) {
            (Decision::Review, _) => CaseStatus::InReview,
            (Decision::Publish, Visibility::Rahasia) => CaseStatus::Confidential,
            (Decision::Publish, Visibility::Publik | Visibility::Anonim) => CaseStatus::Published,
        };
        let rank = Rank::of(&screened, times.received_at);
        let mut record = CaseRecord {
            id,
            report_id: report.id.clone(),
            version: 1,
            status,
            chosen: report.visibility,
            visibility,
            screened,
            publication: None,
            rejection: None,
            returned: None,
            labels: None,
            lock: None,
            edit: None,
            proposal: None,
            asked: None,
            escalated: None,
            rank,
            appealed_at: None,
            overdue_at: None,
            decided: Decided { version: 1, at: times.screened_at },
            received_at: times.received_at,
            changed_at: times.screened_at,
        };
        if status == CaseStatus::Published {
            record.publish(PublishedBy::Screening);
        }
        Self::restore(record)
    }

    /// A case from its record.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn restore(record: CaseRecord) -> Result<Self, CaseError> {
        match record.breaches().into_iter().next() {
            Some(breach) => Err(CaseError::Broken { id: record.id, breach }),
            None => Ok(Self(record)),
        }
    }

    /// Carries out a moderator's decision.
    ///
    /// # Errors
    /// One that the status doesn't allow, or that would loosen the visibility.
    pub fn resolve(self, resolution: Resolution, at: Timestamp) -> Result<Self, CaseError> {
        let mut record = self.0;
        let illegal =
            |status: CaseStatus| Err(CaseError::Illegal { status: status.code(), resolution: resolution.code() });
        match (record.status, resolution) {
            (CaseStatus::Rejected | CaseStatus::Returned | CaseStatus::Edited, _)
            | (CaseStatus::Published, Resolution::Publish)
            | (
                CaseStatus::Confidential,
                Resolution::Publish | Resolution::PublishAnonymous | Resolution::Confidential,
            ) => {
                return illegal(record.status);
            }
            (CaseStatus::Published, Resolution::PublishAnonymous) if record.visibility == Visibility::Anonim => {
                return illegal(record.status);
            }
            _ => {}
        }
        record.next_version(at);
        record.clear();
        match resolution {
            Resolution::Publish => {
                let visibility = record.visibility;
                record.publish_as(visibility)?;
            }
            Resolution::PublishAnonymous => record.publish_as(Visibility::Anonim)?,
            Resolution::Confidential => {
                record.visibility = Visibility::Rahasia;
                record.status = CaseStatus::Confidential;
            }
            Resolution::Reject(reason) => {
                record.status = CaseStatus::Rejected;
                record.rejection = Some(reason);
            }
        }
        Self::restore(record)
    }

    /// Everything about it.
    #[must_use]
    pub fn record(&self) -> &CaseRecord {
        &self.0
    }

    /// Its public id.
    #[must_use]
    pub fn id(&self) -> CaseId {
        self.0.id
    }

    /// For optimistic locking; 1 for a new case.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.0.version
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> CaseStatus {
        self.0.status
    }

    /// Everything about it, to be taken apart.
    #[must_use]
    pub fn into_record(self) -> CaseRecord {
        self.0
    }
}

/// When a report came and when it was screened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// When the report was accepted.
    pub received_at: Timestamp,
    /// When its verdict was recorded.
    pub screened_at: Timestamp,
}
