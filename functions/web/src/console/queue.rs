//! A page of the queue: read in a bounded step, filtered, counted and ordered here, because the index
//! knows only its one order.

use std::collections::{BTreeMap, HashSet};

use saring_domain::case::{Case, CaseId, Timestamp};
use saring_store::{AgeStep, Board, Cases, Counted, Cursor, PAGE_ITEMS_MAX, PageRequest, QueuePart, StoreError};

use super::priority::{self, Priority};
use super::selection::{Campaigns, Facet, Selection, age_name, is_in};
use super::words;
use crate::categories;
use crate::html::excerpt;
use crate::lang::Lang;

/// Reports that one view reads, the longest waiting first. Order, counts and filters are those of
/// this part; a link leads to the next one.
pub(super) const PART_ITEMS_MAX: usize = 3 * PAGE_ITEMS_MAX as usize;
/// Values of one filter that are listed.
const VALUES_MAX: usize = 20;
/// Counts that are older than this are not shown.
const BOARD_AGE_MAX_MS: u64 = 30 * 60_000;
/// What a campaign says, in the list of campaigns.
const SAYS_CHARS: usize = 50;
/// Rows that a filtered view looks at for a page.
const LOOKED_AT_MAX: usize = 10 * PAGE_ITEMS_MAX as usize;

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

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Exactly(usize),
    /// There may be more.
    AtLeast(usize),
}

impl Found {
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Exactly(number) | Self::AtLeast(number) => number,
        }
    }
}

/// Of what the counts beside the filters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Of the whole queue, as the sweep counted it.
    Queue,
    /// Of what was read for this view.
    Read,
}

/// A page of the queue.
pub(super) struct View {
    /// The reports of the page, the most pressing first.
    pub(super) cases: Vec<(Case, Priority)>,
    pub(super) values: Vec<Values>,
    pub(super) scope: Scope,
    /// Reports of the part.
    pub(super) read: usize,
    /// Those that pass the filters.
    pub(super) found: Found,
    /// Pages of those.
    pub(super) pages: usize,
    /// Where the next part begins, if there is one.
    pub(super) next_part: Option<Cursor>,
    /// Counts of the whole queue, if they are fresh.
    pub(super) board: Option<Board>,
    /// Campaigns of the reports of the page.
    pub(super) campaigns: Campaigns,
}

/// Rows that were read for a view, with their campaigns.
struct Rows {
    cases: Vec<Case>,
    campaigns: Campaigns,
    after: Option<Cursor>,
}

/// Reads a page of the queue: no more than it shows where the counts of the whole queue are known and
/// nothing is filtered; else a part of it, which is counted here.
pub(super) async fn read(cases: &Cases, selection: &Selection, now: Timestamp) -> Result<View, StoreError> {
    let board = cases.board().await?;
    let fresh = board.filter(|board| now.unix_ms().saturating_sub(board.at_ms) <= BOARD_AGE_MAX_MS);
    let rows = match (selection.campaign(), fresh) {
        (Some(campaign), fresh) => (read_members(cases, selection, campaign).await?, fresh),
        // Only what is open is counted by its values.
        (None, Some(board)) if selection.part == QueuePart::Open => return read_page(cases, selection, board).await,
        (None, fresh) => (read_part(cases, selection).await?, fresh),
    };
    Ok(of_rows(rows.0, rows.1, selection, now))
}

async fn read_page(cases: &Cases, selection: &Selection, board: Board) -> Result<View, StoreError> {
    let (mut shown, mut after, mut looked_at) = (Vec::new(), selection.after.clone(), 0);
    let wanted = if selection.any_chosen() { PAGE_ITEMS_MAX } else { u16::try_from(selection.items).unwrap_or(1) };
    let none = Campaigns::new();
    loop {
        let page = cases.queue(selection.part, &PageRequest { items: wanted, after }).await?;
        looked_at += page.items.len();
        shown.extend(page.items.into_iter().filter(|case| selection.takes_all(case.record(), &none, None)));
        after = page.next;
        if after.is_none() || shown.len() >= selection.items || looked_at >= LOOKED_AT_MAX {
            break;
        }
    }
    if shown.len() > selection.items {
        shown.truncate(selection.items);
        after = shown.last().and_then(Cases::cursor_behind);
    }
    let campaigns = campaigns_among(cases, &shown).await?;
    let values: Vec<Values> = Facet::ALL.map(|facet| whole(facet, of_board(facet, &board))).into();
    let total = usize::try_from(board.open).unwrap_or(usize::MAX);
    let found = match selection.only() {
        _ if !selection.any_chosen() => Found::Exactly(total),
        Some((facet, key)) if facet != Facet::Region => {
            let mut counts = values.iter().filter(|values| values.facet == facet).flat_map(|values| &values.listed);
            counts.find(|value| value.key == key).map_or(Found::AtLeast(shown.len()), |v| Found::Exactly(v.count))
        }
        _ if after.is_none() && selection.after.is_none() => Found::Exactly(shown.len()),
        _ => Found::AtLeast(shown.len()),
    };
    let cases = shown.into_iter().map(|case| (priority::of(case.record(), selection.now), case));
    let cases = cases.map(|(priority, case)| (case, priority)).collect();
    let (scope, board) = (Scope::Queue, Some(board));
    Ok(View { cases, values, scope, read: total, found, pages: 1, next_part: after, board, campaigns })
}

