//! Public cases that repeat a claim which was checked later.

use saring_domain::case::{Actor, AuditAction, Case, CaseId, Recall, Timestamp};

use crate::cases::Cases;
use crate::error::StoreError;
use crate::trail::Draft;
use crate::transact::{ATTEMPTS_MAX, Outcome, listed_item};

impl Cases {
    /// Brings the version of a public case that was looked at back to review, with the evidence; its
    /// row of the feed goes in the same transaction.
    ///
    /// # Errors
    /// No answer, no such case, a version that has moved on, a case that is not public or that a
    /// person published knowing the claim.
    pub async fn recall(
        &self,
        id: CaseId,
        expected_version: u64,
        recall: &Recall,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Case, StoreError> {
        const OPERATION: &str = "bringing a public case back to review";
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(id).await?;
            let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
            let version = case.version();
            if version != expected_version {
                return Err(StoreError::Stale { case: id, expected: expected_version, actual: version });
            }
            let case = case.recall(recall.clone(), now)?;
            let record = case.record();
            let event = head.next(Draft::of(record, actor, AuditAction::Recalled, recall.detail()));
            let writes =
                [self.put_over(listed_item(record)?, version), self.put_event(&event), self.move_head(&head, &event)];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(case);
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }
}
