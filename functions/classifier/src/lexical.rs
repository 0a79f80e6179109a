//! The lexical channel: hashed character and word n-grams with one linear layer for all heads.
//!
//! It knows the rare spellings and names that a small network forgets; its logits are added to the
//! network's. The file and the n-grams are those of `saring_training.lexical`.

use std::path::Path;

use crate::error::ClassifierError;

const MAGIC: &[u8; 8] = b"SLEX1\0\0\0";
const HEADER_BYTES: usize = 16;
/// Lengths of the character n-grams, in Unicode scalar values.
const GRAMS: std::ops::RangeInclusive<usize> = 3..=5;
const IDF_STEP: f32 = 1.0 / 20.0;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
/// Largest table that a bundle may bring: 2^20 buckets a block.
const BITS_MAX: u32 = 20;

/// The fitted table; a bundle may have none.
pub(crate) struct Lexical {
    bits: u32,
    scale: Vec<f32>,
    bias: Vec<f32>,
    idf: Vec<u8>,
    weight: Vec<i8>,
}

/// One occurrence of an n-gram: its bucket, the chunk of the text that it stands in, its value.
struct Gram {
    bucket: u32,
    chunk: u32,
    value: f32,
}

/// What the channel says of one text.
pub(crate) struct Opinion {
    /// One logit per head, with the bias.
    pub(crate) logits: Vec<f32>,
    grams: Vec<Gram>,
    /// Where each chunk begins, in Unicode scalar values of the text.
    pub(crate) chunks: Vec<usize>,
}

impl std::fmt::Debug for Lexical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexical").field("bits", &self.bits).field("heads", &self.scale.len()).finish_non_exhaustive()
    }
}

impl Lexical {
    /// Reads a table for `heads` heads.
    ///
    /// # Errors
    /// The file can't be read or is no table of that many heads.
    pub(crate) fn load(path: &Path, heads: usize) -> Result<Self, ClassifierError> {
        let bytes = std::fs::read(path).map_err(|source| ClassifierError::Read { path: path.to_owned(), source })?;
        Self::parse(&bytes, heads)
            .ok_or(ClassifierError::Value { key: "lexical.bin", expected: "a table with a weight for each head" })
    }

    fn parse(bytes: &[u8], heads: usize) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let size = number(8)?;
        if bytes.get(..8)? != MAGIC || size > BITS_MAX || number(12)? as usize != heads {
            return None;
        }
        let rows = 2usize << size;
        let idf_at = HEADER_BYTES + 8 * heads;
        if bytes.len() != idf_at + rows * (heads + 1) {
            return None;
        }
        let floats = |from: usize| -> Vec<f32> {
            let raw = bytes[from..from + 4 * heads].chunks_exact(4);
            raw.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let (scale, bias) = (floats(HEADER_BYTES), floats(HEADER_BYTES + 4 * heads));
        if !scale.iter().chain(&bias).all(|v| v.is_finite()) {
            return None;
        }
        let (idf, weight) = bytes[idf_at..].split_at(rows);
        let weight = weight.iter().map(|b| i8::from_le_bytes([*b])).collect();
        Some(Self { bits: size, scale, bias, idf: idf.to_vec(), weight })
    }

    /// Scores a normalised text, or a window of one.
    pub(crate) fn read(&self, text: &str) -> Opinion {
        let (mut grams, chunks) = self.grams(text);
        let mut buckets: Vec<u32> = grams.iter().map(|g| g.bucket).collect();
        buckets.sort_unstable();
        let mut counted: Vec<(u32, f32)> = Vec::with_capacity(buckets.len());
        let mut squares = [0.0f32; 2];
        for run in buckets.chunk_by(|a, b| a == b) {
            let value = (1.0 + (run.len() as f32).ln()) * f32::from(self.idf[run[0] as usize]) * IDF_STEP;
            squares[self.block(run[0])] += value * value;
            counted.push((run[0], value));
        }
        let norms = squares.map(|s| s.sqrt().max(1e-6));
        let heads = self.scale.len();
        let mut sums = vec![0.0f32; heads];
        for (bucket, value) in &mut counted {
            *value /= norms[self.block(*bucket)];
            for (sum, weight) in sums.iter_mut().zip(self.row(*bucket)) {
                *sum += *value * f32::from(*weight);
            }
        }
        let repeats =
            |bucket: u32| buckets.partition_point(|b| *b <= bucket) - buckets.partition_point(|b| *b < bucket);
        for gram in &mut grams {
            if let Ok(at) = counted.binary_search_by_key(&gram.bucket, |(b, _)| *b) {
                gram.value = counted[at].1 / repeats(gram.bucket) as f32;
            }
        }
        let logits = sums.iter().zip(&self.scale).zip(&self.bias).map(|((s, scale), bias)| s * scale + bias).collect();
        Opinion { logits, grams, chunks }
    }

    /// Summands of the first `heads` heads, gathered to chunks: `(chunk, head, summand)`.
    pub(crate) fn summands(&self, opinion: &Opinion, heads: usize, mut add: impl FnMut(usize, usize, f32)) {
        for gram in &opinion.grams {
            for (head, weight) in self.row(gram.bucket)[..heads].iter().enumerate() {
                if *weight != 0 {
                    add(gram.chunk as usize, head, gram.value * f32::from(*weight) * self.scale[head]);
                }
            }
        }
    }

