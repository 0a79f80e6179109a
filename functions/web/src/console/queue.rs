//! Which part of the queue is asked for: read in a bounded step, filtered, counted and ordered here,
//! because the index knows only the time.

use std::collections::BTreeMap;

use saring_domain::case::{Case, CaseRecord, Timestamp};
use saring_store::{Cases, Cursor, PAGE_ITEMS_MAX, PageRequest, StoreError};

use super::priority::Priority;
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

/// A filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    Reason,
    Category,
    Agency,
    Region,
}

impl Facet {
    pub(super) const ALL: [Self; 4] = [Self::Reason, Self::Category, Self::Agency, Self::Region];

    /// Its parameter.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Category => "category",
            Self::Agency => "agency",
            Self::Region => "region",
        }
    }

    /// What a report has of it: values with their names.
    fn values(self, record: &CaseRecord) -> Vec<(String, String)> {
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
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Selection {
    filters: BTreeMap<Facet, String>,
    items: usize,
    page: usize,
    after: Option<Cursor>,
}

impl Selection {
    /// Reads `reason`, `category`, `agency`, `region`, `limit`, `page` and `cursor`.
    pub(super) fn read(query: &Query) -> Result<Self, WebError> {
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
        Ok(Self { filters, items, page, after })
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
        let mut pairs: Vec<(&str, &str)> =
            filters.iter().map(|(facet, value)| (facet.name(), value.as_str())).collect();
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
        facet.values(record).iter().any(|(value, _)| match facet {
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
}

/// Reads a part of the queue and makes a page of it.
pub(super) async fn read(cases: &Cases, selection: &Selection, now: Timestamp) -> Result<View, StoreError> {
    let (mut part, mut after) = (Vec::new(), selection.after.clone());
    loop {
        let page = cases.review_queue(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
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
    let mut ranked: Vec<_> = part.into_iter().map(|case| (Priority::of(case.record(), now), case)).collect();
    // Stable: of equals, the one that waits longer stays first.
    ranked.sort_by(|(a, _), (b, _)| b.urgency.cmp(&a.urgency).then_with(|| b.points().total_cmp(&a.points())));
    let skipped = (selection.page - 1) * selection.items;
    let shown = ranked.into_iter().skip(skipped).take(selection.items).map(|(priority, case)| (case, priority));
    let pages = found.div_ceil(selection.items);
    Ok(View { cases: shown.collect(), values, read, found, pages, next_part: after })
}

fn values(facet: Facet, selection: &Selection, part: &[Case]) -> Values {
    let others =
        |case: &&Case| Facet::ALL.into_iter().filter(|f| *f != facet).all(|f| selection.takes(f, case.record()));
    let mut counts: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for case in part.iter().filter(others) {
        let mut of_case = facet.values(case.record());
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
