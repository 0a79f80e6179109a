//! What happens to a case after its screening: by moderators, reporters and the sweep.

use super::{
    Actor, AuditAction, Case, CaseError, CaseRecord, CaseStatus, Decided, Escalated, LabelCode, Labels, NamedAgency,
    Proposal, PublishedBy, REST_MAX_MS, Resolution, Ruling, Screened, Timestamp,
};
use crate::policy::Decision;
use crate::priority::Rank;
use crate::report::{Report, TextHash, Visibility};

/// Longest lock, in milliseconds: an hour.
pub const LOCK_MAX_MS: u64 = 3_600_000;

/// Who works on a case, until when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lock {
    /// Who.
    pub holder: Actor,
    /// Until when; afterwards anybody may take the case.
    pub until: Timestamp,
}

/// A changed text that waits for its screening.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PendingEdit {
    /// Which text.
    pub text_hash: TextHash,
    /// What the case was.
    pub from: EditedFrom,
}

/// What a case was before its text was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EditedFrom {
    /// Let through by the screening alone: the screening may do so again.
    Unattended,
    /// Held, or decided by a person: a person decides again, so that nobody can try texts until one
    /// passes.
    Attended,
}

impl EditedFrom {
    /// The code of records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unattended => "unattended",
            Self::Attended => "attended",
        }
    }

    /// What a code names.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Unattended, Self::Attended].into_iter().find(|from| from.code() == code)
    }
}

/// A transition of an open case. Each makes a new version and one event of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Take the case until then, or keep it longer.
    Claim {
        /// Until when.
        until: Timestamp,
    },
    /// Give up one's own lock.
    Release,
    /// Take away another's lock; for supervisors.
    Unlock,
    /// Remove a lock that has run out; for the sweep.
    Expire,
    /// Decide.
    Resolve(Resolution),
    /// Decide, but let it rest until then: it can be taken back.
    Propose {
        /// What.
        ruling: Ruling,
        /// Why.
        why: LabelCode,
        /// When it takes effect.
        due: Timestamp,
    },
    /// Take one's own resting decision back.
    Withdraw,
    /// Take another's resting decision back; for supervisors.
    Overrule,
    /// Let this resting decision take effect.
    Settle(Ruling),
    /// Let a supervisor decide.
    Escalate(LabelCode),
    /// Give one's lock to another.
    HandOver {
        /// To whom.
        to: Actor,
        /// Until when.
        until: Timestamp,
    },
    /// Give the report back: it is that agency's business.
    Return(NamedAgency),
    /// Make it less visible.
    Tighten(Visibility),
    /// The reporter wants to be less visible than chosen before. Nobody's lock holds that up.
    Choose(Visibility),
    /// Correct labels.
    Correct(Labels),
    /// The reporter asks to have the decision looked at again; once.
    Appeal,
    /// The reporter changed the text to this one.
    Edit(TextHash),
    /// A clock of working days ran out.
    Overdue,
}

impl Change {
    /// Its action in the trail.
    #[must_use]
    pub const fn action(&self) -> AuditAction {
        match self {
            Self::Claim { .. } => AuditAction::Claimed,
            Self::Release | Self::Unlock | Self::Expire => AuditAction::Released,
            Self::Resolve(_) | Self::Settle(Ruling::Resolve(_)) => AuditAction::Resolved,
            Self::Propose { .. } => AuditAction::Proposed,
            Self::Withdraw | Self::Overrule => AuditAction::Withdrawn,
            Self::Settle(Ruling::Ask(_)) => AuditAction::Asked,
            Self::Escalate(_) => AuditAction::Escalated,
            Self::HandOver { .. } => AuditAction::HandedOver,
            Self::Return(_) | Self::Settle(Ruling::Return(_)) => AuditAction::Returned,
            Self::Tighten(_) | Self::Choose(_) => AuditAction::Tightened,
            Self::Correct(_) => AuditAction::Corrected,
            Self::Appeal => AuditAction::Appealed,
            Self::Edit(_) => AuditAction::Edited,
            Self::Overdue => AuditAction::Overdue,
        }
    }

