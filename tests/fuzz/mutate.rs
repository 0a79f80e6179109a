//! New inputs from old ones.

/// Longest input, in bytes.
const INPUT_BYTES_MAX: usize = 6_000;

/// What formats are made of, and what people write to get past them.
const WORDS: [&str; 38] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\u{200b}",
    "\u{202e}",
    "\u{301}",
    "\u{1f468}\u{200d}\u{1f469}",
    "\u{ff11}\u{ff12}",
    "\u{2460}",
    "\u{feff}",
    "\u{1d5e6}",
    "\u{130}",
    "\u{df}",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "%00",
    "%",
    "&",
    "=",
    "../",
    "0812 3456 7890",
    "3374010101900001",
    "Kota Semarang",
    "Jl. Merdeka No. 7",
];

/// Changes inputs by chance, the same for the same seed.
pub(crate) struct Mutator {
    state: u64,
    words: &'static [&'static str],
}

impl Mutator {
    pub(crate) fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { state: seed, words }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// A changed copy of one of these.
    pub(crate) fn mutate(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut input = pool[self.below(pool.len())].clone();
        for _ in 0..=self.below(4) {
            self.step(&mut input, pool);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn step(&mut self, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = at + self.below((input.len() - at).min(64) + 1);
        match self.below(9) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.next() as u8,
            2 => drop(input.drain(at..end)),
            3 => {
                let piece = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            4 => {
                let other = &pool[self.below(pool.len())];
                let from = self.below(other.len() + 1);
                let to = from + self.below((other.len() - from).min(200) + 1);
                input.splice(at..at, other[from..to].iter().copied());
            }
            5 => input.truncate(at),
            6 if !self.words.is_empty() => {
                let word = self.words[self.below(self.words.len())];
                input.splice(at..at, word.bytes());
            }
            7 => {
                let word = WORDS[self.below(WORDS.len())].repeat(1 + self.below(3));
                input.splice(at..end, word.bytes());
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(at..at, word.bytes());
            }
        }
    }
}
