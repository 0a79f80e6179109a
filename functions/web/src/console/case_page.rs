//! One case in full: what the screening saw, why it decided so, and what happened since.

use std::fmt::{self, Write as _};

use saring_domain::case::{AuditEvent, Case, CaseRecord, CaseStatus, Timestamp, check_chain};
use saring_domain::score::{Fine, Flag};
use saring_store::{Note, ReporterHistory};

use super::case_evidence as evidence;
use super::frame::{Both, age, page};
use super::identity::{Permission, Session};
use super::is_strong;
use super::marks::{Marked, Part};
use super::panel;
use super::priority::{self, Clock};
use super::shipped;
use super::together::Together;
use super::words::{self, Words};
use crate::html::{Escaped, excerpt};

/// Markup of the text, in bytes: the longest text of usual letters fits, and the page stays small.
const TEXT_BYTES_MAX: usize = 40_000;
const REASON_CHARS: usize = 700;
const REASONS_SHOWN: usize = 20;
/// Events of the trail that are shown, the latest.
const EVENTS_SHOWN: usize = 40;
const DETAIL_CHARS: usize = 120;

/// A case and what stands around it.
pub(super) struct Shown<'a> {
    pub(super) case: &'a Case,
    pub(super) trail: &'a [AuditEvent],
    pub(super) notes: &'a [Note],
    /// The case that was decided just before.
    pub(super) done: Option<&'a Case>,
    /// Reports that say the same.
    pub(super) together: Option<&'a Together>,
    /// What else the same person sent.
    pub(super) history: Option<ReporterHistory>,
}

pub(super) fn render(session: &Session, shown: &Shown<'_>, now: Timestamp) -> String {
    let body = body(session, shown, now).expect("writing to a string cannot fail");
    page(session, ("Kasus", "Case"), &body)
}

/// A section with a heading.
pub(super) fn section(html: &mut String, name: Words) -> fmt::Result {
    writeln!(html, "<section><h2>{}</h2>", Both(name))
}

/// An entry of a list of names and values; the value is markup.
pub(super) fn entry(html: &mut String, name: Words, value: impl fmt::Display) -> fmt::Result {
    writeln!(html, "<dt>{}</dt><dd>{value}</dd>", Both(name))
}

fn body(session: &Session, shown: &Shown<'_>, now: Timestamp) -> Result<String, fmt::Error> {
    let case = shown.case;
    let record = case.record();
    let mut html = String::new();
    if let Some(done) = shown.done {
        write!(
            html,
            "<div class=\"done\">{} <a href=\"{}\"><span class=\"code\">{}</span></a>",
            Both(("Selesai:", "Done:")),
            super::case_path(done.id()),
            done.id()
        )?;
        panel::hold(&mut html, session, done, now)?;
        html.push_str("</div>\n");
    }
    let back = Both(("Antrean", "Queue"));
    writeln!(
        html,
        "<p><a href=\"/console\" rel=\"up\">← {back}</a> <span class=\"code\">{}</span> <span class=\"badge\">{}</span></p>",
        record.id,
        Both(words::status(record.status))
    )?;
    // The undo of the case before has the key while it is there.
    if shown.done.is_none_or(|done| done.record().proposal.is_none()) || record.proposal.is_none() {
        panel::hold(&mut html, session, case, now)?;
    }
    html.push_str("<div class=\"columns\"><div>\n");
    text(&mut html, record)?;
    let free = record.lock.as_ref().is_none_or(|lock| lock.until <= now || lock.holder == session.actor);
    let open = record.proposal.is_none() && free;
    let final_state = matches!(record.status, CaseStatus::Rejected | CaseStatus::Returned | CaseStatus::Edited);
    if session.may(Permission::Decide) && open && !final_state {
        panel::decide(&mut html, session, record)?;
    }
    reasons(&mut html, record, shown.together)?;
    if let Some(together) = shown.together {
        together.list(&mut html, session, case.id())?;
    }
    evidence::claims(&mut html, record)?;
    evidence::scores(&mut html, record)?;
    html.push_str("</div><div>\n");
    standing(&mut html, record, now)?;
    visibility(&mut html, record)?;
    evidence::history(&mut html, shown.history)?;
    evidence::ranked(&mut html, record)?;
    evidence::personal_data(&mut html, record)?;
    corrections(&mut html, record)?;
    panel::notes(&mut html, shown.notes)?;
    if session.may(Permission::Decide) && open {
        panel::correct(&mut html, session, record)?;
    }
    if session.may(Permission::Originals) {
        panel::form(&mut html, session, record, "asli")?;
        let read = Both(("Baca teks asli (tercatat)", "Read the original (recorded)"));
        writeln!(html, "<button type=\"submit\">{read}</button></form>")?;
    }
    let decided = matches!(record.status, CaseStatus::Published | CaseStatus::Confidential | CaseStatus::Rejected);
    if session.may(Permission::Supervise) && decided {
        panel::form(&mut html, session, record, "emas")?;
        let golden = Both(("Jadikan soal emas", "Make it a golden case"));
        writeln!(html, "<button type=\"submit\">{golden}</button></form>")?;
    }
    html.push_str("</div></div>\n");
    events(&mut html, case, shown.trail)?;
    Ok(html)
}

