//! Scores the resolving of regions against labelled reports.
//!
//! `region_score [--show] FILE…` reads JSON Lines `{"id"?,"text","region":CODE|null,"split"?}` and
//! prints, per split, the share of labelled reports whose regency or city (or province, where the
//! label is one) is the resolved one, the share resolved at all, and how many unlabelled reports
//! got a region. `--show` adds the ids that differ.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use saring_domain::region::{LocationHint, Regions};
use serde_json::Value;

/// Characters of the code of a regency or city.
const REGENCY_CHARS: usize = 5;

#[derive(Default)]
struct Tally {
    labelled: usize,
    right: usize,
    silent: usize,
    unlabelled: usize,
    named: usize,
    time: Duration,
}

fn main() {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let show = flags.iter().any(|f| f == "--show");
    let table = fs::read_to_string("models/regions.csv").expect("models/regions.csv is readable from here");
    let regions = Regions::parse(&table).expect("the table is sound");
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for file in &files {
        let lines = fs::read_to_string(file).expect("the file is readable text");
        for (at, line) in lines.lines().enumerate() {
            let row: Value = serde_json::from_str(line).expect("each line is a JSON object");
            let tally = tallies.entry(row["split"].as_str().unwrap_or("-").to_owned()).or_default();
            let began = Instant::now();
            let found = regions.resolve(row["text"].as_str().expect("a text"), &LocationHint::default());
            tally.time += began.elapsed();
            let found = found.map(|f| regency(&f.code).to_owned());
            let label = row["region"].as_str().map(regency);
            let Some(label) = label else {
                tally.unlabelled += 1;
                tally.named += usize::from(found.is_some());
                continue;
            };
            tally.labelled += 1;
            tally.silent += usize::from(found.is_none());
            let right = found.as_deref() == Some(label);
            tally.right += usize::from(right);
            if show && !right {
                let id = row["id"].as_str().map_or_else(|| format!("{file}:{}", at + 1), str::to_owned);
                println!("{id} wanted {label} got {}", found.as_deref().unwrap_or("-"));
            }
        }
    }
    for (split, t) in &tallies {
        let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
        let each = t.time.as_secs_f64() * 1e3 / (t.labelled + t.unlabelled).max(1) as f64;
        println!(
            "{split:<6} {:>5} labelled  right {:.4}  silent {:.4}  {:>5} unlabelled  named {:.4}  {each:.3} ms a report",
            t.labelled,
            share(t.right, t.labelled),
            share(t.silent, t.labelled),
            t.unlabelled,
            share(t.named, t.unlabelled),
        );
    }
}

/// The regency's or city's part of a code; a province's is shorter and stays.
fn regency(code: &str) -> &str {
    code.get(..REGENCY_CHARS).unwrap_or(code)
}
