//! Which part of the queue is asked for: read in a bounded step, filtered, counted and ordered here,
//! because the index knows only the time.

use std::collections::BTreeMap;

use saring_domain::case::{Case, CaseRecord, Timestamp};
use saring_store::{Board, Cases, Counted, Cursor, PAGE_ITEMS_MAX, PageRequest, QueuePart, StoreError};

use super::priority::{self, Priority};
use super::words;
use crate::categories;
use crate::error::WebError;
use crate::lang::Lang;
use crate::query::{Query, encode};

/// Reports that one view reads, the longest waiting first. Order, counts and filters are those of
/// this part; a link leads to the next one.
pub(super) const PART_ITEMS_MAX: usize = 3 * PAGE_ITEMS_MAX as usize;
/// Reports on a page, unless fewer are asked for.
const ITEMS_MAX: usize = 20;
/// Values of one filter that are listed.
const VALUES_MAX: usize = 20;
const VALUE_CHARS_MAX: usize = 200;
/// Counts that are older than this are not shown.
const BOARD_AGE_MAX_MS: u64 = 30 * 60_000;
/// Rows that a filtered view looks at for a page.
const LOOKED_AT_MAX: usize = 10 * PAGE_ITEMS_MAX as usize;

/// Parts of the queue with the word of the address.
pub(super) const PARTS: [(QueuePart, &str, &str, &str); 5] = [
    (QueuePart::Open, "terbuka", "Terbuka", "Open"),
    (QueuePart::Appeals, "banding", "Banding", "Appeals"),
    (QueuePart::Escalated, "eskalasi", "Eskalasi", "Escalated"),
    (QueuePart::Resting, "jeda", "Masih dapat dibatalkan", "Resting"),
    (QueuePart::Asked, "tanya", "Menunggu pelapor", "Waiting for the reporter"),
];

/// Steps of age: value and name.
const AGES: [(&str, &str); 4] = [
    ("1d", "kurang dari sehari"),
    ("3d", "satu sampai tiga hari"),
    ("7d", "tiga sampai tujuh hari"),
    ("old", "lebih dari seminggu"),
];

/// A filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    Reason,
    Category,
    Agency,
    Region,
    Age,
}

impl Facet {
    pub(super) const ALL: [Self; 5] = [Self::Reason, Self::Category, Self::Agency, Self::Region, Self::Age];

    /// Its parameter.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Category => "category",
            Self::Agency => "agency",
            Self::Region => "region",
            Self::Age => "age",
        }
    }

    /// What a report has of it: values with their names.
    fn values(self, record: &CaseRecord, now: Timestamp) -> Vec<(String, String)> {
        let screened = &record.screened;
        match self {
            Self::Reason => {
                let named = |code: &str| words::reason(code).map_or_else(|| code.to_owned(), |(id, _)| id.to_owned());
                screened.verdict.reasons.iter().map(|r| (r.code.clone(), named(&r.code))).collect()
            }
            Self::Category => {
                let name = |code: &str| categories::name(code, Lang::Id).to_owned();
                screened.category.first().map(|c| (c.code.clone(), name(&c.code))).into_iter().collect()
            }
            Self::Agency => screened.agency.first().map(|a| (a.name.clone(), a.name.clone())).into_iter().collect(),
            Self::Region => screened.region.iter().map(|r| (r.code.clone(), r.name.clone())).collect(),
            Self::Age => {
                let days = now.unix_ms().saturating_sub(record.received_at.unix_ms()) / 86_400_000;
                let (key, name) = match days {
                    0 => AGES[0],
                    1 | 2 => AGES[1],
                    3..7 => AGES[2],
                    _ => AGES[3],
                };
                vec![(key.to_owned(), name.to_owned())]
            }
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) part: QueuePart,
    pub(super) now: Timestamp,
    filters: BTreeMap<Facet, String>,
    items: usize,
    page: usize,
    after: Option<Cursor>,
}

impl Selection {
    /// Reads `reason`, `category`, `agency`, `region`, `age`, `bagian`, `limit`, `page` and `cursor`.
    pub(super) fn read(query: &Query, now: Timestamp) -> Result<Self, WebError> {
        const PART: WebError = WebError::Parameter { name: "bagian", expected: "a part of the queue" };
        let part = match query.given("bagian")? {
            None => QueuePart::Open,
            Some(word) => PARTS.iter().find(|(_, name, ..)| *name == word).map(|(part, ..)| *part).ok_or(PART)?,
        };
        let mut filters = BTreeMap::new();
        for facet in Facet::ALL {
            let Some(value) = query.given(facet.name())? else { continue };
            if value.chars().count() > VALUE_CHARS_MAX || value.chars().any(char::is_control) {
                return Err(WebError::Parameter { name: facet.name(), expected: "at most 200 visible characters" });
            }
            filters.insert(facet, value.to_owned());
        }
        let number = |name: &'static str, expected: &'static str, max: usize| {
            let read = |text: &str| text.parse().ok().filter(|n| (1..=max).contains(n));
            query.given(name)?.map(|text| read(text).ok_or(WebError::Parameter { name, expected })).transpose()
        };
        let items = number("limit", "a whole number from 1 to 20", ITEMS_MAX)?.unwrap_or(ITEMS_MAX);
        let page = number("page", "a whole number from 1 to 300", PART_ITEMS_MAX)?.unwrap_or(1);
        let after = query.given("cursor")?.map(Cursor::parse).transpose()?;
        Ok(Self { part, now, filters, items, page, after })
    }

