//! What the person wrote: sealed, apart from the case, read only with an event in the trail, and
//! erasable.

use saring_domain::case::{Actor, AuditAction, CaseId, Timestamp};
use saring_domain::report::{Report, ReportText};

use crate::campaigns::MARKER_SK;
use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, Reader, Writer};
use crate::names as n;
use crate::queue::encode_report;
use crate::seal::{Keyring, Place, SealError, Sealed};
use crate::trail::{Draft, Head};
use crate::transact::{ATTEMPTS_MAX, Outcome};

/// What came of erasing a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// It is gone; the trail says so.
    Done,
    /// It was gone before.
    Before,
}

impl Cases {
    /// What the person wrote. The trail says who read it before anything is read; nothing where
    /// the retention has ended or the case was erased.
    ///
    /// # Errors
    /// No answer, no such case, no key, or an original that can't be opened.
    pub async fn original(&self, id: CaseId, reader: &Actor, now: Timestamp) -> Result<Option<Report>, StoreError> {
        let Some(json) = self.read_sealed(id, n::ORIGINAL_SK, reader, now).await? else { return Ok(None) };
        // What was sealed is what this crate wrote; the parser's words could quote it.
        Report::from_json(json.as_bytes()).map(Some).map_err(|_| StoreError::Seal(SealError::Broken))
    }

    /// The reason that the reporter gave for an appeal; read like an original.
    ///
    /// # Errors
    /// As [`Cases::original`].
    pub async fn appeal_reason(
        &self,
        id: CaseId,
        reader: &Actor,
        now: Timestamp,
    ) -> Result<Option<ReportText>, StoreError> {
        let Some(text) = self.read_sealed(id, n::APPEAL_SK, reader, now).await? else { return Ok(None) };
        ReportText::parse(&text).map(Some).map_err(|_| StoreError::Seal(SealError::Broken))
    }

    /// Removes the case, its original and its appeal. What is left says that there was a report,
    /// when it was erased and by whom, and keeps a redelivery from bringing it back. Hashes of its
    /// text stay in the trail, which could not be checked without them.
    ///
    /// # Errors
    /// No answer, or no such report.
    pub async fn erase(&self, id: CaseId, actor: &Actor, now: Timestamp) -> Result<Erasure, StoreError> {
        const OPERATION: &str = "erasing a case";
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(id).await?;
            if head.erased_at.is_some() {
                return Ok(Erasure::Before);
            }
            let events = self.audit(id).await?;
            let last = events.last().filter(|event| event.sequence == head.sequence);
            // A trail that was read while it grew: look again.
            let Some(last) = last else { continue };
            let case = self.case_item_version(id).await?;
            self.delete_notes(id).await?;
            let marker = self.campaign_marker(id).await?;
            let event = head.next(Draft {
                at: now,
                actor,
                action: AuditAction::Erased,
                case_version: last.case_version + 1,
                text_hash: &last.text_hash,
                versions: None,
                detail: String::new(),
            });
            let mut writes = vec![
                match case {
                    Some(version) => self.delete_case(id, version),
                    None => self.check_no_case(id),
                },
                self.delete(n::original_pk(id), n::ORIGINAL_SK),
                self.delete(n::original_pk(id), n::APPEAL_SK),
                self.put_event(&event),
                self.move_head(&head, &event),
            ];
            if let Some(reporter) = &head.reporter {
                let (pk, sk) = reporter.key();
                writes.push(self.delete(pk, sk));
            }
            if let Some(marker) = &marker {
                let (pk, sk) = marker.member();
                writes.push(self.delete(pk, sk));
                writes.push(self.delete(n::case_pk(id), MARKER_SK));
            }
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(Erasure::Done);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The version of a case, also of one that can't be read otherwise: it can be erased too.
    async fn case_item_version(&self, id: CaseId) -> Result<Option<u64>, StoreError> {
        let item = self.get("reading a case", &n::case_pk(id), n::CASE_SK).await?;
        item.map(|item| Reader(&item).number(n::VERSION)).transpose().map_err(unreadable("case"))
    }

    pub(crate) fn original_item(
        &self,
        report: &Report,
        case: CaseId,
        now: Timestamp,
    ) -> Result<Attributes, StoreError> {
        self.sealed_item(case, n::ORIGINAL_SK, &encode_report(report)?, now)
    }

    pub(crate) fn sealed_item(
        &self,
        case: CaseId,
        sort: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<Attributes, StoreError> {
        let sealed = self.keys()?.seal(Place { case, sort }, text)?;
        Ok(Writer::default()
            .text(n::PK, n::original_pk(case))
            .text(n::SK, sort)
            .bytes(n::SEALED, sealed.text)
            .bytes(n::WRAPPED_KEY, sealed.wrapped_key)
            .text(n::KEY_ID, sealed.key_id)
            .number(n::EXPIRES_AT, now.plus_days(self.original_retention_days).unix_s())
            .finish())
    }

    fn keys(&self) -> Result<&Keyring, StoreError> {
        self.original_keys.as_deref().ok_or(StoreError::NoKey)
    }

    async fn read_sealed(
        &self,
        id: CaseId,
        sort: &str,
        reader: &Actor,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let keys = self.keys()?;
        self.record_reading(id, sort, reader, now).await?;
        let item = self.get("reading an original", &n::original_pk(id), sort).await?;
        let Some(item) = item else { return Ok(None) };
        let item = Reader(&item);
        let decode = || {
            let sealed = Sealed {
                text: item.bytes(n::SEALED)?.to_vec(),
                wrapped_key: item.bytes(n::WRAPPED_KEY)?.to_vec(),
                key_id: item.text(n::KEY_ID)?.to_owned(),
            };
            Ok((sealed, item.number(n::EXPIRES_AT)?))
        };
        let (sealed, expires_at) = decode().map_err(unreadable("original"))?;
        // The service may take days to delete what has expired.
        if expires_at <= now.unix_s() {
            return Ok(None);
        }
        Ok(Some(keys.open(Place { case: id, sort }, &sealed)?))
    }

    async fn record_reading(&self, id: CaseId, sort: &str, reader: &Actor, now: Timestamp) -> Result<(), StoreError> {
        const OPERATION: &str = "recording that an original is read";
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(id).await?;
            if head.erased_at.is_some() {
                return Err(StoreError::NoCase(id));
            }
            let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
            let event = head.next(Draft {
                at: now,
                ..Draft::of(case.record(), reader, AuditAction::OriginalRead, sort.to_owned())
            });
            if let Outcome::Done =
                self.transact(OPERATION, [self.put_event(&event), self.move_head(&head, &event)]).await?
            {
                return Ok(());
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The end of the trail of a case that somebody named.
    pub(crate) async fn head_of(&self, id: CaseId) -> Result<Head, StoreError> {
        let item = self.get("reading a trail's end", &n::case_pk(id), n::HEAD_SK).await?;
        let item = item.ok_or(StoreError::NoCase(id))?;
        Head::decode(id, &item).map_err(unreadable("head"))
    }
}
