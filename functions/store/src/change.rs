//! What happens to a case after its screening: each change one transaction with its event.

use saring_domain::case::{
    Actor, AuditAction, Case, CaseError, CaseId, Change, Labels, Resolution, Timestamp, TrackingId,
};
use saring_domain::report::{Report, ReportId, ReportText, Visibility};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::Reader;
use crate::names as n;
use crate::notes::NoteText;
use crate::trail::Draft;
use crate::transact::{ATTEMPTS_MAX, Outcome, Write, listed_item};

/// What came of changing the text of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Edited {
    /// The case is held until the new text is screened.
    Held(Box<Case>),
    /// There was no verdict yet: the new text takes the place of the old one.
    Replaced,
    /// The report has this text already, with the tighter visibility if it was asked for; sending it
    /// to the screening again is harmless.
    Same,
}

impl Cases {
    /// Carries out a moderator's decision on the version that the moderator saw.
    ///
    /// # Errors
    /// No answer, no such case, a version that has moved on, a transition that is not legal.
    pub async fn resolve(
        &self,
        id: CaseId,
        expected_version: u64,
        resolution: Resolution,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Case, StoreError> {
        self.change(id, expected_version, &Change::Resolve(resolution), actor, now).await
    }

    /// Carries out any change on the version that its author saw, but for those of reporters
    /// ([`Change::Edit`], [`Change::Appeal`], [`Change::Choose`]), which have methods of their own.
    ///
    /// # Errors
    /// No answer, no such case, a version that has moved on, another's lock, a transition that is
    /// not legal.
    pub async fn change(
        &self,
        id: CaseId,
        expected_version: u64,
        change: &Change,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Case, StoreError> {
        if matches!(change, Change::Edit(_) | Change::Appeal | Change::Choose(_)) {
            let (status, change) = ("changed by a moderator", change.action().code());
            return Err(CaseError::Refused { status, change }.into());
        }
        self.change_with(id, Some(expected_version), change, actor, now, || Ok(None)).await
    }

    /// The same with a moderator's note, which is sealed beside the original.
    ///
    /// # Errors
    /// As [`Cases::change`]; a note without a key for originals.
    pub async fn change_noted(
        &self,
        id: CaseId,
        expected_version: u64,
        change: &Change,
        note: Option<&NoteText>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Case, StoreError> {
        let Some(note) = note else { return self.change(id, expected_version, change, actor, now).await };
        if matches!(change, Change::Edit(_) | Change::Appeal) {
            let (status, change) = ("changed by a moderator", change.action().code());
            return Err(CaseError::Refused { status, change }.into());
        }
        let put = || Ok(Some(self.put_any(self.note_item(id, expected_version + 1, note, now)?)));
        self.change_with(id, Some(expected_version), change, actor, now, put).await
    }

    /// Corrects labels whose spans say where all personal data is, and masks the public text anew from
    /// the original; the trail says that it was read.
    ///
    /// # Errors
    /// As [`Cases::change`]; no key for originals, or none left.
    pub async fn remask(
        &self,
        id: CaseId,
        expected_version: u64,
        labels: &Labels,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Case, StoreError> {
        const OPERATION: &str = "masking a text anew";
        let report = self.original(id, actor, now).await?.ok_or(StoreError::NoCase(id))?;
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(id).await?;
            let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
            if case.version() != expected_version {
                return Err(StoreError::Stale { case: id, expected: expected_version, actual: case.version() });
            }
            let case = case.remask(&report, labels.clone(), actor, now)?;
            let record = case.record();
            let event = head.next(Draft::of(record, actor, AuditAction::Corrected, labels.codes()));
            let writes = [
                self.put_over(listed_item(record)?, expected_version),
                self.put_event(&event),
                self.move_head(&head, &event),
            ];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(case);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The reporter asks to have the decision looked at again, with a reason that is kept like the
    /// original.
    ///
    /// # Errors
    /// No answer, no such case, one that can't be appealed or was before.
    pub async fn appeal(
        &self,
        tracking: TrackingId,
        reason: Option<&ReportText>,
        now: Timestamp,
    ) -> Result<Case, StoreError> {
        let id = tracking.case_id();
        let note = || reason.map(|text| Ok(self.put_any(self.sealed_item(id, n::APPEAL_SK, text.as_str(), now)?)));
        self.change_with(id, None, &Change::Appeal, &Actor::reporter(), now, || note().transpose()).await
    }

    /// The reporter asks for less visibility than chosen before; nothing where that is chosen already.
    /// What is public becomes so without a name, or leaves the feed, in the same transaction.
    ///
    /// # Errors
    /// No answer, no such case.
    pub async fn choose(&self, id: CaseId, to: Visibility, now: Timestamp) -> Result<Option<Case>, StoreError> {
        match self.change_with(id, None, &Change::Choose(to), &Actor::reporter(), now, || Ok(None)).await {
            Ok(case) => Ok(Some(case)),
            Err(StoreError::Case(CaseError::Loosened { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn change_with(
        &self,
        id: CaseId,
        expected_version: Option<u64>,
        change: &Change,
        actor: &Actor,
        now: Timestamp,
        beside: impl Fn() -> Result<Option<Write>, StoreError>,
    ) -> Result<Case, StoreError> {
        const OPERATION: &str = "recording a change of a case";
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(id).await?;
            let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
            let version = case.version();
            if let Some(expected) = expected_version.filter(|expected| *expected != version) {
                return Err(StoreError::Stale { case: id, expected, actual: version });
            }
            let settled = match change {
                Change::Settle(ruling) => self.settled_writes(&case, ruling, now),
                _ => Vec::new(),
            };
            let changed = case.change(change, actor, now)?;
            let record = changed.record();
            let event = head.next(Draft::of(record, actor, change.action(), change.detail()));
            let mut writes = vec![
                self.put_over(listed_item(record)?, version),
                self.put_event(&event),
                self.move_head(&head, &event),
            ];
            writes.extend(beside()?);
            writes.extend(settled);
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(changed);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The input system's id of the report of a tracking id.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn report_id(&self, tracking: TrackingId) -> Result<Option<ReportId>, StoreError> {
        let head = self.get("reading a report's id", &n::case_pk(tracking.case_id()), n::HEAD_SK).await?;
        let id = head.map(|head| Reader(&head).parsed(n::REPORT_ID, ReportId::parse));
        id.transpose().map_err(unreadable("head"))
    }

    /// The reporter changes the text. Nothing of the report is public until the screening has
    /// recorded its verdict about the new text; send it to the queue afterwards.
    ///
    /// # Errors
    /// No answer; no such report under this tracking id; a report of the same text that was
    /// screened.
    pub async fn edit(&self, tracking: TrackingId, report: &Report, now: Timestamp) -> Result<Edited, StoreError> {
        const OPERATION: &str = "recording a changed text";
        let id = tracking.case_id();
        let text_hash = report.text_hash();
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let receipt = self.receipt(&report.id).await?.filter(|r| r.tracking == tracking);
            let receipt = receipt.ok_or(StoreError::NoCase(id))?;
            let head = self.head_of(id).await?;
            if head.erased_at.is_some() {
                return Err(StoreError::NoCase(id));
            }
            if receipt.text_hash == text_hash {
                return match self.choose(id, report.visibility, now).await {
                    // Without a case the screening will see the tighter choice.
                    Ok(_) | Err(StoreError::NoCase(_)) => Ok(Edited::Same),
                    Err(error) => Err(error),
                };
            }
            let actor = Actor::reporter();
            let (edited, mut writes, event) = if let Some(case) = self.case(id).await? {
                let version = case.version();
                let case = case.change(&Change::Edit(text_hash.clone()), &actor, now)?;
                let record = case.record();
                let draft = Draft::of(record, &actor, AuditAction::Edited, String::new());
                let event = head.next(Draft { text_hash: &text_hash, ..draft });
                let write = self.put_over(listed_item(record)?, version);
                (Edited::Held(Box::new(case)), vec![write], event)
            } else {
                let event = head.next(Draft {
                    at: now,
                    actor: &actor,
                    action: AuditAction::Replaced,
                    case_version: 0,
                    text_hash: &text_hash,
                    versions: None,
                    detail: String::new(),
                });
                (Edited::Replaced, vec![self.check_no_case(id)], event)
            };
            writes.push(self.move_receipt(&report.id, &receipt, &text_hash));
            writes.push(self.put_event(&event));
            writes.push(self.move_head(&head, &event));
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(edited);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }
}
