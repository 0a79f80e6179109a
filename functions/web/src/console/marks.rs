//! Evidence in a masked text. Offsets count Unicode scalar values of the original, in which every
//! masked stretch has another length; here they are moved to where the same words stand now.

use std::fmt::{self, Write as _};

use saring_domain::case::Screened;
use saring_domain::score::{Flag, Highlight};

use crate::html::Escaped;

/// Most marks of one text, the strongest.
const MARKS_MAX: usize = 60;
/// Most claims of which the stretch is marked, the nearest.
const CLAIMS_MAX: usize = 3;
/// Characters that an excerpt shows before its first mark.
const LEAD_CHARS: usize = 60;

/// A masked stretch, in characters of the original and of the public text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    original: (usize, usize),
    public: (usize, usize),
}

/// The public text of a screening with its marks.
pub(super) struct Marked {
    chars: Vec<char>,
    places: Vec<Place>,
    marks: Vec<Highlight>,
    /// Stretches that come close to a claim.
    claims: Vec<(usize, usize)>,
}

/// A part of a text, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

impl Marked {
    /// Marks nothing at all where the masked stretches are not where they are said to be: a mark at
    /// the wrong words misleads.
    pub(super) fn of(screened: &Screened) -> Self {
        let chars: Vec<char> = screened.public_text.chars().collect();
        let Some(places) = places(screened, &chars) else {
            return Self { chars, places: Vec::new(), marks: Vec::new(), claims: Vec::new() };
        };
        let mut marks: Vec<Highlight> = (screened.highlights.iter().filter(|h| h.weight > 0.0 && h.start < h.end))
            .map(|h| Highlight {
                start: moved(&places, h.start, Side::Start).min(chars.len()),
                end: moved(&places, h.end, Side::End).min(chars.len()),
                ..*h
            })
            .filter(|h| h.start < h.end)
            .collect();
        marks.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        marks.truncate(MARKS_MAX);
        marks.sort_by_key(|h| (h.start, h.end));
        let end = chars.len();
        let claim = |(from, to): (usize, usize)| {
            (moved(&places, from, Side::Start).min(end), moved(&places, to, Side::End).min(end))
        };
        let claims = screened.claims.iter().filter_map(|c| c.span).take(CLAIMS_MAX).map(claim);
        let claims = claims.filter(|(start, end)| start < end).collect();
        Self { chars, places, marks, claims }
    }

    /// Characters of the text.
    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// Whether a flag has marks.
    pub(super) fn has(&self, flag: Flag) -> bool {
        self.marks.iter().any(|mark| mark.flag == flag)
    }

    /// Whether a stretch comes close to a claim.
    pub(super) fn has_claim(&self) -> bool {
        !self.claims.is_empty()
    }

    /// The beginning, as far as its markup stays within so many bytes.
    pub(super) fn within(&self, bytes_max: usize) -> Part {
        let mut bytes = 0;
        let fits = self.chars.iter().take_while(|c| {
            bytes += escaped_bytes(**c);
            bytes <= bytes_max
        });
        self.part(0, fits.count())
    }

    /// About so many characters around the first mark; the beginning if the mark is in it.
    pub(super) fn around_first(&self, count: usize) -> Part {
        let first = self.marks.first().map_or(0, |mark| if mark.end <= count { 0 } else { mark.start });
        let start = first.saturating_sub(LEAD_CHARS);
        self.part(start, self.chars.len().min(start + count))
    }

    /// A part that cuts through no masked stretch.
    fn part(&self, start: usize, end: usize) -> Part {
        let mut part = Part { start, end };
        for place in self.places.iter().map(|place| place.public) {
            if place.0 < start && start < place.1 {
                part.start = place.0;
            }
            if place.0 < end && end < place.1 {
                part.end = place.1;
            }
        }
        part
    }

