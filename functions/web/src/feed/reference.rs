//! How a published report is named in addresses.
//!
//! The public side may read the feed's index only, and the index is ordered by time. So an address
//! holds the moment of publication beside the id, and the report is the one row right there. A report
//! that is taken back and published again gets a new address.

use std::fmt;

use saring_domain::case::{CaseId, Timestamp};
use saring_store::{Cases, Cursor, FeedItem, PageRequest, StoreError};

/// Sorts after every character of a row's place.
const AFTER_ALL: char = '~';
/// Digits of the last moment there is, in base 16.
const MS_DIGITS_MAX: usize = 12;

/// Names a published report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) id: CaseId,
    pub(crate) published_at: Timestamp,
}

impl Reference {
    /// `None` for what `Display` never writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, ms) = text.split_once('-')?;
        let id = CaseId::parse(id).ok()?;
        let digits = (1..=MS_DIGITS_MAX).contains(&ms.len()) && ms.bytes().all(|b| b.is_ascii_hexdigit());
        let published_at = Timestamp::from_unix_ms(digits.then(|| u64::from_str_radix(ms, 16).ok()).flatten()?);
        let reference = Self { id, published_at };
        (reference.to_string() == text).then_some(reference)
    }
}

impl From<&FeedItem> for Reference {
    fn from(item: &FeedItem) -> Self {
        Self { id: item.id, published_at: item.published_at }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:x}", self.id, self.published_at.unix_ms())
    }
}

/// The place in the feed before everything that was published up to a moment in RFC 3339.
pub(crate) fn after_moment(moment: &str) -> Option<Cursor> {
    Cursor::parse(&format!("{moment}{AFTER_ALL}")).ok()
}

/// The published report of a reference, if it is public now.
pub(crate) async fn find(cases: &Cases, reference: Reference) -> Result<Option<FeedItem>, StoreError> {
    let place = format!("{}#{}{AFTER_ALL}", reference.published_at, reference.id);
    let after = Some(Cursor::parse(&place).expect("a moment and an id are visible ascii and short"));
    let page = cases.feed(&PageRequest { items: 1, after }).await?;
    Ok(page.items.into_iter().find(|item| Reference::from(item) == reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_survive_addresses() {
        let id = CaseId::parse("0123456789ABCDEF").unwrap();
        let reference = Reference { id, published_at: Timestamp::from_unix_ms(1_764_000_000_000) };
        assert_eq!(reference.to_string(), "0123456789ABCDEF-19ab697e800");
        assert_eq!(Reference::parse("0123456789ABCDEF-19ab697e800"), Some(reference));
        for wrong in [
            "",
            "0123456789ABCDEF",
            "0123456789ABCDEF-",
            "0123456789ABCDEF-xyz",
            "0123456789ABCDEF-019ab697e800",
            "0123456789abcdef-19ab697e800",
            "0123456789ABCDEF-19AB697E800",
            "0123456789ABCDEF-ffffffffffffffff",
            "0123456789ABCDEF-+1",
        ] {
            assert_eq!(Reference::parse(wrong), None, "{wrong}");
        }
    }
}
