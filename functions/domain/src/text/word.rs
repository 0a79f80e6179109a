//! One word of a text: folded letters with their origins, and how they were disguised.

use super::confusable::{self, Fold, Script};

/// A folded character and its half-open range in the original, in Unicode scalar values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    pub(super) c: char,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The disguises that a word wears.
#[expect(clippy::struct_excessive_bools, reason = "each is a disguise of its own; they combine freely")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) fancy: bool,
    pub(super) hidden: bool,
    pub(super) leet: bool,
    pub(super) repeated: bool,
    pub(super) spaced: bool,
}

impl Marks {
    pub(super) fn list(self) -> [(&'static str, bool); 5] {
        [
            ("[FANCY]", self.fancy),
            ("[HIDDEN]", self.hidden),
            ("[LEET]", self.leet),
            ("[REP]", self.repeated),
            ("[SPACED]", self.spaced),
        ]
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    pub(super) letters: Vec<Letter>,
    pub(super) marks: Marks,
}

impl Word {
    /// Range in the original, in Unicode scalar values.
    pub(super) fn range(&self) -> (usize, usize) {
        let start = self.letters.first().map_or(0, |l| l.start as usize);
        let end = self.letters.last().map_or(start, |l| l.end as usize);
        (start, end)
    }

    fn single_letter(&self) -> bool {
        self.letters.len() == 1 && self.letters[0].c.is_alphabetic()
    }
}

/// Splits at white space and folds each word. `offset` is where `chars` begins in the text.
pub(super) fn split(chars: &[char], offset: usize, script: Script) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = 0;
    for at in 0..=chars.len() {
        if at == chars.len() || chars[at].is_whitespace() {
            if start < at {
                let word = fold(&chars[start..at], offset + start, script);
                if !word.letters.is_empty() {
                    words.push(word);
                }
            }
            start = at + 1;
        }
    }
    words
}

fn fold(chars: &[char], offset: usize, script: Script) -> Word {
    let mut word = Word::default();
    for (i, &c) in chars.iter().enumerate() {
        let at = (offset + i) as u32;
        match confusable::fold(c, script) {
            Fold::Drop => {}
            Fold::Hidden => {
                let letter = |j: usize| chars.get(j).is_some_and(|c| c.is_alphanumeric());
                word.marks.hidden |= confusable::turns_direction(c) || (i > 0 && letter(i - 1) && letter(i + 1));
            }
            Fold::Same(c) => word.letters.push(Letter { c, start: at, end: at + 1 }),
            Fold::Fancy(folded) => {
                word.marks.fancy = true;
                push_all(&mut word, &folded, at);
            }
            Fold::Plain(folded) => push_all(&mut word, &folded, at),
        }
    }
    undot(&mut word);
    unleet(&mut word);
    collapse(&mut word);
    word
}

fn push_all(word: &mut Word, folded: &str, at: u32) {
    for c in folded.chars().filter(|c| !c.is_whitespace()) {
        word.letters.push(Letter { c, start: at, end: at + 1 });
    }
}

/// `g.a.c.o.r` and `g-a-c-o-r` lose their separators.
fn undot(word: &mut Word) {
    const LETTERS_MIN: usize = 4;
    let body = &word.letters;
    if body.len() < LETTERS_MIN * 2 - 1 {
        return;
    }
    let separator = body[1].c;
    if !matches!(separator, '.' | '-' | '_' | '*' | '|' | '~' | '·' | ',') {
        return;
    }
    let alternates =
        body.iter().enumerate().all(|(i, l)| if i % 2 == 0 { l.c.is_alphanumeric() } else { l.c == separator });
    if alternates && body.iter().step_by(2).filter(|l| l.c.is_alphabetic()).count() >= LETTERS_MIN {
        word.letters = body.iter().step_by(2).copied().collect();
        word.marks.spaced = true;
    }
}

/// Digits and signs between letters become the letters that they imitate. Endings such as
/// `rt03`, `covid19` or `slot88` are names, not disguises, and stay.
fn unleet(word: &mut Word) {
    const LETTERS_MIN: usize = 3;
    let letters = word.letters.iter().filter(|l| l.c.is_alphabetic()).count();
    let first_letter = word.letters.iter().position(|l| l.c.is_alphabetic());
    let last_letter = word.letters.iter().rposition(|l| l.c.is_alphabetic());
    let (Some(first), Some(last)) = (first_letter, last_letter) else { return };
    let inside = |i: usize| i > first && i < last;
    let imitates: Vec<(usize, char)> = word
        .letters
        .iter()
        .enumerate()
        .filter_map(|(i, l)| {
            let plain = match l.c {
                '0' => 'o',
                '1' | '!' => 'i',
                '3' => 'e',
                '4' | '@' => 'a',
                '5' | '$' => 's',
                '7' => 't',
                _ => return None,
            };
            inside(i).then_some((i, plain))
        })
        .collect();
    let digits_in_row = word.letters.windows(2).any(|w| w[0].c.is_ascii_digit() && w[1].c.is_ascii_digit());
    let foreign_digit = word.letters.iter().any(|l| matches!(l.c, '2' | '6' | '8' | '9' | '/' | '-' | '.' | ','));
    if letters >= LETTERS_MIN && !imitates.is_empty() && !digits_in_row && !foreign_digit {
        for (i, plain) in imitates {
            word.letters[i].c = plain;
        }
        word.marks.leet = true;
    }
    let censored = (1..word.letters.len().saturating_sub(1)).any(|i| word.letters[i].c == '*' && inside(i));
    word.marks.leet |= censored && letters >= 2;
}

/// A letter three times or more in a row stays once, a sign twice.
fn collapse(word: &mut Word) {
    // 'Kelas III' is no shouting.
    if word.letters.iter().map(|l| l.c).filter(|c| c.is_alphanumeric()).eq("iii".chars()) {
        return;
    }
    let mut kept: Vec<Letter> = Vec::with_capacity(word.letters.len());
    let mut at = 0;
    while at < word.letters.len() {
        let c = word.letters[at].c;
        let run = word.letters[at..].iter().take_while(|l| l.c == c).count();
        let keep = match run {
            3.. if c.is_alphabetic() => 1,
            3.. if !c.is_alphanumeric() => 2,
            _ => run,
        };
        if run >= 3 && c.is_alphabetic() {
            word.marks.repeated = true;
        }
        kept.extend_from_slice(&word.letters[at..at + keep]);
        if let Some(last) = kept.last_mut() {
            last.end = word.letters[at + run - 1].end;
        }
        at += run;
    }
    word.letters = kept;
}

/// Joins runs of single letters: `s l o t` reads `slot`.
pub(super) fn join_spaced(words: &[Word]) -> Vec<Word> {
    const RUN_MIN: usize = 4;
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let run = words[at..].iter().take_while(|w| w.single_letter()).count();
        if run >= RUN_MIN {
            let mut word = Word::default();
            for single in &words[at..at + run] {
                word.letters.extend_from_slice(&single.letters);
                word.marks.fancy |= single.marks.fancy;
                word.marks.hidden |= single.marks.hidden;
            }
            word.marks.spaced = true;
            joined.push(word);
            at += run;
        } else {
            joined.push(words[at].clone());
            at += 1;
        }
    }
    joined
}
