//! Mistakes that people make in templates, each planted and each caught by the check of its name.

use serde_json::{Value, json};

use crate::CHECKS;
use crate::facts::Facts;

/// A mistake, what it does to the template, and the check that must see it.
type Mistake = (&'static str, fn(&mut Value), &'static str);

const MISTAKES: [Mistake; 20] = [
    (
        "a longer time-out",
        |t| t["Parameters"]["ScreenTimeoutSeconds"]["MaxValue"] = json!(120),
        "visibility_outlasts_the_function",
    ),
    (
        "whole batches fail or succeed",
        |t| {
            remove(
                &mut t["Resources"]["Screen"]["Properties"]["Events"]["Reports"]["Properties"],
                "FunctionResponseTypes",
            );
        },
        "failures_are_reported_by_item",
    ),
    (
        "as many screenings as there are messages",
        |t| remove(&mut t["Resources"]["Screen"]["Properties"]["Events"]["Reports"]["Properties"], "ScalingConfig"),
        "mappings_are_bounded",
    ),
    (
        "a queue without dead letters",
        |t| remove(&mut t["Resources"]["Reports"]["Properties"], "RedrivePolicy"),
        "queues_have_dead_letters",
    ),
    (
        "dead letters that expire first",
        |t| t["Resources"]["ReportsDead"]["Properties"]["MessageRetentionPeriod"] = json!(345_600),
        "queues_have_dead_letters",
    ),
    (
        "a policy that allows what it should deny",
        |t| t["Resources"]["ReportsTlsOnly"]["Properties"]["PolicyDocument"]["Statement"][0]["Effect"] = json!("Allow"),
        "transport_is_encrypted",
    ),
    (
        "the service's own key",
        |t| remove(&mut t["Resources"]["Decisions"]["Properties"], "KmsMasterKeyId"),
        "rest_is_encrypted_with_our_key",
    ),
    (
        "a private field in the public index",
        |t| {
            let names = &mut t["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"][1]["Projection"]["NonKeyAttributes"];
            names.as_array_mut().expect("a list").push(json!("report_id"));
        },
        "table_is_the_stores",
    ),
    (
        "a stream without old images",
        |t| t["Resources"]["Table"]["Properties"]["StreamSpecification"]["StreamViewType"] = json!("NEW_IMAGE"),
        "table_is_the_stores",
    ),
    (
        "no way back in time",
        |t| remove(&mut t["Resources"]["Table"]["Properties"], "PointInTimeRecoverySpecification"),
        "table_can_be_restored",
    ),
    (
        "the feed may read the whole table",
        |t| {
            let statement =
                &mut t["Resources"]["FeedRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0];
            statement["Resource"] = json!({"Fn::GetAtt": ["Table", "Arn"]});
        },
        "rights_are_those_of_the_list",
    ),
    (
        "a right on everything",
        |t| {
            let statement =
                &mut t["Resources"]["ScreenRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0];
            statement["Action"] = json!("dynamodb:*");
        },
        "rights_are_those_of_the_list",
    ),
    (
        "a misspelt variable",
        |t| {
            t["Resources"]["Feed"]["Properties"]["Environment"]["Variables"] =
                json!({"SARING_TABEL": {"Ref": "Table"}});
        },
        "environment_is_that_of_the_list",
    ),
    (
        "all traffic at once",
        |t| remove(&mut t["Resources"]["Screen"]["Properties"], "DeploymentPreference"),
        "functions_are_published_gradually",
    ),
    (
        "logs for ever",
        |t| remove(&mut t["Resources"]["ScreenLog"]["Properties"], "RetentionInDays"),
        "logs_are_kept_and_end",
    ),
    (
        "an open console",
        |t| {
            t["Resources"]["Console"]["Properties"]["Environment"]["Variables"]["SARING_OIDC_AUDIENCE"] = json!("*");
        },
        "console_needs_a_token",
    ),
    (
        "an alarm that nobody hears",
        |t| remove(&mut t["Resources"]["ReportsDeadLetters"]["Properties"], "AlarmActions"),
        "alarms_reach_a_person",
    ),
    (
        "an alarm on what nobody measures",
        |t| t["Resources"]["Violations"]["Properties"]["MetricName"] = json!("Violation"),
        "metrics_are_written",
    ),
    (
        "metrics that go nowhere",
        |t| {
            remove(&mut t["Resources"]["Verify"]["Properties"]["Environment"]["Variables"], "SARING_METRICS_NAMESPACE");
        },
        "metrics_are_written",
    ),
    (
        "somebody's account",
        |t| {
            t["Resources"]["Table"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] =
                json!(["arn:aws:kms:ap-southeast-3:", "123456789012:key/x"].concat());
        },
        "nothing_is_hard_coded",
    ),
];

fn remove(value: &mut Value, key: &str) {
    assert!(value.as_object_mut().expect("a mapping").remove(key).is_some(), "{key} is there to be removed");
}

#[test]
fn each_mistake_is_caught_by_its_check() {
    let sound = Facts::load();
    for (mistake, plant, name) in MISTAKES {
        let mut facts = sound.clone();
        plant(&mut facts.template);
        assert_ne!(facts.template, sound.template, "{mistake}: nothing was planted");
        let (_, check) = CHECKS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("there is no check {name}"));
        assert!(!check(&facts).is_empty(), "{name} does not see: {mistake}");
    }
}
