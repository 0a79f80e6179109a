//! The model bundles in the repository.

use std::fs;
use std::path::Path;

use saring_domain::claims::{ClaimIndex, source_hash};

use crate::tree::{none, read, root};

const BUNDLE_BYTES_MAX: u64 = 40 * 1024 * 1024;

fn bytes(path: &Path) -> u64 {
    if path.is_file() {
        return fs::metadata(path).expect("a bundle's file can be read").len();
    }
    fs::read_dir(path)
        .expect("a bundle's directory can be read")
        .map(|entry| bytes(&entry.expect("an entry can be read").path()))
        .sum()
}

#[test]
fn bundles_are_small_enough_for_a_function() {
    let bundles: Vec<_> =
        fs::read_dir(root().join("models/bundles")).expect("there are bundles").map(|e| e.unwrap().path()).collect();
    assert!(!bundles.is_empty(), "models/bundles holds a bundle");
    let large: Vec<_> = bundles
        .iter()
        .map(|path| (path, bytes(path)))
        .filter(|(_, size)| *size > BUNDLE_BYTES_MAX)
        .map(|(path, size)| format!("{}: {size} bytes, at most {BUNDLE_BYTES_MAX}", path.display()))
        .collect();
    none(&large);
}

#[test]
fn the_current_bundle_is_there() {
    let current: toml::Table = read("models/current.toml").parse().expect("current.toml is TOML");
    let name = current["bundle"].as_str().expect("`bundle` names a directory");
    let bundle = root().join("models/bundles").join(name);
    let missing: Vec<_> = ["model.toml", "model.onnx", "tokenizer.json", "MODEL_CARD.md"]
        .iter()
        .filter(|file| !bundle.join(file).is_file())
        .map(|file| format!("models/bundles/{name}/{file} is missing"))
        .collect();
    none(&missing);
}

#[test]
fn every_bundle_passed_its_gate() {
    let bundles = fs::read_dir(root().join("models/bundles")).expect("there are bundles").map(|e| e.unwrap().path());
    let checked = bundles.map(|path| saring_screen::check_gate(&path));
    none(&checked.filter_map(Result::err).map(|error| error.to_string()).collect::<Vec<_>>());
}

/// An index of other claims or words would be built anew at each start, which takes a second or two.
#[test]
fn every_index_of_claims_is_up_to_date() {
    let source = source_hash(&[read("models/claims.jsonl").as_bytes(), read("models/claim_words.tsv").as_bytes()]);
    let bundles = fs::read_dir(root().join("models/bundles")).expect("there are bundles").map(|e| e.unwrap().path());
    let stale = bundles.filter_map(|bundle| {
        let version = bundle.file_name().expect("a bundle has a name").to_string_lossy().into_owned();
        let bytes = fs::read(bundle.join("claims.index")).expect("a bundle has an index of claims");
        let index = ClaimIndex::read(bytes, &version).expect("the index is the bundle's");
        (index.source() != source)
            .then(|| format!("{version}: `saring claims build --bundle models/bundles/{version}`"))
    });
    none(&stale.collect::<Vec<_>>());
}
