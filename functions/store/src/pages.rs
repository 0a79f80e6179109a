//! Listings in pages: the review queue, the feed, and every case.

use saring_domain::case::{Case, CaseId, NamedRegion, Timestamp};
use saring_domain::report::ReportId;
use tokio::task::JoinSet;

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
enum Listing {
    /// What waits for a person, the oldest first.
    Review,
    /// What waits for its screening, the oldest first.
    Pending,
    /// What is public, the newest first.
    Feed,
}

impl Listing {
    fn index(self) -> &'static str {
        match self {
            Self::Review | Self::Pending => n::REVIEW_INDEX,
            Self::Feed => n::FEED_INDEX,
        }
    }

    /// What the names of its partitions begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Review => n::REVIEW_INDEX,
            Self::Pending => n::PENDING,
            Self::Feed => n::FEED_INDEX,
        }
    }

    fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::Review | Self::Pending => (n::REVIEW_PK, n::REVIEW_SK),
            Self::Feed => (n::FEED_PK, n::FEED_SK),
        }
    }

    fn oldest_first(self) -> bool {
        matches!(self, Self::Review | Self::Pending)
    }
}

impl Cases {
    /// What waits for a moderator, the oldest first.
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

    /// Merges the shards of an index: their sort keys are one total order, so each is asked for a
    /// full page after the same cursor, and the first of all make the page.
    async fn listing(&self, listing: Listing, request: &PageRequest) -> Result<Page<Attributes>, StoreError> {
        let count = usize::from(request.items.clamp(1, PAGE_ITEMS_MAX));
        let mut shards = JoinSet::new();
        for shard in 0..n::SHARDS {
            let (cases, after) = (self.clone(), request.after.clone());
            shards.spawn(async move { cases.shard(listing, shard, after, count + 1).await });
        }
        let mut rows = Vec::new();
        while let Some(joined) = shards.join_next().await {
            let joined = joined.map_err(|e| StoreError::Transient { operation: "reading a listing", source: e.into() });
            rows.extend(joined??);
        }
        rows.sort_by(|(a, _), (b, _)| if listing.oldest_first() { a.cmp(b) } else { b.cmp(a) });
        let more = rows.len() > count;
        rows.truncate(count);
        let next = rows.last().filter(|_| more).map(|(sort, _)| Cursor(sort.clone()));
        Ok(Page { items: rows.into_iter().map(|(_, item)| item).collect(), next })
    }

    async fn shard(
        &self,
        listing: Listing,
        shard: u8,
        after: Option<Cursor>,
        count: usize,
    ) -> Result<Vec<(String, Attributes)>, StoreError> {
        let (partition, sort) = listing.key();
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(listing.index())
                .scan_index_forward(listing.oldest_first())
                .limit(i32::try_from(count - rows.len()).unwrap_or(i32::MAX))
                .expression_attribute_names("#partition", partition)
                .expression_attribute_values(":partition", text(n::shard_pk(listing.prefix(), shard)))
                .set_exclusive_start_key(start.take());
            query = match &after {
                Some(after) => query
                    .key_condition_expression(if listing.oldest_first() {
                        "#partition = :partition AND #sort > :after"
                    } else {
                        "#partition = :partition AND #sort < :after"
                    })
                    .expression_attribute_names("#sort", sort)
                    .expression_attribute_values(":after", text(after.as_str())),
                None => query.key_condition_expression("#partition = :partition"),
            };
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