fn text(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let marked = Marked::of(&record.screened);
    let strong = if is_strong(record) { " strong" } else { "" };
    writeln!(html, "<section class=\"reading{strong}\"><h2>{}</h2>", Both(("Teks tersamar", "Masked text")))?;
    let flags: Vec<Flag> = Flag::ALL.into_iter().filter(|flag| marked.has(*flag)).collect();
    let flags_marked = flags.len();
    if !strong.is_empty() || !flags.is_empty() || marked.has_claim() {
        html.push_str("<p class=\"legend\">");
        for flag in flags {
            let (code, name) = (flag.code(), Both(words::flag(flag)));
            write!(
                html,
                "<label class=\"toggle\"><input type=\"checkbox\" id=\"show-{code}\" checked autocomplete=\"off\"> \
                 <mark class=\"{code}\">{name}</mark></label> "
            )?;
        }
        if marked.has_claim() {
            let name = Both(("mirip klaim yang diperiksa", "resembles a checked claim"));
            write!(html, "<mark class=\"claim\">{name}</mark> ")?;
        }
        if !strong.is_empty() {
            let show = Both(("Tampilkan isi keras", "Show strong content"));
            write!(
                html,
                "<label class=\"toggle\"><input type=\"checkbox\" id=\"show-strong\" autocomplete=\"off\"> {show}</label>"
            )?;
        }
        html.push_str("</p>\n");
    }
    html.push_str("<p class=\"text\" dir=\"auto\" tabindex=\"0\">");
    let part = marked.within(TEXT_BYTES_MAX);
    marked.write(html, part)?;
    html.push_str("</p>\n");
    if part != (Part { start: 0, end: marked.len() }) {
        let (shown, all) = (part.end, marked.len());
        writeln!(
            html,
            "<p class=\"note\">Hanya {shown} dari {all} karakter ditampilkan. \
             <span lang=\"en\">Only {shown} of {all} characters are shown.</span></p>"
        )?;
    }
    if flags_marked == 0 {
        return writeln!(html, "</section>");
    }
    let note = Both((
        "Bobot tiap kata ada pada tooltip sorotan: sumbangannya bagi skor model.",
        "A mark's tooltip gives its weight: what the word adds to the model's score.",
    ));
    writeln!(html, "<p class=\"note\">{note}</p></section>")
}

fn reasons(html: &mut String, record: &CaseRecord, together: Option<&Together>) -> fmt::Result {
    section(html, ("Alasan", "Reasons"))?;
    html.push_str("<ul class=\"reasons\">\n");
    for reason in record.screened.verdict.reasons.iter().take(REASONS_SHOWN) {
        let (detail, code) = (excerpt(&reason.detail, REASON_CHARS), excerpt(&reason.code, DETAIL_CHARS));
        let english = words::english(&reason.code);
        let (detail, code) = (Escaped(&detail), Escaped(&code));
        writeln!(html, "<li>{detail} <span lang=\"en\">{english}</span> <span class=\"code\">{code}</span></li>")?;
    }
    if let Some(together) = together {
        together.reason(html)?;
    }
    html.push_str("</ul></section>\n");
    Ok(())
}

