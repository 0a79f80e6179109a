//! Addresses at house-number grain: a street with a number, or with RT and RW.

use super::lexicon::Class;
use super::token::{Gap, Shape, Token};
use super::{PiiKind, Spans};

const STREETS: [&str; 16] = [
    "jl",
    "jln",
    "jalan",
    "jalam",
    "jlan",
    "gg",
    "gang",
    "lorong",
    "lrg",
    "perum",
    "perumahan",
    "perumnas",
    "komplek",
    "kompleks",
    "komp",
    "perumh",
];
/// Places in which a house number is an address, RT and RW alone are not.
const HAMLETS: [&str; 16] = [
    "kp",
    "kampung",
    "kampuang",
    "dusun",
    "dukuh",
    "dk",
    "dsn",
    "griya",
    "cluster",
    "ruko",
    "rusun",
    "rusunawa",
    "apartemen",
    "kavling",
    "kav",
    "lingkungan",
];
const NUMBERS: [&str; 6] = ["no", "nomor", "nmr", "nomer", "nomer", "number"];
/// Things beside a street that have numbers of their own.
const FURNITURE: [&str; 12] =
    ["tiang", "pju", "lampu", "gardu", "pal", "halte", "lubang", "pohon", "hp", "wa", "telp", "tpu"];
/// Words between the street and its number at most.
const NAME_WORDS_MAX: usize = 6;
const ADDRESS_WORDS_MAX: usize = 32;

