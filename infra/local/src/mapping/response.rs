//! What a response says about the messages of its batch.

use std::collections::HashSet;

use serde_json::Value;

/// Which messages of a batch failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All were processed, but for these message ids.
    Processed { failed: HashSet<String> },
    /// The response is not one that the service accepts: all failed.
    Malformed(&'static str),
}

/// Reads a response by the rules that the Lambda guide gives for partial batch
/// responses ('Success and failure conditions').
///
/// No failures: an empty or null response, an object without the list, an empty
/// or null list. Complete failure: no JSON, a list that is none, an identifier
/// that is absent, null, empty or not of this batch.
pub(super) fn read<'a>(response: &[u8], batch: impl IntoIterator<Item = &'a str>) -> Verdict {
    if response.iter().all(u8::is_ascii_whitespace) {
        return none_failed();
    }
    let Ok(response) = serde_json::from_slice::<Value>(response) else {
        return Verdict::Malformed("response is not JSON");
    };
    let failures = match &response {
        Value::Null => return none_failed(),
        Value::Object(fields) => fields.get("batchItemFailures").unwrap_or(&Value::Null),
        // Not documented. To keep the messages is the safe side.
        _ => return Verdict::Malformed("response is not an object"),
    };
    let failures = match failures {
        Value::Null => return none_failed(),
        Value::Array(failures) => failures,
        _ => return Verdict::Malformed("batchItemFailures is not a list"),
    };
    let known: HashSet<&str> = batch.into_iter().collect();
    let mut failed = HashSet::new();
    for failure in failures {
        match failure.get("itemIdentifier").and_then(Value::as_str) {
            None => return Verdict::Malformed("itemIdentifier is absent"),
            Some("") => return Verdict::Malformed("itemIdentifier is empty"),
            Some(id) if !known.contains(id) => {
                return Verdict::Malformed("itemIdentifier is not of this batch");
            }
            Some(id) => failed.insert(id.to_owned()),
        };
    }
    Verdict::Processed { failed }
}

fn none_failed() -> Verdict {
    Verdict::Processed { failed: HashSet::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(response: &str, expected: Result<&[&str], &str>) {
        let verdict = read(response.as_bytes(), ["a", "b", "c"]);
        let expected = match expected {
            Ok(failed) => Verdict::Processed { failed: failed.iter().map(|&id| id.to_owned()).collect() },
            Err(reason) => {
                assert!(matches!(&verdict, Verdict::Malformed(why) if why.contains(reason)), "{response}: {verdict:?}");
                return;
            }
        };
        assert_eq!(verdict, expected, "{response}");
    }

    #[test]
    fn documented_successes_and_failures() {
        check("", Ok(&[]));
        check("null", Ok(&[]));
        check("{}", Ok(&[]));
        check(r#"{"batchItemFailures":null}"#, Ok(&[]));
        check(r#"{"batchItemFailures":[]}"#, Ok(&[]));
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}"#, Ok(&["b"]));
        check("{", Err("not JSON"));
        check("\"selesai\"", Err("not an object"));
        check("[]", Err("not an object"));
        check(r#"{"batchItemFailures":"b"}"#, Err("not a list"));
        check(r#"{"batchItemFailures":["b"]}"#, Err("absent"));
        check(r#"{"batchItemFailures":[{"id":"b"}]}"#, Err("absent"));
        check(r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, Err("absent"));
        check(r#"{"batchItemFailures":[{"itemIdentifier":1}]}"#, Err("absent"));
        check(r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, Err("empty"));
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"x"}]}"#, Err("not of this batch"));
    }
}
