//! Personal data in a report: where it stands, and the text with it masked.
//!
//! Numbers are recognised by their structure and by the words before them, names by cues
//! (titles, relations, signatures) together with a gazetteer. All of it is linear in the
//! length of the text.

mod address;
mod cue;
mod email;
mod lexicon;
mod name;
mod number;
mod number_cue;
mod plate;
mod shadow;
mod token;
mod unmask;

use shadow::Shadow;
pub use unmask::unmasked;

/// What a span of personal data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PiiKind {
    /// National identity number, 16 digits.
    Nik,
    /// Family card number, 16 digits.
    Kk,
    /// Telephone number of a person.
    Phone,
    /// E-mail address.
    Email,
    /// Bank account or bank card.
    BankAccount,
    /// Licence plate.
    Plate,
    /// Number of a social security card.
    Bpjs,
    /// Address at house-number grain.
    Address,
    /// Name of a private person, without the title.
    Name,
}

impl PiiKind {
    /// Every kind, in the order of the annotation guide.
    pub const ALL: [Self; 9] = [
        Self::Nik,
        Self::Kk,
        Self::Phone,
        Self::Email,
        Self::BankAccount,
        Self::Plate,
        Self::Bpjs,
        Self::Address,
        Self::Name,
    ];

    /// The stable code of the kind in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nik => "nik",
            Self::Kk => "kk",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::BankAccount => "bank_account",
            Self::Plate => "plate",
            Self::Bpjs => "bpjs",
            Self::Address => "address",
            Self::Name => "name",
        }
    }

    /// What stands in a public text in place of the span.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Nik => "[NIK]",
            Self::Kk => "[KK]",
            Self::Phone => "[TELP]",
            Self::Email => "[EMAIL]",
            Self::BankAccount => "[REKENING]",
            Self::Plate => "[PLAT]",
            Self::Bpjs => "[BPJS]",
            Self::Address => "[ALAMAT]",
            Self::Name => "[NAMA]",
        }
    }
}

/// A stretch of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PiiSpan {
    /// What it is.
    pub kind: PiiKind,
    /// First character, in Unicode scalar values.
    pub start: usize,
    /// One past the last character, in Unicode scalar values.
    pub end: usize,
}

/// Every span of personal data in `text`, sorted, without overlaps.
#[must_use]
pub fn find(text: &str) -> Vec<PiiSpan> {
    let shadow = Shadow::of(text);
    let mut spans = Spans::default();
    email::find(&shadow, &mut spans);
    number::find(&shadow, &mut spans);
    plate::find(&shadow, &mut spans);
    let tokens = token::split(&shadow);
    address::find(&tokens, &mut spans);
    name::find(&shadow, &tokens, &mut spans);
    spans.into_sorted()
}

/// `text` with each span replaced by the token of its kind. Spans must be those of
/// [`find`]; one that overlaps its predecessor is left out.
#[must_use]
pub fn mask(text: &str, spans: &[PiiSpan]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut at = 0;
    for span in spans {
        if span.start < at {
            continue;
        }
        masked.extend(chars.by_ref().take(span.start - at));
        masked.push_str(span.kind.token());
        chars.by_ref().take(span.end - span.start).for_each(drop);
        at = span.end;
    }
    masked.extend(chars);
    masked
}

/// Spans so far; the detector that ran first keeps what it found.
#[derive(Default)]
struct Spans(Vec<PiiSpan>);

impl Spans {
    fn push(&mut self, kind: PiiKind, start: usize, end: usize) {
        if start < end && !self.overlaps(start, end) {
            self.0.push(PiiSpan { kind, start, end });
        }
    }

    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.0.iter().any(|s| s.start < end && start < s.end)
    }

    fn into_sorted(mut self) -> Vec<PiiSpan> {
        self.0.sort_by_key(|s| s.start);
        self.0
    }
}
