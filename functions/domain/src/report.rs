//! A citizen's report: parsed once at the boundary, valid by construction afterwards.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Longest text, in Unicode scalar values; the input systems of the field cut far below.
pub const TEXT_CHARS_MAX: usize = 20_000;
/// Longest id, in bytes.
pub const ID_BYTES_MAX: usize = 128;
/// Longest title, channel, place name or reporter reference, in Unicode scalar values.
pub const FIELD_CHARS_MAX: usize = 300;
/// Longest input line or message body, in bytes: four bytes a character and room for escapes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Why an input is no report. The message names the field and the limit, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The bytes are not UTF-8.
    #[error("input is not valid utf-8 from byte {0} on")]
    Utf8(usize),
    /// The body exceeds [`BODY_BYTES_MAX`].
    #[error("input has {0} bytes, the limit is {BODY_BYTES_MAX}")]
    BodyTooLong(usize),
    /// The bytes are not the JSON of a report.
    #[error("input is not a report: {0}")]
    Json(String),
    /// A required field is absent.
    #[error("field '{0}' is missing")]
    Missing(&'static str),
    /// A field has the wrong JSON type.
    #[error("field '{field}' must be {expected}")]
    Type {
        /// Name of the field.
        field: &'static str,
        /// The type that it must have.
        expected: &'static str,
    },
    /// A field is empty.
    #[error("field '{0}' is empty")]
    Empty(&'static str),
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

/// Identifies a report: 1 to [`ID_BYTES_MAX`] bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId(String);

impl ReportId {
    /// # Errors
    /// Empty, too long, or with control characters.
    pub fn parse(id: &str) -> Result<Self, ReportError> {
        if id.is_empty() {
            return Err(ReportError::Empty("id"));
        }
        if id.len() > ID_BYTES_MAX {
            return Err(ReportError::TooLong { field: "id", actual: id.len(), limit: ID_BYTES_MAX, unit: "bytes" });
        }
        if id.chars().any(char::is_control) {
            return Err(ReportError::Value { field: "id", expected: "free of control characters" });
        }
        Ok(Self(id.to_owned()))
    }

    /// The id as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person wrote: 1 to [`TEXT_CHARS_MAX`] Unicode scalar values. `Debug` prints its
/// length only, so that a stray log line cannot leak it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReportText(String);

impl ReportText {
    /// # Errors
    /// Empty or blank, or too long.
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        let actual = text.chars().count();
        if text.trim().is_empty() {
            return Err(ReportError::Empty("text"));
        }
        if actual > TEXT_CHARS_MAX {
            return Err(ReportError::TooLong { field: "text", actual, limit: TEXT_CHARS_MAX, unit: "characters" });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ReportText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportText({} characters)", self.0.chars().count())
    }
}

/// Who may see a report; the order is the order of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Visibility {
    /// Public with the reporter's name.
    #[default]
    Publik,
    /// Public without the name.
    Anonim,
    /// Not public at all.
    Rahasia,
}

impl Visibility {
    /// # Errors
    /// Anything but the three codes.
    pub fn parse(code: &str) -> Result<Self, ReportError> {
        match code {
            "publik" => Ok(Self::Publik),
            "anonim" => Ok(Self::Anonim),
            "rahasia" => Ok(Self::Rahasia),
            _ => Err(ReportError::Value { field: "visibility", expected: "'publik', 'anonim' or 'rahasia'" }),
        }
    }

    /// The code of the wire format.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Publik => "publik",
            Self::Anonim => "anonim",
            Self::Rahasia => "rahasia",
        }
    }

    /// The more protective of two: visibility only tightens.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        self.max(other)
    }
}

/// Where the reporter says it happened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Location {
    /// Kepmendagri code such as `33.74`.
    pub region_code: Option<String>,
    /// Free name of the place.
    pub name: Option<String>,
    /// Latitude and longitude in degrees.
    pub coordinates: Option<(f64, f64)>,
}

/// SHA-256 of a report's title and text: what a verdict is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextHash(String);

impl TextHash {
    /// # Errors
    /// Anything but 64 lower-case hexadecimal digits.
    pub fn parse(hex: &str) -> Result<Self, ReportError> {
        let valid = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if valid {
            Ok(Self(hex.to_owned()))
        } else {
            Err(ReportError::Value { field: "text_hash", expected: "64 lower-case hexadecimal digits" })
        }
    }

    /// Lower-case hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A report that passed parsing.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Identifies it.
    pub id: ReportId,
    /// What the person wrote.
    pub text: ReportText,
    /// A title, if the input system asks for one.
    pub title: Option<ReportText>,
    /// The input system's name of the way in (`sms`, `app`, …).
    pub channel: Option<String>,
    /// When it was written, as the input system says it.
    pub created_at: Option<String>,
    /// Where it happened.
    pub location: Location,
    /// The reporter's own choice.
    pub visibility: Visibility,
    /// An opaque reference to the reporter.
    pub reporter_ref: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    id: Option<serde_json::Value>,
    text: Option<serde_json::Value>,
    title: Option<serde_json::Value>,
    channel: Option<serde_json::Value>,
    created_at: Option<serde_json::Value>,
    location: Option<serde_json::Value>,
    visibility: Option<serde_json::Value>,
    reporter_ref: Option<serde_json::Value>,
}

