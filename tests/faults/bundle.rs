//! A bundle whose model fails on one word: the real model, with a token that it has no row for.

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{root, scratch};

/// The real model fails on a text with this word, in the runtime, by itself.
pub(crate) const FAILING_WORD: &str = "qxgalat";

fn current() -> PathBuf {
    let models = root().join("models");
    let current: toml::Table = std::fs::read_to_string(models.join("current.toml")).unwrap().parse().unwrap();
    models.join("bundles").join(current["bundle"].as_str().unwrap())
}

/// A copy of the current bundle that is sound by its hashes.
pub(crate) fn failing_bundle() -> PathBuf {
    let (from, to) = (current(), scratch("bundle"));
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    let tokenizer = to.join("tokenizer.json");
    let before = digest(&tokenizer);
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&tokenizer).unwrap()).unwrap();
    let added = json["added_tokens"].as_array_mut().unwrap();
    // The token after the last one: the embedding has no row for it.
    let next = added.iter().map(|token| token["id"].as_u64().unwrap()).max().unwrap() + 1;
    added.push(json!({
        "id": next, "content": FAILING_WORD, "single_word": false, "lstrip": true, "rstrip": true,
        "normalized": false, "special": true,
    }));
    std::fs::write(&tokenizer, json.to_string()).unwrap();
    let manifest = to.join("model.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(&before), "the manifest names the tokenizer's hash");
    std::fs::write(&manifest, text.replace(&before, &digest(&tokenizer))).unwrap();
    to
}

fn digest(path: &Path) -> String {
    saring_domain::report::hex(&Sha256::digest(std::fs::read(path).unwrap()))
}
