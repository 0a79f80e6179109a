//! The unigram model of the tokenizer: the best split of a word into pieces of the vocabulary.
//!
//! It splits exactly as the tokenizer library's own (the tests compare them), and loads in a tenth of
//! the time: pieces stand in one string and are found by one hash table, in place of a tree with a map
//! in each node, which a short-lived process spends more time on than on its first verdict.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tokenizers::models::unigram::{UnigramError, UnigramTrainer};
use tokenizers::{Model, Result, Token};

/// An unknown character scores by so much less than the least likely piece.
const UNKNOWN_PENALTY: f64 = 10.0;
const NONE: u32 = u32::MAX;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
/// Longest piece, in bytes, that a vocabulary may hold: each place of a text is tried with all lengths.
const PIECE_BYTES_MAX: usize = 256;

/// A vocabulary of pieces with their scores.
pub(crate) struct Pieces {
    text: String,
    /// Where each piece ends in `text`.
    ends: Vec<u32>,
    scores: Vec<f64>,
    /// Ids by the hash of their piece, with open addressing.
    table: Vec<u32>,
    bytes_max: usize,
    unknown: Option<u32>,
    unknown_score: f64,
}

/// The best way to a place of a text.
#[derive(Clone, Copy)]
struct Node {
    score: f64,
    from: usize,
    id: u32,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("pieces", &self.ends.len()).finish_non_exhaustive()
    }
}

impl Pieces {
    fn of(vocabulary: Vocabulary, unknown: Option<u32>) -> std::result::Result<Self, UnigramError> {
        let Vocabulary { text, ends, scores } = vocabulary;
        if unknown.is_some_and(|id| id as usize >= ends.len()) {
            return Err(UnigramError::UnkIdNotInVocabulary);
        }
        let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let table = vec![NONE; (2 * ends.len()).next_power_of_two()];
        let unknown_score = least - UNKNOWN_PENALTY;
        let mut pieces = Self { text, ends, scores, table, bytes_max: 0, unknown, unknown_score };
        for id in 0..pieces.ends.len() as u32 {
            let piece = pieces.piece(id).as_bytes();
            let (Ok(place) | Err(place)) = pieces.place(hash(piece), piece);
            let length = piece.len();
            pieces.bytes_max = pieces.bytes_max.max(length);
            // Of two that are the same the later counts.
            pieces.table[place] = id;
        }
        Ok(pieces)
    }

    fn piece(&self, id: u32) -> &str {
        let from = id.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.text[from as usize..self.ends[id as usize] as usize]
    }

    /// Where a piece stands in the table, or where it would.
    fn place(&self, hash: u64, bytes: &[u8]) -> std::result::Result<usize, usize> {
        let mask = self.table.len() - 1;
        let mut place = (hash ^ (hash >> 32)) as usize & mask;
        loop {
            match self.table[place] {
                NONE => return Err(place),
                id if self.piece(id).as_bytes() == bytes => return Ok(place),
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn id(&self, hash: u64, bytes: &[u8]) -> Option<u32> {
        self.place(hash, bytes).ok().map(|place| self.table[place])
    }

    /// The best way to the end of `word`: at each place the piece that ends there, and from where.
    fn ways(&self, word: &str) -> std::result::Result<Vec<Option<Node>>, UnigramError> {
        let mut best: Vec<Option<Node>> = vec![None; word.len() + 1];
        for (from, first) in word.char_indices() {
            let so_far = best[from].map_or(0.0, |node| node.score);
            let mut reach = |to: usize, score: f64, id: u32| {
                let score = so_far + score;
                if best[to].is_none_or(|node| score > node.score) {
                    best[to] = Some(Node { score, from, id });
                }
            };
            let (mut state, mut single) = (FNV_OFFSET, false);
            for (i, byte) in word.as_bytes()[from..].iter().take(self.bytes_max).enumerate() {
                state = fnv(state, *byte);
                let to = from + i + 1;
                if !word.is_char_boundary(to) {
                    continue;
                }
                if let Some(id) = self.id(state, &word.as_bytes()[from..to]) {
                    reach(to, self.scores[id as usize], id);
                    single |= i + 1 == first.len_utf8();
                }
            }
            if !single {
                reach(from + first.len_utf8(), self.unknown_score, self.unknown.ok_or(UnigramError::MissingUnkId)?);
            }
        }
        Ok(best)
    }
}

impl Model for Pieces {
    type Trainer = UnigramTrainer;

    fn tokenize(&self, sequence: &str) -> Result<Vec<Token>> {
        let best = self.ways(sequence)?;
        let mut tokens: Vec<Token> = Vec::new();
        let mut to = sequence.len();
        while to > 0 {
            let Some(node) = best[to] else { return Err(Box::new(UnigramError::MissingUnkId)) };
            let id = node.id;
            match tokens.last_mut() {
                // Unknown characters beside each other are one token.
                Some(after) if Some(id) == self.unknown && Some(after.id) == self.unknown => {
                    after.offsets.0 = node.from;
                    sequence[node.from..after.offsets.1].clone_into(&mut after.value);
                }
                _ => tokens.push(Token::new(id, sequence[node.from..to].to_owned(), (node.from, to))),
            }
            to = node.from;
        }
        tokens.reverse();
        Ok(tokens)
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.id(hash(token.as_bytes()), token.as_bytes())
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        ((id as usize) < self.ends.len()).then(|| self.piece(id).to_owned())
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        (0..self.ends.len() as u32).map(|id| (self.piece(id).to_owned(), id)).collect()
    }

    fn get_vocab_size(&self) -> usize {
        self.ends.len()
    }

    fn save(&self, _: &Path, _: Option<&str>) -> Result<Vec<PathBuf>> {
        Err("a vocabulary is written by the training alone".into())
    }

    fn get_trainer(&self) -> Self::Trainer {
        UnigramTrainer::default()
    }
}

fn fnv(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(FNV_OFFSET, |state, byte| fnv(state, *byte))
}

/// The pieces one after the other.
#[derive(Default)]
struct Vocabulary {
    text: String,
    ends: Vec<u32>,
    scores: Vec<f64>,
}

#[derive(Deserialize)]
struct Entry<'a>(#[serde(borrow)] Cow<'a, str>, f64);

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vocabulary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("pieces with their scores")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> std::result::Result<Vocabulary, A::Error> {
                let mut found = Vocabulary::default();
                while let Some(Entry(piece, score)) = entries.next_element()? {
                    if piece.len() > PIECE_BYTES_MAX || score.is_nan() {
                        return Err(A::Error::custom("a piece is too long or has no score"));
                    }
                    found.text.push_str(&piece);
                    found.ends.push(u32::try_from(found.text.len()).map_err(A::Error::custom)?);
                    found.scores.push(score);
                }
                Ok(found)
            }
        }
        deserializer.deserialize_seq(Entries)
    }
}