/// By the clocks of western Indonesia, where the working days are counted.
pub(super) fn moment(at: Timestamp) -> String {
    const WIB_OFFSET_MS: u64 = 7 * 3_600_000;
    let local = Timestamp::from_unix_ms(at.unix_ms().saturating_add(WIB_OFFSET_MS)).rfc3339();
    format!("<time datetime=\"{}\">{} {} WIB</time>", at.rfc3339(), &local[..10], &local[11..16])
}

fn standing(html: &mut String, record: &CaseRecord, now: Timestamp) -> fmt::Result {
    section(html, ("Kedudukan", "Standing"))?;
    html.push_str("<dl>\n");
    entry(html, ("Status", "Status"), Both(words::status(record.status)))?;
    let (id, en) = age(record.received_at, now);
    let received = format!("{} ({id}<span lang=\"en\"> / {en}</span>)", moment(record.received_at));
    entry(html, ("Diterima", "Received"), received)?;
    if record.status == CaseStatus::InReview {
        let priority = priority::of(record, now);
        let parts = format!(
            "{:.0} = 100 × risiko {:.2} × waktu {:.2} × keraguan {:.2} <span lang=\"en\">risk × waiting × uncertainty</span>",
            priority.points(),
            priority.risk,
            priority.waiting,
            priority.uncertainty
        );
        entry(html, ("Prioritas", "Priority"), parts)?;
        let late = match priority.clock {
            Clock::RanOut => format!(" <span class=\"badge alarm\">{}</span>", Both(("Lewat", "Overdue"))),
            Clock::Runs => String::new(),
        };
        entry(html, ("Tenggat", "Deadline"), format!("{}{late}", moment(priority.deadline)))?;
    }
    if let Some(at) = record.appealed_at {
        entry(html, ("Banding", "Appealed"), moment(at))?;
    }
    if let Some(publication) = &record.publication {
        let by = match publication.by {
            saring_domain::case::PublishedBy::Screening => ("oleh penyaringan", "by the screening"),
            saring_domain::case::PublishedBy::Moderator => ("oleh petugas", "by a moderator"),
        };
        entry(html, ("Tampil sejak", "Public since"), format!("{} {}", moment(publication.at), Both(by)))?;
    }
    if let Some(rejection) = record.rejection {
        entry(html, ("Ditolak karena", "Rejected because"), Both((rejection.words_id(), rejection.words_en())))?;
    }
    if let Some(agency) = &record.returned {
        entry(html, ("Dikembalikan untuk", "Returned for"), Escaped(agency.name()))?;
    }
    standing_people(html, record)?;
    entry(html, ("Model", "Model"), Escaped(record.screened.model.as_str()))?;
    entry(html, ("Kebijakan", "Policy"), Escaped(record.screened.policy.as_str()))?;
    entry(html, ("Versi kasus", "Case version"), record.version)?;
    html.push_str("</dl></section>\n");
    Ok(())
}

fn standing_people(html: &mut String, record: &CaseRecord) -> fmt::Result {
    if let Some(lock) = &record.lock {
        let until = format!("{} – {}", Escaped(lock.holder.as_str()), moment(lock.until));
        entry(html, ("Dipegang oleh", "Held by"), until)?;
    }
    if let Some(escalated) = &record.escalated {
        let why = super::reasons::find("escalate", escalated.why.as_str()).map_or("", |reason| reason.id.as_str());
        entry(html, ("Dieskalasi", "Escalated"), format!("{} – {}", Escaped(why), moment(escalated.at)))?;
    }
    if let Some(asked) = &record.asked {
        entry(
            html,
            ("Pelapor diminta", "Reporter was asked"),
            Both((asked.reason.words_id(), asked.reason.words_en())),
        )?;
    }
    Ok(())
}

