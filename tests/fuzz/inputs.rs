//! The kept inputs.

use std::path::Path;

/// Bytes of a failing input that are shown.
const SHOWN_BYTES_MAX: usize = 2_000;

/// Inputs of a target, in the order of their names: one per file, or one per line of `*.lines`.
pub(crate) fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(&directory).unwrap_or_else(|e| panic!("{target}: {e}")).map(|f| f.unwrap().path()).collect();
    paths.sort();
    let mut inputs = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|end| end == "lines") {
            inputs.extend(bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec));
        } else {
            inputs.push(bytes);
        }
    }
    assert!(!inputs.is_empty(), "{target} has a corpus");
    inputs
}

/// An input as a Rust string of bytes.
pub(crate) fn shown(input: &[u8]) -> String {
    format!("b\"{}\" ({} bytes)", input[..input.len().min(SHOWN_BYTES_MAX)].escape_ascii(), input.len())
}
