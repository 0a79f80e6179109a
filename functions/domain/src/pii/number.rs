//! Numbers of persons: NIK, KK, phones, bank accounts, social security.

use super::number_cue::{Cue, Cues, bank_follows};
use super::shadow::{INVISIBLE, Shadow};
use super::{PiiKind, Spans};

const RUN_DIGITS_MAX: usize = 18;
const SEPARATOR_CHARS_MAX: usize = 4;
/// How far before a number the word stands that says what it is.
const CUE_REACH_CHARS: usize = 44;

const DIGIT_WORDS: [(&str, char); 14] = [
    ("kosong", '0'),
    ("nol", '0'),
    ("satu", '1'),
    ("dua", '2'),
    ("tiga", '3'),
    ("empat", '4'),
    ("lima", '5'),
    ("enam", '6'),
    ("tujuh", '7'),
    ("delapan", '8'),
    ("dlapan", '8'),
    ("lapan", '8'),
    ("sembilan", '9'),
    ("smbilan", '9'),
];
/// What people write without a space before a number.
const GLUED: [&str; 16] =
    ["wa", "hp", "no", "nohp", "nowa", "telp", "tlp", "tel", "hub", "cp", "nik", "kk", "ktp", "rek", "norek", "bca"];

/// Letters and digits without a gap that read as digits.
struct Chunk {
    start: usize,
    end: usize,
    digits: String,
    /// All of it is plain digits.
    plain: bool,
    /// Written with digit words.
    words: bool,
}

pub(super) fn find(shadow: &Shadow, spans: &mut Spans) {
    let cues = Cues::of(&shadow.lower);
    let chunks = chunks(&shadow.lower);
    let mut at = 0;
    while at < chunks.len() {
        let reach = run_end(shadow.lower.as_bytes(), &chunks, at);
        match best(shadow, &cues, &chunks[at..reach]) {
            Some((kind, count)) => {
                let start = opening(shadow.lower.as_bytes(), chunks[at].start);
                let end = closing(shadow.lower.as_bytes(), chunks[at + count - 1].end);
                spans.push(kind, start, end);
                at += count;
            }
            None => at += 1,
        }
    }
}

fn chunks(lower: &str) -> Vec<Chunk> {
    let bytes = lower.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let len = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        if len > 0 {
            found.extend(read(&lower[at..at + len], at));
        }
        at += len.max(1);
    }
    found
}

fn read(word: &str, at: usize) -> Option<Chunk> {
    /// With look-alike letters beside them.
    const PLAIN_MIN: usize = 2;
    let glued = word.find(|c: char| c.is_ascii_digit()).filter(|cut| {
        const DIGITS_MIN: usize = 8;
        GLUED.contains(&&word[..*cut]) && word.len() - cut >= DIGITS_MIN
    });
    let skip = glued.unwrap_or(0);
    let mut rest = &word[skip..];
    let (mut digits, mut plain, mut alike, mut words) = (String::new(), 0, 0, false);
    while let Some(c) = rest.chars().next() {
        let spelled = DIGIT_WORDS.iter().find(|(spelled, _)| rest.starts_with(spelled));
        if c.is_ascii_digit() {
            digits.push(c);
            plain += 1;
            rest = &rest[1..];
        } else if let Some((spelled, digit)) = spelled {
            digits.push(*digit);
            words = true;
            rest = &rest[spelled.len()..];
        } else {
            digits.push(look_alike(c)?);
            alike += 1;
            rest = &rest[1..];
        }
    }
    let readable = alike == 0 || plain >= PLAIN_MIN && alike <= plain;
    readable.then(|| Chunk { start: at + skip, end: at + word.len(), plain: alike == 0 && !words, digits, words })
}

fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'o' => '0',
        'l' | 'i' => '1',
        'z' => '2',
        's' => '5',
        'b' => '8',
        _ => return None,
    })
}

/// One past the last chunk that may belong to the number beginning at `at`.
fn run_end(bytes: &[u8], chunks: &[Chunk], at: usize) -> usize {
    let mut total = chunks[at].digits.len();
    let mut end = at + 1;
    while let Some(next) = chunks.get(end) {
        let before = &chunks[end - 1];
        let gap = &bytes[before.end..next.start];
        let joins = |b: &u8| {
            matches!(*b, b' ' | b'.' | b'-' | b'(' | b')' | b'_' | INVISIBLE)
                || *b == b',' && (before.words || next.words)
        };
        total += next.digits.len();
        if gap.len() > SEPARATOR_CHARS_MAX || !gap.iter().all(joins) || total > RUN_DIGITS_MAX {
            break;
        }
        end += 1;
    }
    end
}

/// The `+` or the bracket that opens a number belongs to it.
fn opening(bytes: &[u8], start: usize) -> usize {
    let closes = bytes[start..].iter().take(6).any(|b| *b == b')');
    match start.checked_sub(1).map(|i| bytes[i]) {
        Some(b'+') => start - 1,
        Some(b'(') if closes => start - 1,
        _ => start,
    }
}

