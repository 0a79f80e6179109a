//! The policy as data, and the whole decision as one pure function.

mod again;
mod review;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::claims::{Claim, VerdictKind};
use crate::report::Visibility;
use crate::score::{Fine, Flag, Score, Scores};

pub use again::decide_again;
pub use review::{Difference, Direction, Finding};

/// Why a policy file can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML of the expected form.
    #[error("policy is not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A label that doesn't exist.
    #[error("policy names an unknown label '{0}'")]
    UnknownLabel(String),
    /// A label without a threshold.
    #[error("policy has no threshold for '{0}'")]
    MissingThreshold(&'static str),
    /// A value outside its range.
    #[error("policy value '{key}' must be {expected}")]
    Value {
        /// Key of the file.
        key: String,
        /// What is allowed.
        expected: &'static str,
    },
}

/// Thresholds and rules; a reviewed data file, named by its version in every verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    version: String,
    flags: [Score; Flag::ALL.len()],
    fine: [Option<Score>; Fine::ALL.len()],
    visibility: Vec<(Fine, Visibility)>,
    letters_min: usize,
    unknown_share_max: f32,
    claims: ClaimRules,
}

/// When a report counts as repeating a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ClaimRules {
    link_min: Score,
    hoax_weight: f32,
    hold_hoax_min: Score,
    listed_min: Score,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimsWire {
    link_min: f32,
    hoax_weight: f32,
    hold_hoax_min: f32,
    listed_min: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: String,
    letters_min: usize,
    unknown_share_max: f32,
    flags: BTreeMap<String, f32>,
    fine: BTreeMap<String, f32>,
    visibility: BTreeMap<String, String>,
    claims: ClaimsWire,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// An unknown label, a missing flag threshold, a value outside its range.
    pub fn parse(toml: &str) -> Result<Self, PolicyError> {
        let wire: Wire = toml::from_str(toml)?;
        let mut flags = [Score::default(); Flag::ALL.len()];
        for flag in Flag::ALL {
            let value = wire.flags.get(flag.code()).ok_or(PolicyError::MissingThreshold(flag.code()))?;
            flags[flag as usize] = threshold(flag.code(), *value)?;
        }
        if let Some(code) = wire.flags.keys().find(|k| Flag::ALL.iter().all(|f| f.code() != k.as_str())) {
            return Err(PolicyError::UnknownLabel(code.clone()));
        }
        let mut fine = [None; Fine::ALL.len()];
        for (code, value) in &wire.fine {
            let label = Fine::parse(code).map_err(PolicyError::UnknownLabel)?;
            fine[label as usize] = Some(threshold(code, *value)?);
        }
        let visibility = wire
            .visibility
            .iter()
            .map(|(code, value)| {
                let label = Fine::parse(code).map_err(PolicyError::UnknownLabel)?;
                let value = Visibility::parse(value).map_err(|_| PolicyError::Value {
                    key: format!("visibility.{code}"),
                    expected: "'publik', 'anonim' or 'rahasia'",
                })?;
                Ok((label, value))
            })
            .collect::<Result<_, PolicyError>>()?;
        if !(0.0..=1.0).contains(&wire.unknown_share_max) {
            return Err(PolicyError::Value { key: "unknown_share_max".into(), expected: "within 0 and 1" });
        }
        Ok(Self {
            version: wire.version,
            flags,
            fine,
            visibility,
            letters_min: wire.letters_min,
            unknown_share_max: wire.unknown_share_max,
            claims: claim_rules(&wire.claims)?,
        })
    }

    /// Names the policy in every verdict.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The claims to show beside a report, of `nearest` (best first): all that come near, if the
    /// best of them is a match; none otherwise.
    #[must_use]
    pub fn linked(&self, hoax: Score, mut nearest: Vec<ClaimEvidence>) -> Vec<ClaimEvidence> {
        let any = nearest.first().is_some_and(|best| self.is_match(hoax, best.score));
        nearest.retain(|claim| any && claim.score >= self.claims.listed_min);
        nearest
    }

    /// Whether a report with this hoax score repeats a claim that it is so near to: one that reads
    /// like a hoax needs to come less near.
    fn is_match(&self, hoax: Score, near: Score) -> bool {
        let joint = log_odds(near) + self.claims.hoax_weight * log_odds(hoax);
        joint >= log_odds(self.claims.link_min)
    }

    /// The debunked claim for which a report with this hoax score is held, of those of [`Policy::linked`].
    fn repeated<'a>(&self, hoax: Score, claims: &'a [ClaimEvidence]) -> Option<&'a ClaimEvidence> {
        let spread = |c: &&ClaimEvidence| self.is_match(hoax, c.score) && c.claim.kind().is_debunked();
        claims.iter().find(spread).filter(|_| hoax >= self.claims.hold_hoax_min)
    }

    /// The reason to bring a public report with this hoax score back, and its claim, if there is one.
    #[must_use]
    pub fn recalled<'a>(&self, hoax: Score, claims: &'a [ClaimEvidence]) -> Option<(Reason, &'a ClaimEvidence)> {
        self.repeated(hoax, claims).and_then(|found| Some((hoax_reason(self, hoax, claims)?, found)))
    }

    /// Threshold of a flag; a score at or above it holds the report.
    #[must_use]
    pub fn flag_threshold(&self, flag: Flag) -> Score {
        self.flags[flag as usize]
    }

    /// Threshold of a fine label that holds a report by itself.
    #[must_use]
    pub fn fine_threshold(&self, fine: Fine) -> Option<Score> {
        self.fine[fine as usize]
    }

    /// Visibility that a fine label asks for.
    #[must_use]
    pub fn asked_visibility(&self, fine: Fine) -> Option<Visibility> {
        self.visibility.iter().find(|(label, _)| *label == fine).map(|(_, tighter)| *tighter)
    }
}

