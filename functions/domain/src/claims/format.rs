//! The file of an index: a magic word, the hash of all that follows, a header, and sections.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"SARINGC1";
const HASH_BYTES: usize = 32;
/// Longest header, in bytes.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Sections begin at multiples of this.
const ALIGN_BYTES: usize = 64;

/// Why a file is no index that can be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Not an index of this version of the format.
    #[error("not an index of claims of this version; 'saring claims build' writes one")]
    Magic,
    /// The file was cut off or changed.
    #[error("index of claims is damaged: {0}")]
    Damaged(&'static str),
    /// Embeddings of two bundles can't be compared.
    #[error(
        "index of claims was built for bundle '{built_for}', this is bundle '{bundle}'; 'saring claims build' builds it again"
    )]
    Bundle {
        /// The bundle that the index names.
        built_for: String,
        /// The bundle that asks.
        bundle: String,
    },
    /// The embedding of a claim has another length than the one before.
    #[error("embedding of claim {at} has {actual} numbers, {expected} expected")]
    Dimensions {
        /// Place of the claim, from 0.
        at: usize,
        /// Its length.
        actual: usize,
        /// The length of the others.
        expected: usize,
    },
}

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Bundle that made the embeddings.
    pub(super) bundle: String,
    /// SHA-256 of the claims file, for the bundle's own index.
    pub(super) source: String,
    pub(super) claims: usize,
    pub(super) forms: usize,
    pub(super) words: usize,
    pub(super) dimensions: usize,
    pub(super) clusters: usize,
    /// Inverse document frequency of a word that no text holds, as bits.
    pub(super) idf_unseen: u32,
    /// Lengths of the sections, in bytes.
    pub(super) sections: Vec<usize>,
}

/// Joins header and sections to a file.
pub(super) fn write(mut header: Header, sections: &[Vec<u8>]) -> Vec<u8> {
    header.sections = sections.iter().map(Vec::len).collect();
    let json = serde_json::to_vec(&header).expect("a header is plain data");
    let length: usize = sections.iter().map(|s| s.len() + ALIGN_BYTES).sum();
    let mut out = Vec::with_capacity(length + json.len() + 2 * ALIGN_BYTES);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[0; HASH_BYTES]);
    out.extend_from_slice(&(json.len() as u64).to_le_bytes());
    out.extend_from_slice(&json);
    for section in sections {
        out.resize(out.len().next_multiple_of(ALIGN_BYTES), 0);
        out.extend_from_slice(section);
    }
    let body = MAGIC.len() + HASH_BYTES;
    let hash = Sha256::digest(&out[body..]);
    out[MAGIC.len()..body].copy_from_slice(&hash);
    out
}

/// Checks magic word and hash; gives the header and where each section stands.
pub(super) fn read(bytes: &[u8]) -> Result<(Header, Vec<std::ops::Range<usize>>), IndexError> {
    let body = MAGIC.len() + HASH_BYTES;
    if bytes.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(IndexError::Magic);
    }
    let hash = bytes.get(MAGIC.len()..body).ok_or(IndexError::Damaged("too short"))?;
    if Sha256::digest(&bytes[body..])[..] != *hash {
        return Err(IndexError::Damaged("its sha-256 differs"));
    }
    let length: [u8; 8] =
        bytes.get(body..body + 8).and_then(|b| b.try_into().ok()).ok_or(IndexError::Damaged("too short"))?;
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > HEADER_BYTES_MAX {
        return Err(IndexError::Damaged("its header is too long"));
    }
    let json = bytes.get(body + 8..body + 8 + length).ok_or(IndexError::Damaged("too short"))?;
    let header: Header = serde_json::from_slice(json).map_err(|_| IndexError::Damaged("its header is not valid"))?;
    let mut at = body + 8 + length;
    let mut ranges = Vec::with_capacity(header.sections.len());
    for length in &header.sections {
        let from = at.next_multiple_of(ALIGN_BYTES);
        at = from.checked_add(*length).filter(|end| *end <= bytes.len()).ok_or(IndexError::Damaged("too short"))?;
        ranges.push(from..at);
    }
    Ok((header, ranges))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at * 4..at * 4 + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let read = |b: &[u8]| b.try_into().map_or(0, u64::from_le_bytes);
    bytes.get(at * 8..at * 8 + 8).map_or(0, read)
}

pub(super) fn f32_at(bytes: &[u8], at: usize) -> f32 {
    f32::from_bits(u32_at(bytes, at))
}

pub(super) fn u32_bytes(values: impl IntoIterator<Item = u32>) -> Vec<u8> {
    values.into_iter().flat_map(u32::to_le_bytes).collect()
}

pub(super) fn f32_bytes(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}
