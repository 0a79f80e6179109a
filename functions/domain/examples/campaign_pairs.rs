//! Which rows of labelled reports fold into one campaign: `campaign_pairs FILE.jsonl`.
//!
//! Rows with the same `pair` are hard pairs, written to differ in little. Prints how many pairs of
//! all fold, how many of them are hard pairs, and the others by id.

use std::collections::{HashMap, HashSet};

use saring_domain::campaign::Fingerprint;
use saring_domain::pii;
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("campaign_pairs FILE.jsonl")?;
    let text = std::fs::read_to_string(path)?;
    let rows: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let print = |row: &Value| {
        let text = row["text"].as_str()?;
        Fingerprint::of(&pii::mask(text, &pii::find(text)))
    };
    let started = std::time::Instant::now();
    let prints: Vec<_> = rows.iter().map(print).collect();
    let us = started.elapsed().as_micros() / rows.len().max(1) as u128;
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, print) in prints.iter().enumerate() {
        for band in print.iter().flat_map(Fingerprint::bands) {
            places.entry(band).or_default().push(at);
        }
    }
    let mut met: HashSet<(usize, usize)> = HashSet::new();
    for together in places.values() {
        for (i, a) in together.iter().enumerate() {
            met.extend(together[i + 1..].iter().map(|b| (*a, *b)));
        }
    }
    let alike = |a: usize, b: usize| match (&prints[a], &prints[b]) {
        (Some(a), Some(b)) => a.sketch().is_alike(b.sketch()),
        _ => false,
    };
    let mut folded: Vec<_> = met.iter().copied().filter(|(a, b)| alike(*a, *b)).collect();
    folded.sort_unstable();
    let all = (0..rows.len()).flat_map(|a| (a + 1..rows.len()).map(move |b| (a, b)));
    let missed = all.filter(|(a, b)| alike(*a, *b) && !met.contains(&(*a, *b))).count();
    let hard = |(a, b): &(usize, usize)| !rows[*a]["pair"].is_null() && rows[*a]["pair"] == rows[*b]["pair"];
    let others: Vec<_> = folded.iter().filter(|pair| !hard(pair)).collect();
    for (a, b) in &others {
        let similarity = prints[*a].as_ref().zip(prints[*b].as_ref()).map(|(a, b)| a.sketch().similarity(b.sketch()));
        println!("{} {} {:.2}", rows[*a]["id"], rows[*b]["id"], similarity.unwrap_or_default());
    }
    println!(
        "{} rows, {} with a fingerprint, {us} us each; {} pairs met, {} folded: {} hard pairs, {} others; {missed} alike that never met",
        rows.len(),
        prints.iter().flatten().count(),
        met.len(),
        folded.len(),
        folded.len() - others.len(),
        others.len(),
    );
    Ok(())
}