    /// What the trail says beside the action: codes, never text.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Claim { until } => format!("until {until}"),
            Self::Release => "by_holder".to_owned(),
            Self::Unlock | Self::Overrule => "by_supervisor".to_owned(),
            Self::Expire => "expired".to_owned(),
            Self::Resolve(resolution) | Self::Settle(Ruling::Resolve(resolution)) => resolution.code(),
            Self::Propose { ruling, why, due } => format!("{} why={} due={due}", ruling.code(), why.as_str()),
            Self::Withdraw => "by_author".to_owned(),
            Self::Settle(Ruling::Ask(reason)) => reason.code().to_owned(),
            Self::Escalate(why) => why.as_str().to_owned(),
            Self::HandOver { to, until } => format!("to {} until {until}", to.as_str()),
            Self::Return(agency) | Self::Settle(Ruling::Return(agency)) => agency.agency().code().to_owned(),
            Self::Tighten(visibility) => visibility.code().to_owned(),
            Self::Choose(visibility) => format!("chosen {}", visibility.code()),
            Self::Correct(labels) => labels.codes(),
            Self::Appeal | Self::Edit(_) | Self::Overdue => String::new(),
        }
    }

    /// Whether only the holder of a lock may do it while there is one.
    const fn respects_lock(&self) -> bool {
        matches!(
            self,
            Self::Claim { .. }
                | Self::Resolve(_)
                | Self::Propose { .. }
                | Self::Escalate(_)
                | Self::HandOver { .. }
                | Self::Return(_)
                | Self::Tighten(_)
                | Self::Correct(_)
        )
    }

    /// Whether the case says something else afterwards.
    const fn decides(&self) -> bool {
        matches!(
            self,
            Self::Resolve(_)
                | Self::Settle(_)
                | Self::Return(_)
                | Self::Tighten(_)
                | Self::Choose(_)
                | Self::Correct(_)
                | Self::Appeal
                | Self::Edit(_)
        )
    }
}

impl Case {
    /// Carries out a change.
    ///
    /// # Errors
    /// One that the status or somebody's lock doesn't allow, or that would loosen the visibility.
    pub fn change(self, change: &Change, actor: &Actor, at: Timestamp) -> Result<Self, CaseError> {
        if change.respects_lock() {
            self.free_for(actor, at)?;
            // What rests is decided; whoever wants it otherwise takes it back first.
            if let Some(proposal) = &self.record().proposal {
                return Err(CaseError::Rests { until: proposal.due });
            }
        }
        if let Change::Propose { ruling, .. } = change {
            self.allows(ruling, at)?;
        }
        if let Change::Settle(ruling) = change {
            return self.settle(ruling, actor, at);
        }
        if let Change::Resolve(resolution) = change {
            return self.resolve(*resolution, at);
        }
        let mut record = self.into_record();
        let refused = CaseError::Refused { status: record.status.code(), change: change.action().code() };
        record.next_version(at);
        if change.decides() {
            record.decided = Decided { version: record.version, at };
        }
        match change {
            Change::Resolve(_) | Change::Settle(_) => {}
            Change::Propose { ruling, why, due } => record.propose(ruling, why, *due, actor)?,
            Change::Withdraw | Change::Overrule => {
                let proposal = record.proposal.take().ok_or(CaseError::NothingRests)?;
                if matches!(change, Change::Withdraw) && proposal.by != *actor {
                    return Err(CaseError::NotOwn);
                }
                if proposal.due <= at {
                    return Err(CaseError::NothingRests);
                }
            }
            Change::Escalate(why) => {
                if record.status != CaseStatus::InReview || record.escalated.is_some() {
                    return Err(refused);
                }
                record.lock = None;
                record.escalated = Some(Escalated { why: why.clone(), by: actor.clone(), at });
            }
            Change::HandOver { to, until } => {
                if record.status != CaseStatus::InReview || to == actor {
                    return Err(refused);
                }
                record.lock = Some(lock(to, *until, at)?);
            }
            Change::Claim { until } => {
                if record.status != CaseStatus::InReview {
                    return Err(refused);
                }
                record.lock = Some(lock(actor, *until, at)?);
            }
            Change::Release | Change::Unlock | Change::Expire => {
                let lock = record.lock.take().ok_or(CaseError::NotTaken)?;
                let allowed = match change {
                    Change::Release => lock.holder == *actor,
                    Change::Expire => lock.until <= at,
                    _ => true,
                };
                if !allowed {
                    return Err(CaseError::NotTaken);
                }
            }
            Change::Return(agency) => {
                if !matches!(record.status, CaseStatus::InReview | CaseStatus::Published | CaseStatus::Confidential) {
                    return Err(refused);
                }
                record.clear();
                record.status = CaseStatus::Returned;
                record.returned = Some(agency.clone());
            }
            Change::Tighten(visibility) => record.tighten(*visibility)?,
            Change::Choose(visibility) => record.choose(*visibility)?,
            Change::Correct(labels) => record.labels = Some(labels.clone()),
            Change::Appeal => {
                if !matches!(record.status, CaseStatus::Rejected | CaseStatus::Returned) {
                    return Err(refused);
                }
                if record.appealed_at.is_some() {
                    return Err(CaseError::AppealedBefore);
                }
                record.clear();
                record.status = CaseStatus::InReview;
                record.appealed_at = Some(at);
                record.rank = Rank::of(&record.screened, at);
            }
            Change::Edit(text_hash) => record.edit(text_hash)?,
            Change::Overdue => {
                if record.status != CaseStatus::InReview || record.overdue_at.is_some() {
                    return Err(refused);
                }
                record.overdue_at = Some(at);
            }
        }
        Self::restore(record)
    }

