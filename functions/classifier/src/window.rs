//! A text's tokens, cut into windows that the model can read.

use saring_domain::text::Normalised;

use crate::error::ClassifierError;
use crate::session::Tokenizer;

const BEGIN: i64 = 0;
const END: i64 = 2;
const UNKNOWN: u32 = 3;
/// Tokens that neighbouring windows share, so that no sentence is cut for both.
const OVERLAP_TOKENS: usize = 24;
/// Most windows read of one text; a longer text is marked as truncated and goes to review.
const WINDOWS_MAX: usize = 64;

/// One token: its id and where it stands in the original text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) id: u32,
    /// Half-open range in the original, in Unicode scalar values.
    pub(crate) origin: (u32, u32),
    /// Half-open range in the normalised text, in Unicode scalar values.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether it begins a word.
    pub(crate) opens_word: bool,
}

/// All tokens of a text and the windows over them.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) all: Vec<Token>,
    pub(crate) windows: Vec<(usize, usize)>,
    pub(crate) truncated: bool,
}

impl Tokens {
    /// Tokenizes; `tokens_max` counts the begin and end marks.
    pub(crate) fn of(text: &Normalised, tokenizer: &Tokenizer, tokens_max: usize) -> Result<Self, ClassifierError> {
        let encoding = tokenizer.encode_char_offsets(text.text.as_str(), false).map_err(ClassifierError::Tokenizer)?;
        let all: Vec<Token> = encoding
            .get_ids()
            .iter()
            .zip(encoding.get_offsets())
            .zip(encoding.get_tokens())
            .map(|((id, (from, to)), piece)| Token {
                id: *id,
                origin: origin_of(text, *from, *to),
                start: *from,
                end: *to,
                opens_word: piece.starts_with(['▁', '[', ' ']),
            })
            .collect();
        let (windows, truncated) = windows(all.len(), tokens_max - 2);
        Ok(Self { all, windows, truncated })
    }

    /// Ids of a window with its begin and end marks.
    pub(crate) fn ids(&self, window: (usize, usize)) -> Vec<i64> {
        let content = self.all[window.0..window.1].iter().map(|t| i64::from(t.id));
        std::iter::once(BEGIN).chain(content).chain([END]).collect()
    }

    /// Where a window stands in the normalised text, in Unicode scalar values.
    pub(crate) fn place(&self, window: (usize, usize)) -> (usize, usize) {
        let tokens = &self.all[window.0..window.1];
        (tokens.first().map_or(0, |t| t.start), tokens.last().map_or(0, |t| t.end))
    }

    /// Share of tokens that the vocabulary doesn't know.
    pub(crate) fn unknown_share(&self) -> f32 {
        if self.all.is_empty() {
            return 0.0;
        }
        self.all.iter().filter(|t| t.id == UNKNOWN).count() as f32 / self.all.len() as f32
    }
}

fn origin_of(text: &Normalised, from: usize, to: usize) -> (u32, u32) {
    let start = text.origins.get(from).map_or(0, |o| o.0);
    let end = to.checked_sub(1).and_then(|last| text.origins.get(last)).map_or(start, |o| o.1);
    (start, end.max(start))
}

fn windows(tokens: usize, content: usize) -> (Vec<(usize, usize)>, bool) {
    if tokens <= content {
        return (vec![(0, tokens)], false);
    }
    let step = content - OVERLAP_TOKENS.min(content / 2);
    let mut found = Vec::new();
    let mut start = 0;
    loop {
        let end = (start + content).min(tokens);
        found.push((start, end));
        if end == tokens {
            return (found, false);
        }
        if found.len() == WINDOWS_MAX {
            return (found, true);
        }
        start += step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_every_token_or_say_that_they_do_not() {
        for (tokens, content) in [(0, 126), (1, 126), (126, 126), (127, 126), (500, 126), (9000, 126), (100, 14)] {
            let (found, truncated) = windows(tokens, content);
            assert_eq!(found[0].0, 0);
            assert!(found.windows(2).all(|w| w[1].0 < w[0].1 && w[0].0 < w[1].0), "{tokens} {content}");
            assert!(found.iter().all(|w| w.1 - w.0 <= content));
            assert_eq!(truncated, found.last().is_some_and(|w| w.1 != tokens));
        }
    }
}
