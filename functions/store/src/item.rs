//! Reading and building items without repeating the checks.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use saring_domain::case::Timestamp;

/// An item as the service gives it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// What is wrong with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// It is not there.
    Missing,
    /// It has another type.
    Type,
    /// Its value is outside its set.
    Value,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Type => "has another type",
            Self::Value => "has a value outside its set",
        })
    }
}

/// Why an item can't be read; it names the attribute, never the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("attribute '{attribute}' {problem}")]
pub struct DecodeError {
    /// The attribute.
    pub attribute: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

pub(crate) fn value_error(attribute: &'static str) -> DecodeError {
    DecodeError { attribute, problem: Problem::Value }
}

/// Reads attributes by name and type.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a Attributes);

impl<'a> Reader<'a> {
    pub(crate) fn text(self, attribute: &'static str) -> Result<&'a str, DecodeError> {
        self.optional_text(attribute)?.ok_or(DecodeError { attribute, problem: Problem::Missing })
    }

    pub(crate) fn optional_text(self, attribute: &'static str) -> Result<Option<&'a str>, DecodeError> {
        match self.0.get(attribute) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(DecodeError { attribute, problem: Problem::Type }),
        }
    }

    pub(crate) fn number(self, attribute: &'static str) -> Result<u64, DecodeError> {
        self.optional_number(attribute)?.ok_or(DecodeError { attribute, problem: Problem::Missing })
    }

    pub(crate) fn optional_number(self, attribute: &'static str) -> Result<Option<u64>, DecodeError> {
        match self.0.get(attribute) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| value_error(attribute)),
            Some(_) => Err(DecodeError { attribute, problem: Problem::Type }),
        }
    }

    pub(crate) fn time(self, attribute: &'static str) -> Result<Timestamp, DecodeError> {
        self.number(attribute).map(Timestamp::from_unix_ms)
    }

    pub(crate) fn optional_time(self, attribute: &'static str) -> Result<Option<Timestamp>, DecodeError> {
        Ok(self.optional_number(attribute)?.map(Timestamp::from_unix_ms))
    }

    pub(crate) fn bytes(self, attribute: &'static str) -> Result<&'a [u8], DecodeError> {
        match self.0.get(attribute) {
            None => Err(DecodeError { attribute, problem: Problem::Missing }),
            Some(AttributeValue::B(bytes)) => Ok(bytes.as_ref()),
            Some(_) => Err(DecodeError { attribute, problem: Problem::Type }),
        }
    }

    /// A text read by `parse`; what `parse` says goes no further, because it may quote.
    pub(crate) fn parsed<T, E>(
        self,
        attribute: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, DecodeError> {
        parse(self.text(attribute)?).map_err(|_| value_error(attribute))
    }

    pub(crate) fn optional_parsed<T, E>(
        self,
        attribute: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, DecodeError> {
        self.optional_text(attribute)?.map(parse).transpose().map_err(|_| value_error(attribute))
    }
}

/// Builds an item.
#[derive(Default)]
pub(crate) struct Writer(Attributes);

impl Writer {
    pub(crate) fn text(mut self, attribute: &str, value: impl Into<String>) -> Self {
        self.0.insert(attribute.to_owned(), AttributeValue::S(value.into()));
        self
    }

    pub(crate) fn optional_text(self, attribute: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.text(attribute, value),
            None => self,
        }
    }

    pub(crate) fn number(mut self, attribute: &str, value: u64) -> Self {
        self.0.insert(attribute.to_owned(), number(value));
        self
    }

    pub(crate) fn time(self, attribute: &str, at: Timestamp) -> Self {
        self.number(attribute, at.unix_ms())
    }

    pub(crate) fn optional_time(self, attribute: &str, at: Option<Timestamp>) -> Self {
        match at {
            Some(at) => self.time(attribute, at),
            None => self,
        }
    }

    pub(crate) fn bytes(mut self, attribute: &str, bytes: Vec<u8>) -> Self {
        self.0.insert(attribute.to_owned(), AttributeValue::B(Blob::new(bytes)));
        self
    }

    pub(crate) fn finish(self) -> Attributes {
        self.0
    }
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
