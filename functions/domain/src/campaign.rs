//! Campaigns: reports that say the same, with a name, a number or an emoji swapped.
//!
//! `MinHash` over runs of words: a few bands name the places where alike texts meet, and a sketch
//! says how alike they are, without either text. All of it is a function of the masked text.

use std::collections::HashSet;

use crate::pii;
use crate::text::normalise;

/// Places at which alike texts meet. More find more, and each is one write of a new text.
pub const BANDS: usize = 6;
/// Bytes of a sketch.
pub const SKETCH_BYTES: usize = 64;
/// Share of runs of words in common from which two texts are one campaign: two words swapped in
/// twenty, or one in nine.
pub const SIMILARITY_MIN: f32 = 0.5;
/// From so many members on that the screening held, belonging to a campaign is a reason by itself.
/// It is shown and decides nothing.
pub const HELD_SHOWN_MIN: u64 = 3;

/// Smallest hashes that make a band: two texts with half of their runs in common meet in one of six
/// bands with probability 0.82, with two thirds with 0.97.
const ROWS: usize = 2;
/// Words of a run.
const RUN_WORDS: usize = 3;
/// A text of fewer words says too little to be anybody's template.
const WORDS_MIN: usize = 4;

/// How alike two texts are, without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch([u8; SKETCH_BYTES]);

impl Sketch {
    /// A sketch of its bytes; none of another length.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What [`Sketch::parse`] reads.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SKETCH_BYTES] {
        &self.0
    }

    /// About the share of runs of words that both texts have, within 0 and 1.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        let same = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        same as f32 / SKETCH_BYTES as f32
    }

    /// Whether both are one campaign.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.similarity(other) >= SIMILARITY_MIN
    }
}

/// Where a text meets those that are alike, and its sketch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    bands: [u64; BANDS],
    sketch: Sketch,
}

impl Fingerprint {
    /// The fingerprint of a masked text; none of one that says too little.
    #[must_use]
    pub fn of(public_text: &str) -> Option<Self> {
        let words = words(public_text);
        if words.len() < WORDS_MIN {
            return None;
        }
        let runs: HashSet<u64> = words.windows(RUN_WORDS).map(run).collect();
        let mut smallest = [u64::MAX; SKETCH_BYTES];
        for run in &runs {
            for (seed, least) in (0..).zip(&mut smallest) {
                *least = (*least).min(mix(run ^ mix(seed)));
            }
        }
        let band = |at: usize| smallest[at * ROWS..][..ROWS].iter().fold(at as u64, |band, least| mix(band ^ least));
        let sketch = smallest.map(|least| (least >> 24) as u8);
        Some(Self { bands: std::array::from_fn(band), sketch: Sketch(sketch) })
    }

    /// Names of the places, each with its number.
    #[must_use]
    pub fn bands(&self) -> [String; BANDS] {
        std::array::from_fn(|at| format!("{at}-{:016x}", self.bands[at]))
    }

    /// The sketch.
    #[must_use]
    pub const fn sketch(&self) -> &Sketch {
        &self.sketch
    }
}

/// Words without disguise and signs; all numbers are one word, and so are all masks of one kind.
fn words(public_text: &str) -> Vec<u64> {
    let text = normalise(public_text, &pii::find(public_text)).text;
    let mut words: Vec<u64> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '[' && c != ']').filter(|w| !w.is_empty()) {
        // A marker says how a word was disguised, not what was said.
        let disguise = ["[FANCY]", "[HIDDEN]", "[LEET]", "[REP]", "[SPACED]", "[CAPS]"].contains(&word);
        let number = word.chars().any(|c| c.is_ascii_digit());
        let word = if number { "0" } else { word.trim_matches(['[', ']']) };
        let hash = hash(&word.to_lowercase());
        let repeated = number && words.last() == Some(&hash);
        if !(disguise || repeated || word.is_empty()) {
            words.push(hash);
        }
    }
    words
}

