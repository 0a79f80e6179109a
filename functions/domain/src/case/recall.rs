//! A public case comes back to review: what it says turned out to repeat a claim.

use super::{AuditAction, Case, CaseError, CaseStatus, MatchedClaim, PublishedBy, Timestamp};
use crate::pii::unmasked;
use crate::policy::{Decision, Reason};
use crate::priority::Rank;

/// Why a public case is looked at again.
#[derive(Debug, Clone, PartialEq)]
pub struct Recall {
    /// What the policy says of it.
    pub reason: Reason,
    /// The claims that it may repeat, the nearest first; their spans count the masked text.
    pub claims: Vec<MatchedClaim>,
}

impl Recall {
    /// What the trail says beside the action: the nearest claim and how near, never text.
    #[must_use]
    pub fn detail(&self) -> String {
        self.claims.first().map_or_else(String::new, |claim| format!("claim={} score={}", claim.id, claim.score))
    }
}

impl Case {
    /// Brings a public case back to review with the evidence. What a moderator had published comes
    /// back as a question, unless that moderator saw the same claim.
    ///
    /// # Errors
    /// A case that is not public, or one that a person published with this claim beside it.
    pub fn recall(self, recall: Recall, at: Timestamp) -> Result<Self, CaseError> {
        let mut record = self.into_record();
        let Some(publication) = record.publication.clone().filter(|_| record.status == CaseStatus::Published) else {
            let (status, change) = (record.status.code(), AuditAction::Recalled.code());
            return Err(CaseError::Refused { status, change });
        };
        let known = |claim: &MatchedClaim| record.screened.claims.iter().any(|c| c.id == claim.id);
        if publication.by == PublishedBy::Moderator && recall.claims.first().is_none_or(known) {
            return Err(CaseError::Weighed);
        }
        let Reason { code, detail } = recall.reason;
        let reason = match publication.by {
            PublishedBy::Screening => Reason { code, detail: format!("diketahui setelah tayang: {detail}") },
            PublishedBy::Moderator => Reason {
                code: "hoax.recheck".to_owned(),
                detail: format!(
                    "petugas menayangkan laporan ini sebelum klaim ini diketahui, apakah tetap layak tayang? {detail}"
                ),
            },
        };
        record.next_version(at);
        record.clear();
        record.status = CaseStatus::InReview;
        let screened = &mut record.screened;
        screened.verdict.decision = Decision::Review;
        screened.verdict.reasons.retain(|r| r.code != "clean" && r.code != reason.code);
        screened.verdict.reasons.insert(0, reason);
        let mut claims = recall.claims;
        for claim in &mut claims {
            claim.span = claim.span.map(|span| unmasked(&screened.pii, span));
        }
        screened.claims.retain(|old| claims.iter().all(|new| new.id != old.id));
        claims.append(&mut screened.claims);
        screened.claims = claims;
        record.rank = Rank::of(&record.screened, at);
        Self::restore(record)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Resolution;
    use super::super::tests::{AT, open};
    use super::*;
    use crate::policy::Decision::{Publish, Review};
    use crate::report::Visibility::{Publik, Rahasia};
    use crate::score::Score;

    fn recall(id: &str) -> Recall {
        let claim = MatchedClaim {
            id: id.into(),
            title: "Judul".into(),
            url: None,
            verdict: "SALAH".into(),
            date: None,
            score: Score::new(0.9).unwrap(),
            span: Some((0, 5)),
        };
        Recall { reason: Reason { code: "hoax.claim".into(), detail: "mengulang klaim".into() }, claims: vec![claim] }
    }

    #[test]
    fn what_the_screening_let_through_comes_back_with_the_evidence() {
        let case = open("publik", Publish, Publik).unwrap().recall(recall("k1"), AT).unwrap();
        let record = case.record();
        assert_eq!((case.status(), case.version(), record.decided.version), (CaseStatus::InReview, 2, 2));
        assert_eq!(record.publication, None);
        let codes: Vec<_> = record.screened.verdict.reasons.iter().map(|r| r.code.as_str()).collect();
        assert_eq!(codes, ["hoax.claim"]);
        assert_eq!(record.screened.claims[0].id, "k1");
        assert!(case.clone().recall(recall("k2"), AT).is_err(), "it is not public any more");
        // A person saw the claim and published it all the same: that stands, but not for another claim.
        let kept = case.resolve(Resolution::Publish, AT).unwrap();
        assert_eq!(kept.clone().recall(recall("k1"), AT), Err(CaseError::Weighed));
        let asked = kept.recall(recall("k2"), AT).unwrap();
        let record = asked.record();
        assert_eq!(record.screened.verdict.reasons[0].code, "hoax.recheck");
        assert_eq!(record.screened.claims.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["k2", "k1"]);
    }

    #[test]
    fn only_what_is_public_comes_back() {
        for case in [open("publik", Review, Publik), open("publik", Publish, Rahasia)] {
            let refused = case.unwrap().recall(recall("k1"), AT);
            assert!(matches!(refused, Err(CaseError::Refused { change: "recalled", .. })), "{refused:?}");
        }
        assert_eq!(recall("k1").detail(), "claim=k1 score=0.90");
    }
}
