//! The ONNX session: normalised texts in, calibrated scores out.

use std::collections::HashMap;
use std::path::Path;
use std::thread;

use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use saring_domain::score::{Fine, Flag, Ranked, Score, Scores};
use saring_domain::text::Normalised;
use tokenizers::decoders::DecoderWrapper;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::tokenizer::TokenizerImpl;

use crate::bundle::{Bundle, NETWORK};
use crate::error::ClassifierError;
use crate::evidence::highlights;
use crate::lexical::Lexical;
use crate::pieces::Pieces;
use crate::runtime::Runtime;
use crate::window::Tokens;

const HEADS: usize = Flag::ALL.len() + Fine::ALL.len();
/// Classes that are named whatever their probability.
const RANKED_MIN: usize = 3;
/// Flags below this probability get no highlights: their evidence is noise.
const HIGHLIGHT_SCORE_MIN: f32 = 0.3;

/// The tokenizer library's, with a model that loads faster.
pub(crate) type Tokenizer =
    TokenizerImpl<Pieces, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// A loaded model: one session, one thread.
#[derive(Debug)]
pub struct Classifier {
    pub(crate) bundle: Bundle,
    pub(crate) tokenizer: Tokenizer,
    session: Session,
    lexical: Option<Lexical>,
}

/// What one window's run gave.
pub(crate) struct Pass {
    pub(crate) binary: Vec<f32>,
    pub(crate) summands: Vec<f32>,
    category: Vec<f32>,
    agency: Vec<f32>,
    embedding: Vec<f32>,
}

