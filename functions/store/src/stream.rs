//! The table's stream: which of its entries say that a case says something new.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use saring_domain::case::{Case, CaseId, Timestamp};
use saring_domain::report::ReportId;
use serde_json::Value;

use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, DecodeError, Reader};
use crate::names as n;
use crate::wire::case_record;

/// An entry of the stream, its images in the service's JSON (`{"sk": {"S": "case"}, …}`).
#[derive(Debug, Clone, Copy)]
pub struct StreamEntry<'a> {
    /// The item before.
    pub old: Option<&'a Value>,
    /// The item after.
    pub new: Option<&'a Value>,
    /// When it changed, about; the same each time the entry is delivered.
    pub at: Timestamp,
}

/// What others are to be told about a case.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamChange {
    /// It says something new.
    Decided(Box<Case>),
    /// It was erased.
    Erased(ErasedCase),
}

/// All that is known of an erased case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedCase {
    /// Its public id.
    pub case: CaseId,
    /// The input system's id of the report.
    pub report: ReportId,
    /// The version that the erasure made.
    pub version: u64,
    /// When, about.
    pub at: Timestamp,
}

/// Reads an entry; nothing for entries that are about no case or change nothing that a case says,
/// such as a lock.
///
/// # Errors
/// A case that can't be read or contradicts itself.
pub fn stream_change(entry: StreamEntry<'_>) -> Result<Option<StreamChange>, StoreError> {
    let old = entry.old.map(attributes).filter(is_case);
    let Some(new) = entry.new.map(attributes) else {
        return old.map(|old| erased(&old, entry.at)).transpose().map_err(unreadable("erased case"));
    };
    if !is_case(&new) {
        return Ok(None);
    }
    let decided = |item: &Attributes| Reader(item).number(n::DECIDED_VERSION).ok();
    if let Some(old) = &old
        && decided(old).is_some()
        && decided(old) == decided(&new)
    {
        return Ok(None);
    }
    let record = case_record(&new).map_err(unreadable("case"))?;
    Ok(Some(StreamChange::Decided(Box::new(Case::restore(record)?))))
}

fn erased(old: &Attributes, at: Timestamp) -> Result<StreamChange, DecodeError> {
    let old = Reader(old);
    Ok(StreamChange::Erased(ErasedCase {
        case: old.parsed(n::CASE_ID, CaseId::parse)?,
        report: old.parsed(n::REPORT_ID, ReportId::parse)?,
        version: old.number(n::VERSION)? + 1,
        at,
    }))
}

fn is_case(item: &Attributes) -> bool {
    let item = Reader(item);
    let in_case = item.text(n::PK).is_ok_and(|pk| pk.starts_with(n::CASE_PREFIX));
    in_case && item.text(n::SK) == Ok(n::CASE_SK)
}

/// Texts, numbers and bytes of an image: a case has nothing else.
fn attributes(image: &Value) -> Attributes {
    let Value::Object(fields) = image else { return Attributes::new() };
    let value = |value: &Value| {
        let text = |kind: &str| value.get(kind).and_then(Value::as_str).map(str::to_owned);
        let bytes = || BASE64_STANDARD.decode(text("B")?).ok();
        let number = || text("N").map(AttributeValue::N);
        text("S").map(AttributeValue::S).or_else(number).or_else(|| Some(AttributeValue::B(Blob::new(bytes()?))))
    };
    fields.iter().filter_map(|(name, v)| Some((name.clone(), value(v)?))).collect()
}