    /// The verdict about the text that the reporter changed.
    ///
    /// # Errors
    /// A case that waits for no such text, or a verdict about another one.
    pub fn rescreen(self, report: &Report, screened: Screened, at: Timestamp) -> Result<Self, CaseError> {
        let mut record = self.into_record();
        let refused = CaseError::Refused { status: record.status.code(), change: AuditAction::Rescreened.code() };
        let edit = record.edit.take().ok_or(refused)?;
        let text_hash = report.text_hash();
        if screened.text_hash != text_hash || edit.text_hash != text_hash {
            return Err(CaseError::OtherText);
        }
        record.next_version(at);
        record.clear();
        record.chosen = record.chosen.tightened(report.visibility);
        record.visibility = record.visibility.tightened(record.chosen).tightened(screened.verdict.visibility);
        record.status = match (screened.verdict.decision, edit.from, record.visibility) {
            (Decision::Review, _, _) | (_, EditedFrom::Attended, _) => CaseStatus::InReview,
            (Decision::Publish, EditedFrom::Unattended, Visibility::Rahasia) => CaseStatus::Confidential,
            (Decision::Publish, EditedFrom::Unattended, Visibility::Publik | Visibility::Anonim) => {
                CaseStatus::Published
            }
        };
        record.screened = screened;
        // Spans of the old text say nothing about the new one.
        if let Some(labels) = &mut record.labels {
            labels.spans = None;
        }
        record.rank = Rank::of(&record.screened, at);
        if record.status == CaseStatus::Published {
            record.publish(PublishedBy::Screening);
        }
        Self::restore(record)
    }

    fn free_for(&self, actor: &Actor, at: Timestamp) -> Result<(), CaseError> {
        match &self.record().lock {
            Some(lock) if lock.holder != *actor && lock.until > at => Err(CaseError::Taken { until: lock.until }),
            _ => Ok(()),
        }
    }
}

impl CaseRecord {
    pub(super) fn next_version(&mut self, at: Timestamp) {
        self.version += 1;
        self.changed_at = at;
    }

    fn propose(&mut self, ruling: &Ruling, why: &LabelCode, due: Timestamp, by: &Actor) -> Result<(), CaseError> {
        if self.status != CaseStatus::InReview {
            let change = AuditAction::Proposed.code();
            return Err(CaseError::Refused { status: self.status.code(), change });
        }
        let at = self.changed_at;
        if due <= at || due.unix_ms() - at.unix_ms() > REST_MAX_MS {
            return Err(CaseError::RestLength);
        }
        self.lock = None;
        self.proposal = Some(Proposal { ruling: ruling.clone(), why: why.clone(), by: by.clone(), at, due });
        Ok(())
    }

    fn tighten(&mut self, to: Visibility) -> Result<(), CaseError> {
        if self.status == CaseStatus::Edited {
            return Err(CaseError::Refused { status: self.status.code(), change: AuditAction::Tightened.code() });
        }
        if to <= self.visibility {
            return Err(CaseError::Loosened { from: self.visibility.code(), to: to.code() });
        }
        self.show_as(to);
        Ok(())
    }

    /// What a reporter chose holds in every status, also before a changed text is screened.
    fn choose(&mut self, to: Visibility) -> Result<(), CaseError> {
        if to <= self.chosen {
            return Err(CaseError::Loosened { from: self.chosen.code(), to: to.code() });
        }
        self.chosen = to;
        self.show_as(self.visibility.tightened(to));
        Ok(())
    }

    /// Of what is public, only what may be stays so.
    fn show_as(&mut self, visibility: Visibility) {
        self.visibility = visibility;
        if self.status == CaseStatus::Published && visibility == Visibility::Rahasia {
            self.publication = None;
            self.status = CaseStatus::Confidential;
        }
    }

    fn edit(&mut self, text_hash: &TextHash) -> Result<(), CaseError> {
        let from = match (&self.edit, self.status, &self.publication) {
            (Some(edit), _, _) if edit.text_hash == *text_hash => return Err(CaseError::SameText),
            (Some(edit), _, _) => edit.from,
            (None, _, _) if self.screened.text_hash == *text_hash => return Err(CaseError::SameText),
            (None, CaseStatus::Published, Some(publication)) if publication.by == PublishedBy::Screening => {
                EditedFrom::Unattended
            }
            (None, ..) => EditedFrom::Attended,
        };
        self.clear();
        self.status = CaseStatus::Edited;
        self.edit = Some(PendingEdit { text_hash: text_hash.clone(), from });
        Ok(())
    }
}

fn lock(holder: &Actor, until: Timestamp, at: Timestamp) -> Result<Lock, CaseError> {
    if until <= at || until.unix_ms() - at.unix_ms() > LOCK_MAX_MS {
        return Err(CaseError::LockLength);
    }
    Ok(Lock { holder: holder.clone(), until })
}
