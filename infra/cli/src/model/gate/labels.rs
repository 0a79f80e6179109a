//! Whether labels of the export contradict what both models say of their texts: a mistake here and there
//! or a new kind of report is learnt or rare, labels that were turned at random are neither.

use std::collections::BTreeMap;

use anyhow::Result;
use saring_domain::score::Flag;

use super::bootstrap::lower;
use super::measures;
use super::settings::Settings;
use super::verdict::{Check, Outcome, WHOLE, rounded};
use super::{Screened, Screener};
use crate::evaluate::{self, Pair};
use crate::export::Manifest;

/// Rows that are looked at, evenly over the export.
const ROWS_MAX: usize = 4_000;
/// Cases that a refusal names.
const NAMED_MAX: usize = 5;
/// Slices that a refusal on all rows names.
const SLICES_NAMED_MAX: usize = 3;

/// The checks; none without an export.
pub(super) fn checks(
    export: Option<&std::path::Path>,
    current: &mut Screener,
    new: &mut Screener,
    settings: &Settings,
) -> Result<Vec<Check>> {
    let Some(export) = export else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for path in Manifest::read(export)?.paths(export) {
        rows.extend(evaluate::rows(std::io::BufReader::new(std::fs::File::open(path)?), None)?);
    }
    let step = rows.len().div_ceil(ROWS_MAX).max(1);
    let rows: Vec<_> = rows.into_iter().step_by(step).collect();
    Ok(of(&super::both(current, new, &rows)?, settings))
}

/// One row of one head: whether its label contradicts both models.
struct Seen<'a> {
    id: &'a str,
    slices: Vec<String>,
    contradicts: bool,
}

/// Nothing where the label is unknown or the current model isn't sure.
fn seen<'a>(current: &'a Pair, new: &Pair, flag: Flag, settings: &Settings) -> Option<Seen<'a>> {
    let label = measures::flag_label(&current.row, flag)?;
    let probability = |pair: &Pair| pair.out["flags"][flag.code()].as_f64();
    let (said, says) = (probability(current)?, probability(new)?);
    let sure = settings.labels.sure;
    if said < sure && said > 1.0 - sure {
        return None;
    }
    let mut slices = measures::slices(&current.row, settings);
    if let Some(reviewer) = current.row["reviewer"].as_str() {
        slices.push(format!("reviewer.{reviewer}"));
    }
    if let Some(code) = current.out["category"][0]["code"].as_str() {
        slices.push(format!("screened.{code}"));
    }
    let contradicts = label != (said >= sure) && label != (says >= 0.5);
    Some(Seen { id: current.row["id"].as_str().unwrap_or_default(), slices, contradicts })
}

fn of(screened: &Screened, settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    for flag in Flag::ALL {
        let pairs = screened.current.iter().zip(&screened.new);
        let all: Vec<Seen<'_>> = pairs.filter_map(|(current, new)| seen(current, new, flag, settings)).collect();
        let mut groups: BTreeMap<&str, Vec<&Seen<'_>>> = BTreeMap::new();
        for one in &all {
            groups.entry(WHOLE).or_default().push(one);
            one.slices.iter().for_each(|slice| groups.entry(slice).or_default().push(one));
        }
        let large = |(name, rows): &(&&str, &Vec<_>)| **name == WHOLE || rows.len() >= settings.slice.rows_min;
        let most = most(&groups, all.len(), settings);
        for (slice, rows) in groups.iter().filter(large) {
            let mut check = check(flag, slice, rows, settings);
            if *slice == WHOLE && check.is_refused() {
                check.note = Some(format!("{}; most in {most}", check.note.unwrap_or_default()));
            }
            checks.push(check);
        }
    }
    checks
}

/// Where labels contradict the most, as far as that is certain, among slices that are not nearly all rows.
fn most(groups: &BTreeMap<&str, Vec<&Seen<'_>>>, all: usize, settings: &Settings) -> String {
    let least = |rows: &[&Seen<'_>]| lower(wrong(rows), rows.len(), settings.whole.confidence);
    let mut parts: Vec<(&&str, &Vec<&Seen<'_>>)> = groups.iter().filter(|(_, rows)| rows.len() * 2 <= all).collect();
    parts.sort_by(|a, b| least(b.1).total_cmp(&least(a.1)).then_with(|| a.0.cmp(b.0)));
    let name = |(slice, rows): &(&&str, &Vec<&Seen<'_>>)| format!("[{slice}] {} of {}", wrong(rows), rows.len());
    parts.iter().take(SLICES_NAMED_MAX).map(name).collect::<Vec<_>>().join(", ")
}

fn wrong(rows: &[&Seen<'_>]) -> usize {
    rows.iter().filter(|row| row.contradicts).count()
}

fn check(flag: Flag, slice: &str, rows: &[&Seen<'_>], settings: &Settings) -> Check {
    let wrong: Vec<&str> = rows.iter().filter(|row| row.contradicts).map(|row| row.id).collect();
    let confidence = if slice == WHOLE { settings.whole.confidence } else { settings.slice.confidence };
    let least = lower(wrong.len(), rows.len(), confidence);
    let bound = settings.labels.share_max;
    let named = wrong.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(" ");
    let note = (!wrong.is_empty()).then(|| format!("{} contradict both models: {named}", wrong.len()));
    Check {
        name: format!("labels.{}", flag.code()),
        slice: slice.to_owned(),
        rows: rows.len(),
        current: None,
        new: Some(rounded(wrong.len() as f64 / rows.len().max(1) as f64)),
        low: None,
        high: None,
        bound: Some(bound),
        outcome: Outcome::of(least <= bound),
        note,
    }
}
