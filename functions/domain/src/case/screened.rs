//! What a screening found, owned and complete, before it becomes a case.

use std::fmt;

use crate::agency::AgencyType;
use crate::pii::PiiSpan;
use crate::policy::Verdict;
use crate::report::TextHash;
use crate::score::{Fine, Flag, Highlight, Ranked, Score};

/// Longest name of a model or policy version, in bytes.
pub const VERSION_BYTES_MAX: usize = 100;

/// Why a string names no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {what} version must be 1 to {VERSION_BYTES_MAX} visible ascii characters")]
pub struct VersionError {
    what: &'static str,
}

macro_rules! version {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// Empty, longer than [`VERSION_BYTES_MAX`], or not visible ASCII.
            pub fn parse(name: &str) -> Result<Self, VersionError> {
                let valid = (1..=VERSION_BYTES_MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
                valid.then(|| Self(name.to_owned())).ok_or(VersionError { what: $what })
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

version! {
    /// Names the model bundle behind a verdict, also where it could not be run.
    ModelVersion, "model"
}
version! {
    /// Names the policy behind a verdict.
    PolicyVersion, "policy"
}

/// A named agency, best first among others.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedAgency {
    /// Its type.
    pub agency: AgencyType,
    /// 'Dinas Perhubungan Kota Semarang'.
    pub name: String,
    /// How well it fits.
    pub score: Score,
    /// Why, in Indonesian.
    pub why: Vec<String>,
}

/// The region that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRegion {
    /// Kepmendagri code such as `33.74`.
    pub code: String,
    /// 'Kota Semarang, Jawa Tengah'.
    pub name: String,
}

/// A debunked claim that a report may repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchedClaim {
    /// Its id in the index.
    pub id: String,
    /// The fact-checker's title.
    pub title: String,
    /// Where the check is to be read.
    pub url: Option<String>,
    /// The fact-checker's verdict, such as 'SALAH'.
    pub verdict: String,
    /// Day of the check, `2026-11-24`, where it is known.
    pub date: Option<String>,
    /// How close the report comes.
    pub score: Score,
    /// Where in the text, as a half-open range of Unicode scalar values; none where only the title
    /// or the whole comes close.
    pub span: Option<(usize, usize)>,
}

/// The result of screening one text with one model and one policy.
#[derive(Clone, PartialEq)]
pub struct Screened {
    /// Decision, visibility and reasons.
    pub verdict: Verdict,
    /// What exactly was screened.
    pub text_hash: TextHash,
    /// By which model.
    pub model: ModelVersion,
    /// By which policy.
    pub policy: PolicyVersion,
    /// The text with personal data masked.
    pub public_text: String,
    /// Personal data of the original text.
    pub pii: Vec<PiiSpan>,
    /// Probabilities of the flags; empty where the model did not answer.
    pub flags: Vec<(Flag, Score)>,
    /// Probabilities of the fine labels; empty where the model did not answer.
    pub fine: Vec<(Fine, Score)>,
    /// Categories, best first.
    pub category: Vec<Ranked>,
    /// Agencies, best first.
    pub agency: Vec<RankedAgency>,
    /// Where it is about.
    pub region: Option<NamedRegion>,
    /// Matching claims, best first.
    pub claims: Vec<MatchedClaim>,
    /// What in the original text speaks for a flag.
    pub highlights: Vec<Highlight>,
}

impl Screened {
    /// Whether the model answered.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        !self.flags.is_empty()
    }
}

impl fmt::Debug for Screened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screened")
            .field("decision", &self.verdict.decision)
            .field("visibility", &self.verdict.visibility)
            .field("text_hash", &self.text_hash.as_str())
            .field("model", &self.model.as_str())
            .field("policy", &self.policy.as_str())
            .finish_non_exhaustive()
    }
}
