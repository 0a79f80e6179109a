//! The lexical channel: hashed character and word n-grams with one linear layer for all heads.
//!
//! It knows the rare spellings and names that a small network forgets; its logits are added to the
//! network's. The file and the n-grams are those of `saring_training.lexical`.
//!
//! Some heads have a further column for some kinds of text (an expert): what a set of tweets calls
//! abuse is not what a report is held for. Columns of their own tell the kinds apart, and each text
//! takes its logit from the head's column and its experts by their shares.

use std::sync::Arc;

use crate::error::ClassifierError;

/// Heads alone.
const MAGIC: &[u8; 8] = b"SLEX1\0\0\0";
/// With experts and kinds.
const MAGIC_EXPERTS: &[u8; 8] = b"SLEX2\0\0\0";
const HEADER_BYTES: usize = 16;
const HEADER_EXPERTS_BYTES: usize = 24;
const EXPERT_BYTES: usize = 8;
/// Most kinds of text: each is a bit of an expert.
const KINDS_MAX: usize = 32;
/// Most experts that a table may bring.
const EXPERTS_MAX: usize = 1024;
/// Lengths of the character n-grams, in Unicode scalar values.
const GRAMS: std::ops::RangeInclusive<usize> = 3..=5;
const IDF_STEP: f32 = 1.0 / 20.0;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
/// Largest table that a bundle may bring: 2^20 buckets a block.
const BITS_MAX: u32 = 20;

/// The fitted table; a bundle may have none. Its columns are heads, experts and kinds, in this order.
pub(crate) struct Lexical {
    bits: u32,
    heads: usize,
    experts: Vec<Expert>,
    scale: Vec<f32>,
    bias: Vec<f32>,
    /// The file, read in place: a copy would cost as much time as its hash.
    bytes: Arc<Vec<u8>>,
    idf_at: usize,
    weight_at: usize,
}

/// A column that judges for `head` in some kinds of text.
#[derive(Clone, Copy)]
struct Expert {
    head: usize,
    /// One bit a kind.
    kinds: u32,
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
    /// What each head and expert counts for in this text.
    shares: Vec<f32>,
    /// What the experts' biases add to each head.
    offsets: Vec<f32>,
    /// Where each chunk begins, in Unicode scalar values of the text.
    pub(crate) chunks: Vec<usize>,
}

impl std::fmt::Debug for Lexical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexical").field("bits", &self.bits).field("heads", &self.heads).finish_non_exhaustive()
    }
}

impl Lexical {
    /// A table for `heads` heads from the bytes of its file.
    ///
    /// # Errors
    /// It is no table of that many heads.
    pub(crate) fn load(bytes: Arc<Vec<u8>>, heads: usize) -> Result<Self, ClassifierError> {
        Self::parse(bytes, heads)
            .ok_or(ClassifierError::Value { key: "lexical.bin", expected: "a table with a weight for each head" })
    }

    fn parse(bytes: Arc<Vec<u8>>, heads: usize) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let size = number(8)?;
        if size > BITS_MAX || number(12)? as usize != heads {
            return None;
        }
        let (kinds, count, experts_at) = match bytes.get(..8)? {
            magic if magic == MAGIC => (0, 0, HEADER_BYTES),
            magic if magic == MAGIC_EXPERTS => {
                (number(HEADER_BYTES)? as usize, number(HEADER_BYTES + 4)? as usize, HEADER_EXPERTS_BYTES)
            }
            _ => return None,
        };
        if kinds > KINDS_MAX || count > EXPERTS_MAX || (kinds == 0 && count > 0) {
            return None;
        }
        let experts = (0..count)
            .map(|i| {
                let at = experts_at + EXPERT_BYTES * i;
                let (head, bits) = (number(at)? as usize, number(at + 4)?);
                (head < heads && u64::from(bits) < 1 << kinds).then_some(Expert { head, kinds: bits })
            })
            .collect::<Option<Vec<_>>>()?;
        let (rows, columns) = (2usize << size, heads + count + kinds);
        let scale_at = experts_at + EXPERT_BYTES * count;
        let idf_at = scale_at + 8 * columns;
        if bytes.len() != idf_at + rows * (columns + 1) {
            return None;
        }
        let floats = |from: usize| -> Vec<f32> {
            let raw = bytes[from..from + 4 * columns].chunks_exact(4);
            raw.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let (scale, bias) = (floats(scale_at), floats(scale_at + 4 * columns));
        if !scale.iter().chain(&bias).all(|v| v.is_finite()) {
            return None;
        }
        Some(Self { bits: size, heads, experts, scale, bias, bytes, idf_at, weight_at: idf_at + rows })
    }

