//! What another policy would have made of a verdict that was given.

use super::{ClaimEvidence, Decision, Evidence, Policy, Reason, Verdict, decide};
use crate::case::Screened;
use crate::claims::{Claim, ClaimFields};
use crate::report::Visibility;
use crate::score::{Fine, Flag, Score, Scores};

/// What only the text tells: these reasons stay as they were.
const KEPT: [&str; 3] = ["text.", "held.", "hoax.recheck"];

/// The verdict of another policy about the same scores and claims. How much of the text could be read
/// is not kept with a case: those reasons stay. A case that the model did not judge stays held.
#[must_use]
pub fn decide_again(policy: &Policy, screened: &Screened, chosen: Visibility) -> Verdict {
    let kept = |reason: &&Reason| KEPT.iter().any(|code| reason.code.starts_with(code));
    let kept: Vec<Reason> = screened.verdict.reasons.iter().filter(kept).cloned().collect();
    if !screened.is_judged() {
        return Verdict { decision: Decision::Review, ..screened.verdict.clone() };
    }
    let scores = scores(screened);
    let near: Vec<ClaimEvidence> = screened.claims.iter().filter_map(evidence).collect();
    let claims = policy.linked(scores.flag(Flag::Hoax), near);
    let evidence = Evidence::Judged { scores: &scores, letters: usize::MAX, claims: &claims };
    let mut verdict = decide(policy, evidence, chosen);
    if !kept.is_empty() {
        verdict.reasons.retain(|reason| reason.code != "clean");
        verdict.reasons.extend(kept);
        verdict.decision = Decision::Review;
    }
    verdict
}

/// The scores as a case keeps them: without what a policy doesn't look at.
fn scores(screened: &Screened) -> Scores {
    let mut flags = [Score::default(); Flag::ALL.len()];
    for (flag, score) in &screened.flags {
        flags[*flag as usize] = *score;
    }
    let mut fine = [Score::default(); Fine::ALL.len()];
    for (label, score) in &screened.fine {
        fine[*label as usize] = *score;
    }
    Scores {
        flags,
        fine,
        category: Vec::new(),
        agency: Vec::new(),
        embedding: Vec::new(),
        window_embeddings: Vec::new(),
        highlights: Vec::new(),
        unknown_share: 0.0,
        truncated: false,
    }
}

fn evidence(matched: &crate::case::MatchedClaim) -> Option<ClaimEvidence> {
    let fields = ClaimFields {
        id: Some(matched.id.clone()),
        title: Some(matched.title.clone()),
        verdict: Some(matched.verdict.clone()),
        url: matched.url.clone(),
        date: matched.date.clone(),
        ..ClaimFields::default()
    };
    let (claim, _) = Claim::parse(fields).ok()?;
    Some(ClaimEvidence { claim, score: matched.score, span: matched.span })
}
