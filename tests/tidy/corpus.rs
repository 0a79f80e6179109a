//! The sample corpus, and the label lists that it shares with the code.

use std::collections::{BTreeMap, BTreeSet};

use saring_domain::pii::PiiKind;
use saring_domain::score::{Fine, Flag};
use serde_json::Value;

use crate::tree::{none, read};

const ROWS_MIN: usize = 300;
const CATEGORIES: usize = 25;

/// The texts between quotes in the tuple `name = (…)` of labels.py.
fn labels(name: &str) -> Vec<String> {
    let source = read("models/training/saring_training/labels.py");
    let start = format!("\n{name} = (");
    let list = source.split(&start).nth(1).and_then(|rest| rest.split(')').next());
    let list = list.unwrap_or_else(|| panic!("labels.py has the tuple {name}"));
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Value> {
    read("samplecorpus/reports.jsonl")
        .lines()
        .enumerate()
        .map(|(at, line)| serde_json::from_str(line).unwrap_or_else(|e| panic!("reports.jsonl:{}: {e}", at + 1)))
        .collect()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

/// Every finding of `check` in every row, with the row's id.
fn check_rows(check: impl Fn(&Value, &mut dyn FnMut(String))) {
    let mut found = Vec::new();
    for row in rows() {
        let id = text(&row, "id").to_owned();
        check(&row, &mut |finding| found.push(format!("{id}: {finding}")));
    }
    none(&found);
}

#[test]
fn trainer_and_domain_hold_the_same_labels() {
    assert_eq!(labels("FLAGS"), Flag::ALL.map(Flag::code));
    assert_eq!(labels("FINE"), Fine::ALL.map(Fine::code));
    let registry: toml::Table = read("models/agencies.toml").parse().expect("agencies.toml is TOML");
    let types = registry["type"].as_array().expect("agencies.toml has types").iter();
    let types: BTreeSet<_> = types.map(|t| t["code"].as_str().expect("a type has a code").to_owned()).collect();
    assert_eq!(BTreeSet::from_iter(labels("AGENCIES")), types);
    assert_eq!(labels("CATEGORIES").len(), CATEGORIES);
}

#[test]
fn labels_are_of_the_taxonomies() {
    let allowed = |field, more: &[&str]| -> (&'static str, BTreeSet<String>) {
        (field, more.iter().map(|s| (*s).to_owned()).collect())
    };
    let one_of = [
        allowed("decision", &["publish", "review"]),
        allowed("visibility", &["publik", "anonim", "rahasia"]),
        allowed("split", &["train", "dev", "test"]),
        allowed(
            "slice",
            &["clean", "angry", "mention", "spam", "abuse", "hoax", "pii", "sensitive", "mixed", "strange"],
        ),
    ];
    let or_null =
        [("category", BTreeSet::from_iter(labels("CATEGORIES"))), ("agency", BTreeSet::from_iter(labels("AGENCIES")))];
    check_rows(|row, fail| {
        for (field, values) in &one_of {
            if !values.contains(text(row, field)) {
                fail(format!("{field} is {}", row[*field]));
            }
        }
        for (field, values) in &or_null {
            if !(row[*field].is_null() && row.get(*field).is_some() || values.contains(text(row, field))) {
                fail(format!("{field} is {}", row[*field]));
            }
        }
        for flag in Flag::ALL.map(Flag::code) {
            if row[flag] != 0 && row[flag] != 1 {
                fail(format!("{flag} is {}", row[flag]));
            }
        }
        let Some(fine) = row["fine"].as_array() else { return fail("fine is no list".to_owned()) };
        for code in fine {
            match Fine::parse(code.as_str().unwrap_or_default()) {
                Ok(label) if label.flag().is_some_and(|flag| row[flag.code()] != 1) => {
                    fail(format!("{code} without its flag"));
                }
                Ok(_) => {}
                Err(_) => fail(format!("fine label {code} is unknown")),
            }
        }
    });
}

#[test]
fn decisions_follow_the_guide() {
    check_rows(|row, fail| {
        let flagged = Flag::ALL.iter().any(|flag| row[flag.code()] == 1);
        let fine = row["fine"].as_array().map_or(&[][..], Vec::as_slice);
        let sensitive = fine.iter().any(|f| f.as_str().is_some_and(|f| f.starts_with("sensitive.")));
        let held = flagged || sensitive || text(row, "slice") == "strange";
        if held != (text(row, "decision") == "review") {
            fail(format!("decision is {}", row["decision"]));
        }
    });
}

#[test]
fn personal_data_lies_inside_the_text() {
    let kinds = PiiKind::ALL.map(PiiKind::code);
    check_rows(|row, fail| {
        let length = text(row, "text").chars().count() as u64;
        let Some(spans) = row["pii"].as_array() else { return fail("pii is no list".to_owned()) };
        for span in spans {
            let inside = match (span["start"].as_u64(), span["end"].as_u64()) {
                (Some(start), Some(end)) => start < end && end <= length,
                _ => false,
            };
            if !inside || !kinds.contains(&text(span, "kind")) {
                fail(format!("span {span} in a text of {length}"));
            }
        }
    });
}

#[test]
fn the_corpus_is_whole() {
    let rows = rows();
    assert!(rows.len() >= ROWS_MIN, "{} rows, at least {ROWS_MIN}", rows.len());
    let mut seen = BTreeSet::new();
    let repeated = rows.iter().filter(|row| text(row, "id").is_empty() || !seen.insert(text(row, "id")));
    none(&repeated.map(|row| format!("id {} is empty or repeated", row["id"])).collect::<Vec<_>>());
    none(&rows.iter().filter(|r| text(r, "text").trim().is_empty()).map(|r| r["id"].to_string()).collect::<Vec<_>>());
    let used: BTreeSet<_> = rows.iter().map(|row| text(row, "category").to_owned()).filter(|c| !c.is_empty()).collect();
    assert_eq!(used, BTreeSet::from_iter(labels("CATEGORIES")), "every category has a report");
}

#[test]
fn a_hard_pair_never_crosses_a_split() {
    let rows = rows();
    let mut pairs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row["pair"].is_null()) {
        pairs.entry(text(row, "pair")).or_default().push(text(row, "split"));
    }
    assert!(!pairs.is_empty(), "the corpus has hard pairs");
    let crossing = pairs.iter().filter(|(_, splits)| splits.len() != 2 || splits[0] != splits[1]);
    none(&crossing.map(|(pair, splits)| format!("pair {pair}: {splits:?}")).collect::<Vec<_>>());
}
