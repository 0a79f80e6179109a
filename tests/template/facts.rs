//! What the checks look at.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::yaml;

/// The template, the list of rights and the runbook.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) template: Value,
    pub(crate) rights: toml::Table,
    pub(crate) runbook: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the repository").to_owned()
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

impl Facts {
    pub(crate) fn load() -> Self {
        Self {
            template: yaml::parse(&read("infra/template.yaml")),
            rights: read("infra/rights.toml").parse().unwrap_or_else(|e| panic!("infra/rights.toml: {e}")),
            runbook: read("docs/RUNBOOK.md"),
        }
    }

    /// Name and properties of every resource of a type.
    pub(crate) fn resources(&self, kind: &str) -> Vec<(&str, &Value)> {
        let of_kind = |(_, resource): &(&String, &Value)| resource["Type"] == kind;
        let all = object(&self.template["Resources"]).iter().filter(of_kind);
        all.map(|(name, resource)| (name.as_str(), &resource["Properties"])).collect()
    }

    pub(crate) fn functions(&self) -> Vec<(&str, &Value)> {
        self.resources("AWS::Serverless::Function")
    }

    pub(crate) fn properties(&self, name: &str) -> &Value {
        &self.template["Resources"][name]["Properties"]
    }

    /// A number, or the bound of the parameter that stands for it.
    pub(crate) fn number(&self, value: &Value, bound: Bound) -> Option<u64> {
        let parameter = value.get("Ref").and_then(Value::as_str).map(|name| &self.template["Parameters"][name]);
        match parameter {
            None => value.as_u64(),
            Some(parameter) => parameter[bound.key()].as_u64(),
        }
    }

    /// A property of a function, or what all functions have.
    pub(crate) fn of_function<'a>(&'a self, properties: &'a Value, name: &str) -> &'a Value {
        properties.get(name).unwrap_or(&self.template["Globals"]["Function"][name])
    }

    /// A list of texts in `functions.NAME` of the rights.
    pub(crate) fn listed(&self, function: &str, field: &str) -> Vec<String> {
        self.rights["functions"].get(function).and_then(|f| f.get(field)).map(texts).unwrap_or_default()
    }
}

/// Which end of what a parameter allows.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    Least,
    Most,
}

impl Bound {
    fn key(self) -> &'static str {
        match self {
            Self::Least => "MinValue",
            Self::Most => "MaxValue",
        }
    }
}

pub(crate) fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("a mapping, not {value}"))
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A list of texts; a single text is a list of one.
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        other => list(other).iter().filter_map(Value::as_str).collect(),
    }
}

pub(crate) fn texts(value: &toml::Value) -> Vec<String> {
    let items = value.as_array().expect("a list").iter();
    items.map(|item| item.as_str().expect("a text").to_owned()).collect()
}

/// The resource that `!Ref`, `!GetAtt` or `!Sub "${…}"` names.
pub(crate) fn named(value: &Value) -> Option<String> {
    if let Some(name) = value.get("Ref").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let attribute = value.get("Fn::GetAtt").map(list).and_then(|path| path.first()?.as_str());
    let inside = || value.get("Fn::Sub")?.as_str()?.strip_prefix("${")?.split(['.', '}']).next();
    attribute.or_else(inside).map(str::to_owned)
}

/// Every text in a value, with where it stands.
pub(crate) fn walk(value: &Value, path: &str, found: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => found(path, text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, found)),
        Value::Object(entries) => entries.iter().for_each(|(key, item)| walk(item, &format!("{path}/{key}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
