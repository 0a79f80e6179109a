//! One ASCII byte for each character of a text.
//!
//! Patterns then run on bytes, and a byte offset is a character offset: no way back is
//! needed, and full-width or mathematical digits read as digits.

use unicode_normalization::UnicodeNormalization;

/// Stands for an invisible character, which may stand anywhere in a number.
pub(super) const INVISIBLE: u8 = 0x02;
/// Stands for any character without an ASCII reading.
const FOREIGN: u8 = 0x01;

/// The same text in its own case and in lower case, one byte for each character.
pub(super) struct Shadow {
    pub(super) cased: String,
    pub(super) lower: String,
}

impl Shadow {
    pub(super) fn of(text: &str) -> Self {
        let cased: String = text.chars().map(|c| char::from(ascii(c))).collect();
        let lower = cased.to_ascii_lowercase();
        Self { cased, lower }
    }
}

fn ascii(c: char) -> u8 {
    match c {
        '\0'..='\x7f' => c as u8,
        '\u{200B}'..='\u{200F}'
        | '\u{2060}'..='\u{2064}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{00AD}'
        | '\u{FEFF}'
        | '\u{20E3}' => INVISIBLE,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => b'-',
        '\u{2018}' | '\u{2019}' | '\u{02BC}' => b'\'',
        '\u{201C}' | '\u{201D}' => b'"',
        _ if c.is_whitespace() => b' ',
        _ if !c.is_alphanumeric() => FOREIGN,
        _ => std::iter::once(c).nfkd().next().filter(char::is_ascii).map_or(FOREIGN, |d| d as u8),
    }
}
