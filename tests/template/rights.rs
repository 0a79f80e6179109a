//! What the roles allow, against `infra/rights.toml`; and that list against the code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::code::{Code, needs_of};
use crate::facts::{Facts, list, named, strings, texts};

/// Rights as the list writes them: an action and a resource, or the service that asks for the key.
type Rights = BTreeSet<String>;

/// `Table`, `Table/index/feed`, `Table/stream`, `ScreenLog`; anything else as it stands.
fn resource(value: &Value) -> String {
    let attribute = value["Fn::GetAtt"][1].as_str();
    let name = named(value);
    match (name, attribute, value["Fn::Sub"].as_str()) {
        (Some(name), Some("Arn"), None) => name,
        (Some(name), Some("StreamArn"), None) => format!("{name}/stream"),
        (Some(name), None, Some(text)) if text.starts_with(&format!("${{{name}.Arn}}/")) => {
            text.replacen(&format!("${{{name}.Arn}}"), &name, 1)
        }
        _ => value.to_string(),
    }
}

fn allowed(role: &Value) -> Rights {
    let mut rights = Rights::new();
    let policies = list(&role["Policies"]).iter().flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]));
    for statement in policies {
        let service = statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"].as_str();
        let via = service.and_then(|s| s.split('.').next()).map_or(String::new(), |s| format!(" via {s}"));
        let one = std::slice::from_ref(&statement["Resource"]);
        let resources = if statement["Resource"].is_array() { list(&statement["Resource"]) } else { one };
        for action in strings(&statement["Action"]) {
            rights.extend(resources.iter().map(|r| format!("{action} {}{via}", resource(r))));
        }
    }
    rights
}

fn expected(facts: &Facts, function: &str) -> Rights {
    let find = |section: &str, name: &str| {
        let found =
            facts.rights[section].get(name).unwrap_or_else(|| panic!("rights.toml: {section}.{name} is missing"));
        texts(found)
    };
    let mut rights: Rights = facts.listed(function, "operations").iter().flat_map(|o| find("operations", o)).collect();
    rights.extend(facts.listed(function, "events").iter().flat_map(|e| find("events", e)));
    let mut keys = vec![("lambda", "lambda")];
    for (asks, service) in [("dynamodb:", "dynamodb"), ("sqs:ReceiveMessage ", "sqs"), ("sqs:SendMessage ", "sqs")] {
        if rights.iter().any(|right| right.starts_with(asks)) {
            keys.push((asks.trim_end_matches([' ', ':']), service));
        }
    }
    for (asks, service) in keys {
        rights.extend(find("key", asks).iter().map(|action| format!("{action} Key via {service}")));
    }
    rights.extend(["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| format!("{action} {function}Log")));
    rights
}

pub(crate) fn rights_are_those_of_the_list(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    for (function, properties) in facts.functions() {
        if facts.rights["functions"].get(function).is_none() {
            findings.push(format!("{function} is not in rights.toml"));
            continue;
        }
        let Some(role) = named(&properties["Role"]) else {
            findings.push(format!("{function} has no role of its own"));
            continue;
        };
        let shared = facts.functions().iter().filter(|(_, f)| named(&f["Role"]).as_ref() == Some(&role)).count();
        if shared > 1 || facts.properties(&role).get("ManagedPolicyArns").is_some() {
            findings.push(format!("{role} gives {function} what others need"));
        }
        let (has, needs) = (allowed(facts.properties(&role)), expected(facts, function));
        findings.extend(has.difference(&needs).map(|right| format!("{function} may {right}, which it never does")));
        findings.extend(needs.difference(&has).map(|right| format!("{function} may not {right}, which it does")));
    }
    findings
}

/// Function names with the operations that the list gives them, for those that are built here.
fn built(facts: &Facts) -> BTreeMap<String, Vec<String>> {
    let functions = facts.rights["functions"].as_table().expect("functions is a table");
    let exists = |name: &str| facts.listed(name, "code").iter().all(|path| crate::facts::root().join(path).exists());
    functions.keys().filter(|name| exists(name)).map(|name| (name.clone(), facts.listed(name, "operations"))).collect()
}

#[test]
fn the_list_has_the_operations_that_the_code_calls() {
    let facts = Facts::load();
    let store = Code::of_store();
    let mut findings = Vec::new();
    for (function, operations) in built(&facts) {
        let listed: BTreeSet<_> = operations.into_iter().collect();
        let called = store.called_in(&facts.listed(&function, "code"));
        let missing = called.difference(&listed).map(|o| format!("{function} calls {o}; add it to rights.toml"));
        findings.extend(missing);
        findings
            .extend(listed.difference(&called).map(|o| format!("{function} never calls {o}; rights.toml lists it")));
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn the_list_has_what_each_operation_asks_of_aws() {
    let facts = Facts::load();
    let store = Code::of_store();
    let operations = facts.rights["operations"].as_table().expect("operations is a table");
    let mut findings = Vec::new();
    for (operation, needs) in operations {
        let listed: BTreeSet<_> = texts(needs).into_iter().collect();
        let found = needs_of(&store, operation);
        if listed != found {
            findings.push(format!("{operation} = {found:?} by the code, {listed:?} by rights.toml"));
        }
        let used = built(&facts).values().any(|of_function| of_function.contains(operation));
        if !used && built(&facts).len() == facts.functions().len() {
            findings.push(format!("{operation} is called by no function"));
        }
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}
