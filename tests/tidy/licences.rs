//! Every package in the tree has a licence that deny.toml allows.

use std::collections::BTreeSet;

use crate::tree::{everything, none, read};

#[test]
fn licences_are_allowed() {
    let settings: toml::Table = read("deny.toml").parse().expect("deny.toml is TOML");
    let allowed: BTreeSet<&str> = settings["licenses"]["allow"]
        .as_array()
        .expect("licenses.allow is a list")
        .iter()
        .map(|licence| licence.as_str().expect("a licence is text"))
        .collect();
    let refused: Vec<_> = everything()
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|l| satisfied(l, &allowed)))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    none(&refused);
}

/// Whether an SPDX expression can be met with the allowed licences; `/` is the old form of OR.
fn satisfied(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words, allowed: &BTreeSet<&str>) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words, allowed: &BTreeSet<&str>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words, allowed: &BTreeSet<&str>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        return words.next() == Some(")") && met;
    }
    let Some(licence) = words.next() else { return false };
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next().unwrap_or_default();
        return allowed.contains(format!("{licence} WITH {exception}").as_str());
    }
    allowed.contains(licence)
}

#[test]
fn expressions_mean_what_spdx_says() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR Apache-2.0) AND ISC", true),
        ("(MIT OR Apache-2.0) AND Zlib", false),
        ("GPL-3.0-only OR MIT AND Zlib", false),
        ("MIT WITH LLVM-exception", false),
        ("(MIT", false),
        ("", false),
    ] {
        assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
    }
}
