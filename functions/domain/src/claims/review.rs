//! schema.org `ClaimReview`, as fact-checkers publish it in pages and data feeds.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{ClaimError, ClaimFields};
use crate::report::hex;

/// Deepest nesting that is looked into.
const DEPTH_MAX: usize = 24;

type Found = Vec<Result<ClaimFields, ClaimError>>;

/// Every review in a JSON-LD document, wherever it stands.
pub(super) fn claims_in_value(value: &Value) -> Found {
    let mut found = Found::new();
    walk(value, 0, &mut found);
    found
}

/// Every review in the `application/ld+json` scripts of a page.
pub(super) fn claims_in_page(page: &str) -> Found {
    let mut found = Found::new();
    let mut rest = page;
    while let Some(at) = rest.find("<script") {
        rest = &rest[at..];
        let Some(open) = rest.find('>') else { break };
        let Some(end) = rest.find("</script") else { break };
        if open < end && rest[..open].contains("ld+json") {
            match serde_json::from_str::<Value>(rest[open + 1..end].trim()) {
                Ok(value) => walk(&value, 0, &mut found),
                Err(_) => found.push(Err(ClaimError::Json("a script of the page is not json".to_owned()))),
            }
        }
        rest = &rest[end + 1..];
    }
    found
}

fn walk(value: &Value, depth: usize, found: &mut Found) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, depth + 1, found)),
        Value::Object(object) if has_type(object, "ClaimReview") => found.push(Ok(fields(object))),
        Value::Object(object) => object.values().for_each(|item| walk(item, depth + 1, found)),
        _ => {}
    }
}

fn has_type(object: &Map<String, Value>, name: &str) -> bool {
    let is = |v: &Value| v.as_str().is_some_and(|t| t.rsplit(['/', ':', '#']).next() == Some(name));
    match object.get("@type") {
        Some(Value::Array(types)) => types.iter().any(is),
        Some(one) => is(one),
        None => false,
    }
}

fn fields(review: &Map<String, Value>) -> ClaimFields {
    let title = text(review, &["claimReviewed", "headline", "name"]);
    let url = text(review, &["url", "mainEntityOfPage"]);
    let date = text(review, &["datePublished", "dateCreated", "dateModified"]);
    let item = first(review.get("itemReviewed"));
    let circulated = item.and_then(|i| text(i, &["text", "articleBody", "description", "name"]));
    let circulated = circulated.filter(|c| Some(c) != title.as_ref());
    ClaimFields {
        id: Some(identity(review, url.as_deref(), title.as_deref(), date.as_deref())),
        verdict: first(review.get("reviewRating")).and_then(rating),
        conclusion: text(review, &["reviewBody", "description", "abstract"]),
        title,
        url,
        date,
        circulated,
    }
}

/// The review's own id or a hash of what tells it apart: the same review keeps its id.
fn identity(review: &Map<String, Value>, url: Option<&str>, title: Option<&str>, date: Option<&str>) -> String {
    const DIGITS: usize = 20;
    let own = text(review, &["@id", "identifier"]).filter(|id| id.len() <= super::CLAIM_ID_BYTES_MAX);
    own.unwrap_or_else(|| {
        let mut hasher = Sha256::new();
        for part in [url, title, date] {
            hasher.update(part.unwrap_or_default());
            hasher.update([0]);
        }
        format!("review-{}", &hex(&hasher.finalize())[..DIGITS])
    })
}

/// The rating's name, or what its number means on its scale.
fn rating(rating: &Map<String, Value>) -> Option<String> {
    if let Some(name) = text(rating, &["alternateName", "name", "ratingExplanation"]) {
        return Some(name.chars().take(super::CLAIM_VERDICT_CHARS_MAX).collect());
    }
    let (value, worst, best) =
        (number(rating, "ratingValue")?, number(rating, "worstRating")?, number(rating, "bestRating")?);
    let share = (value - worst) / (best - worst);
    Some(match share {
        s if !s.is_finite() => return None,
        s if s < 0.5 => "SALAH".to_owned(),
        s if s < 0.99 => "SEBAGIAN BENAR".to_owned(),
        _ => "BENAR".to_owned(),
    })
}

fn number(object: &Map<String, Value>, key: &str) -> Option<f64> {
    match object.get(key)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

fn first(value: Option<&Value>) -> Option<&Map<String, Value>> {
    match value? {
        Value::Object(object) => Some(object),
        Value::Array(items) => items.first()?.as_object(),
        _ => None,
    }
}

/// The first of `keys` that holds words; of a link object its id.
fn text(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| {
        let value = match object.get(*key)? {
            Value::String(s) => s.as_str(),
            Value::Object(link) => link.get("@id")?.as_str()?,
            Value::Array(items) => items.first()?.as_str()?,
            _ => return None,
        };
        (!value.trim().is_empty()).then(|| value.trim().to_owned())
    })
}