    /// The value of a filter, if one is chosen.
    pub(super) fn chosen(&self, facet: Facet) -> Option<&str> {
        self.filters.get(&facet).map(String::as_str)
    }

    /// Whether any filter is chosen.
    pub(super) fn any_chosen(&self) -> bool {
        !self.filters.is_empty()
    }

    pub(super) fn page(&self) -> usize {
        self.page
    }

    /// Whether this is a later part of the queue.
    pub(super) fn is_later_part(&self) -> bool {
        self.after.is_some()
    }

    /// The same part with another value of a filter, from its first page.
    pub(super) fn with(&self, facet: Facet, value: Option<&str>) -> String {
        let mut filters = self.filters.clone();
        match value {
            Some(value) => drop(filters.insert(facet, value.to_owned())),
            None => drop(filters.remove(&facet)),
        }
        self.link(&filters, 1, self.after.as_ref())
    }

    /// Another page of the same part.
    pub(super) fn at_page(&self, page: usize) -> String {
        self.link(&self.filters, page, self.after.as_ref())
    }

    /// The part after this one, or the first.
    pub(super) fn at_part(&self, after: Option<&Cursor>) -> String {
        self.link(&self.filters, 1, after)
    }

    fn link(&self, filters: &BTreeMap<Facet, String>, page: usize, after: Option<&Cursor>) -> String {
        let (items, page_text) = (self.items.to_string(), page.to_string());
        let part = PARTS.iter().find(|(part, ..)| *part == self.part).map_or("", |(_, word, ..)| word);
        let mut pairs: Vec<(&str, &str)> =
            filters.iter().map(|(facet, value)| (facet.name(), value.as_str())).collect();
        if self.part != QueuePart::Open {
            pairs.push(("bagian", part));
        }
        if self.items != ITEMS_MAX {
            pairs.push(("limit", &items));
        }
        if page != 1 {
            pairs.push(("page", &page_text));
        }
        pairs.extend(after.map(|after| ("cursor", after.as_str())));
        format!("/console{}", encode(&pairs))
    }

    fn takes(&self, facet: Facet, record: &CaseRecord) -> bool {
        let Some(chosen) = self.chosen(facet) else { return true };
        facet.values(record, self.now).iter().any(|(value, _)| match facet {
            // A region stands for those within it: 33 for 33.74.
            Facet::Region => value.strip_prefix(chosen).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            _ => value == chosen,
        })
    }
}

/// A value of a filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) key: String,
    pub(super) name: String,
    /// Reports of the part that have it and pass the other filters.
    pub(super) count: usize,
}

/// The values of a filter, the most frequent first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) facet: Facet,
    pub(super) listed: Vec<Value>,
    /// Values that are not listed.
    pub(super) left_out: usize,
}

/// A page of the queue.
pub(super) struct View {
    /// The reports of the page, the most pressing first.
    pub(super) cases: Vec<(Case, Priority)>,
    pub(super) values: Vec<Values>,
    /// Reports of the part.
    pub(super) read: usize,
    /// Those that pass the filters.
    pub(super) found: usize,
    /// Pages of those.
    pub(super) pages: usize,
    /// Where the next part begins, if there is one.
    pub(super) next_part: Option<Cursor>,
    /// Counts of the whole queue, if they are fresh.
    pub(super) board: Option<Board>,
}

/// Reads a page of the queue: no more than it shows where the counts of the whole queue are known and
/// nothing is filtered; else a part of it, which is counted here.
pub(super) async fn read(cases: &Cases, selection: &Selection, now: Timestamp) -> Result<View, StoreError> {
    let board = cases.board().await?;
    let fresh = board.filter(|board| now.unix_ms().saturating_sub(board.at_ms) <= BOARD_AGE_MAX_MS);
    match fresh {
        Some(board) => read_page(cases, selection, board).await,
        None => read_part(cases, selection, now).await,
    }
}

