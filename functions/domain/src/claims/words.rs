//! How often words occur in ordinary reports: a small index of claims alone can't know that
//! 'jalan' says little.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::terms::terms;

/// Why a file of word counts can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A line is not two columns, hash and count.
    #[error("word counts line {0} must be a hash of 16 digits, a tab and a count")]
    Line(usize),
    /// The first line doesn't give the number of texts.
    #[error("word counts must begin with 'texts', a tab and their number")]
    Texts,
}

/// In how many texts each word occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordCounts {
    texts: u32,
    counts: BTreeMap<u64, u32>,
}

impl WordCounts {
    /// Reads the form that [`WordCounts::write`] gives.
    ///
    /// # Errors
    /// A line of another form.
    pub fn parse(text: &str) -> Result<Self, WordsError> {
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.starts_with('#'));
        let texts = lines.next().and_then(|(_, l)| l.strip_prefix("texts\t")?.parse().ok()).ok_or(WordsError::Texts)?;
        let counts = lines
            .map(|(at, line)| {
                let pair = line
                    .split_once('\t')
                    .and_then(|(key, count)| Some((u64::from_str_radix(key, 16).ok()?, count.parse().ok()?)));
                pair.ok_or(WordsError::Line(at + 1))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { texts, counts })
    }

    /// Counts each distinct word of a prepared text once.
    pub fn add(&mut self, prepared: &str) {
        let mut keys: Vec<u64> = terms(prepared).iter().map(|t| t.key).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            *self.counts.entry(key).or_default() += 1;
        }
        self.texts += 1;
    }

    /// The counts as text; words stand in as hashes. Words of fewer than `count_min` texts are
    /// left out.
    #[must_use]
    pub fn write(&self, count_min: u32) -> String {
        let mut out = format!("texts\t{}\n", self.texts);
        for (key, count) in self.counts.iter().filter(|(_, c)| **c >= count_min) {
            writeln!(out, "{key:016x}\t{count}").expect("writing to a string cannot fail");
        }
        out
    }

    /// Share of a prepared text's words that occur in no ordinary report, `0..=1`.
    #[must_use]
    pub fn new_share(&self, prepared: &str) -> f64 {
        let terms = terms(prepared);
        let new = terms.iter().filter(|term| !self.counts.contains_key(&term.key)).count();
        new as f64 / terms.len().max(1) as f64
    }

    pub(crate) fn texts(&self) -> u32 {
        self.texts
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.counts.iter().map(|(key, count)| (*key, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_writing_and_bad_lines_are_named() {
        let mut counts = WordCounts::default();
        counts.add("jalan rusak jalan");
        counts.add("jalan licin");
        let read = WordCounts::parse(&counts.write(1)).expect("its own form");
        assert_eq!(read, counts);
        assert_eq!(WordCounts::parse(&counts.write(2)).expect("its own form").iter().count(), 1);
        assert_eq!(WordCounts::parse("texts\t2\nzz\t1\n"), Err(WordsError::Line(2)));
        assert!((read.new_share("jalan berlubang") - 0.5).abs() < 1e-9 && read.new_share("") == 0.0);
        assert_eq!(WordCounts::parse("").err(), Some(WordsError::Texts));
    }
}
