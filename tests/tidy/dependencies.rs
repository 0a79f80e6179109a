//! Dependencies point inwards, and each is used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::tree::{everything, has_word, is_rust, members, none, root, tracked};

/// Which crates of the workspace each crate may link; tests may see everything.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("saring-domain", &[]),
    ("saring-classifier", &["saring-domain"]),
    ("saring-store", &["saring-domain"]),
    ("saring-screen", &["saring-classifier", "saring-domain", "saring-store"]),
    ("saring-web", &["saring-domain", "saring-store"]),
    ("saring-notify", &["saring-domain", "saring-store"]),
    ("saring-local", &["saring-domain", "saring-store"]),
    ("saring-simulation", &["saring-domain", "saring-notify", "saring-screen", "saring-store"]),
    (
        "saring-cli",
        &[
            "saring-classifier",
            "saring-domain",
            "saring-local",
            "saring-notify",
            "saring-screen",
            "saring-simulation",
            "saring-store",
            "saring-web",
        ],
    ),
    ("xtask", &[]),
];

/// Declared for a feature that they switch on in another crate; no source names them.
const FOR_A_FEATURE: [&str; 1] = ["aws-credential-types"];

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

/// Names of what ships with the package: no dependencies of tests.
fn shipped(package: &Value) -> impl Iterator<Item = &str> {
    dependencies(package).iter().filter(|d| d["kind"] != "dev").map(name)
}

fn dependencies(package: &Value) -> &[Value] {
    package["dependencies"].as_array().expect("a package lists its dependencies")
}

#[test]
fn dependencies_point_inwards() {
    let members = members();
    let ours: BTreeSet<_> = members.iter().map(name).collect();
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    let mut found = Vec::new();
    for package in members.iter().filter(|p| name(p) != "saring-tests") {
        let Some(allowed) = allowed.get(name(package)) else {
            found.push(format!("{} has no row in ALLOWED", name(package)));
            continue;
        };
        for used in shipped(package).filter(|d| ours.contains(d) && !allowed.contains(d)) {
            found.push(format!("{} must not depend on {used}", name(package)));
        }
    }
    none(&found);
    let missing: Vec<_> = allowed.keys().filter(|n| !ours.contains(*n)).map(|n| format!("{n} is no package")).collect();
    none(&missing);
}

#[test]
fn heavy_dependencies_stay_in_their_crate() {
    let mut found = Vec::new();
    let mut seen = 0;
    for package in members().iter().filter(|p| name(p) != "saring-tests") {
        for used in shipped(package) {
            let home = match used {
                "ort" | "tokenizers" => "saring-classifier",
                _ if ["aws-sdk-", "aws-smithy-"].iter().any(|p| used.starts_with(p)) => "saring-store",
                "aws-config" => "saring-store",
                _ => continue,
            };
            seen += 1;
            if name(package) != home {
                found.push(format!("{}: {used} belongs in {home}", name(package)));
            }
        }
    }
    none(&found);
    assert!(seen >= 4, "the classifier and the store have their libraries, saw {seen}");
}

#[test]
fn the_domain_has_no_io() {
    let heavy = ["tokio", "hyper", "axum", "tracing", "rusqlite", "uuid", "rand", "chrono", "time"];
    let members = members();
    let domain = members.iter().find(|p| name(p) == "saring-domain").expect("the domain is a package");
    none(&shipped(domain).filter(|d| heavy.contains(d)).map(|d| format!("saring-domain: {d}")).collect::<Vec<_>>());
}

#[test]
fn every_dependency_is_used() {
    // A package's name isn't always the name of its library.
    let libraries: BTreeMap<String, String> = everything()
        .iter()
        .filter_map(|package| {
            let targets = package["targets"].as_array()?;
            let library = targets.iter().find(|t| {
                t["kind"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|k| ["lib", "rlib", "proc-macro"].iter().any(|lib| k == lib)))
            })?;
            Some((name(package).to_owned(), library["name"].as_str()?.replace('-', "_")))
        })
        .collect();
    let sources = tracked();
    let mut found = Vec::new();
    for package in members() {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a package has a manifest"));
        let directory = manifest.parent().and_then(|d| d.strip_prefix(root()).ok()).expect("inside the repository");
        let code: String = sources
            .iter()
            .filter(|(path, _)| Path::new(path).starts_with(directory) && is_rust(path))
            .map(|(_, text)| text.as_str())
            .collect();
        for dependency in dependencies(&package) {
            let used = dependency["rename"].as_str().unwrap_or(name(dependency));
            let library = libraries.get(used).map_or_else(|| used.replace('-', "_"), Clone::clone);
            if !has_word(&code, &library) && !FOR_A_FEATURE.contains(&used) {
                found.push(format!("{}: {used} is declared and not used", directory.display()));
            }
        }
    }
    none(&found);
}
