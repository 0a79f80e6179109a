//! The model bundles in the repository.

use std::fs;
use std::path::Path;

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
