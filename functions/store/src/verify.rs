//! Walks the table and proves the invariants of the design, or names what breaks them.
//!
//! It only reads, goes page by page, and can run on a live system: a case that changes between two
//! reads is read again before anything is said about it.

mod kind;

use std::collections::BTreeMap;

pub use kind::{Findings, Kind, Violation};
use saring_domain::case::{
    Actor, AuditAction, AuditEvent, CaseId, CaseRecord, CaseStatus, PublishedBy, Resolution, check_chain,
};
use saring_domain::policy::Decision;
use saring_domain::report::{ReportId, TextHash};

use crate::cases::Cases;
use crate::error::StoreError;
use crate::item::{Attributes, Reader};
use crate::names as n;
use crate::pages::{Cursor, PAGE_ITEMS_MAX, PageRequest, ScanCursor};
use crate::trail::Head;
use crate::transact::listing_key;
use crate::wire::{audit_event, case_record};

/// Where a walk goes on: first the table, then the feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// In the table.
    Table(Option<ScanCursor>),
    /// In the public index.
    Feed(Option<Cursor>),
}

impl Place {
    /// Where a walk starts.
    #[must_use]
    pub fn start() -> Self {
        Self::Table(None)
    }
}

/// Walks all of it.
///
/// # Errors
/// No answer; what is wrong with the data is in the findings.
pub async fn all(cases: &Cases) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let mut place = Some(Place::start());
    while let Some(at) = place {
        place = page(cases, at, &mut findings).await?;
    }
    Ok(findings)
}

/// Walks one page, adds to `findings`, and returns where the next begins.
///
/// # Errors
/// No answer; what is wrong with the data is in the findings.
pub async fn page(cases: &Cases, at: Place, findings: &mut Findings) -> Result<Option<Place>, StoreError> {
    match at {
        Place::Table(after) => {
            let page = cases.scan(after, None).await?;
            let mut partitions = BTreeMap::new();
            for item in &page.items {
                if let Some((id, counts)) = check_item(cases, item, findings).await? {
                    let known = partitions.entry(id).or_insert(counts);
                    *known = (*known).max(counts);
                }
            }
            for (id, counts) in partitions {
                check_case(cases, id, counts, findings).await?;
            }
            Ok(Some(page.next.map_or(Place::Feed(None), |next| Place::Table(Some(next)))))
        }
        Place::Feed(after) => {
            let page = cases.feed_rows(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            for row in &page.items {
                findings.feed_rows += 1;
                check_feed_row(row, findings);
            }
            Ok(page.next.map(|next| Place::Feed(Some(next))))
        }
    }
}

/// Checks an item; returns the case that is to be checked with it, once per page.
async fn check_item(
    cases: &Cases,
    item: &Attributes,
    findings: &mut Findings,
) -> Result<Option<(CaseId, Counts)>, StoreError> {
    let reader = Reader(item);
    let (Ok(pk), Ok(sk)) = (reader.text(n::PK), reader.text(n::SK)) else { return Ok(None) };
    let id = pk.split_once('#').map_or(pk, |(_, id)| id);
    let listed = |key: &str| item.contains_key(key);
    if (sk != n::CASE_SK && listed(n::FEED_PK)) || (sk != n::CASE_SK && sk != n::HEAD_SK && listed(n::REVIEW_PK)) {
        findings.add(&id, Kind::UnscreenedInFeed);
    }
    if pk.starts_with(n::ORIGINAL_PREFIX) {
        check_original(item, id, findings);
    }
    if let Some(id) = pk.strip_prefix(n::REPORT_PREFIX) {
        check_receipt(cases, id, findings).await?;
        return Ok(None);
    }
    let case = pk.strip_prefix(n::CASE_PREFIX).and_then(|id| CaseId::parse(id).ok());
    // Each case is checked where its first item stands: the trail's first event or, without one,
    // the case or the head.
    let Some(id) = case else { return Ok(None) };
    let main = sk == n::audit_sk(1) || sk == n::CASE_SK || sk == n::HEAD_SK;
    Ok(main.then_some((id, if sk == n::HEAD_SK { Counts::Add } else { Counts::Leave })))
}

fn check_original(item: &Attributes, id: &str, findings: &mut Findings) {
    if item.contains_key(n::PLAIN_REPORT) || !item.contains_key(n::SEALED) {
        findings.add(&id, Kind::OriginalInClear);
    }
    if Reader(item).number(n::EXPIRES_AT).is_err() {
        findings.add(&id, Kind::OriginalKeptForEver);
    }
}

/// Whether a partition is counted: it is looked at from each of its main items, in case one is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counts {
    Leave,
    Add,
}

