//! A text as folded words: the unit in which place and agency names are looked up.

/// What stands between a word and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// White space, a hyphen, a slash.
    Space,
    /// A full stop, as after an abbreviation.
    Dot,
    /// A comma or a bracket: the words are not one name.
    Comma,
    /// The end of a sentence, a line, or the beginning of the text.
    Break,
}

/// One word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    from: u32,
    to: u32,
    /// First scalar value in the text.
    pub(crate) start: u32,
    /// One past the last scalar value in the text.
    pub(crate) end: u32,
    /// What stands before it.
    pub(crate) gap: Gap,
    /// Begins with a capital and is not all capitals.
    pub(crate) capital: bool,
}

/// The words of a text, folded to lower-case letters without accents.
#[derive(Debug, Default)]
pub(crate) struct Words {
    folded: String,
    list: Vec<Word>,
}

impl Words {
    /// Splits and folds. An apostrophe joins, every other mark separates.
    pub(crate) fn of(text: &str) -> Self {
        let mut words = Self { folded: String::with_capacity(text.len()), list: Vec::with_capacity(text.len() / 5) };
        let mut gap = Gap::Break;
        let mut open: Option<Word> = None;
        let (mut lower, mut upper) = (0_usize, 0_usize);
        for (at, c) in (0_u32..).zip(text.chars()) {
            if c.is_alphanumeric() {
                let word = open.get_or_insert_with(|| {
                    (lower, upper) = (0, 0);
                    let from = words.folded.len() as u32;
                    Word { from, to: from, start: at, end: at, gap, capital: c.is_uppercase() }
                });
                word.end = at + 1;
                if c.is_uppercase() {
                    upper += 1;
                } else {
                    lower += 1;
                }
                fold_into(c, &mut words.folded);
            } else if !(open.is_some() && is_apostrophe(c)) {
                if let Some(word) = open.take() {
                    words.close(word, lower);
                    gap = Gap::Space;
                }
                gap = gap.max(gap_of(c));
            }
        }
        if let Some(word) = open {
            words.close(word, lower);
        }
        words
    }

    fn close(&mut self, mut word: Word, lower: usize) {
        word.to = self.folded.len() as u32;
        word.capital &= lower > 0;
        self.list.push(word);
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The word at a position below [`Words::len`].
    pub(crate) fn word(&self, at: usize) -> Word {
        self.list[at]
    }

    /// The folded letters of a word.
    pub(crate) fn text(&self, at: usize) -> &str {
        let word = self.list[at];
        &self.folded[word.from as usize..word.to as usize]
    }

    /// The folded letters of the word before, where no more than `gap` stands between.
    pub(crate) fn before(&self, at: usize, gap: Gap) -> Option<&str> {
        (at > 0 && self.list[at].gap <= gap).then(|| self.text(at - 1))
    }

    /// The folded letters of the word after, where no more than a space stands between.
    pub(crate) fn after(&self, at: usize) -> Option<&str> {
        (at + 1 < self.len() && self.list[at + 1].gap == Gap::Space).then(|| self.text(at + 1))
    }
}

fn gap_of(c: char) -> Gap {
    match c {
        '\n' | '!' | '?' | ';' | '…' => Gap::Break,
        ',' | '(' | ')' | ':' | '"' | '“' | '”' | '—' | '–' | '|' | '[' | ']' => Gap::Comma,
        '.' => Gap::Dot,
        _ => Gap::Space,
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | 'ʼ')
}

fn fold_into(c: char, out: &mut String) {
    match c {
        'a'..='z' | '0'..='9' => out.push(c),
        'A'..='Z' => out.push(c.to_ascii_lowercase()),
        'à' | 'á' | 'â' | 'ä' | 'å' | 'À' | 'Á' | 'Â' => out.push('a'),
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' => out.push('e'),
        'ì' | 'í' | 'î' | 'ï' => out.push('i'),
        'ò' | 'ó' | 'ô' | 'ö' => out.push('o'),
        'ù' | 'ú' | 'û' | 'ü' => out.push('u'),
        _ => out.extend(c.to_lowercase()),
    }
}

/// A name as a running hash of its folded letters: 'Pangkal Pinang' and 'pangkalpinang' are one key (FNV-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    /// The key of no letters.
    pub(crate) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Appends folded letters.
    #[must_use]
    pub(crate) fn with(self, folded: &str) -> Self {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(folded.bytes().fold(self.0, step))
    }

    /// Folds a written name; with how many words it has.
    pub(crate) fn of_name(name: &str) -> (Self, u8) {
        let mut key = Self::EMPTY;
        let mut count = 0;
        let mut inside = false;
        let mut buffer = String::new();
        for c in name.chars() {
            if c.is_ascii_alphanumeric() {
                count += u8::from(!inside);
                inside = true;
                let byte = c.to_ascii_lowercase() as u8;
                key = Self((key.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            } else if c.is_alphanumeric() {
                count += u8::from(!inside);
                inside = true;
                buffer.clear();
                fold_into(c, &mut buffer);
                key = key.with(&buffer);
            } else if !(inside && is_apostrophe(c)) {
                inside = false;
            }
        }
        (key, count)
    }

    /// The hash, already well spread.
    pub(crate) fn hash(self) -> u64 {
        self.0
    }
}

/// Passes a [`Key`] on as its own hash.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct KeyHasher(u64);

impl std::hash::Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        // The table takes its buckets from the low bits and its tags from the high ones.
        self.0 = value ^ (value >> 32);
    }
}

/// A map from the hash of a [`Key`].
pub(crate) type KeyMap<V> = std::collections::HashMap<u64, V, std::hash::BuildHasherDefault<KeyHasher>>;
