//! Listings in pages: the review queue, the feed, and every case.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use saring_domain::case::{Case, CaseId, NamedRegion, Timestamp};
use saring_domain::report::ReportId;

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, DecodeError, Reader, text, value_error};
use crate::names as n;
use crate::wire::case_record;

/// Most items of a page.
pub const PAGE_ITEMS_MAX: u16 = 100;

const CURSOR_BYTES_MAX: usize = 64;

/// Why a string is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor must be 1 to {CURSOR_BYTES_MAX} visible ascii characters")]
pub struct CursorError;

/// Where a listing goes on; it holds nothing private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// # Errors
    /// Anything that cannot come from a page.
    pub fn parse(cursor: &str) -> Result<Self, CursorError> {
        let valid = (1..=CURSOR_BYTES_MAX).contains(&cursor.len()) && cursor.bytes().all(|b| b.is_ascii_graphic());
        valid.then(|| Self(cursor.to_owned())).ok_or(CursorError)
    }

    /// What [`Cursor::parse`] reads.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Most items, within 1 and [`PAGE_ITEMS_MAX`]; values outside are moved to the nearer end.
    pub items: u16,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C = Cursor> {
    /// Its items, in the order of the listing.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<C>,
}

/// Where a walk over the table goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanCursor(Attributes);

/// A report as everybody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// The public id.
    pub id: CaseId,
    /// The text with personal data masked.
    pub text: String,
    /// Code of the likeliest category.
    pub category: Option<String>,
    /// Name of the likeliest agency.
    pub agency: Option<String>,
    /// Where it is about.
    pub region: Option<NamedRegion>,
    /// Since when it is public.
    pub published_at: Timestamp,
}

/// A report that waits for its screening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its case, which may not be there yet.
    pub case: CaseId,
    /// The input system's id.
    pub report: ReportId,
    /// Since when.
    pub since: Timestamp,
}

#[derive(Clone, Copy)]
pub(crate) enum Listing {
    /// What waits for a person, in the order of the queue.
    Review,
    /// Of that, what any moderator takes.
    ReviewOpen,
    /// Of that, appeals.
    ReviewAppeals,
    /// Of that, what a supervisor should decide.
    ReviewEscalated,
    /// Decisions that rest, the first to take effect first.
    ReviewResting,
    /// Questions that wait for the reporter, the oldest first.
    ReviewAsked,
    /// What waits for its screening, the oldest first.
    Pending,
    /// What is public, the newest first.
    Feed,
}

impl Listing {
    fn index(self) -> &'static str {
        match self {
            Self::Feed => n::FEED_INDEX,
            _ => n::REVIEW_INDEX,
        }
    }

    /// What the names of its partitions begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Review | Self::ReviewOpen | Self::ReviewAppeals | Self::ReviewEscalated => n::REVIEW_INDEX,
            Self::ReviewResting => n::RESTING,
            Self::ReviewAsked => n::ASKED,
            Self::Pending => n::PENDING,
            Self::Feed => n::FEED_INDEX,
        }
    }

    fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::Feed => (n::FEED_PK, n::FEED_SK),
            _ => (n::REVIEW_PK, n::REVIEW_SK),
        }
    }

    /// The first and the last possible sort key.
    fn range(self) -> (String, String) {
        let digit = |class: n::ReviewClass| class.digit().to_string();
        match self {
            Self::ReviewOpen => (String::from("0"), digit(n::ReviewClass::Escalated)),
            Self::ReviewAppeals => (digit(n::ReviewClass::Appeal), digit(n::ReviewClass::Usual)),
            Self::ReviewEscalated => (digit(n::ReviewClass::Escalated), String::from("9")),
            _ => (String::from("!"), String::from("~")),
        }
    }

    fn oldest_first(self) -> bool {
        !matches!(self, Self::Feed)
    }
}

/// A shard of a listing while it is merged with the others.
struct Shard {
    number: u8,
    rows: VecDeque<(String, Attributes)>,
    after: Option<String>,
    ended: bool,
}

