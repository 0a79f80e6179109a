//! Which claims of an index a report may repeat, and what speaks for each.

use std::collections::HashMap;

use super::Form;
use super::cluster::{Quantised, dot, quantise};
use super::format::u32_at;
use super::index::ClaimIndex;
use super::query::{Query, Weighted};

/// Claims looked at closely because of their words.
const BY_WORDS_MAX: usize = 64;
/// Claims looked at closely because of their embedding.
const BY_EMBEDDING_MAX: usize = 32;
/// Entries of the inverted index that one report may read, rare words first.
const POSTINGS_MAX: usize = 120_000;
/// Circulated wording is long and full of other things: it counts less in the shortlist.
const CIRCULATED_SHARE: f32 = 0.75;
/// From this likeness on, a report copies the wording rather than sharing its subject.
const COPY_MIN: f32 = 0.45;
/// One in so many clusters is looked into, and at least [`CLUSTERS_MIN`].
const CLUSTER_SHARE: usize = 20;
const CLUSTERS_MIN: usize = 12;

/// What is known of a report and a claim, by name.
pub const FEATURE_NAMES: [&str; FEATURES] = [
    "own_whole",
    "own_passage",
    "circulated_gain",
    "circulated_copy",
    "title_cover",
    "embedding_title",
    "embedding_gain",
    "matched_mass",
    "both",
    "report_length",
];
/// How many numbers describe a pair of report and claim.
pub const FEATURES: usize = 10;

/// A claim that a report may repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Place of the claim in the index.
    pub claim: usize,
    /// In the order of [`FEATURE_NAMES`].
    pub features: [f32; FEATURES],
    /// The passage of the query that comes closest to the title.
    pub passage: Option<usize>,
}

/// How a report's words meet one form.
#[derive(Debug, Clone, Copy, Default)]
struct Lexical {
    whole: f32,
    passage: f32,
    cover: f32,
    mass: f32,
    at: Option<usize>,
}

impl ClaimIndex {
    /// The claims that come closest to a report by words or by embedding, each once, in no order.
    #[must_use]
    pub fn candidates(&self, query: &Query<'_>) -> Vec<Candidate> {
        let weighted = query.weigh(self);
        let vectors: Vec<Quantised> =
            query.embeddings().iter().filter(|e| e.len() == self.dimensions()).map(|e| quantise(e)).collect();
        let mut claims = self.by_words(&weighted);
        claims.extend(self.by_embedding(&vectors));
        claims.sort_unstable();
        claims.dedup();
        let places: HashMap<u32, usize> = weighted.words.iter().enumerate().map(|(at, w)| (w.id, at)).collect();
        let mut scratch = vec![(0.0, 0.0); weighted.passage_norms.len()];
        claims.into_iter().map(|c| self.candidate(c, &weighted, &places, &vectors, &mut scratch)).collect()
    }

    /// The claims whose embedding is nearest by a full scan: what the shortcut is measured by.
    #[must_use]
    pub fn nearest_of_all(&self, embedding: &[f32], wanted: usize) -> Vec<usize> {
        let vector = quantise(embedding);
        let scored = (0..self.forms() as u32).map(|form| (self.closeness(&vector, form), form)).collect();
        self.owners(scored, wanted).into_iter().map(|claim| claim as usize).collect()
    }

    fn by_words(&self, weighted: &Weighted) -> Vec<u32> {
        let mut words: Vec<(&[u8], f32)> =
            weighted.words.iter().map(|w| (self.postings(w.id), w.whole * w.idf)).collect();
        words.sort_by_key(|(postings, _)| postings.len());
        let mut sums = vec![0.0_f32; self.forms()];
        let mut touched = Vec::new();
        let mut left = POSTINGS_MAX;
        for (postings, weight) in words {
            let count = postings.len() / 4;
            if count > left {
                break;
            }
            left -= count;
            for i in 0..count {
                let form = u32_at(postings, i);
                let Some(sum) = sums.get_mut(form as usize) else { continue };
                if *sum == 0.0 {
                    touched.push(form);
                }
                *sum += weight;
            }
        }
        let share =
            |form: u32| if self.form_owner(form).1 == Form::Circulated as usize { CIRCULATED_SHARE } else { 1.0 };
        let scored = touched.into_iter().map(|f| (sums[f as usize] / self.form_norm(f) * share(f), f)).collect();
        self.owners(scored, BY_WORDS_MAX)
    }

