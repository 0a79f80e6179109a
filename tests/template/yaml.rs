//! The template as JSON, with `CloudFormation`'s short forms written out.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Number, Value};

/// The first document of `text`.
pub(crate) fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).unwrap_or_else(|e| panic!("the template is YAML: {e}"));
    convert(documents.first().expect("the template has a document"))
}

fn convert(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(scalar) => convert_scalar(scalar),
        Yaml::Sequence(items) => items.iter().map(convert).collect(),
        Yaml::Mapping(entries) => {
            let entry = |(key, value): (&Yaml<'_>, &Yaml<'_>)| (key_text(key), convert(value));
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        // `!Ref x` is {"Ref": x}; all other functions begin with `Fn::`.
        Yaml::Tagged(tag, inner) => {
            let name = if tag.suffix == "Ref" { "Ref".to_owned() } else { format!("Fn::{}", tag.suffix) };
            let inner = match convert(inner) {
                Value::String(path) if tag.suffix == "GetAtt" => path.splitn(2, '.').collect(),
                other => other,
            };
            Value::Object(Map::from_iter([(name, inner)]))
        }
        Yaml::Representation(text, ..) => Value::String(text.to_string()),
        Yaml::Alias(_) | Yaml::BadValue => panic!("CloudFormation knows no aliases, and every value can be read"),
    }
}

fn convert_scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::Number((*value).into()),
        Scalar::FloatingPoint(value) => Number::from_f64(value.into_inner()).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

fn key_text(key: &Yaml<'_>) -> String {
    match convert(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[test]
fn short_forms_are_written_out() {
    let found = parse("{a: !Ref B, c: !GetAtt D.Arn, e: !Sub '${F}', g: !If [H, 1, true]}");
    let expected = serde_json::json!({
        "a": {"Ref": "B"}, "c": {"Fn::GetAtt": ["D", "Arn"]}, "e": {"Fn::Sub": "${F}"}, "g": {"Fn::If": ["H", 1, true]}
    });
    assert_eq!(found, expected);
}
