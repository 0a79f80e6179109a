//! What a gate found, and `gate.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// Slice of a check on all held-out rows.
pub(crate) const WHOLE: &str = "all";
const DIGITS: f64 = 1e6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Passed,
    Refused,
}

impl Outcome {
    pub(super) fn of(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Refused }
    }
}

/// One check: what was measured of both bundles, and the bound that it must keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Check {
    /// The head or figure.
    pub(crate) name: String,
    /// `all`, or the slice.
    pub(crate) slice: String,
    pub(crate) rows: usize,
    pub(crate) current: Option<f64>,
    pub(crate) new: Option<f64>,
    /// Both ends of the interval of new less current.
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    /// What `low` (on all rows), `high` (in a slice) or `new` may not pass.
    pub(crate) bound: Option<f64>,
    pub(crate) outcome: Outcome,
    /// In words, where figures don't say it all.
    pub(crate) note: Option<String>,
}

impl Check {
    /// A check without an interval.
    pub(super) fn plain(name: &str, rows: usize, values: [Option<f64>; 3], passed: bool, note: Option<String>) -> Self {
        let [current, new, bound] = values.map(|v| v.map(rounded));
        let (name, slice) = (name.to_owned(), WHOLE.to_owned());
        Self { name, slice, rows, current, new, low: None, high: None, bound, outcome: Outcome::of(passed), note }
    }

    pub(super) fn is_refused(&self) -> bool {
        self.outcome == Outcome::Refused
    }
}

/// So many decimals as a difference of shares can have on some thousand rows.
pub(super) fn rounded(value: f64) -> f64 {
    (value * DIGITS).round() / DIGITS
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) bundle: String,
    pub(crate) model_toml_sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rows {
    pub(crate) rows: usize,
    pub(crate) sha256: String,
}

/// The verdict about a bundle; `saring_screen::check_gate` reads the first and the third field.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "`verdict` is the key of the file")]
pub(crate) struct Verdict {
    pub(crate) verdict: Outcome,
    pub(crate) bundle: String,
    pub(crate) model_toml_sha256: String,
    pub(crate) against: Named,
    pub(crate) policy: String,
    pub(crate) settings_sha256: String,
    pub(crate) seed: u64,
    /// Held-out rows by the name of their file.
    pub(crate) rows: BTreeMap<String, Rows>,
    /// Slices with too few rows to be judged.
    pub(crate) too_small: Vec<String>,
    pub(crate) checks: Vec<Check>,
}

impl Verdict {
    pub(super) fn refused(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.is_refused())
    }

    /// One check a line, so that a difference of two verdicts can be read.
    pub(super) fn json(&self) -> Result<String> {
        let mut out = String::from("{\n");
        let serde_json::Value::Object(fields) = serde_json::to_value(self)? else {
            unreachable!("a struct is an object")
        };
        for (name, value) in fields.iter().filter(|(name, _)| *name != "checks") {
            writeln!(out, " {}: {value},", serde_json::Value::from(name.as_str()))?;
        }
        let checks = self.checks.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        write!(out, " \"checks\": [\n  {}\n ]\n}}\n", checks.join(",\n  "))?;
        Ok(out)
    }
}