    /// Scores a normalised text, or a window of one.
    pub(crate) fn read(&self, text: &str) -> Opinion {
        let (mut grams, chunks) = self.grams(text);
        let mut buckets: Vec<u32> = grams.iter().map(|g| g.bucket).collect();
        buckets.sort_unstable();
        let mut counted: Vec<(u32, f32)> = Vec::with_capacity(buckets.len());
        let mut squares = [0.0f32; 2];
        for run in buckets.chunk_by(|a, b| a == b) {
            let value =
                (1.0 + (run.len() as f32).ln()) * f32::from(self.bytes[self.idf_at + run[0] as usize]) * IDF_STEP;
            squares[self.block(run[0])] += value * value;
            counted.push((run[0], value));
        }
        let norms = squares.map(|s| s.sqrt().max(1e-6));
        let mut sums = vec![0.0f32; self.scale.len()];
        for (bucket, value) in &mut counted {
            *value /= norms[self.block(*bucket)];
            for (sum, weight) in sums.iter_mut().zip(self.row(*bucket)) {
                *sum += *value * f32::from(weight.cast_signed());
            }
        }
        let repeats =
            |bucket: u32| buckets.partition_point(|b| *b <= bucket) - buckets.partition_point(|b| *b < bucket);
        for gram in &mut grams {
            if let Ok(at) = counted.binary_search_by_key(&gram.bucket, |(b, _)| *b) {
                gram.value = counted[at].1 / repeats(gram.bucket) as f32;
            }
        }
        for (sum, scale) in sums.iter_mut().zip(&self.scale) {
            *sum *= scale;
        }
        let shares = self.shares(&sums, grams.is_empty());
        let mut logits: Vec<f32> = (0..self.heads).map(|head| sums[head] * shares[head] + self.bias[head]).collect();
        let mut offsets = vec![0.0; self.heads];
        for (at, expert) in (self.heads..).zip(&self.experts) {
            let offset = shares[at] * (self.bias[at] - self.bias[expert.head]);
            offsets[expert.head] += offset;
            logits[expert.head] += sums[at] * shares[at] + offset;
        }
        Opinion { logits, grams, shares, offsets, chunks }
    }

    /// What each head and expert counts for. A text without an n-gram is of the first kind.
    fn shares(&self, sums: &[f32], is_empty: bool) -> Vec<f32> {
        let own = self.heads + self.experts.len();
        let mut out = vec![1.0; own];
        let mut kinds: Vec<f32> = sums[own..].iter().zip(&self.bias[own..]).map(|(s, b)| s + b).collect();
        let top = kinds.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for (at, kind) in kinds.iter_mut().enumerate() {
            *kind = if is_empty { f32::from(u8::from(at == 0)) } else { (*kind - top).exp() };
        }
        let total: f32 = kinds.iter().sum();
        for (at, expert) in (self.heads..).zip(&self.experts) {
            let ours = kinds.iter().enumerate().filter(|(kind, _)| expert.kinds >> kind & 1 == 1);
            out[at] = ours.map(|(_, share)| share / total).sum();
            out[expert.head] -= out[at];
        }
        out
    }

    /// Summands of the first `heads` heads, gathered to chunks: `(chunk, head, summand)`.
    ///
    /// The experts' biases belong to no n-gram, so all carry them alike.
    pub(crate) fn summands(&self, opinion: &Opinion, heads: usize, mut add: impl FnMut(usize, usize, f32)) {
        let carried: Vec<f32> = opinion.offsets.iter().map(|o| o / opinion.grams.len().max(1) as f32).collect();
        for gram in &opinion.grams {
            let (chunk, row) = (gram.chunk as usize, self.row(gram.bucket));
            let summand =
                |at: usize| gram.value * f32::from(row[at].cast_signed()) * self.scale[at] * opinion.shares[at];
            for head in 0..heads {
                if row[head] != 0 || carried[head] != 0.0 {
                    add(chunk, head, summand(head) + carried[head]);
                }
            }
            for (at, expert) in (self.heads..).zip(&self.experts) {
                if row[at] != 0 && expert.head < heads {
                    add(chunk, expert.head, summand(at));
                }
            }
        }
    }

