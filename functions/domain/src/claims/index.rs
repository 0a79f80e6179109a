//! An index in one buffer, read in place.

use std::ops::Range;

use super::format::{self, Header, IndexError, f32_at, u32_at, u64_at};
use super::{Claim, ClaimFields, Form};

pub(super) const FORMS_PER_CLAIM: usize = 3;
pub(super) const NO_FORM: u32 = u32::MAX;

/// Claims of one bundle, ready to be matched. The whole file is one buffer: nothing is copied
/// out of it at start.
#[derive(Debug, Clone)]
pub struct ClaimIndex {
    bytes: Vec<u8>,
    header: Header,
    sections: [Range<usize>; SECTIONS],
}

const SECTIONS: usize = 16;

#[derive(Debug, Clone, Copy)]
enum Section {
    Claims,
    ClaimOffsets,
    ClaimForms,
    FormClaims,
    FormNorms,
    FormWordOffsets,
    FormWords,
    Keys,
    Idf,
    PostingOffsets,
    Postings,
    FormScales,
    Embeddings,
    Centres,
    CentreScales,
    ClusterEnds,
}

impl ClaimIndex {
    /// Checks the file that a builder wrote. `bundle` is the one that asks.
    ///
    /// # Errors
    /// Another format, a damaged file, another bundle.
    pub fn read(bytes: Vec<u8>, bundle: &str) -> Result<Self, IndexError> {
        let (header, sections) = format::read(&bytes)?;
        if header.bundle != bundle {
            return Err(IndexError::Bundle { built_for: header.bundle, bundle: bundle.to_owned() });
        }
        let sections: [Range<usize>; SECTIONS] =
            sections.try_into().map_err(|_| IndexError::Damaged("it has another number of sections"))?;
        let index = Self { bytes, header, sections };
        index.check_lengths()?;
        Ok(index)
    }

    fn check_lengths(&self) -> Result<(), IndexError> {
        let h = &self.header;
        let expected = [
            (Section::ClaimOffsets, 4 * (h.claims + 1)),
            (Section::ClaimForms, 4 * FORMS_PER_CLAIM * h.claims),
            (Section::FormClaims, 4 * h.forms),
            (Section::FormNorms, 4 * h.forms),
            (Section::FormWordOffsets, 4 * (h.forms + 1)),
            (Section::Keys, 8 * h.words),
            (Section::Idf, 4 * h.words),
            (Section::PostingOffsets, 4 * (h.words + 1)),
            (Section::FormScales, 4 * h.forms),
            (Section::Embeddings, h.dimensions * h.forms),
            (Section::Centres, h.dimensions * h.clusters),
            (Section::CentreScales, 4 * h.clusters),
            (Section::ClusterEnds, 4 * (h.clusters + 1)),
        ];
        let fits = expected.iter().all(|(section, length)| self.section(*section).len() == *length);
        if fits { Ok(()) } else { Err(IndexError::Damaged("a section has another length than the header says")) }
    }

    /// How many claims there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.header.claims
    }

    /// Whether there is no claim.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.header.claims == 0
    }

    /// SHA-256 of the claims file that it was built from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.header.source
    }

    /// The claim at a place; without its conclusion and wording, which an index doesn't keep.
    #[must_use]
    pub fn claim(&self, at: usize) -> Option<Claim> {
        if at >= self.header.claims {
            return None;
        }
        let offsets = self.section(Section::ClaimOffsets);
        let (from, to) = (u32_at(offsets, at) as usize, u32_at(offsets, at + 1) as usize);
        let fields: ClaimFields = serde_json::from_slice(self.section(Section::Claims).get(from..to)?).ok()?;
        Claim::parse(fields).ok().map(|(claim, _)| claim)
    }

    fn section(&self, section: Section) -> &[u8] {
        &self.bytes[self.sections[section as usize].clone()]
    }

    /// Place of a word in the vocabulary.
    pub(super) fn word(&self, key: u64) -> Option<u32> {
        let keys = self.section(Section::Keys);
        let (mut from, mut to) = (0, self.header.words);
        while from < to {
            let middle = usize::midpoint(from, to);
            match u64_at(keys, middle).cmp(&key) {
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// How much a word tells; `None` is a word that no text holds.
    pub(super) fn idf(&self, word: Option<u32>) -> f32 {
        let unseen = f32::from_bits(self.header.idf_unseen);
        word.map_or(unseen, |id| f32_at(self.section(Section::Idf), id as usize))
    }

    /// The forms that hold a word, as four bytes each.
    pub(super) fn postings(&self, word: u32) -> &[u8] {
        part(self.section(Section::PostingOffsets), self.section(Section::Postings), word as usize)
    }

    /// The words of a form.
    pub(super) fn form_words(&self, form: u32) -> impl Iterator<Item = u32> + '_ {
        let words = part(self.section(Section::FormWordOffsets), self.section(Section::FormWords), form as usize);
        (0..words.len() / 4).map(move |i| u32_at(words, i))
    }

    pub(super) fn form_norm(&self, form: u32) -> f32 {
        f32_at(self.section(Section::FormNorms), form as usize).max(f32::MIN_POSITIVE)
    }

    /// Claim and kind of a form.
    pub(super) fn form_owner(&self, form: u32) -> (u32, usize) {
        let packed = u32_at(self.section(Section::FormClaims), form as usize);
        (packed / FORMS_PER_CLAIM as u32, packed as usize % FORMS_PER_CLAIM)
    }

    /// The forms of a claim.
    pub(super) fn claim_forms(&self, claim: u32) -> impl Iterator<Item = (Form, u32)> + '_ {
        let forms = self.section(Section::ClaimForms);
        let form = move |kind: &Form| (*kind, u32_at(forms, claim as usize * FORMS_PER_CLAIM + *kind as usize));
        Form::ALL.iter().map(form).filter(|(_, at)| (*at as usize) < self.header.forms)
    }

    pub(super) fn forms(&self) -> usize {
        self.header.forms
    }

    pub(super) fn dimensions(&self) -> usize {
        self.header.dimensions
    }

    /// A form's embedding and what one step of it is worth.
    pub(super) fn embedding(&self, form: u32) -> (&[u8], f32) {
        let from = form as usize * self.header.dimensions;
        let values = self.section(Section::Embeddings).get(from..from + self.header.dimensions).unwrap_or_default();
        (values, f32_at(self.section(Section::FormScales), form as usize))
    }

    pub(super) fn clusters(&self) -> usize {
        self.header.clusters
    }

    /// A cluster's centre, what one step of it is worth, and its forms.
    pub(super) fn cluster(&self, at: usize) -> (&[u8], f32, Range<u32>) {
        let from = at * self.header.dimensions;
        let centre = self.section(Section::Centres).get(from..from + self.header.dimensions).unwrap_or_default();
        let ends = self.section(Section::ClusterEnds);
        let last = self.header.forms as u32;
        (
            centre,
            f32_at(self.section(Section::CentreScales), at),
            u32_at(ends, at).min(last)..u32_at(ends, at + 1).min(last),
        )
    }
}

/// The part of `values` (four bytes each) that `offsets` give to `at`.
fn part<'a>(offsets: &[u8], values: &'a [u8], at: usize) -> &'a [u8] {
    let (from, to) = (u32_at(offsets, at) as usize * 4, u32_at(offsets, at + 1) as usize * 4);
    values.get(from..to).unwrap_or_default()
}