/// The campaigns of these cases; one that is named by another of them is the first of its own.
async fn campaigns_among(cases: &Cases, among: &[Case]) -> Result<Campaigns, StoreError> {
    let ids: Vec<CaseId> = among.iter().map(Case::id).collect();
    let mut campaigns = cases.campaigns_of(&ids).await?;
    let named: HashSet<CaseId> = campaigns.values().copied().collect();
    campaigns.extend(ids.into_iter().filter(|id| named.contains(id)).map(|id| (id, id)));
    Ok(campaigns)
}

const fn of_board(facet: Facet, board: &Board) -> &Vec<Counted> {
    match facet {
        Facet::Reason => &board.reasons,
        Facet::Category => &board.categories,
        Facet::Agency => &board.agencies,
        Facet::Region => &board.regions,
        Facet::Age => &board.ages,
        Facet::Campaign => &board.campaigns,
    }
}

/// The counts of the whole queue as values of a filter.
fn whole(facet: Facet, counted: &[Counted]) -> Values {
    let named = |value: &Counted| match facet {
        Facet::Reason => words::reason(&value.key).map_or_else(|| value.key.clone(), |(id, _)| id.to_owned()),
        Facet::Category => categories::name(&value.key, Lang::Id).to_owned(),
        Facet::Age => {
            let step = AgeStep::ALL.into_iter().find(|step| step.code() == value.key);
            step.map_or_else(|| value.key.clone(), |step| age_name(step).to_owned())
        }
        Facet::Campaign => excerpt(value.name.as_deref().unwrap_or(&value.key), SAYS_CHARS),
        Facet::Agency | Facet::Region => value.name.clone().unwrap_or_else(|| value.key.clone()),
    };
    let value =
        |v: &Counted| Value { key: v.key.clone(), name: named(v), count: usize::try_from(v.count).unwrap_or(0) };
    Values { facet, listed: counted.iter().take(VALUES_MAX).map(value).collect(), left_out: 0 }
}

async fn read_part(cases: &Cases, selection: &Selection) -> Result<Rows, StoreError> {
    let (mut part, mut after) = (Vec::new(), selection.after.clone());
    loop {
        let page = cases.queue(selection.part, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
        part.extend(page.items);
        after = page.next;
        if after.is_none() || part.len() >= PART_ITEMS_MAX {
            break;
        }
    }
    let campaigns = campaigns_among(cases, &part).await?;
    Ok(Rows { cases: part, campaigns, after })
}

/// The members of a campaign that are in the part.
async fn read_members(cases: &Cases, selection: &Selection, campaign: CaseId) -> Result<Rows, StoreError> {
    let (mut members, mut after, mut looked_at) = (Vec::new(), None, 0);
    loop {
        let page = cases.campaign_members(campaign, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
        looked_at += page.items.len();
        members.extend(page.items.into_iter().filter(|case| is_in(selection.part, case.record())));
        after = page.next;
        if after.is_none() || looked_at >= LOOKED_AT_MAX {
            break;
        }
    }
    let campaigns = members.iter().map(|case| (case.id(), campaign)).collect();
    Ok(Rows { cases: members, campaigns, after: None })
}

/// A view of rows that were all read: filtered, counted and ordered.
fn of_rows(rows: Rows, board: Option<Board>, selection: &Selection, now: Timestamp) -> View {
    let Rows { cases: mut part, mut campaigns, after } = rows;
    let read = part.len();
    let values = Facet::ALL.map(|facet| values(facet, selection, &part, &campaigns)).into();
    part.retain(|case| selection.takes_all(case.record(), &campaigns, None));
    let found = part.len();
    let mut ranked: Vec<_> = part.into_iter().map(|case| (priority::of(case.record(), now), case)).collect();
    // Stable, so that of equals the order of the index counts.
    if selection.part == QueuePart::Open {
        ranked.sort_by(|(a, _), (b, _)| b.urgency.cmp(&a.urgency).then_with(|| b.points().total_cmp(&a.points())));
    }
    let skipped = (selection.page() - 1) * selection.items;
    let shown = ranked.into_iter().skip(skipped).take(selection.items).map(|(priority, case)| (case, priority));
    let cases: Vec<_> = shown.collect();
    campaigns.retain(|id, _| cases.iter().any(|(case, _)| case.id() == *id));
    View {
        cases,
        values,
        scope: Scope::Read,
        read,
        found: Found::Exactly(found),
        pages: found.div_ceil(selection.items),
        next_part: after,
        board,
        campaigns,
    }
}

fn values(facet: Facet, selection: &Selection, part: &[Case], campaigns: &Campaigns) -> Values {
    let others = |case: &&Case| selection.takes_all(case.record(), campaigns, Some(facet));
    let mut counts: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for case in part.iter().filter(others) {
        let mut of_case = facet.values(case.record(), campaigns, selection.now);
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
