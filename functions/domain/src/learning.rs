//! Which published reports a person looks at: a plain share of all, and on top of it those from which
//! the next model would learn most. The probability of each is known, so that figures and training can
//! weigh it.

use serde::Deserialize;

use crate::case::Screened;
use crate::policy::Policy;
use crate::quality::draw;
use crate::score::Score;

/// So many halvings away from each threshold a report is not near any.
const NEAR_STEPS_MAX: f64 = 5.0;

/// Why the shares can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SamplingError {
    /// Not TOML of the expected form.
    #[error("the sampling is not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value outside its range.
    #[error("'{key}' must be {expected}")]
    Value {
        /// Key of the file.
        key: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
}

/// How much is drawn; a reviewed data file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    random: f64,
    near: f64,
    halving: f64,
    disagreement: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    random_share: f64,
    near_share: f64,
    near_halving_log_odds: f64,
    disagreement_share: f64,
}

/// Whether a candidate model decided otherwise about a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidate {
    /// It did not, or there is none.
    Agrees,
    /// It did.
    Differs,
}

impl Sampling {
    /// Reads the file.
    ///
    /// # Errors
    /// A missing or unknown key, or a value outside its range.
    pub fn parse(toml: &str) -> Result<Self, SamplingError> {
        let wire: Wire = toml::from_str(toml)?;
        // Without a plain share some reports would have no chance, and no weight could make up for it.
        if !(wire.random_share > 0.0 && wire.random_share <= 1.0) {
            return Err(SamplingError::Value { key: "random_share", expected: "above 0 and at most 1" });
        }
        for (key, share) in [("near_share", wire.near_share), ("disagreement_share", wire.disagreement_share)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(SamplingError::Value { key, expected: "within 0 and 1" });
            }
        }
        let halving = wire.near_halving_log_odds;
        if !(halving > 0.0 && halving.is_finite()) {
            return Err(SamplingError::Value { key: "near_halving_log_odds", expected: "above 0" });
        }
        let Wire { random_share: random, near_share: near, disagreement_share: disagreement, .. } = wire;
        Ok(Self { random, near, halving, disagreement })
    }

    /// With which probability a published report is drawn: by the plain share, by how near it came to
    /// being held, or because a candidate would have decided otherwise, each independently.
    #[must_use]
    pub fn probability(&self, policy: &Policy, screened: &Screened, candidate: Candidate) -> f64 {
        1.0 - self.shares(policy, screened, candidate).map(|(_, share)| 1.0 - share).iter().product::<f64>()
    }

    /// Whether the report of a case is drawn: it follows from the case alone.
    #[must_use]
    pub fn draws(&self, case: &str, policy: &Policy, screened: &Screened, candidate: Candidate) -> bool {
        self.shares(policy, screened, candidate).iter().any(|(why, share)| draw(&[why, case]) < *share)
    }

    fn shares(&self, policy: &Policy, screened: &Screened, candidate: Candidate) -> [(&'static str, f64); 3] {
        // In steps, so that few probabilities occur: figures make up for draws that nobody has looked at
        // yet by those of the same probability.
        let steps = (distance(policy, screened) / self.halving).floor();
        let near = if steps < NEAR_STEPS_MAX { self.near * 0.5_f64.powf(steps) } else { 0.0 };
        let differs = match candidate {
            Candidate::Agrees => 0.0,
            Candidate::Differs => self.disagreement,
        };
        [("sample", self.random), ("sample near", near), ("sample differs", differs)]
    }
}

/// How far a published report was from being held, in log odds: 0 at a threshold.
fn distance(policy: &Policy, screened: &Screened) -> f64 {
    let flags = screened.flags.iter().map(|(flag, score)| (*score, Some(policy.flag_threshold(*flag))));
    let fine = screened.fine.iter().map(|(label, score)| (*score, policy.fine_threshold(*label)));
    let gaps = flags.chain(fine).filter_map(|(score, threshold)| Some(log_odds(threshold?) - log_odds(score)));
    gaps.fold(f64::INFINITY, f64::min).max(0.0)
}

