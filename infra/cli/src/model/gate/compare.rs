//! Checks on what both bundles made of the held-out rows.

use std::collections::{BTreeMap, BTreeSet};

use saring_domain::score::Flag;

use super::Screened;
use super::bootstrap::{Random, interval, lower, upper};
use super::measures::{self, Measure, Sliced};
use super::settings::Settings;
use super::verdict::{Check, Outcome, WHOLE, rounded};
use crate::evaluate::{Pair, harmful, is_published};

/// Every measure on all rows and in each slice with enough of them; and the slices that have too few.
pub(super) fn differences(screened: &Screened, settings: &Settings) -> (Vec<Check>, Vec<String>) {
    let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, pair) in screened.new.iter().enumerate() {
        for slice in measures::slices(&pair.row, settings) {
            members.entry(slice).or_default().push(at);
        }
    }
    let (mut checks, mut too_small) = (Vec::new(), BTreeSet::new());
    let all: Vec<usize> = (0..screened.new.len()).collect();
    for measure in measures::all(settings) {
        let Some(found) = values(screened, &measure, &all) else { continue };
        checks.push(whole(&measure, &found, settings));
        for (slice, at) in members.iter().filter(|_| measure.sliced == Sliced::Yes) {
            match values(screened, &measure, at) {
                Some(found) if found.len() >= settings.slice.rows_min => {
                    checks.push(within(&measure, slice, &found, settings));
                }
                Some(_) if at.len() < settings.slice.rows_min => {
                    too_small.insert(slice.clone());
                }
                _ => {}
            }
        }
    }
    (checks, too_small.into_iter().collect())
}

/// Current and new value of each row that has one.
fn values(screened: &Screened, measure: &Measure, at: &[usize]) -> Option<Vec<(f64, f64)>> {
    let both = |i: &usize| Some(((measure.of)(&screened.current[*i])?, (measure.of)(&screened.new[*i])?));
    let found: Vec<_> = at.iter().filter_map(both).collect();
    (!found.is_empty()).then_some(found)
}

fn whole(measure: &Measure, found: &[(f64, f64)], settings: &Settings) -> Check {
    let mut check = check(measure, WHOLE, found, settings.whole.confidence, settings);
    let tolerance = settings.tolerance(measure.tolerance).unwrap_or(0.0);
    check.bound = Some(-tolerance);
    check.outcome = Outcome::of(check.low >= check.bound);
    check
}

fn within(measure: &Measure, slice: &str, found: &[(f64, f64)], settings: &Settings) -> Check {
    let mut check = check(measure, slice, found, settings.slice.confidence, settings);
    check.bound = Some(-settings.slice.tolerance);
    check.outcome = Outcome::of(check.high >= check.bound);
    check
}

fn check(measure: &Measure, slice: &str, found: &[(f64, f64)], confidence: f64, settings: &Settings) -> Check {
    let mean = |of: fn(&(f64, f64)) -> f64| Some(rounded(found.iter().map(of).sum::<f64>() / found.len() as f64));
    let differences: Vec<f64> = found.iter().map(|(current, new)| new - current).collect();
    let mut random = Random::new(settings.seed, &format!("{} {slice}", measure.name));
    let interval = interval(&differences, settings.resamples, confidence, &mut random);
    Check {
        name: measure.name.clone(),
        slice: slice.to_owned(),
        rows: found.len(),
        current: mean(|v| v.0),
        new: mean(|v| v.1),
        low: Some(rounded(interval.low)),
        high: Some(rounded(interval.high)),
        bound: None,
        outcome: Outcome::Passed,
        note: None,
    }
}

/// Mean probability and share of those that carry the flag, in groups of equal size.
pub(super) fn reliability(pairs: &[Pair], flag: Flag, bins: usize) -> Vec<(f64, f64)> {
    let of = |p: &Pair| Some((p.out["flags"][flag.code()].as_f64()?, measures::flag_label(&p.row, flag)?));
    let mut scored: Vec<(f64, bool)> = pairs.iter().filter_map(of).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let group = |members: &[(f64, bool)]| {
        let n = members.len() as f64;
        (members.iter().map(|m| m.0).sum::<f64>() / n, members.iter().filter(|m| m.1).count() as f64 / n)
    };
    scored.chunks(scored.len().div_ceil(bins).max(1)).map(group).collect()
}

/// Expected calibration error of each flag.
pub(super) fn calibration(screened: &Screened, settings: &Settings) -> Vec<Check> {
    let error = |pairs: &[Pair], flag| {
        let groups = reliability(pairs, flag, settings.calibration.bins);
        groups.iter().map(|(said, was)| (said - was).abs()).sum::<f64>() / groups.len().max(1) as f64
    };
    let of = |flag: Flag| {
        let (current, new) = (error(&screened.current, flag), error(&screened.new, flag));
        let bound = current + settings.calibration.tolerance;
        let name = format!("calibration.{}", flag.code());
        Check::plain(&name, screened.new.len(), [Some(current), Some(new), Some(bound)], new <= bound, None)
    };
    Flag::ALL.map(of).into()
}

/// Upper bound of the share of harm among what is published, on the authored test rows.
pub(super) fn certificate(screened: &Screened, settings: &Settings) -> Check {
    let declared = &settings.certificate;
    // Both rates hold together: each takes half of the error.
    let confidence = 1.0 - (1.0 - declared.confidence) / 2.0;
    let test = |pairs: &[Pair]| {
        let (mut harm, mut honest) = ([0; 2], [0; 2]);
        for pair in pairs.iter().filter(|p| p.row["split"] == "test") {
            let published = usize::from(is_published(pair));
            if harmful(&pair.row) == Some(true) {
                harm = [harm[0] + published, harm[1] + 1];
            } else if pair.row["decision"] == "publish" {
                honest = [honest[0] + published, honest[1] + 1];
            }
        }
        let missed = declared.prevalence * upper(harm[0], harm[1], confidence);
        let all = missed + (1.0 - declared.prevalence) * lower(honest[0], honest[1], confidence);
        (if all > 0.0 { missed / all } else { 1.0 }, harm, honest)
    };
    let ((current, ..), (new, harm, honest)) = (test(&screened.current), test(&screened.new));
    let bound = declared.target.max(current + declared.tolerance);
    let said = if new <= declared.target { "certified" } else { "not certified" };
    let note = format!(
        "{said}: {} of {} harmful and {} of {} legitimate test rows published, target {}",
        harm[0], harm[1], honest[0], honest[1], declared.target
    );
    let rows = harm[1] + honest[1];
    Check::plain("certificate", rows, [Some(current), Some(new), Some(bound)], new <= bound, Some(note))
}
