//! The two ids of a case: the reporter's secret one and the public one made from it.

use std::fmt;

use sha2::{Digest, Sha256};

/// Random bytes in a tracking id: 80 bits, beyond guessing.
pub const TRACKING_BYTES: usize = 10;

const CHARS: usize = 16;
const GROUP_CHARS: usize = 4;
/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Keeps the hash apart from other uses of the same bytes.
const CASE_DOMAIN: &[u8] = b"saring case id\0";

/// Why a string is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {CHARS} characters of crockford's base 32, with or without hyphens")]
pub struct IdError {
    what: &'static str,
}

/// By what a reporter follows a report. Whoever knows it is taken for the reporter, so it never
/// appears on the public side; [`CaseId`] does. `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackingId([u8; TRACKING_BYTES]);

impl TrackingId {
    /// An id of random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; TRACKING_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads an id as people type it: any case, hyphens and blanks anywhere, O for 0, I or L for 1.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        decode(text).map(Self).ok_or(IdError { what: "a tracking id" })
    }

    /// The public id of the case, from which this one can't be found.
    #[must_use]
    pub fn case_id(&self) -> CaseId {
        let digest = Sha256::new().chain_update(CASE_DOMAIN).chain_update(self.0).finalize();
        let mut bytes = [0; TRACKING_BYTES];
        bytes.copy_from_slice(&digest[..TRACKING_BYTES]);
        CaseId(bytes)
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars = encode(&self.0);
        let (first, rest) = chars.split_at(GROUP_CHARS);
        let (second, rest) = rest.split_at(GROUP_CHARS);
        let (third, fourth) = rest.split_at(GROUP_CHARS);
        write!(f, "{first}-{second}-{third}-{fourth}")
    }
}

impl fmt::Debug for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrackingId(…)")
    }
}

/// The public id of a case: in the table's keys, the feed and the console.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId([u8; TRACKING_BYTES]);

impl CaseId {
    /// Reads what `Display` writes.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        decode(text).map(Self).ok_or(IdError { what: "a case id" })
    }

    /// The first byte, which is spread evenly: for sharding.
    #[must_use]
    pub const fn shard_byte(&self) -> u8 {
        self.0[0]
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseId({self})")
    }
}

fn encode(bytes: &[u8; TRACKING_BYTES]) -> String {
    let mut bits = 0_u128;
    for byte in bytes {
        bits = bits << 8 | u128::from(*byte);
    }
    (0..CHARS).rev().map(|at| char::from(ALPHABET[(bits >> (at * 5) & 31) as usize])).collect()
}

fn decode(text: &str) -> Option<[u8; TRACKING_BYTES]> {
    let mut bits = 0_u128;
    let mut count = 0;
    for c in text.bytes().filter(|c| !matches!(c, b'-' | b' ')) {
        let c = match c.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            c => c,
        };
        let value = ALPHABET.iter().position(|known| *known == c)?;
        bits = bits << 5 | value as u128;
        count += 1;
        if count > CHARS {
            return None;
        }
    }
    let bytes = bits.to_be_bytes();
    let mut id = [0; TRACKING_BYTES];
    id.copy_from_slice(&bytes[bytes.len() - TRACKING_BYTES..]);
    (count == CHARS).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_writing_and_reading() {
        for seed in 0..=255_u8 {
            let id = TrackingId::from_bytes(std::array::from_fn(|i| seed.wrapping_mul(i as u8 + 31) ^ seed));
            assert_eq!(TrackingId::parse(&id.to_string()), Ok(id));
            assert_eq!(CaseId::parse(&id.case_id().to_string()), Ok(id.case_id()));
        }
    }

    #[test]
    fn reads_what_people_type() {
        let id = TrackingId::from_bytes([0, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf]);
        assert_eq!(id.to_string(), "0123-4567-89AB-CDEF");
        for typed in ["0123456789abcdef", "oI23 4567 89ab cdef", "OL23-4567-89AB-CDEF"] {
            assert_eq!(TrackingId::parse(typed), Ok(id), "{typed}");
        }
        for wrong in ["", "0123", "0123-4567-89AB-CDEF0", "0123-4567-89AB-CDEU", "0123-4567-89AB-CDÉF"] {
            assert!(TrackingId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tracking_id_stays_out_of_debug_output() {
        let id = TrackingId::from_bytes([7; TRACKING_BYTES]);
        assert_eq!(format!("{id:?}"), "TrackingId(…)");
        assert_ne!(id.case_id().to_string(), id.to_string().replace('-', ""));
    }
}