impl Cases {
    /// What waits for a person, in the order of the queue.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn review_queue(&self, request: &PageRequest) -> Result<Page<Case>, StoreError> {
        let page = self.listing(Listing::Review, request).await?;
        let case = |item: &Attributes| {
            let record = case_record(item).map_err(unreadable("review row"))?;
            Ok(Case::restore(record)?)
        };
        let items = page.items.iter().map(case).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: page.next })
    }

    /// What was accepted or changed and waits for its screening, the longest waiting first.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn waiting(&self, request: &PageRequest) -> Result<Page<Waiting>, StoreError> {
        let page = self.listing(Listing::Pending, request).await?;
        let waiting = |item: &Attributes| {
            let item = Reader(item);
            let changed = item.text(n::SK)? == n::CASE_SK;
            Ok(Waiting {
                case: item.parsed(n::CASE_ID, CaseId::parse)?,
                report: item.parsed(n::REPORT_ID, ReportId::parse)?,
                since: item.time(if changed { n::CHANGED_AT } else { n::RECEIVED_AT })?,
            })
        };
        let items = page.items.iter().map(waiting).collect::<Result<_, _>>();
        Ok(Page { items: items.map_err(unreadable("waiting row"))?, next: page.next })
    }

    /// What is public, the newest first; read from the public index alone.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn feed(&self, request: &PageRequest) -> Result<Page<FeedItem>, StoreError> {
        let page = self.listing(Listing::Feed, request).await?;
        let items = page.items.iter().map(feed_item).collect::<Result<_, _>>();
        Ok(Page { items: items.map_err(unreadable("feed row"))?, next: page.next })
    }

    /// Every case, in no order.
    ///
    /// # Errors
    /// No answer, or a case that can't be read.
    pub async fn scan_cases(&self, after: Option<ScanCursor>) -> Result<Page<Case, ScanCursor>, StoreError> {
        let page = self.scan(after, Some(n::CASE_SK)).await?;
        let case = |item: &Attributes| {
            let record = case_record(item).map_err(unreadable("case"))?;
            Ok(Case::restore(record)?)
        };
        let items = page.items.iter().map(case).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: page.next })
    }

    /// Every item of the table, or those of one sort key.
    pub(crate) async fn scan(
        &self,
        after: Option<ScanCursor>,
        sk: Option<&str>,
    ) -> Result<Page<Attributes, ScanCursor>, StoreError> {
        let mut scan = self.client.scan().table_name(&self.table).consistent_read(true);
        scan = scan.limit(i32::from(PAGE_ITEMS_MAX)).set_exclusive_start_key(after.map(|c| c.0));
        if let Some(sk) = sk {
            scan = scan
                .filter_expression("#sk = :sk")
                .expression_attribute_names("#sk", n::SK)
                .expression_attribute_values(":sk", text(sk));
        }
        let page = scan.send().await.map_err(failed("walking the table"))?;
        Ok(Page { items: page.items.unwrap_or_default(), next: page.last_evaluated_key.map(ScanCursor) })
    }

    /// Rows of the public index as they are, for `verify`.
    pub(crate) async fn feed_rows(&self, request: &PageRequest) -> Result<Page<Attributes>, StoreError> {
        self.listing(Listing::Feed, request).await
    }

    /// Merges the shards of an index: their sort keys are one total order. Each is asked for about its
    /// share, and again only when it has run out, so that little more is read than is shown.
    pub(crate) async fn listing(
        &self,
        listing: Listing,
        request: &PageRequest,
    ) -> Result<Page<Attributes>, StoreError> {
        let count = usize::from(request.items.clamp(1, PAGE_ITEMS_MAX));
        let share = (count + 1).div_ceil(usize::from(n::SHARDS)) + 1;
        let after = request.after.as_ref().map(|cursor| cursor.as_str().to_owned());
        let empty = |number| Shard { number, rows: VecDeque::new(), after: after.clone(), ended: false };
        let mut shards: Vec<Shard> = (0..n::SHARDS).map(empty).collect();
        let mut rows: Vec<(String, Attributes)> = Vec::new();
        while rows.len() <= count {
            self.refill(listing, &mut shards, share).await?;
            let heads = shards.iter_mut().filter(|shard| !shard.rows.is_empty());
            let first = heads.min_by(|a, b| {
                let order = a.rows[0].0.cmp(&b.rows[0].0);
                if listing.oldest_first() { order } else { order.reverse() }
            });
            let Some(row) = first.and_then(|shard| shard.rows.pop_front()) else { break };
            rows.push(row);
        }
        let more = rows.len() > count;
        rows.truncate(count);
        let next = rows.last().filter(|_| more).map(|(sort, _)| Cursor(sort.clone()));
        Ok(Page { items: rows.into_iter().map(|(_, item)| item).collect(), next })
    }

    /// Reads on where a shard has run out, all such at once.
    async fn refill(&self, listing: Listing, shards: &mut [Shard], share: usize) -> Result<(), StoreError> {
        let empty = shards.iter().filter(|shard| shard.rows.is_empty() && !shard.ended);
        let mut reads: FuturesUnordered<_> = empty
            .map(|shard| {
                let (number, after) = (shard.number, shard.after.clone());
                async move { (number, self.shard(listing, number, after, share).await) }
            })
            .collect();
        while let Some((number, read)) = reads.next().await {
            let one = &mut shards[usize::from(number)];
            let rows = read?;
            one.ended = rows.len() < share;
            one.after = rows.last().map(|(sort, _)| sort.clone());
            one.rows = rows.into();
        }
        Ok(())
    }

    async fn shard(
        &self,
        listing: Listing,
        shard: u8,
        after: Option<String>,
        count: usize,
    ) -> Result<Vec<(String, Attributes)>, StoreError> {
        let (partition, sort) = listing.key();
        let (mut first, mut last) = listing.range();
        // No sort key begins with another one, so a blank behind one is just past it.
        match after {
            Some(after) if listing.oldest_first() => first = first.max(format!("{after} ")),
            Some(after) => match after.strip_suffix(|_: char| true) {
                Some(before) => last = format!("{before}{}", just_before(&after)),
                None => return Ok(Vec::new()),
            },
            None => {}
        }
        if first > last {
            return Ok(Vec::new());
        }
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(listing.index())
                .scan_index_forward(listing.oldest_first())
                .limit(i32::try_from(count - rows.len()).unwrap_or(i32::MAX))
                .key_condition_expression("#partition = :partition AND #sort BETWEEN :first AND :last")
                .expression_attribute_names("#partition", partition)
                .expression_attribute_names("#sort", sort)
                .expression_attribute_values(":partition", text(n::shard_pk(listing.prefix(), shard)))
                .expression_attribute_values(":first", text(&first))
                .expression_attribute_values(":last", text(&last))
                .set_exclusive_start_key(start.take());
            let page = query.send().await.map_err(failed("reading a listing"))?;
            for item in page.items.unwrap_or_default() {
                let key = Reader(&item).text(sort).map_err(unreadable("listing row"))?.to_owned();
                rows.push((key, item));
            }
            start = page.last_evaluated_key;
            if start.is_none() || rows.len() >= count {
                return Ok(rows);
            }
        }
    }
}

/// The end of the last key before one: its last character made one smaller, then the largest.
fn just_before(key: &str) -> String {
    let last = key.bytes().next_back().unwrap_or(b'!');
    format!("{}~", char::from(last.saturating_sub(1)))
}

fn feed_item(item: &Attributes) -> Result<FeedItem, DecodeError> {
    let item = Reader(item);
    let region = match (item.optional_text(n::PUBLIC_REGION_CODE)?, item.optional_text(n::PUBLIC_REGION_NAME)?) {
        (Some(code), Some(name)) => Some(NamedRegion { code: code.to_owned(), name: name.to_owned() }),
        _ => None,
    };
    let id = item.text(n::PK)?.strip_prefix(n::CASE_PREFIX).and_then(|id| CaseId::parse(id).ok());
    Ok(FeedItem {
        id: id.ok_or(value_error(n::PK))?,
        text: item.text(n::PUBLIC_TEXT)?.to_owned(),
        category: item.optional_text(n::PUBLIC_CATEGORY)?.map(str::to_owned),
        agency: item.optional_text(n::PUBLIC_AGENCY)?.map(str::to_owned),
        region,
        published_at: item.time(n::PUBLISHED_AT)?,
    })
}
