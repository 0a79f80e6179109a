//! The fields of a case and what they must agree on; storage and `verify` share it.

use std::fmt;

use super::{CaseError, CaseId, CaseStatus, Publication, PublishedBy, RejectReason, Screened, Timestamp};
use crate::policy::Decision;
use crate::report::{ReportId, Visibility};

/// A case as plain fields, which may contradict each other; [`super::Case`] can't.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRecord {
    /// Its public id.
    pub id: CaseId,
    /// The input system's id of the report.
    pub report_id: ReportId,
    /// For optimistic locking; 1 for a new case.
    pub version: u64,
    /// Where it stands.
    pub status: CaseStatus,
    /// What the reporter chose.
    pub chosen: Visibility,
    /// What applies: the choice or tighter.
    pub visibility: Visibility,
    /// The verdict and what it rests on.
    pub screened: Screened,
    /// Why it is on the public side, if it is.
    pub publication: Option<Publication>,
    /// Why it was rejected, if it was.
    pub rejection: Option<RejectReason>,
    /// When the report was accepted.
    pub received_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// A contradiction within one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breach {
    /// Public without anything that it rests on, or the reverse.
    Unfounded,
    /// Public by the screening, though its decision was review.
    NotDecided,
    /// Public for another text than the one screened.
    OtherText,
    /// Public by another model than the one that screened.
    OtherModel,
    /// Public under another policy than the one that screened.
    OtherPolicy,
    /// Looser than what the reporter chose or the screening decided.
    Looser,
    /// Public though confidential.
    Confidential,
    /// A verdict without reasons.
    NoReasons,
    /// Rejected without a reason, or the reverse.
    Rejection,
    /// A version below 1.
    Version,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unfounded => "its status and its publication disagree",
            Self::NotDecided => "it is public by a screening that decided review",
            Self::OtherText => "it is public for a text that was not screened",
            Self::OtherModel => "it is public by a model that did not screen it",
            Self::OtherPolicy => "it is public under a policy that did not decide on it",
            Self::Looser => "its visibility is looser than chosen or decided",
            Self::Confidential => "it is public and confidential",
            Self::NoReasons => "its verdict has no reasons",
            Self::Rejection => "its status and its rejection disagree",
            Self::Version => "its version is below 1",
        })
    }
}

impl CaseRecord {
    /// Every contradiction; none in a record that this program wrote.
    #[must_use]
    pub fn breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let mut check = |holds: bool, breach| {
            if !holds {
                breaches.push(breach);
            }
        };
        let published = self.status == CaseStatus::Published;
        check(self.publication.is_some() == published, Breach::Unfounded);
        if let Some(publication) = &self.publication {
            let decided =
                publication.by == PublishedBy::Moderator || self.screened.verdict.decision == Decision::Publish;
            check(decided, Breach::NotDecided);
            check(publication.text_hash == self.screened.text_hash, Breach::OtherText);
            check(publication.model == self.screened.model, Breach::OtherModel);
            check(publication.policy == self.screened.policy, Breach::OtherPolicy);
        }
        check(!(published && self.visibility == Visibility::Rahasia), Breach::Confidential);
        let floor = self.chosen.tightened(self.screened.verdict.visibility);
        check(self.visibility >= floor, Breach::Looser);
        let reasons = &self.screened.verdict.reasons;
        check(!reasons.is_empty() && reasons.iter().all(|r| !r.code.is_empty()), Breach::NoReasons);
        check(self.rejection.is_some() == (self.status == CaseStatus::Rejected), Breach::Rejection);
        check(self.version >= 1, Breach::Version);
        breaches
    }

    pub(super) fn publish_as(&mut self, visibility: Visibility) -> Result<(), CaseError> {
        if visibility < self.visibility || visibility == Visibility::Rahasia {
            let to = visibility.min(Visibility::Anonim).code();
            return Err(CaseError::Loosened { from: self.visibility.code(), to });
        }
        self.visibility = visibility;
        self.status = CaseStatus::Published;
        self.publish(PublishedBy::Moderator);
        Ok(())
    }

    pub(super) fn publish(&mut self, by: PublishedBy) {
        self.publication = Some(Publication {
            at: self.changed_at,
            by,
            version: self.version,
            text_hash: self.screened.text_hash.clone(),
            model: self.screened.model.clone(),
            policy: self.screened.policy.clone(),
        });
    }
}
