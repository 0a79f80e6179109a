//! Scores personal-data detection against marked reports.
//!
//! `pii_score [--show] FILE…` reads JSON Lines `{"id"?,"text","pii":[{kind,start,end}]}` and
//! prints recall and false spans per 100 reports, in all and per kind. A span is found if
//! one of the same kind overlaps it. `--show` adds the missed and the false spans, by the
//! report's id (or line) and offsets only.

use std::collections::BTreeMap;
use std::fs;

use saring_domain::pii::{self, PiiKind};
use serde_json::Value;

#[derive(Default)]
struct Tally {
    marked: usize,
    found: usize,
    r#false: usize,
}

struct Marked {
    kind: String,
    start: usize,
    end: usize,
}

fn main() {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let show = flags.iter().any(|f| f == "--show");
    let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let mut reports = 0;
    for file in &files {
        let lines = fs::read_to_string(file).expect("the file is readable text");
        for (i, line) in lines.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let row: Value = serde_json::from_str(line).expect("each line is a JSON object");
            let id = row["id"].as_str().map_or_else(|| format!("{file}:{}", i + 1), str::to_owned);
            score(&row, &id, show, &mut tallies);
            reports += 1;
        }
    }
    print(&tallies, reports);
}

fn score(row: &Value, id: &str, show: bool, tallies: &mut BTreeMap<&'static str, Tally>) {
    let found = pii::find(row["text"].as_str().expect("a report has a text"));
    let marked: Vec<Marked> = row["pii"].as_array().into_iter().flatten().map(marked).collect();
    let same = |m: &Marked, s: &pii::PiiSpan| m.kind == s.kind.code() && m.start < s.end && s.start < m.end;
    for mark in &marked {
        let kind = PiiKind::ALL.into_iter().find(|k| k.code() == mark.kind);
        let tally = tallies.entry(kind.expect("the kind is known").code()).or_default();
        let hit = found.iter().any(|s| same(mark, s));
        tally.marked += 1;
        tally.found += usize::from(hit);
        if show && !hit {
            println!("missed {id} {} {}..{}", mark.kind, mark.start, mark.end);
        }
    }
    for span in found.iter().filter(|s| !marked.iter().any(|m| same(m, s))) {
        tallies.entry(span.kind.code()).or_default().r#false += 1;
        if show {
            println!("false {id} {} {}..{}", span.kind.code(), span.start, span.end);
        }
    }
}

fn marked(value: &Value) -> Marked {
    let offset = |key: &str| value[key].as_u64().expect("a span has offsets") as usize;
    Marked {
        kind: value["kind"].as_str().expect("a span has a kind").to_owned(),
        start: offset("start"),
        end: offset("end"),
    }
}

fn print(tallies: &BTreeMap<&'static str, Tally>, reports: usize) {
    let line = |name: &str, t: &Tally| {
        let recall = t.found as f64 / t.marked.max(1) as f64;
        let per_100 = 100.0 * t.r#false as f64 / reports.max(1) as f64;
        println!("{name:<13} {:>5} marked  recall {recall:.3}  {per_100:>6.2} false per 100", t.marked);
    };
    for (kind, tally) in tallies {
        line(kind, tally);
    }
    let all = tallies.values().fold(Tally::default(), |sum, t| Tally {
        marked: sum.marked + t.marked,
        found: sum.found + t.found,
        r#false: sum.r#false + t.r#false,
    });
    line("all", &all);
    println!("{reports} reports");
}
