//! Counts of the whole review queue, made by the sweep, so that a page needs not count.

use std::collections::{BTreeMap, HashSet};

use saring_domain::case::{CaseId, CaseRecord, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Reader, Writer, value_error};
use crate::names as n;
use crate::pages::{Listing, PAGE_ITEMS_MAX, PageRequest};
use crate::wire::case_record;

/// Values of a kind that are kept, the most frequent.
const VALUES_MAX: usize = 20;
/// Most pressing cases whose campaigns are counted.
pub const CAMPAIGN_ROWS_MAX: usize = 2000;
/// Longest begin of a campaign's text.
const SAYS_CHARS_MAX: usize = 60;
/// Rows that one count reads at most; beyond them it says so.
const ROWS_MAX: u64 = 500_000;

/// Steps of how long a report waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeStep {
    /// Less than a day.
    Day,
    /// One day to three.
    ThreeDays,
    /// Three days to seven.
    Week,
    /// More than a week.
    Older,
}

impl AgeStep {
    /// All steps, the youngest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::ThreeDays, Self::Week, Self::Older];

    /// The step of a report that was accepted then.
    #[must_use]
    pub fn of(received_at: Timestamp, now: Timestamp) -> Self {
        match now.unix_ms().saturating_sub(received_at.unix_ms()) / 86_400_000 {
            0 => Self::Day,
            1 | 2 => Self::ThreeDays,
            3..7 => Self::Week,
            _ => Self::Older,
        }
    }

    /// The value of a filter.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Day => "1d",
            Self::ThreeDays => "3d",
            Self::Week => "7d",
            Self::Older => "old",
        }
    }
}

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
    /// By how long the report waits, as [`AgeStep`] has it.
    #[serde(default)]
    pub ages: Vec<Counted>,
    /// By campaign, named by its first case, with the begin of what they say: among the
    /// [`CAMPAIGN_ROWS_MAX`] most pressing.
    #[serde(default)]
    pub campaigns: Vec<Counted>,
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

struct Tallies {
    now: Timestamp,
    ages: Tally,
    /// The first cases with the begin of what they say.
    first: Vec<(CaseId, String)>,
    reasons: Tally,
    categories: Tally,
    agencies: Tally,
    regions: Tally,
    days: Tally,
    oldest: Option<Timestamp>,
}

impl Tallies {
    fn at(now: Timestamp) -> Self {
        Self {
            now,
            ages: Tally::default(),
            first: Vec::new(),
            reasons: Tally::default(),
            categories: Tally::default(),
            agencies: Tally::default(),
            regions: Tally::default(),
            days: Tally::default(),
            oldest: None,
        }
    }

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
        self.ages.add(AgeStep::of(record.received_at, self.now).code(), None);
        if self.first.len() < CAMPAIGN_ROWS_MAX {
            let says = record.screened.public_text.chars().take(SAYS_CHARS_MAX).collect();
            self.first.push((record.id, says));
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
        let mut tallies = Tallies::at(now);
        let open = self.walk(Listing::ReviewOpen, Some(&mut tallies)).await?;
        let campaigns = self.waiting_campaigns(&tallies.first).await?;
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
            ages: tallies.ages.most(VALUES_MAX),
            campaigns: campaigns.most(VALUES_MAX),
            days: tallies.days.most(400),
        };
        let json = json(&board);
        let item = Writer::default().text(n::PK, n::BOARD_PK).text(n::SK, n::BOARD_SK).text(n::BOARD, json).finish();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("keeping the counts of the queue"))?;
        Ok(board)
    }

    /// How many of these cases belong to a campaign, the first of each included.
    async fn waiting_campaigns(&self, first: &[(CaseId, String)]) -> Result<Tally, StoreError> {
        let ids: Vec<CaseId> = first.iter().map(|(id, _)| *id).collect();
        let campaigns = self.campaigns_of(&ids).await?;
        let named: HashSet<CaseId> = campaigns.values().copied().collect();
        let mut tally = Tally::default();
        for (id, says) in first {
            let own = named.contains(id).then_some(id);
            if let Some(campaign) = campaigns.get(id).or(own) {
                tally.add(&campaign.to_string(), Some(says));
            }
        }
        Ok(tally)
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