impl Classifier {
    /// Loads the library and a bundle. The session is made while the files are hashed, which takes as
    /// long; there is no classifier before both are done.
    ///
    /// # Errors
    /// What [`Bundle::load`] and [`Runtime::load`] say; a tokenizer or a graph that can't be used.
    pub fn load(library: &Path, directory: &Path) -> Result<Self, ClassifierError> {
        let (session, parts) = thread::scope(|scope| {
            let session = scope.spawn(|| session(&Runtime::load(library)?, &directory.join(NETWORK)));
            let parts = Bundle::load(directory).and_then(parts);
            (session.join(), parts)
        });
        let (bundle, tokenizer, lexical) = parts?;
        let session = session.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Self { bundle, tokenizer, session, lexical })
    }

    /// Version of the bundle.
    #[must_use]
    pub fn version(&self) -> &str {
        self.bundle.version()
    }

    /// Scores one text.
    ///
    /// # Errors
    /// The runtime failed or answered with something that is no answer.
    pub fn classify(&mut self, text: &Normalised) -> Result<Scores, ClassifierError> {
        let tokens = Tokens::of(text, &self.tokenizer, self.bundle.tokens_max)?;
        self.score(text, &tokens)
    }

    /// Scores texts in order of length, each distinct text once; results are in the order of
    /// `texts` and equal those of [`Classifier::classify`].
    ///
    /// # Panics
    /// Never: every text gets a result.
    pub fn classify_batch(&mut self, texts: &[&Normalised]) -> Vec<Result<Scores, ClassifierError>> {
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut order: Vec<usize> =
            (0..texts.len()).filter(|i| *first.entry(&texts[*i].text).or_insert(*i) == *i).collect();
        order.sort_by_key(|i| texts[*i].text.len());
        let mut results: Vec<Option<Result<Scores, ClassifierError>>> = texts.iter().map(|_| None).collect();
        for i in order {
            results[i] = Some(self.classify(texts[i]));
        }
        for (i, text) in texts.iter().enumerate() {
            let source = first[text.text.as_str()];
            if source != i {
                // A repeat of a text that failed is tried again rather than copied.
                results[i] = match &results[source] {
                    Some(Ok(scores)) => Some(Ok(scores.clone())),
                    _ => Some(self.classify(text)),
                };
            }
        }
        results.into_iter().map(|r| r.expect("every text was scored")).collect()
    }

    /// Unit-length embedding of the first window of a text: claims are shorter than one.
    ///
    /// # Errors
    /// The runtime failed or answered with something that is no answer.
    pub fn embed(&mut self, text: &Normalised) -> Result<Vec<f32>, ClassifierError> {
        let tokens = Tokens::of(text, &self.tokenizer, self.bundle.tokens_max)?;
        let window = tokens.windows.first().copied().unwrap_or_default();
        Ok(unit(self.run(&tokens.ids(window))?.embedding))
    }

    fn score(&mut self, text: &Normalised, tokens: &Tokens) -> Result<Scores, ClassifierError> {
        let mut passes = Vec::with_capacity(tokens.windows.len());
        for window in &tokens.windows {
            passes.push((*window, self.read(text, tokens, *window)?));
        }
        let calibration = &self.bundle.calibration;
        let mut probabilities = [Score::default(); HEADS];
        let mut strongest = [0; HEADS];
        for head in 0..HEADS {
            // One harmful window is enough: an advert behind a long complaint must not drown.
            let (at, logit) = passes
                .iter()
                .map(|(_, p)| p.binary[head])
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .ok_or(ClassifierError::Output("binary"))?;
            let z = calibration.binary_scale[head] * logit + calibration.binary_offset[head];
            probabilities[head] = score(1.0 / (1.0 + (-z).exp()), "binary")?;
            strongest[head] = at;
        }
        let mut flags = [Score::default(); Flag::ALL.len()];
        let mut fine = [Score::default(); Fine::ALL.len()];
        flags.copy_from_slice(&probabilities[..Flag::ALL.len()]);
        fine.copy_from_slice(&probabilities[Flag::ALL.len()..]);
        let shown = Flag::ALL.into_iter().filter(|f| flags[*f as usize].get() >= HIGHLIGHT_SCORE_MIN);
        let highlights = shown
            .flat_map(|flag| {
                let (window, pass) = &passes[strongest[flag as usize]];
                // The first and last summands belong to the begin and end marks.
                let column = |i: usize| pass.summands[(i + 1) * HEADS + flag as usize];
                let summands: Vec<f32> = (0..window.1 - window.0).map(column).collect();
                highlights(flag, &tokens.all[window.0..window.1], &summands)
            })
            .collect();
        Ok(Scores {
            flags,
            fine,
            category: conformal(
                ranked(&mean(&passes, |p| &p.category), &self.bundle.category, calibration.category_temperature)?,
                calibration.category_share,
            ),
            agency: ranked(&mean(&passes, |p| &p.agency), &self.bundle.agency, calibration.agency_temperature)?,
            embedding: unit(mean(&passes, |p| &p.embedding)),
            window_embeddings: if passes.len() > 1 {
                passes.iter().map(|(_, p)| unit(p.embedding.clone())).collect()
            } else {
                Vec::new()
            },
            highlights,
            unknown_share: tokens.unknown_share(),
            truncated: tokens.truncated,
        })
    }

    /// One window through the network and the lexical channel: their logits and summands added.
    pub(crate) fn read(
        &mut self,
        text: &Normalised,
        tokens: &Tokens,
        window: (usize, usize),
    ) -> Result<Pass, ClassifierError> {
        let mut pass = self.run(&tokens.ids(window))?;
        let Some(lexical) = &self.lexical else { return Ok(pass) };
        let place = tokens.place(window);
        let opinion = lexical.read(part(&text.text, place));
        let heads = pass.binary.iter_mut().chain(&mut pass.category).chain(&mut pass.agency);
        for (logit, added) in heads.zip(&opinion.logits) {
            *logit += added;
        }
        // A chunk's evidence goes to its first token, so that the summands still add up.
        let content = &tokens.all[window.0..window.1];
        let first: Vec<usize> = opinion
            .chunks
            .iter()
            .map(|start| content.partition_point(|t| t.end <= place.0 + start).min(content.len().saturating_sub(1)))
            .collect();
        lexical
            .summands(&opinion, HEADS, |chunk, head, value| pass.summands[(first[chunk] + 1) * HEADS + head] += value);
        Ok(pass)
    }

    pub(crate) fn run(&mut self, ids: &[i64]) -> Result<Pass, ClassifierError> {
        let doing = "running the model";
        let input = TensorRef::from_array_view(([1, ids.len()], ids)).map_err(ClassifierError::onnx(doing))?;
        let outputs = self.session.run(ort::inputs!["input_ids" => input]).map_err(ClassifierError::onnx(doing))?;
        let take = |name: &'static str, length: usize| -> Result<Vec<f32>, ClassifierError> {
            let value = outputs.get(name).ok_or(ClassifierError::Output(name))?;
            let (_, values) = value.try_extract_tensor::<f32>().map_err(ClassifierError::onnx("reading an output"))?;
            let usable = (length == 0 || values.len() == length) && values.iter().all(|v| v.is_finite());
            if usable { Ok(values.to_vec()) } else { Err(ClassifierError::Output(name)) }
        };
        Ok(Pass {
            binary: take("binary", HEADS)?,
            summands: take("summands", HEADS * ids.len())?,
            category: take("category", self.bundle.category.len())?,
            agency: take("agency", self.bundle.agency.len())?,
            embedding: take("embedding", 0)?,
        })
    }
}