/// Invisible characters after the last digit go with it.
fn closing(bytes: &[u8], end: usize) -> usize {
    end + bytes[end..].iter().take_while(|b| **b == INVISIBLE).count()
}

/// The kind of the number that begins with the first chunk, and how many chunks it takes.
fn best(shadow: &Shadow, cues: &Cues, run: &[Chunk]) -> Option<(PiiKind, usize)> {
    let start = run[0].start;
    let cue = cues.before(start, CUE_REACH_CHARS);
    let mut digits = String::with_capacity(RUN_DIGITS_MAX);
    let mut found = None;
    for (i, chunk) in run.iter().enumerate() {
        digits.push_str(&chunk.digits);
        let number = Number {
            digits: &digits,
            chunks: &run[..=i],
            cue,
            plus: start > 0 && shadow.lower.as_bytes()[start - 1] == b'+',
            inside: continues(shadow.lower.as_bytes(), start),
            lower: &shadow.lower,
        };
        let Some(kind) = number.kind() else { continue };
        let stray = kind == PiiKind::Phone
            && found.is_some()
            && digits.len() > PHONE_DIGITS_USUAL
            && chunk.digits.len() < STRAY_DIGITS_MIN;
        if !stray && outranks(kind, found.map(|(kind, _)| kind)) {
            found = Some((kind, i + 1));
        }
    }
    found
}

/// A digit and a full stop or a dash stand right before.
fn continues(bytes: &[u8], start: usize) -> bool {
    start >= 2 && matches!(bytes[start - 1], b'.' | b'-') && bytes[start - 2].is_ascii_digit()
}

const PHONE_DIGITS_USUAL: usize = 12;
const STRAY_DIGITS_MIN: usize = 3;

/// A longer reading replaces a shorter one, except that what has 16 digits stays.
fn outranks(kind: PiiKind, before: Option<PiiKind>) -> bool {
    match before {
        Some(PiiKind::Nik | PiiKind::Kk | PiiKind::Bpjs) => false,
        Some(PiiKind::BankAccount) => kind != PiiKind::Phone,
        None | Some(_) => true,
    }
}

struct Number<'a> {
    digits: &'a str,
    chunks: &'a [Chunk],
    cue: Option<(Cue, usize)>,
    plus: bool,
    /// It continues a longer number that is nothing known.
    inside: bool,
    lower: &'a str,
}

