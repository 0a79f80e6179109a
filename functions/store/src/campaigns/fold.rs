//! A moderator's word that a case says what another one says, and which campaigns wait.

use std::collections::HashMap;

use saring_domain::case::{Actor, AuditAction, CaseError, CaseId, Timestamp};

use super::{MARKER_SK, Marker};
use crate::batch::{Key, Reading, key};
use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::Reader;
use crate::names as n;
use crate::trail::Draft;
use crate::transact::{ATTEMPTS_MAX, Outcome};

impl Cases {
    /// Makes a case a member of the campaign of another, in the version that the moderator saw; the
    /// trail says so. Returns the campaign. Repeating changes nothing.
    ///
    /// # Errors
    /// No answer, no such case, a version that has moved on, another's lock; a case that others were
    /// folded into, or that is to be folded into itself.
    pub async fn fold_into(
        &self,
        id: CaseId,
        expected_version: u64,
        other: CaseId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<CaseId, StoreError> {
        const OPERATION: &str = "folding a case into a campaign";
        self.case(other).await?.ok_or(StoreError::NoCase(other))?;
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(id).await?;
            let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
            let record = case.record();
            if record.version != expected_version {
                return Err(StoreError::Stale { case: id, expected: expected_version, actual: record.version });
            }
            if let Some(lock) = record.lock.as_ref().filter(|lock| lock.until > now && lock.holder != *actor) {
                return Err(CaseError::Taken { until: lock.until }.into());
            }
            let marker = self.campaign_marker(id).await?;
            let campaign = self.first_of(other).await?;
            if marker.as_ref().is_some_and(|marker| marker.campaign == campaign) {
                return Ok(campaign);
            }
            // Its members name it; folded into another it would lead them nowhere.
            let (members, _) = self.member_items(id, None, 1).await?;
            if campaign == id || !members.is_empty() {
                let (status, change) = ("the first of its campaign", AuditAction::Folded.code());
                return Err(CaseError::Refused { status, change }.into());
            }
            let draft = Draft::of(record, actor, AuditAction::Folded, campaign.to_string());
            let event = head.next(Draft { at: now, ..draft });
            let mut writes = self.member_writes(record, marker.as_ref(), campaign, now);
            writes.push(self.check_version(id, record.version));
            writes.push(self.put_event(&event));
            writes.push(self.move_head(&head, &event));
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(campaign);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }

    /// The campaigns of those of these cases that joined one; the first of a campaign is not among them.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn campaigns_of(&self, ids: &[CaseId]) -> Result<HashMap<CaseId, CaseId>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| key(n::case_pk(*id), MARKER_SK)).collect();
        let mut found = HashMap::new();
        for item in self.get_all("reading the campaigns of cases", &keys, Reading::Cheap).await? {
            let decode = || {
                let id = Reader(&item).parsed(n::PK, |pk| {
                    pk.strip_prefix(n::CASE_PREFIX).and_then(|id| CaseId::parse(id).ok()).ok_or(())
                })?;
                Ok((id, Marker::decode(&item)?.campaign))
            };
            let (id, campaign) = decode().map_err(unreadable("campaign of a case"))?;
            found.insert(id, campaign);
        }
        Ok(found)
    }
}