    fn row(&self, bucket: u32) -> &[i8] {
        let heads = self.scale.len();
        &self.weight[bucket as usize * heads..][..heads]
    }

    fn block(&self, bucket: u32) -> usize {
        usize::from(bucket >> self.bits != 0)
    }

    fn grams(&self, text: &str) -> (Vec<Gram>, Vec<usize>) {
        let mut found = Vec::with_capacity(text.len() * 3);
        let mut chunks = Vec::new();
        let mut last_word: Option<&str> = None;
        let (mut at, mut counted) = (0, 0);
        for chunk in text.split_whitespace() {
            // Both are slices of the same text.
            let byte = chunk.as_ptr() as usize - text.as_ptr() as usize;
            counted += text[at..byte].chars().count();
            at = byte;
            let place = chunks.len() as u32;
            chunks.push(counted);
            let mut push = |bucket: u32| found.push(Gram { bucket, chunk: place, value: 0.0 });
            self.characters(chunk, &mut push);
            let word = chunk.trim_matches(|c: char| c.is_ascii_punctuation());
            if !word.is_empty() {
                let words = 1 << self.bits;
                push(words + self.fold(fnv(FNV_OFFSET, word)));
                if let Some(before) = last_word {
                    push(words + self.fold(fnv(fnv(fnv(FNV_OFFSET, before), " "), word)));
                }
                last_word = Some(word);
            }
        }
        (found, chunks)
    }

    fn characters(&self, chunk: &str, push: &mut impl FnMut(u32)) {
        let padded: Vec<char> = std::iter::once(' ').chain(chunk.chars()).chain([' ']).collect();
        let mut buffer = [0; 4];
        for start in 0..padded.len() {
            let mut state = FNV_OFFSET;
            for (i, c) in padded[start..].iter().take(*GRAMS.end()).enumerate() {
                state = fnv(state, c.encode_utf8(&mut buffer));
                if GRAMS.contains(&(i + 1)) {
                    push(self.fold(state));
                }
            }
        }
    }

    /// A bucket; the multiplication alone leaves the low bits weak.
    fn fold(&self, state: u64) -> u32 {
        let state = state ^ (state >> 32);
        ((state ^ (state >> 16)) & ((1 << self.bits) - 1)) as u32
    }
}

fn fnv(state: u64, text: &str) -> u64 {
    text.bytes().fold(state, |state, byte| (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(heads: usize) -> Vec<u8> {
        const BITS: u32 = 16;
        let buckets = 2usize << BITS;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(BITS.to_le_bytes());
        bytes.extend((heads as u32).to_le_bytes());
        bytes.extend((0..heads).flat_map(|_| 0.01f32.to_le_bytes()));
        bytes.extend((0..heads).flat_map(|_| 0.5f32.to_le_bytes()));
        bytes.extend((0..buckets).map(|i| 20 + (i % 90) as u8));
        bytes.extend((0..buckets * heads).map(|i| (i % 251) as u8));
        bytes
    }

    /// The same figures stand in `models/training/tests/test_lexical.py`.
    #[test]
    fn buckets_and_logits_are_those_of_the_trainer() {
        let lexical = Lexical::parse(&table(3), 3).expect("a table");
        let opinion = lexical.read("jalan [CAPS] jalan, rusak é");
        let mut buckets: Vec<u32> = opinion.grams.iter().map(|g| g.bucket).collect();
        buckets.sort_unstable();
        assert_eq!(buckets.len(), BUCKETS);
        assert_eq!(buckets.iter().map(|b| u64::from(*b)).sum::<u64>(), BUCKET_SUM);
        for (found, expected) in opinion.logits.iter().zip(LOGITS) {
            assert!((found - expected).abs() < 1e-3, "{:?}", opinion.logits);
        }
    }
    const BUCKETS: usize = 64;
    const BUCKET_SUM: u64 = 2_652_986;
    const LOGITS: [f32; 3] = [-0.1455, -0.0576, 0.0303];

    #[test]
    fn summands_add_up_to_the_logits() {
        let lexical = Lexical::parse(&table(3), 3).expect("a table");
        for text in ["", "  ", "a", "jalan rusak jalan rusak!!", "😀😀 é\u{301} ditutup"] {
            let opinion = lexical.read(text);
            let mut sums = lexical.bias.clone();
            lexical.summands(&opinion, 3, |chunk, head, value| {
                assert!(chunk < opinion.chunks.len());
                sums[head] += value;
            });
            for (sum, logit) in sums.iter().zip(&opinion.logits) {
                assert!((sum - logit).abs() < 1e-3, "{sum} {logit}");
            }
        }
    }

    #[test]
    fn chunks_begin_where_they_stand() {
        let lexical = Lexical::parse(&table(1), 1).expect("a table");
        assert_eq!(lexical.read("é  di sini").chunks, [0, 3, 6]);
    }

    #[test]
    fn a_damaged_table_is_refused() {
        let whole = table(3);
        assert!(Lexical::parse(&whole, 4).is_none());
        for length in [0, 7, 15, 40, whole.len() - 1] {
            assert!(Lexical::parse(&whole[..length], 3).is_none(), "{length} bytes");
        }
        let mut other = whole.clone();
        other[0] = b'X';
        assert!(Lexical::parse(&other, 3).is_none());
        let mut infinite = whole;
        infinite[16..20].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert!(Lexical::parse(&infinite, 3).is_none());
    }
}