async fn read_page(cases: &Cases, selection: &Selection, board: Board) -> Result<View, StoreError> {
    let (mut shown, mut after, mut looked_at) = (Vec::new(), selection.after.clone(), 0);
    let wanted = if selection.any_chosen() { PAGE_ITEMS_MAX } else { u16::try_from(selection.items).unwrap_or(1) };
    loop {
        let page = cases.queue(selection.part, &PageRequest { items: wanted, after }).await?;
        looked_at += page.items.len();
        shown.extend(
            page.items
                .into_iter()
                .filter(|case| Facet::ALL.into_iter().all(|facet| selection.takes(facet, case.record()))),
        );
        after = page.next;
        if after.is_none() || shown.len() >= selection.items || looked_at >= LOOKED_AT_MAX {
            break;
        }
    }
    if shown.len() > selection.items {
        shown.truncate(selection.items);
        after = shown.last().and_then(Cases::cursor_behind);
    }
    let total = match selection.part {
        QueuePart::Open => board.open,
        QueuePart::Appeals => board.appeals,
        QueuePart::Escalated => board.escalated,
        QueuePart::Resting => board.resting,
        QueuePart::Asked => board.asked,
    };
    let total = usize::try_from(total).unwrap_or(usize::MAX);
    let values = [
        (Facet::Reason, &board.reasons),
        (Facet::Category, &board.categories),
        (Facet::Agency, &board.agencies),
        (Facet::Region, &board.regions),
    ];
    let mut values: Vec<Values> = values.map(|(facet, counted)| whole(facet, counted)).into();
    values.push(ages());
    let found = if selection.any_chosen() { shown.len() } else { total };
    let cases = shown.into_iter().map(|case| (priority::of(case.record(), selection.now), case));
    let cases = cases.map(|(priority, case)| (case, priority)).collect();
    Ok(View { cases, values, read: total, found, pages: 1, next_part: after, board: Some(board) })
}

/// The steps of age; how many have each changes by the hour and is not counted.
fn ages() -> Values {
    let value = |(key, name): (&str, &str)| Value { key: key.to_owned(), name: name.to_owned(), count: 0 };
    Values { facet: Facet::Age, listed: AGES.map(value).into(), left_out: 0 }
}

/// The counts of the whole queue as values of a filter.
fn whole(facet: Facet, counted: &[Counted]) -> Values {
    let named = |value: &Counted| match facet {
        Facet::Reason => words::reason(&value.key).map_or_else(|| value.key.clone(), |(id, _)| id.to_owned()),
        Facet::Category => categories::name(&value.key, Lang::Id).to_owned(),
        _ => value.name.clone().unwrap_or_else(|| value.key.clone()),
    };
    let value =
        |v: &Counted| Value { key: v.key.clone(), name: named(v), count: usize::try_from(v.count).unwrap_or(0) };
    Values { facet, listed: counted.iter().take(VALUES_MAX).map(value).collect(), left_out: 0 }
}

async fn read_part(cases: &Cases, selection: &Selection, now: Timestamp) -> Result<View, StoreError> {
    let (mut part, mut after) = (Vec::new(), selection.after.clone());
    loop {
        let page = cases.queue(selection.part, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
        part.extend(page.items);
        after = page.next;
        if after.is_none() || part.len() >= PART_ITEMS_MAX {
            break;
        }
    }
    let read = part.len();
    let values = Facet::ALL.map(|facet| values(facet, selection, &part)).into();
    part.retain(|case| Facet::ALL.into_iter().all(|facet| selection.takes(facet, case.record())));
    let found = part.len();
    let mut ranked: Vec<_> = part.into_iter().map(|case| (priority::of(case.record(), now), case)).collect();
    // Stable, so that of equals the order of the index counts.
    if selection.part == QueuePart::Open {
        ranked.sort_by(|(a, _), (b, _)| b.urgency.cmp(&a.urgency).then_with(|| b.points().total_cmp(&a.points())));
    }
    let skipped = (selection.page - 1) * selection.items;
    let shown = ranked.into_iter().skip(skipped).take(selection.items).map(|(priority, case)| (case, priority));
    let pages = found.div_ceil(selection.items);
    Ok(View { cases: shown.collect(), values, read, found, pages, next_part: after, board: None })
}

fn values(facet: Facet, selection: &Selection, part: &[Case]) -> Values {
    let others =
        |case: &&Case| Facet::ALL.into_iter().filter(|f| *f != facet).all(|f| selection.takes(f, case.record()));
    let mut counts: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for case in part.iter().filter(others) {
        let mut of_case = facet.values(case.record(), selection.now);
        of_case.sort();
        of_case.dedup();
        for (value, name) in of_case {
            counts.entry(value).or_insert((name, 0)).1 += 1;
        }
    }
    let mut listed: Vec<Value> = counts.into_iter().map(|(key, (name, count))| Value { key, name, count }).collect();
    listed.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    let left_out = listed.len().saturating_sub(VALUES_MAX);
    listed.truncate(VALUES_MAX);
    Values { facet, listed, left_out }
}
