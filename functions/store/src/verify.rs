//! Walks the table and proves the invariants of the design, or names what breaks them.
//!
//! It only reads, goes page by page, and can run on a live system: a case that changes between two
//! reads is read again before anything is said about it.

use std::collections::BTreeSet;
use std::fmt;

use saring_domain::case::{
    AuditAction, AuditEvent, Breach, CaseId, CaseRecord, CaseStatus, ChainBreak, PublishedBy, Resolution, check_chain,
};
use saring_domain::policy::Decision;
use saring_domain::report::{ReportId, TextHash};

use crate::cases::Cases;
use crate::error::StoreError;
use crate::item::{Attributes, DecodeError, Reader};
use crate::names as n;
use crate::pages::{Cursor, PAGE_ITEMS_MAX, PageRequest, ScanCursor};
use crate::trail::Head;
use crate::wire::{audit_event, case_record};

/// Where something is wrong; it names ids and attributes, never text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// A case id or a report id.
    pub id: String,
    /// What is wrong.
    pub kind: Kind,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.kind)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// In the feed, but not by its case.
    UnscreenedInFeed,
    /// Published, but not in the feed.
    MissingFromFeed,
    /// Waiting for a person, but not in the review queue; or the reverse.
    ReviewQueue,
    /// The case contradicts itself.
    Case(Breach),
    /// The trail doesn't bear out that the case is public.
    NotInTrail,
    /// The text of the verdict is not the one that was accepted.
    OtherText,
    /// The trail is broken.
    Trail {
        /// The first event that is wrong, from 1.
        sequence: u64,
        /// How.
        what: ChainBreak,
    },
    /// The trail ends elsewhere than its head says: events are missing at its end.
    TrailEnd,
    /// The trail tells of another version than the case has.
    TrailVersion {
        /// Version after the last event.
        trail: u64,
        /// Version of the case; 0 if there is none.
        case: u64,
    },
    /// Something private is shown by the public index.
    PrivateInFeed {
        /// The attribute.
        attribute: String,
    },
    /// An accepted report has neither a case nor a place where it waits.
    Lost,
    /// A case that no accepted report leads to.
    Orphan,
    /// An item can't be read.
    Unreadable {
        /// Kind of the item.
        item: &'static str,
        /// What is wrong with it.
        error: DecodeError,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnscreenedInFeed => f.write_str("it is in the feed without a verdict that says so"),
            Self::MissingFromFeed => f.write_str("it is published but not in the feed"),
            Self::ReviewQueue => f.write_str("its status and the review queue disagree"),
            Self::Case(breach) => breach.fmt(f),
            Self::NotInTrail => f.write_str("its audit trail does not bear out that it is public"),
            Self::OtherText => f.write_str("its verdict is about another text than the one accepted"),
            Self::Trail { sequence, what } => write!(f, "its audit trail is broken at event {sequence}: {what}"),
            Self::TrailEnd => f.write_str("its audit trail ends elsewhere than its head says"),
            Self::TrailVersion { trail, case } => {
                write!(f, "its audit trail leads to version {trail}, the case is at version {case}")
            }
            Self::PrivateInFeed { attribute } => write!(f, "the public index shows attribute '{attribute}'"),
            Self::Lost => f.write_str("it was accepted, but has no case and does not wait for one"),
            Self::Orphan => f.write_str("no accepted report leads to it"),
            Self::Unreadable { item, error } => write!(f, "its {item} cannot be read: {error}"),
        }
    }
}

/// What a walk saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Cases.
    pub cases: u64,
    /// Accepted reports that wait for their screening.
    pub pending: u64,
    /// Events of trails.
    pub events: u64,
    /// Rows of the feed.
    pub feed_rows: u64,
    /// What is wrong, in order of id.
    pub violations: BTreeSet<Violation>,
}

impl Findings {
    fn add(&mut self, id: &impl ToString, kind: Kind) {
        self.violations.insert(Violation { id: id.to_string(), kind });
    }
}

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
            for item in &page.items {
                check_item(cases, item, findings).await?;
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

async fn check_item(cases: &Cases, item: &Attributes, findings: &mut Findings) -> Result<(), StoreError> {
    let reader = Reader(item);
    let (Ok(pk), Ok(sk)) = (reader.text(n::PK), reader.text(n::SK)) else { return Ok(()) };
    if sk != n::CASE_SK && [n::FEED_PK, n::REVIEW_PK].iter().any(|key| item.contains_key(*key)) {
        let id = pk.split_once('#').map_or(pk, |(_, id)| id);
        findings.add(&id, Kind::UnscreenedInFeed);
    }
    if let Some(id) = pk.strip_prefix(n::REPORT_PREFIX) {
        return check_receipt(cases, id, findings).await;
    }
    let case = pk.strip_prefix(n::CASE_PREFIX).and_then(|id| CaseId::parse(id).ok());
    // Each case is checked where its first item stands: the trail's first event or, without one,
    // the case or the head.
    let Some(id) = case else { return Ok(()) };
    if sk == n::audit_sk(1) || sk == n::CASE_SK || sk == n::HEAD_SK {
        let counts = if sk == n::HEAD_SK { Counts::Add } else { Counts::Leave };
        check_case(cases, id, counts, findings).await?;
    }
    Ok(())
}

/// Whether a partition is counted: it is looked at from each of its main items, in case one is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Add,
    Leave,
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
    if cases.partition(receipt.case, Some(n::HEAD_SK)).await?.is_empty() {
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
        for item in cases.partition(id, None).await? {
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
            check_listing(&record, partition.case.as_ref(), found);
            check_accepted(cases, &record, found).await?;
        }
    }
    if told != version {
        found.add(&id, Kind::TrailVersion { trail: told, case: version });
    }
    Ok(())
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
            PublishedBy::Screening => event.action == AuditAction::Screened && event.detail == Decision::Publish.code(),
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
    if !borne_out {
        found.add(&record.id, Kind::NotInTrail);
    }
}

fn check_listing(record: &CaseRecord, item: Option<&Attributes>, found: &mut Findings) {
    let has = |key: &str| item.is_some_and(|item| item.contains_key(key));
    let (in_feed, published) = (has(n::FEED_PK), record.status == CaseStatus::Published);
    match (in_feed, published) {
        (true, false) => found.add(&record.id, Kind::UnscreenedInFeed),
        (false, true) => found.add(&record.id, Kind::MissingFromFeed),
        (true, true) | (false, false) => {}
    }
    if has(n::REVIEW_PK) != (record.status == CaseStatus::InReview) {
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
    if receipt.parsed(n::TEXT_HASH, TextHash::parse).as_ref() != Ok(&record.screened.text_hash) {
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
