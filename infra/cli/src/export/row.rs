//! One training row: masked text, labels, provenance. Each row has each field, so that Arrow-based
//! readers infer one schema.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use saring_domain::case::{Actor, CaseRecord, Mark};
use saring_domain::feedback::Feedback;
use saring_domain::pii::{self, PiiKind, PiiSpan};
use saring_domain::score::Fine;
use saring_domain::text::normalise;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sha256;

const PSEUDONYM_CHARS: usize = 16;

/// Names reviewers by pseudonyms that only the holder of the key can lead back.
pub(crate) struct Reviewers {
    key: [u8; 32],
}

impl Reviewers {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self { key: Sha256::digest(key).into() }
    }

    fn pseudonym(&self, actor: &Actor) -> String {
        // Of fixed length first, so that no two pairs of key and name join to the same bytes.
        let digest = Sha256::new().chain_update(self.key).chain_update(actor.as_str()).finalize();
        let mut name = saring_domain::report::hex(&Sha256::digest(digest));
        name.truncate(PSEUDONYM_CHARS);
        name
    }

    pub(crate) fn name(&self) -> String {
        let mut name = sha256(&[b"saring reviewers\0".as_slice(), &self.key].concat());
        name.truncate(PSEUDONYM_CHARS);
        name
    }
}

/// How the case came before a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sampling {
    /// `held`: the screening held it. `drawn`: by `saring sample draw`. `unsolicited`: somebody
    /// looked at a published report of their own accord.
    pub(crate) by: String,
    /// The probability with which it came before a person; unknown where nobody drew.
    pub(crate) probability: Option<f64>,
}

impl Sampling {
    pub(crate) fn held() -> Self {
        Self { by: "held".to_owned(), probability: Some(1.0) }
    }

    pub(crate) fn drawn(probability: f64) -> Self {
        Self { by: "drawn".to_owned(), probability: Some(probability) }
    }

    pub(crate) fn unsolicited() -> Self {
        Self { by: "unsolicited".to_owned(), probability: None }
    }
}

/// One training row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The public id of the case.
    pub(crate) id: String,
    /// The text with personal data masked.
    pub(crate) text: String,
    /// The same as the model reads it.
    pub(crate) prepared: String,
    pub(crate) spam: Option<u8>,
    pub(crate) abuse: Option<u8>,
    pub(crate) hoax: Option<u8>,
    /// Fine labels that apply.
    pub(crate) fine: Vec<String>,
    /// Fine labels that do not apply; those in neither list are not labelled.
    pub(crate) fine_absent: Vec<String>,
    pub(crate) category: Option<String>,
    /// Type of the right agency.
    pub(crate) agency: Option<String>,
    pub(crate) agency_name: Option<String>,
    pub(crate) region: Option<String>,
    /// Pseudonym of who said the last word.
    pub(crate) reviewer: String,
    pub(crate) decided_at: String,
    pub(crate) outcome: String,
    pub(crate) double_reviewed: bool,
    pub(crate) sampling: Sampling,
    /// What the screening had decided, by which model and policy.
    pub(crate) screened: String,
    pub(crate) model: String,
    pub(crate) policy: String,
    pub(crate) received_at: String,
    /// The case's version of the decision; a row of a later one replaces this.
    pub(crate) decided_version: u64,
    pub(crate) text_hash: String,
}

impl Row {
    pub(crate) fn of(record: &CaseRecord, feedback: &Feedback, reviewers: &Reviewers, sampling: Sampling) -> Self {
        let flag = |code: &str| feedback.flags.iter().find(|(f, _)| f.code() == code).map(|(_, m)| m.code());
        let fine = |wanted: Mark| {
            let of = feedback.fine.iter().filter(move |(_, mark)| *mark == wanted);
            of.map(|(fine, _)| fine.code().to_owned()).collect()
        };
        let text = record.screened.public_text.clone();
        Self {
            id: record.id.to_string(),
            prepared: prepared(&text),
            text,
            spam: flag("spam"),
            abuse: flag("abuse"),
            hoax: flag("hoax"),
            fine: fine(Mark::Present),
            fine_absent: fine(Mark::Absent),
            category: feedback.category.clone(),
            agency: feedback.agency.as_ref().map(|(agency, _)| agency.code().to_owned()),
            agency_name: feedback.agency.as_ref().map(|(_, name)| name.clone()),
            region: feedback.region.as_ref().map(|r| r.code.clone()),
            reviewer: reviewers.pseudonym(&feedback.by),
            decided_at: feedback.at.to_string(),
            outcome: feedback.outcome.clone(),
            double_reviewed: feedback.is_double_reviewed(),
            sampling,
            screened: record.screened.verdict.decision.code().to_owned(),
            model: record.screened.model.to_string(),
            policy: record.screened.policy.to_string(),
            received_at: record.received_at.to_string(),
            decided_version: record.decided.version,
            text_hash: record.screened.text_hash.as_str().to_owned(),
        }
    }

