//! Parts of the review queue, and decisions whose rest is over.

use saring_domain::case::{Actor, Case, CaseId, Change, Timestamp};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::Attributes;
use crate::pages::{Cursor, Listing, PAGE_ITEMS_MAX, Page, PageRequest};
use crate::transact::listing_key;
use crate::wire::case_record;

/// A part of what waits for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueuePart {
    /// What any moderator takes, the most pressing first.
    Open,
    /// Of that, what reporters appealed.
    Appeals,
    /// What a supervisor should decide.
    Escalated,
    /// Decisions that rest, the first to take effect first.
    Resting,
    /// Questions that wait for their reporters.
    Asked,
}

/// What came of letting rested decisions take effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Cases whose decision is in effect now.
    pub cases: Vec<CaseId>,
    /// Cases that changed meanwhile; the next time will see.
    pub passed_over: usize,
}

impl Cases {
    /// A page of a part of the queue.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn queue(&self, part: QueuePart, request: &PageRequest) -> Result<Page<Case>, StoreError> {
        let listing = match part {
            QueuePart::Open => Listing::ReviewOpen,
            QueuePart::Appeals => Listing::ReviewAppeals,
            QueuePart::Escalated => Listing::ReviewEscalated,
            QueuePart::Resting => Listing::ReviewResting,
            QueuePart::Asked => Listing::ReviewAsked,
        };
        let page = self.listing(listing, request).await?;
        let case = |item: &Attributes| {
            let record = case_record(item).map_err(unreadable("review row"))?;
            Ok(Case::restore(record)?)
        };
        let items = page.items.iter().map(case).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: page.next })
    }

    /// Where a listing goes on behind a case that is listed in it.
    #[must_use]
    pub fn cursor_behind(case: &Case) -> Option<Cursor> {
        listing_key(case.record()).and_then(|key| Cursor::parse(&key.sort_value).ok())
    }

    /// Lets decisions take effect whose rest is over. Repeating is harmless.
    ///
    /// # Errors
    /// No answer; what took effect before stays.
    pub async fn settle_due(&self, now: Timestamp) -> Result<Settled, StoreError> {
        let mut settled = Settled::default();
        let mut after = None;
        loop {
            let page = self.queue(QueuePart::Resting, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            for case in page.items {
                let Some(proposal) = &case.record().proposal else { continue };
                if proposal.due > now {
                    return Ok(settled);
                }
                let change = Change::Settle(proposal.ruling.clone());
                match self.change(case.id(), case.version(), &change, &Actor::sweep(), now).await {
                    Ok(_) => settled.cases.push(case.id()),
                    // The index may be behind the case; and what one case refuses must not keep the others.
                    Err(StoreError::Stale { .. } | StoreError::NoCase(_) | StoreError::Case(_)) => {
                        settled.passed_over += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(settled);
            }
        }
    }
}
