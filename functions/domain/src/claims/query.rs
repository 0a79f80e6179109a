//! A report as matching asks for it: its words, its passages, its embeddings.

use std::collections::HashMap;

use super::index::ClaimIndex;
use super::terms::{Term, terms};
use crate::text::Normalised;

/// Longest passage, in words: about as much as the title of a check.
const PASSAGE_WORDS_MAX: usize = 30;
/// A sentence longer than this is cut.
const SEGMENT_WORDS_MAX: usize = 20;
/// A passage of fewer words says nothing.
const PASSAGE_WORDS_MIN: usize = 4;
/// Most passages of a report; the rest of a longer one counts in its whole only.
const PASSAGES_MAX: usize = 512;

/// A report, before it meets an index.
#[derive(Debug)]
pub struct Query<'a> {
    text: &'a Normalised,
    terms: Vec<Term>,
    /// Half-open ranges of `terms`.
    passages: Vec<(usize, usize)>,
    embeddings: Vec<&'a [f32]>,
}

/// A distinct word of a report, as the index knows it.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) id: u32,
    pub(crate) idf: f32,
    /// Its weight in the whole report.
    pub(crate) whole: f32,
    pub(crate) passages: Vec<u32>,
}

/// A report's words with the weights of one index.
#[derive(Debug)]
pub(crate) struct Weighted {
    /// Words that the index knows.
    pub(crate) words: Vec<Word>,
    /// Length of the whole report as a vector; never 0.
    pub(crate) norm: f32,
    /// Length of each passage; never 0.
    pub(crate) passage_norms: Vec<f32>,
}

impl<'a> Query<'a> {
    /// `embeddings` are unit vectors of the text, the whole one first, then its windows.
    #[must_use]
    pub fn new(text: &'a Normalised, embeddings: Vec<&'a [f32]>) -> Self {
        let terms = terms(&text.text);
        let passages = passages(&terms);
        Self { text, terms, passages, embeddings }
    }

    pub(crate) fn embeddings(&self) -> &[&'a [f32]] {
        &self.embeddings
    }

    /// The passage's half-open range in the original text, in Unicode scalar values.
    #[must_use]
    pub fn span(&self, passage: usize) -> Option<(usize, usize)> {
        let (from, to) = *self.passages.get(passage)?;
        let (first, last) = (self.terms.get(from)?, self.terms.get(to.checked_sub(1)?)?);
        let start = self.text.origins.get(first.from)?.0;
        let end = self.text.origins.get(last.to.checked_sub(1)?)?.1;
        Some((start as usize, end.max(start) as usize))
    }

    pub(crate) fn weigh(&self, index: &ClaimIndex) -> Weighted {
        struct Seen {
            id: Option<u32>,
            idf: f32,
            count: u32,
            passages: Vec<u32>,
        }
        let mut order: Vec<u64> = Vec::new();
        let mut seen: HashMap<u64, Seen> = HashMap::with_capacity(self.terms.len());
        for term in &self.terms {
            let entry = seen.entry(term.key).or_insert_with(|| {
                order.push(term.key);
                let id = index.word(term.key);
                Seen { id, idf: index.idf(id), count: 0, passages: Vec::new() }
            });
            entry.count += 1;
        }
        let mut passage_norms = Vec::with_capacity(self.passages.len());
        for (number, (from, to)) in self.passages.iter().enumerate() {
            let mut squares = 0.0;
            for term in &self.terms[*from..*to] {
                let Some(entry) = seen.get_mut(&term.key) else { continue };
                if entry.passages.last() != Some(&(number as u32)) {
                    entry.passages.push(number as u32);
                    squares += entry.idf * entry.idf;
                }
            }
            passage_norms.push(squares.sqrt().max(f32::MIN_POSITIVE));
        }
        let mut squares = 0.0;
        let mut words = Vec::new();
        for key in order {
            let Some(entry) = seen.remove(&key) else { continue };
            let whole = (1.0 + (entry.count as f32).ln()) * entry.idf;
            squares += whole * whole;
            if let Some(id) = entry.id {
                words.push(Word { id, idf: entry.idf, whole, passages: entry.passages });
            }
        }
        Weighted { words, norm: squares.sqrt().max(f32::MIN_POSITIVE), passage_norms }
    }
}

/// Runs of sentences of at most [`PASSAGE_WORDS_MAX`] words, one beginning at each sentence.
fn passages(terms: &[Term]) -> Vec<(usize, usize)> {
    let mut starts = Vec::new();
    let mut last = 0;
    for (at, term) in terms.iter().enumerate() {
        if at == 0 || term.opens || at - last >= SEGMENT_WORDS_MAX {
            starts.push(at);
            last = at;
        }
    }
    let mut found = Vec::new();
    for (number, &from) in starts.iter().enumerate() {
        let ends = starts[number + 1..].iter().copied().chain([terms.len()]);
        let to = ends.take_while(|to| to - from <= PASSAGE_WORDS_MAX).last();
        if let Some(to) = to
            && to - from >= PASSAGE_WORDS_MIN.min(terms.len())
        {
            found.push((from, to));
        }
    }
    found.truncate(PASSAGES_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_runs_of_sentences() {
        let text = "satu dua tiga empat. lima enam tujuh delapan sembilan. sepuluh";
        assert_eq!(passages(&terms(text)), [(0, 10), (4, 10)]);
        assert_eq!(passages(&terms("")), []);
        assert_eq!(passages(&terms("satu")), [(0, 1)]);
        let long = "kata ".repeat(3000);
        let found = passages(&terms(&long));
        assert!(found.iter().all(|(from, to)| to - from <= PASSAGE_WORDS_MAX) && found.len() == 150);
    }
}
