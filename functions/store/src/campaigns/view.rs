//! What moderators see of a campaign, and one decision on it.

use saring_domain::case::{Actor, Case, CaseError, CaseId, Resolution, Timestamp};
use saring_domain::policy::Decision;

use super::{HELD, LEFT_AT, MEMBER_PREFIX, campaign_pk};
use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, Reader, text};
use crate::names as n;
use crate::pages::{Cursor, PAGE_ITEMS_MAX, Page, PageRequest};

/// Members beyond are not counted one by one.
pub const MEMBERS_COUNTED_MAX: u64 = 1000;

/// How large a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Campaign {
    /// Its first case, which names it.
    pub id: CaseId,
    /// Cases, the first one included; [`MEMBERS_COUNTED_MAX`] or one more says that there may be more.
    pub members: u64,
    /// Of them, those that the screening held.
    pub held: u64,
}

impl Campaign {
    /// Whether there may be more members than were counted.
    #[must_use]
    pub const fn is_open_ended(&self) -> bool {
        self.members >= MEMBERS_COUNTED_MAX
    }
}

/// What came of a campaign's decision for one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberOutcome {
    /// It is decided.
    Decided,
    /// It changed since it was listed; it is as somebody left it.
    Changed,
    /// Somebody else works on it.
    Taken,
    /// Its status does not allow the decision.
    Refused,
}

impl Cases {
    /// The campaign that a case belongs to or is the first of; nothing where nobody else says the same.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn campaign_of(&self, case: CaseId) -> Result<Option<Campaign>, StoreError> {
        let marker = self.campaign_marker(case).await?;
        let id = marker.map_or(case, |marker| marker.campaign);
        let (mut members, mut held) = (0, 0);
        let mut after = None;
        loop {
            let (items, next) = self.member_items(id, after, PAGE_ITEMS_MAX.into()).await?;
            for item in &items {
                members += 1;
                held += Reader(item).number(HELD).map_err(unreadable("campaign member"))?.min(1);
            }
            after = next;
            if after.is_none() || members >= MEMBERS_COUNTED_MAX {
                break;
            }
        }
        if members == 0 {
            return Ok(None);
        }
        // Erased or expired, the first case counts no more.
        if let Some(first) = self.case(id).await? {
            members += 1;
            held += u64::from(first.record().screened.verdict.decision == Decision::Review);
        }
        Ok(Some(Campaign { id, members, held }))
    }

    /// The cases of a campaign as they are now: the first, then the others in the order in which they
    /// were received. Pages may be shorter than asked for: what was erased is left out.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn campaign_members(&self, id: CaseId, request: &PageRequest) -> Result<Page<Case>, StoreError> {
        let mut ids = Vec::new();
        if request.after.is_none() {
            ids.push(id);
        }
        let after = request.after.as_ref().map(|cursor| format!("{MEMBER_PREFIX}{}", cursor.as_str()));
        let count = request.items.clamp(1, PAGE_ITEMS_MAX);
        let (items, next) = self.member_items(id, after, count.into()).await?;
        for item in &items {
            ids.push(Reader(item).parsed(n::CASE_ID, CaseId::parse).map_err(unreadable("campaign member"))?);
        }
        let cases = self.cases_of(&ids).await?;
        let next = next.and_then(|sk| Cursor::parse(sk.strip_prefix(MEMBER_PREFIX)?).ok());
        Ok(Page { items: cases, next })
    }

    /// Decides members in the versions that were seen, each by a transition and an event of its own. One
    /// that changed since, or that somebody works on, stays as it is.
    ///
    /// # Errors
    /// No answer; what was decided before it stays decided.
    pub async fn decide_members(
        &self,
        seen: &[(CaseId, u64)],
        resolution: Resolution,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<(CaseId, MemberOutcome)>, StoreError> {
        let mut outcomes = Vec::with_capacity(seen.len());
        for (id, version) in seen {
            let outcome = match Box::pin(self.resolve(*id, *version, resolution, actor, now)).await {
                Ok(_) => MemberOutcome::Decided,
                Err(StoreError::Stale { .. } | StoreError::NoCase(_)) => MemberOutcome::Changed,
                Err(StoreError::Case(CaseError::Taken { .. })) => MemberOutcome::Taken,
                Err(StoreError::Case(_)) => MemberOutcome::Refused,
                Err(error) => return Err(error),
            };
            outcomes.push((*id, outcome));
        }
        Ok(outcomes)
    }

    /// Members after a key, without those that left, and where the next begin.
    pub(super) async fn member_items(
        &self,
        campaign: CaseId,
        after: Option<String>,
        count: i32,
    ) -> Result<(Vec<Attributes>, Option<String>), StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .limit(count)
            .key_condition_expression("#pk = :pk AND #sk > :after")
            .expression_attribute_names("#pk", n::PK)
            .expression_attribute_names("#sk", n::SK)
            .expression_attribute_values(":pk", text(campaign_pk(campaign)))
            .expression_attribute_values(":after", text(after.unwrap_or_else(|| MEMBER_PREFIX.to_owned())));
        let page = query.send().await.map_err(failed("reading the members of a campaign"))?;
        let more = page.last_evaluated_key.is_some();
        let mut items = page.items.unwrap_or_default();
        let last = items.last().map(|item| Reader(item).text(n::SK).map(str::to_owned)).transpose();
        let last = last.map_err(unreadable("campaign member"))?;
        items.retain(|item| !item.contains_key(LEFT_AT));
        Ok((items, last.filter(|_| more)))
    }
}
