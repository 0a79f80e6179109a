//! `saring export`: what moderators decided, as training rows.
//!
//! The same table gives the same bytes. A later export reads only trails of cases that were decided
//! since, and a label that was undone, or a case that was erased, is gone from it.

mod row;
pub(crate) mod studio;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use saring_domain::case::Case;
use saring_domain::feedback::feedback;
use saring_domain::policy::Decision;
use saring_domain::report::hex;
use saring_store::{Cases, TableConfig, env};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use row::Row;
use row::{Reviewers, Sampling};

/// Key of the reviewers' pseudonyms, any text; without it, one that follows from the originals' key.
pub(crate) const KEY_VARIABLE: &str = "SARING_EXPORT_KEY";
pub(crate) const EXPORT_MANIFEST: &str = "manifest.json";
const SHARD_PREFIX: &str = "decisions-";
const FORMAT: u32 = 1;
/// `2026-11`: a shard holds the decisions of a month.
const MONTH_CHARS: usize = 7;

/// What an export holds; the same for the same table.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    rows: usize,
    /// Tells exports with other pseudonyms apart; it doesn't lead back to the key.
    reviewers: String,
    files: BTreeMap<String, Shard>,
    /// How often each label is known to apply and not to apply.
    labels: BTreeMap<String, [usize; 2]>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Shard {
    rows: usize,
    sha256: String,
}

impl Manifest {
    /// Reads the manifest of an export and checks the files that it names.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(EXPORT_MANIFEST);
        let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let manifest: Self =
            serde_json::from_slice(&bytes).with_context(|| format!("{} is no manifest", path.display()))?;
        for (name, shard) in &manifest.files {
            let path = directory.join(name);
            let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            if sha256(&bytes) != shard.sha256 {
                bail!("{} has another sha-256 than {EXPORT_MANIFEST} says", path.display());
            }
        }
        Ok(manifest)
    }

    /// Paths of its files, in order.
    pub(crate) fn paths(&self, directory: &Path) -> Vec<PathBuf> {
        self.files.keys().map(|name| directory.join(name)).collect()
    }
}

/// Exports the table that the environment names.
pub(crate) async fn run(out: &Path) -> Result<()> {
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let reviewers = Reviewers::new(&key()?);
    let before = known_rows(out, &reviewers)?;
    let bar = crate::progress::spinner("ekspor / export");
    let (rows, trails) = collect(&cases, &reviewers, &before, &bar).await?;
    bar.finish_and_clear();
    let removed = before.keys().filter(|id| !rows.contains_key(*id)).count();
    let added = rows.keys().filter(|id| !before.contains_key(*id)).count();
    let changed = rows.iter().filter(|(id, row)| before.get(*id).is_some_and(|old| old != *row)).count();
    let manifest = write(out, &rows, &reviewers)?;
    println!(
        "{} baris / rows   {added} baru / new, {changed} berubah / changed, {removed} ditarik / withdrawn   {trails} jejak dibaca / trails read   {}",
        manifest.rows,
        out.join(EXPORT_MANIFEST).display()
    );
    Ok(())
}

fn key() -> Result<Vec<u8>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let own = variable(KEY_VARIABLE).map(String::into_bytes);
    let derived = || variable(env::ORIGINAL_KEY).map(|key| Sha256::digest(format!("saring export\0{key}")).to_vec());
    own.or_else(derived)
        .with_context(|| format!("{KEY_VARIABLE} or {} must be set: reviewers get pseudonyms by it", env::ORIGINAL_KEY))
}

/// Rows of the export that stands there; nothing where it has other pseudonyms or is not whole.
fn known_rows(directory: &Path, reviewers: &Reviewers) -> Result<BTreeMap<String, Row>> {
    if !directory.join(EXPORT_MANIFEST).is_file() {
        return Ok(BTreeMap::new());
    }
    let Ok(manifest) = Manifest::read(directory) else { return Ok(BTreeMap::new()) };
    if manifest.reviewers != reviewers.name() || manifest.format != FORMAT {
        return Ok(BTreeMap::new());
    }
    let mut rows = BTreeMap::new();
    for path in manifest.paths(directory) {
        for row in row::read(&path)? {
            rows.insert(row.id.clone(), row);
        }
    }
    Ok(rows)
}

