//! A report on its way to a case, each step one transaction.

use saring_domain::case::{
    Actor, AuditAction, AuditEvent, Case, CaseId, CaseRecord, Opened, Screened, Timestamp, TrackingId,
};
use saring_domain::report::Report;

use crate::cases::{Cases, Receipt};
use crate::error::StoreError;
use crate::item::{Attributes, Writer};
use crate::names as n;
use crate::trail::{Draft, Head};
use crate::transact::{ATTEMPTS_MAX, Outcome, listed_item};

/// Refused texts that are recorded per report; later ones are refused without a record.
pub const CONFLICTS_MAX: u64 = 20;

/// What came of accepting a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It is new.
    New(Receipt),
    /// The same id with the same text came before.
    Again(Receipt),
    /// The same id with another text came before; this one is refused and recorded.
    Conflict {
        /// The case of the report that came before.
        case: CaseId,
    },
}

/// What came of recording a screening.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// There is a case now.
    New(Box<Case>),
    /// The same report had a case; it is unchanged.
    Already(Box<Case>),
    /// The same report had a case and now asks for less visibility, which it got.
    Tightened(Box<Case>),
    /// The id belongs to a report with another text; that one is unchanged, this one is refused
    /// and recorded.
    Conflict {
        /// The case of the report that came before.
        case: CaseId,
    },
    /// The same report was erased; nothing of it is kept again.
    Erased {
        /// What its case was.
        case: CaseId,
    },
}

impl Cases {
    /// Accepts a report, so that its tracking id leads somewhere at once. Repeating is harmless: the
    /// first call's tracking id stays.
    ///
    /// # Errors
    /// No answer, or a tracking id that another report has.
    pub async fn receive(&self, report: &Report, tracking: TrackingId, now: Timestamp) -> Result<Received, StoreError> {
        self.receive_as(&Actor::intake(), report, tracking, now).await
    }