    /// Weights of all columns, each a signed byte.
    fn row(&self, bucket: u32) -> &[u8] {
        let columns = self.scale.len();
        &self.bytes[self.weight_at + bucket as usize * columns..][..columns]
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

    fn parsed(bytes: &[u8], heads: usize) -> Option<Lexical> {
        Lexical::parse(Arc::new(bytes.to_vec()), heads)
    }

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
        let lexical = parsed(&table(3), 3).expect("a table");
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

    /// Three heads, an expert of the first for the second kind, one of the last for the second and third.
    fn table_with_experts() -> Vec<u8> {
        const COLUMNS: usize = 8;
        let mut bytes = MAGIC_EXPERTS.to_vec();
        bytes.extend([16u32, 3, 3, 2, 0, 0b10, 2, 0b110].into_iter().flat_map(u32::to_le_bytes));
        bytes.extend((0..COLUMNS).flat_map(|i| (0.01 + i as f32 / 500.0).to_le_bytes()));
        bytes.extend((0..COLUMNS).flat_map(|i| (0.5 - i as f32 / 4.0).to_le_bytes()));
        bytes.extend((0..2usize << 16).map(|i| 20 + (i % 90) as u8));
        bytes.extend((0..(2usize << 16) * COLUMNS).map(|i| (i % 251) as u8));
        bytes
    }

    /// The same figures stand in `models/training/tests/test_lexical.py`.
    #[test]
    fn experts_and_kinds_are_those_of_the_trainer() {
        let lexical = parsed(&table_with_experts(), 3).expect("a table");
        for (found, expected) in lexical.read("jalan [CAPS] jalan, rusak é").logits.iter().zip(EXPERT_LOGITS) {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
        let empty = lexical.read(" ").logits;
        assert_eq!(empty, lexical.bias[..3], "nothing says that it is no report");
    }
    const EXPERT_LOGITS: [f32; 3] = [2.3677, 2.7116, 1.4067];

    #[test]
    fn experts_of_unknown_heads_or_kinds_are_refused() {
        let whole = table_with_experts();
        assert!(parsed(&whole, 3).is_some());
        for (at, value) in [(8, 21), (16, 2), (16, 0), (16, 33), (20, 1), (24, 3), (28, 0b1000)] {
            let mut other = whole.clone();
            other[at] = value;
            assert!(parsed(&other, 3).is_none(), "{value} at {at}");
        }
        assert!(parsed(&whole[..whole.len() - 1], 3).is_none());
    }

    #[test]
    fn summands_add_up_to_the_logits() {
        for table in [table(3), table_with_experts()] {
            add_up(&parsed(&table, 3).expect("a table"));
        }
    }

    fn add_up(lexical: &Lexical) {
        for text in ["", "  ", "a", "jalan rusak jalan rusak!!", "😀😀 é\u{301} ditutup"] {
            let opinion = lexical.read(text);
            let mut sums = lexical.bias[..3].to_vec();
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
        let lexical = parsed(&table(1), 1).expect("a table");
        assert_eq!(lexical.read("é  di sini").chunks, [0, 3, 6]);
    }

    #[test]
    fn a_damaged_table_is_refused() {
        let whole = table(3);
        assert!(parsed(&whole, 4).is_none());
        for length in [0, 7, 15, 40, whole.len() - 1] {
            assert!(parsed(&whole[..length], 3).is_none(), "{length} bytes");
        }
        let mut other = whole.clone();
        other[0] = b'X';
        assert!(parsed(&other, 3).is_none());
        let mut infinite = whole;
        infinite[16..20].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert!(parsed(&infinite, 3).is_none());
    }
}
