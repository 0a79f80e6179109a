//! From the masked text back to the original.

use super::PiiSpan;

/// A stretch of the text that [`super::mask`] wrote, as a half-open range of Unicode scalar values
/// of the original; what touches a masked stretch takes all of it.
#[must_use]
pub fn unmasked(spans: &[PiiSpan], (start, end): (usize, usize)) -> (usize, usize) {
    let place = |masked: usize, inside: fn(&PiiSpan) -> usize| {
        let (mut at, mut masked_at) = (0, 0);
        for span in spans {
            // As the mask leaves out what overlaps its predecessor.
            if span.start < at {
                continue;
            }
            let from = masked_at + (span.start - at);
            let to = from + span.kind.token().chars().count();
            if masked <= from {
                break;
            }
            if masked < to {
                return inside(span);
            }
            (at, masked_at) = (span.end, to);
        }
        at + masked.saturating_sub(masked_at)
    };
    (place(start, |span| span.start), place(end, |span| span.end))
}

#[cfg(test)]
mod tests {
    use super::super::{PiiKind, mask};
    use super::*;

    #[test]
    fn stretches_lead_back_over_masks_of_any_length() {
        let text = "a 3374010101900001 bc 08123456789 d";
        let span = |kind, start, end| PiiSpan { kind, start, end };
        let spans = [span(PiiKind::Nik, 2, 18), span(PiiKind::Nik, 4, 9), span(PiiKind::Phone, 22, 33)];
        let masked: Vec<char> = mask(text, &spans).chars().collect();
        assert_eq!(masked.iter().collect::<String>(), "a [NIK] bc [TELP] d");
        let original: Vec<char> = text.chars().collect();
        for (stretch, expected) in [
            ((0, 1), "a"),
            ((8, 10), "bc"),
            ((18, 19), "d"),
            ((2, 7), "3374010101900001"),
            ((4, 10), "3374010101900001 bc"),
            ((0, 19), text),
        ] {
            let (start, end) = unmasked(&spans, stretch);
            assert_eq!(original[start..end].iter().collect::<String>(), expected, "{stretch:?}");
        }
        assert_eq!(unmasked(&[], (3, 5)), (3, 5));
    }
}
