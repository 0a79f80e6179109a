//! Checks on a bundle's files alone.

use std::path::Path;

use anyhow::{Context, Result};

use super::settings::Settings;
use super::verdict::Check;
use crate::model::lineage::{Lineage, manifest};
use crate::model::train;

const NETWORK: [&str; 3] = ["model.onnx", "model.onnx.data", "tokenizer.json"];
const CARD: &str = "MODEL_CARD.md";
const INT8_TABLE: &str = "## int8 against fp32";

pub(super) fn size(bundle: &Path, settings: &Settings) -> Result<Check> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(bundle).with_context(|| format!("{} cannot be read", bundle.display()))? {
        bytes += entry?.metadata()?.len();
    }
    let values = [None, Some(bytes as f64), Some(settings.size.bytes_max as f64)];
    Ok(Check::plain("size", 0, values, bytes <= settings.size.bytes_max, Some("bytes".to_owned())))
}

/// The network is that of the other bundle, byte for byte, or the card says what int8 cost it.
pub(super) fn int8(bundle: &Path, against: &Path, settings: &Settings) -> Result<Check> {
    let (new, current) = (manifest(bundle)?, manifest(against)?);
    if NETWORK.iter().all(|name| new.files.get(*name) == current.files.get(*name)) {
        let note = format!("the network of {}, byte for byte", current.version);
        return Ok(Check::plain("int8", 0, [None; 3], true, Some(note)));
    }
    let card = bundle.join(CARD);
    let text = std::fs::read_to_string(&card).with_context(|| format!("{} cannot be read", card.display()))?;
    let found = int8_table(&text, settings.int8.rows_min);
    if found.is_empty() {
        let note = format!("another network than {}, and {CARD} has no table of int8 against fp32", current.version);
        return Ok(Check::plain("int8", 0, [None; 3], false, Some(note)));
    }
    let mean = found.iter().map(|(_, d)| d).sum::<f64>() / found.len() as f64;
    let Some((name, worst)) = found.iter().min_by(|a, b| a.1.total_cmp(&b.1)) else { unreachable!("not empty") };
    let passed = mean >= settings.int8.mean_min && *worst >= settings.int8.worst_min;
    let note =
        format!("int8 less fp32 in {CARD}: mean {mean:+.4} of {} figures, worst {worst:+.3} ({name})", found.len());
    Ok(Check::plain("int8", found.len(), [None, Some(*worst), Some(settings.int8.worst_min)], passed, Some(note)))
}

/// Set and head, and int8 less fp32, of the card's table.
fn int8_table(card: &str, rows_min: usize) -> Vec<(String, f64)> {
    let table = card.split(INT8_TABLE).nth(1).unwrap_or_default().split("\n## ").next().unwrap_or_default();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, rows, fp32, int8, ..] = cells[..] else { return None };
        let difference = int8.parse::<f64>().ok()? - fp32.parse::<f64>().ok()?;
        (rows.parse::<usize>().ok()? >= rows_min).then(|| (name.to_owned(), difference))
    };
    table.lines().filter_map(row).collect()
}

/// A bundle that `saring model train` made comes out the same once more; of one that was trained in
/// full, which takes hours, only the hashes are checked.
pub(super) fn reproduction(bundle: &Path, export: Option<&Path>, corpus: &Path) -> Result<Check> {
    let check = |passed, note: String| Ok(Check::plain("reproduction", 0, [None; 3], passed, Some(note)));
    let Some(lineage) = Lineage::of(bundle)? else {
        return check(
            true,
            "trained in full: its files have the hashes of model.toml, the training is not repeated".to_owned(),
        );
    };
    let Some(export) = export else {
        return check(false, format!("--export must name the export {} that it was trained on", lineage.export_sha256));
    };
    match train::differing(bundle, export, corpus)? {
        None => check(true, format!("trained once more from manifest {}: the same bytes", lineage.manifest_sha256)),
        Some(file) => check(false, format!("trained once more, {file} differs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_card_is_read() {
        let card = "## Data\n| a | 900 | 0.1 | 0.9 | x |\n## int8 against fp32\n\n| set and head | rows | fp32 | int8 | difference |\n|---|---|---|---|---|\n| reports spam | 400 | 0.907 | 0.897 | -0.011 |\n| spam_sms spam | 45 | 0.9 | 0.1 | -0.8 |\n\n## Published figures\n| b | 900 | 0.1 | 0.9 | x |\n";
        let found = int8_table(card, 100);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "reports spam");
        assert!((found[0].1 + 0.010).abs() < 1e-9);
    }
}
