//! What part of the queue is asked for: the parameters of its address, and back into links.

use std::collections::{BTreeMap, HashMap};

use saring_domain::case::{CaseId, CaseRecord, CaseStatus, Timestamp};
use saring_store::{AgeStep, Cursor, QueuePart};

use super::words;
use crate::categories;
use crate::error::WebError;
use crate::html::excerpt;
use crate::lang::Lang;
use crate::query::{Query, encode};

/// Reports on a page, unless fewer are asked for.
pub(super) const ITEMS_MAX: usize = 20;
/// Pages of a part that can be asked for.
pub(super) const PAGES_MAX: usize = 300;
const VALUE_CHARS_MAX: usize = 200;

/// Parts of the queue with the word of the address.
pub(super) const PARTS: [(QueuePart, &str, &str, &str); 5] = [
    (QueuePart::Open, "terbuka", "Terbuka", "Open"),
    (QueuePart::Appeals, "banding", "Banding", "Appeals"),
    (QueuePart::Escalated, "eskalasi", "Eskalasi", "Escalated"),
    (QueuePart::Resting, "jeda", "Masih dapat dibatalkan", "Resting"),
    (QueuePart::Asked, "tanya", "Menunggu pelapor", "Waiting for the reporter"),
];

/// The name of a step of age.
pub(super) const fn age_name(step: AgeStep) -> &'static str {
    match step {
        AgeStep::Day => "kurang dari sehari",
        AgeStep::ThreeDays => "satu sampai tiga hari",
        AgeStep::Week => "tiga sampai tujuh hari",
        AgeStep::Older => "lebih dari seminggu",
    }
}

/// To which campaign cases belong, the first of each included.
pub(super) type Campaigns = HashMap<CaseId, CaseId>;

/// A filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    Reason,
    Category,
    Agency,
    Region,
    Age,
    Campaign,
}

impl Facet {
    pub(super) const ALL: [Self; 6] =
        [Self::Reason, Self::Category, Self::Agency, Self::Region, Self::Age, Self::Campaign];

    /// Its parameter.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Category => "category",
            Self::Agency => "agency",
            Self::Region => "region",
            Self::Age => "age",
            Self::Campaign => "campaign",
        }
    }

    /// What a report has of it: values with their names.
    pub(super) fn values(self, record: &CaseRecord, campaigns: &Campaigns, now: Timestamp) -> Vec<(String, String)> {
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
                let step = AgeStep::of(record.received_at, now);
                vec![(step.code().to_owned(), age_name(step).to_owned())]
            }
            Self::Campaign => {
                let campaign = campaigns.get(&record.id).map(ToString::to_string);
                campaign.map(|id| (id, excerpt(&screened.public_text, 50))).into_iter().collect()
            }
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) part: QueuePart,
    pub(super) now: Timestamp,
    pub(super) after: Option<Cursor>,
    pub(super) items: usize,
    filters: BTreeMap<Facet, String>,
    page: usize,
}

impl Selection {
    /// Reads `reason`, `category`, `agency`, `region`, `age`, `campaign`, `bagian`, `limit`, `page` and `cursor`.
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
            if facet == Facet::Campaign && CaseId::parse(value).is_err() {
                return Err(WebError::Parameter { name: facet.name(), expected: "the id of a case" });
            }
            filters.insert(facet, value.to_owned());
        }
        let number = |name: &'static str, expected: &'static str, max: usize| {
            let read = |text: &str| text.parse().ok().filter(|n| (1..=max).contains(n));
            query.given(name)?.map(|text| read(text).ok_or(WebError::Parameter { name, expected })).transpose()
        };
        let items = number("limit", "a whole number from 1 to 20", ITEMS_MAX)?.unwrap_or(ITEMS_MAX);
        let page = number("page", "a whole number from 1 to 300", PAGES_MAX)?.unwrap_or(1);
        let after = query.given("cursor")?.map(Cursor::parse).transpose()?;
        Ok(Self { part, now, after, items, filters, page })
    }

    /// The value of a filter, if one is chosen.
    pub(super) fn chosen(&self, facet: Facet) -> Option<&str> {
        self.filters.get(&facet).map(String::as_str)
    }

    /// The campaign of which cases are asked for.
    pub(super) fn campaign(&self) -> Option<CaseId> {
        self.chosen(Facet::Campaign).and_then(|id| CaseId::parse(id).ok())
    }

    /// The one filter that is chosen, if there is just one.
    pub(super) fn only(&self) -> Option<(Facet, &str)> {
        let (facet, value) = self.filters.first_key_value()?;
        (self.filters.len() == 1).then_some((*facet, value.as_str()))
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

    /// Whether a case passes every filter but `left_out`.
    pub(super) fn takes_all(&self, record: &CaseRecord, campaigns: &Campaigns, left_out: Option<Facet>) -> bool {
        let mut facets = Facet::ALL.into_iter().filter(|facet| Some(*facet) != left_out);
        facets.all(|facet| self.takes(facet, record, campaigns))
    }

    fn takes(&self, facet: Facet, record: &CaseRecord, campaigns: &Campaigns) -> bool {
        let Some(chosen) = self.chosen(facet) else { return true };
        facet.values(record, campaigns, self.now).iter().any(|(value, _)| match facet {
            // A region stands for those within it: 33 for 33.74.
            Facet::Region => value.strip_prefix(chosen).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            _ => value == chosen,
        })
    }
}

/// Whether a case is in a part of the queue now.
pub(super) fn is_in(part: QueuePart, record: &CaseRecord) -> bool {
    let waits = record.status == CaseStatus::InReview;
    let free = waits && record.proposal.is_none() && record.asked.is_none();
    match part {
        QueuePart::Open => free && record.escalated.is_none(),
        QueuePart::Appeals => free && record.escalated.is_none() && record.appealed_at.is_some(),
        QueuePart::Escalated => free && record.escalated.is_some(),
        QueuePart::Resting => waits && record.proposal.is_some(),
        QueuePart::Asked => waits && record.proposal.is_none() && record.asked.is_some(),
    }
}
