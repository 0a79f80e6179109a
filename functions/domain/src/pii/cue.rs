//! The words before a name that say that it is one, or that it is none.

use super::lexicon::Class;
use super::token::{Gap, Shape, Token};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    None,
    /// 'berinisial'.
    Initials,
    /// 'nama saya', 'atas nama', 'Pelapor:'.
    Intro,
    /// 'Pak', 'Bu', 'H.'.
    Title,
    /// 'saya', directly before.
    Itself,
    /// 'saya', with a comma or a bracket between.
    ItselfApart,
    /// 'anak saya', 'tetangga kami'.
    Kin,
    /// The same with a comma or a bracket between.
    KinApart,
    /// 'oknum', 'kades', 'korban', 'si'.
    Role,
    /// 'Hormat saya,'.
    Signature,
}

/// A street may be called after anybody.
const STREETS: [&str; 6] = ["jl", "jln", "jalan", "gg", "gang", "lorong"];

const PREPOSITIONS: [&str; 14] = [
    "di", "ke", "dekat", "depan", "belakang", "samping", "sekitar", "arah", "daerah", "wilayah", "ring", "ning",
    "neng", "ing",
];

/// The cue before the name that begins at `start`.
pub(super) fn before(tokens: &[Token<'_>], start: usize) -> Cue {
    let mut at = start;
    let mut title = false;
    while at > 0 && adjoins(tokens, at) && is_title(&tokens[at - 1]) {
        at -= 1;
        title = true;
    }
    let stronger = behind(tokens, at);
    match stronger {
        Cue::Intro | Cue::Initials | Cue::Signature => stronger,
        _ if title => Cue::Title,
        _ => stronger,
    }
}

fn is_title(token: &Token<'_>) -> bool {
    const LARGE_MAX: usize = 2;
    token.class.is(Class::TITLE) && (token.shape != Shape::Upper || token.word.len() <= LARGE_MAX)
}

/// Only a space stands before the token, or the full stop of an abbreviation.
pub(super) fn adjoins(tokens: &[Token<'_>], at: usize) -> bool {
    const ABBREVIATIONS: [&str; 37] = [
        "h", "hj", "dr", "drg", "drs", "dra", "drh", "ir", "prof", "kh", "k", "ust", "pdt", "sdr", "sdri", "bpk", "bp",
        "alm", "tn", "ny", "nn", "moh", "muh", "moch", "m", "an", "a.n", "st", "jl", "jln", "gg", "no", "kec", "kel",
        "cv", "pt", "ud",
    ];
    match tokens[at].before {
        Gap::Space => true,
        Gap::Dot => ABBREVIATIONS.contains(&tokens[at - 1].word) || tokens[at - 1].shape == Shape::Initial,
        _ => false,
    }
}

fn behind(tokens: &[Token<'_>], at: usize) -> Cue {
    const STEPS_MAX: usize = 3;
    let Some(last) = at.checked_sub(1).map(|i| &tokens[i]) else {
        return Cue::None;
    };
    let gap = tokens[at].before;
    if matches!(gap, Gap::Break | Gap::Line) && !signs_off(tokens, at) {
        return Cue::None;
    }
    if matches!(last.word, "inisial" | "berinisial") {
        return Cue::Initials;
    }
    let mut head = at - 1;
    let mut steps = 0;
    let passes = Class::POSSESSIVE.or(Class::FILLER);
    while head > 0 && steps < STEPS_MAX && tokens[head].class.is(passes) && tokens[head].before == Gap::Space {
        if tokens[head].class.is(Class::INTRO) {
            break;
        }
        head -= 1;
        steps += 1;
    }
    let class = tokens[head].class;
    let apart = matches!(gap, Gap::Comma | Gap::Colon | Gap::Sign);
    if signs_off(tokens, at) && gap != Gap::Space {
        return Cue::Signature;
    }
    if gap == Gap::Dot && !adjoins(tokens, at) {
        return Cue::None;
    }
    if class.is(Class::INTRO) && intro_holds(tokens, head, gap) {
        return Cue::Intro;
    }
    if class.is(Class::KIN) && apart && steps == 0 && gap == Gap::Comma {
        return Cue::KinApart;
    }
    let whose = steps > 0 || has_suffix(tokens[head].word) || whose_before(tokens, head);
    if class.is(Class::KIN) && whose && gap != Gap::Line {
        return if apart { Cue::KinApart } else { Cue::Kin };
    }
    if last.class.is(Class::SELF) {
        return if apart || gap != Gap::Space { Cue::ItselfApart } else { Cue::Itself };
    }
    let role = Class::ROLE.or(Class::KIN);
    if (class.is(role) || last.class.is(role)) && !apart && gap == Gap::Space {
        return Cue::Role;
    }
    if gap == Gap::Colon && class.is(role) { Cue::Intro } else { Cue::None }
}

/// 'Hormat saya', 'Salam' before a sign or a new line.
fn signs_off(tokens: &[Token<'_>], at: usize) -> bool {
    const WORDS_BACK: usize = 3;
    tokens[at.saturating_sub(WORDS_BACK)..at].iter().rev().any(|t| t.class.is(Class::SIGN_OFF))
}

/// 'Ayahku' and 'anaknya' need no word for whose it is.
fn has_suffix(word: &str) -> bool {
    ["ku", "nya", "nye"].iter().any(|s| word.ends_with(s)) && word != "bapaknya"
}

/// 'Sa pu anak', 'beta pung adik', 'pun anak': whose stands before.
fn whose_before(tokens: &[Token<'_>], head: usize) -> bool {
    head > 0 && tokens[head].before == Gap::Space && matches!(tokens[head - 1].word, "pu" | "pung" | "pun" | "pe")
}

/// Words that introduce a name only with a colon, or only in a set phrase.
fn intro_holds(tokens: &[Token<'_>], head: usize, gap: Gap) -> bool {
    let colon = gap == Gap::Colon;
    match tokens[head].word {
        "atas" => false,
        "pemohon" | "pelapor" | "pengadu" | "terlapor" | "kontak" | "contact" | "penerima" | "pengirim" | "sponsor"
        | "cp" | "narahubung" => colon || gap == Gap::Space,
        _ => gap != Gap::Comma || tokens[head].class.is(Class::INTRO),
    }
}

/// Whether a high office stands before the name: 'Bupati Banyumas Achmad Husein'.
pub(super) fn in_high_office(tokens: &[Token<'_>], start: usize) -> bool {
    const WORDS_BACK: usize = 4;
    let mut at = start;
    for _ in 0..WORDS_BACK {
        if at == 0 || !adjoins(tokens, at) {
            return false;
        }
        at -= 1;
        let token = &tokens[at];
        if token.class.is(Class::HIGH) {
            return true;
        }
        let wali_kota = token.word == "kota" && at > 0 && tokens[at - 1].word == "wali";
        if wali_kota {
            return true;
        }
        if !matches!(token.shape, Shape::Title | Shape::Upper) && !is_title(token) {
            return false;
        }
    }
    false
}

/// Streets and hospitals are called after 'Haji Saman' and 'dr. Soetomo', not after 'Pak Ali'.
fn honours(title: &Token<'_>) -> bool {
    const HONOURS: [&str; 17] = [
        "h", "hj", "haji", "kh", "k", "kyai", "kiai", "dr", "prof", "ir", "ki", "nyi", "datuk", "daeng", "tgk",
        "ustadz", "bung",
    ];
    HONOURS.contains(&title.word)
}

/// Whether the name belongs to a street, a school, a company. After a title a shop's name is
/// its keeper's.
pub(super) fn in_institution(tokens: &[Token<'_>], start: usize, title: bool) -> bool {
    const WORDS_BACK: usize = 4;
    let mut at = start;
    for step in 0..WORDS_BACK {
        if at == 0 || !adjoins(tokens, at) && tokens[at].before != Gap::Sign {
            return false;
        }
        at -= 1;
        let token = &tokens[at];
        let shop = token.class.is(Class::SHOP);
        if shop && !title && step == 0 {
            return true;
        }
        if token.class.is(Class::INSTITUTION) && !shop {
            let keeper = title && !honours(&tokens[start - 1]) && !is_title(token);
            if keeper && !STREETS.contains(&token.word) {
                return false;
            }
            // 'di rumah sakit', 'jalan', also in small letters, but only next to the name.
            let office = at > 0 && is_title(&tokens[at - 1]) && tokens[at].before == Gap::Space;
            return tokens[at + 1].before != Gap::Sign && !office;
        }
        let passes =
            matches!(token.shape, Shape::Title | Shape::Upper | Shape::Number | Shape::Initial) || is_title(token);
        if !passes || tokens[at].class.is(Class::SELF.or(Class::INTRO)) {
            return false;
        }
    }
    false
}

/// 'di Ahmad Yani' is a place.
pub(super) fn at_place(tokens: &[Token<'_>], start: usize) -> bool {
    start > 0 && tokens[start].before == Gap::Space && PREPOSITIONS.contains(&tokens[start - 1].word)
}
