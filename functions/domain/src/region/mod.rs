//! Where a report is about: provinces, regencies, cities and districts named in its text.
//!
//! Names are looked up in one pass over the words of the text, longest first: a table from the hash of the folded
//! letters replaces an automaton, because it loads in a few milliseconds and only ever matches at word boundaries.
//! The words around a name decide how it counts; the regency or city with the most evidence wins.

mod context;
mod mention;
mod resolve;
mod table;
pub(crate) mod words;

use std::fmt;

pub use table::{REGION_NAMES_MAX, REGION_ROWS_MAX};

/// Why a region table was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// No rows.
    #[error("the region table has no rows")]
    Empty,
    /// A line without a name column.
    #[error("region table line {line} needs at least a code and a name")]
    Columns {
        /// Line, from 1.
        line: usize,
    },
    /// Not of the form 11, 11.01 or 11.01.01.
    #[error("region table line {line} has no valid code")]
    Code {
        /// Line, from 1.
        line: usize,
    },
    /// An empty name.
    #[error("region table line {line} has an empty name")]
    Name {
        /// Line, from 1.
        line: usize,
    },
    /// The region above is not in an earlier line.
    #[error("region table line {line} comes before the region above it")]
    Parent {
        /// Line, from 1.
        line: usize,
    },
    /// A code that an earlier line has.
    #[error("region table line {line} repeats a code")]
    Duplicate {
        /// Line, from 1.
        line: usize,
    },
    /// More than a limit.
    #[error("the region table has more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// Administrative level, from the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Provinsi.
    Province,
    /// Kabupaten or kota.
    Regency,
    /// Kecamatan or distrik.
    District,
}

impl Level {
    /// The level of a Kepmendagri code; `None` where it is no code of these levels.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        let valid = code.bytes().enumerate().all(|(i, b)| if i % 3 == 2 { b == b'.' } else { b.is_ascii_digit() });
        match (valid, code.len()) {
            (true, 2) => Some(Self::Province),
            (true, 5) => Some(Self::Regency),
            (true, 8) => Some(Self::District),
            _ => None,
        }
    }

    fn parent_code(self, code: &str) -> Option<&str> {
        match self {
            Self::Province => None,
            Self::Regency => code.get(..2),
            Self::District => code.get(..5),
        }
    }
}

/// What the report says about its place outside its text. Empty by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LocationHint<'a> {
    /// Kepmendagri code, with or without dots, of any level; a village counts as its district.
    pub region_code: Option<&'a str>,
    /// Place name as the reporter or the map gave it.
    pub name: Option<&'a str>,
    /// Latitude and longitude in degrees. The region table has no coordinates, so they decide nothing yet.
    pub coordinates: Option<(f64, f64)>,
}

/// What made the match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Words of the text: the first is the deciding one, the others support it.
    Named(Vec<String>),
    /// Several places of one province, none before the others.
    Several,
    /// The report's own location.
    Hint,
    /// A street, company or hospital that bears the name, and nothing else.
    Borne(String),
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(words) => {
                write!(f, "disebut ")?;
                for (i, word) in words.iter().enumerate() {
                    write!(f, "{}\"{word}\"", if i > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
            Self::Several => write!(f, "beberapa tempat di provinsi ini disebut"),
            Self::Hint => write!(f, "lokasi laporan"),
            Self::Borne(word) => write!(f, "tersirat dari \"{word}\""),
        }
    }
}

/// A region that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionMatch {
    /// Kepmendagri code of the most exact region: '33.74', '32.73.02', '33'.
    pub code: String,
    /// Its level.
    pub level: Level,
    /// 'Kota Semarang, Jawa Tengah', 'Coblong, Kota Bandung, Jawa Barat'.
    pub name: String,
    /// Its regency or city, where it is not a province: code and name ('Kota Bandung').
    pub regency: Option<(String, String)>,
    /// Its province: code and name.
    pub province: (String, String),
    /// The deciding words, in Unicode scalar values of the text; `None` where no words decided.
    pub span: Option<(usize, usize)>,
    /// Another region is possible: a bare name of both a city and a regency, or little evidence.
    pub ambiguous: bool,
    /// What made the match.
    pub basis: Basis,
}

impl RegionMatch {
    /// The reason in Indonesian: `disebut "smg"`.
    #[must_use]
    pub fn why(&self) -> String {
        let doubt = if self.ambiguous { " (belum pasti)" } else { "" };
        format!("{}{doubt}", self.basis)
    }
}

/// The region table, ready to resolve.
#[derive(Debug)]
pub struct Regions {
    table: table::Table,
}

impl Regions {
    /// Reads `regions.csv`.
    ///
    /// # Errors
    /// Names the first line that is not a region.
    pub fn parse(csv: &str) -> Result<Self, RegionError> {
        Ok(Self { table: table::Table::parse(csv)? })
    }

    /// How many regions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.rows.len()
    }

    /// Never true: a table without rows is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.rows.is_empty()
    }

    /// The region of a code: '33.74', '3374', '33.74.10.1001' (as its district).
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<RegionMatch> {
        self.row_of_code(code).map(|row| self.matched(row, None, false, Basis::Hint))
    }

    /// All codes and full names, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&str, String)> {
        (0..self.table.rows.len()).map(|row| (self.table.code(row as u16), self.table.full_name(row as u16)))
    }
}
