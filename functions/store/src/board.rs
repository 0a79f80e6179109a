//! Counts of the whole review queue, made by the sweep, so that a page needs not count.

use std::collections::BTreeMap;

use saring_domain::case::{CaseRecord, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Reader, Writer, value_error};
use crate::names as n;
use crate::pages::{Listing, PAGE_ITEMS_MAX, PageRequest};
use crate::wire::case_record;

/// Values of a kind that are kept, the most frequent.
const VALUES_MAX: usize = 20;
/// Rows that one count reads at most; beyond them it says so.
const ROWS_MAX: u64 = 500_000;

/// How often a value occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The value: a code or a name.
    pub key: String,
    /// Its name, where the value is a code with one of its own.
    pub name: Option<String>,
    /// How often.
    pub count: u64,
}

/// Counts of the review queue at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Cases that any moderator takes.
    pub open: u64,
    /// Of those, appeals.
    pub appeals: u64,
    /// Cases for a supervisor.
    pub escalated: u64,
    /// Decisions that rest.
    pub resting: u64,
    /// Questions that wait for reporters.
    pub asked: u64,
    /// Since when the oldest waits, in milliseconds since 1970.
    pub oldest_ms: Option<u64>,
    /// By reason of the screening.
    pub reasons: Vec<Counted>,
    /// By category.
    pub categories: Vec<Counted>,
    /// By agency.
    pub agencies: Vec<Counted>,
    /// By region.
    pub regions: Vec<Counted>,
    /// By day of the report's acceptance (UTC, `2026-11-24`), for the last days.
    pub days: Vec<Counted>,
}

#[derive(Default)]
struct Tally(BTreeMap<String, (Option<String>, u64)>);

impl Tally {
    fn add(&mut self, key: &str, name: Option<&str>) {
        self.0.entry(key.to_owned()).or_insert_with(|| (name.map(str::to_owned), 0)).1 += 1;
    }

    fn most(self, limit: usize) -> Vec<Counted> {
        let mut all: Vec<Counted> =
            self.0.into_iter().map(|(key, (name, count))| Counted { key, name, count }).collect();
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
        all.truncate(limit);
        all
    }
}

#[derive(Default)]
struct Tallies {
    reasons: Tally,
    categories: Tally,
    agencies: Tally,
    regions: Tally,
    days: Tally,
    oldest: Option<Timestamp>,
}

impl Tallies {
    fn add(&mut self, record: &CaseRecord) {
        let mut reasons: Vec<&str> = record.screened.verdict.reasons.iter().map(|r| r.code.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for code in reasons {
            self.reasons.add(code, None);
        }
        if let Some(category) = record.screened.category.first() {
            self.categories.add(&category.code, None);
        }
        if let Some(agency) = record.screened.agency.first() {
            self.agencies.add(&agency.name, None);
        }
        if let Some(region) = &record.screened.region {
            self.regions.add(&region.code, Some(&region.name));
        }
        self.days.add(&record.received_at.rfc3339()[..10], None);
        self.oldest = Some(self.oldest.map_or(record.received_at, |oldest| oldest.min(record.received_at)));
    }
}

fn json(board: &Board) -> String {
    serde_json::to_string(board).expect("the counts have only json types")
}

impl Cases {
    /// Counts the whole queue and keeps the counts. It reads every case that waits.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn refresh_board(&self, now: Timestamp) -> Result<Board, StoreError> {
        let mut tallies = Tallies::default();
        let open = self.walk(Listing::ReviewOpen, Some(&mut tallies)).await?;
        let board = Board {
            at_ms: now.unix_ms(),
            open,
            appeals: self.walk(Listing::ReviewAppeals, None).await?,
            escalated: self.walk(Listing::ReviewEscalated, None).await?,
            resting: self.walk(Listing::ReviewResting, None).await?,
            asked: self.walk(Listing::ReviewAsked, None).await?,
            oldest_ms: tallies.oldest.map(Timestamp::unix_ms),
            reasons: tallies.reasons.most(VALUES_MAX),
            categories: tallies.categories.most(VALUES_MAX),
            agencies: tallies.agencies.most(VALUES_MAX),
            regions: tallies.regions.most(VALUES_MAX),
            days: tallies.days.most(400),
        };
        let json = json(&board);
        let item = Writer::default().text(n::PK, n::BOARD_PK).text(n::SK, n::BOARD_SK).text(n::BOARD, json).finish();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("keeping the counts of the queue"))?;
        Ok(board)
    }

    async fn walk(&self, listing: Listing, mut tallies: Option<&mut Tallies>) -> Result<u64, StoreError> {
        let (mut rows, mut after) = (0, None);
        loop {
            let page = self.listing(listing, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            for item in &page.items {
                rows += 1;
                if let Some(tallies) = tallies.as_deref_mut() {
                    tallies.add(&case_record(item).map_err(unreadable("review row"))?);
                }
            }
            after = page.next;
            if after.is_none() || rows >= ROWS_MAX {
                return Ok(rows);
            }
        }
    }

    /// The counts as they were last made; nothing where they never were.
    ///
    /// # Errors
    /// No answer, or counts that can't be read.
    pub async fn board(&self) -> Result<Option<Board>, StoreError> {
        let item = self.get("reading the counts of the queue", n::BOARD_PK, n::BOARD_SK).await?;
        let board = item.map(|item| {
            let json = Reader(&item).text(n::BOARD)?;
            serde_json::from_str(json).map_err(|_| value_error(n::BOARD))
        });
        board.transpose().map_err(unreadable("board"))
    }
}