    /// Whether the row says what the case says now.
    pub(crate) fn is_of(&self, record: &CaseRecord) -> bool {
        self.decided_version == record.decided.version && self.text_hash == record.screened.text_hash.as_str()
    }

    /// Every label that is known, and whether it applies.
    pub(crate) fn known(&self) -> BTreeMap<String, bool> {
        let flags = [("spam", self.spam), ("abuse", self.abuse), ("hoax", self.hoax)];
        let flags = flags.into_iter().filter_map(|(name, mark)| Some((name.to_owned(), mark? == 1)));
        let fine = self.fine.iter().map(|f| (f.clone(), true));
        let absent = self.fine_absent.iter().map(|f| (f.clone(), false));
        let named = [("category", &self.category), ("agency", &self.agency)];
        let named = named.into_iter().filter_map(|(head, code)| Some((format!("{head}.{}", code.as_ref()?), true)));
        flags.chain(fine).chain(absent).chain(named).collect()
    }
}

/// Rows of a file, in order.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).with_context(|| format!("{} line {}: no row", path.display(), at + 1))
        })
        .collect()
}

/// A masked text as the model reads it: where a number or an address of e-mail was, its marker
/// stands, as it would for the original. Plates, house addresses and names, which the model reads
/// in an original, are gone from a masked text; their token stays as a word.
pub(crate) fn prepared(masked: &str) -> String {
    let mut spans = Vec::new();
    for kind in PiiKind::ALL {
        for (at, token) in masked.match_indices(kind.token()) {
            let start = masked[..at].chars().count();
            spans.push(PiiSpan { kind, start, end: start + token.chars().count() });
        }
    }
    let inside = |found: &PiiSpan| spans.iter().any(|s| found.start < s.end && s.start < found.end);
    let missed: Vec<PiiSpan> = pii::find(masked).into_iter().filter(|found| !inside(found)).collect();
    spans.extend(missed);
    spans.sort_by_key(|span| span.start);
    normalise(masked, &spans).text
}

/// Whether a code is one of the fine labels.
pub(crate) fn is_fine(code: &str) -> bool {
    Fine::parse(code).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_text_reads_like_its_original() {
        let texts = [
            "Lampu mati, hubungi saya di 0812-3456-7890 atau budi.santoso@example.com, terima kasih",
            "NIK saya 3374064508900003, mohon dicek di dukcapil",
            "S3BARKAN!!! daftar sl0t g4c0r www.contoh.vip",
        ];
        for text in texts {
            let spans = pii::find(text);
            assert_eq!(prepared(&pii::mask(text, &spans)), normalise(text, &spans).text, "{} spans", spans.len());
        }
    }

    #[test]
    fn what_the_model_would_have_read_stays_a_word() {
        let text = "Mobil plat H 1234 AB parkir di trotoar Jl. Pandanaran No. 12";
        let masked = pii::mask(text, &pii::find(text));
        assert_eq!(prepared(&masked), "mobil plat [plat] parkir di trotoar [alamat]");
    }

    #[test]
    fn pseudonyms_depend_on_the_key() {
        let actor = Actor::parse("moderator:sari").expect("a name");
        let (one, other) = (Reviewers::new(b"a"), Reviewers::new(b"b"));
        assert_eq!(one.pseudonym(&actor), one.pseudonym(&actor));
        assert_ne!(one.pseudonym(&actor), other.pseudonym(&actor));
        assert_ne!(one.name(), other.name());
        assert_eq!(one.pseudonym(&actor).len(), PSEUDONYM_CHARS);
    }
}