impl<'de> Deserialize<'de> for Pieces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Unigram {
            r#type: String,
            unk_id: Option<u32>,
            vocab: Vocabulary,
            #[serde(default)]
            byte_fallback: bool,
        }
        let model = Unigram::deserialize(deserializer)?;
        if model.r#type != "Unigram" || model.byte_fallback {
            return Err(D::Error::custom(
                "the tokenizer's model must be a unigram model without bytes to fall back on",
            ));
        }
        Self::of(model.vocab, model.unk_id).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use tokenizers::models::unigram::Unigram;

    use super::*;

    /// `SplitMix64`.
    fn next(state: &mut u64) -> usize {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 31)) as usize
    }

    fn vocabulary() -> Vec<(String, f64)> {
        let words = ["<unk>", "a", "b", "é", "ab", "ba", "aba", "bab", "▁", "▁a", "▁ab", "é▁", "abab", "x", "a"];
        words.iter().enumerate().map(|(i, word)| ((*word).to_owned(), -0.5 - (i * 7 % 11) as f64)).collect()
    }

    /// Ties, unknown characters, repeats in the vocabulary, letters of several bytes.
    #[test]
    fn splits_as_the_library_does() {
        let json = serde_json::json!({ "type": "Unigram", "unk_id": 0, "vocab": vocabulary(), "byte_fallback": false });
        let ours: Pieces = serde_json::from_value(json).expect("a vocabulary");
        let theirs = Unigram::from(vocabulary(), Some(0), false).expect("a vocabulary");
        let (letters, mut state) = (['a', 'b', 'é', '▁', 'x', 'q', '💧'], 7);
        for _ in 0..20_000 {
            let length = next(&mut state) % 14;
            let word: String = (0..length).map(|_| letters[next(&mut state) % letters.len()]).collect();
            let (ours, theirs) = (ours.tokenize(&word), theirs.tokenize(&word));
            assert_eq!(ours.expect("it splits"), theirs.expect("it splits"), "{word}");
        }
    }

    #[test]
    fn what_is_no_such_model_is_refused() {
        let models = [
            r#"{"type":"BPE","unk_id":0,"vocab":[["a",0.0]]}"#,
            r#"{"type":"Unigram","unk_id":1,"vocab":[["a",0.0]]}"#,
            r#"{"type":"Unigram","unk_id":0,"vocab":[["a",0.0]],"byte_fallback":true}"#,
            r#"{"type":"Unigram","unk_id":0,"vocab":[["a"]]}"#,
        ];
        for model in models {
            assert!(serde_json::from_str::<Pieces>(model).is_err(), "{model}");
        }
        let without: Pieces =
            serde_json::from_str(r#"{"type":"Unigram","unk_id":null,"vocab":[["a",-1.0]]}"#).expect("it is one");
        assert_eq!(without.tokenize("a").expect("a piece").len(), 1);
        assert!(without.tokenize("b").is_err(), "there is no token for what is unknown");
    }
}
