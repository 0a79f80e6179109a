//! Claims in the screening: the index that a function matches against, and how one is built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use saring_classifier::{Classifier, ClassifierError};
use saring_domain::claims::{
    Candidate, Claim, ClaimIndex, Form, IndexBuilder, IndexError, LiveClaims, PreparedClaim, Query, Weights, WordCounts,
};
use saring_domain::pii;
use saring_domain::policy::ClaimEvidence;
use saring_domain::score::Scores;
use saring_domain::text::{Normalised, normalise};

/// Most claims that a screening names.
pub const CLAIMS_PER_REPORT_MAX: usize = 5;

/// Why no index could be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The model failed on a claim.
    #[error("claim {at} could not be embedded")]
    Classifier {
        /// Place of the claim, from 1.
        at: usize,
        /// What the classifier said.
        #[source]
        source: ClassifierError,
    },
    /// The embeddings don't fit together.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// The claims that reports are matched against: those of a file, and those added since.
#[derive(Debug)]
pub struct ClaimBook {
    fixed: ClaimIndex,
    live: Option<ClaimIndex>,
    /// Ids that count no more, or that a live claim replaces.
    withdrawn: BTreeSet<String>,
    weights: Weights,
    /// Live claims with their embeddings: only new ones need the model.
    prepared: BTreeMap<String, PreparedClaim>,
}

impl ClaimBook {
    /// Joins an index and the weights of its features.
    #[must_use]
    pub fn new(fixed: ClaimIndex, weights: Weights) -> Self {
        Self { fixed, live: None, withdrawn: BTreeSet::new(), weights, prepared: BTreeMap::new() }
    }

    /// Replaces the live claims; a claim that says what it said before is not embedded again.
    ///
    /// # Errors
    /// The model failed on a claim. The claims of before go on counting.
    pub fn set_live(
        &mut self,
        classifier: &mut Classifier,
        words: &WordCounts,
        live: &LiveClaims,
    ) -> Result<(), BuildError> {
        for (at, claim) in live.active.iter().enumerate() {
            if self.prepared.get(claim.id()).is_none_or(|p| p.claim != *claim) {
                let made = prepare(classifier, claim.clone())
                    .map_err(|source| BuildError::Classifier { at: at + 1, source })?;
                self.prepared.insert(claim.id().to_owned(), made);
            }
        }
        let active: BTreeSet<&str> = live.active.iter().map(Claim::id).collect();
        self.prepared.retain(|id, _| active.contains(id.as_str()));
        let mut builder = IndexBuilder::new(classifier.version(), "live", words);
        for claim in self.prepared.values() {
            builder.add(claim)?;
        }
        self.live = if self.prepared.is_empty() {
            None
        } else {
            Some(ClaimIndex::read(builder.finish(), classifier.version())?)
        };
        self.withdrawn.clone_from(&live.retired);
        self.withdrawn.extend(active.into_iter().map(str::to_owned));
        Ok(())
    }

    /// The index that was read from a file.
    #[must_use]
    pub fn fixed(&self) -> &ClaimIndex {
        &self.fixed
    }

    /// The claims that come closest, best first.
    #[must_use]
    pub fn nearest(&self, text: &Normalised, scores: &Scores) -> Vec<ClaimEvidence> {
        self.nearest_of([(Some(&self.fixed), false), (self.live.as_ref(), true)], text, scores)
    }

    /// The live claims that come closest, best first; those of the file don't count.
    #[must_use]
    pub fn nearest_live(&self, text: &Normalised, scores: &Scores) -> Vec<ClaimEvidence> {
        self.nearest_of([(self.live.as_ref(), true)], text, scores)
    }

    /// Of these indexes, each with whether it is the live one.
    fn nearest_of<'a>(
        &self,
        indexes: impl IntoIterator<Item = (Option<&'a ClaimIndex>, bool)>,
        text: &Normalised,
        scores: &Scores,
    ) -> Vec<ClaimEvidence> {
        let query = query(text, scores);
        let mut found = Vec::new();
        for (index, live) in indexes {
            let Some(index) = index else { continue };
            let mut taken = 0;
            for (candidate, _) in self.ranked(index, &query) {
                let Some(claim) = index.claim(candidate.claim) else { continue };
                // A live claim says it anew, or it was retired.
                if !live && self.withdrawn.contains(claim.id()) {
                    continue;
                }
                let span = candidate.passage.and_then(|p| query.span(p));
                found.push(ClaimEvidence { claim, score: self.weights.score(&candidate.features), span });
                taken += 1;
                if taken >= CLAIMS_PER_REPORT_MAX {
                    break;
                }
            }
        }
        found.sort_by(|a, b| b.score.get().total_cmp(&a.score.get()));
        found.truncate(CLAIMS_PER_REPORT_MAX);
        found
    }

    fn ranked(&self, index: &ClaimIndex, query: &Query<'_>) -> Vec<(Candidate, f32)> {
        let logit = |c: Candidate| {
            let logit = self.weights.logit(&c.features);
            (c, logit)
        };
        let mut ranked: Vec<_> = index.candidates(query).into_iter().map(logit).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.claim.cmp(&b.0.claim)));
        ranked
    }
}

/// A report as an index is asked for it.
#[must_use]
pub fn query<'a>(text: &'a Normalised, scores: &'a Scores) -> Query<'a> {
    let windows = scores.window_embeddings.iter().map(Vec::as_slice);
    Query::new(text, std::iter::once(scores.embedding.as_slice()).chain(windows).collect())
}

/// A claim's forms as the model reads them, with their embeddings.
///
/// # Errors
/// The model failed.
pub fn prepare(classifier: &mut Classifier, claim: Claim) -> Result<PreparedClaim, ClassifierError> {
    let mut forms = Vec::new();
    for form in [Form::Title, Form::Conclusion, Form::Circulated] {
        if let Some(raw) = form.of(&claim) {
            let text = normalise(&raw, &pii::find(&raw));
            let embedding = classifier.embed(&text)?;
            forms.push((form, text.text, embedding));
        }
    }
    Ok(PreparedClaim { claim, forms })
}

/// Builds the file of an index; each classifier works on a thread of its own, and the result
/// doesn't depend on their number. `progress` is told how many claims are embedded.
///
/// # Errors
/// The model failed on a claim.
///
/// # Panics
/// Never: a worker returns its error.
pub fn build(
    classifiers: &mut [Classifier],
    claims: &[Claim],
    words: &WordCounts,
    source: &str,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<u8>, BuildError> {
    let bundle = classifiers.first().map_or_else(String::new, |c| c.version().to_owned());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |classifier: &mut Classifier| -> Result<Vec<(usize, PreparedClaim)>, BuildError> {
        let mut prepared = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(claim) = claims.get(at) else { return Ok(prepared) };
            let made =
                prepare(classifier, claim.clone()).map_err(|source| BuildError::Classifier { at: at + 1, source })?;
            prepared.push((at, made));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let mut prepared = std::thread::scope(|scope| {
        let workers: Vec<_> = classifiers.iter_mut().map(|c| scope.spawn(|| work(c))).collect();
        let mut all = Vec::with_capacity(claims.len());
        for worker in workers {
            all.extend(worker.join().expect("a worker returns its error")?);
        }
        Ok::<_, BuildError>(all)
    })?;
    prepared.sort_by_key(|(at, _)| *at);
    let mut builder = IndexBuilder::new(&bundle, source, words);
    for (_, claim) in &prepared {
        builder.add(claim)?;
    }
    Ok(builder.finish())
}
