//! What else the same person sent, as counts. The table holds no reference to a person, only a keyed
//! hash of the one that the input system gave, and each report adds one small item of its own, so
//! that many reports of one person have nothing to contend for.

use saring_domain::case::{CaseId, CaseStatus, Timestamp};
use saring_domain::report::Report;

use crate::batch::{Key, Reading, key};
use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, text, value_error};
use crate::names as n;

const PREFIX: &str = "reporter#";
/// How long it is remembered that a report came from the same person.
const KEPT_DAYS: u32 = 365;
/// Reports that are counted, the latest.
pub const HISTORY_REPORTS_MAX: u64 = 100;

/// What a person sent, this report included; no more than [`HISTORY_REPORTS_MAX`], the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReporterHistory {
    /// Reports.
    pub sent: u64,
    /// Of them, those that are public.
    pub published: u64,
    /// Those that were rejected.
    pub rejected: u64,
    /// Those that wait for a screening or a person.
    pub open: u64,
}

impl ReporterHistory {
    /// Whether there may be more than were counted.
    #[must_use]
    pub const fn is_open_ended(&self) -> bool {
        self.sent >= HISTORY_REPORTS_MAX
    }
}

/// Where a report stands among those of the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReporterPlace {
    person: String,
    sort: String,
}

impl ReporterPlace {
    /// From the end of the report's trail; nothing where the input system named nobody.
    pub(crate) fn decode(case: CaseId, head: Reader<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(person) = head.optional_text(n::REPORTER)? else { return Ok(None) };
        let sort = n::listing_sk(head.time(n::RECEIVED_AT)?, case);
        Ok(Some(Self { person: person.to_owned(), sort }))
    }

    pub(crate) fn key(&self) -> (String, &str) {
        (format!("{PREFIX}{}", self.person), &self.sort)
    }
}

impl Cases {
    /// The hash by which reports of one person are known. It needs the key of the originals: without
    /// it nobody can try out whose it is.
    pub(crate) fn reporter_hash(&self, report: &Report) -> Option<String> {
        let keys = self.original_keys.as_deref()?;
        report.reporter_ref.as_deref().map(|reference| keys.pseudonym("reporter", reference))
    }

    /// The item by which a report is found among those of the same person.
    pub(crate) fn reporter_item(&self, report: &Report, case: CaseId, received_at: Timestamp) -> Option<Attributes> {
        let person = self.reporter_hash(report)?;
        let item = Writer::default()
            .text(n::PK, format!("{PREFIX}{person}"))
            .text(n::SK, n::listing_sk(received_at, case))
            .text(n::CASE_ID, case.to_string())
            .number(n::EXPIRES_AT, received_at.plus_days(KEPT_DAYS).unix_s());
        Some(item.finish())
    }

    /// How many reports the person of this case sent, and what became of them: one read by key, one
    /// query and one call for the states, however many there are. Nothing where the input system named
    /// nobody.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn reporter_history(&self, id: CaseId) -> Result<Option<ReporterHistory>, StoreError> {
        const OPERATION: &str = "reading what a person sent";
        let Some(head) = self.get(OPERATION, &n::case_pk(id), n::HEAD_SK).await? else { return Ok(None) };
        let place = ReporterPlace::decode(id, Reader(&head)).map_err(unreadable("head"))?;
        let Some(place) = place else { return Ok(None) };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .scan_index_forward(false)
            .limit(i32::try_from(HISTORY_REPORTS_MAX).unwrap_or(i32::MAX))
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", n::PK)
            .expression_attribute_values(":pk", text(place.key().0));
        let sent = query.send().await.map_err(failed(OPERATION))?.items.unwrap_or_default();
        let case = |item: &Attributes| Reader(item).parsed(n::CASE_ID, CaseId::parse);
        let sent: Vec<CaseId> = sent.iter().map(case).collect::<Result<_, _>>().map_err(unreadable("reporter"))?;
        let keys: Vec<Key> = sent.iter().map(|id| key(n::case_pk(*id), n::CASE_SK)).collect();
        let mut history = ReporterHistory { sent: sent.len() as u64, ..ReporterHistory::default() };
        let mut screened = 0;
        for item in self.get_all(OPERATION, &keys, Reading::Cheap).await? {
            screened += 1;
            let status = Reader(&item).parsed(n::STATUS, |code| {
                CaseStatus::ALL.into_iter().find(|status| status.code() == code).ok_or(value_error(n::STATUS))
            });
            match status.map_err(unreadable("case"))? {
                CaseStatus::Published => history.published += 1,
                CaseStatus::Rejected => history.rejected += 1,
                CaseStatus::InReview | CaseStatus::Edited => history.open += 1,
                CaseStatus::Confidential | CaseStatus::Returned => {}
            }
        }
        // What has no case yet waits for its screening.
        history.open += history.sent.saturating_sub(screened);
        Ok(Some(history))
    }
}