impl Number<'_> {
    fn kind(&self) -> Option<PiiKind> {
        let cue = self.cue.map(|(cue, _)| cue);
        let gap = self.cue.map_or(0, |(_, gap)| gap);
        if self.inside {
            return None;
        }
        let other = cue == Some(Cue::Other) && gap <= OTHER_REACH_CHARS;
        if other && !self.plus && !self.is_spaced_mobile() {
            return self.is_identity().then_some(PiiKind::Nik);
        }
        match self.digits.len() {
            16 => self.sixteen(cue),
            15 | 17 if matches!(cue, Some(Cue::Nik)) && gap <= BANK_REACH_CHARS => Some(PiiKind::Nik),
            15 | 17 if matches!(cue, Some(Cue::Kk)) && gap <= BANK_REACH_CHARS => Some(PiiKind::Kk),
            13 if self.digits.starts_with("000") && cue != Some(Cue::Bank) => Some(PiiKind::Bpjs),
            11 | 13 if cue == Some(Cue::Bpjs) && !self.is_mobile() => Some(PiiKind::Bpjs),
            11.. if cue == Some(Cue::Bank) && gap > BANK_REACH_CHARS && self.is_mobile() => Some(PiiKind::Phone),
            _ if cue == Some(Cue::Bank) && self.is_account() => Some(PiiKind::BankAccount),
            _ if self.is_phone() => Some(PiiKind::Phone),
            10..=16 if cue == Some(Cue::Payee) && gap == 1 && self.is_account() => Some(PiiKind::BankAccount),
            10..=16 if self.is_account() && self.bank_follows() => Some(PiiKind::BankAccount),
            _ => None,
        }
    }

    fn sixteen(&self, cue: Option<Cue>) -> Option<PiiKind> {
        match cue {
            Some(Cue::Kk) => Some(PiiKind::Kk),
            Some(Cue::Bank) if !self.is_identity() => Some(PiiKind::BankAccount),
            Some(Cue::Nik) => Some(PiiKind::Nik),
            _ if self.is_identity() => Some(PiiKind::Nik),
            _ if self.bank_follows() => Some(PiiKind::BankAccount),
            _ => None,
        }
    }

    fn is_identity(&self) -> bool {
        const PROVINCES: std::ops::RangeInclusive<u32> = 11..=96;
        const WOMEN_DAYS_ADDED: u32 = 40;
        let part = |from: usize, to: usize| self.digits[from..to].parse::<u32>().unwrap_or(0);
        self.digits.len() == 16
            && PROVINCES.contains(&part(0, 2))
            && part(2, 4) > 0
            && part(4, 6) > 0
            && matches!(part(6, 8) % WOMEN_DAYS_ADDED, 1..=31)
            && part(6, 8) <= 31 + WOMEN_DAYS_ADDED
            && matches!(part(8, 10), 1..=12)
    }

    fn is_account(&self) -> bool {
        const LENGTHS: std::ops::RangeInclusive<usize> = 9..=18;
        let spelled = self.chunks.iter().any(|c| c.words);
        LENGTHS.contains(&self.digits.len()) && !spelled && !self.is_date() && !self.is_money()
    }

    /// `12-05-2024 10.30` and its like.
    fn is_date(&self) -> bool {
        let lens: Vec<usize> = self.chunks.iter().take(3).map(|c| c.digits.len()).collect();
        let year = |i: usize| self.chunks[i].digits.starts_with("20") || self.chunks[i].digits.starts_with("19");
        matches!(lens[..], [1 | 2, 1 | 2, 4] if year(2)) || matches!(lens[..], [4, 1 | 2, 1 | 2] if year(0))
    }

    /// `1.500.000.000`.
    fn is_money(&self) -> bool {
        let dots = |pair: &[Chunk]| &self.lower[pair[0].end..pair[1].start] == "." && pair[1].digits.len() == 3;
        self.chunks.len() > 1 && self.chunks.windows(2).all(dots) && self.chunks[0].digits.len() <= 3
    }

    fn bank_follows(&self) -> bool {
        self.chunks.last().is_some_and(|c| bank_follows(self.lower, c.end))
    }

    fn phone_cue(&self, reach: usize) -> bool {
        matches!(self.cue, Some((Cue::Phone, gap)) if gap <= reach)
    }

    /// The number without its prefix for the country or for long distance.
    fn national(&self) -> Option<&str> {
        let rest = self.digits.strip_prefix("0062").or_else(|| self.digits.strip_prefix("62"));
        match rest {
            Some(rest) => Some(rest.strip_prefix('0').unwrap_or(rest)),
            None => self.digits.strip_prefix('0'),
        }
    }

    fn is_mobile(&self) -> bool {
        const LENGTHS: std::ops::RangeInclusive<usize> = 9..=12;
        let mobile = |n: &str| {
            LENGTHS.contains(&n.len()) && matches!(n.as_bytes()[..2], [b'8', b'1' | b'2' | b'3' | b'5' | b'7'..=b'9'])
        };
        self.national().is_some_and(mobile) || self.phone_cue(BARE_REACH_CHARS) && mobile(self.digits)
    }

    /// '0822-5011-4478': nothing but a mobile number is written so.
    fn is_spaced_mobile(&self) -> bool {
        const OPERATOR_DIGITS: usize = 4;
        const GROUPS: usize = 3;
        self.is_mobile() && self.chunks.len() == GROUPS && self.chunks[0].digits.len() == OPERATOR_DIGITS
    }

    fn is_phone(&self) -> bool {
        self.is_mobile() || self.is_landline()
    }

    fn is_landline(&self) -> bool {
        const NATIONAL_LENGTHS: std::ops::RangeInclusive<usize> = 8..=11;
        const LOCAL_LENGTHS: std::ops::RangeInclusive<usize> = 6..=8;
        if !self.chunks.iter().all(|c| c.plain) || self.is_date() || self.is_money() {
            return false;
        }
        let area = |n: &str| NATIONAL_LENGTHS.contains(&n.len()) && matches!(n.as_bytes()[0], b'2'..=b'7' | b'9');
        if self.national().is_some_and(area) && !self.digits.starts_with("00") {
            let first = &self.chunks[0];
            let sign = self.lower.as_bytes().get(first.end);
            let split = matches!(first.digits.len(), 3 | 4)
                && first.digits.starts_with('0')
                && self.chunks.len() > 1
                && self.chunks[1].digits.len() >= 3
                && matches!(sign, Some(b'-' | b')' | b' '));
            return split || self.plus || self.phone_cue(CUE_REACH_CHARS);
        }
        LOCAL_LENGTHS.contains(&self.digits.len())
            && matches!(self.digits.as_bytes()[0], b'2'..=b'9')
            && self.phone_cue(BARE_REACH_CHARS)
    }
}

/// A ticket's or meter's word counts only right before the number.
const OTHER_REACH_CHARS: usize = 16;
/// A mobile number is a bank account only near the word for it.
const BANK_REACH_CHARS: usize = 12;
/// A number without its leading zero is a phone only right after the word for it.
const BARE_REACH_CHARS: usize = 8;
