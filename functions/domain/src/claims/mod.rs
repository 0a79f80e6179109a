//! Debunked claims: what a fact-checker found, and which of them a report repeats.
//!
//! A claim has up to three text forms: its title, the start of the conclusion, and the wording
//! that went round. [`ClaimIndex`] holds them as words and as embeddings; [`Weights`] turn what
//! the two say into a probability that a report repeats the claim.

mod build;
mod cluster;
mod fit;
mod format;
mod index;
mod ledger;
mod query;
mod reader;
mod review;
mod search;
mod terms;
mod verdict;
mod weights;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::agency::Date;
use crate::report::hex;

pub use build::{FORM_CHARS_MAX, Form, IndexBuilder, PreparedClaim};
pub use fit::{Example, fit};
pub use format::IndexError;
pub use index::ClaimIndex;
pub use ledger::{ClaimAction, ClaimEvent, LIVE_CLAIMS_MAX, LiveClaims, content_hash, first_break};
pub use query::Query;
pub use reader::{CLAIMS_MAX, Finding, LINE_BYTES_MAX, ReadClaims, read_claims};
pub use search::{Candidate, FEATURE_NAMES, FEATURES};
pub use verdict::VerdictKind;
pub use weights::{Weights, WeightsError};
pub use words::{WordCounts, WordsError};

/// Longest id of a claim, in bytes.
pub const CLAIM_ID_BYTES_MAX: usize = 128;
/// Longest title, in Unicode scalar values.
pub const CLAIM_TITLE_CHARS_MAX: usize = 500;
/// Longest verdict, in Unicode scalar values.
pub const CLAIM_VERDICT_CHARS_MAX: usize = 80;
/// Longest link, in bytes.
pub const CLAIM_URL_BYTES_MAX: usize = 2000;
/// Longest conclusion or circulated wording that is kept, in Unicode scalar values.
pub const CLAIM_TEXT_CHARS_MAX: usize = 20_000;

/// Why a row is no claim. The message names the field and the limit, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Not the JSON of a claim.
    #[error("not a claim: {0}")]
    Json(String),
    /// A required field is absent or blank.
    #[error("field '{0}' is missing")]
    Missing(&'static str),
    /// A field exceeds its limit.
    #[error("field '{field}' has {actual} {unit}, the limit is {limit}")]
    TooLong {
        /// Name of the field.
        field: &'static str,
        /// Its length.
        actual: usize,
        /// The limit.
        limit: usize,
        /// Unit of both.
        unit: &'static str,
    },
    /// A field holds a value outside its set or range.
    #[error("field '{field}' must be {expected}")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
}

/// A claim that a fact-checker has looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    id: String,
    title: String,
    verdict: String,
    url: Option<String>,
    date: Option<Date>,
    conclusion: Option<String>,
    circulated: Option<String>,
}

/// The JSON of a claim line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ClaimFields {
    /// Identifies the claim.
    pub id: Option<String>,
    /// The claim in the fact-checker's words.
    pub title: Option<String>,
    /// 'SALAH', 'BENAR', …
    pub verdict: Option<String>,
    /// Where the check is to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was published: `2026-01-31`, `31/01/2026` or `31 Jan 2026`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What the fact-checker found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// The wording that went round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circulated: Option<String>,
}

