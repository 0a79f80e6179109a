//! The forms of a case's page: who holds it, what rests, what can be decided and corrected.

use std::fmt::{self, Write as _};

use saring_domain::agency::AgencyType;
use saring_domain::case::{Case, CaseRecord, CaseStatus, ClaimMark, Mark, Timestamp};
use saring_domain::pii::PiiKind;
use saring_domain::score::{Fine, Flag};
use saring_store::Note;

use super::case_page::{moment, section};
use super::frame::{Both, csrf_field};
use super::identity::{Permission, Session};
use super::words::{self, Words};
use super::{agencies, case_path, reasons};
use crate::categories;
use crate::html::{Escaped, excerpt};
use crate::lang::Lang;

const NAME_CHARS: usize = 90;

/// The begin of a form about this version of the case.
pub(super) fn form(html: &mut String, session: &Session, record: &CaseRecord, action: &str) -> fmt::Result {
    write!(
        html,
        "<form method=\"post\" action=\"{}/{action}\">{}<input type=\"hidden\" name=\"version\" value=\"{}\" \
         data-version=\"\">",
        case_path(record.id),
        csrf_field(session),
        record.version
    )
}

fn button(
    html: &mut String,
    session: &Session,
    record: &CaseRecord,
    action: &str,
    key: char,
    name: Words,
) -> fmt::Result {
    form(html, session, record, action)?;
    writeln!(html, "<button type=\"submit\" data-key=\"{key}\">{} <kbd>{key}</kbd></button></form>", Both(name))
}

/// Who holds the case and what rests, with what can be done about it.
pub(super) fn hold(html: &mut String, session: &Session, case: &Case, now: Timestamp) -> fmt::Result {
    let record = case.record();
    if let Some(proposal) = &record.proposal {
        resting(html, session, record, now)?;
        if proposal.by != session.actor && !session.may(Permission::Supervise) {
            return Ok(());
        }
        html.push_str("<div class=\"row\">");
        button(html, session, record, "batal", 'u', ("Batalkan keputusan", "Take the decision back"))?;
        if proposal.by == session.actor {
            button(html, session, record, "segera", 'g', ("Berlakukan sekarang", "Let it take effect now"))?;
        }
        html.push_str("</div>");
        return Ok(());
    }
    let lock = record.lock.as_ref().filter(|lock| lock.until > now);
    if !session.may(Permission::Decide) || record.status != CaseStatus::InReview {
        return Ok(());
    }
    html.push_str("<div class=\"row\">");
    match lock {
        None => button(html, session, record, "ambil", 'h', ("Ambil kasus", "Take the case"))?,
        Some(lock) if lock.holder == session.actor => {
            write!(html, "<p class=\"mine\" data-heartbeat=\"{}/detak\">", case_path(record.id))?;
            write!(
                html,
                "{} {}</p>",
                Both(("Anda memegang kasus ini sampai", "You hold this case until")),
                moment(lock.until)
            )?;
            button(html, session, record, "lepas", 'l', ("Lepaskan", "Release"))?;
        }
        Some(lock) => {
            let holder = lock.holder.as_str().trim_start_matches("moderator:");
            write!(
                html,
                "<p class=\"held\"><strong>dipegang oleh {}</strong> <span lang=\"en\">held by them</span> {} {}</p>",
                Escaped(&excerpt(holder, NAME_CHARS)),
                Both(("sampai", "until")),
                moment(lock.until)
            )?;
            if session.may(Permission::Supervise) {
                button(html, session, record, "rebut", 'x', ("Ambil alih kunci", "Take the lock away"))?;
            }
        }
    }
    html.push_str("</div>");
    Ok(())
}

