//! What two models say of one report: where they differ, and the verdict that holds what either holds.

use crate::case::{CaseId, Screened, Timestamp};
use crate::policy::{Decision, Reason};
use crate::report::Visibility;
use crate::score::{Flag, Score};

use super::{Count, Counts};

/// Probabilities of a flag that lie this far apart are a disagreement by themselves.
pub const SCORE_DIFFERENCE_MIN: f32 = 0.3;

/// What one model says, in codes.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Publish or review.
    pub decision: Decision,
    /// How visible.
    pub visibility: Visibility,
    /// Code of the likeliest category.
    pub category: Option<String>,
    /// Codes of its reasons.
    pub reasons: Vec<String>,
    /// Probabilities of the flags.
    pub flags: Vec<(Flag, Score)>,
}

impl From<&Screened> for Side {
    fn from(screened: &Screened) -> Self {
        Self {
            decision: screened.verdict.decision,
            visibility: screened.verdict.visibility,
            category: screened.category.first().map(|best| best.code.clone()),
            reasons: screened.verdict.reasons.iter().map(|reason| reason.code.clone()).collect(),
            flags: screened.flags.clone(),
        }
    }
}

/// In what two sides may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// In the decision.
    Decision,
    /// In the visibility.
    Visibility,
    /// In the likeliest category.
    Category,
    /// In the probability of a flag.
    Scores,
}

impl Aspect {
    /// The code of records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Visibility => "visibility",
            Self::Category => "category",
            Self::Scores => "scores",
        }
    }
}

/// A report about which the two models differ; codes and numbers only.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// Its case.
    pub case: CaseId,
    /// When it was screened.
    pub at: Timestamp,
    /// What the current model says.
    pub current: Side,
    /// What the candidate says.
    pub candidate: Side,
}

impl Disagreement {
    /// In what they differ; empty where they say the same.
    #[must_use]
    pub fn differs(&self) -> Vec<Aspect> {
        let (a, b) = (&self.current, &self.candidate);
        let aspects = [
            (Aspect::Decision, a.decision != b.decision),
            (Aspect::Visibility, a.visibility != b.visibility),
            (Aspect::Category, a.category != b.category),
            (Aspect::Scores, self.score_difference() >= SCORE_DIFFERENCE_MIN),
        ];
        aspects.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect).collect()
    }

    /// How far the probabilities of a flag lie apart, at most.
    #[must_use]
    pub fn score_difference(&self) -> f32 {
        let pairs = self.current.flags.iter().zip(&self.candidate.flags);
        pairs.map(|((_, a), (_, b))| (a.get() - b.get()).abs()).fold(0.0, f32::max)
    }

    /// Counts it.
    pub fn count(&self, counts: &mut Counts) {
        let held = |side: &Side| side.decision == Decision::Review;
        let (current, candidate) = (held(&self.current), held(&self.candidate));
        let differs = self.differs();
        let all = [
            (Count::Screened, true),
            (Count::HeldByCurrent, current),
            (Count::HeldByCandidate, candidate),
            (Count::OnlyCurrent, current && !candidate),
            (Count::OnlyCandidate, candidate && !current),
            (Count::Visibility, differs.contains(&Aspect::Visibility)),
            (Count::Category, differs.contains(&Aspect::Category)),
        ];
        for (count, is) in all {
            counts.add(count, u64::from(is));
        }
    }
}

