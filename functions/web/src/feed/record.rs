//! Flat records that are written as JSON and as XML alike.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::xml::Xml;

/// Fields in the order of the specification.
pub(super) type Record<'a> = Vec<(&'static str, Value<'a>)>;

pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(u32),
    No,
    Nothing,
    /// An empty list.
    NoRecords,
}

impl Value<'_> {
    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Number(number) => Value::Number(number),
            Self::No => Value::No,
            Self::Nothing => Value::Nothing,
            Self::NoRecords => Value::NoRecords,
        }
    }
}

struct Fields<'a>(&'a Record<'a>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            match value {
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Number(number) => map.serialize_entry(name, number)?,
                Value::No => map.serialize_entry(name, &false)?,
                Value::Nothing => map.serialize_entry(name, &())?,
                Value::NoRecords => map.serialize_entry(name, &[(); 0])?,
            }
        }
        map.end()
    }
}

pub(super) fn json(record: &Record<'_>) -> String {
    serde_json::to_string(&Fields(record)).expect("texts and numbers have a json form")
}

pub(super) fn json_list(records: &[Record<'_>]) -> String {
    let fields: Vec<_> = records.iter().map(Fields).collect();
    serde_json::to_string(&fields).expect("texts and numbers have a json form")
}

pub(super) fn xml(name: &'static str, record: &Record<'_>) -> String {
    let mut xml = Xml::new();
    element(&mut xml, name, record);
    xml.finish()
}

/// A list element with one element for each record.
pub(super) fn xml_list([list, name]: [&'static str; 2], records: &[Record<'_>]) -> String {
    let mut xml = Xml::new();
    xml.open(list, &[]);
    for record in records {
        element(&mut xml, name, record);
    }
    xml.close(list);
    xml.finish()
}

fn element(xml: &mut Xml, name: &'static str, record: &Record<'_>) {
    xml.open(name, &[]);
    for (field, value) in record {
        match value {
            Value::Text(text) => xml.leaf(field, text),
            Value::Number(number) => xml.leaf(field, &number.to_string()),
            Value::No => xml.leaf(field, "false"),
            Value::Nothing | Value::NoRecords => xml.empty(field, &[]),
        }
    }
    xml.close(name);
}
