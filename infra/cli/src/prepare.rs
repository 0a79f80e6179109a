//! `saring prepare`: the text as the model reads it, for training.

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use saring_domain::{pii, text};
use serde_json::Value;

/// Adds `prepared` (of `text`) and `prepared_FIELD` (of each other field) to every line.
///
/// # Errors
/// A line that is no JSON object, or a failed read or write; names the line's number.
pub(crate) fn run(input: impl BufRead, mut output: impl Write, fields: &[String]) -> Result<()> {
    for (at, line) in input.lines().enumerate() {
        let line = line.with_context(|| format!("line {}: cannot be read", at + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let mut row: Value = serde_json::from_str(&line).with_context(|| format!("line {}: not json", at + 1))?;
        let Value::Object(object) = &mut row else { bail!("line {}: not a json object", at + 1) };
        for field in fields {
            let Some(Value::String(raw)) = object.get(field) else { continue };
            let prepared = text::normalise(raw, &pii::find(raw)).text;
            let key = if field == "text" { "prepared".to_owned() } else { format!("prepared_{field}") };
            object.insert(key, Value::String(prepared));
        }
        serde_json::to_writer(&mut output, &row)?;
        output.write_all(b"\n")?;
    }
    Ok(())
}
