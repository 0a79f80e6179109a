//! A text as words with their shapes and with what stands between them.

use super::lexicon::{Class, LEXICON};
use super::shadow::Shadow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Lower,
    /// First letter large, the rest small.
    Title,
    /// Two or more letters, all large.
    Upper,
    /// One large letter.
    Initial,
    Number,
}

/// What stands before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    Start,
    Space,
    /// A full stop, with or without a space.
    Dot,
    Comma,
    Colon,
    /// A bracket, a quotation mark, a slash.
    Sign,
    /// A dash or a new line: what follows stands alone.
    Line,
    Break,
}

pub(super) struct Token<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    /// In lower case.
    pub(super) word: &'a str,
    pub(super) shape: Shape,
    pub(super) before: Gap,
    pub(super) class: Class,
}

pub(super) fn split(shadow: &Shadow) -> Vec<Token<'_>> {
    let bytes = shadow.cased.as_bytes();
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let end = word_end(bytes, at);
        let word = &shadow.lower[at..end];
        tokens.push(Token {
            start: at,
            end,
            word,
            shape: shape(&bytes[at..end]),
            before: gap(bytes, tokens.last().map(|t| t.end), at),
            class: LEXICON.class(word),
        });
        at = end;
    }
    tokens
}

/// Letters and digits, apostrophes and hyphens inside, and abbreviations such as `a.n`.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let letter = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_alphabetic);
    let part = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let mut end = part(start);
    loop {
        let joined = match bytes.get(end) {
            Some(b'\'') => letter(end - 1),
            Some(b'-') => letter(end - 1) && letter(end + 1),
            Some(b'.' | b'/') => {
                const TAIL_MAX: usize = 3;
                let tail = part(end + 1) - end - 1;
                end - start == 1 && letter(start) && letter(end + 1) && tail <= TAIL_MAX
            }
            _ => false,
        };
        if !joined {
            return end;
        }
        end = part(end + 1);
    }
}

fn shape(word: &[u8]) -> Shape {
    let upper = word.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = word.iter().filter(|b| b.is_ascii_lowercase()).count();
    match (word[0].is_ascii_digit(), word[0].is_ascii_uppercase(), upper, lower) {
        (true, ..) => Shape::Number,
        (_, true, 1, 0) => Shape::Initial,
        (_, true, _, 0) => Shape::Upper,
        (_, true, ..) => Shape::Title,
        _ => Shape::Lower,
    }
}

fn gap(bytes: &[u8], before: Option<usize>, start: usize) -> Gap {
    let Some(before) = before else {
        return Gap::Start;
    };
    let mut gap = Gap::Space;
    let mut spaced = false;
    for &b in &bytes[before..start] {
        let next = match b {
            b' ' => {
                spaced = true;
                continue;
            }
            b'.' if gap == Gap::Space && !spaced => Gap::Dot,
            b',' => Gap::Comma,
            b':' | b'=' => Gap::Colon,
            b'-' if spaced => Gap::Line,
            b'(' | b'"' | b'\'' | b'/' | b'&' | b'*' | b'-' => Gap::Sign,
            b'\n' | b'\r' => Gap::Line,
            _ => Gap::Break,
        };
        gap = match (gap, next) {
            (Gap::Line, _) | (_, Gap::Line) => Gap::Line,
            (Gap::Break, _) => Gap::Break,
            (Gap::Dot, Gap::Comma) => Gap::Comma,
            (Gap::Comma | Gap::Colon, Gap::Sign) => gap,
            _ => next,
        };
    }
    gap
}
