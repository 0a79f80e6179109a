//! Names of attributes and the forms of keys.

use saring_domain::case::{Actor, CaseId, Timestamp};
use saring_domain::priority::Rank;
use saring_domain::report::{ReportId, TextHash};

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
pub(crate) const EXPIRES_AT: &str = "expires_at";

pub(crate) const FEED_INDEX: &str = "feed";
pub(crate) const FEED_PK: &str = "feed_pk";
pub(crate) const FEED_SK: &str = "feed_sk";
pub(crate) const REVIEW_INDEX: &str = "review";
pub(crate) const REVIEW_PK: &str = "review_pk";
pub(crate) const REVIEW_SK: &str = "review_sk";

pub(crate) const PUBLIC_TEXT: &str = "public_text";
pub(crate) const PUBLIC_CATEGORY: &str = "public_category";
pub(crate) const PUBLIC_AGENCY: &str = "public_agency";
pub(crate) const PUBLIC_REGION_CODE: &str = "public_region_code";
pub(crate) const PUBLIC_REGION_NAME: &str = "public_region_name";
pub(crate) const PUBLISHED_AT: &str = "published_at";

/// All that the feed index shows beside the keys.
pub(crate) const PUBLIC: [&str; 6] =
    [PUBLIC_TEXT, PUBLIC_CATEGORY, PUBLIC_AGENCY, PUBLIC_REGION_CODE, PUBLIC_REGION_NAME, PUBLISHED_AT];

pub(crate) const PUBLISHED_BY: &str = "published_by";
pub(crate) const PUBLISHED_VERSION: &str = "published_version";
pub(crate) const PUBLISHED_TEXT_HASH: &str = "published_text_hash";
pub(crate) const PUBLISHED_MODEL: &str = "published_model";
pub(crate) const PUBLISHED_POLICY: &str = "published_policy";

pub(crate) const CASE_ID: &str = "case_id";
pub(crate) const REPORT_ID: &str = "report_id";
pub(crate) const TRACKING_ID: &str = "tracking_id";
pub(crate) const TEXT_HASH: &str = "text_hash";
pub(crate) const RECEIVED_AT: &str = "received_at";
pub(crate) const CHANGED_AT: &str = "changed_at";
pub(crate) const VERSION: &str = "version";
pub(crate) const STATUS: &str = "status";
pub(crate) const CHOSEN: &str = "chosen_visibility";
pub(crate) const VISIBILITY: &str = "visibility";
pub(crate) const DECISION: &str = "decision";
pub(crate) const DECIDED_VISIBILITY: &str = "decided_visibility";
pub(crate) const MODEL: &str = "model";
pub(crate) const POLICY: &str = "policy";
pub(crate) const SCREENED: &str = "screened";
pub(crate) const REJECTION: &str = "rejection";
pub(crate) const AUDIT_SEQUENCE: &str = "audit_sequence";
pub(crate) const AUDIT_HASH: &str = "audit_hash";
pub(crate) const CONFLICTS: &str = "conflicts";
pub(crate) const AT: &str = "at";
pub(crate) const ACTOR: &str = "actor";
pub(crate) const ACTION: &str = "action";
pub(crate) const DETAIL: &str = "detail";
pub(crate) const PREVIOUS: &str = "previous";
pub(crate) const RETURNED_TYPE: &str = "returned_type";
pub(crate) const RETURNED_NAME: &str = "returned_name";
pub(crate) const LABELS: &str = "labels";
pub(crate) const LOCK_HOLDER: &str = "lock_holder";
pub(crate) const LOCK_UNTIL: &str = "lock_until";
pub(crate) const EDIT_TEXT_HASH: &str = "edit_text_hash";
pub(crate) const EDIT_FROM: &str = "edit_from";
pub(crate) const PROPOSAL: &str = "proposal";
pub(crate) const ASKED_REASON: &str = "asked_reason";
pub(crate) const ASKED_AT: &str = "asked_at";
pub(crate) const ESCALATED: &str = "escalated";
pub(crate) const RANK: &str = "rank";
pub(crate) const APPEALED_AT: &str = "appealed_at";
pub(crate) const OVERDUE_AT: &str = "overdue_at";
pub(crate) const DECIDED_VERSION: &str = "decided_version";
pub(crate) const DECIDED_AT: &str = "decided_at";
pub(crate) const ERASED_AT: &str = "erased_at";
pub(crate) const SEALED: &str = "sealed";
pub(crate) const WRAPPED_KEY: &str = "wrapped_key";
pub(crate) const KEY_ID: &str = "key_id";
/// How originals were kept before they were encrypted; `verify` looks for it.
pub(crate) const PLAIN_REPORT: &str = "report";

