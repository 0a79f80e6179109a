//! What people who run it rely on.

use std::collections::BTreeSet;

use crate::facts::{Facts, named, object, walk};

const DESCRIPTION_CHARS_MIN: usize = 20;

pub(crate) fn alarms_reach_a_person(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    let alarms = facts.resources("AWS::CloudWatch::Alarm");
    for (name, alarm) in &alarms {
        if named(&alarm["AlarmActions"][0]).as_deref() != Some("Alarms") {
            findings.push(format!("{name} tells nobody"));
        }
        if !facts.runbook.contains(&format!("\n### {name}\n")) {
            findings.push(format!("{name} has no entry in docs/RUNBOOK.md"));
        }
    }
    let known: BTreeSet<_> = alarms.iter().map(|(name, _)| *name).collect();
    let entries = facts.runbook.lines().filter_map(|line| line.strip_prefix("### "));
    findings.extend(entries.filter(|e| !known.contains(e)).map(|e| format!("docs/RUNBOOK.md: there is no alarm {e}")));
    for (name, _) in facts.functions() {
        if !known.contains(format!("{name}Errors").as_str()) {
            findings.push(format!("{name} has no alarm on errors"));
        }
    }
    if facts.resources("AWS::CloudWatch::Dashboard").is_empty() {
        findings.push("there is no dashboard".to_owned());
    }
    findings
}

/// Accounts, regions, partitions and names of things belong to the one who deploys.
pub(crate) fn nothing_is_hard_coded(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    walk(&facts.template["Resources"], "", &mut |path, text| {
        let account = text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 12);
        let region = ["ap-", "us-", "eu-", "sa-", "af-", "ca-", "me-"].iter().any(|start| {
            text.match_indices(start).any(|(at, _)| {
                let word: String = text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                word.matches('-').count() == 2 && word.ends_with(|c: char| c.is_ascii_digit())
            })
        });
        if account || region || text.contains("arn:aws:") {
            findings.push(format!("{path}: an account, region or partition: {text}"));
        }
    });
    let names =
        ["QueueName", "TableName", "BucketName", "FunctionName", "RoleName", "TopicName", "AlarmName", "LogGroupName"];
    for (resource, value) in object(&facts.template["Resources"]) {
        let properties = object(&value["Properties"]);
        for name in names.iter().filter(|name| properties.get(**name).is_some_and(serde_json::Value::is_string)) {
            findings.push(format!("{resource}: {name} would clash with a second stack"));
        }
    }
    findings
}

pub(crate) fn parameters_are_documented_and_used(facts: &Facts) -> Vec<String> {
    let mut used = BTreeSet::new();
    for part in ["Rules", "Conditions", "Globals", "Resources", "Outputs"] {
        walk(&facts.template[part], "", &mut |path, text| {
            if path.ends_with("/Ref") {
                used.insert(text.to_owned());
            }
            if path.ends_with("/Fn::Sub") {
                let names = text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next());
                used.extend(names.map(str::to_owned));
            }
        });
    }
    let mut grouped = BTreeSet::new();
    walk(&facts.template["Metadata"], "", &mut |path, text| {
        if path.ends_with("/Parameters") {
            grouped.insert(text.to_owned());
        }
    });
    let mut findings = Vec::new();
    for (name, parameter) in object(&facts.template["Parameters"]) {
        let words = parameter["Description"].as_str().unwrap_or_default();
        if words.chars().count() < DESCRIPTION_CHARS_MIN {
            findings.push(format!("{name} does not say what it is"));
        }
        if !used.contains(name) {
            findings.push(format!("{name} is not used"));
        }
        if !grouped.contains(name) {
            findings.push(format!("{name} is in no group"));
        }
    }
    findings
}

#[test]
fn every_check_that_is_skipped_has_its_reason() {
    let settings = crate::facts::read("infra/checks/checkov.yaml");
    let lines: Vec<_> = settings.lines().map(str::trim).collect();
    let skipped: Vec<_> = lines.iter().enumerate().filter(|(_, line)| line.starts_with("- ")).collect();
    assert!(!skipped.is_empty(), "the settings name what is skipped");
    for (at, name) in skipped {
        assert!(at > 0 && lines[at - 1].starts_with("# "), "{name} is skipped without a reason");
    }
}
