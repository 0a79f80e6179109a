//! From claims with their embeddings to the file of an index.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::{Quantised, cluster, quantise};
use super::format::{self, Header, IndexError, f32_bytes, u32_bytes};
use super::index::{FORMS_PER_CLAIM, NO_FORM};
use super::terms::terms;
use super::words::WordCounts;
use super::{Claim, ClaimFields};

/// How much of a form is read, in Unicode scalar values of the original.
pub const FORM_CHARS_MAX: usize = 300;
/// Wording with fewer words than this ('tidak ada narasi') identifies no claim.
const CIRCULATED_WORDS_MIN: usize = 4;
/// Up to so many forms a full scan is fast enough, and exact.
const SCAN_FORMS_MAX: usize = 16_384;

/// Which part of a claim a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// The fact-checker's title.
    Title,
    /// The start of the conclusion.
    Conclusion,
    /// The start of the wording that went round.
    Circulated,
}

impl Form {
    pub(crate) const ALL: [Self; FORMS_PER_CLAIM] = [Self::Title, Self::Conclusion, Self::Circulated];

    /// The start of this part of `claim`, as it is to be prepared; nothing where it says nothing.
    #[must_use]
    pub fn of(self, claim: &Claim) -> Option<String> {
        let text = match self {
            Self::Title => Some(claim.title()),
            Self::Conclusion => claim.conclusion(),
            Self::Circulated => claim.circulated(),
        }?;
        let start: String = text.chars().take(FORM_CHARS_MAX).collect();
        let says = self == Self::Title || terms(&start.to_lowercase()).len() >= CIRCULATED_WORDS_MIN;
        says.then_some(start)
    }
}

/// A claim with its forms as the model reads them, and what the model made of them.
#[derive(Debug)]
pub struct PreparedClaim {
    /// The claim.
    pub claim: Claim,
    /// Each form once: the prepared text and its unit-length embedding.
    pub forms: Vec<(Form, String, Vec<f32>)>,
}

/// Gathers claims for an index.
#[derive(Debug)]
pub struct IndexBuilder<'a> {
    bundle: String,
    source: String,
    words: &'a WordCounts,
    dimensions: usize,
    claims: Vec<Vec<u8>>,
    forms: Vec<FormRow>,
}

#[derive(Debug)]
struct FormRow {
    claim: u32,
    form: Form,
    words: Vec<u64>,
    embedding: Quantised,
}

impl<'a> IndexBuilder<'a> {
    /// `bundle` names what makes the embeddings, `source` the file of claims (its SHA-256),
    /// `words` how often words occur in ordinary reports.
    #[must_use]
    pub fn new(bundle: &str, source: &str, words: &'a WordCounts) -> Self {
        let (claims, forms) = (Vec::new(), Vec::new());
        Self { bundle: bundle.to_owned(), source: source.to_owned(), words, dimensions: 0, claims, forms }
    }

    /// Adds a claim.
    ///
    /// # Errors
    /// An embedding of another length than those before.
    ///
    /// # Panics
    /// Never: a claim is plain data.
    pub fn add(&mut self, prepared: &PreparedClaim) -> Result<(), IndexError> {
        let claim = self.claims.len();
        for (form, text, embedding) in &prepared.forms {
            if self.dimensions == 0 {
                self.dimensions = embedding.len();
            }
            if embedding.len() != self.dimensions {
                let (actual, expected) = (embedding.len(), self.dimensions);
                return Err(IndexError::Dimensions { at: claim, actual, expected });
            }
            let words: BTreeSet<u64> = terms(text).iter().map(|t| t.key).collect();
            let words = words.into_iter().collect();
            self.forms.push(FormRow { claim: claim as u32, form: *form, words, embedding: quantise(embedding) });
        }
        // What a match shows; the long texts stay in the claims file.
        let shown = ClaimFields { conclusion: None, circulated: None, ..prepared.claim.fields() };
        self.claims.push(serde_json::to_vec(&shown).expect("a claim is plain data"));
        Ok(())
    }