fn resting(html: &mut String, session: &Session, record: &CaseRecord, now: Timestamp) -> fmt::Result {
    let Some(proposal) = &record.proposal else { return Ok(()) };
    let kind = reasons::KINDS.iter().find(|(kind, ..)| *kind == proposal.ruling.kind());
    let name = kind.map_or(("", ""), |(_, _, id, en)| (*id, *en));
    let why = reasons::find(proposal.ruling.kind(), proposal.why.as_str());
    let why = why.map_or_else(|| proposal.why.as_str().to_owned(), |reason| reason.id.clone());
    let by = proposal.by.as_str().trim_start_matches("moderator:");
    let left = proposal.due.unix_ms().saturating_sub(now.unix_ms()) / 1000;
    let mine = if proposal.by == session.actor { "mine" } else { "held" };
    writeln!(
        html,
        "<p class=\"{mine} resting\"><strong>{}</strong> ({}) oleh {}; berlaku <span data-due=\"{}\">dalam {} menit {} \
         detik</span>. <span lang=\"en\">Decided; it takes effect then and can be taken back until then.</span></p>",
        Both(name),
        Escaped(&why),
        Escaped(&excerpt(by, NAME_CHARS)),
        proposal.due.unix_ms(),
        left / 60,
        left % 60
    )
}

/// Everything that can be decided, a button for each reason.
pub(super) fn decide(html: &mut String, session: &Session, record: &CaseRecord) -> fmt::Result {
    section(html, ("Keputusan", "Decision"))?;
    form(html, session, record, "putus")?;
    html.push_str("<input type=\"hidden\" name=\"lanjut\" value=\"1\">\n<div class=\"kinds\">");
    let waits = record.status == CaseStatus::InReview;
    for (kind, key, id, en) in reasons::KINDS {
        // What is public can only become less public.
        if !waits && matches!(kind, "publish" | "ask") {
            continue;
        }
        let words = Both((id, en));
        write!(html, "<fieldset data-key=\"{key}\"><legend>{words} <kbd>{key}</kbd></legend>")?;
        if kind == "return" {
            agency_select(html, record, "agency", ("Instansi yang tepat", "The right agency"))?;
        }
        for (at, reason) in reasons::of(kind).enumerate() {
            let (code, words) = (&reason.code, Both2(&reason.id, &reason.en));
            let told = told_to_reporter(kind, code);
            let digit = at + 1;
            write!(
                html,
                "<button type=\"submit\" name=\"choice\" value=\"{kind}:{code}\"{told}><kbd>{digit}</kbd> {words}</button>"
            )?;
        }
        html.push_str("</fieldset>\n");
    }
    let note = Both(("Catatan untuk rekan (tidak untuk pelapor)", "A note for colleagues, not for the reporter"));
    writeln!(
        html,
        "</div><label class=\"note-field\">{note} <kbd>c</kbd><textarea name=\"note\" rows=\"2\" maxlength=\"1000\" \
         data-key=\"c\"></textarea></label></form>"
    )?;
    told(html)?;
    if waits {
        aside(html, session, record)?;
    }
    html.push_str("</section>\n");
    Ok(())
}

/// What the reporter will read, where a reason has such words.
fn words_to_reporter(kind: &str, code: &str) -> Option<&'static str> {
    use saring_domain::case::{AskReason, RejectReason};
    match kind {
        "reject" => RejectReason::parse(code).map(RejectReason::words_id),
        "ask" => AskReason::parse(code).map(AskReason::words_id),
        _ => None,
    }
}

fn told_to_reporter(kind: &str, code: &str) -> String {
    let words = words_to_reporter(kind, code);
    words.map_or_else(String::new, |words| format!(" title=\"Pelapor membaca: {}\"", Escaped(words)))
}

/// The same for all reasons, where no pointer hovers.
fn told(html: &mut String) -> fmt::Result {
    let summary = Both(("Yang akan dibaca pelapor", "What the reporter will read"));
    write!(html, "<details class=\"told\"><summary>{summary}</summary><dl>")?;
    for (kind, ..) in reasons::KINDS {
        for reason in reasons::of(kind) {
            let Some(words) = words_to_reporter(kind, &reason.code) else { continue };
            write!(html, "<dt>{}</dt><dd>{}</dd>", Escaped(&reason.id), Escaped(words))?;
        }
    }
    html.push_str("</dl></details>\n");
    Ok(())
}

