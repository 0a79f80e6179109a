//! The fields of a case and what they must agree on; storage and `verify` share it.

use std::fmt;

use super::{
    Asked, CaseError, CaseId, CaseStatus, Escalated, Labels, Lock, NamedAgency, PendingEdit, Proposal, Publication,
    PublishedBy, RejectReason, Screened, Timestamp,
};
use crate::policy::Decision;
use crate::priority::Rank;
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
    /// To whom it was given back, if it was.
    pub returned: Option<NamedAgency>,
    /// What a moderator corrected.
    pub labels: Option<Labels>,
    /// Who works on it, until when.
    pub lock: Option<Lock>,
    /// The changed text that it waits for.
    pub edit: Option<PendingEdit>,
    /// A moderator's decision that has not taken effect yet.
    pub proposal: Option<Proposal>,
    /// What the reporter was asked and has not answered.
    pub asked: Option<Asked>,
    /// That a supervisor should decide.
    pub escalated: Option<Escalated>,
    /// Its place among those that wait for a person.
    pub rank: Rank,
    /// When the reporter asked to have the decision looked at again.
    pub appealed_at: Option<Timestamp>,
    /// Since when its clock has run out.
    pub overdue_at: Option<Timestamp>,
    /// The change after which it says what it says now; what others are told hangs on it.
    pub decided: Decided,
    /// When the report was accepted.
    pub received_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// The latest change of what a case says, as against who works on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decided {
    /// The version that it made.
    pub version: u64,
    /// When.
    pub at: Timestamp,
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
    /// Given back without an agency, or the reverse.
    Returned,
    /// Waits for a changed text without one, or the reverse.
    Edit,
    /// A decision rests, or a question or an escalation stands, though nothing waits for a person; or
    /// somebody works on a case whose decision rests.
    Resting,
    /// A version below 1, or a decision of a version that it never had.
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
            Self::Returned => "its status and the agency it was given back to disagree",
            Self::Edit => "its status and its changed text disagree",
            Self::Resting => "its status and its resting decision, question or escalation disagree",
            Self::Version => "its version is below 1 or below the one decided",
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
        check(self.returned.is_some() == (self.status == CaseStatus::Returned), Breach::Returned);
        check(self.edit.is_some() == (self.status == CaseStatus::Edited), Breach::Edit);
        let stands = self.proposal.is_some() || self.asked.is_some() || self.escalated.is_some();
        check(!stands || self.status == CaseStatus::InReview, Breach::Resting);
        check(self.proposal.is_none() || self.lock.is_none(), Breach::Resting);
        check(self.version >= 1 && (1..=self.version).contains(&self.decided.version), Breach::Version);
        breaches
    }

    /// Code of the category that counts: the corrected one, or the likeliest.
    #[must_use]
    pub fn category(&self) -> Option<&str> {
        let corrected = self.labels.as_ref().and_then(|l| l.category.as_ref()).map(super::LabelCode::as_str);
        corrected.or_else(|| self.screened.category.first().map(|c| c.code.as_str()))
    }

    /// The agency that counts: the corrected one, or the likeliest.
    #[must_use]
    pub fn agency(&self) -> Option<NamedAgency> {
        let corrected = self.labels.as_ref().and_then(|l| l.agency.clone());
        corrected.or_else(|| self.screened.agency.first().map(NamedAgency::from))
    }

    /// The region that counts: the corrected one, or the one found.
    #[must_use]
    pub fn region(&self) -> Option<&super::NamedRegion> {
        let corrected = self.labels.as_ref().and_then(|l| l.region.as_ref());
        corrected.or(self.screened.region.as_ref())
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
