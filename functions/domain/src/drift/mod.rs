//! Whether what comes still looks like what a bundle was made for: distributions of texts, scores,
//! verdicts and decisions, each against the bundle's reference.

mod centres;
mod counts;
mod reference;
mod summary;

pub use counts::Counts;
pub use reference::{Drift, PSI_MAX, Part, Reference, ReferenceError};
pub use summary::{Day, Group, Summary};

use crate::case::Screened;
use crate::claims::WordCounts;
use crate::score::Scores;
use crate::text::{MARKERS, normalise};

/// Shares of pieces that the vocabulary doesn't know, below which a code ends.
const UNKNOWN_STEPS: [(f32, &str); 3] = [(f32::MIN_POSITIVE, "0"), (0.02, "<2%"), (0.1, "<10%")];

/// What the model saw of a text and no case keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    unknown_share: f32,
    new_words: f64,
    embedding: Vec<f32>,
}

impl Signals {
    /// Of a prepared text and what the model said of it; `words` are those of ordinary reports.
    #[must_use]
    pub fn of(prepared: &str, scores: &Scores, words: &WordCounts) -> Self {
        let (unknown_share, embedding) = (scores.unknown_share, scores.embedding.clone());
        Self { unknown_share, new_words: words.new_share(prepared), embedding }
    }
}

/// What is looked at of one screened report; no text.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    numbers: Vec<(String, f64)>,
    codes: Vec<(String, String)>,
    embedding: Vec<f32>,
    held: bool,
}

impl Observation {
    /// Nothing where the model gave no answer.
    #[must_use]
    pub fn of(screened: &Screened, signals: Option<&Signals>) -> Option<Self> {
        if !screened.is_judged() {
            return None;
        }
        // Markers as the model reads them, of the masked text: what a case keeps shows the same.
        let read = normalise(&screened.public_text, &[]).text;
        let length = screened.public_text.chars().count() as f64;
        let mut numbers = vec![
            ("input.characters".to_owned(), length),
            ("input.words".to_owned(), screened.public_text.split_whitespace().count() as f64),
        ];
        numbers.extend(screened.flags.iter().map(|(f, s)| (format!("score.{}", f.code()), f64::from(s.get()))));
        let verdict = &screened.verdict;
        let category = screened.category.first().map_or("-", |best| best.code.as_str());
        let mut codes = vec![
            ("score.category".to_owned(), category.to_owned()),
            ("score.decision".to_owned(), verdict.decision.code().to_owned()),
            ("score.visibility".to_owned(), verdict.visibility.code().to_owned()),
        ];
        let has = |marker: &str| if read.contains(marker) { "yes" } else { "no" };
        codes.extend(MARKERS.iter().map(|marker| (format!("input.{marker}"), has(marker).to_owned())));
        if let Some(signals) = signals {
            let step = UNKNOWN_STEPS.iter().find(|(below, _)| signals.unknown_share < *below);
            codes.push(("input.unknown_pieces".to_owned(), step.map_or("more", |(_, code)| code).to_owned()));
            numbers.push(("input.new_words".to_owned(), signals.new_words));
        }
        let embedding = signals.map(|signals| signals.embedding.clone()).unwrap_or_default();
        let held = verdict.decision == crate::policy::Decision::Review;
        Some(Self { numbers, codes, embedding, held })
    }

    /// Whether the screening held the report.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held
    }
}

/// What a held report turned out to be, by a decision such as `reject.spam`.
#[must_use]
pub fn label_of(ruling: &str) -> &'static str {
    const KNOWN: [(&str, &str); 5] = [
        ("publish", "publish"),
        ("reject.spam", "spam"),
        ("reject.abuse", "abuse"),
        ("reject.hoax", "hoax"),
        ("confidential", "confidential"),
    ];
    KNOWN.into_iter().find(|(start, _)| ruling.starts_with(start)).map_or("other", |(_, label)| label)
}

#[cfg(test)]
mod tests;
