//! What moderators write beside a change: sealed with the originals, gone with them.

use std::fmt;

use saring_domain::case::{CaseId, Timestamp};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, Reader};
use crate::names as n;
use crate::seal::{Place, Sealed};

/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 1000;
/// Notes that are removed in one transaction.
const REMOVED_AT_ONCE: usize = 50;

/// Why a text is no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a note must be 1 to {NOTE_CHARS_MAX} characters")]
pub struct NoteError;

/// A moderator's words about a change. `Debug` prints their length.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteText(String);

impl NoteText {
    /// # Errors
    /// Empty or too long.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.trim();
        let valid = (1..=NOTE_CHARS_MAX).contains(&text.chars().count());
        valid.then(|| Self(text.to_owned())).ok_or(NoteError)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteText({} bytes)", self.0.len())
    }
}

/// A note and the version of the case that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The version.
    pub version: u64,
    /// The words.
    pub text: NoteText,
}

impl Cases {
    /// The notes of a case, the oldest first; none where there is no key for them.
    ///
    /// # Errors
    /// No answer, or a note that can't be opened.
    pub async fn notes(&self, id: CaseId) -> Result<Vec<Note>, StoreError> {
        let Some(keys) = self.original_keys.as_deref() else { return Ok(Vec::new()) };
        let mut notes = Vec::new();
        for item in self.partition(n::original_pk(id), Some(n::NOTE_PREFIX)).await? {
            let reader = Reader(&item);
            let decode = || {
                let sort = reader.text(n::SK)?;
                let version = reader.parsed(n::SK, |sk| sk[n::NOTE_PREFIX.len()..].parse::<u64>())?;
                let sealed = Sealed {
                    text: reader.bytes(n::SEALED)?.to_vec(),
                    wrapped_key: reader.bytes(n::WRAPPED_KEY)?.to_vec(),
                    key_id: reader.text(n::KEY_ID)?.to_owned(),
                };
                Ok((sort, version, sealed))
            };
            let (sort, version, sealed) = decode().map_err(unreadable("note"))?;
            let text = keys.open(Place { case: id, sort }, &sealed)?;
            notes.push(Note { version, text: NoteText(text) });
        }
        Ok(notes)
    }

    pub(crate) fn note_item(
        &self,
        id: CaseId,
        version: u64,
        note: &NoteText,
        now: Timestamp,
    ) -> Result<Attributes, StoreError> {
        self.sealed_item(id, &n::note_sk(version), note.as_str(), now)
    }

    /// Removes the notes of a case that is being erased.
    pub(crate) async fn delete_notes(&self, id: CaseId) -> Result<(), StoreError> {
        let items = self.partition(n::original_pk(id), Some(n::NOTE_PREFIX)).await?;
        let sorts: Vec<String> =
            items.iter().filter_map(|item| Reader(item).text(n::SK).ok().map(str::to_owned)).collect();
        for some in sorts.chunks(REMOVED_AT_ONCE) {
            let writes = some.iter().map(|sort| self.delete(n::original_pk(id), sort));
            // Deletes without a condition can only meet another writer; the next attempt sees what is left.
            self.transact("removing notes", writes).await?;
        }
        Ok(())
    }
}
