//! Where a report stands, in words for its reporter: what happens, why it waits, and nothing about how
//! the screening works.

use saring_domain::case::{Case, CaseStatus};
use saring_store::Tracked;

use crate::lang::Lang;

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) id: String,
    pub(crate) en: String,
}

impl Words {
    fn new(id: &str, en: &str) -> Self {
        Self { id: id.to_owned(), en: en.to_owned() }
    }

    pub(crate) fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.id, &self.en)
    }
}

/// What a reporter is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// Code of the status.
    pub(crate) status: &'static str,
    pub(crate) message: Words,
    /// Why it waits, if it waits for a person.
    pub(crate) why: Vec<Words>,
    pub(crate) appeal: Appeal,
}

/// Whether the reporter may ask to have the decision looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appeal {
    Open,
    Closed,
}

/// What to tell about a report.
pub(crate) fn told(tracked: &Tracked) -> Told {
    match tracked {
        Tracked::Screened(case) => told_of_case(case),
        Tracked::Received { .. } => Told {
            status: "received",
            message: Words::new(
                "Laporan Anda sudah diterima dan menunggu penyaringan.",
                "Your report was received and waits for its screening.",
            ),
            why: Vec::new(),
            appeal: Appeal::Closed,
        },
    }
}

fn told_of_case(case: &Case) -> Told {
    let (record, status) = (case.record(), case.status());
    let mut message = Words::new(status.words_id(), status.words_en());
    if let Some(reason) = record.rejection {
        message.id = format!("{} {}", message.id, reason.words_id());
        message.en = format!("{} {}", message.en, reason.words_en());
    }
    if let Some(agency) = &record.returned {
        message.id = format!("{} Instansi: {}.", message.id, agency.name());
        message.en = format!("{} Agency: {}.", message.en, agency.name());
    }
    let mut why: Vec<Words> = Vec::new();
    if let Some(asked) = &record.asked {
        why.push(Words::new(asked.reason.words_id(), asked.reason.words_en()));
    }
    if status == CaseStatus::InReview && record.appealed_at.is_some() && record.asked.is_none() {
        why.push(Words::new(
            "Anda meminta keputusan ditinjau ulang, dan petugas memeriksanya sekali lagi.",
            "You asked to have the decision looked at again, and an officer does so.",
        ));
    } else if status == CaseStatus::InReview && record.asked.is_none() {
        for reason in &record.screened.verdict.reasons {
            let (id, en) = held(&reason.code);
            let words = Words::new(id, en);
            if !why.contains(&words) {
                why.push(words);
            }
        }
    }
    let decided = matches!(status, CaseStatus::Rejected | CaseStatus::Returned);
    let appeal = if decided && record.appealed_at.is_none() { Appeal::Open } else { Appeal::Closed };
    Told { status: status.code(), message, why, appeal }
}

const FOR_A_PERSON: (&str, &str) = ("Petugas perlu membacanya lebih dulu.", "An officer needs to read it first.");

/// Why a report with this reason waits, in kind words; the families of codes suffice.
fn held(code: &str) -> (&'static str, &'static str) {
    match code.split('.').next().unwrap_or_default() {
        "spam" => (
            "Sebagian isinya mirip promosi, jadi petugas memastikannya dulu.",
            "Part of it looks like an advertisement, so an officer makes sure first.",
        ),
        "abuse" => (
            "Ada kata-kata yang dapat menyakiti orang lain, jadi petugas membacanya dulu.",
            "Some words in it may hurt others, so an officer reads it first.",
        ),
        "hoax" => {
            ("Ada informasi yang perlu dicek dulu kebenarannya.", "Some information in it needs to be checked first.")
        }
        "sensitive" => (
            "Isinya menyangkut hal yang peka, jadi petugas memeriksanya dulu untuk melindungi Anda dan orang lain. \
             Jika ada yang dalam bahaya, segera hubungi 112.",
            "It is about something sensitive, so an officer looks at it first to protect you and others. If \
             anybody is in danger, call 112 at once.",
        ),
        "quality" => (
            "Belum jelas apa yang diharapkan dari pemerintah, jadi petugas membacanya dulu.",
            "It is not clear yet what the government should do, so an officer reads it first.",
        ),
        "text" => (
            "Teksnya sulit dibaca oleh sistem kami, jadi petugas yang membacanya.",
            "Our system finds the text hard to read, so an officer reads it.",
        ),
        "held" => (
            "Sistem penyaringan sedang terganggu, jadi petugas yang memeriksanya.",
            "The screening is out of order, so an officer checks it.",
        ),
        _ => FOR_A_PERSON,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason_codes;

    #[test]
    fn every_reason_to_wait_has_words_of_its_own() {
        let mut codes = reason_codes::all();
        for holds_nothing in ["clean", "visibility.current_model"] {
            assert!(codes.remove(holds_nothing), "{holds_nothing}");
        }
        let bare: Vec<_> = codes.iter().filter(|code| held(code) == FOR_A_PERSON).collect();
        assert_eq!(bare, Vec::<&String>::new());
    }

    #[test]
    fn words_tell_nothing_of_the_screening() {
        for code in reason_codes::all() {
            let (id, en) = held(&code);
            for internal in ["skor", "score", "model", "ambang", "threshold", "spam", &*code] {
                assert!(!id.contains(internal) && !en.contains(internal), "{code}: {internal}");
            }
        }
    }
}