fn run(words: &[u64]) -> u64 {
    words.iter().fold(0, |run, word| mix(run.rotate_left(21) ^ word))
}

/// FNV-1a, mixed: the same on every machine, because it stands in keys.
fn hash(word: &str) -> u64 {
    mix(word.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
}

/// The finaliser of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> Fingerprint {
        Fingerprint::of(text).unwrap()
    }

    /// Whether the second of two texts finds the first.
    fn folds(a: &str, b: &str) -> bool {
        let (a, b) = (print(a), print(b));
        a.bands.iter().zip(&b.bands).any(|(a, b)| a == b) && a.sketch.is_alike(&b.sketch)
    }

    #[test]
    fn a_template_stays_together() {
        let gambling = "Halo bapak ibu, main di situs kami pasti menang! Daftar sekarang dan dapatkan bonus 100 ribu \
                        rupiah untuk anggota baru, hubungi admin di nomor 0812-3456-7890 sebelum kehabisan";
        for other in [
            gambling.to_owned(),
            gambling.to_uppercase(),
            gambling.replace("100 ribu", "250 ribu"),
            gambling.replace("0812-3456-7890", "0857 1111 2222"),
            gambling.replace("0812-3456-7890", "[TELP]"),
            gambling.replace("Halo", "🎰🔥 Halo").replace("menang!", "menang 💰💰"),
            gambling.replace(' ', "  ").replace(',', " ,"),
            gambling.replace("bapak", "kakak"),
            gambling.replace("menang", "m3nang"),
            gambling.replace("situs", "s i t u s"),
            gambling.replace("kehabisan", "kehabisan slot"),
        ] {
            assert!(folds(gambling, &other), "{other}");
        }
        let petition = |name: &str, street: &str| {
            format!(
                "Saya {name} warga RT 04 menolak pembangunan menara telekomunikasi di dekat permukiman kami di {street} \
                 karena tidak pernah ada sosialisasi kepada warga dan kami khawatir dengan dampaknya"
            )
        };
        assert!(folds(&petition("[NAMA]", "Sukamaju"), &petition("[NAMA]", "Mekarsari")));
        assert!(folds(&petition("Budi Santoso", "Sukamaju"), &petition("Siti Aminah", "Sukamaju")));
    }

    #[test]
    fn complaints_about_one_matter_in_own_words_stay_apart() {
        let all = [
            "Lampu jalan di depan Pasar Johar mati sudah tiga malam, mohon segera diperbaiki karena rawan begal.",
            "Mohon dinas terkait memperbaiki penerangan jalan sekitar Pasar Johar, gelap sekali kalau malam hari.",
            "Pak wali, depan Johar peteng ndedet, lampune mati kabeh wis meh seminggu.",
            "Sudah tiga malam depan pasar gelap gulita karena lampu jalannya padam, anak saya hampir terserempet motor.",
            "Jalan berlubang di depan Pasar Johar sangat membahayakan pengendara motor, mohon segera diperbaiki.",
            "Sampah di depan Pasar Johar menumpuk sudah tiga hari, mohon segera diangkut karena baunya menyengat.",
        ];
        for (at, a) in all.iter().enumerate() {
            for b in &all[at + 1..] {
                let similarity = print(a).sketch.similarity(&print(b).sketch);
                assert!(!folds(a, b) && similarity < 0.3, "{similarity}: {a} / {b}");
            }
        }
    }

    #[test]
    fn what_says_too_little_has_no_fingerprint_and_sketches_survive_their_bytes() {
        for text in ["", "🎰🎰🎰", "Tolong pak segera", "12 34 56 78 90"] {
            assert_eq!(Fingerprint::of(text), None, "{text}");
        }
        let sketch = *print("tolong perbaiki jalan rusak ini").sketch();
        assert_eq!(Sketch::parse(sketch.as_bytes()), Some(sketch));
        assert_eq!(Sketch::parse(&[0; SKETCH_BYTES - 1]), None);
    }
}
