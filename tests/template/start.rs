//! The functions' programs with the environment that the template gives them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use crate::facts::{Facts, root};

const SOURCES: [&str; 5] = [
    "functions/store/src/config.rs",
    "functions/screen/src/config.rs",
    "functions/web/src/settings.rs",
    "functions/notify/src/config.rs",
    "functions/classifier/src/runtime.rs",
];

fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(2).expect("deps is below release").join(name)
}

/// A value of the right form.
fn value(variable: &str) -> String {
    let path = |relative: &str| root().join(relative).to_string_lossy().into_owned();
    match variable {
        "ORT_DISABLE_TELEMETRY" => "1".to_owned(),
        "ORT_DYLIB_PATH" => {
            std::env::var(variable).unwrap_or_else(|_| path(".saring/onnxruntime/libonnxruntime.so.1.32.0"))
        }
        "SARING_MODELS" => path("models"),
        "SARING_ORIGINAL_KEY" => "0f".repeat(32),
        "SARING_ORIGINAL_KEYS_PREVIOUS" => String::new(),
        "SARING_ORIGINAL_RETENTION_DAYS" => "365".to_owned(),
        "SARING_METRICS_NAMESPACE" => "saring".to_owned(),
        "SARING_TRACE_PERCENT" => "5".to_owned(),
        "SARING_PUBLIC_URL" => "https://lapor.example".to_owned(),
        _ => "http://127.0.0.1:9/1/x".to_owned(),
    }
}

/// What a program says when it is started without Lambda around it.
fn start(binary: &str, variables: &BTreeSet<String>) -> String {
    let mut command = Command::new(program(binary));
    command.env_clear().env("AWS_REGION", "ap-southeast-3").current_dir(std::env::temp_dir());
    command.envs(variables.iter().map(|name| (name, value(name))));
    let output = command.output().unwrap_or_else(|e| panic!("{binary} can't be started, is it built? {e}"));
    assert!(!output.status.success(), "{binary} ends without Lambda");
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

#[test]
fn functions_start_with_their_environment_and_not_without() {
    let facts = Facts::load();
    let mut started = 0;
    for function in facts.rights["functions"].as_table().expect("functions is a table").keys() {
        if !facts.listed(function, "code").iter().all(|path| root().join(path).exists()) {
            continue;
        }
        let binary = facts.rights["functions"][function]["binary"].as_str().expect("a function names its binary");
        let all: BTreeSet<_> = facts.listed(function, "environment").into_iter().collect();
        let said = start(binary, &all);
        assert!(said.contains("AWS_LAMBDA"), "{function} does not get as far as Lambda's runtime: {said}");
        for missing in facts.listed(function, "required") {
            let without = all.iter().filter(|name| **name != missing).cloned().collect();
            let said = start(binary, &without);
            assert!(!said.contains("AWS_LAMBDA"), "{function} does not miss {missing}: {said}");
        }
        started += 1;
    }
    assert!(started >= 3, "functions were started: {started}");
}

#[test]
fn every_variable_that_the_code_reads_is_set_somewhere_or_left_out_for_a_reason() {
    let facts = Facts::load();
    let mut read = BTreeSet::new();
    for path in SOURCES {
        for line in crate::facts::read(path).lines().filter(|line| line.contains("const ") && line.contains("&str")) {
            let name = line.split('"').nth(1).unwrap_or_default();
            if ["SARING_", "AWS_", "ORT_"].iter().any(|start| name.starts_with(start)) {
                read.insert(name.to_owned());
            }
        }
    }
    let functions = facts.rights["functions"].as_table().expect("functions is a table");
    let mut listed: BTreeSet<_> = functions.keys().flat_map(|name| facts.listed(name, "environment")).collect();
    for (name, reason) in facts.rights["not_set"].as_table().expect("not_set is a table") {
        assert!(reason.as_str().is_some_and(|r| r.len() > 10), "{name} is left out without a reason");
        listed.insert(name.clone());
    }
    let unlisted: Vec<_> = read.difference(&listed).collect();
    let unread: Vec<_> = listed.difference(&read).collect();
    assert!(unlisted.is_empty() && unread.is_empty(), "not in rights.toml: {unlisted:?}; read by nobody: {unread:?}");
}
