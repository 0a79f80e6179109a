//! The reasons that moderators choose from: one table, a reviewed data file.

use std::sync::LazyLock;

use saring_domain::case::{LabelCode, Ruling};
use serde::Deserialize;

static TABLE: LazyLock<Vec<Reason>> = LazyLock::new(|| {
    parse(include_str!("../../../../models/moderation.toml")).expect("the built-in reasons are tested")
});

/// Kinds of decisions in the order of the page, with the key that leads to them.
pub(super) const KINDS: [(&str, char, &str, &str); 6] = [
    ("publish", 'p', "Tampilkan", "Publish"),
    ("publish_anonymous", 'a', "Tampilkan anonim", "Publish without the name"),
    ("confidential", 'k', "Rahasiakan", "Keep confidential"),
    ("ask", 'm', "Minta dilengkapi", "Ask for more"),
    ("reject", 't', "Tolak", "Reject"),
    ("return", 'w', "Bukan wewenang", "Another agency's business"),
];

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    pub(super) kind: String,
    pub(super) code: String,
    pub(super) id: String,
    pub(super) en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    reason: Vec<Reason>,
}

/// Why the table can't be used.
#[derive(Debug, thiserror::Error)]
enum TableError {
    #[error("the reasons are not valid toml: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("reason '{kind}.{code}' is not one that a decision can have, or stands there twice")]
    Row { kind: String, code: String },
}

fn parse(toml: &str) -> Result<Vec<Reason>, TableError> {
    let File { reason: rows } = toml::from_str(toml)?;
    for (at, row) in rows.iter().enumerate() {
        let known = match row.kind.as_str() {
            "return" | "escalate" => true,
            kind => Ruling::parse(kind, &row.code).is_some(),
        };
        let twice = rows[..at].iter().any(|other| (&other.kind, &other.code) == (&row.kind, &row.code));
        if !known || twice || LabelCode::parse(&row.code).is_err() {
            return Err(TableError::Row { kind: row.kind.clone(), code: row.code.clone() });
        }
    }
    Ok(rows)
}

/// The reasons of a kind, in the order of the file.
pub(super) fn of(kind: &str) -> impl Iterator<Item = &'static Reason> {
    TABLE.iter().filter(move |reason| reason.kind == kind)
}

/// A reason by kind and code.
pub(super) fn find(kind: &str, code: &str) -> Option<&'static Reason> {
    of(kind).find(|reason| reason.code == code)
}

/// A decision by its code (`reject.spam`, `publish`) in words; a code that no table knows stays what it is.
pub(super) fn ruling(code: &str) -> String {
    let (kind, reason) = code.split_once('.').unwrap_or((code, ""));
    let Some((.., id, _)) = KINDS.iter().find(|(known, ..)| *known == kind) else { return code.to_owned() };
    let why = find(kind, reason).map_or(reason, |reason| &reason.id);
    if why.is_empty() { (*id).to_owned() } else { format!("{id}: {why}") }
}

#[cfg(test)]
mod tests {
    use saring_domain::case::{AskReason, RejectReason};

    use super::*;

    #[test]
    fn every_reason_that_reporters_read_is_offered() {
        for reason in RejectReason::ALL {
            assert!(find("reject", reason.code()).is_some(), "{}", reason.code());
        }
        for reason in AskReason::ALL {
            assert!(find("ask", reason.code()).is_some(), "{}", reason.code());
        }
        for (kind, ..) in KINDS {
            assert!(of(kind).next().is_some(), "{kind}");
        }
    }

    #[test]
    fn a_decision_has_words() {
        assert_eq!(ruling("publish_anonymous"), "Tampilkan anonim");
        assert_eq!(ruling("reject.spam"), "Tolak: promosi atau penipuan");
        assert_eq!(ruling("return.dinas_perhubungan"), "Bukan wewenang: dinas_perhubungan");
        assert_eq!(ruling("erased"), "erased");
    }

    #[test]
    fn a_row_that_fits_no_decision_is_refused() {
        let row = |kind: &str, code: &str| {
            format!("[[reason]]\nkind = \"{kind}\"\ncode = \"{code}\"\nid = \"a\"\nen = \"b\"\n")
        };
        assert!(parse(&row("reject", "spam")).is_ok());
        let twice = format!("{0}{0}", row("reject", "spam"));
        for wrong in [row("reject", "dull"), row("shred", "spam"), row("publish", "A b"), twice, "x = 1".to_owned()] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