    /// The file of the index.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let count = if self.forms.len() <= SCAN_FORMS_MAX { 1 } else { self.forms.len().isqrt() };
        let vectors: Vec<Quantised> = self.forms.iter().map(|f| f.embedding.clone()).collect();
        let clusters = cluster(&vectors, count);
        drop(vectors);
        // Forms of a cluster stand together: to look into one is to read on.
        let mut order: Vec<usize> = (0..self.forms.len()).collect();
        order.sort_by_key(|i| (clusters.nearest[*i], *i));
        let mut ends = vec![0_u32; clusters.centres.len() + 1];
        for nearest in &clusters.nearest {
            ends[*nearest as usize + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        let mut forms: Vec<Option<FormRow>> = std::mem::take(&mut self.forms).into_iter().map(Some).collect();
        let forms: Vec<FormRow> = order.into_iter().filter_map(|i| forms[i].take()).collect();
        let (keys, idf, unseen) = self.vocabulary(&forms);
        let header = Header {
            bundle: self.bundle,
            source: self.source,
            claims: self.claims.len(),
            forms: forms.len(),
            words: keys.len(),
            dimensions: self.dimensions,
            clusters: clusters.centres.len(),
            idf_unseen: unseen.to_bits(),
            sections: Vec::new(),
        };
        let mut sections = claim_sections(&self.claims, &forms);
        sections.extend(word_sections(&forms, &keys, &idf));
        let bytes = |q: &Quantised| q.values.iter().map(|v| v.cast_unsigned()).collect::<Vec<u8>>();
        sections.push(f32_bytes(forms.iter().map(|f| f.embedding.scale)));
        sections.push(forms.iter().flat_map(|f| bytes(&f.embedding)).collect());
        sections.push(clusters.centres.iter().flat_map(bytes).collect());
        sections.push(f32_bytes(clusters.centres.iter().map(|c| c.scale)));
        sections.push(u32_bytes(ends));
        format::write(header, &sections)
    }

    /// Words in order of their keys, how much each tells, and how much an unseen one tells.
    fn vocabulary(&self, forms: &[FormRow]) -> (Vec<u64>, Vec<f32>, f32) {
        let mut holders: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for form in forms {
            for key in &form.words {
                holders.entry(*key).or_default().insert(form.claim);
            }
        }
        let mut counts: BTreeMap<u64, u32> = holders.into_iter().map(|(k, c)| (k, c.len() as u32)).collect();
        for (key, count) in self.words.iter() {
            *counts.entry(key).or_default() += count;
        }
        let texts = self.claims.len() as f32 + self.words.texts() as f32;
        let idf = |count: f32| (1.0 + (texts - count + 0.5).max(0.0) / (count + 0.5)).ln();
        let values = counts.values().map(|c| idf(*c as f32)).collect();
        (counts.into_keys().collect(), values, idf(0.0))
    }
}

fn claim_sections(claims: &[Vec<u8>], forms: &[FormRow]) -> Vec<Vec<u8>> {
    let mut of_claim = vec![NO_FORM; claims.len() * FORMS_PER_CLAIM];
    for (at, form) in forms.iter().enumerate() {
        of_claim[form.claim as usize * FORMS_PER_CLAIM + form.form as usize] = at as u32;
    }
    vec![
        claims.concat(),
        offsets(claims.iter().map(Vec::len)),
        u32_bytes(of_claim),
        u32_bytes(forms.iter().map(|f| f.claim * FORMS_PER_CLAIM as u32 + f.form as u32)),
    ]
}

fn word_sections(forms: &[FormRow], keys: &[u64], idf: &[f32]) -> Vec<Vec<u8>> {
    let id = |key: &u64| keys.binary_search(key).expect("the vocabulary holds every word") as u32;
    let of_form: Vec<Vec<u32>> = forms.iter().map(|f| f.words.iter().map(id).collect()).collect();
    let norm = |words: &Vec<u32>| {
        let squares: f32 = words.iter().map(|w| idf[*w as usize] * idf[*w as usize]).sum();
        squares.sqrt().max(f32::MIN_POSITIVE)
    };
    let mut postings: Vec<Vec<u32>> = vec![Vec::new(); keys.len()];
    for (form, words) in of_form.iter().enumerate() {
        for word in words {
            postings[*word as usize].push(form as u32);
        }
    }
    vec![
        f32_bytes(of_form.iter().map(norm)),
        offsets(of_form.iter().map(Vec::len)),
        u32_bytes(of_form.iter().flatten().copied()),
        keys.iter().flat_map(|k| k.to_le_bytes()).collect(),
        f32_bytes(idf.iter().copied()),
        offsets(postings.iter().map(Vec::len)),
        u32_bytes(postings.iter().flatten().copied()),
    ]
}

/// Where each part begins, and where the last one ends.
fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut at = 0;
    let ends = lengths.map(|length| {
        at += length as u32;
        at
    });
    u32_bytes([0].into_iter().chain(ends))
}