    fn by_embedding(&self, vectors: &[Quantised]) -> Vec<u32> {
        let mut found = Vec::new();
        for vector in vectors {
            let mut scored = Vec::new();
            for forms in self.nearby(vector) {
                scored.extend(forms.map(|form| (self.closeness(vector, form), form)));
            }
            found.extend(self.owners(scored, BY_EMBEDDING_MAX));
        }
        found
    }

    /// The clusters whose centres are nearest, as ranges of forms.
    fn nearby(&self, vector: &Quantised) -> Vec<std::ops::Range<u32>> {
        let mut clusters: Vec<(f32, std::ops::Range<u32>)> = (0..self.clusters())
            .map(|at| {
                let (centre, scale, forms) = self.cluster(at);
                (dot(&vector.values, centre) as f32 * scale, forms)
            })
            .collect();
        clusters.sort_by(|a, b| b.0.total_cmp(&a.0));
        clusters.truncate((self.clusters() / CLUSTER_SHARE).max(CLUSTERS_MIN));
        clusters.into_iter().map(|(_, forms)| forms).collect()
    }

    fn closeness(&self, vector: &Quantised, form: u32) -> f32 {
        let (values, scale) = self.embedding(form);
        dot(&vector.values, values) as f32 * vector.scale * scale
    }

    /// The claims of the best forms.
    fn owners(&self, mut scored: Vec<(f32, u32)>, wanted: usize) -> Vec<u32> {
        // A claim has up to three forms among the best.
        let near = wanted * 2;
        if scored.len() > near {
            scored.select_nth_unstable_by(near, |a, b| b.0.total_cmp(&a.0));
            scored.truncate(near);
        }
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut claims = Vec::with_capacity(wanted);
        for (_, form) in scored {
            let (claim, _) = self.form_owner(form);
            if claims.len() < wanted && !claims.contains(&claim) {
                claims.push(claim);
            }
        }
        claims
    }

    fn candidate(
        &self,
        claim: u32,
        weighted: &Weighted,
        places: &HashMap<u32, usize>,
        vectors: &[Quantised],
        scratch: &mut [(f32, f32)],
    ) -> Candidate {
        let (mut own, mut circulated, mut title) = (Lexical::default(), Lexical::default(), Lexical::default());
        let (mut near_title, mut near_other) = (0.0_f32, 0.0_f32);
        for (kind, form) in self.claim_forms(claim) {
            let lexical = self.lexical(form, weighted, places, scratch);
            let near = vectors.iter().map(|v| self.closeness(v, form)).fold(0.0, f32::max);
            match kind {
                Form::Title => (title, near_title) = (lexical, near),
                Form::Conclusion | Form::Circulated => near_other = near_other.max(near),
            }
            let part = if kind == Form::Circulated { &mut circulated } else { &mut own };
            part.whole = part.whole.max(lexical.whole);
            part.passage = part.passage.max(lexical.passage);
        }
        let gain = |a: f32, b: f32| (a - b).max(0.0);
        let features = [
            own.whole,
            own.passage,
            gain(circulated.passage, own.passage),
            gain(circulated.whole.max(circulated.passage), COPY_MIN),
            title.cover,
            near_title,
            gain(near_other, near_title),
            title.mass.ln_1p(),
            near_title.max(near_other) * own.passage.max(circulated.passage),
            (weighted.words.len() as f32).ln_1p(),
        ];
        Candidate { claim: claim as usize, features, passage: title.at }
    }

    fn lexical(
        &self,
        form: u32,
        weighted: &Weighted,
        places: &HashMap<u32, usize>,
        scratch: &mut [(f32, f32)],
    ) -> Lexical {
        let norm = self.form_norm(form);
        let mut whole = 0.0;
        scratch.fill((0.0, 0.0));
        for id in self.form_words(form) {
            let Some(at) = places.get(&id) else { continue };
            let word = &weighted.words[*at];
            whole += word.whole * word.idf;
            for passage in &word.passages {
                let sums = &mut scratch[*passage as usize];
                sums.0 += word.idf * word.idf;
                sums.1 += word.idf;
            }
        }
        let mut best = Lexical { whole: whole / (norm * weighted.norm), ..Lexical::default() };
        for (at, ((squares, mass), passage)) in scratch.iter().zip(&weighted.passage_norms).enumerate() {
            let cosine = squares / (norm * passage);
            if cosine > best.passage {
                best.passage = cosine;
                best.cover = squares / (norm * norm);
                best.mass = *mass;
                best.at = Some(at);
            }
        }
        best
    }
}
