//! `saring evaluate`: labelled reports through the same code as the function, and how often it agrees.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use saring_domain::report::Report;
use saring_domain::score::{Fine, Flag};
use saring_screen::{Assets, Screener, ScreeningWire, config::Config, current_day};
use serde_json::{Value, json};

const ROWS_PER_BATCH: usize = 64;
/// Best-F1 figures of fewer positive rows than this say nothing.
const POSITIVES_MIN: usize = 5;
/// Characters of a code that name a regency or city: two of the province, a dot, two more.
const REGENCY_CHARS: usize = 5;

/// What `saring evaluate` was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Another bundle than the current one.
    pub(crate) bundle: Option<PathBuf>,
    /// Only rows of this split.
    pub(crate) split: Option<String>,
    /// JSON instead of a table.
    pub(crate) json: bool,
}

/// One labelled row and what came out.
pub(crate) struct Pair {
    pub(crate) row: Value,
    pub(crate) out: Value,
    /// Category codes and agency types that a moderator is shown.
    sets: [Vec<String>; 2],
}

/// A share, with its counts.
#[derive(Default, Clone, Copy)]
struct Share {
    hits: usize,
    of: usize,
}

impl Share {
    fn of(hits: impl IntoIterator<Item = bool>) -> Self {
        hits.into_iter().fold(Self::default(), |s, hit| Self { hits: s.hits + usize::from(hit), of: s.of + 1 })
    }
}

/// Screens every row of `input` and prints the figures that its labels allow.
pub(crate) fn run(input: impl BufRead, mut output: impl Write, options: Options) -> Result<()> {
    let mut config = Config::from_env();
    config.bundle = options.bundle;
    let mut screener = Screener::new(Assets::load(&config)?)?;
    let rows = rows(input, options.split.as_deref())?;
    let total = rows.len();
    let pairs = screen(&mut screener, rows, &crate::progress::count("evaluate", total))?;
    if pairs.is_empty() {
        bail!("no row to evaluate");
    }
    let mut figures = figures(&pairs);
    figures.extend(scores(&pairs));
    if options.json {
        let values: serde_json::Map<String, Value> = figures
            .iter()
            .map(|(name, s)| (name.clone(), json!({"value": s.hits as f64 / s.of.max(1) as f64, "of": s.of})))
            .collect();
        let whole = json!({"model": screener.model().to_string(), "policy": screener.policy().to_string(), "rows": pairs.len(), "figures": values});
        writeln!(output, "{whole}")?;
        return Ok(());
    }
    writeln!(output, "model {}   policy {}   {} rows", screener.model(), screener.policy(), pairs.len())?;
    for (name, share) in figures.iter().filter(|(_, s)| s.of > 0) {
        writeln!(output, "{name:34} {:.4}   of {}", share.hits as f64 / share.of as f64, share.of)?;
    }
    Ok(())
}

/// Rows of a file, those of one split if one is named.
pub(crate) fn rows(input: impl BufRead, split: Option<&str>) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    for (at, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let row: Value = serde_json::from_str(&line).with_context(|| format!("line {} is not JSON", at + 1))?;
        if split.is_none_or(|wanted| row["split"] == wanted) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// What comes out for each row, in their order.
pub(crate) fn screen(screener: &mut Screener, rows: Vec<Value>, bar: &ProgressBar) -> Result<Vec<Pair>> {
    let today = current_day().context("the system's clock gives no date")?;
    let mut pairs = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<Value> = rows.by_ref().take(ROWS_PER_BATCH).collect();
        if batch.is_empty() {
            bar.finish_and_clear();
            return Ok(pairs);
        }
        // Labels beside the text must not reach the screening: `visibility` is one of them.
        let reports = batch
            .iter()
            .map(|row| {
                let report = json!({ "id": row["id"].as_str().map_or_else(|| row["id"].to_string(), str::to_owned), "text": row["text"] });
                Report::from_json(report.to_string().as_bytes()).with_context(|| format!("row {}", row["id"]))
            })
            .collect::<Result<Vec<Report>>>()?;
        let results = screener.screen(&reports.iter().collect::<Vec<_>>(), today);
        for ((row, report), result) in batch.into_iter().zip(&reports).zip(results) {
            let sets = [
                result.category.iter().map(|c| c.code.clone()).collect(),
                result.agency.iter().map(|a| a.agency.code().to_owned()).collect(),
            ];
            pairs.push(Pair { sets, row, out: serde_json::to_value(ScreeningWire::of(&report.id, result))? });
        }
        bar.set_position(pairs.len() as u64);
    }
}

