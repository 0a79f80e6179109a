//! What the registry holds, in words.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use saring_screen::{Current, GATE_FILE, check_gate, model_hash};

use super::gate::{Outcome, Verdict, WHOLE};
use super::lineage::{MODEL_FILE, Manifest, manifest};
use super::registry::{CURRENT, Place};

/// Digits of a hash that are shown.
const DIGITS: usize = 12;

pub(crate) fn list(place: &Place) -> Result<()> {
    let (directory, models) = place.overview()?;
    // A registry of which nothing was promoted yet has no current bundle.
    let current = models.join(CURRENT).is_file().then(|| Current::load(&models)).transpose()?;
    let (bundle, previous) = current.map_or((None, None), |current| (Some(current.bundle), current.previous));
    let mut versions = Vec::new();
    for entry in std::fs::read_dir(&directory).with_context(|| format!("{} cannot be read", directory.display()))? {
        let entry = entry?;
        if entry.path().join(MODEL_FILE).is_file() {
            versions.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    versions.sort();
    for version in versions {
        let path = directory.join(&version);
        let mark = match version {
            _ if bundle.as_deref() == Some(&version) => "*",
            _ if previous.as_deref() == Some(&version) => "<",
            _ => " ",
        };
        println!("{mark} {version:32} {:44} {}", gate(&path), origin(&manifest(&path)?));
    }
    println!("* dipakai / current   < sebelumnya / previous");
    Ok(())
}

fn origin(said: &Manifest) -> String {
    said.lineage.as_ref().map_or_else(
        || format!("penuh / full, data {}", short(&said.data_hash)),
        |l| format!("{} + {} keputusan / decisions, export {}", l.base, l.decisions_trained, short(&l.export_sha256)),
    )
}

fn short(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}

fn gate(bundle: &Path) -> String {
    let Ok(verdict) = verdict(bundle) else { return "tanpa putusan / no verdict".to_owned() };
    match (verdict.verdict, check_gate(bundle)) {
        (Outcome::Passed, Ok(())) => format!("lulus / passed (>= {})", verdict.against.bundle),
        (Outcome::Passed, Err(_)) => "putusan bita lain / verdict on other bytes".to_owned(),
        (Outcome::Refused, _) => format!("ditolak / refused ({})", verdict.against.bundle),
    }
}

fn verdict(bundle: &Path) -> Result<Verdict> {
    let path = bundle.join(GATE_FILE);
    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is no verdict", path.display()))
}

pub(crate) fn show(version: &str, place: &Place) -> Result<()> {
    let bundle = place.bundle(version)?;
    let said = manifest(&bundle)?;
    println!("{}   {}", said.version, gate(&bundle));
    println!("{MODEL_FILE} {}", model_hash(&bundle)?);
    for (name, hash) in &said.files {
        println!("{name} {hash}");
    }
    if let Some(lineage) = &said.lineage {
        println!("asal / lineage: {} ({})", origin(&said), lineage.manifest_sha256);
        println!("  base {}", lineage.base_sha256);
        for (name, hash) in &lineage.data {
            println!("  {name} {hash}");
        }
        for (name, value) in &lineage.settings {
            println!("  {name} = {value}");
        }
        for (name, version) in &lineage.packages {
            println!("  {name} {version}");
        }
    } else {
        println!("asal / lineage: {}", origin(&said));
    }
    if let Ok(verdict) = verdict(&bundle) {
        println!("gate: kebijakan / policy {}, terhadap / against {}", verdict.policy, verdict.against.bundle);
        for check in verdict.checks.iter().filter(|c| c.slice == WHOLE) {
            println!("  {}", super::gate::line(check));
        }
    }
    Ok(())
}

pub(crate) fn diff(versions: [&str; 2], place: &Place) -> Result<()> {
    let bundles = versions.map(|v| place.bundle(v));
    let [one, other] = bundles;
    let (one, other) = (one?, other?);
    let said = [manifest(&one)?, manifest(&other)?];
    println!("{}   {} | {}   {}", versions[0], gate(&one), versions[1], gate(&other));
    let names: BTreeSet<&String> = said.iter().flat_map(|m| m.files.keys()).collect();
    for name in names {
        let hashes = [0, 1].map(|i| said[i].files.get(name).map_or("-", |h| short(h)));
        let same = if hashes[0] == hashes[1] { "sama / same" } else { "beda / differs" };
        println!("{name:20} {same:16} {} | {}", hashes[0], hashes[1]);
    }
    println!("{:20} {} | {}", "lineage", origin(&said[0]), origin(&said[1]));
    for (key, value) in said[0].calibration.iter().filter(|(key, value)| said[1].calibration.get(*key) != Some(value)) {
        println!(
            "{key:20} {value} | {}",
            said[1].calibration.get(key).map_or_else(|| "-".to_owned(), ToString::to_string)
        );
    }
    if let (Ok(a), Ok(b)) = (verdict(&one), verdict(&other)) {
        println!("{:20} {} | {}", "policy", a.policy, b.policy);
        for check in a.checks.iter().filter(|c| c.slice == WHOLE) {
            let found = b.checks.iter().find(|c| c.slice == WHOLE && c.name == check.name).and_then(|c| c.new);
            let number = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
            println!("{:20} {} | {}", check.name, number(check.new), number(found));
        }
    }
    Ok(())
}
