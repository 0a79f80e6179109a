//! Which body a report goes to, by name: type of agency × level × region, from reviewed data.

mod check;
mod data;
mod name;
mod phrase;
mod suggest;

use std::fmt;

pub use check::Finding;
pub use suggest::{AgencyCandidate, Situation};

use crate::region::Level;
use phrase::Phrases;

/// The codes of the taxonomy, in its order.
const CODES: [&str; 44] = [
    "dinas_pekerjaan_umum",
    "dinas_perhubungan",
    "dinas_lingkungan_hidup",
    "dinas_sosial",
    "dinas_dukcapil",
    "dinas_pendidikan",
    "dinas_kesehatan",
    "satpol_pp",
    "dinas_perumahan",
    "dinas_tenaga_kerja",
    "dinas_kominfo",
    "dinas_p3a",
    "dinas_koperasi_perdagangan",
    "dinas_pariwisata_olahraga",
    "dinas_pertanian_pangan",
    "dinas_pmd",
    "dpmptsp",
    "bapenda",
    "bkd",
    "bpbd_damkar",
    "pdam",
    "kecamatan_kelurahan",
    "sekretariat_daerah",
    "kemendikbud",
    "kemensos",
    "kemenkes",
    "kemendagri",
    "kemenkeu",
    "kementerian_pu",
    "kemenhub",
    "kemenkumham_imigrasi",
    "kemnaker_bp2mi",
    "kemenag",
    "kementerian_esdm",
    "kominfo_ri",
    "kementerian_desa",
    "atr_bpn",
    "bkn_menpan",
    "polri",
    "bpjs_kesehatan",
    "bpjs_ketenagakerjaan",
    "pln",
    "bumn_lain",
    "lembaga_lain",
];

/// One of the agency types of the taxonomy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgencyType(u8);

impl AgencyType {
    /// How many types there are.
    pub const COUNT: usize = CODES.len();

    /// The type of a code of the taxonomy.
    ///
    /// # Errors
    /// A code that the taxonomy lacks.
    pub fn parse(code: &str) -> Result<Self, RegistryError> {
        let at = CODES.iter().position(|c| *c == code);
        at.map(|at| Self(at as u8)).ok_or_else(|| RegistryError::Type(code.to_owned()))
    }

    /// All types, in the order of the taxonomy.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CODES.len()).map(|at| Self(at as u8))
    }

    /// The code of the taxonomy.
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES[usize::from(self.0)]
    }

    fn at(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for AgencyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A day, for validity: agencies are renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads the first ten characters of '2024-10-21' or '2024-10-21T08:00:00Z'.
    ///
    /// # Errors
    /// Not of that form.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let error = || RegistryError::Date(text.chars().take(10).collect());
        let written = text.get(..10).filter(|t| t.as_bytes()[4] == b'-' && t.as_bytes()[7] == b'-');
        let mut parts = written.ok_or_else(error)?.splitn(3, '-').map(str::parse::<u16>);
        let mut next = || parts.next().and_then(Result::ok).ok_or_else(error);
        let (year, month, day) = (next()?, next()?, next()?);
        if (1..=12).contains(&month) && (1..=31).contains(&day) {
            Ok(Self { year, month: month as u8, day: day as u8 })
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Why a registry was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RegistryError {
    /// Not the TOML of a registry.
    #[error("the agency registry cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A code that the taxonomy lacks.
    #[error("'{0}' is no agency type of the taxonomy")]
    Type(String),
    /// Not YYYY-MM-DD.
    #[error("'{0}' is no date of the form 2024-10-21")]
    Date(String),
    /// A template names something that no region has.
    #[error("the template '{0}' has an unknown placeholder")]
    Template(String),
    /// A boost outside `0..1`, or no candidates.
    #[error("tuning value '{name}' must be {expected}")]
    Tuning {
        /// Its name.
        name: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
    /// A body of a type that the registry does not describe.
    #[error("agency type '{0}' is not in the registry")]
    Missing(&'static str),
}

/// How much each kind of evidence counts; see `agencies.toml`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tuning {
    addressed: f32,
    asked: f32,
    named: f32,
    redirected: f32,
    topical: f32,
    category: f32,
    cue_words_max: usize,
    candidates_max: usize,
    candidates_min: usize,
    set_score_min: f32,
}

/// A type with its name templates.
#[derive(Debug, Clone)]
struct Kind {
    name: String,
    district: Option<String>,
    regency: Option<String>,
    province: Option<String>,
}

/// A national body.
#[derive(Debug, Clone)]
struct Body {
    agency: AgencyType,
    name: String,
    from: Option<Date>,
    until: Option<Date>,
    /// Earlier names with the last day of each, oldest first.
    before: Vec<(String, Date)>,
}

impl Body {
    fn name_on(&self, today: Date) -> &str {
        self.before.iter().find(|(_, until)| today <= *until).map_or(&self.name, |(name, _)| name)
    }

    fn valid_on(&self, today: Date) -> bool {
        self.from.is_none_or(|from| from <= today) && self.until.is_none_or(|until| today <= until)
    }
}

/// A regional name in place of the type's template.
#[derive(Debug, Clone)]
struct Override {
    agency: AgencyType,
    regions: Vec<String>,
    level: Option<Level>,
    name: String,
}

/// A topic that a region's rules give to another type, or to another body of the same type.
#[derive(Debug, Clone)]
struct Redirect {
    regions: Vec<String>,
    from: Vec<AgencyType>,
    to: AgencyType,
    name: Option<String>,
    reason: String,
}

/// The agency registry.
#[derive(Debug)]
pub struct Registry {
    tuning: Tuning,
    kinds: Vec<Option<Kind>>,
    bodies: Vec<Body>,
    /// The first body of each type.
    defaults: Vec<Option<usize>>,
    overrides: Vec<Override>,
    redirects: Vec<Redirect>,
    usual: Vec<(String, Vec<AgencyType>)>,
    official_province: Vec<(String, String)>,
    phrases: Phrases,
}

impl Registry {
    /// Reads `agencies.toml`.
    ///
    /// # Errors
    /// Names the first entry that is malformed; see [`Registry::validate`] for what is merely incomplete.
    pub fn parse(toml: &str) -> Result<Self, RegistryError> {
        data::registry(toml)
    }
}
