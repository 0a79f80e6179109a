//! Claims from JSON Lines, schema.org documents and pages that hold them.

use super::review::{claims_in_page, claims_in_value};
use super::{Claim, ClaimError, ClaimFields};

/// Most claims of one file.
pub const CLAIMS_MAX: usize = 1_000_000;
/// Longest line of a claims file, in bytes.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What was wrong with one row of a claims file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, or in a document that is no JSON Lines the place of the review, from 1.
    pub row: usize,
    /// What is wrong; never the row's content.
    pub error: ClaimError,
    /// Whether the claim went in all the same.
    pub kept: bool,
}

/// The claims of a file and what was wrong with the other rows.
#[derive(Debug, Default)]
pub struct ReadClaims {
    /// Claims in the order of the file, each id once.
    pub claims: Vec<Claim>,
    /// Rows that are no claim, or lost a field.
    pub findings: Vec<Finding>,
}

impl ReadClaims {
    fn take(&mut self, row: usize, fields: Result<ClaimFields, ClaimError>, seen: &mut Seen) {
        let finding = match fields.and_then(Claim::parse) {
            Ok((claim, notice)) => {
                if self.claims.len() >= CLAIMS_MAX {
                    let error = ClaimError::Value { field: "file", expected: "of at most 1,000,000 claims" };
                    Some((error, false))
                } else if seen.insert(claim.id().to_owned()) {
                    self.claims.push(claim);
                    notice.map(|error| (error, true))
                } else {
                    Some((ClaimError::Value { field: "id", expected: "new in its file" }, false))
                }
            }
            Err(error) => Some((error, false)),
        };
        self.findings.extend(finding.map(|(error, kept)| Finding { row, error, kept }));
    }
}

type Seen = std::collections::HashSet<String>;

/// Reads a claims file: JSON Lines of claims or of schema.org `ClaimReview`, one JSON-LD
/// document (object, list, `@graph`, data feed), or a page with JSON-LD in it. A bad row is
/// reported and the others go in.
#[must_use]
pub fn read_claims(bytes: &[u8]) -> ReadClaims {
    let mut out = ReadClaims::default();
    let mut seen = Seen::new();
    let start = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if start == Some(&b'<') {
        let page = String::from_utf8_lossy(bytes);
        take_all(&mut out, claims_in_page(&page), &mut seen);
    } else if let Some(document) = document(bytes) {
        take_all(&mut out, claims_in_value(&document), &mut seen);
    } else {
        for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
            if !line.iter().all(u8::is_ascii_whitespace) {
                read_line(&mut out, at + 1, line, &mut seen);
            }
        }
    }
    out
}

fn take_all(out: &mut ReadClaims, found: Vec<Result<ClaimFields, ClaimError>>, seen: &mut Seen) {
    for (at, fields) in found.into_iter().enumerate() {
        out.take(at + 1, fields, seen);
    }
}

/// The whole input as one document, unless it is lines.
fn document(bytes: &[u8]) -> Option<serde_json::Value> {
    let first = bytes.split(|b| *b == b'\n').find(|l| !l.iter().all(u8::is_ascii_whitespace))?;
    // A first line that stands alone is a row; documents of one line are read by row as well.
    if serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok() {
        return None;
    }
    serde_json::from_slice(bytes).ok()
}

fn read_line(out: &mut ReadClaims, row: usize, line: &[u8], seen: &mut Seen) {
    let value: serde_json::Value = match serde_json::from_slice(line) {
        Ok(value) if line.len() <= LINE_BYTES_MAX || !plain(&value) => value,
        Ok(_) => {
            let error = ClaimError::TooLong { field: "line", actual: line.len(), limit: LINE_BYTES_MAX, unit: "bytes" };
            return out.take(row, Err(error), seen);
        }
        Err(error) => {
            let error = ClaimError::Json(format!("not json, at column {}", error.column()));
            return out.take(row, Err(error), seen);
        }
    };
    if plain(&value) {
        let fields = serde_json::from_value(value)
            .map_err(|_| ClaimError::Json("not a json object whose fields are strings".to_owned()));
        return out.take(row, fields, seen);
    }
    let found = claims_in_value(&value);
    if found.is_empty() {
        let error = ClaimError::Json("no claim and no claim review in it".to_owned());
        out.take(row, Err(error), seen);
    }
    for fields in found {
        out.take(row, fields, seen);
    }
}

/// A row of this project's own form, as against schema.org's.
fn plain(value: &serde_json::Value) -> bool {
    value.as_object().is_some_and(|o| !o.contains_key("@type") && !o.contains_key("@graph"))
}
