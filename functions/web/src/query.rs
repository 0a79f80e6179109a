//! The parameters of a listing, and the way back into a link.

use std::fmt::Write as _;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use saring_store::{Cursor, PAGE_ITEMS_MAX, PageRequest};

use crate::error::WebError;

const ITEMS: u16 = 25;

/// Every parameter of a request, in order.
pub(crate) type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// Reads `limit` and `cursor`; other parameters mean nothing.
pub(crate) fn page_request(parameters: Parameters) -> Result<PageRequest, WebError> {
    let Query(parameters) = parameters.map_err(|_| WebError::Parameters)?;
    let items = match once(&parameters, "limit")? {
        Some(limit) => limit.parse().ok().filter(|n| (1..=PAGE_ITEMS_MAX).contains(n)).ok_or(WebError::Limit)?,
        None => ITEMS,
    };
    let after = once(&parameters, "cursor")?.map(Cursor::parse).transpose()?;
    Ok(PageRequest { items, after })
}

/// The parameters of the next page, with their question mark.
pub(crate) fn next_page(items: u16, next: &Cursor) -> String {
    let mut link = format!("?limit={items}&cursor=");
    for byte in next.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            write!(link, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    link
}

fn once<'a>(parameters: &'a [(String, String)], name: &'static str) -> Result<Option<&'a str>, WebError> {
    let mut values = parameters.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(WebError::Repeated(name)),
    }
}