impl Report {
    /// Reads one report from the JSON of an input line or a message body.
    ///
    /// # Errors
    /// The first field that breaks a limit; the error carries no content.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReportError> {
        if bytes.len() > BODY_BYTES_MAX {
            return Err(ReportError::BodyTooLong(bytes.len()));
        }
        let json = std::str::from_utf8(bytes).map_err(|e| ReportError::Utf8(e.valid_up_to()))?;
        // The parser's own message may quote the input, so only its position goes on.
        let wire: Wire = serde_json::from_str(json).map_err(|e| ReportError::Json(describe(&e)))?;
        let text = required(wire.text, "text")?;
        Ok(Self {
            id: ReportId::parse(&required(wire.id, "id")?)?,
            text: ReportText::parse(&text)?,
            title: optional(wire.title, "title")?
                .filter(|t| !t.trim().is_empty())
                .map(|t| ReportText::parse(&t))
                .transpose()?,
            channel: optional(wire.channel, "channel")?,
            created_at: optional(wire.created_at, "created_at")?,
            location: location(wire.location)?,
            visibility: optional(wire.visibility, "visibility")?
                .map_or(Ok(Visibility::default()), |v| Visibility::parse(&v))?,
            reporter_ref: optional(wire.reporter_ref, "reporter_ref")?,
        })
    }

    /// The id of an input that may be no report, for the error on its line.
    #[must_use]
    pub fn id_of(bytes: &[u8]) -> Option<String> {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        value.get("id")?.as_str().filter(|id| id.len() <= ID_BYTES_MAX).map(str::to_owned)
    }

    /// Hash of title and text, the key of every verdict.
    #[must_use]
    pub fn text_hash(&self) -> TextHash {
        let mut hasher = Sha256::new();
        if let Some(title) = &self.title {
            hasher.update(title.as_str());
        }
        hasher.update([0]);
        hasher.update(self.text.as_str());
        TextHash(hex(&hasher.finalize()))
    }
}

/// Lower-case hexadecimal digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string cannot fail");
        out
    })
}

fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "not a json object with the fields of a report",
        serde_json::error::Category::Eof => "json ends too early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "not json",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

fn required(value: Option<serde_json::Value>, field: &'static str) -> Result<String, ReportError> {
    match value {
        None | Some(serde_json::Value::Null) => Err(ReportError::Missing(field)),
        Some(serde_json::Value::String(s)) => Ok(s),
        Some(_) => Err(ReportError::Type { field, expected: "a string" }),
    }
}

fn optional(value: Option<serde_json::Value>, field: &'static str) -> Result<Option<String>, ReportError> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(None) };
    let serde_json::Value::String(s) = value else {
        return Err(ReportError::Type { field, expected: "a string" });
    };
    let actual = s.chars().count();
    if actual > FIELD_CHARS_MAX {
        return Err(ReportError::TooLong { field, actual, limit: FIELD_CHARS_MAX, unit: "characters" });
    }
    Ok(Some(s))
}

fn location(value: Option<serde_json::Value>) -> Result<Location, ReportError> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(Location::default()) };
    let serde_json::Value::Object(mut fields) = value else {
        return Err(ReportError::Type { field: "location", expected: "an object" });
    };
    let lat = degrees(fields.remove("lat"), "location.lat", 90.0)?;
    let lon = degrees(fields.remove("lon"), "location.lon", 180.0)?;
    let coordinates = match (lat, lon) {
        (Some(lat), Some(lon)) => Some((lat, lon)),
        (None, None) => None,
        (None, Some(_)) => return Err(ReportError::Missing("location.lat")),
        (Some(_), None) => return Err(ReportError::Missing("location.lon")),
    };
    Ok(Location {
        region_code: optional(fields.remove("region_code"), "location.region_code")?,
        name: optional(fields.remove("name"), "location.name")?,
        coordinates,
    })
}

/// Coordinates are kept to a ten-millionth of a degree, a centimetre.
const DEGREE_STEPS: f64 = 1e7;

fn degrees(value: Option<serde_json::Value>, field: &'static str, limit: f64) -> Result<Option<f64>, ReportError> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(None) };
    let degrees = value.as_f64().ok_or(ReportError::Type { field, expected: "a number of degrees" })?;
    if degrees.abs() > limit {
        return Err(ReportError::Value { field, expected: "within the degrees of the earth" });
    }
    // Written and read again, it is the same number.
    Ok(Some((degrees * DEGREE_STEPS).round() / DEGREE_STEPS))
}
