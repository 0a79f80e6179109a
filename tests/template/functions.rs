//! What the functions are given, how they are replaced and who reaches them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::facts::{Facts, named, object};

/// Routes that the gateway lets everybody call; all others need a token. The console asks for one
/// itself: browsers bring it in a cookie, which the gateway doesn't read.
const PUBLIC_ROUTES: [(&str, &str); 9] = [
    ("ANY", "/console"),
    ("ANY", "/console/{proxy+}"),
    ("GET", "/"),
    ("GET", "/{proxy+}"),
    ("ANY", "/lacak"),
    ("ANY", "/lacak/{proxy+}"),
    ("POST", "/reports"),
    ("GET", "/reports/{tracking_id}"),
    ("POST", "/reports/{tracking_id}/appeal"),
];

pub(crate) fn environment_is_that_of_the_list(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, properties) in facts.functions() {
        let set: BTreeSet<_> = object(&properties["Environment"]["Variables"]).keys().cloned().collect();
        let listed: BTreeSet<_> = facts.listed(name, "environment").into_iter().collect();
        findings.extend(set.difference(&listed).map(|v| format!("{name}: {v} is set and not in rights.toml")));
        findings.extend(listed.difference(&set).map(|v| format!("{name}: {v} is in rights.toml and not set")));
        let telemetry = &properties["Environment"]["Variables"]["ORT_DISABLE_TELEMETRY"];
        if listed.contains("ORT_DYLIB_PATH") && *telemetry != "1" {
            findings.push(format!("{name}: the runtime's telemetry is on"));
        }
    }
    findings
}

pub(crate) fn functions_are_published_gradually(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, properties) in facts.functions() {
        if facts.of_function(properties, "Runtime") != "provided.al2023" {
            findings.push(format!("{name} is not on provided.al2023"));
        }
        if named(&facts.of_function(properties, "Architectures")[0]).as_deref() != Some("Architecture") {
            findings.push(format!("{name}: its processor is no parameter"));
        }
        if !facts.of_function(properties, "AutoPublishAlias").is_string() {
            findings.push(format!("{name} has no alias"));
        }
        let deployment = &properties["DeploymentPreference"];
        let alarm = named(&deployment["Alarms"][0]);
        if named(&deployment["Type"]).is_none() || alarm.as_deref() != Some(&format!("{name}Errors")) {
            findings.push(format!("{name} is replaced at once, or without its alarm on errors"));
        }
    }
    findings
}

pub(crate) fn logs_are_kept_and_end(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, log) in facts.resources("AWS::Logs::LogGroup") {
        if log["RetentionInDays"].is_null() {
            findings.push(format!("{name} is kept for ever"));
        }
    }
    for (name, properties) in facts.functions() {
        let logging = &properties["LoggingConfig"];
        if named(&logging["LogGroup"]).as_deref() != Some(&format!("{name}Log")) || logging["LogFormat"] != "JSON" {
            findings.push(format!("{name} does not write JSON to a log of its own"));
        }
    }
    // A path holds a tracking id.
    let format = facts.properties("Api")["AccessLogSettings"]["Format"].to_string();
    for leak in ["$context.path", "$context.identity", "$context.authorizer.claims", "Query"] {
        if format.contains(leak) {
            findings.push(format!("the gateway's log names people: {leak}"));
        }
    }
    findings
}

/// Routes: function, method, path and properties of the event.
fn routes(facts: &Facts) -> Vec<(&str, String, String, &Value)> {
    let mut found = Vec::new();
    for (function, properties) in facts.functions() {
        for event in object(&properties["Events"]).values().filter(|e| e["Type"] == "HttpApi") {
            let text = |field: &str| event["Properties"][field].as_str().unwrap_or_default().to_owned();
            found.push((function, text("Method"), text("Path"), &event["Properties"]));
        }
    }
    assert!(!found.is_empty(), "the template has routes");
    found
}

pub(crate) fn console_needs_a_token(facts: &Facts) -> Vec<String> {
    let mut findings = Vec::new();
    let auth = &facts.properties("Api")["Auth"];
    let authorizer = auth["DefaultAuthorizer"].as_str().unwrap_or_default();
    let jwt = &auth["Authorizers"][authorizer]["JwtConfiguration"];
    if jwt["issuer"].is_null() || jwt["audience"].is_null() {
        findings.push("the gateway's default authorizer checks no tokens".to_owned());
    }
    // The gateway reads no cookies: the console checks its tokens itself, against the same provider.
    let own = &facts.properties("Console")["Environment"]["Variables"];
    for (variable, setting) in [("SARING_OIDC_ISSUER", "issuer"), ("SARING_OIDC_AUDIENCE", "audience")] {
        let asked = if jwt[setting].is_array() { &jwt[setting][0] } else { &jwt[setting] };
        if own[variable].is_null() || own[variable] != *asked {
            findings.push(format!("Console: {variable} is not the gateway's {setting}"));
        }
    }
    for (function, method, path, event) in routes(facts) {
        let public = PUBLIC_ROUTES.contains(&(method.as_str(), path.as_str()));
        let open = event["Auth"]["Authorizer"] == "NONE";
        if open && !public {
            findings.push(format!("{function}: {method} {path} is open to everybody"));
        }
        if public && !open {
            findings.push(format!("{function}: {method} {path} is public and asks for a token"));
        }
        if event["ApiId"].is_null() {
            findings.push(format!("{function}: {method} {path} makes a gateway of its own"));
        }
    }
    if let Some((name, _)) = facts.functions().into_iter().find(|(_, f)| f.get("FunctionUrlConfig").is_some()) {
        findings.push(format!("{name} has an address that goes around the gateway"));
    }
    findings
}

pub(crate) fn public_routes_are_throttled(facts: &Facts) -> Vec<String> {
    let settings = &facts.properties("Api")["DefaultRouteSettings"];
    let missing = ["ThrottlingRateLimit", "ThrottlingBurstLimit"].into_iter().filter(|name| settings[*name].is_null());
    missing.map(|name| format!("the gateway has no {name}")).collect()
}