    /// Makes the case of a screened report, in one transaction with the original and the audit
    /// event. A report that was not accepted before is accepted with `tracking` in the same one.
    ///
    /// # Errors
    /// No answer, a verdict about another text or looser than chosen, a tracking id that another
    /// report has. Nothing is public then.
    pub async fn record_screening(
        &self,
        report: &Report,
        screened: Screened,
        tracking: TrackingId,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        const OPERATION: &str = "recording a screening";
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let Some(receipt) = self.receipt(&report.id).await? else {
                if let Some(case) = self.open_unannounced(report, &screened, tracking, now).await? {
                    return Ok(Recorded::New(Box::new(case)));
                }
                continue;
            };
            if receipt.text_hash == report.text_hash() {
                return self.record_known(report, screened, &receipt, now).await;
            }
            if self.record_conflict(&Actor::screen(), &receipt, report, now).await? {
                return Ok(Recorded::Conflict { case: receipt.case });
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// Accepts a report and makes its case in one transaction; nothing if somebody else accepted the
    /// report meanwhile.
    async fn open_unannounced(
        &self,
        report: &Report,
        screened: &Screened,
        tracking: TrackingId,
        now: Timestamp,
    ) -> Result<Option<Case>, StoreError> {
        const OPERATION: &str = "recording a screening of a new report";
        let id = tracking.case_id();
        let case = Case::open(report, id, screened.clone(), Opened { received_at: now, screened_at: now })?;
        let record = case.record();
        let receipt = Receipt { tracking, case: id, text_hash: report.text_hash(), received_at: now };
        let actor = Actor::screen();
        let accepted = Head::root(id).next(Draft::accepted(report, &receipt.text_hash, &actor, now));
        let verdict = Draft::of(record, &actor, AuditAction::Screened, screening_code(record));
        let judged = Head::after(&accepted).next(verdict);
        let mut writes = vec![
            self.put_new(receipt_item(report, &receipt)),
            self.put_new(self.head_item(report, &judged, now).finish()),
            self.put_event(&accepted),
            self.put_event(&judged),
            self.put_new(listed_item(record)?),
            self.put_any(self.original_item(report, id, now)?),
        ];
        writes.extend(self.reporter_item(report, id, now).map(|item| self.put_any(item)));
        if let Outcome::Done = self.transact(OPERATION, writes).await? {
            return Ok(Some(case));
        }
        self.tracking_is_free(report, id).await?;
        Ok(None)
    }

    /// The verdict about a report that was accepted before.
    async fn record_known(
        &self,
        report: &Report,
        screened: Screened,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        const OPERATION: &str = "recording a screening of an accepted report";
        let times = Opened { received_at: receipt.received_at, screened_at: now };
        let case = Case::open(report, receipt.case, screened, times)?;
        let original = self.original_item(report, receipt.case, now)?;
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            if let Some(existing) = self.case(receipt.case).await? {
                if waits_for(&existing, report) {
                    let screened = case.into_record().screened;
                    // Boxed: it would double the size of this future.
                    return Box::pin(self.record_rescreening(report, receipt, &screened, now)).await;
                }
                if let Some(done) = self.settle_repeat(existing, report, receipt, now).await? {
                    return Ok(done);
                }
                continue;
            }
            let head = self.head(receipt.case).await?;
            if head.erased_at.is_some() {
                return Ok(Recorded::Erased { case: receipt.case });
            }
            let record = case.record();
            let event = head.next(Draft::of(record, &Actor::screen(), AuditAction::Screened, screening_code(record)));
            let writes = [
                self.put_new(listed_item(record)?),
                self.put_any(original.clone()),
                self.put_event(&event),
                self.move_head(&head, &event),
                self.check_receipt(&report.id, receipt),
            ];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(Recorded::New(Box::new(case)));
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The same text came again and has its verdict: all that it can do is to ask for less
    /// visibility. Nothing where the case changed meanwhile.
    async fn settle_repeat(
        &self,
        case: Case,
        report: &Report,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Option<Recorded>, StoreError> {
        if report.visibility > case.record().chosen {
            return match self.choose(receipt.case, report.visibility, now).await {
                Ok(Some(tighter)) => Ok(Some(Recorded::Tightened(Box::new(tighter)))),
                // Erased, or as tight as that by now: the next look shows which.
                Ok(None) | Err(StoreError::NoCase(_)) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let confirmed = self.confirm(&case, report, receipt).await?;
        Ok(confirmed.then(|| Recorded::Already(Box::new(case))))
    }

    /// The verdict about a text that the reporter changed.
    async fn record_rescreening(
        &self,
        report: &Report,
        receipt: &Receipt,
        screened: &Screened,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        const OPERATION: &str = "recording a screening of a changed text";
        let original = self.original_item(report, receipt.case, now)?;
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head(receipt.case).await?;
            let Some(case) = self.case(receipt.case).await? else {
                if head.erased_at.is_some() {
                    return Ok(Recorded::Erased { case: receipt.case });
                }
                continue;
            };
            if !waits_for(&case, report) {
                if let Some(done) = self.settle_repeat(case, report, receipt, now).await? {
                    return Ok(done);
                }
                continue;
            }
            let version = case.version();
            let case = case.rescreen(report, screened.clone(), now)?;
            let record = case.record();
            let event = head.next(Draft::of(record, &Actor::screen(), AuditAction::Rescreened, screening_code(record)));
            let writes = [
                self.put_over(listed_item(record)?, version),
                self.put_any(original.clone()),
                self.put_event(&event),
                self.move_head(&head, &event),
                self.check_receipt(&report.id, receipt),
            ];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(Recorded::New(Box::new(case)));
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// Whether the case and the receipt are still what was read. What follows from them that
    /// nothing is to be done ends the message, so an old reading must not decide it; a condition
    /// sees the newest state.
    async fn confirm(&self, case: &Case, report: &Report, receipt: &Receipt) -> Result<bool, StoreError> {
        const OPERATION: &str = "confirming that a report has its verdict";
        let checks = [self.check_version(case.id(), case.version()), self.check_receipt(&report.id, receipt)];
        Ok(matches!(self.transact(OPERATION, checks).await?, Outcome::Done))
    }

    async fn receive_as(
        &self,
        actor: &Actor,
        report: &Report,
        tracking: TrackingId,
        now: Timestamp,
    ) -> Result<Received, StoreError> {
        const OPERATION: &str = "accepting a report";
        let case = tracking.case_id();
        let text_hash = report.text_hash();
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            if let Some(receipt) = self.receipt(&report.id).await? {
                if receipt.text_hash == text_hash {
                    return Ok(Received::Again(receipt));
                }
                if self.record_conflict(actor, &receipt, report, now).await? {
                    return Ok(Received::Conflict { case: receipt.case });
                }
                continue;
            }
            if !self.tracking_is_free(report, case).await? {
                continue;
            }
            let event = Head::root(case).next(Draft::accepted(report, &text_hash, actor, now));
            let head = self
                .head_item(report, &event, now)
                .text(n::REVIEW_PK, n::shard_pk(n::PENDING, n::shard_of(case)))
                .text(n::REVIEW_SK, n::listing_sk(now, case));
            let receipt = Receipt { tracking, case, text_hash: text_hash.clone(), received_at: now };
            let mut writes =
                vec![self.put_new(receipt_item(report, &receipt)), self.put_new(head.finish()), self.put_event(&event)];
            writes.extend(self.reporter_item(report, case, now).map(|item| self.put_any(item)));
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(Received::New(receipt));
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// Whether no report has this case; an error if another report has it. `false` says that this
    /// very report was just accepted, which the next look at its receipt shows.
    async fn tracking_is_free(&self, report: &Report, case: CaseId) -> Result<bool, StoreError> {
        if self.get("looking for a taken tracking id", &n::case_pk(case), n::HEAD_SK).await?.is_none() {
            return Ok(true);
        }
        match self.receipt(&report.id).await? {
            Some(_) => Ok(false),
            None => Err(StoreError::TrackingTaken(case)),
        }
    }

    /// Writes into the trail, once per text and not after an erasure, that a report was refused; `false`
    /// if the receipt has moved on since it was read.
    async fn record_conflict(
        &self,
        actor: &Actor,
        receipt: &Receipt,
        report: &Report,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const OPERATION: &str = "recording a refused report";
        let case = receipt.case;
        let other = report.text_hash();
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let known = self.get(OPERATION, &n::case_pk(case), &n::conflict_sk(&other)).await?;
            let head = self.head(case).await?;
            // The trail of an erased report has ended.
            if known.is_some() || head.conflicts >= CONFLICTS_MAX || head.erased_at.is_some() {
                let checked = self.transact(OPERATION, [self.check_receipt(&report.id, receipt)]).await?;
                return Ok(matches!(checked, Outcome::Done));
            }
            let case_version = self.case(case).await?.map_or(0, |c| c.version());
            let event = head.next(Draft {
                at: now,
                actor,
                action: AuditAction::Conflict,
                case_version,
                text_hash: &other,
                versions: None,
                detail: "text_differs".to_owned(),
            });
            let marker = Writer::default().text(n::PK, n::case_pk(case)).text(n::SK, n::conflict_sk(&other));
            let writes = [
                self.put_new(marker.time(n::AT, now).finish()),
                self.put_event(&event),
                self.move_head(&head, &event),
                self.check_receipt(&report.id, receipt),
            ];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(true);
            }
            if self.receipt(&report.id).await?.as_ref() != Some(receipt) {
                return Ok(false);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The end of a trail that begins with this report, with `last` as its last event.
    fn head_item(&self, report: &Report, last: &AuditEvent, received_at: Timestamp) -> Writer {
        Writer::default()
            .text(n::PK, n::case_pk(last.case))
            .text(n::SK, n::HEAD_SK)
            .text(n::CASE_ID, last.case.to_string())
            .text(n::REPORT_ID, report.id.as_str())
            .optional_text(n::REPORTER, self.reporter_hash(report))
            .time(n::RECEIVED_AT, received_at)
            .number(n::AUDIT_SEQUENCE, last.sequence)
            .text(n::AUDIT_HASH, last.hash().as_str())
    }
}

/// Whether the case waits for the verdict about this text.
fn waits_for(case: &Case, report: &Report) -> bool {
    case.record().edit.as_ref().is_some_and(|edit| edit.text_hash == report.text_hash())
}

fn screening_code(record: &CaseRecord) -> String {
    record.screened.verdict.decision.code().to_owned()
}

fn receipt_item(report: &Report, receipt: &Receipt) -> Attributes {
    Writer::default()
        .text(n::PK, n::report_pk(&report.id))
        .text(n::SK, n::RECEIPT_SK)
        .text(n::CASE_ID, receipt.case.to_string())
        .text(n::TRACKING_ID, receipt.tracking.to_string())
        .text(n::TEXT_HASH, receipt.text_hash.as_str())
        .text(n::CHOSEN, report.visibility.code())
        .time(n::RECEIVED_AT, receipt.received_at)
        .finish()
}
