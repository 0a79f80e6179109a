//! Every code that a verdict's reasons can have, for tests: the domain's labels, and what its sources
//! and the screening's write as a literal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use saring_domain::policy::{Evidence, Policy, Unjudged, decide};
use saring_domain::report::Visibility;
use saring_domain::score::{Fine, Flag};

/// How a source begins a reason: a call, or the bare struct.
const STARTS: [&str; 2] = ["reason(", "Reason {"];

fn functions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let of_tests = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !of_tests {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
        }
    }
}

fn written() -> BTreeSet<String> {
    let mut texts = Vec::new();
    for part in ["domain/src", "screen/src"] {
        sources(&functions().join(part), &mut texts);
    }
    let mut codes = BTreeSet::new();
    for (text, start) in texts.iter().flat_map(|text| STARTS.map(|start| (text, start))) {
        for (at, _) in text.match_indices(start) {
            let rest = text[at + start.len()..].trim_start();
            let rest = rest.strip_prefix("code:").map_or(rest, str::trim_start);
            if let Some(code) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                codes.insert(code.to_owned());
            }
        }
    }
    codes
}

pub(crate) fn all() -> BTreeSet<String> {
    let labels = Flag::ALL.map(Flag::code).into_iter().chain(Fine::ALL.map(Fine::code));
    // A hoax is never a reason by its style alone: the policy writes 'hoax.unverified'.
    labels.filter(|code| *code != Flag::Hoax.code()).map(str::to_owned).chain(written()).collect()
}

#[test]
fn the_search_finds_what_verdicts_hold() {
    let toml = std::fs::read_to_string(functions().parent().unwrap().join("models/policy.toml")).unwrap();
    let policy = Policy::parse(&toml).unwrap();
    let written = written();
    for why in [Unjudged::ModelUnavailable, Unjudged::TimedOut] {
        for reason in decide(&policy, Evidence::Unjudged(why), Visibility::Publik).reasons {
            assert!(written.contains(&reason.code), "{} is not found", reason.code);
        }
    }
    for code in ["clean", "text.unreadable", "text.too_long", "hoax.unverified"] {
        assert!(written.contains(code), "{code} is not found");
    }
}