/// Whether a row carries spam, abuse or a hoax; nothing where one of them is not labelled.
pub(crate) fn harmful(row: &Value) -> Option<bool> {
    Flag::ALL.iter().map(|f| row[f.code()].as_i64()).try_fold(false, |any, v| Some(any || v? == 1))
}

fn has_sensitive(row: &Value) -> bool {
    row["fine"].as_array().is_some_and(|f| f.iter().filter_map(Value::as_str).any(|f| f.starts_with("sensitive.")))
}

/// Whether a screening published the row.
pub(crate) fn is_published(pair: &Pair) -> bool {
    pair.out["decision"] == "publish"
}

/// Shares of decisions, ranks, regions and personal data, in the order of the report.
fn figures(pairs: &[Pair]) -> Vec<(String, Share)> {
    let decided: Vec<&Pair> = pairs.iter().filter(|p| p.row["decision"].is_string()).collect();
    let is_right = |p: &&Pair| p.row["decision"] == p.out["decision"];
    let is_harm = |p: &&&Pair| harmful(&p.row) == Some(true);
    let is_legitimate = |p: &&&Pair| p.row["decision"] == "publish";
    let is_angry = |p: &&&Pair| p.row["slice"] == "angry" && p.row["decision"] == "publish";
    let mut out = vec![
        ("decision.accuracy".to_owned(), Share::of(decided.iter().map(is_right))),
        ("harm.published".to_owned(), Share::of(decided.iter().filter(is_harm).map(|p| is_published(p)))),
        ("legitimate.held".to_owned(), Share::of(decided.iter().filter(is_legitimate).map(|p| !is_published(p)))),
        ("angry.published".to_owned(), Share::of(decided.iter().filter(is_angry).map(|p| is_published(p)))),
        (
            "sensitive.held".to_owned(),
            Share::of(decided.iter().filter(|p| has_sensitive(&p.row)).map(|p| !is_published(p))),
        ),
    ];
    if decided.is_empty() {
        out.push(("held".to_owned(), Share::of(pairs.iter().map(|p| !is_published(p)))));
        let flagged = |p: &Pair| {
            p.out["reasons"]
                .as_array()
                .is_some_and(|r| r.iter().any(|r| r["code"].as_str().is_some_and(|c| c.starts_with("spam"))))
        };
        out.push(("flagged.spam".to_owned(), Share::of(pairs.iter().map(flagged))));
    }
    for (at, (head, key)) in [("category", "code"), ("agency", "type")].into_iter().enumerate() {
        let labelled: Vec<&Pair> = pairs.iter().filter(|p| p.row[head].is_string()).collect();
        let rank = |p: &Pair| p.out[head].as_array().and_then(|r| r.iter().position(|c| c[key] == p.row[head]));
        out.push((format!("{head}.accuracy"), Share::of(labelled.iter().map(|p| rank(p) == Some(0)))));
        out.push((format!("{head}.top3"), Share::of(labelled.iter().map(|p| rank(p).is_some_and(|r| r < 3)))));
        let covered = labelled.iter().map(|p| p.sets[at].iter().any(|code| p.row[head] == **code));
        out.push((format!("{head}.set_coverage"), Share::of(covered)));
        let sizes = labelled.iter().map(|p| p.sets[at].len()).sum();
        out.push((format!("{head}.set_size"), Share { hits: sizes, of: labelled.len() }));
    }
    // `region` of an authored row is a code or null; other sets write names there.
    let coded = |row: &Value| row["decision"].is_string() && row.get("region").is_some();
    let same = |p: &&Pair| regency(p.row["region"].as_str()) == regency(p.out["region"]["code"].as_str());
    out.push((
        "region.accuracy".to_owned(),
        Share::of(pairs.iter().filter(|p| coded(&p.row)).collect::<Vec<_>>().iter().map(same)),
    ));
    let visible = pairs.iter().filter(|p| p.row["decision"].is_string() && p.row["visibility"].is_string());
    out.push((
        "visibility.accuracy".to_owned(),
        Share::of(visible.map(|p| p.row["visibility"] == p.out["visibility"])),
    ));
    out.extend(personal_data(pairs));
    let mut slices: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for pair in &decided {
        let slice = pair.row["slice"].as_str().unwrap_or("none");
        slices.entry(format!("slice.{slice}")).or_default().push(is_right(pair));
    }
    out.extend(slices.into_iter().map(|(name, hits)| (name, Share::of(hits))));
    out
}