impl Claim {
    /// Checks every field. A date that can't be read is dropped; the second part says so.
    ///
    /// # Errors
    /// The first field that is missing or breaks its limit.
    pub fn parse(fields: ClaimFields) -> Result<(Self, Option<ClaimError>), ClaimError> {
        let id = required("id", fields.id)?;
        if id.len() > CLAIM_ID_BYTES_MAX {
            return Err(too_long("id", id.len(), CLAIM_ID_BYTES_MAX, "bytes"));
        }
        if id.chars().any(char::is_control) {
            return Err(ClaimError::Value { field: "id", expected: "free of control characters" });
        }
        let title = required("title", fields.title)?;
        limit_chars("title", &title, CLAIM_TITLE_CHARS_MAX)?;
        let verdict = required("verdict", fields.verdict)?;
        limit_chars("verdict", &verdict, CLAIM_VERDICT_CHARS_MAX)?;
        let url = fields.url.and_then(filled);
        if let Some(url) = &url {
            if url.len() > CLAIM_URL_BYTES_MAX {
                return Err(too_long("url", url.len(), CLAIM_URL_BYTES_MAX, "bytes"));
            }
            let web = url.starts_with("https://") || url.starts_with("http://");
            if !web || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(ClaimError::Value { field: "url", expected: "an http or https link" });
            }
        }
        let (date, notice) = match fields.date.and_then(filled) {
            None => (None, None),
            Some(text) => match parse_date(&text) {
                Some(date) => (Some(date), None),
                None => {
                    (None, Some(ClaimError::Value { field: "date", expected: "a date; the claim goes in without" }))
                }
            },
        };
        let conclusion = fields.conclusion.and_then(filled);
        let circulated = fields.circulated.and_then(filled);
        for (field, text) in [("conclusion", &conclusion), ("circulated", &circulated)] {
            limit_chars(field, text.as_deref().unwrap_or_default(), CLAIM_TEXT_CHARS_MAX)?;
        }
        Ok((Self { id, title, verdict, url, date, conclusion, circulated }, notice))
    }

    /// Identifies the claim.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The claim in the fact-checker's words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The verdict as the fact-checker writes it.
    #[must_use]
    pub fn verdict(&self) -> &str {
        &self.verdict
    }

    /// What the verdict means.
    #[must_use]
    pub fn kind(&self) -> VerdictKind {
        VerdictKind::of(&self.verdict)
    }

    /// Where the check is to be read.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// When the check was published.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.date
    }

    /// What the fact-checker found.
    #[must_use]
    pub fn conclusion(&self) -> Option<&str> {
        self.conclusion.as_deref()
    }

    /// The wording that went round.
    #[must_use]
    pub fn circulated(&self) -> Option<&str> {
        self.circulated.as_deref()
    }

    /// Removes the circulated wording, to ask for it afterwards.
    #[must_use]
    pub fn without_circulated(mut self) -> (Self, Option<String>) {
        let circulated = self.circulated.take();
        (self, circulated)
    }

    /// The JSON of the claim's line.
    #[must_use]
    pub fn fields(&self) -> ClaimFields {
        ClaimFields {
            id: Some(self.id.clone()),
            title: Some(self.title.clone()),
            verdict: Some(self.verdict.clone()),
            url: self.url.clone(),
            date: self.date.map(|d| d.to_string()),
            conclusion: self.conclusion.clone(),
            circulated: self.circulated.clone(),
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("id", &self.id).field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// SHA-256 of several files, each with its length: names what an index was built from.
#[must_use]
pub fn source_hash(files: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update((file.len() as u64).to_le_bytes());
        hasher.update(file);
    }
    hex(&hasher.finalize())
}

fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

fn required(field: &'static str, value: Option<String>) -> Result<String, ClaimError> {
    value.and_then(filled).ok_or(ClaimError::Missing(field))
}

fn limit_chars(field: &'static str, text: &str, limit: usize) -> Result<(), ClaimError> {
    let actual = text.chars().count();
    if actual > limit { Err(too_long(field, actual, limit, "characters")) } else { Ok(()) }
}

fn too_long(field: &'static str, actual: usize, limit: usize, unit: &'static str) -> ClaimError {
    ClaimError::TooLong { field, actual, limit, unit }
}

/// Reads `2026-01-31…`, `31/01/2026` and `31 Jan 2026`, English or Indonesian.
fn parse_date(text: &str) -> Option<Date> {
    if let Some(iso) = text.get(..10)
        && let Ok(date) = Date::parse(iso)
    {
        return Some(date);
    }
    let parts: Vec<&str> = text.split(['/', ' ', '-', ',']).filter(|p| !p.is_empty()).collect();
    let [day, month, year] = parts.as_slice() else { return None };
    let month = match month.parse::<u8>() {
        Ok(number) => number,
        Err(_) => month_number(month)?,
    };
    Date::parse(&format!("{year:0>4}-{month:02}-{:02}", day.parse::<u8>().ok()?)).ok()
}

fn month_number(name: &str) -> Option<u8> {
    let name = name.to_lowercase();
    let first: String = name.chars().take(3).collect();
    Some(match first.as_str() {
        "jan" => 1,
        "feb" | "peb" => 2,
        "mar" => 3,
        "apr" => 4,
        "may" | "mei" => 5,
        "jun" => 6,
        "jul" => 7,
        "aug" | "agu" | "ags" => 8,
        "sep" => 9,
        "oct" | "okt" => 10,
        "nov" | "nop" => 11,
        "dec" | "des" => 12,
        _ => return None,
    })
}