/// Words of the table of reasons.
struct Both2<'a>(&'a str, &'a str);

impl fmt::Display for Both2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <span lang=\"en\">{}</span>", Escaped(self.0), Escaped(self.1))
    }
}

/// To somebody else.
fn aside(html: &mut String, session: &Session, record: &CaseRecord) -> fmt::Result {
    html.push_str("<div class=\"row\">");
    if record.escalated.is_none() {
        form(html, session, record, "eskalasi")?;
        write!(
            html,
            "<input type=\"hidden\" name=\"lanjut\" value=\"1\"><label>{} <kbd>e</kbd><select name=\"why\" data-key=\"e\">",
            Both(("Eskalasi", "Escalate"))
        )?;
        for reason in reasons::of("escalate") {
            write!(html, "<option value=\"{}\">{}</option>", reason.code, Escaped(&reason.id))?;
        }
        writeln!(
            html,
            "</select></label><button type=\"submit\">{}</button></form>",
            Both(("Kirim ke supervisor", "To a supervisor"))
        )?;
    }
    form(html, session, record, "serah")?;
    writeln!(
        html,
        "<input type=\"hidden\" name=\"lanjut\" value=\"1\"><label>{} <kbd>o</kbd><input name=\"to\" maxlength=\"60\" \
         required autocomplete=\"off\" data-key=\"o\"></label><button type=\"submit\">{}</button></form>",
        Both(("Serahkan kepada", "Hand over to")),
        Both(("Serahkan", "Hand over"))
    )?;
    form(html, session, record, "gabung")?;
    writeln!(
        html,
        "<label>{} <kbd>f</kbd><input name=\"into\" maxlength=\"200\" required autocomplete=\"off\" \
         data-key=\"f\"></label><button type=\"submit\">{}</button></form></div>",
        Both(("Sama dengan kasus nomor", "Says the same as case number")),
        Both(("Gabungkan ke kampanye", "Fold into its campaign"))
    )
}

fn agency_select(html: &mut String, record: &CaseRecord, name: &str, label: Words) -> fmt::Result {
    write!(html, "<label>{}<select name=\"{name}\"><option value=\"\">–</option>", Both(label))?;
    let mut first: Vec<AgencyType> = record.screened.agency.iter().map(|ranked| ranked.agency).collect();
    first.extend(AgencyType::all().filter(|agency| !record.screened.agency.iter().any(|r| r.agency == *agency)));
    for agency in first {
        write!(html, "<option value=\"{}\">{}</option>", agency.code(), Escaped(&agencies::usual(agency)))?;
    }
    html.push_str("</select></label>");
    Ok(())
}

/// What the model got wrong, and personal data that it missed.
pub(super) fn correct(html: &mut String, session: &Session, record: &CaseRecord) -> fmt::Result {
    let summary = Both(("Koreksi label dan data pribadi", "Correct labels and personal data"));
    writeln!(html, "<section><details class=\"correct\" data-key=\"r\"><summary>{summary} <kbd>r</kbd></summary>")?;
    form(html, session, record, "koreksi")?;
    write!(html, "<label>{}<select name=\"category\"><option value=\"\">–</option>", Both(("Kategori", "Category")))?;
    let corrected = record.labels.as_ref().and_then(|l| l.category.as_ref()).map(|code| code.as_str().to_owned());
    for category in &categories::ALL {
        let selected = if corrected.as_deref() == Some(category.code) { " selected" } else { "" };
        write!(html, "<option value=\"{}\"{selected}>{}</option>", category.code, category.name(Lang::Id))?;
    }
    html.push_str("</select></label>");
    agency_select(html, record, "agency", ("Instansi", "Agency"))?;
    labels(html, record)?;
    claim(html, record)?;
    spans(html, record)?;
    writeln!(html, "<button type=\"submit\">{}</button></form></details></section>", Both(("Simpan koreksi", "Save")))
}