/// The candidate's verdict, made as tight as the current model's: what either holds is held, as
/// little visible as either says, with the reasons of both where the current model is the tighter.
#[must_use]
pub fn join(mut candidate: Screened, current: &Screened) -> Screened {
    let verdict = &mut candidate.verdict;
    let holds = current.verdict.decision == Decision::Review;
    if holds && verdict.decision == Decision::Publish {
        verdict.decision = Decision::Review;
        verdict.reasons = vec![Reason {
            code: "held.current_model".to_owned(),
            detail: format!("model yang berlaku ({}) menahan laporan ini", current.model),
        }];
    }
    if current.verdict.visibility > verdict.visibility {
        verdict.visibility = current.verdict.visibility;
        if verdict.decision == Decision::Publish {
            verdict.reasons.push(Reason {
                code: "visibility.current_model".to_owned(),
                detail: format!("model yang berlaku ({}) memperketat kerahasiaan", current.model),
            });
        }
    }
    if holds {
        let known: Vec<String> = verdict.reasons.iter().map(|reason| reason.code.clone()).collect();
        let others = current.verdict.reasons.iter().filter(|reason| !known.contains(&reason.code));
        verdict.reasons.extend(others.cloned());
        // A reason names its claim: the claim stands beside it.
        let shown: Vec<&str> = candidate.claims.iter().map(|claim| claim.id.as_str()).collect();
        let missing: Vec<_> = current.claims.iter().filter(|c| !shown.contains(&c.id.as_str())).cloned().collect();
        candidate.claims.extend(missing);
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{ModelVersion, PolicyVersion};
    use crate::policy::Verdict;
    use crate::report::{Report, Visibility};

    fn screened(model: &str, reasons: &[&str], visibility: Visibility) -> Screened {
        let decision = if reasons == ["clean"] { Decision::Publish } else { Decision::Review };
        let reason = |code: &&str| Reason { code: (*code).to_owned(), detail: String::new() };
        let report = Report::from_json(br#"{"id":"r","text":"Jalan rusak di depan pasar"}"#).unwrap();
        Screened {
            verdict: Verdict { decision, visibility, reasons: reasons.iter().map(reason).collect() },
            text_hash: report.text_hash(),
            model: ModelVersion::parse(model).unwrap(),
            policy: PolicyVersion::parse("p").unwrap(),
            public_text: String::new(),
            pii: Vec::new(),
            flags: Flag::ALL.map(|flag| (flag, Score::new(0.1).unwrap())).to_vec(),
            fine: Vec::new(),
            category: Vec::new(),
            agency: Vec::new(),
            region: None,
            claims: Vec::new(),
            highlights: Vec::new(),
        }
    }

    #[test]
    fn what_either_holds_is_held_and_as_little_visible_as_either_says() {
        let choices = [Visibility::Publik, Visibility::Anonim, Visibility::Rahasia];
        for (a, b) in choices.iter().flat_map(|a| choices.iter().map(move |b| (*a, *b))) {
            for (of_candidate, of_current) in
                [("clean", "clean"), ("clean", "spam.promo"), ("spam.fraud", "clean"), ("spam.fraud", "spam.promo")]
            {
                let candidate = screened("new", &[of_candidate], a);
                let current = screened("old", &[of_current], b);
                let joined = join(candidate.clone(), &current);
                let held = of_candidate != "clean" || of_current != "clean";
                assert_eq!(joined.verdict.decision == Decision::Review, held);
                assert_eq!(joined.verdict.visibility, a.max(b));
                assert_eq!(joined.model.as_str(), "new");
                let codes: Vec<&str> = joined.verdict.reasons.iter().map(|r| r.code.as_str()).collect();
                assert_eq!(codes.contains(&"clean"), !held, "{codes:?}");
                assert_eq!(codes.contains(&"spam.promo"), of_current != "clean", "{codes:?}");
                assert_eq!(codes.contains(&"held.current_model"), of_candidate == "clean" && held, "{codes:?}");
            }
        }
    }

    #[test]
    fn differences_are_found_and_counted() {
        let side = |reasons: &[&str], visibility| Side::from(&screened("m", reasons, visibility));
        let of = |current: Side, candidate: Side| Disagreement {
            case: CaseId::parse("0123456789ABCDEF").unwrap(),
            at: Timestamp::from_unix_ms(0),
            current,
            candidate,
        };
        let clean = side(&["clean"], Visibility::Publik);
        assert!(of(clean.clone(), clean.clone()).differs().is_empty());
        let held = of(clean.clone(), side(&["spam"], Visibility::Anonim));
        assert_eq!(held.differs(), [Aspect::Decision, Aspect::Visibility]);
        let mut counts = Counts::default();
        held.count(&mut counts);
        of(clean.clone(), clean.clone()).count(&mut counts);
        let seen = [Count::Screened, Count::HeldByCandidate, Count::OnlyCandidate, Count::OnlyCurrent];
        assert_eq!(seen.map(|count| counts.get(count)), [2, 1, 1, 0]);
        let mut far = clean.clone();
        far.flags[1].1 = Score::new(0.5).unwrap();
        assert_eq!(of(clean, far).differs(), [Aspect::Scores]);
    }
}
