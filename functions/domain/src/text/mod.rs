//! Normalisation for the model: one reading of a text for training and serving.
//!
//! Obfuscation is the strongest sign of an advert, so folding it away would throw the
//! signal out. Each folded word is therefore preceded by a marker such as `[FANCY]`, which
//! the tokenizer knows as one piece. Links, phones and numbers of identity become markers
//! too, so that no model ever learns a person's number.

mod confusable;
mod word;

use std::sync::LazyLock;

use regex::Regex;

use crate::pii::{PiiKind, PiiSpan};
use confusable::Script;
use word::Word;

/// Every marker that [`normalise`] can emit; the tokenizer holds each as one piece.
pub const MARKERS: [&str; 16] = [
    "[FANCY]",
    "[HIDDEN]",
    "[LEET]",
    "[REP]",
    "[SPACED]",
    "[CAPS]",
    "[LINK]",
    "[LINKGOV]",
    "[USER]",
    "[NIK]",
    "[KK]",
    "[TELP]",
    "[EMAIL]",
    "[REKENING]",
    "[BPJS]",
    "[NUM]",
];

/// How often each kind of obfuscation or contact occurs in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals {
    /// Words with letters that stand in for Latin ones (mathematical, full-width, Cyrillic).
    pub fancy: usize,
    /// Words with invisible or direction-changing characters inside.
    pub hidden: usize,
    /// Words with digits or signs in place of letters.
    pub leet: usize,
    /// Words with a letter repeated three times or more.
    pub repeated: usize,
    /// Words written letter by letter.
    pub spaced: usize,
    /// Links outside government and school domains.
    pub links: usize,
    /// Phone numbers.
    pub phones: usize,
    /// 1 if most letters are capitals.
    pub caps: usize,
}

/// A text as the model reads it, with the way back to the original.
#[derive(Debug, Clone, Default)]
pub struct Normalised {
    /// The text for the tokenizer.
    pub text: String,
    /// For each character of `text`, its half-open range in the original, in Unicode scalar
    /// values; markers and separators carry the range of what they stand for.
    pub origins: Vec<(u32, u32)>,
    /// Counts of obfuscation and contacts.
    pub signals: Signals,
    /// Letters or digits in `text` outside markers; 0 means that there is nothing to read, which
    /// a text mostly in another script than Latin is to the model.
    pub letters: usize,
}

static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:https?://|www\.)[^\s]+|\b(?:[a-z0-9][a-z0-9-]*\.)+(?:com|net|org|id|co|info|xyz|vip|site|online|club|top|me|ly|link|io|live|bet|win|app|shop|store|cc|gg|biz|asia|pro|fun|click|icu|cfd)\b(?:/[^\s]*)?",
    )
    .expect("the link pattern is valid")
});
static LINK_GOVERNMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:https?://)?(?:[a-z0-9-]+\.)*(?:go|ac|sch|desa|mil)\.id(?:[/:?\s]|$)")
        .expect("the pattern is valid")
});
static LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[(?:NIK|TELP|EMAIL)\]|\bUSER\b|\bURL\b|@[A-Za-z0-9_.]{2,30}").expect("the pattern is valid")
});

/// A stretch of the original that becomes one marker.
struct Marked {
    start: usize,
    end: usize,
    marker: &'static str,
}

/// Folds `text` for the tokenizer. `pii` are its spans by [`crate::pii::find`]; names,
/// addresses and plates stay readable here, because the model needs the sentence.
#[must_use]
pub fn normalise(text: &str, pii: &[PiiSpan]) -> Normalised {
    let chars: Vec<char> = text.chars().collect();
    let marked = marked_stretches(text, pii);
    let mut out = Normalised::default();
    if mostly_capitals(&chars) {
        out.signals.caps = 1;
        push_marker(&mut out, "[CAPS]", (0, 0));
    }
    let script = Script::of(&chars);
    let mut at = 0;
    for stretch in &marked {
        push_words(&mut out, &chars[at..stretch.start], at, script);
        push_marker(&mut out, stretch.marker, (stretch.start, stretch.end));
        out.signals.links += usize::from(stretch.marker == "[LINK]");
        out.signals.phones += usize::from(stretch.marker == "[TELP]");
        at = stretch.end;
    }
    push_words(&mut out, &chars[at..], at, script);
    let foreign = out.text.chars().filter(|c| c.is_alphabetic() && !is_latin(*c)).count();
    if foreign * 2 > out.letters {
        out.letters = 0;
    }
    out
}