fn labels(html: &mut String, record: &CaseRecord) -> fmt::Result {
    write!(html, "<fieldset><legend>{}</legend>", Both(("Tanda", "Flags")))?;
    let given = record.labels.as_ref();
    for flag in Flag::ALL {
        let mark = given.and_then(|l| l.flags.iter().find(|(other, _)| *other == flag)).map(|(_, mark)| *mark);
        let options = [
            ("", "–", mark.is_none()),
            ("1", "ya", mark == Some(Mark::Present)),
            ("0", "tidak", mark == Some(Mark::Absent)),
        ];
        write!(html, "<label>{}<select name=\"{}\">", Both(words::flag(flag)), flag.code())?;
        for (value, name, selected) in options {
            let selected = if selected { " selected" } else { "" };
            write!(html, "<option value=\"{value}\"{selected}>{name}</option>")?;
        }
        html.push_str("</select></label>");
    }
    html.push_str("<input type=\"hidden\" name=\"fine_given\" value=\"1\"><div class=\"fines\">");
    for fine in Fine::ALL {
        let checked = if given.is_some_and(|l| l.fine.contains(&fine)) { " checked" } else { "" };
        let name = words::reason(fine.code()).map_or(fine.code(), |(id, _)| id);
        write!(
            html,
            "<label class=\"toggle\"><input type=\"checkbox\" name=\"fine\" value=\"{}\"{checked}> {name}</label>",
            fine.code()
        )?;
    }
    html.push_str("</div></fieldset>");
    Ok(())
}

fn claim(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let given = record.labels.as_ref().and_then(|l| l.claim.as_ref()).map(ClaimMark::code);
    write!(html, "<label>{}<select name=\"claim\"><option value=\"\">–</option>", Both(("Klaim", "Claim")))?;
    let mut option = |value: &str, name: &str| {
        let selected = if given == Some(value) { " selected" } else { "" };
        write!(html, "<option value=\"{}\"{selected}>{}</option>", Escaped(value), Escaped(&excerpt(name, NAME_CHARS)))
    };
    option("none", "tidak menyebarkan klaim")?;
    option("new", "klaim baru, belum diperiksa")?;
    for claim in record.screened.claims.iter().filter(|claim| ClaimMark::parse(&claim.id).is_ok()) {
        option(&claim.id, &format!("mengulang: {}", claim.title))?;
    }
    html.push_str("</select></label>");
    Ok(())
}

fn spans(html: &mut String, record: &CaseRecord) -> fmt::Result {
    write!(html, "<fieldset><legend>{}</legend>", Both(("Data pribadi", "Personal data")))?;
    for span in record.screened.pii.iter().take(40) {
        write!(
            html,
            "<label class=\"toggle\"><input type=\"checkbox\" name=\"drop\" value=\"{}-{}\"> {} {}</label>",
            span.start,
            span.end,
            Both(("bukan data pribadi:", "no personal data:")),
            Both(words::pii(span.kind))
        )?;
    }
    write!(
        html,
        "<label>{}<input name=\"words\" maxlength=\"200\" autocomplete=\"off\"></label><label>{}<select name=\"kind\">",
        Both(("Samarkan kata-kata ini", "Mask these words")),
        Both(("sebagai", "as"))
    )?;
    for kind in PiiKind::ALL {
        write!(html, "<option value=\"{}\">{}</option>", kind.code(), words::pii(kind).0)?;
    }
    html.push_str("</select></label></fieldset>");
    Ok(())
}

/// What colleagues wrote.
pub(super) fn notes(html: &mut String, notes: &[Note]) -> fmt::Result {
    if notes.is_empty() {
        return Ok(());
    }
    section(html, ("Catatan", "Notes"))?;
    html.push_str("<ul>");
    for note in notes.iter().rev().take(20) {
        write!(html, "<li>{} <span class=\"code\">v{}</span></li>", Escaped(note.text.as_str()), note.version)?;
    }
    html.push_str("</ul></section>\n");
    Ok(())
}
