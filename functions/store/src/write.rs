//! The transitions of a report, each one transaction.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Put, TransactWriteItem};
use saring_domain::case::{
    Actor, AuditAction, AuditHash, Case, CaseId, CaseRecord, CaseStatus, Opened, Resolution, Screened, Timestamp,
    TrackingId,
};
use saring_domain::report::Report;

use crate::cases::{Cases, Receipt};
use crate::error::{StoreError, failed};
use crate::item::{Attributes, Writer, number, text};
use crate::names as n;
use crate::queue::encode_report;
use crate::trail::{Draft, Head};
use crate::wire::case_item;

/// Refused texts that are recorded per report; later ones are refused without a record.
pub const CONFLICTS_MAX: u64 = 20;

/// Attempts against other writers before giving up.
const ATTEMPTS_MAX: u32 = 6;
const BACKOFF_FIRST: Duration = Duration::from_millis(10);

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
    /// The id belongs to a report with another text; that one is unchanged, this one is refused
    /// and recorded.
    Conflict {
        /// The case of the report that came before.
        case: CaseId,
    },
}

enum Outcome {
    Done,
    /// A condition did not hold or another transaction was at the same items.
    Lost,
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
    /// event. A report that was not accepted before is accepted with `tracking`.
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
        let receipt = match self.receive_as(&Actor::screen(), report, tracking, now).await? {
            Received::New(receipt) | Received::Again(receipt) => receipt,
            Received::Conflict { case } => return Ok(Recorded::Conflict { case }),
        };
        let times = Opened { received_at: receipt.received_at, screened_at: now };
        let case = Case::open(report, receipt.case, screened, times)?;
        let original = self.original_item(report, receipt.case, now)?;
        for attempt in 0..ATTEMPTS_MAX {
            back_off(attempt).await;
            if let Some(existing) = self.case(receipt.case).await? {
                return Ok(Recorded::Already(Box::new(existing)));
            }
            let head = self.head(receipt.case).await?;
            let record = case.record();
            let event = head.next(Draft {
                at: now,
                actor: &Actor::screen(),
                action: AuditAction::Screened,
                case_version: record.version,
                text_hash: &record.screened.text_hash,
                versions: Some((&record.screened.model, &record.screened.policy)),
                detail: record.screened.verdict.decision.code().to_owned(),
            });
            let writes = [
                self.put_new(listed_item(record)?),
                self.put_any(original.clone()),
                self.put_event(&event),
                self.move_head(&head, &event),
                self.check_receipt(report, &receipt),
            ];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(Recorded::New(Box::new(case)));
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

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
        const OPERATION: &str = "recording a resolution";
        for attempt in 0..ATTEMPTS_MAX {
            back_off(attempt).await;
            let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
            if case.version() != expected_version {
                return Err(StoreError::Stale { case: id, expected: expected_version, actual: case.version() });
            }
            let head = self.head(id).await?;
            let resolved = case.resolve(resolution, now)?;
            let record = resolved.record();
            let event = head.next(Draft {
                at: now,
                actor,
                action: AuditAction::Resolved,
                case_version: record.version,
                text_hash: &record.screened.text_hash,
                versions: Some((&record.screened.model, &record.screened.policy)),
                detail: resolution.code(),
            });
            let writes = [
                self.put_over(listed_item(record)?, expected_version),
                self.put_event(&event),
                self.move_head(&head, &event),
            ];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(resolved);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
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
            back_off(attempt).await;
            if let Some(receipt) = self.receipt(&report.id).await? {
                if receipt.text_hash == text_hash {
                    return Ok(Received::Again(receipt));
                }
                self.record_conflict(actor, receipt.case, report, now).await?;
                return Ok(Received::Conflict { case: receipt.case });
            }
            if self.get(OPERATION, &n::case_pk(case), n::HEAD_SK).await?.is_some() {
                // Unless the same report was just accepted, which the next look at its receipt shows.
                if self.receipt(&report.id).await?.is_none() {
                    return Err(StoreError::TrackingTaken(case));
                }
                continue;
            }
            let root = Head { case, sequence: 0, hash: AuditHash::root(), conflicts: 0 };
            let event = root.next(Draft {
                at: now,
                actor,
                action: AuditAction::Received,
                case_version: 0,
                text_hash: &text_hash,
                versions: None,
                detail: report.visibility.code().to_owned(),
            });
            let head = Writer::default()
                .text(n::PK, n::case_pk(case))
                .text(n::SK, n::HEAD_SK)
                .text(n::CASE_ID, case.to_string())
                .text(n::REPORT_ID, report.id.as_str())
                .time(n::RECEIVED_AT, now)
                .number(n::AUDIT_SEQUENCE, event.sequence)
                .text(n::AUDIT_HASH, event.hash().as_str());
            let receipt = Receipt { tracking, case, text_hash: text_hash.clone(), received_at: now };
            let writes =
                [self.put_new(receipt_item(report, &receipt)), self.put_new(head.finish()), self.put_event(&event)];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(Received::New(receipt));
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// Writes into the trail, once per text, that a report was refused.
    async fn record_conflict(
        &self,
        actor: &Actor,
        case: CaseId,
        report: &Report,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "recording a refused report";
        let other = report.text_hash();
        for attempt in 0..ATTEMPTS_MAX {
            back_off(attempt).await;
            let known = self.get(OPERATION, &n::case_pk(case), &n::conflict_sk(&other)).await?;
            let head = self.head(case).await?;
            if known.is_some() || head.conflicts >= CONFLICTS_MAX {
                return Ok(());
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
            let writes =
                [self.put_new(marker.time(n::AT, now).finish()), self.put_event(&event), self.move_head(&head, &event)];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(());
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    fn original_item(&self, report: &Report, case: CaseId, now: Timestamp) -> Result<Attributes, StoreError> {
        Ok(Writer::default()
            .text(n::PK, n::original_pk(case))
            .text(n::SK, n::ORIGINAL_SK)
            .text(n::REPORT, encode_report(report)?)
            .number(n::EXPIRES_AT, now.plus_days(self.original_retention_days).unix_s())
            .finish())
    }

    fn put_any(&self, item: Attributes) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn put_over(&self, item: Attributes, version: u64) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", n::VERSION)
            .expression_attribute_values(":version", number(version));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn check_receipt(&self, report: &Report, receipt: &Receipt) -> Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::report_pk(&report.id)))
            .key(n::SK, text(n::RECEIPT_SK))
            .condition_expression("#text = :text AND #case = :case")
            .expression_attribute_names("#text", n::TEXT_HASH)
            .expression_attribute_names("#case", n::CASE_ID)
            .expression_attribute_values(":text", text(receipt.text_hash.as_str()))
            .expression_attribute_values(":case", text(receipt.case.to_string()));
        Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
    }

    async fn transact<const N: usize>(
        &self,
        operation: &'static str,
        writes: [Result<TransactWriteItem, BuildError>; N],
    ) -> Result<Outcome, StoreError> {
        let writes = writes.into_iter().collect::<Result<Vec<_>, _>>();
        let writes = writes.map_err(|e| StoreError::Refused { operation, source: e.into() })?;
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match sent {
            Ok(_) => Ok(Outcome::Done),
            Err(error) if lost(&error) => Ok(Outcome::Lost),
            Err(error) => Err(failed(operation)(error)),
        }
    }
}

/// Whether a transaction was cancelled only by conditions, other transactions and throttles.
fn lost<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    const PASSING: [&str; 5] =
        ["None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .all(|reason| reason.code().is_none_or(|code| PASSING.contains(&code))),
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => true,
        _ => false,
    }
}

async fn back_off(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(BACKOFF_FIRST * 2_u32.pow(attempt - 1)).await;
    }
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

/// A case item with its place in the index that its status calls for: this is the only way into
/// the feed.
fn listed_item(record: &CaseRecord) -> Result<Attributes, StoreError> {
    let mut item = case_item(record)?;
    let listing = match (record.status, &record.publication) {
        (CaseStatus::Published, Some(publication)) => Some((n::FEED_INDEX, n::FEED_PK, n::FEED_SK, publication.at)),
        (CaseStatus::InReview, _) => Some((n::REVIEW_INDEX, n::REVIEW_PK, n::REVIEW_SK, record.received_at)),
        (CaseStatus::Published | CaseStatus::Confidential | CaseStatus::Rejected, _) => None,
    };
    if let Some((index, partition, sort, at)) = listing {
        item.insert(partition.to_owned(), text(n::shard_pk(index, n::shard_of(record.id))));
        item.insert(sort.to_owned(), text(n::listing_sk(at, record.id)));
    }
    Ok(item)
}