/// All rows by case, and how many trails were read for them.
async fn collect(
    cases: &Cases,
    reviewers: &Reviewers,
    before: &BTreeMap<String, Row>,
    bar: &ProgressBar,
) -> Result<(BTreeMap<String, Row>, usize)> {
    let samples = cases.samples().await?;
    let (mut rows, mut trails) = (BTreeMap::new(), 0);
    let mut after = None;
    loop {
        let page = cases.scan_cases(after).await?;
        for case in page.items {
            bar.inc(1);
            let record = case.record();
            let id = record.id.to_string();
            let sampling = match (record.screened.verdict.decision, samples.get(&record.id)) {
                (Decision::Review, _) => Sampling::held(),
                (Decision::Publish, Some(sample)) => Sampling::drawn(sample.probability),
                (Decision::Publish, None) => Sampling::unsolicited(),
            };
            let known = before.get(&id).filter(|row| row.is_of(record));
            let row = if let Some(row) = known {
                Some(Row { sampling, prepared: row::prepared(&row.text), ..row.clone() })
            } else {
                trails += usize::from(may_teach(&case));
                labelled(cases, &case, reviewers, sampling).await?
            };
            if let Some(row) = row {
                rows.insert(id, row);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok((rows, trails));
        }
    }
}

/// Whether anybody can have decided on it; saves reading most trails.
fn may_teach(case: &Case) -> bool {
    let record = case.record();
    record.labels.is_some() || record.decided.version > 1
}

async fn labelled(cases: &Cases, case: &Case, reviewers: &Reviewers, sampling: Sampling) -> Result<Option<Row>> {
    if !may_teach(case) {
        return Ok(None);
    }
    let trail = cases.audit(case.id()).await?;
    let Some(feedback) = feedback(case.record(), &trail) else { return Ok(None) };
    Ok(Some(Row::of(case.record(), &feedback, reviewers, sampling)))
}

/// Writes the shards that changed, removes those that are empty now, and the manifest last.
fn write(directory: &Path, rows: &BTreeMap<String, Row>, reviewers: &Reviewers) -> Result<Manifest> {
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be created", directory.display()))?;
    let mut shards: BTreeMap<String, (usize, Vec<u8>)> = BTreeMap::new();
    let mut labels: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for row in rows.values() {
        let month = row.decided_at.get(..MONTH_CHARS).unwrap_or_default();
        let (count, bytes) = shards.entry(format!("{SHARD_PREFIX}{month}.jsonl")).or_default();
        *count += 1;
        serde_json::to_writer(&mut *bytes, row)?;
        bytes.push(b'\n');
        for (label, present) in row.known() {
            labels.entry(label).or_default()[usize::from(!present)] += 1;
        }
    }
    let mut files = BTreeMap::new();
    for (name, (count, bytes)) in &shards {
        let digest = sha256(bytes);
        let path = directory.join(name);
        if fs::read(&path).map_or(true, |there| sha256(&there) != digest) {
            replace(&path, bytes)?;
        }
        files.insert(name.clone(), Shard { rows: *count, sha256: digest });
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if name.starts_with(SHARD_PREFIX) && !files.contains_key(&name) {
            fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    let manifest = Manifest { format: FORMAT, rows: rows.len(), reviewers: reviewers.name(), files, labels };
    let mut bytes = serde_json::to_vec_pretty(&manifest)?;
    bytes.push(b'\n');
    replace(&directory.join(EXPORT_MANIFEST), &bytes)?;
    Ok(manifest)
}

/// Replaces a file as a whole: whoever reads it sees the old one or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let written = fs::write(&new, bytes).and_then(|()| fs::rename(&new, path));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