fn regency(code: Option<&str>) -> Option<&str> {
    code.map(|c| c.get(..REGENCY_CHARS).unwrap_or(c))
}

/// Recall of the labelled spans (any overlap counts) and false spans per report.
fn personal_data(pairs: &[Pair]) -> Vec<(String, Share)> {
    let mut found = Share::default();
    let mut alarms = Share::default();
    for pair in pairs {
        let (Some(wanted), Some(spans)) = (pair.row["pii"].as_array(), pair.out["pii"].as_array()) else { continue };
        let overlaps =
            |a: &Value, b: &Value| a["start"].as_u64() < b["end"].as_u64() && b["start"].as_u64() < a["end"].as_u64();
        found.of += wanted.len();
        found.hits += wanted.iter().filter(|w| spans.iter().any(|s| overlaps(w, s))).count();
        alarms.of += 1;
        alarms.hits += spans.iter().filter(|s| !wanted.iter().any(|w| overlaps(w, s))).count();
    }
    vec![("pii.recall".to_owned(), found), ("pii.false_spans_per_report".to_owned(), alarms)]
}

/// Best F1 over all thresholds, of each flag and fine label that the rows label.
fn scores(pairs: &[Pair]) -> Vec<(String, Share)> {
    let mut out = Vec::new();
    for flag in Flag::ALL {
        let label = |p: &Pair| p.row[flag.code()].as_i64().map(|v| v == 1);
        out.extend(best_f1(
            flag.code(),
            pairs.iter().filter_map(|p| Some((p.out["flags"][flag.code()].as_f64()?, label(p)?))),
        ));
    }
    for fine in Fine::ALL {
        let label = |p: &Pair| Some(p.row["fine"].as_array()?.iter().any(|f| f == fine.code()));
        out.extend(best_f1(
            fine.code(),
            pairs.iter().filter_map(|p| Some((p.out["fine"][fine.code()].as_f64()?, label(p)?))),
        ));
    }
    out
}

fn best_f1(name: &str, scored: impl Iterator<Item = (f64, bool)>) -> Option<(String, Share)> {
    let mut scored: Vec<(f64, bool)> = scored.collect();
    let positives = scored.iter().filter(|(_, y)| *y).count();
    if positives < POSITIVES_MIN || positives == scored.len() {
        return None;
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = Share { hits: 0, of: 1 };
    let mut hits = 0;
    for (at, (score, label)) in scored.iter().enumerate() {
        hits += usize::from(*label);
        // Equal scores can't be told apart by a threshold.
        let is_edge = scored.get(at + 1).is_none_or(|next| next.0 < *score);
        let now = Share { hits: 2 * hits, of: at + 1 + positives };
        if is_edge && now.hits * best.of > best.hits * now.of {
            best = now;
        }
    }
    Some((format!("{name}.best_f1"), best))
}
