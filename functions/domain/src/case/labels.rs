//! What moderators correct: labels by code, beside the verdict that they correct.

use crate::agency::AgencyType;
use crate::pii::PiiSpan;
use crate::score::{Fine, Flag};

use super::{NamedRegion, RankedAgency};

/// Longest code of a label, in bytes.
pub const LABEL_BYTES_MAX: usize = 64;
/// Longest name of an agency, in characters.
pub const AGENCY_NAME_CHARS_MAX: usize = 200;

/// Why a label is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// A code of other characters, or too long.
    #[error("a label must be 1 to {LABEL_BYTES_MAX} lower-case letters, digits, dots and underscores")]
    Code,
    /// A name that is empty, too long, or has control characters.
    #[error("an agency's name must be 1 to {AGENCY_NAME_CHARS_MAX} characters without control characters")]
    AgencyName,
}

/// The code of a category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelCode(String);

impl LabelCode {
    /// # Errors
    /// Empty, longer than [`LABEL_BYTES_MAX`], or other characters than `a-z`, `0-9`, `.` and `_`.
    pub fn parse(code: &str) -> Result<Self, LabelError> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_');
        let valid = (1..=LABEL_BYTES_MAX).contains(&code.len()) && code.bytes().all(allowed);
        valid.then(|| Self(code.to_owned())).ok_or(LabelError::Code)
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An agency that a moderator named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedAgency {
    agency: AgencyType,
    name: String,
}

/// The name of an agency, checked.
///
/// # Errors
/// Empty, longer than [`AGENCY_NAME_CHARS_MAX`], or with control characters.
pub fn agency_name(name: &str) -> Result<String, LabelError> {
    let name = name.trim();
    let valid = (1..=AGENCY_NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    valid.then(|| name.to_owned()).ok_or(LabelError::AgencyName)
}

impl NamedAgency {
    /// # Errors
    /// A name that is none, as [`agency_name`] says.
    pub fn new(agency: AgencyType, name: &str) -> Result<Self, LabelError> {
        Ok(Self { agency, name: agency_name(name)? })
    }

    /// Its type.
    #[must_use]
    pub fn agency(&self) -> AgencyType {
        self.agency
    }

    /// 'Dinas Perhubungan Kota Semarang'.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<&RankedAgency> for NamedAgency {
    fn from(ranked: &RankedAgency) -> Self {
        Self { agency: ranked.agency, name: ranked.name.clone() }
    }
}

/// Whether a label applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// It does not.
    Absent,
    /// It does.
    Present,
}

impl Mark {
    /// The code of records and of label files.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Present => 1,
        }
    }
}

/// What a moderator says that a report is; what is not named stays as the model saw it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Flags that were judged.
    pub flags: Vec<(Flag, Mark)>,
    /// Fine labels that apply.
    pub fine: Vec<Fine>,
    /// The right category.
    pub category: Option<LabelCode>,
    /// The right agency.
    pub agency: Option<NamedAgency>,
    /// The right region.
    pub region: Option<NamedRegion>,
    /// Whether the report passes on a claim.
    pub claim: Option<ClaimMark>,
    /// All personal data of the original, where the found ones were wrong.
    pub spans: Option<Vec<PiiSpan>>,
}

/// What a report has to do with claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimMark {
    /// It passes on this known one, by its id.
    Repeats(String),
    /// It passes on one that nobody has checked yet.
    New,
    /// It passes on none.
    None,
}

impl ClaimMark {
    /// The code of records: the id of a claim, `new` or `none`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Repeats(id) => id,
            Self::New => "new",
            Self::None => "none",
        }
    }

    /// # Errors
    /// An id of other characters than letters, digits, `.`, `_`, `:` and `-`, or too long.
    pub fn parse(code: &str) -> Result<Self, LabelError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        match code {
            "new" => Ok(Self::New),
            "none" => Ok(Self::None),
            id if (1..=LABEL_BYTES_MAX).contains(&id.len()) && id.bytes().all(allowed) => {
                Ok(Self::Repeats(id.to_owned()))
            }
            _ => Err(LabelError::Code),
        }
    }
}

impl Labels {
    /// Codes of what is corrected, for the audit trail: `spam=1 category=jalan`.
    #[must_use]
    pub fn codes(&self) -> String {
        let mut codes: Vec<String> = self.flags.iter().map(|(f, m)| format!("{}={}", f.code(), m.code())).collect();
        codes.extend(self.fine.iter().map(|f| f.code().to_owned()));
        codes.extend(self.category.iter().map(|c| format!("category={}", c.as_str())));
        codes.extend(self.agency.iter().map(|a| format!("agency={}", a.agency().code())));
        codes.extend(self.region.iter().map(|r| format!("region={}", r.code)));
        codes.extend(self.claim.iter().map(|c| format!("claim={}", c.code())));
        codes.extend(self.spans.iter().map(|spans| format!("spans={}", spans.len())));
        codes.join(" ")
    }
}
