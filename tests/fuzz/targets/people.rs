//! What people write: any Unicode at all.

use saring_domain::campaign::Fingerprint;
use saring_domain::pii;
use saring_domain::region::{LocationHint, Regions};
use saring_domain::text::normalise;

use super::{Run, outcome};

const REGIONS: &str = include_str!("../../../models/regions.csv");

pub(crate) fn text() -> Run {
    let regions = Regions::parse(REGIONS).unwrap();
    Box::new(move |input| {
        let text = String::from_utf8_lossy(input);
        let length = text.chars().count();
        let spans = pii::find(&text);
        let mut at = 0;
        for span in &spans {
            if span.start < at || span.end <= span.start || span.end > length {
                return Err(format!("a span {}..{} of {length} characters after {at}", span.start, span.end));
            }
            at = span.end;
        }
        let masked = pii::mask(&text, &spans);
        let hidden: usize = spans.iter().map(|s| s.end - s.start).sum();
        let tokens: usize = spans.iter().map(|s| s.kind.token().chars().count()).sum();
        if masked.chars().count() != length - hidden + tokens {
            return Err("masking removed something else than the spans".to_owned());
        }
        let read = normalise(&text, &spans);
        if read.origins.len() != read.text.chars().count() {
            return Err("characters without an origin".to_owned());
        }
        if read.origins.iter().any(|(start, end)| start > end || *end as usize > length) {
            return Err("an origin outside the text".to_owned());
        }
        let region = regions.resolve(&text, &LocationHint::default());
        if region.as_ref().is_some_and(|found| regions.by_code(&found.code).is_none()) {
            return Err("a region that is not in the table".to_owned());
        }
        if let Some(print) = Fingerprint::of(&masked)
            && !print.sketch().is_alike(print.sketch())
        {
            return Err("a text is not like itself".to_owned());
        }
        outcome((
            spans.iter().map(|s| s.kind.code()).take(4).collect::<Vec<_>>(),
            read.letters.min(3),
            region.is_some(),
        ))
    })
}
