//! Items in the service's JSON.

use serde_json::{Map, Value};

/// An item with its JSON, which is written once.
#[derive(Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) attributes: Map<String, Value>,
    pub(crate) json: String,
}

impl Item {
    pub(crate) fn new(attributes: Map<String, Value>) -> Self {
        let json = serde_json::to_string(&attributes).unwrap_or_default();
        Self { attributes, json }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.get("S")?.as_str()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.attributes.get(name)?.get("N")?.as_str()?.parse().ok()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// The item with these attributes alone.
    pub(crate) fn projected(&self, names: &[&str]) -> Self {
        let kept = self.attributes.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Self::new(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}
