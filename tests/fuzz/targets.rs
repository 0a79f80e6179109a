//! What is run on an input, and what must hold.

mod formats;
mod people;
mod table;

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// Runs one input: what it came to, in short, or what is wrong.
pub(crate) type Run = Box<dyn FnMut(&[u8]) -> Result<u64, String>>;

/// Something that reads what others wrote.
pub(crate) struct Target {
    /// Its name, and that of its corpus.
    pub(crate) name: &'static str,
    /// Its share of the executions: less for what is slow.
    pub(crate) share: u64,
    /// Words of its format.
    pub(crate) words: &'static [&'static str],
    /// Inputs that the code itself writes, beside those of the corpus.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Makes what runs inputs.
    pub(crate) start: fn() -> Run,
}

pub(crate) const TARGETS: [Target; 11] = [
    Target {
        name: "report",
        share: 20,
        words: &formats::REPORT_WORDS,
        seeds: Vec::new,
        start: || Box::new(formats::report),
    },
    Target { name: "text", share: 4, words: &[], seeds: Vec::new, start: people::text },
    Target {
        name: "stream",
        share: 14,
        words: &table::CASE_WORDS,
        seeds: table::events,
        start: || Box::new(table::stream),
    },
    Target {
        name: "claims",
        share: 14,
        words: &formats::CLAIM_WORDS,
        seeds: Vec::new,
        start: || Box::new(formats::claims),
    },
    Target { name: "feed", share: 3, words: &table::FEED_WORDS, seeds: Vec::new, start: table::feed },
    Target { name: "trail", share: 10, words: &[], seeds: Vec::new, start: || Box::new(table::trail) },
    Target {
        name: "policy",
        share: 8,
        words: &formats::POLICY_WORDS,
        seeds: Vec::new,
        start: || Box::new(formats::policy),
    },
    Target {
        name: "names",
        share: 16,
        words: &["moderator:", "spam.", "-", "#", "~"],
        seeds: Vec::new,
        start: || Box::new(formats::names),
    },
    Target { name: "index", share: 6, words: &[], seeds: formats::indexes, start: || Box::new(formats::index) },
    Target {
        name: "decision",
        share: 4,
        words: &table::CASE_WORDS,
        seeds: table::images,
        start: || Box::new(table::decision_of),
    },
    Target { name: "bundle", share: 3, words: &formats::BUNDLE_WORDS, seeds: Vec::new, start: formats::bundle },
];

/// In personal data of the corpus, so that errors that quote can be told.
pub(crate) const CANARY: &str = "RAHASIA7391";

#[expect(clippy::unnecessary_wraps, reason = "it is what a target returns where nothing is wrong")]
pub(crate) fn outcome(parts: impl Hash) -> Result<u64, String> {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    Ok(hasher.finish())
}

/// What an error says, without its numbers.
pub(crate) fn kind(error: &impl Display) -> String {
    error.to_string().chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}

/// An error's words; they must not quote the input.
pub(crate) fn unquoted(error: &impl Display) -> Result<u64, String> {
    let words = error.to_string();
    if words.contains(CANARY) {
        return Err(format!("an error quotes what it read: {words}"));
    }
    outcome(kind(error))
}

pub(crate) fn same<T: PartialEq>(one: &T, other: &T, what: &str) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what} means something else when it is written and read")) }
}