fn session(runtime: &Runtime, network: &Path) -> Result<Session, ClassifierError> {
    let doing = "loading the model";
    Session::builder(&runtime.environment)
        .map_err(ClassifierError::onnx(doing))?
        .with_intra_threads(1)
        .map_err(|e| ClassifierError::Onnx { doing, source: Box::new(ort::Error::<()>::from(e)) })?
        // The graph was optimised when it was exported; to look again takes a third of the load.
        .with_optimization_level(GraphOptimizationLevel::Disable)
        .map_err(|e| ClassifierError::Onnx { doing, source: Box::new(ort::Error::<()>::from(e)) })?
        .commit_from_file(network)
        .map_err(ClassifierError::onnx(doing))
}

/// What a bundle holds besides its network, ready for use.
fn parts(mut bundle: Bundle) -> Result<(Bundle, Tokenizer, Option<Lexical>), ClassifierError> {
    let content = std::mem::take(&mut bundle.tokenizer);
    let tokenizer = serde_json::from_slice(&content.0).map_err(|e| ClassifierError::Tokenizer(Box::new(e)))?;
    let heads = HEADS + bundle.category.len() + bundle.agency.len();
    let lexical = bundle.lexical.as_ref().map(|table| Lexical::load(table.0.clone(), heads)).transpose()?;
    Ok((bundle, tokenizer, lexical))
}

/// The scalar values `place` of `text`.
fn part(text: &str, place: (usize, usize)) -> &str {
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(i, _)| i);
    &text[byte(place.0)..byte(place.1)]
}

/// Mean over the windows, weighted by their tokens.
fn mean(passes: &[((usize, usize), Pass)], of: impl Fn(&Pass) -> &Vec<f32>) -> Vec<f32> {
    let weight = |w: &(usize, usize)| (w.1 - w.0).max(1) as f32;
    let total: f32 = passes.iter().map(|(w, _)| weight(w)).sum();
    let mut out = vec![0.0; passes.first().map_or(0, |(_, p)| of(p).len())];
    for (window, pass) in passes {
        for (sum, value) in out.iter_mut().zip(of(pass)) {
            *sum += value * weight(window) / total;
        }
    }
    out
}

fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    for value in &mut values {
        *value /= norm;
    }
    values
}

fn ranked(logits: &[f32], labels: &[String], temperature: f32) -> Result<Vec<Ranked>, ClassifierError> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|z| ((z - top) / temperature).exp()).collect();
    let total: f32 = powers.iter().sum();
    let mut out = labels
        .iter()
        .zip(powers)
        .map(|(code, p)| Ok(Ranked { code: code.clone(), score: score(p / total, "ranked")? }))
        .collect::<Result<Vec<_>, ClassifierError>>()?;
    out.sort_by(|a, b| b.score.get().total_cmp(&a.score.get()));
    Ok(out)
}

/// The leading classes that together hold the truth with the declared coverage, and at least three.
fn conformal(mut ranked: Vec<Ranked>, share: f32) -> Vec<Ranked> {
    let likely = ranked.iter().filter(|r| r.score.get() >= share).count();
    ranked.truncate(likely.max(RANKED_MIN));
    ranked
}

fn score(value: f32, output: &'static str) -> Result<Score, ClassifierError> {
    Score::new(value).map_err(|_| ClassifierError::Output(output))
}
