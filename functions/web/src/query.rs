//! The parameters of a request, and the way back into a link.

use std::fmt::Write as _;

use axum::extract::rejection::QueryRejection;
use saring_store::{Cursor, PAGE_ITEMS_MAX, PageRequest};

use crate::error::WebError;

const ITEMS: u16 = 25;

/// Every parameter of a request, in order, as axum gives it.
pub(crate) type Parameters = Result<axum::extract::Query<Vec<(String, String)>>, QueryRejection>;

/// The parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// # Errors
    /// Bytes that no URL has.
    pub(crate) fn read(parameters: Parameters) -> Result<Self, WebError> {
        parameters.map(|axum::extract::Query(pairs)| Self(pairs)).map_err(|_| WebError::Parameters)
    }

    /// # Errors
    /// A parameter that is given twice.
    pub(crate) fn once(&self, name: &'static str) -> Result<Option<&str>, WebError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(WebError::Repeated(name)),
        }
    }

    /// Every value of a name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same; forms send an empty value for a field that is left empty.
    pub(crate) fn given(&self, name: &'static str) -> Result<Option<&str>, WebError> {
        Ok(self.once(name)?.map(str::trim).filter(|value| !value.is_empty()))
    }

    /// Reads `limit` and `cursor`.
    pub(crate) fn page(&self) -> Result<PageRequest, WebError> {
        let items = match self.once("limit")? {
            Some(limit) => limit.parse().ok().filter(|n| (1..=PAGE_ITEMS_MAX).contains(n)).ok_or(WebError::Limit)?,
            None => ITEMS,
        };
        let after = self.once("cursor")?.map(Cursor::parse).transpose()?;
        Ok(PageRequest { items, after })
    }
}

/// The fields of a form.
///
/// # Errors
/// Bytes that no form has.
pub(crate) fn form(body: &[u8]) -> Result<Query, WebError> {
    let body = std::str::from_utf8(body).map_err(|_| WebError::Parameters)?;
    // A form is written as the parameters of an address are.
    let address = format!("/?{body}").parse::<axum::http::Uri>().map_err(|_| WebError::Parameters)?;
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&address);
    pairs.map(|axum::extract::Query(pairs)| Query(pairs)).map_err(|_| WebError::Parameters)
}

/// Parameters of a link, with their question mark; empty without any.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    let mut link = String::new();
    for (name, value) in pairs {
        link.push(if link.is_empty() { '?' } else { '&' });
        link.push_str(name);
        link.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                link.push(char::from(byte));
            } else {
                write!(link, "%{byte:02X}").expect("writing to a string cannot fail");
            }
        }
    }
    link
}

/// The parameters of the next page.
pub(crate) fn next_page(filters: &[(&'static str, String)], items: u16, next: &Cursor) -> String {
    let items = items.to_string();
    let mut pairs: Vec<(&str, &str)> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    pairs.extend([("limit", items.as_str()), ("cursor", next.as_str())]);
    encode(&pairs)
}
