//! Personal data by a moderator's word: the public text is masked anew from the original.

use super::{Actor, Case, CaseError, Change, Labels, Timestamp};
use crate::pii::{PiiSpan, mask};
use crate::report::Report;

impl Case {
    /// Corrects labels whose spans say where all personal data of the original is, and masks that.
    ///
    /// # Errors
    /// As [`Case::change`]; another original than the one screened; spans that are not in order
    /// within it.
    pub fn remask(self, report: &Report, labels: Labels, actor: &Actor, at: Timestamp) -> Result<Self, CaseError> {
        if report.text_hash() != self.record().screened.text_hash {
            return Err(CaseError::OtherText);
        }
        let spans = labels.spans.clone().unwrap_or_default();
        let text = report.text.as_str();
        if !in_order(&spans, text.chars().count()) {
            return Err(CaseError::Spans);
        }
        let mut record = self.change(&Change::Correct(labels), actor, at)?.into_record();
        record.screened.public_text = mask(text, &spans);
        record.screened.pii = spans;
        Self::restore(record)
    }
}

fn in_order(spans: &[PiiSpan], chars: usize) -> bool {
    let mut at = 0;
    spans.iter().all(|span| {
        let fits = at <= span.start && span.start < span.end && span.end <= chars;
        at = span.end;
        fits
    })
}