fn log_odds(score: Score) -> f64 {
    const EDGE: f64 = 1e-6;
    let p = f64::from(score.get()).clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{ModelVersion, PolicyVersion};
    use crate::policy::{Decision, Reason, Verdict};
    use crate::quality::{Sampled, error_rate};
    use crate::report::{Report, Visibility};
    use crate::score::{Fine, Flag};

    fn sampling() -> Sampling {
        Sampling::parse(include_str!("../../../models/sampling.toml")).unwrap()
    }

    /// Just below the lowest of the shipped policy's flags.
    const NEAR: f32 = 0.245;

    fn policy() -> Policy {
        Policy::parse(include_str!("../../../models/policy.toml")).unwrap()
    }

    fn screened(highest: f32) -> Screened {
        let report = Report::from_json(br#"{"id":"r","text":"Jalan rusak di depan pasar"}"#).unwrap();
        let reasons = vec![Reason { code: "clean".to_owned(), detail: String::new() }];
        Screened {
            verdict: Verdict { decision: Decision::Publish, visibility: Visibility::Publik, reasons },
            text_hash: report.text_hash(),
            model: ModelVersion::parse("m").unwrap(),
            policy: PolicyVersion::parse("p").unwrap(),
            public_text: String::new(),
            pii: Vec::new(),
            flags: Flag::ALL.map(|flag| (flag, Score::new(highest).unwrap())).to_vec(),
            fine: Fine::ALL.map(|fine| (fine, Score::new(0.0).unwrap())).to_vec(),
            category: Vec::new(),
            agency: Vec::new(),
            region: None,
            claims: Vec::new(),
            highlights: Vec::new(),
        }
    }

    #[test]
    fn what_is_near_a_threshold_or_in_dispute_is_preferred_and_nothing_is_left_out() {
        let (sampling, policy) = (sampling(), policy());
        let of = |highest, candidate| sampling.probability(&policy, &screened(highest), candidate);
        let (far, near) = (of(0.001, Candidate::Agrees), of(NEAR, Candidate::Agrees));
        assert!(far >= sampling.random && far < 0.02, "{far}");
        assert!(near > 10.0 * far, "{near} {far}");
        assert!(of(0.001, Candidate::Differs) > 0.4);
        let mut all: Vec<u64> = (1..100).map(|n| of(n as f32 / 1000.0, Candidate::Agrees).to_bits()).collect();
        all.sort_unstable();
        all.dedup();
        assert!(all.len() <= 6, "few probabilities, so that each has company: {}", all.len());
    }

    /// Real probabilities of the shipped file; errors are where the preference looks, so that a plain
    /// mean of the sample would be far off.
    #[test]
    fn the_error_rate_stays_unbiased_under_the_preference() {
        const ALL: u32 = 3000;
        let (sampling, policy) = (sampling(), policy());
        let kinds =
            [(0.002, Candidate::Agrees, 0.005), (NEAR, Candidate::Agrees, 0.1), (0.01, Candidate::Differs, 0.3)];
        let kinds = kinds.map(|(highest, candidate, wrong)| (screened(highest), candidate, wrong));
        let rounds = 200_u32;
        let (mut mean, mut naive, mut wrong_all, mut drawn) = (0.0, 0.0, 0.0, 0);
        for round in 0..rounds {
            let mut sample = Vec::new();
            for case in 0..ALL {
                let (screened, candidate, share) =
                    &kinds[if case % 20 == 0 { 1 + (case / 20 % 2) as usize } else { 0 }];
                let wrong = f64::from(u8::from(draw(&["wrong", &case.to_string()]) < *share));
                wrong_all += wrong / f64::from(rounds);
                if sampling.draws(&format!("{round}.{case}"), &policy, screened, *candidate) {
                    let probability = sampling.probability(&policy, screened, *candidate);
                    sample.push(Sampled { probability, wrong });
                }
            }
            drawn += sample.len();
            mean += error_rate(&sample, ALL.into()).unwrap().estimate / f64::from(rounds);
            naive += sample.iter().map(|one| one.wrong).sum::<f64>() / sample.len() as f64 / f64::from(rounds);
        }
        let truth = wrong_all / f64::from(ALL);
        assert!((mean - truth).abs() < 0.1 * truth, "mean of the estimates {mean:.5}, truth {truth:.5}");
        assert!(naive > 3.0 * truth, "without weights {naive:.5} for {truth:.5}");
        assert!(drawn > 0);
    }

    #[test]
    fn a_wrong_share_names_its_key() {
        let shipped = include_str!("../../../models/sampling.toml");
        let error = Sampling::parse(&shipped.replace("random_share = 0.01", "random_share = 0.0")).unwrap_err();
        assert!(error.to_string().contains("'random_share'"), "{error}");
        assert!(Sampling::parse(&shipped.replace("near_share", "nearly")).is_err());
    }
}