/// Latin letters, accented ones included.
fn is_latin(c: char) -> bool {
    c.is_ascii() || matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

fn marked_stretches(text: &str, pii: &[PiiSpan]) -> Vec<Marked> {
    let mut all: Vec<Marked> = pii
        .iter()
        .filter_map(|span| {
            let marker = match span.kind {
                PiiKind::Nik => "[NIK]",
                PiiKind::Kk => "[KK]",
                PiiKind::Phone => "[TELP]",
                PiiKind::Email => "[EMAIL]",
                PiiKind::BankAccount => "[REKENING]",
                PiiKind::Bpjs => "[BPJS]",
                PiiKind::Plate | PiiKind::Address | PiiKind::Name => return None,
            };
            Some(Marked { start: span.start, end: span.end, marker })
        })
        .collect();
    let mut scalar_at = ScalarIndex::new(text);
    for found in LINK.find_iter(text) {
        let marker = if LINK_GOVERNMENT.is_match(found.as_str()) { "[LINKGOV]" } else { "[LINK]" };
        all.push(Marked { start: scalar_at.of(found.start()), end: scalar_at.of(found.end()), marker });
    }
    let mut scalar_at = ScalarIndex::new(text);
    for found in LITERAL.find_iter(text) {
        let marker = match found.as_str() {
            "[NIK]" => "[NIK]",
            "[TELP]" => "[TELP]",
            "[EMAIL]" => "[EMAIL]",
            "URL" => "[LINK]",
            _ => "[USER]",
        };
        all.push(Marked { start: scalar_at.of(found.start()), end: scalar_at.of(found.end()), marker });
    }
    all.sort_by_key(|m| (m.start, usize::MAX - m.end));
    let mut end = 0;
    all.retain(|m| {
        let keep = m.start >= end;
        if keep {
            end = m.end;
        }
        keep
    });
    all
}

/// Turns increasing byte offsets into offsets of Unicode scalar values in one pass.
struct ScalarIndex<'a> {
    text: &'a str,
    bytes: usize,
    scalars: usize,
}

impl<'a> ScalarIndex<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: 0, scalars: 0 }
    }

    fn of(&mut self, byte: usize) -> usize {
        self.scalars += self.text[self.bytes..byte].chars().count();
        self.bytes = byte;
        self.scalars
    }
}

fn mostly_capitals(chars: &[char]) -> bool {
    const LETTERS_MIN: usize = 20;
    let upper = chars.iter().filter(|c| c.is_ascii_uppercase()).count();
    let lower = chars.iter().filter(|c| c.is_ascii_lowercase()).count();
    upper + lower >= LETTERS_MIN && upper * 10 > (upper + lower) * 7
}

fn push_words(out: &mut Normalised, chars: &[char], offset: usize, script: Script) {
    let words = word::join_spaced(&word::split(chars, offset, script));
    let mut before: Option<word::Marks> = None;
    for word in words {
        count(&mut out.signals, &word);
        for (marker, now) in word.marks.list() {
            // One marker opens a run of words that are marked alike: a spammer's ten fancy
            // words would otherwise fill the window with markers.
            let open = before.is_some_and(|b| b.list().iter().any(|(m, on)| *m == marker && *on));
            if now && !open {
                push_marker(out, marker, word.range());
            }
        }
        before = Some(word.marks);
        push_separator(out, word.range().0);
        for letter in &word.letters {
            out.letters += usize::from(letter.c.is_alphanumeric());
            out.text.push(letter.c);
            out.origins.push((letter.start, letter.end));
        }
    }
}

fn count(signals: &mut Signals, word: &Word) {
    signals.fancy += usize::from(word.marks.fancy);
    signals.hidden += usize::from(word.marks.hidden);
    signals.leet += usize::from(word.marks.leet);
    signals.repeated += usize::from(word.marks.repeated);
    signals.spaced += usize::from(word.marks.spaced);
}

fn push_separator(out: &mut Normalised, at: usize) {
    if !out.text.is_empty() {
        out.text.push(' ');
        out.origins.push((at as u32, at as u32));
    }
}

fn push_marker(out: &mut Normalised, marker: &str, range: (usize, usize)) {
    push_separator(out, range.0);
    out.text.push_str(marker);
    let origin = (range.0 as u32, range.1 as u32);
    out.origins.extend(std::iter::repeat_n(origin, marker.len()));
}
