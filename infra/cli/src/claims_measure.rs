//! `saring claims evaluate` and `fit`: how well an index answers, and what its features are worth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use saring_domain::claims::{Candidate, ClaimIndex, Example, Weights, fit};
use saring_domain::pii;
use saring_domain::policy::Policy;
use saring_domain::score::{Flag, Score, Scores};
use saring_domain::text::{Normalised, normalise};
use saring_screen::claims::{ClaimBook, query};
use saring_screen::{Indexer, config::Config};

use crate::claims;

/// One line of a queries file.
struct Row {
    group: String,
    text: Normalised,
    /// The claim that the text repeats.
    claim: Option<String>,
}

/// What the measurement of one group found.
#[derive(Default)]
struct Tally {
    rows: usize,
    with_claim: usize,
    first: usize,
    in_five: usize,
    shortlisted: usize,
    /// Queries for which the screening shows any claim.
    linked: usize,
    linked_first: usize,
    linked_in_five: usize,
    held: usize,
    brier: f64,
    times: Vec<Duration>,
}

fn read_rows(paths: &[PathBuf]) -> Result<Vec<Row>> {
    let mut out = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (at, row) in claims::rows(path)?.into_iter().enumerate() {
            let field = |key: &str| row.get(key).and_then(|v| v.as_str());
            let raw = field("text")
                .with_context(|| format!("{} line {}: field 'text' is missing", path.display(), at + 1))?;
            let claim = field("claim").map(str::to_owned);
            // A labelled hoax without a known claim is no honest report.
            if claim.is_none() && row.get("hoax").and_then(serde_json::Value::as_i64) == Some(1) {
                continue;
            }
            let group = field("group").map_or_else(|| name.clone(), |g| format!("{name} {g}"));
            out.push(Row { group, text: normalise(raw, &pii::find(raw)), claim });
        }
    }
    Ok(out)
}

fn scored(indexer: &mut Indexer, rows: &[Row]) -> Result<Vec<Scores>> {
    let texts: Vec<&Normalised> = rows.iter().map(|r| &r.text).collect();
    let scores = indexer.classifier().classify_batch(&texts);
    scores.into_iter().collect::<Result<_, _>>().context("the model gave no answer")
}

/// How the measurement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Two lines per group.
    Table,
    /// One JSON line per query.
    Json,
}

