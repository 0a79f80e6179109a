//! Indonesian or English: what the address says, else what the browser asks for.

use axum::http::{HeaderMap, header};

use crate::error::WebError;
use crate::query::Query;

/// The name of the parameter.
pub(crate) const PARAMETER: &str = "lang";

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    #[default]
    Id,
    En,
}

impl Lang {
    /// # Errors
    /// A parameter that is neither language.
    pub(crate) fn of(query: &Query, headers: &HeaderMap) -> Result<Self, WebError> {
        match query.given(PARAMETER)? {
            Some("id") => Ok(Self::Id),
            Some("en") => Ok(Self::En),
            Some(_) => Err(WebError::Parameter { name: PARAMETER, expected: "'id' or 'en'" }),
            None => Ok(Self::accepted(headers)),
        }
    }

    /// The language of `Accept-Language` with the highest weight; Indonesian where none is ours.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0.0, Self::default());
        for range in values.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
            let lang = match tag.split('-').next().map(str::to_ascii_lowercase).as_deref() {
                // 'in' is the older code of Indonesian.
                Some("id" | "in") => Self::Id,
                Some("en") => Self::En,
                _ => continue,
            };
            let weight: f32 = weight.unwrap_or(0.0);
            if weight > best.0 {
                best = (weight, lang);
            }
        }
        best.1
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Id => Self::En,
            Self::En => Self::Id,
        }
    }

    /// One of two wordings.
    pub(crate) const fn pick<'a>(self, id: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Id => id,
            Self::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_of_our_languages_counts() {
        for (accept, lang) in [
            ("", Lang::Id),
            ("en", Lang::En),
            ("en-GB,en;q=0.9", Lang::En),
            ("id-ID,id;q=0.9,en;q=0.8", Lang::Id),
            ("en;q=0.2, id;q=0.7", Lang::Id),
            ("in", Lang::Id),
            ("fr, de;q=0.9, en;q=0.1", Lang::En),
            ("fr, *;q=0.5", Lang::Id),
            ("en;q=0", Lang::Id),
            ("en;q=zzz, ;;;,,", Lang::Id),
            ("EN-us", Lang::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            assert_eq!(Lang::accepted(&headers), lang, "{accept}");
        }
        assert_eq!(Lang::accepted(&HeaderMap::new()), Lang::Id);
    }
}
