//! What people who run it rely on.

use std::collections::BTreeSet;

use crate::facts::{Facts, list, named, object, walk};

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

/// What alarms and the dashboard look at in the stack's own namespace is what the functions write.
pub(crate) fn metrics_are_written(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    let mut written = BTreeSet::new();
    for (name, properties) in facts.functions() {
        let metrics = facts.listed(name, "metrics");
        let namespace = &properties["Environment"]["Variables"]["SARING_METRICS_NAMESPACE"];
        if !metrics.is_empty() && namespace["Ref"] != "AWS::StackName" {
            findings.push(format!("{name} writes its metrics nowhere"));
        }
        written.extend(metrics);
    }
    for (name, alarm) in facts.resources("AWS::CloudWatch::Alarm") {
        let own = std::iter::once(alarm).chain(list(&alarm["Metrics"]).iter().map(|m| &m["MetricStat"]["Metric"]));
        for metric in own.filter(|metric| metric["Namespace"]["Ref"] == "AWS::StackName") {
            let metric = metric["MetricName"].as_str().unwrap_or_default();
            if !written.contains(metric) {
                findings.push(format!("{name}: no function writes {metric}"));
            }
        }
    }
    walk(&facts.template["Resources"]["Dashboard"], "", &mut |_, text| {
        for shown in text.split("[\"${AWS::StackName}\", \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if !written.contains(shown) {
                findings.push(format!("the dashboard: no function writes {shown}"));
            }
        }
    });
    findings
}

#[test]
fn metrics_of_the_list_are_those_of_the_code() {
    let facts = Facts::load();
    let store = crate::facts::read("functions/store/src/telemetry.rs");
    let constants: Vec<(&str, &str)> = store
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub const ")?.strip_suffix("\";")?.split_once(": &str = \""))
        .collect();
    assert!(constants.len() >= 8, "{constants:?}");
    let mut seen = BTreeSet::new();
    for (name, _) in facts.functions() {
        let code: String =
            facts.listed(name, "code").iter().map(|path| text_below(&crate::facts::root().join(path))).collect();
        let used: BTreeSet<_> = constants
            .iter()
            .filter(|(constant, _)| code.contains(&format!("metric::{constant}")))
            .map(|(_, metric)| (*metric).to_owned())
            .collect();
        assert_eq!(facts.listed(name, "metrics").into_iter().collect::<BTreeSet<_>>(), used, "{name}");
        seen.extend(used);
    }
    let unused: Vec<_> = constants.iter().filter(|(_, metric)| !seen.contains(*metric)).collect();
    assert!(unused.is_empty(), "written by nobody: {unused:?}");
}

#[test]
fn drift_alarms_ring_where_the_console_says_drifted() {
    let facts = Facts::load();
    let alarms = facts.resources("AWS::CloudWatch::Alarm");
    let drift: Vec<_> = alarms.iter().filter(|(name, _)| name.starts_with("Drift")).collect();
    assert_eq!(drift.len(), 3, "texts, scores, decisions");
    for (name, alarm) in drift {
        assert_eq!(alarm["Threshold"].as_f64(), Some(saring_domain::drift::PSI_MAX), "{name}");
    }
}

/// All sources at or below a path.
fn text_below(path: &std::path::Path) -> String {
    if !path.is_dir() {
        return std::fs::read_to_string(path).unwrap_or_default();
    }
    let entries = std::fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    entries.map(|entry| text_below(&entry.expect("an entry can be read").path())).collect()
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