    /// Writes a part with its marks.
    pub(super) fn write(&self, html: &mut String, part: Part) -> fmt::Result {
        let edges = self.marks.iter().flat_map(|mark| [mark.start, mark.end]);
        let edges = edges.chain(self.claims.iter().flat_map(|(start, end)| [*start, *end]));
        let mut cuts: Vec<usize> = edges.filter(|at| part.start < *at && *at < part.end).collect();
        cuts.extend([part.start, part.end]);
        cuts.sort_unstable();
        cuts.dedup();
        if part.start > 0 {
            html.push('…');
        }
        for (start, end) in cuts.iter().zip(cuts.iter().skip(1)) {
            let text: String = self.chars[*start..*end].iter().collect();
            let over: Vec<_> = self.marks.iter().filter(|mark| mark.start <= *start && *end <= mark.end).collect();
            let claim = self.claims.iter().any(|(from, to)| from <= start && end <= to);
            if over.is_empty() && !claim {
                write!(html, "{}", Escaped(&text))?;
                continue;
            }
            let of = |flag: Flag| over.iter().filter(|m| m.flag == flag).map(|m| m.weight).reduce(f32::max);
            let flags: Vec<(Flag, f32)> = Flag::ALL.into_iter().filter_map(|f| of(f).map(|w| (f, w))).collect();
            let classes = flags.iter().map(|(flag, _)| flag.code()).chain(claim.then_some("claim"));
            let classes = classes.collect::<Vec<_>>().join(" ");
            let weights = flags.iter().map(|(flag, w)| format!("{} +{w:.2}", flag.code()));
            let weights = weights.chain(claim.then(|| "klaim / claim".to_owned())).collect::<Vec<_>>().join(", ");
            write!(html, "<mark class=\"{classes}\" title=\"{weights}\">{}</mark>", Escaped(&text))?;
        }
        if part.end < self.chars.len() {
            html.push('…');
        }
        Ok(())
    }
}

/// What [`Escaped`] makes of a character, in bytes.
fn escaped_bytes(c: char) -> usize {
    match c {
        '&' | '\'' => 5,
        '"' => 6,
        '<' | '>' => 4,
        c if c.is_control() => 3,
        c => c.len_utf8(),
    }
}

/// Where the masked stretches stand now: [`saring_domain::pii::mask`] leaves out those that overlap
/// their predecessor. None if the text has no token there.
fn places(screened: &Screened, chars: &[char]) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    let (mut at, mut public_at) = (0, 0);
    for span in &screened.pii {
        if span.start < at {
            continue;
        }
        let start = public_at + (span.start - at);
        let end = start + span.kind.token().chars().count();
        let there = chars.get(start..end).is_some_and(|found| found.iter().copied().eq(span.kind.token().chars()));
        if !there || span.end < span.start {
            return None;
        }
        places.push(Place { original: (span.start, span.end), public: (start, end) });
        (at, public_at) = (span.end, end);
    }
    Some(places)
}

/// A place of the original in the public text; within a masked stretch, the edge of its token.
fn moved(places: &[Place], original: usize, side: Side) -> usize {
    let (mut at, mut public_at) = (0, 0);
    for place in places {
        if original <= place.original.0 {
            break;
        }
        if original < place.original.1 {
            return match side {
                Side::Start => place.public.0,
                Side::End => place.public.1,
            };
        }
        (at, public_at) = (place.original.1, place.public.1);
    }
    public_at + original.saturating_sub(at)
}

/// The place in the original of a place in the public text; nothing within a masked stretch, or where
/// the masked stretches are not where they are said to be.
pub(super) fn original_place(screened: &Screened, public: usize) -> Option<usize> {
    let chars: Vec<char> = screened.public_text.chars().collect();
    let (mut at, mut public_at) = (0, 0);
    for place in places(screened, &chars)? {
        if public <= place.public.0 {
            break;
        }
        if public < place.public.1 {
            return None;
        }
        (at, public_at) = (place.original.1, place.public.1);
    }
    Some(at + public - public_at)
}

#[cfg(test)]
mod tests {
    use saring_domain::case::{ModelVersion, PolicyVersion};
    use saring_domain::pii::{PiiKind, PiiSpan, mask};
    use saring_domain::policy::{Decision, Verdict};
    use saring_domain::report::{Report, Visibility};

    use super::*;

    const NIK: &str = "3374010101900001";