pub(crate) const RECEIPT_SK: &str = "receipt";
pub(crate) const HEAD_SK: &str = "head";
pub(crate) const CASE_SK: &str = "case";
pub(crate) const ORIGINAL_SK: &str = "original";
pub(crate) const APPEAL_SK: &str = "appeal";
/// Where the counts of the queue are.
pub(crate) const BOARD_PK: &str = "board#queue";
pub(crate) const BOARD_SK: &str = "board";
pub(crate) const BOARD: &str = "board";
/// What drifts.
pub(crate) const DRIFT_PK: &str = "board#drift";
/// How far the sample of published cases is, and how many there were by day.
pub(crate) const SAMPLE_PK: &str = "board#sample";
pub(crate) const COUNT: &str = "count";
pub(crate) const PROBABILITY: &str = "probability";
pub(crate) const FIRST: &str = "first";
pub(crate) const FIRST_BY: &str = "first_by";
pub(crate) const SECOND: &str = "second";
pub(crate) const SECOND_BY: &str = "second_by";
pub(crate) const LAST: &str = "last";
pub(crate) const REASONS: &str = "reasons";
/// A keyed hash of who sent a report.
pub(crate) const REPORTER: &str = "reporter";
pub(crate) const QUERY: &str = "query";
pub(crate) const VIEW_PREFIX: &str = "view#";
pub(crate) const NOTE_PREFIX: &str = "note#";
pub(crate) const ORIGINAL_PREFIX: &str = "original#";
pub(crate) const AUDIT_PREFIX: &str = "audit#";
pub(crate) const CASE_PREFIX: &str = "case#";
pub(crate) const REPORT_PREFIX: &str = "report#";

/// Partitions of the review index in which accepted and changed reports wait for their screening.
pub(crate) const PENDING: &str = "pending";

/// Partitions of the review index in which decisions rest, and in which questions wait for the
/// reporter.
pub(crate) const RESTING: &str = "resting";
pub(crate) const ASKED: &str = "asked";

/// Partitions of each index: one takes 1,000 writes a second.
pub(crate) const SHARDS: u8 = 8;

/// Checks that were drawn on a day.
pub(crate) fn check_pk(day: &str) -> String {
    format!("check#{day}")
}

/// Decisions that took effect on a day.
pub(crate) fn log_pk(day: &str) -> String {
    format!("log#{day}")
}

/// Reports of a day that were counted against a reference.
pub(crate) fn drift_pk(revision: &str, day: &str) -> String {
    format!("drift#{revision}#{day}")
}

pub(crate) fn person_pk(person: &Actor) -> String {
    format!("person#{}", person.as_str())
}

pub(crate) fn report_pk(id: &ReportId) -> String {
    format!("{REPORT_PREFIX}{id}")
}

pub(crate) fn case_pk(id: CaseId) -> String {
    format!("{CASE_PREFIX}{id}")
}

pub(crate) fn original_pk(id: CaseId) -> String {
    format!("{ORIGINAL_PREFIX}{id}")
}

/// Sixteen digits, so that the order of the keys is the order of the events.
pub(crate) fn audit_sk(sequence: u64) -> String {
    format!("{AUDIT_PREFIX}{sequence:016}")
}

pub(crate) fn conflict_sk(other: &TextHash) -> String {
    format!("conflict#{}", other.as_str())
}

pub(crate) fn shard_of(id: CaseId) -> u8 {
    id.shard_byte() % SHARDS
}

pub(crate) fn shard_pk(index: &str, shard: u8) -> String {
    format!("{index}#{shard}")
}

/// Sixteen digits, in the order of the versions.
pub(crate) fn note_sk(version: u64) -> String {
    format!("{NOTE_PREFIX}{version:016}")
}

/// The order of the review queue: a class, in it the rank, then time and id.
pub(crate) fn review_sk(class: ReviewClass, rank: Rank, at: Timestamp, id: CaseId) -> String {
    format!("{}{:014}#{at}#{id}", class.digit(), rank.number())
}

/// Parts of the review queue, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReviewClass {
    Urgent,
    Appeal,
    Usual,
    Escalated,
}

impl ReviewClass {
    pub(crate) const fn digit(self) -> char {
        match self {
            Self::Urgent => '0',
            Self::Appeal => '1',
            Self::Usual => '2',
            Self::Escalated => '8',
        }
    }
}

/// The order of a listing: by time, then by id, so that no two rows share a key.
pub(crate) fn listing_sk(at: Timestamp, id: CaseId) -> String {
    format!("{at}#{id}")
}