async fn check_receipt(cases: &Cases, id: &str, findings: &mut Findings) -> Result<(), StoreError> {
    let Ok(report) = ReportId::parse(id) else {
        findings.add(&id, Kind::Orphan);
        return Ok(());
    };
    let receipt = match cases.receipt(&report).await {
        Ok(receipt) => receipt,
        Err(StoreError::Decode { item, source }) => {
            findings.add(&id, Kind::Unreadable { item, error: source });
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    // Gone since the page was read: erased.
    let Some(receipt) = receipt else { return Ok(()) };
    if cases.partition(n::case_pk(receipt.case), Some(n::HEAD_SK)).await?.is_empty() {
        findings.add(&id, Kind::Lost);
    }
    Ok(())
}

async fn check_case(cases: &Cases, id: CaseId, counts: Counts, findings: &mut Findings) -> Result<(), StoreError> {
    let first = Partition::read(cases, id).await?;
    let mut found = Findings::default();
    check_partition(cases, &first, &mut found).await?;
    if !found.violations.is_empty() {
        // A live case may have changed between reads; only what stays is wrong.
        let again = Partition::read(cases, id).await?;
        found = Findings::default();
        check_partition(cases, &again, &mut found).await?;
    }
    if counts == Counts::Add {
        findings.cases += found.cases;
        findings.pending += found.pending;
        findings.erased += found.erased;
        findings.events += found.events;
    }
    findings.violations.append(&mut found.violations);
    Ok(())
}

/// All items of one case.
struct Partition {
    id: CaseId,
    head: Option<Attributes>,
    case: Option<Attributes>,
    audit: Vec<Attributes>,
}

impl Partition {
    async fn read(cases: &Cases, id: CaseId) -> Result<Self, StoreError> {
        let mut partition = Self { id, head: None, case: None, audit: Vec::new() };
        for item in cases.partition(n::case_pk(id), None).await? {
            match Reader(&item).text(n::SK) {
                Ok(n::HEAD_SK) => partition.head = Some(item),
                Ok(n::CASE_SK) => partition.case = Some(item),
                Ok(sk) if sk.starts_with(n::AUDIT_PREFIX) => partition.audit.push(item),
                _ => {}
            }
        }
        Ok(partition)
    }
}

async fn check_partition(cases: &Cases, partition: &Partition, found: &mut Findings) -> Result<(), StoreError> {
    let id = partition.id;
    let unreadable = |item: &'static str| move |error| Kind::Unreadable { item, error };
    let events: Result<Vec<_>, _> = partition.audit.iter().map(audit_event).collect();
    let events = events.map_err(unreadable("audit event")).unwrap_or_else(|kind| {
        found.add(&id, kind);
        Vec::new()
    });
    found.events += events.len() as u64;
    let head = partition.head.as_ref().map(|item| Head::decode(id, item).map_err(unreadable("head")));
    let record = partition.case.as_ref().map(|item| case_record(item).map_err(unreadable("case")));
    match &head {
        None => found.add(&id, Kind::Orphan),
        Some(Err(kind)) => found.add(&id, kind.clone()),
        Some(Ok(head)) => check_trail(head, &events, found),
    }
    let erased = head.as_ref().is_some_and(|head| head.as_ref().is_ok_and(|head| head.erased_at.is_some()));
    check_waiting(partition, erased, found);
    if erased != events.last().is_some_and(|event| event.action == AuditAction::Erased) {
        found.add(&id, Kind::NotErased);
    }
    if erased {
        return check_erased(cases, partition, found).await;
    }
    let version = match &record {
        Some(Ok(record)) => record.version,
        Some(Err(_)) | None => 0,
    };
    let told = events.last().map_or(0, |e| e.case_version);
    match record {
        None => found.pending += 1,
        Some(Err(kind)) => {
            found.cases += 1;
            found.add(&id, kind);
            return Ok(());
        }
        Some(Ok(record)) => {
            found.cases += 1;
            check_record(&record, &events, found);
            check_rest(record.id, &events, found);
            check_listing(&record, partition.case.as_ref(), found);
            check_accepted(cases, &record, found).await?;
        }
    }
    if told != version {
        found.add(&id, Kind::TrailVersion { trail: told, case: version });
    }
    Ok(())
}

/// Of an erased case only the trail and its end are left.
async fn check_erased(cases: &Cases, partition: &Partition, found: &mut Findings) -> Result<(), StoreError> {
    found.erased += 1;
    let mut left = partition.case.is_some();
    for sk in [n::ORIGINAL_SK, n::APPEAL_SK] {
        left |= cases.get("looking for an original", &n::original_pk(partition.id), sk).await?.is_some();
    }
    left |= !cases.partition(n::original_pk(partition.id), Some(n::NOTE_PREFIX)).await?.is_empty();
    if left {
        found.add(&partition.id, Kind::NotErased);
    }
    Ok(())
}

/// A head is listed as waiting as long as there is neither a case nor an erasure.
fn check_waiting(partition: &Partition, erased: bool, found: &mut Findings) {
    let Some(head) = &partition.head else { return };
    if head.contains_key(n::REVIEW_PK) != (partition.case.is_none() && !erased) {
        found.add(&partition.id, Kind::Waiting);
    }
}

fn check_trail(head: &Head, events: &[AuditEvent], found: &mut Findings) {
    match check_chain(head.case, events) {
        Err(error) => found.add(&head.case, Kind::Trail { sequence: error.sequence, what: error.what }),
        Ok(end) if end.events != head.sequence || end.hash != head.hash => found.add(&head.case, Kind::TrailEnd),
        Ok(_) => {}
    }
}

fn check_record(record: &CaseRecord, events: &[AuditEvent], found: &mut Findings) {
    for breach in record.breaches() {
        found.add(&record.id, Kind::Case(breach));
    }
    let Some(publication) = &record.publication else { return };
    let borne_out = events.iter().any(|event| {
        let decided = match publication.by {
            PublishedBy::Screening => {
                let screened = matches!(event.action, AuditAction::Screened | AuditAction::Rescreened);
                screened && event.detail == Decision::Publish.code()
            }
            PublishedBy::Moderator => {
                let codes = [Resolution::Publish.code(), Resolution::PublishAnonymous.code()];
                event.action == AuditAction::Resolved && codes.contains(&event.detail)
            }
        };
        decided
            && event.case_version == publication.version
            && event.text_hash == publication.text_hash
            && event.model.as_ref() == Some(&publication.model)
            && event.policy.as_ref() == Some(&publication.policy)
    });
    let recalled = events.iter().any(|e| e.action == AuditAction::Recalled && e.case_version > publication.version);
    if !borne_out || recalled {
        found.add(&record.id, Kind::NotInTrail);
    }
}

/// What the sweep let take effect was decided by a person, had rested to its end, and had not been
/// taken back.
fn check_rest(id: CaseId, events: &[AuditEvent], found: &mut Findings) {
    let mut resting: Option<(&str, &str)> = None;
    for event in events {
        match event.action {
            AuditAction::Proposed => {
                let mut words = event.detail.split(' ');
                let due = event.detail.rsplit_once("due=").map_or("", |(_, due)| due);
                resting = words.next().map(|code| (code, due));
            }
            AuditAction::Resolved | AuditAction::Returned | AuditAction::Asked => {
                let code = match event.action {
                    AuditAction::Returned => format!("return.{}", event.detail),
                    AuditAction::Asked => format!("ask.{}", event.detail),
                    _ => event.detail.clone(),
                };
                let rested = resting.is_some_and(|(rests, due)| rests == code && *due <= *event.at.rfc3339());
                if event.actor == Actor::sweep() && !rested {
                    found.add(&id, Kind::NotRested);
                }
                resting = None;
            }
            AuditAction::Withdrawn | AuditAction::Edited => resting = None,
            _ => {}
        }
    }
}

fn check_listing(record: &CaseRecord, item: Option<&Attributes>, found: &mut Findings) {
    let expected = listing_key(record);
    let listed_as = |partition: &str, sort: &str| {
        let Some(item) = item else { return false };
        let value = |key: &str| item.get(key).and_then(|v| v.as_s().ok());
        expected.as_ref().is_some_and(|key| {
            key.partition == partition
                && value(partition) == Some(&key.partition_value)
                && value(sort) == Some(&key.sort_value)
        })
    };
    let has = |key: &str| item.is_some_and(|item| item.contains_key(key));
    let published = record.status == CaseStatus::Published;
    match (has(n::FEED_PK), published) {
        (true, false) => found.add(&record.id, Kind::UnscreenedInFeed),
        (_, true) if !listed_as(n::FEED_PK, n::FEED_SK) => found.add(&record.id, Kind::MissingFromFeed),
        _ => {}
    }
    let waits = matches!(record.status, CaseStatus::InReview | CaseStatus::Edited);
    if (waits && !listed_as(n::REVIEW_PK, n::REVIEW_SK)) || (!waits && has(n::REVIEW_PK)) {
        found.add(&record.id, Kind::ReviewQueue);
    }
}

/// The text that was screened is the one that was accepted, and for this case.
async fn check_accepted(cases: &Cases, record: &CaseRecord, found: &mut Findings) -> Result<(), StoreError> {
    let item = cases.get("reading a receipt", &n::report_pk(&record.report_id), n::RECEIPT_SK).await?;
    let Some(item) = item else {
        found.add(&record.id, Kind::Orphan);
        return Ok(());
    };
    let receipt = Reader(&item);
    if receipt.parsed(n::CASE_ID, CaseId::parse) != Ok(record.id) {
        found.add(&record.id, Kind::Orphan);
    }
    // A changed text is accepted before it is screened; the case is held meanwhile.
    let accepted = record.edit.as_ref().map_or(&record.screened.text_hash, |edit| &edit.text_hash);
    if receipt.parsed(n::TEXT_HASH, TextHash::parse).as_ref() != Ok(accepted) {
        found.add(&record.id, Kind::OtherText);
    }
    Ok(())
}

fn check_feed_row(row: &Attributes, findings: &mut Findings) {
    let keys = [n::PK, n::SK, n::FEED_PK, n::FEED_SK];
    let id = Reader(row).text(n::PK).unwrap_or_default();
    let id = id.strip_prefix(n::CASE_PREFIX).unwrap_or(id);
    for attribute in row.keys() {
        if !keys.contains(&attribute.as_str()) && !n::PUBLIC.contains(&attribute.as_str()) {
            findings.add(&id, Kind::PrivateInFeed { attribute: attribute.clone() });
        }
    }
}
