//! What is known of a word: a name, an ordinary word, a title, part of an institution.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Classes of a word, as a set of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Class(u32);

impl Class {
    /// A given or family name that is no ordinary word.
    pub(super) const NAME: Self = Self(1);
    /// A name that is also an ordinary word or a place.
    pub(super) const AMBIGUOUS: Self = Self(1 << 1);
    /// An ordinary word, an office or a place that is written with a capital.
    pub(super) const STOP: Self = Self(1 << 2);
    /// What follows is the name of a place or an organisation.
    pub(super) const INSTITUTION: Self = Self(1 << 3);
    /// A business that is called after its keeper only if a title follows.
    pub(super) const SHOP: Self = Self(1 << 4);
    pub(super) const TITLE: Self = Self(1 << 5);
    pub(super) const SELF: Self = Self(1 << 6);
    pub(super) const POSSESSIVE: Self = Self(1 << 7);
    pub(super) const FILLER: Self = Self(1 << 8);
    pub(super) const INTRO: Self = Self(1 << 9);
    pub(super) const SIGN_OFF: Self = Self(1 << 10);
    pub(super) const KIN: Self = Self(1 << 11);
    pub(super) const ROLE: Self = Self(1 << 12);
    /// A high office, whose holder is named in public.
    pub(super) const HIGH: Self = Self(1 << 13);

    const SECTIONS: [(&'static str, Self); 15] = [
        ("given", Self::NAME),
        ("family", Self::NAME),
        ("ambiguous", Self::AMBIGUOUS),
        ("stop", Self::STOP),
        ("institution", Self::INSTITUTION),
        ("shop", Self::SHOP),
        ("title", Self::TITLE),
        ("self", Self::SELF),
        ("possessive", Self::POSSESSIVE),
        ("filler", Self::FILLER),
        ("intro", Self::INTRO),
        ("signoff", Self::SIGN_OFF),
        ("kin", Self::KIN),
        ("role", Self::ROLE),
        ("high", Self::HIGH),
    ];

    /// Whether it shares a class with `other`.
    pub(super) fn is(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

pub(super) struct Lexicon {
    words: HashMap<&'static str, Class>,
    public: HashSet<String>,
    heroes: HashSet<String>,
}

pub(super) static LEXICON: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::parse(&[include_str!("names.txt"), include_str!("words.txt")]));

impl Lexicon {
    fn parse(files: &[&'static str]) -> Self {
        let mut lexicon = Self { words: HashMap::new(), public: HashSet::new(), heroes: HashSet::new() };
        for file in files {
            let mut section = "";
            for line in file.lines().filter(|l| !l.starts_with('#')) {
                if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                    section = name;
                } else {
                    line.split_whitespace().for_each(|word| lexicon.add(section, word));
                }
            }
        }
        for class in lexicon.words.values_mut().filter(|c| c.is(Class::AMBIGUOUS)) {
            class.0 &= !Class::NAME.0;
        }
        lexicon
    }

    fn add(&mut self, section: &str, word: &'static str) {
        match section {
            "public" => _ = self.public.insert(word.replace('+', " ")),
            "hero" => _ = self.heroes.insert(word.replace('+', " ")),
            _ => {
                let class = Class::SECTIONS.iter().find(|(name, _)| *name == section);
                let (_, class) = class.expect("every section of the data files has a class");
                let entry = self.words.entry(word).or_default();
                *entry = entry.or(*class);
            }
        }
    }

    pub(super) fn class(&self, word: &str) -> Class {
        match self.words.get(word) {
            Some(class) => *class,
            None if ends_like_a_name(word) => Class::NAME,
            None => Class::default(),
        }
    }

    /// Whether `name`, lower-case words with single spaces, is that of a public person.
    pub(super) fn is_public(&self, name: &str) -> bool {
        self.public.contains(name)
    }

    pub(super) fn is_hero(&self, name: &str) -> bool {
        self.heroes.contains(name)
    }
}

/// Endings that only names have.
fn ends_like_a_name(word: &str) -> bool {
    const CHARS_MIN: usize = 6;
    const ENDINGS: [&str; 30] = [
        "yanto",
        "wanto",
        "ianto",
        "janto",
        "yono",
        "iyono",
        "wati",
        "yati",
        "niati",
        "ningsih",
        "ningrum",
        "ningtyas",
        "astuti",
        "uddin",
        "udin",
        "ullah",
        "ansyah",
        "iansyah",
        "kusuma",
        "kusumo",
        "wijaya",
        "tjahjono",
        "cahyono",
        "hardjo",
        "soebroto",
        "diningrat",
        "taningtyas",
        "rahman",
        "rochman",
        "tiningsih",
    ];
    word.len() >= CHARS_MIN && ENDINGS.iter().any(|e| word.ends_with(e))
}
