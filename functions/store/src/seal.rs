//! Envelope encryption: each original has a key of its own, which is wrapped by a key that the
//! table never sees. Deleting the item deletes its key.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use saring_domain::case::CaseId;
use saring_domain::report::hex;

/// Bytes of a key, written as twice as many hexadecimal digits.
pub const KEY_BYTES: usize = 32;
/// Bytes of a key's id: enough to tell a handful of keys apart.
const KEY_ID_BYTES: usize = 8;
/// Bytes of a pseudonym: no two people share one.
const PSEUDONYM_BYTES: usize = 16;

/// Why something can't be sealed or opened. It says nothing about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A key of another form.
    #[error("a key must be {} hexadecimal digits", KEY_BYTES * 2)]
    Key,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// None of the keys at hand wrapped this.
    #[error("the original was sealed with a key that is not at hand")]
    UnknownKey,
    /// Changed after it was sealed, or moved to another case.
    #[error("the sealed original was changed or belongs to another case")]
    Broken,
}

/// A key that wraps keys. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct OriginalKey([u8; KEY_BYTES]);

impl OriginalKey {
    /// # Errors
    /// Anything but hexadecimal digits for [`KEY_BYTES`] bytes.
    pub fn parse(digits: &str) -> Result<Self, SealError> {
        let digits = digits.trim().as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != KEY_BYTES || !rest.is_empty() {
            return Err(SealError::Key);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).ok_or(SealError::Key);
        let mut key = [0; KEY_BYTES];
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = u8::try_from(value(*high)? * 16 + value(*low)?).map_err(|_| SealError::Key)?;
        }
        Ok(Self(key))
    }

    /// A new key.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn random() -> Result<Self, SealError> {
        random().map(Self)
    }

    /// The digits that [`OriginalKey::parse`] reads: for the file or the secret store that keeps the
    /// key, nowhere else.
    #[must_use]
    pub fn digits(&self) -> String {
        hex(&self.0)
    }

    /// Names the key without telling it.
    #[must_use]
    pub fn id(&self) -> String {
        let mut named = b"saring key id\0".to_vec();
        named.extend_from_slice(&self.0);
        hex(&digest(&SHA256, &named).as_ref()[..KEY_ID_BYTES])
    }
}

impl fmt::Debug for OriginalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OriginalKey({})", self.id())
    }
}

/// The key that wraps now, and those that did before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    /// Wraps what is new.
    pub current: OriginalKey,
    /// Opened with only.
    pub previous: Vec<OriginalKey>,
}

/// A sealed text with its wrapped key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) text: Vec<u8>,
    pub(crate) wrapped_key: Vec<u8>,
    pub(crate) key_id: String,
}

/// What a sealed text is, so that it can't be taken for something else of another case.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) case: CaseId,
    pub(crate) sort: &'a str,
}

impl Place<'_> {
    fn bound(self, part: &str) -> Aad<Vec<u8>> {
        Aad::from(format!("saring original v1\0{part}\0{}\0{}", self.case, self.sort).into_bytes())
    }
}

impl Keyring {
    /// A name for something that must be told apart and not be told: the same for the same text under
    /// the current key, and nothing without it.
    pub(crate) fn pseudonym(&self, kind: &str, text: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.current.0);
        let tag = hmac::sign(&key, format!("saring pseudonym v1\0{kind}\0{text}").as_bytes());
        hex(&tag.as_ref()[..PSEUDONYM_BYTES])
    }

    pub(crate) fn seal(&self, place: Place<'_>, text: &str) -> Result<Sealed, SealError> {
        let key = random::<KEY_BYTES>()?;
        Ok(Sealed {
            text: encrypt(&key, place.bound("text"), text.as_bytes())?,
            wrapped_key: encrypt(&self.current.0, place.bound("key"), &key)?,
            key_id: self.current.id(),
        })
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<String, SealError> {
        let mut keys = std::iter::once(&self.current).chain(&self.previous);
        let wrapping = keys.find(|key| key.id() == sealed.key_id).ok_or(SealError::UnknownKey)?;
        let key = decrypt(&wrapping.0, place.bound("key"), &sealed.wrapped_key)?;
        let key = key.try_into().map_err(|_| SealError::Broken)?;
        String::from_utf8(decrypt(&key, place.bound("text"), &sealed.text)?).map_err(|_| SealError::Broken)
    }
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::Random)?;
    Ok(bytes)
}

fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the cipher's length"))
}

/// The nonce, then the text and its tag. Nonces are random: a key of a text seals one text, and a
/// wrapping key may wrap 2^32 keys before a nonce is likely to repeat.
fn encrypt(key: &[u8; KEY_BYTES], bound: Aad<Vec<u8>>, text: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce = random::<NONCE_LEN>()?;
    let mut sealed = text.to_vec();
    cipher(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut sealed)
        .map_err(|_| SealError::Broken)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; KEY_BYTES], bound: Aad<Vec<u8>>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Broken)?;
    let mut text = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = cipher(key).open_in_place(nonce, bound, &mut text).map_err(|_| SealError::Broken)?;
    Ok(opened.to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use saring_domain::case::{TRACKING_BYTES, TrackingId};

    use super::*;

    fn place(seed: u8) -> Place<'static> {
        Place { case: TrackingId::from_bytes([seed; TRACKING_BYTES]).case_id(), sort: "original" }
    }

    fn ring(current: &str) -> Keyring {
        Keyring { current: OriginalKey::parse(&current.repeat(64)).unwrap(), previous: Vec::new() }
    }

    #[test]
    fn a_text_opens_only_where_it_was_sealed_and_only_unchanged() {
        let keys = ring("a");
        let sealed = keys.seal(place(1), "rahasia sekali").unwrap();
        assert_eq!(keys.open(place(1), &sealed).unwrap(), "rahasia sekali");
        assert_ne!(keys.seal(place(1), "rahasia sekali").unwrap().text, sealed.text);
        assert!(!sealed.text.windows(7).any(|w| w == b"rahasia"));
        assert_eq!(keys.open(place(2), &sealed), Err(SealError::Broken));
        assert_eq!(keys.open(Place { sort: "appeal", ..place(1) }, &sealed), Err(SealError::Broken));
        for at in 0..sealed.text.len() {
            let mut damaged = sealed.clone();
            damaged.text[at] ^= 1;
            assert_eq!(keys.open(place(1), &damaged), Err(SealError::Broken), "byte {at}");
        }
        let mut cut = sealed.clone();
        cut.wrapped_key.truncate(5);
        assert_eq!(keys.open(place(1), &cut), Err(SealError::Broken));
    }

    #[test]
    fn a_previous_key_opens_what_it_sealed() {
        let old = ring("a");
        let sealed = old.seal(place(1), "teks").unwrap();
        let mut new = ring("b");
        assert_eq!(new.open(place(1), &sealed), Err(SealError::UnknownKey));
        new.previous.push(old.current);
        assert_eq!(new.open(place(1), &sealed).unwrap(), "teks");
        assert_eq!(new.seal(place(1), "teks").unwrap().key_id, new.current.id());
    }

    #[test]
    fn a_key_survives_writing_and_stays_out_of_debug_output() {
        let key = OriginalKey::random().unwrap();
        assert_eq!(OriginalKey::parse(&format!("{}\n", key.digits())).unwrap(), key);
        assert!(!format!("{key:?}").contains(&key.digits()[..16]));
        for wrong in ["", &"a".repeat(63), &"a".repeat(66), &"g".repeat(64)] {
            assert_eq!(OriginalKey::parse(wrong), Err(SealError::Key));
        }
    }
}