pub(super) fn find(tokens: &[Token<'_>], spans: &mut Spans) {
    let mut at = 0;
    while at < tokens.len() {
        let opens = STREETS.contains(&tokens[at].word) || HAMLETS.contains(&tokens[at].word);
        let address = if opens { end(tokens, at) } else { None };
        if let Some(end) = address.or_else(|| reversed(tokens, at)) {
            spans.push(PiiKind::Address, tokens[at].start, tokens[end - 1].end);
            at = end;
            continue;
        }
        at += 1;
    }
}

/// 'RT 3 RW 2 Jl. Mawar', 'Blok D4 No. 9 Jl. Merpati': the number before the street.
fn reversed(tokens: &[Token<'_>], start: usize) -> Option<usize> {
    const NAME_WORDS: usize = 3;
    let furniture = start > 0 && FURNITURE.contains(&tokens[start - 1].word);
    let next = house(tokens, start).or_else(|| neighbourhood(tokens, start))?;
    let street = tokens.get(next).filter(|t| matches!(t.before, Gap::Space | Gap::Comma))?;
    if furniture || !matches!(street.word, "jl" | "jln" | "gg" | "jalan" | "perum" | "perumahan") {
        return None;
    }
    if let Some(end) = end(tokens, next) {
        return Some(end);
    }
    let names = tokens[next + 1..].iter().take(NAME_WORDS);
    let names = names.take_while(|t| t.shape == Shape::Title && matches!(t.before, Gap::Space | Gap::Dot));
    let count = names.count();
    (count > 0).then_some(next + 1 + count)
}

/// One past the last token of the address that begins at `start`, if it is one.
fn end(tokens: &[Token<'_>], start: usize) -> Option<usize> {
    let mut street = STREETS.contains(&tokens[start].word);
    let mut named = matches!(tokens[start].word, "jl" | "jln" | "gg" | "lrg");
    let mut found = None;
    // Words since the last keyword or number.
    let mut since = 0;
    let mut at = start + 1;
    let reach = tokens.len().min(start + ADDRESS_WORDS_MAX);
    while at < reach && since <= NAME_WORDS_MAX {
        let token = &tokens[at];
        if ends_address(tokens, at) {
            break;
        }
        if let Some(next) = house(tokens, at) {
            found = Some(next);
            (at, since) = (next, 0);
        } else if let Some(next) = neighbourhood(tokens, at) {
            if found.is_some() || street && named {
                found = Some(next);
            }
            (at, since) = (next, 0);
        } else if STREETS.contains(&token.word) || HAMLETS.contains(&token.word) {
            street |= STREETS.contains(&token.word);
            named |= matches!(token.word, "jl" | "jln" | "gg" | "lrg");
            (at, since) = (at + 1, 0);
        } else if found.is_none() && street && since > 0 && lives(tokens, start) && ends_bare(tokens, at) {
            return Some(at + 1);
        } else if stops(token) {
            break;
        } else {
            named |= matches!(token.shape, Shape::Title | Shape::Upper);
            since += 1;
            at += 1;
        }
    }
    found
}

/// Somebody lives there: 'tinggal di Jl. Kartini 15'.
fn lives(tokens: &[Token<'_>], street: usize) -> bool {
    const WORDS_BACK: usize = 3;
    const LIVES: [&str; 10] =
        ["tinggal", "rumah", "alamat", "alamatnya", "beralamat", "domisili", "berdomisili", "kos", "kost", "kontrakan"];
    tokens[street.saturating_sub(WORDS_BACK)..street].iter().any(|t| LIVES.contains(&t.word))
}

/// A bare number before a sign or the end.
fn ends_bare(tokens: &[Token<'_>], at: usize) -> bool {
    const DIGITS_MAX: usize = 4;
    let token = &tokens[at];
    let number = is_house_number(token.word) && token.word.len() <= DIGITS_MAX && token.before == Gap::Space;
    number && tokens.get(at + 1).is_none_or(|t| t.before != Gap::Space)
}

fn ends_address(tokens: &[Token<'_>], at: usize) -> bool {
    match tokens[at].before {
        Gap::Dot => {
            const ABBREVIATION_MAX: usize = 3;
            let before = tokens[at - 1].word;
            before.len() > ABBREVIATION_MAX
                || before.starts_with(|c: char| c.is_ascii_digit())
                    && tokens[at].shape != Shape::Number
                    && neighbourhood(tokens, at).is_none()
        }
        Gap::Line | Gap::Break | Gap::Colon => true,
        _ => false,
    }
}

fn stops(token: &Token<'_>) -> bool {
    const KEPT: [&str; 12] =
        ["raya", "km", "barat", "timur", "utara", "selatan", "tengah", "dalam", "baru", "lama", "besar", "kecil"];
    let ordinary = token.class.is(Class::STOP) && token.shape == Shape::Lower;
    FURNITURE.contains(&token.word) || ordinary && !KEPT.contains(&token.word)
}

/// 'No. 12', 'no 41A', 'No.14/23', 'blok C4 no 7', 'Blok D/14', 'nomor 3'.
fn house(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let word = tokens[at].word;
    if word == "blok" || word == "block" || word == "blk" {
        return block(tokens, at);
    }
    let glued = word.strip_prefix("no").is_some_and(is_house_number);
    if glued {
        return Some(at + 1);
    }
    (NUMBERS.contains(&word) && number_at(tokens, at + 1)).then(|| slash(tokens, at + 2))
}

fn block(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    const LETTERS_MAX: usize = 4;
    let name = tokens.get(at + 1).filter(|t| t.word.len() <= LETTERS_MAX || t.word.contains('-'))?;
    let next = at + 2;
    if name.word.contains(['-', '/']) && name.word.ends_with(|c: char| c.is_ascii_digit()) {
        return Some(next);
    }
    if let Some(end) = tokens.get(next).and_then(|_| house(tokens, next)) {
        return Some(end);
    }
    let direct = number_at(tokens, next)
        && matches!(tokens[next].before, Gap::Sign | Gap::Space | Gap::Line | Gap::Dot | Gap::Break);
    direct.then(|| slash(tokens, next + 1))
}

/// 'RT 02 RW 06', 'RT 03/01', 'rt04/rw05'; one past it.
fn neighbourhood(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let after_rt = prefixed(tokens, at, "rt")?;
    let Some(next) = tokens.get(after_rt) else {
        return Some(after_rt);
    };
    if next.word.starts_with("rw") {
        return Some(prefixed(tokens, after_rt, "rw").unwrap_or(after_rt));
    }
    Some(slash(tokens, after_rt))
}

fn prefixed(tokens: &[Token<'_>], at: usize, prefix: &str) -> Option<usize> {
    let rest = tokens[at].word.strip_prefix(prefix)?;
    if is_house_number(rest) {
        return Some(at + 1);
    }
    (rest.is_empty() && number_at(tokens, at + 1)).then_some(at + 2)
}

/// Takes in '/23' after a number.
fn slash(tokens: &[Token<'_>], at: usize) -> usize {
    at + usize::from(number_at(tokens, at) && tokens[at].before == Gap::Sign)
}

fn number_at(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|t| is_house_number(t.word) && !matches!(t.before, Gap::Comma))
}

fn is_house_number(word: &str) -> bool {
    const CHARS_MAX: usize = 6;
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.len() <= CHARS_MAX
        && word.chars().filter(char::is_ascii_alphabetic).count() <= 1
}
