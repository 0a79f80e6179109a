//! Summands of a flag's logit, gathered to words: what a moderator sees highlighted.

use saring_domain::score::{Flag, Highlight};

use crate::window::Token;

/// Most highlighted words per flag.
const WORDS_MAX: usize = 8;
/// A word is shown if it carries at least this share of the positive evidence.
const SHARE_MIN: f32 = 0.04;

/// The strongest words for `flag`. `summands` holds one value per token.
pub(crate) fn highlights(flag: Flag, tokens: &[Token], summands: &[f32]) -> Vec<Highlight> {
    let mut words: Vec<Highlight> = Vec::new();
    for (token, weight) in tokens.iter().zip(summands) {
        let (start, end) = (token.origin.0 as usize, token.origin.1 as usize);
        match words.last_mut() {
            Some(word) if !token.opens_word && start <= word.end => {
                word.end = word.end.max(end);
                word.weight += weight;
            }
            // A marker and the word that it marks share their place.
            Some(word) if start < word.end && start >= word.start => {
                word.end = word.end.max(end);
                word.weight += weight;
            }
            _ => words.push(Highlight { flag, start, end, weight: *weight }),
        }
    }
    let positive: f32 = words.iter().map(|w| w.weight.max(0.0)).sum();
    words.retain(|w| w.end > w.start && w.weight > 0.0 && w.weight >= positive * SHARE_MIN);
    words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    words.truncate(WORDS_MAX);
    words.sort_by_key(|w| w.start);
    words
}