/// Measures an index and writes to the standard output.
pub(crate) fn evaluate(
    index: &Path,
    queries: &[PathBuf],
    config: Config,
    weights: Option<&Path>,
    output: Output,
) -> Result<ExitCode> {
    let mut indexer = Indexer::load(&config)?;
    let started = Instant::now();
    let opened = indexer.open(index)?;
    eprintln!(
        "{} klaim / claims, dibuka dalam / opened in {:.0} ms",
        opened.len(),
        started.elapsed().as_secs_f64() * 1e3
    );
    let weights = match weights {
        Some(path) => Weights::parse(&std::fs::read_to_string(path).context("the weights cannot be read")?)?,
        None => indexer.weights()?,
    };
    let policy = config.models.context("no models directory found")?.join("policy.toml");
    let policy = Policy::parse(&std::fs::read_to_string(policy).context("the policy cannot be read")?)?;
    let rows = read_rows(queries)?;
    let scores = scored(&mut indexer, &rows)?;
    let book = ClaimBook::new(opened, weights);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (row, scores) in rows.iter().zip(&scores) {
        if output == Output::Json {
            print_json(row, scores, &book);
        } else {
            measure(tallies.entry(&row.group).or_default(), row, scores, &book, &policy);
        }
    }
    for (group, tally) in &mut tallies {
        print(group, tally);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(row: &Row, scores: &Scores, book: &ClaimBook) {
    let nearest: Vec<_> = book
        .nearest(&row.text, scores)
        .iter()
        .map(|c| serde_json::json!({ "id": c.claim.id(), "title": c.claim.title(), "score": c.score.get() }))
        .collect();
    let hoax = scores.flag(Flag::Hoax).get();
    println!("{}", serde_json::json!({ "group": row.group, "claim": row.claim, "hoax": hoax, "nearest": nearest }));
}

fn measure(tally: &mut Tally, row: &Row, scores: &Scores, book: &ClaimBook, policy: &Policy) {
    let started = Instant::now();
    let nearest = book.nearest(&row.text, scores);
    tally.times.push(started.elapsed());
    tally.rows += 1;
    let hoax = scores.flag(Flag::Hoax);
    let best = nearest.first().map_or(Score::default(), |c| c.score).get();
    let ids: Vec<String> = nearest.iter().map(|c| c.claim.id().to_owned()).collect();
    let linked = policy.linked(hoax, nearest);
    tally.linked += usize::from(!linked.is_empty());
    let verdict = saring_domain::policy::decide(
        policy,
        saring_domain::policy::Evidence::Judged { scores, letters: row.text.letters, claims: &linked },
        saring_domain::report::Visibility::Publik,
    );
    tally.held += usize::from(verdict.reasons.iter().any(|r| r.code == "hoax.claim"));
    let right = !ids.is_empty() && ids.first() == row.claim.as_ref();
    tally.brier += f64::from(best - f32::from(u8::from(right))).powi(2);
    let Some(claim) = &row.claim else { return };
    tally.with_claim += 1;
    tally.first += usize::from(right);
    tally.in_five += usize::from(ids.contains(claim));
    tally.linked_first += usize::from(linked.first().is_some_and(|c| c.claim.id() == claim));
    tally.linked_in_five += usize::from(linked.iter().any(|c| c.claim.id() == claim));
    let candidates = book.fixed().candidates(&query(&row.text, scores));
    tally.shortlisted += usize::from(place(book.fixed(), &candidates, claim).is_some());
}

fn place(index: &ClaimIndex, candidates: &[Candidate], id: &str) -> Option<usize> {
    candidates.iter().position(|c| index.claim(c.claim).is_some_and(|claim| claim.id() == id))
}

fn print(group: &str, tally: &mut Tally) {
    tally.times.sort_unstable();
    let at = |percent: usize| tally.times.get(tally.times.len() * percent / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
    let share = |n: usize, of: usize| if of == 0 { 0.0 } else { n as f64 / of as f64 };
    let n = tally.with_claim;
    if n > 0 {
        println!(
            "{group}: {n} dengan klaim / with a claim: hit@1 {:.3}  hit@5 {:.3}  shortlist {:.3}; ditautkan / linked: hit@1 {:.3}  hit@5 {:.3}",
            share(tally.first, n),
            share(tally.in_five, n),
            share(tally.shortlisted, n),
            share(tally.linked_first, n),
            share(tally.linked_in_five, n),
        );
    }
    println!(
        "{group}: {} laporan / reports: tertaut / linked {:.4}  ditahan / held as hoax.claim {:.4}  Brier {:.4}  pencocokan / matching p50 {:.2} ms p99 {:.2} ms",
        tally.rows,
        share(tally.linked, tally.rows),
        share(tally.held, tally.rows),
        tally.brier / tally.rows.max(1) as f64,
        at(50),
        at(99),
    );
}

/// Fits the weights and writes them.
pub(crate) fn fit_weights(index: &Path, queries: &[PathBuf], output: &Path, config: &Config) -> Result<ExitCode> {
    let mut indexer = Indexer::load(config)?;
    let index = indexer.open(index)?;
    let rows = read_rows(queries)?;
    let scores = scored(&mut indexer, &rows)?;
    let (mut examples, mut missed) = (Vec::new(), 0_usize);
    for (row, scores) in rows.iter().zip(&scores) {
        let candidates = index.candidates(&query(&row.text, scores));
        let answer = row.claim.as_ref().map(|id| place(&index, &candidates, id));
        if answer == Some(None) {
            missed += 1;
            continue;
        }
        let candidates = candidates.iter().map(|c| c.features).collect();
        examples.push(Example { candidates, answer: answer.flatten(), weight: 1.0 });
    }
    if examples.iter().all(|e| e.answer.is_none()) {
        bail!("no query names a claim of the index");
    }
    let weights = fit(indexer.classifier().version(), &examples);
    claims::write(output, weights.write().as_bytes())?;
    println!("{} contoh / examples, {missed} tanpa calon / not shortlisted -> {}", examples.len(), output.display());
    Ok(ExitCode::SUCCESS)
}
