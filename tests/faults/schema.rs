//! The part of JSON Schema that `decision-1.json` uses, checked without a library; a keyword that
//! this doesn't know fails, so the schema can't outgrow it unseen.

use serde_json::Value;

use crate::support::root;

const KNOWN: [&str; 18] = [
    "$schema",
    "$ref",
    "$defs",
    "title",
    "description",
    "type",
    "additionalProperties",
    "required",
    "properties",
    "const",
    "enum",
    "items",
    "anyOf",
    "minLength",
    "maxLength",
    "minimum",
    "id",
    "format",
];

pub(crate) struct Schema(Value);

impl Schema {
    pub(crate) fn decision() -> Self {
        let path = root().join("functions/notify/schema/decision-1.json");
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// What is wrong with a message; nothing if it is as the schema says.
    pub(crate) fn errors(&self, message: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        self.check(&self.0, message, "$", &mut errors);
        errors
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        let rules = schema.as_object().unwrap();
        for keyword in rules.keys() {
            assert!(KNOWN.contains(&keyword.as_str()), "keyword '{keyword}' is not checked");
        }
        let mut fail = |what: &str| errors.push(format!("{at}: {what}"));
        if let Some(expected) = rules.get("const")
            && expected != value
        {
            fail("not the constant");
        }
        if let Some(allowed) = rules.get("enum")
            && !allowed.as_array().unwrap().contains(value)
        {
            fail("not one of the values");
        }
        if let Some(kinds) = rules.get("type") {
            let kinds = kinds.as_array().cloned().unwrap_or_else(|| vec![kinds.clone()]);
            if !kinds.iter().any(|kind| is(kind.as_str().unwrap(), value)) {
                fail("another type");
            }
        }
        let length = value.as_str().map(|text| text.chars().count() as u64);
        if let Some(length) = length {
            let limit = |name: &str| rules.get(name).and_then(Value::as_u64);
            if limit("minLength").is_some_and(|min| length < min) || limit("maxLength").is_some_and(|max| length > max)
            {
                fail("another length");
            }
        }
        if let (Some(minimum), Some(number)) = (rules.get("minimum").and_then(Value::as_i64), value.as_i64())
            && number < minimum
        {
            fail("too small");
        }
        if let Some(name) = rules.get("$ref").and_then(Value::as_str) {
            let name = name.strip_prefix("#/$defs/").unwrap();
            self.check(&self.0["$defs"][name], value, at, errors);
        }
        if let Some(choices) = rules.get("anyOf").and_then(Value::as_array) {
            let fits = choices.iter().any(|choice| {
                let mut inner = Vec::new();
                self.check(choice, value, at, &mut inner);
                inner.is_empty()
            });
            if !fits {
                errors.push(format!("{at}: none of the forms"));
            }
        }
        self.check_parts(schema, value, at, errors);
    }

    fn check_parts(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (index, value) in values.iter().enumerate() {
                self.check(items, value, &format!("{at}[{index}]"), errors);
            }
        }
        let Some(fields) = value.as_object() else { return };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap()) {
                errors.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, value) in fields {
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, value, &format!("{at}.{name}"), errors),
                None if schema["additionalProperties"] == Value::Bool(false) => {
                    errors.push(format!("{at}: {name} is unknown"));
                }
                None => {}
            }
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("type '{other}' is not checked"),
    }
}

/// The checks above must be able to fail: each damage of a sound message is found.
pub(crate) fn finds_damage(schema: &Schema, sound: &Value) {
    let check = |what: &str, damage: fn(&mut Value)| {
        let mut message = sound.clone();
        damage(&mut message);
        assert!(!schema.errors(&message).is_empty(), "{what} is not found");
    };
    check("another version", |m| m["version"] = 2.into());
    check("a missing field", |m| drop(m.as_object_mut().unwrap().remove("reasons")));
    check("an unknown field", |m| m["text"] = "x".into());
    check("an unknown status", |m| m["status"] = "hidden".into());
    check("a version of zero", |m| m["case_version"] = 0.into());
    check("a number as text", |m| m["case_version"] = "1".into());
    check("a short moment", |m| m["decided_at"] = "2026-11-24".into());
    check("a reason without code", |m| m["reasons"] = serde_json::json!([{ "detail": "x" }]));
    check("an agency without name", |m| m["agency"] = serde_json::json!({ "type": "x" }));
    check("words in one language", |m| m["message"] = serde_json::json!({ "id": "x" }));
}