    fn screened(text: &str, pii: Vec<PiiSpan>, highlights: Vec<Highlight>) -> Screened {
        let json = serde_json::json!({ "id": "a", "text": text }).to_string();
        Screened {
            verdict: Verdict { decision: Decision::Review, visibility: Visibility::Publik, reasons: Vec::new() },
            text_hash: Report::from_json(json.as_bytes()).unwrap().text_hash(),
            model: ModelVersion::parse("model").unwrap(),
            policy: PolicyVersion::parse("policy").unwrap(),
            public_text: mask(text, &pii),
            pii,
            flags: Vec::new(),
            fine: Vec::new(),
            category: Vec::new(),
            agency: Vec::new(),
            region: None,
            claims: Vec::new(),
            highlights,
        }
    }

    /// Where a word stands, in characters.
    fn at(text: &str, word: &str) -> (usize, usize) {
        let start = text[..text.find(word).unwrap()].chars().count();
        (start, start + word.chars().count())
    }

    fn span(text: &str, word: &str, kind: PiiKind) -> PiiSpan {
        let (start, end) = at(text, word);
        PiiSpan { kind, start, end }
    }

    fn mark(text: &str, word: &str, flag: Flag) -> Highlight {
        let (start, end) = at(text, word);
        Highlight { flag, start, end, weight: 1.25 }
    }

    fn shown(screened: &Screened) -> String {
        let (mut html, marked) = (String::new(), Marked::of(screened));
        marked.write(&mut html, Part { start: 0, end: marked.len() }).unwrap();
        html
    }

    #[test]
    fn marks_stand_at_their_words_after_masks_of_any_length() {
        let text = format!("🎰 NIK {NIK}, Ani dan é budi@a.id jual «slot» & gacor, hubungi 08123456789 sekarang");
        let pii = vec![
            span(&text, NIK, PiiKind::Nik),
            span(&text, "Ani", PiiKind::Name),
            span(&text, "budi@a.id", PiiKind::Email),
            span(&text, "08123456789", PiiKind::Phone),
        ];
        let highlights = vec![
            mark(&text, "🎰", Flag::Spam),
            mark(&text, "«slot»", Flag::Abuse),
            mark(&text, "& gacor", Flag::Spam),
            mark(&text, "sekarang", Flag::Hoax),
        ];
        assert_eq!(
            shown(&screened(&text, pii, highlights)),
            "<mark class=\"spam\" title=\"spam +1.25\">🎰</mark> NIK [NIK], [NAMA] dan é [EMAIL] jual \
             <mark class=\"abuse\" title=\"abuse +1.25\">«slot»</mark> \
             <mark class=\"spam\" title=\"spam +1.25\">&amp; gacor</mark>, hubungi [TELP] \
             <mark class=\"hoax\" title=\"hoax +1.25\">sekarang</mark>"
        );
    }

    #[test]
    fn a_mark_that_touches_a_mask_takes_the_whole_token() {
        let text = format!("kata {NIK} lagi");
        let pii = || vec![span(&text, NIK, PiiKind::Nik)];
        for (word, expected) in [
            (NIK, "kata <mark>[NIK]</mark> lagi"),
            ("3374", "kata <mark>[NIK]</mark> lagi"),
            ("0001", "kata <mark>[NIK]</mark> lagi"),
            ("0101", "kata <mark>[NIK]</mark> lagi"),
            ("kata 3374", "<mark>kata [NIK]</mark> lagi"),
            ("0001 lagi", "kata <mark>[NIK] lagi</mark>"),
            ("kata ", "<mark>kata </mark>[NIK] lagi"),
            (" lagi", "kata [NIK]<mark> lagi</mark>"),
        ] {
            let html = shown(&screened(&text, pii(), vec![mark(&text, word, Flag::Spam)]));
            assert_eq!(html.replace(" class=\"spam\" title=\"spam +1.25\"", ""), expected, "{word}");
        }
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let text = format!("a {NIK} bc 08123456789 d");
        let pii = vec![span(&text, NIK, PiiKind::Nik), span(&text, "08123456789", PiiKind::Phone)];
        let screened = screened(&text, pii, Vec::new());
        for word in ["a", "bc", "d"] {
            let (start, end) = at(&screened.public_text, word);
            let place = |public| original_place(&screened, public);
            assert_eq!((place(start), place(end)), (Some(at(&text, word).0), Some(at(&text, word).1)), "{word}");
        }
        assert_eq!(original_place(&screened, at(&screened.public_text, "NIK").0), None);
    }

