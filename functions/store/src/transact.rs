//! Transactions: what they are made of, and what their failure means.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use saring_domain::case::{AuditHash, CaseId, CaseRecord, CaseStatus};
use saring_domain::report::{ReportId, TextHash};

use crate::cases::{Cases, Receipt};
use crate::error::{StoreError, failed};
use crate::item::{Attributes, number, text};
use crate::names as n;
use crate::wire::case_item;

/// Attempts against other writers before giving up.
pub(crate) const ATTEMPTS_MAX: u32 = 6;
const BACKOFF_FIRST: Duration = Duration::from_millis(10);

pub(crate) enum Outcome {
    Done,
    /// A condition did not hold or another transaction was at the same items.
    Lost,
}

pub(crate) type Write = Result<TransactWriteItem, BuildError>;

impl Cases {
    /// Puts an item whose key must be free.
    pub(crate) fn put_new(&self, item: Attributes) -> Write {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", n::PK);
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    pub(crate) fn put_any(&self, item: Attributes) -> Write {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Puts an item if a condition on one of its attributes (`#mark`) holds.
    pub(crate) fn put_if(&self, item: Attributes, condition: &str, mark: &str) -> Write {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression(condition).expression_attribute_names("#mark", mark);
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Puts the end of a trail, if that is still where it was read; nothing was read at sequence 0.
    pub(crate) fn put_end(&self, item: Attributes, sequence: u64, hash: &AuditHash) -> Write {
        if sequence == 0 {
            return self.put_new(item);
        }
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("#sequence = :sequence AND #hash = :hash")
            .expression_attribute_names("#sequence", n::AUDIT_SEQUENCE)
            .expression_attribute_names("#hash", n::AUDIT_HASH)
            .expression_attribute_values(":sequence", number(sequence))
            .expression_attribute_values(":hash", text(hash.as_str()));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Puts a case over the version that was read.
    pub(crate) fn put_over(&self, item: Attributes, version: u64) -> Write {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", n::VERSION)
            .expression_attribute_values(":version", number(version));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Deletes the version of a case that was read.
    pub(crate) fn delete_case(&self, id: CaseId, version: u64) -> Write {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::case_pk(id)))
            .key(n::SK, text(n::CASE_SK))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", n::VERSION)
            .expression_attribute_values(":version", number(version));
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }

    /// Deletes an item, if it is there.
    pub(crate) fn delete(&self, pk: String, sk: &str) -> Write {
        let delete = Delete::builder().table_name(&self.table).key(n::PK, text(pk)).key(n::SK, text(sk));
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }

    /// Only if there is no case yet.
    pub(crate) fn check_no_case(&self, id: CaseId) -> Write {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::case_pk(id)))
            .key(n::SK, text(n::CASE_SK))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", n::PK);
        Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
    }

    /// Only if the case is still at this version.
    pub(crate) fn check_version(&self, id: CaseId, version: u64) -> Write {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::case_pk(id)))
            .key(n::SK, text(n::CASE_SK))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", n::VERSION)
            .expression_attribute_values(":version", number(version));
        Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
    }

    /// Only if the receipt still names this text.
    pub(crate) fn check_receipt(&self, id: &ReportId, receipt: &Receipt) -> Write {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::report_pk(id)))
            .key(n::SK, text(n::RECEIPT_SK))
            .condition_expression("#text = :text AND #case = :case")
            .expression_attribute_names("#text", n::TEXT_HASH)
            .expression_attribute_names("#case", n::CASE_ID)
            .expression_attribute_values(":text", text(receipt.text_hash.as_str()))
            .expression_attribute_values(":case", text(receipt.case.to_string()));
        Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
    }

    /// Lets the receipt name another text, if it still names the one that was read.
    pub(crate) fn move_receipt(&self, id: &ReportId, receipt: &Receipt, to: &TextHash) -> Write {
        let update = Update::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::report_pk(id)))
            .key(n::SK, text(n::RECEIPT_SK))
            .condition_expression("#text = :text AND #case = :case")
            .update_expression("SET #text = :to")
            .expression_attribute_names("#text", n::TEXT_HASH)
            .expression_attribute_names("#case", n::CASE_ID)
            .expression_attribute_values(":text", text(receipt.text_hash.as_str()))
            .expression_attribute_values(":to", text(to.as_str()))
            .expression_attribute_values(":case", text(receipt.case.to_string()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Waits the longer, the more attempts went before.
    pub(crate) async fn back_off(&self, attempt: u32) {
        if attempt > 0 {
            self.pass(BACKOFF_FIRST * 2_u32.pow(attempt - 1)).await;
        }
    }

    pub(crate) async fn transact(
        &self,
        operation: &'static str,
        writes: impl IntoIterator<Item = Write>,
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

/// Where a case is listed: the attributes of an index's key and their values.
pub(crate) struct ListingKey {
    pub(crate) partition: &'static str,
    pub(crate) sort: &'static str,
    pub(crate) partition_value: String,
    pub(crate) sort_value: String,
}

/// The place in an index that the status of a case calls for: this is the only way into the feed.
pub(crate) fn listing_key(record: &CaseRecord) -> Option<ListingKey> {
    let listed = |at| n::listing_sk(at, record.id);
    let (prefix, partition, sort, sort_value) = match (record.status, &record.publication) {
        (CaseStatus::Published, Some(publication)) => (n::FEED_INDEX, n::FEED_PK, n::FEED_SK, listed(publication.at)),
        (CaseStatus::InReview, _) => {
            let (prefix, sort_value) = review_place(record);
            (prefix, n::REVIEW_PK, n::REVIEW_SK, sort_value)
        }
        (CaseStatus::Edited, _) => (n::PENDING, n::REVIEW_PK, n::REVIEW_SK, listed(record.changed_at)),
        (CaseStatus::Published | CaseStatus::Confidential | CaseStatus::Rejected | CaseStatus::Returned, _) => {
            return None;
        }
    };
    Some(ListingKey { partition, sort, partition_value: n::shard_pk(prefix, n::shard_of(record.id)), sort_value })
}

/// Among decisions that rest, questions to reporters, or what waits for a person.
fn review_place(record: &CaseRecord) -> (&'static str, String) {
    if let Some(proposal) = &record.proposal {
        return (n::RESTING, n::listing_sk(proposal.due, record.id));
    }
    if let Some(asked) = &record.asked {
        return (n::ASKED, n::listing_sk(asked.at, record.id));
    }
    let class = if record.escalated.is_some() {
        n::ReviewClass::Escalated
    } else if record.appealed_at.is_some() {
        n::ReviewClass::Appeal
    } else if record.rank.is_urgent() {
        n::ReviewClass::Urgent
    } else {
        n::ReviewClass::Usual
    };
    (n::REVIEW_INDEX, n::review_sk(class, record.rank, record.received_at, record.id))
}

/// A case item with its place in the index.
pub(crate) fn listed_item(record: &CaseRecord) -> Result<Attributes, StoreError> {
    let mut item = case_item(record)?;
    if let Some(key) = listing_key(record) {
        item.insert(key.partition.to_owned(), text(key.partition_value));
        item.insert(key.sort.to_owned(), text(key.sort_value));
    }
    Ok(item)
}
