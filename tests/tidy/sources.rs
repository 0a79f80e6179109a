//! Sizes, unfinished work, foreign names and machine paths.

use crate::tree::{has_word, is_rust, none, tracked};

const SOURCE_LINES_MAX: usize = 450;
const BINARY_LINES_MAX: usize = 40;

fn is_source(path: &str) -> bool {
    [".rs", ".py", ".sh"].iter().any(|end| path.ends_with(end))
}

/// Code that ships, as against tests and examples.
fn ships(path: &str) -> bool {
    is_rust(path) && !path.split('/').any(|part| part == "tests" || part == "examples")
}

#[test]
fn sources_fit_on_a_few_screens() {
    let long: Vec<_> = tracked()
        .iter()
        .filter(|(path, text)| is_source(path) && text.lines().count() > SOURCE_LINES_MAX)
        .map(|(path, text)| format!("{path}: {} lines, at most {SOURCE_LINES_MAX}", text.lines().count()))
        .collect();
    none(&long);
}

#[test]
fn function_binaries_only_start() {
    let is_binary =
        |path: &str| path.starts_with("functions/") && (path.ends_with("/src/main.rs") || path.contains("/src/bin/"));
    let binaries: Vec<_> = tracked().into_iter().filter(|(path, _)| is_binary(path)).collect();
    assert!(!binaries.is_empty(), "functions have binaries");
    let long: Vec<_> = binaries
        .iter()
        .filter(|(_, text)| text.lines().count() > BINARY_LINES_MAX)
        .map(|(path, text)| format!("{path}: {} lines, at most {BINARY_LINES_MAX}", text.lines().count()))
        .collect();
    none(&long);
}

#[test]
fn nothing_is_left_unfinished() {
    // Put together here, so that this file doesn't contain them.
    let marks = [["todo", "!("], ["unimplemented", "!("], ["#[", "ignore"], ["FIX", "ME"]].map(|m| m.concat());
    let mut found = Vec::new();
    for (path, text) in tracked().iter().filter(|(path, _)| is_source(path)) {
        for mark in marks.iter().filter(|mark| text.contains(mark.as_str())) {
            found.push(format!("{path}: {mark}"));
        }
    }
    none(&found);
}

#[test]
fn foreign_names_stay_in_their_crate() {
    let homes = [
        ("ort::", "functions/classifier/"),
        ("tokenizers::", "functions/classifier/"),
        ("aws_sdk_", "functions/store/"),
    ];
    let mut seen = [false; 3];
    let mut found = Vec::new();
    for (path, text) in tracked().iter().filter(|(path, _)| ships(path)) {
        for (index, (name, home)) in homes.iter().enumerate() {
            if !starts_word(text, name) {
                continue;
            }
            seen[index] = true;
            if !path.starts_with(home) {
                found.push(format!("{path}: {name} belongs in {home}"));
            }
        }
    }
    none(&found);
    assert_eq!(seen, [true; 3], "each foreign name is used in its own crate, so the search works");
}

fn starts_word(text: &str, name: &str) -> bool {
    text.match_indices(name)
        .any(|(at, _)| !text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

#[test]
fn no_path_of_one_machine_is_tracked() {
    let places = ["work", "root", "home", "Users"].map(|place| format!("/{place}/"));
    let mut found = Vec::new();
    for (path, text) in tracked() {
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| starts_path(line, place)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim().chars().take(80).collect::<String>()));
            }
        }
    }
    none(&found);
}

/// Whether an absolute path begins with `place`; the same inside a longer path is none.
fn starts_path(line: &str, place: &str) -> bool {
    line.match_indices(place)
        .any(|(at, _)| !line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_-.)}*/".contains(c)))
}

#[test]
fn the_searches_find_what_they_should() {
    assert!(has_word("use tokio::fs;", "tokio") && !has_word("use tokio_util::io;", "tokio"));
    assert!(starts_word("ort::init()", "ort::") && !starts_word("port::init()", "ort::"));
    let place = ["/ro", "ot/"].concat();
    assert!(starts_path(&format!("cd {place}x"), &place) && !starts_path(&format!("a{place}x"), &place));
}