    #[test]
    fn marks_of_several_flags_share_their_words() {
        let text = "satu dua tiga";
        let highlights = vec![mark(text, "satu dua", Flag::Spam), mark(text, "dua tiga", Flag::Hoax)];
        assert_eq!(
            shown(&screened(text, Vec::new(), highlights)),
            "<mark class=\"spam\" title=\"spam +1.25\">satu </mark>\
             <mark class=\"spam hoax\" title=\"spam +1.25, hoax +1.25\">dua</mark>\
             <mark class=\"hoax\" title=\"hoax +1.25\"> tiga</mark>"
        );
    }

    #[test]
    fn a_stretch_that_repeats_a_claim_has_a_mark_of_its_own() {
        let text = format!("NIK {NIK} telur plastik beredar, sebarkan");
        let pii = vec![span(&text, NIK, PiiKind::Nik)];
        let mut screened = screened(&text, pii, vec![mark(&text, "beredar, sebarkan", Flag::Hoax)]);
        screened.claims = vec![saring_domain::case::MatchedClaim {
            id: "a".into(),
            title: "b".into(),
            url: None,
            verdict: "SALAH".into(),
            date: None,
            score: saring_domain::score::Score::default(),
            span: Some(at(&text, "telur plastik beredar")),
        }];
        assert_eq!(
            shown(&screened),
            "NIK [NIK] <mark class=\"claim\" title=\"klaim / claim\">telur plastik </mark>\
             <mark class=\"hoax claim\" title=\"hoax +1.25, klaim / claim\">beredar</mark>\
             <mark class=\"hoax\" title=\"hoax +1.25\">, sebarkan</mark>"
        );
        screened.claims[0].span = Some((900, 950));
        assert!(!shown(&screened).contains("claim"));
    }

    #[test]
    fn wrong_offsets_mark_nothing_and_break_nothing() {
        let text = format!("kata {NIK} lagi");
        let pii = vec![span(&text, NIK, PiiKind::Nik)];
        let far = Highlight { flag: Flag::Spam, start: 500, end: 900, weight: 1.0 };
        let against = Highlight { flag: Flag::Spam, start: 0, end: 4, weight: -1.0 };
        let backwards = Highlight { flag: Flag::Spam, start: 4, end: 0, weight: 1.0 };
        let highlights = vec![far, against, backwards];
        assert_eq!(shown(&screened(&text, pii.clone(), highlights)), "kata [NIK] lagi");
        // A span that the text does not bear out.
        let mut other = screened(&text, pii, vec![mark(&text, "lagi", Flag::Spam)]);
        other.pii[0].kind = PiiKind::Phone;
        assert_eq!(shown(&other), "kata [NIK] lagi");
    }

    #[test]
    fn excerpts_show_the_first_mark_and_whole_tokens() {
        let text = format!("{} 08123456789 judi {}", "a".repeat(400), "b".repeat(400));
        let pii = vec![span(&text, "08123456789", PiiKind::Phone)];
        let marked = Marked::of(&screened(&text, pii, vec![mark(&text, "judi", Flag::Spam)]));
        let mut html = String::new();
        marked.write(&mut html, marked.around_first(100)).unwrap();
        assert!(html.starts_with("…a") && html.ends_with("b…"), "{html}");
        assert!(html.contains("[TELP] <mark class=\"spam\" title=\"spam +1.25\">judi</mark>"), "{html}");
        for count in 395..415 {
            let part = marked.part(0, count);
            assert!(part.end <= 401 || part.end >= 407, "{count} cuts the token: {part:?}");
        }
    }

    #[test]
    fn a_part_within_bytes_counts_what_is_written() {
        for text in ["\"<&>'", "🎰é\u{1}a"] {
            let text = text.repeat(50);
            let marked = Marked::of(&screened(&text, Vec::new(), Vec::new()));
            for bytes in [0, 7, 100, 10_000] {
                let mut html = String::new();
                marked.write(&mut html, marked.within(bytes)).unwrap();
                assert!(html.trim_end_matches('…').len() <= bytes, "{} > {bytes}", html.len());
            }
            assert_eq!(marked.within(10_000).end, marked.len());
        }
    }
}
