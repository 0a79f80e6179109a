//! The table, and how data is kept and carried.

use std::collections::BTreeMap;

use saring_store::{KeyNames, Projection, table_definition};
use serde_json::{Value, json};

use crate::facts::{Facts, list, named, strings};

fn key_schema(key: KeyNames) -> Value {
    json!([{"AttributeName": key.partition, "KeyType": "HASH"}, {"AttributeName": key.sort, "KeyType": "RANGE"}])
}

fn table(facts: &Facts) -> &Value {
    let tables = facts.resources("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 1, "the template has one table");
    tables[0].1
}

/// Keys, indexes, what they show, stream and expiry.
pub(crate) fn table_is_the_stores(facts: &Facts) -> Vec<String> {
    let (found, definition) = (table(facts), table_definition());
    let indexes: BTreeMap<_, _> = definition
        .indexes
        .iter()
        .map(|index| {
            let projection = match index.projection {
                Projection::All => json!({"ProjectionType": "ALL"}),
                Projection::Include(names) => json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": names}),
            };
            (index.name, json!({"KeySchema": key_schema(index.key), "Projection": projection}))
        })
        .collect();
    let in_template: BTreeMap<_, _> = list(&found["GlobalSecondaryIndexes"])
        .iter()
        .map(|index| {
            let name = index["IndexName"].as_str().unwrap_or_default();
            (name, json!({"KeySchema": index["KeySchema"], "Projection": index["Projection"]}))
        })
        .collect();
    let keys = definition.indexes.iter().map(|i| i.key).chain([definition.key]);
    let attributes: BTreeMap<_, _> = keys.flat_map(|key| [(key.partition, "S"), (key.sort, "S")]).collect();
    let defined: BTreeMap<_, _> = list(&found["AttributeDefinitions"])
        .iter()
        .map(|a| (a["AttributeName"].as_str().unwrap_or_default(), a["AttributeType"].as_str().unwrap_or_default()))
        .collect();
    let expiry = json!({"AttributeName": definition.ttl_attribute, "Enabled": true});
    let mut findings = Vec::new();
    let mut same = |what: &str, equal: bool| {
        if !equal {
            findings.push(format!("{what} differ from functions/store/src/definition.rs"));
        }
    };
    same("its keys", found["KeySchema"] == key_schema(definition.key));
    same("its indexes", indexes == in_template);
    same("its attributes", attributes == defined);
    same("its stream's images", found["StreamSpecification"]["StreamViewType"] == definition.stream_view);
    same("its expiries", found["TimeToLiveSpecification"] == expiry);
    findings
}

pub(crate) fn table_can_be_restored(facts: &Facts) -> Vec<String> {
    let found = table(facts);
    let mut findings = Vec::new();
    if found["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] != true {
        findings.push("the table has no point-in-time recovery".to_owned());
    }
    if found["DeletionProtectionEnabled"] != true {
        findings.push("the table can be deleted by mistake".to_owned());
    }
    for name in ["Table", "Key", "OriginalKey", "Bundles", "ReportsDead"] {
        let resource = &facts.template["Resources"][name];
        if resource["DeletionPolicy"] != "Retain" || resource["UpdateReplacePolicy"] != "Retain" {
            findings.push(format!("{name} goes with the stack"));
        }
    }
    findings
}

/// A statement that refuses everything that comes without TLS.
fn refuses_plain(statement: &Value, action: &str) -> bool {
    statement["Effect"] == "Deny"
        && statement["Principal"] == "*"
        && strings(&statement["Action"]).contains(&action)
        && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
}

pub(crate) fn transport_is_encrypted(facts: &Facts) -> Vec<String> {
    let kinds = [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "sqs:*"),
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "s3:*"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "sns:Publish"),
    ];
    let mut findings = Vec::new();
    for (kind, policy, action) in kinds {
        for (name, _) in facts.resources(kind) {
            let covered = facts.resources(policy).iter().any(|(_, policy)| {
                let statements = list(&policy["PolicyDocument"]["Statement"]).iter();
                statements.filter(|s| refuses_plain(s, action)).any(|s| {
                    let one = std::slice::from_ref(&s["Resource"]);
                    let resources = if s["Resource"].is_array() { list(&s["Resource"]) } else { one };
                    resources.iter().any(|resource| named(resource).as_deref() == Some(name))
                })
            });
            if !covered {
                findings.push(format!("{name} takes requests without TLS"));
            }
        }
    }
    findings
}

pub(crate) fn rest_is_encrypted_with_our_key(facts: &Facts) -> Vec<String> {
    let places: [(&str, &[&str]); 7] = [
        ("AWS::SQS::Queue", &["KmsMasterKeyId"]),
        ("AWS::SNS::Topic", &["KmsMasterKeyId"]),
        ("AWS::DynamoDB::Table", &["SSESpecification", "KMSMasterKeyId"]),
        ("AWS::Logs::LogGroup", &["KmsKeyId"]),
        ("AWS::SecretsManager::Secret", &["KmsKeyId"]),
        ("AWS::S3::Bucket", &["BucketEncryption", "ServerSideEncryptionConfiguration"]),
        ("AWS::Serverless::Function", &["KmsKeyArn"]),
    ];
    let mut findings = Vec::new();
    for (kind, path) in places {
        for (name, properties) in facts.resources(kind) {
            let mut value =
                if kind.ends_with("Function") { facts.of_function(properties, path[0]) } else { properties };
            if !kind.ends_with("Function") {
                value = path.iter().fold(value, |value, step| &value[*step]);
            }
            if kind.ends_with("Bucket") {
                value = &value[0]["ServerSideEncryptionByDefault"]["KMSMasterKeyID"];
            }
            if named(value).as_deref() != Some("Key") {
                findings.push(format!("{name} is not encrypted with Key"));
            }
        }
    }
    findings
}
