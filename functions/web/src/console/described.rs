//! What programs are told about a value: a JSON schema made from its type, so that the two can't differ.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A value with a schema.
pub(super) trait Described {
    /// Its schema (JSON Schema 2020-12).
    fn schema() -> Value;
}

impl Described for String {
    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl Described for u64 {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl Described for f64 {
    fn schema() -> Value {
        json!({ "type": "number" })
    }
}

impl Described for bool {
    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl Described for f32 {
    fn schema() -> Value {
        json!({ "type": "number" })
    }
}

impl<T: Described> Described for Option<T> {
    fn schema() -> Value {
        json!({ "anyOf": [T::schema(), { "type": "null" }] })
    }
}

impl<T: Described> Described for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

impl<T: Described> Described for BTreeMap<&'static str, T> {
    fn schema() -> Value {
        json!({ "type": "object", "additionalProperties": T::schema() })
    }
}

/// A text of a list of codes or of a form.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident = $schema:expr) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        pub(super) struct $name(pub(super) String);

        impl $crate::console::described::Described for $name {
            fn schema() -> serde_json::Value {
                $schema
            }
        }
    };
}

/// An object: its fields, and with `+ BASE` those of another one before them.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident $(+ $base:ident)? { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        pub(super) struct $name {
            $(#[serde(flatten)] pub(super) base: $base,)?
            $(pub(super) $field: $kind),+
        }

        impl $crate::console::described::Described for $name {
            fn schema() -> serde_json::Value {
                use $crate::console::described::Described;
                let fields = [$((stringify!($field), <$kind as Described>::schema())),+];
                let base: Option<serde_json::Value> = [$(<$base as Described>::schema(),)?].into_iter().next();
                $crate::console::described::object_of(base, fields)
            }
        }
    };
}

pub(super) use {object, text};

/// An object of all these fields, after those of another one.
pub(super) fn object_of<const N: usize>(base: Option<Value>, fields: [(&'static str, Value); N]) -> Value {
    let mut object = base.unwrap_or_else(|| json!({ "type": "object", "properties": {}, "required": [] }));
    for (name, schema) in fields {
        object["properties"][name] = schema;
        if let Some(required) = object["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
    object["additionalProperties"] = json!(false);
    object
}

/// One of these texts.
pub(super) fn one_of(codes: impl IntoIterator<Item = impl Into<String>>) -> Value {
    json!({ "type": "string", "enum": codes.into_iter().map(Into::into).collect::<Vec<String>>() })
}
