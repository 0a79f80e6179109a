//! Which part of the feed is asked for, and reading it in bounded steps.

use saring_store::{Cases, Cursor, FeedItem, Page, PageRequest, StoreError};

use super::reference::after_moment;
use crate::categories;
use crate::error::WebError;
use crate::query::{Query, encode, next_page};

/// Pages of the store that one request reads: the index knows time only, so what a filter leaves out is
/// read and dropped. A page may then be short, even empty, and lead on all the same.
const STEPS_MAX: u16 = 8;
const AGENCY_CHARS_MAX: usize = 200;
const REGION_BYTES_MAX: usize = 13;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Listing {
    page: PageRequest,
    filter: Filter,
    /// The parameters that the next page repeats.
    repeated: Vec<(&'static str, String)>,
}

#[derive(Debug, Default)]
struct Filter {
    categories: Vec<String>,
    /// How the agency's name begins, in lower case.
    agency: Option<String>,
    /// Code of a region, which stands for those within it.
    region: Option<String>,
    since: Option<Moment>,
    until: Option<Moment>,
}

/// A moment in the one form whose order as text is the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(String);

impl Listing {
    /// Reads `category`, `agency`, `region`, `limit` and `cursor`.
    pub(crate) fn of_feed(query: &Query) -> Result<Self, WebError> {
        Self::read(query, "category", None)
    }

    /// Reads `service_code`, `start_date`, `end_date` and the same others.
    pub(crate) fn of_requests(query: &Query) -> Result<Self, WebError> {
        Self::read(query, "service_code", Some(["start_date", "end_date"]))
    }

    fn read(query: &Query, category: &'static str, dates: Option<[&'static str; 2]>) -> Result<Self, WebError> {
        let mut repeated = Vec::new();
        let mut given = |name: &'static str| {
            let value = query.given(name)?.map(str::to_owned);
            repeated.extend(value.clone().map(|value| (name, value)));
            Ok::<_, WebError>(value)
        };
        let categories = match given(category)? {
            Some(codes) => {
                codes.split(',').map(|code| known_category(category, code.trim())).collect::<Result<_, _>>()?
            }
            None => Vec::new(),
        };
        let agency = given("agency")?.map(|name| agency_start(&name)).transpose()?;
        let region = given("region")?.map(region_code).transpose()?;
        let mut moment = |name: Option<&'static str>| match name {
            Some(name) => given(name)?.map(|moment| Moment::parse(name, &moment)).transpose(),
            None => Ok(None),
        };
        let [start, end] = dates.map_or([None, None], |names| names.map(Some));
        let (since, until) = (moment(start)?, moment(end)?);
        let filter = Filter { categories, agency, region, since, until };
        let mut page = query.page()?;
        if let (None, Some(until)) = (&page.after, &filter.until) {
            page.after = after_moment(&until.0);
        }
        Ok(Self { page, filter, repeated })
    }

    /// The parameters of the page after this one.
    pub(crate) fn next(&self, cursor: &Cursor) -> String {
        next_page(&self.repeated, self.page.items, cursor)
    }

    /// The parameters of this page from its beginning, with further ones.
    pub(crate) fn same(&self, more: &[(&str, &str)]) -> String {
        let mut pairs: Vec<(&str, &str)> = self.repeated.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.extend(more);
        format!("/{}", encode(&pairs))
    }

    /// A parameter that was given, for forms that show it again.
    pub(crate) fn given(&self, name: &str) -> &str {
        self.repeated.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// Reads a page.
pub(crate) async fn read(cases: &Cases, listing: &Listing) -> Result<Page<FeedItem>, StoreError> {
    let mut items = Vec::new();
    let mut after = listing.page.after.clone();
    for _ in 0..STEPS_MAX {
        let missing = listing.page.items.saturating_sub(u16::try_from(items.len()).unwrap_or(u16::MAX));
        let page = cases.feed(&PageRequest { items: missing, after }).await?;
        after = page.next;
        for item in page.items {
            if listing.filter.since.as_ref().is_some_and(|since| item.published_at.rfc3339() < since.0) {
                return Ok(Page { items, next: None });
            }
            if listing.filter.takes(&item) {
                items.push(item);
            }
        }
        if after.is_none() || items.len() >= usize::from(listing.page.items) {
            break;
        }
    }
    Ok(Page { items, next: after })
}

impl Filter {
    fn takes(&self, item: &FeedItem) -> bool {
        let category = item.category.as_deref();
        let in_category =
            self.categories.is_empty() || self.categories.iter().any(|code| category == Some(code.as_str()));
        let of_agency = self
            .agency
            .as_ref()
            .is_none_or(|start| item.agency.as_ref().is_some_and(|name| name.to_lowercase().starts_with(start)));
        let in_region =
            self.region.as_ref().is_none_or(|code| item.region.as_ref().is_some_and(|r| is_within(&r.code, code)));
        let early = self.until.as_ref().is_none_or(|until| item.published_at.rfc3339() <= until.0);
        in_category && of_agency && in_region && early
    }
}

/// Whether a region is another or lies within it: `33.74` within `33`.
fn is_within(region: &str, outer: &str) -> bool {
    region.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn known_category(name: &'static str, code: &str) -> Result<String, WebError> {
    let expected = "codes of categories, as /open311/v2/services.json lists them";
    categories::find(code).map(|c| c.code.to_owned()).ok_or(WebError::Parameter { name, expected })
}

fn agency_start(name: &str) -> Result<String, WebError> {
    let valid = name.chars().count() <= AGENCY_CHARS_MAX && !name.chars().any(char::is_control);
    let expected = "the beginning of an agency's name, at most 200 characters";
    if valid { Ok(name.to_lowercase()) } else { Err(WebError::Parameter { name: "agency", expected }) }
}

fn region_code(code: String) -> Result<String, WebError> {
    let parts = || code.split('.');
    let digits = parts().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let valid = code.len() <= REGION_BYTES_MAX && digits;
    let expected = "the code of a region such as 33 or 33.74";
    if valid { Ok(code) } else { Err(WebError::Parameter { name: "region", expected }) }
}

impl Moment {
    /// Reads `2026-11-24T00:00:00Z`, with or without a fraction.
    fn parse(name: &'static str, text: &str) -> Result<Self, WebError> {
        let refused = WebError::Parameter { name, expected: "a moment in utc such as 2026-11-24T00:00:00Z" };
        let Some((date, time)) = text.strip_suffix('Z').and_then(|text| text.split_once('T')) else {
            return Err(refused);
        };
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let (Some([year, month, day]), Some([hour, minute, second])) = (numbers(date, '-'), numbers(time, ':')) else {
            return Err(refused);
        };
        let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
        let fraction_valid = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
        if !(in_range && fraction_valid && year <= 9999) {
            return Err(refused);
        }
        let ms = format!("{fraction:0<3}");
        Ok(Self(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{}Z", &ms[..3])))
    }
}

/// Three numbers of two to four digits.
fn numbers(text: &str, separator: char) -> Option<[u16; 3]> {
    let mut parts = text.split(separator).map(|part| {
        let digits = (2..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    });
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_strictly() {
        let read = |text| Moment::parse("start_date", text).ok().map(|moment| moment.0);
        assert_eq!(read("2026-11-24T01:02:03Z").as_deref(), Some("2026-11-24T01:02:03.000Z"));
        assert_eq!(read("2026-11-24T01:02:03.5Z").as_deref(), Some("2026-11-24T01:02:03.500Z"));
        assert_eq!(read("2026-11-24T01:02:03.123456Z").as_deref(), Some("2026-11-24T01:02:03.123Z"));
        for wrong in [
            "",
            "2026-11-24",
            "2026-11-24T01:02:03",
            "2026-11-24T01:02:03+07:00",
            "2026-13-24T01:02:03Z",
            "2026-11-24T24:02:03Z",
            "2026-11-24T01:02:03.Z",
            "2026-11-24T01:02:03:04Z",
            "2026-1١-24T01:02:03Z",
            "9999999-11-24T01:02:03Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_region_holds_those_within_it() {
        assert!(is_within("33.74", "33") && is_within("33.74", "33.74"));
        assert!(!is_within("33.74", "33.7") && !is_within("33", "33.74") && !is_within("133.74", "33"));
    }
}
