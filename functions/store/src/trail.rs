//! The end of a trail, and the writes that extend it.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use saring_domain::case::{
    Actor, AuditAction, AuditEvent, AuditHash, CaseId, CaseRecord, ModelVersion, PolicyVersion, Timestamp,
};
use saring_domain::report::{Report, TextHash};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, DecodeError, Problem, Reader, number, text};
use crate::names as n;
use crate::reporters::ReporterPlace;
use crate::transact::Write;
use crate::wire::audit_item;

/// Where a trail ends; what the next event must follow.
pub(crate) struct Head {
    pub(crate) case: CaseId,
    pub(crate) sequence: u64,
    pub(crate) hash: AuditHash,
    pub(crate) conflicts: u64,
    /// When the case was erased, if it was.
    pub(crate) erased_at: Option<Timestamp>,
    /// Where the report stands among those of the same person.
    pub(crate) reporter: Option<ReporterPlace>,
}

/// An event before it has its place.
pub(crate) struct Draft<'a> {
    pub(crate) at: Timestamp,
    pub(crate) actor: &'a Actor,
    pub(crate) action: AuditAction,
    pub(crate) case_version: u64,
    pub(crate) text_hash: &'a TextHash,
    pub(crate) versions: Option<(&'a ModelVersion, &'a PolicyVersion)>,
    pub(crate) detail: String,
}

impl<'a> Draft<'a> {
    /// That a report was accepted.
    pub(crate) fn accepted(report: &Report, text_hash: &'a TextHash, actor: &'a Actor, at: Timestamp) -> Self {
        Self {
            at,
            actor,
            action: AuditAction::Received,
            case_version: 0,
            text_hash,
            versions: None,
            detail: report.visibility.code().to_owned(),
        }
    }

    /// What a change of a case says.
    pub(crate) fn of(record: &'a CaseRecord, actor: &'a Actor, action: AuditAction, detail: String) -> Self {
        Self {
            at: record.changed_at,
            actor,
            action,
            case_version: record.version,
            text_hash: &record.screened.text_hash,
            versions: Some((&record.screened.model, &record.screened.policy)),
            detail,
        }
    }
}

impl Head {
    /// Where the trail of a new case begins.
    pub(crate) fn root(case: CaseId) -> Self {
        Self { case, sequence: 0, hash: AuditHash::root(), conflicts: 0, erased_at: None, reporter: None }
    }

    /// Where a trail ends whose last event is this one.
    pub(crate) fn after(event: &AuditEvent) -> Self {
        Self {
            case: event.case,
            sequence: event.sequence,
            hash: event.hash(),
            conflicts: 0,
            erased_at: None,
            reporter: None,
        }
    }

    pub(crate) fn decode(case: CaseId, item: &Attributes) -> Result<Self, DecodeError> {
        let item = Reader(item);
        Ok(Self {
            case,
            sequence: item.number(n::AUDIT_SEQUENCE)?,
            hash: item.parsed(n::AUDIT_HASH, AuditHash::parse)?,
            conflicts: item.optional_number(n::CONFLICTS)?.unwrap_or(0),
            erased_at: item.optional_time(n::ERASED_AT)?,
            reporter: ReporterPlace::decode(case, item)?,
        })
    }

    /// The event in its place after this head.
    pub(crate) fn next(&self, draft: Draft<'_>) -> AuditEvent {
        AuditEvent {
            case: self.case,
            sequence: self.sequence + 1,
            at: draft.at,
            actor: draft.actor.clone(),
            action: draft.action,
            case_version: draft.case_version,
            text_hash: draft.text_hash.clone(),
            model: draft.versions.map(|(model, _)| model.clone()),
            policy: draft.versions.map(|(_, policy)| policy.clone()),
            detail: draft.detail,
            previous: self.hash.clone(),
        }
    }
}

impl Cases {
    /// The end of the trail of a report that was accepted.
    pub(crate) async fn head(&self, case: CaseId) -> Result<Head, StoreError> {
        let item = self.get("reading a trail's end", &n::case_pk(case), n::HEAD_SK).await?;
        let missing = DecodeError { attribute: n::SK, problem: Problem::Missing };
        let item = item.ok_or(missing).map_err(unreadable("head"))?;
        Head::decode(case, &item).map_err(unreadable("head"))
    }

    /// Puts an event that must not be there yet.
    pub(crate) fn put_event(&self, event: &AuditEvent) -> Write {
        self.put_new(audit_item(event))
    }

    /// Moves the end of the trail on, if it is still where it was read.
    pub(crate) fn move_head(&self, head: &Head, event: &AuditEvent) -> Write {
        let conflicts = head.conflicts + u64::from(event.action == AuditAction::Conflict);
        let set = "SET #sequence = :next, #hash = :next_hash, #conflicts = :conflicts";
        // A head is listed as waiting until there is a verdict.
        let (expression, waits) = match event.action {
            AuditAction::Screened => (format!("{set} REMOVE #review_pk, #review_sk"), false),
            AuditAction::Erased => {
                (format!("{set}, #erased = :erased REMOVE #review_pk, #review_sk, #reporter"), false)
            }
            _ => (set.to_owned(), true),
        };
        let mut update = Update::builder()
            .table_name(&self.table)
            .key(n::PK, text(n::case_pk(head.case)))
            .key(n::SK, text(n::HEAD_SK))
            .condition_expression("#sequence = :sequence AND #hash = :hash")
            .update_expression(expression)
            .expression_attribute_names("#sequence", n::AUDIT_SEQUENCE)
            .expression_attribute_names("#hash", n::AUDIT_HASH)
            .expression_attribute_names("#conflicts", n::CONFLICTS)
            .expression_attribute_values(":sequence", number(head.sequence))
            .expression_attribute_values(":hash", text(head.hash.as_str()))
            .expression_attribute_values(":next", number(event.sequence))
            .expression_attribute_values(":next_hash", text(event.hash().as_str()))
            .expression_attribute_values(":conflicts", number(conflicts));
        if !waits {
            update = update
                .expression_attribute_names("#review_pk", n::REVIEW_PK)
                .expression_attribute_names("#review_sk", n::REVIEW_SK);
        }
        if event.action == AuditAction::Erased {
            update = update
                .expression_attribute_names("#erased", n::ERASED_AT)
                .expression_attribute_names("#reporter", n::REPORTER)
                .expression_attribute_values(":erased", number(event.at.unix_ms()));
        }
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }
}