/// Which visibility applies, and who asked for it.
fn visibility(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let verdict = &record.screened.verdict;
    section(html, ("Kerahasiaan", "Visibility"))?;
    html.push_str("<dl>\n");
    entry(html, ("Berlaku", "Applies"), Both(words::visibility(record.visibility)))?;
    entry(html, ("Pilihan pelapor", "Reporter's choice"), Both(words::visibility(record.chosen)))?;
    html.push_str("</dl>\n<ul>");
    if verdict.visibility > record.chosen {
        let (to_id, to_en) = words::visibility(verdict.visibility);
        write!(
            html,
            "<li>Penyaringan memperketat ke {to_id} <span lang=\"en\">The screening tightened it to {to_en}</span>"
        )?;
        let policy = shipped::policy(&record.screened.policy);
        let asks = |fine: &Fine| {
            let asked = policy.and_then(|policy| policy.asked_visibility(*fine));
            asked == Some(verdict.visibility) && verdict.reasons.iter().any(|reason| reason.code == fine.code())
        };
        let because: Vec<Words> =
            Fine::ALL.iter().filter(|fine| asks(fine)).filter_map(|f| words::reason(f.code())).collect();
        for (at, words) in because.into_iter().enumerate() {
            let lead = if at == 0 { ": " } else { ", " };
            write!(html, "{lead}{}", Both(words))?;
        }
        html.push_str("</li>");
    }
    if record.visibility > verdict.visibility {
        let (to_id, to_en) = words::visibility(record.visibility);
        write!(
            html,
            "<li>Petugas memperketat ke {to_id} <span lang=\"en\">A moderator tightened it to {to_en}</span></li>"
        )?;
    }
    if record.visibility == record.chosen {
        write!(html, "<li>{}</li>", Both(("Sesuai pilihan pelapor", "As the reporter chose")))?;
    }
    html.push_str("</ul></section>\n");
    Ok(())
}

fn corrections(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let Some(labels) = &record.labels else { return Ok(()) };
    section(html, ("Koreksi petugas", "Corrected by a moderator"))?;
    writeln!(html, "<p class=\"code\">{}</p></section>", Escaped(&labels.codes()))
}

fn events(html: &mut String, case: &Case, trail: &[AuditEvent]) -> fmt::Result {
    section(html, ("Jejak audit", "Audit trail"))?;
    match check_chain(case.id(), trail) {
        Ok(end) => writeln!(
            html,
            "<p class=\"note\">Rantai utuh, {0} kejadian. <span lang=\"en\">The chain is intact, {0} events.</span></p>",
            end.events
        )?,
        Err(broken) => writeln!(
            html,
            "<p class=\"badge alarm\">Rantai putus pada kejadian {0}. <span lang=\"en\">The chain is broken at event \
             {0}.</span></p>",
            broken.sequence
        )?,
    }
    let skipped = trail.len().saturating_sub(EVENTS_SHOWN);
    if skipped > 0 {
        writeln!(
            html,
            "<p class=\"note\">{skipped} kejadian lebih lama tidak ditampilkan. \
             <span lang=\"en\">{skipped} earlier events are not shown.</span></p>"
        )?;
    }
    writeln!(html, "<ol class=\"trail\" start=\"{}\">", skipped + 1)?;
    for event in &trail[skipped..] {
        write!(html, "<li>{} <strong>{}</strong>", moment(event.at), Both(words::action(event.action)))?;
        let (actor, detail) = (excerpt(event.actor.as_str(), DETAIL_CHARS), excerpt(&event.detail, DETAIL_CHARS));
        write!(html, " <span class=\"who\">{}</span>", Escaped(&actor))?;
        if !detail.is_empty() {
            write!(html, " <span class=\"code\">{}</span>", Escaped(&detail))?;
        }
        let hash = event.hash();
        writeln!(html, " <span class=\"code\" title=\"{}\">#{}</span></li>", hash.as_str(), &hash.as_str()[..8])?;
    }
    html.push_str("</ol></section>\n");
    Ok(())
}