fn claim_rules(wire: &ClaimsWire) -> Result<ClaimRules, PolicyError> {
    if !(0.0..=10.0).contains(&wire.hoax_weight) {
        return Err(PolicyError::Value { key: "claims.hoax_weight".into(), expected: "within 0 and 10" });
    }
    Ok(ClaimRules {
        link_min: threshold("claims.link_min", wire.link_min)?,
        hoax_weight: wire.hoax_weight,
        hold_hoax_min: threshold("claims.hold_hoax_min", wire.hold_hoax_min)?,
        listed_min: threshold("claims.listed_min", wire.listed_min)?,
    })
}

/// Finite also at 0 and 1.
fn log_odds(score: Score) -> f32 {
    const EDGE: f32 = 1e-6;
    let p = score.get().clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

fn threshold(key: &str, value: f32) -> Result<Score, PolicyError> {
    Score::new(value).map_err(|_| PolicyError::Value { key: key.to_owned(), expected: "within 0 and 1" })
}

/// Whether a report may enter the public side without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nothing speaks against it.
    Publish,
    /// A person decides.
    Review,
}

impl Decision {
    /// The code of the wire format.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Review => "review",
        }
    }
}

/// Why no judgement was possible; always leads to review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unjudged {
    /// The model or its bundle could not be loaded or run.
    ModelUnavailable,
    /// The model did not answer in time.
    TimedOut,
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Code such as `spam.gambling`.
    pub code: String,
    /// In words, in Indonesian, without any of the report's text.
    pub detail: String,
}

/// A decision with what it rests on; `reasons` is never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Publish or review.
    pub decision: Decision,
    /// The reporter's choice or a tighter one.
    pub visibility: Visibility,
    /// Why, the strongest first.
    pub reasons: Vec<Reason>,
}

/// A claim that a report may repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimEvidence {
    /// The claim.
    pub claim: Claim,
    /// Probability that the report repeats it.
    pub score: Score,
    /// Where in the text, as a half-open range of Unicode scalar values.
    pub span: Option<(usize, usize)>,
}

/// All that a decision may depend on.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// The model answered.
    Judged {
        /// What it said.
        scores: &'a Scores,
        /// Letters and digits that were there to read.
        letters: usize,
        /// Claims of [`Policy::linked`], best first.
        claims: &'a [ClaimEvidence],
    },
    /// It did not.
    Unjudged(Unjudged),
}

/// Decides on a report. `chosen` is the reporter's own visibility, which is never lowered.
#[must_use]
pub fn decide(policy: &Policy, evidence: Evidence<'_>, chosen: Visibility) -> Verdict {
    let (scores, letters, claims) = match evidence {
        Evidence::Judged { scores, letters, claims } => (scores, letters, claims),
        Evidence::Unjudged(why) => return held_unjudged(why, chosen),
    };
    let mut reasons = unreadable(policy, scores, letters);
    let mut visibility = chosen;
    for flag in Flag::ALL {
        if flag == Flag::Hoax {
            reasons.extend(hoax_reason(policy, scores.flag(flag), claims));
        } else if scores.flag(flag) >= policy.flag_threshold(flag) {
            reasons.push(flag_reason(policy, scores, flag));
        }
    }
    for fine in Fine::ALL {
        let over = policy.fine[fine as usize].is_some_and(|t| scores.fine(fine) >= t);
        if !over {
            continue;
        }
        if let Some(tighter) = policy.asked_visibility(fine) {
            visibility = visibility.tightened(tighter);
        }
        let detail = format!("{} (skor {})", words(fine), scores.fine(fine));
        // What reads like a claim is one only beside the claim that it repeats.
        let own = match fine {
            Fine::HoaxClaim => reason("hoax.unverified", detail),
            _ => reason(fine.code(), detail),
        };
        let told = reasons.iter().any(|r| r.code == own.code || r.code == fine.code());
        if !told {
            reasons.push(own);
        }
    }
    let decision = if reasons.is_empty() { Decision::Publish } else { Decision::Review };
    if reasons.is_empty() {
        reasons.push(reason("clean", "tidak ada tanda spam, kekerasan verbal, hoaks atau hal sensitif".to_owned()));
    }
    Verdict { decision, visibility, reasons }
}

