//! Licence plates.

use std::sync::LazyLock;

use regex::Regex;

use super::shadow::Shadow;
use super::{PiiKind, Spans};

/// The letters before the number stand for the region of registration.
const REGION: &str =
    "(?:A[ABDEG]?|B[ABDEGHKLMNP]?|D[ABCDEGHKLMNPRSTW]?|E[ABD]?|F|G|H|K[BHTU]?|L|M|N|P[ABGSTY]?|R|S|T|W|Z)";

static CAPITALS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\b{REGION}[ .-]?[1-9][0-9]{{2,3}}[ .-]?[A-Z]{{2,3}}\b")).expect("the pattern is valid")
});
static GLUED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?i)\b{REGION}[1-9][0-9]{{2,3}}[a-z]{{2,3}}\b")).expect("the pattern is valid")
});
/// With the word for it right before, everything a plate can be.
static CUED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)\b(?:plat|plate|platnya|nopol|no\.? ?pol|nomor polisi|nomer polisi|no polisi|tnkb|bernopol|berplat|pelat|stnk|nopolnya)(?: (?:motor|mobil|nomor|nomer|no|kendaraan|nya|polisi|angkot|angkotna|truk|bus|hitam|kuning|merah|putih|dasar|[a-z]{{2,12}}))?{{1,3}}[ :.=]{{1,3}}({REGION}[ .-]?[1-9][0-9]{{0,3}}(?:[ .-]?[a-z]{{1,3}}\b)?)"
    ))
    .expect("the pattern is valid")
});
/// With a vehicle some words before, also in small letters and with one letter behind.
static VEHICLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)\b(?:motor|mobil|truk|truck|bus|bis|angkot|taksi|taxi|avanza|xenia|innova|pajero|fortuner|beat|vario|scoopy|nmax|supra|pickup|pick up|pikap|kendaraan|minibus|elf|brio|jazz|calya|agya|ayla|sigra|l300|dump|tangki|plat|nopol|plt|ambulans|odong-odong|bentor|becak motor)\b[^.\n]{{0,40}}?\b({REGION}[ .-]?[1-9][0-9]{{1,3}}[ .-]?[a-z]{{1,3}})\b"
    ))
    .expect("the pattern is valid")
});

/// What follows a number and is no plate's end.
const WORDS: [&str; 34] = [
    "di", "ke", "rb", "jt", "org", "kg", "kk", "rt", "rw", "dan", "km", "hr", "thn", "th", "bln", "cm", "kwh", "va",
    "m", "mt", "ml", "gr", "ha", "wib", "wit", "jam", "ya", "yg", "dr", "tdk", "x", "an", "pas", "dari",
];

pub(super) fn find(shadow: &Shadow, spans: &mut Spans) {
    let whole = [
        (&*CAPITALS, &shadow.cased, 0),
        (&*GLUED, &shadow.cased, 0),
        (&*CUED, &shadow.cased, 1),
        (&*VEHICLE, &shadow.cased, 1),
    ];
    for (pattern, text, group) in whole {
        for found in pattern.captures_iter(text) {
            let Some(plate) = found.get(group) else {
                continue;
            };
            let tail = plate.as_str().trim_start_matches(|c: char| !c.is_ascii_digit());
            let tail = tail.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
            if !WORDS.contains(&tail.to_ascii_lowercase().as_str()) {
                spans.push(PiiKind::Plate, plate.start(), plate.end());
            }
        }
    }
}