fn held_unjudged(why: Unjudged, chosen: Visibility) -> Verdict {
    let reason = match why {
        Unjudged::ModelUnavailable => {
            reason("held.model_unavailable", "model tidak tersedia, perlu diperiksa petugas".to_owned())
        }
        Unjudged::TimedOut => {
            reason("held.timed_out", "penyaringan melewati batas waktu, perlu diperiksa petugas".to_owned())
        }
    };
    Verdict { decision: Decision::Review, visibility: chosen, reasons: vec![reason] }
}

fn unreadable(policy: &Policy, scores: &Scores, letters: usize) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if letters < policy.letters_min {
        reasons.push(reason(
            "text.unreadable",
            format!("hanya {letters} huruf atau angka, minimum {}", policy.letters_min),
        ));
    } else if scores.unknown_share > policy.unknown_share_max {
        let share = (scores.unknown_share * 100.0).round();
        reasons.push(reason("text.unreadable", format!("{share:.0}% teks tidak dikenal model")));
    }
    if scores.truncated {
        reasons.push(reason("text.too_long", "teks lebih panjang dari yang dibaca model".to_owned()));
    }
    reasons
}

/// Style alone can't tell a hoax, and a claim alone not whether the report spreads it: a match is
/// a reason only in a report that reads like passing it on, and such a report without a match
/// only needs checking.
fn hoax_reason(policy: &Policy, hoax: Score, claims: &[ClaimEvidence]) -> Option<Reason> {
    let matches = |c: &&ClaimEvidence| policy.is_match(hoax, c.score);
    if let Some(found) = policy.repeated(hoax, claims) {
        let detail =
            format!("mengulang klaim yang sudah diperiksa: {} (kemiripan {})", named(&found.claim), found.score);
        return Some(reason("hoax.claim", detail));
    }
    if hoax < policy.flag_threshold(Flag::Hoax) {
        return None;
    }
    let known_true = claims.iter().find(matches).filter(|c| c.claim.kind() == VerdictKind::True);
    let beside =
        known_true.map_or_else(String::new, |c| format!("; mirip klaim yang dinyatakan benar: {}", named(&c.claim)));
    let detail = format!("mirip pesan berantai atau klaim sensasional, perlu dicek (skor {hoax}){beside}");
    Some(reason("hoax.unverified", detail))
}

/// Title, verdict, day and link of a claim.
fn named(claim: &Claim) -> String {
    let date = claim.date().map_or_else(String::new, |d| format!(", {d}"));
    let url = claim.url().map_or_else(String::new, |u| format!(", {u}"));
    format!("\"{}\" [{}{date}{url}]", claim.title(), claim.verdict())
}

fn flag_reason(policy: &Policy, scores: &Scores, flag: Flag) -> Reason {
    let best = Fine::ALL
        .into_iter()
        .filter(|f| f.flag() == Some(flag))
        .max_by(|a, b| scores.fine(*a).get().total_cmp(&scores.fine(*b).get()));
    let threshold = policy.flag_threshold(flag);
    let detail = |what: &str| format!("{what} (skor {}, ambang {threshold})", scores.flag(flag));
    match best {
        Some(fine) => reason(fine.code(), detail(words(fine))),
        None => reason(flag.code(), detail(flag.code())),
    }
}

fn reason(code: &str, detail: String) -> Reason {
    Reason { code: code.to_owned(), detail }
}

fn words(fine: Fine) -> &'static str {
    match fine {
        Fine::SpamGambling => "promosi judi",
        Fine::SpamFraud => "indikasi penipuan",
        Fine::SpamPromo => "promosi barang atau jasa",
        Fine::AbuseInsult => "penghinaan terhadap orang",
        Fine::AbuseHate => "ujaran kebencian terhadap kelompok",
        Fine::AbuseSara => "serangan bermuatan SARA",
        Fine::AbuseSexual => "kata-kata cabul",
        Fine::AbuseThreat => "ancaman",
        Fine::HoaxClaim => "menyebarkan klaim yang belum terbukti",
        Fine::SensitiveChild => "menyangkut anak sebagai korban",
        Fine::SensitiveViolence => "menyangkut kekerasan dalam rumah tangga atau seksual",
        Fine::SensitiveSelfharm => "menyangkut keselamatan jiwa, segera ditangani",
        Fine::SensitiveAccusation => "tuduhan pidana terhadap orang yang dapat dikenali",
        Fine::SensitiveHealth => "data kesehatan orang yang dapat dikenali",
        Fine::QualityOffTopic => "bukan laporan kepada pemerintah",
    }
}
