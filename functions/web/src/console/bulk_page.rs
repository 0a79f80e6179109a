//! The pages of bulk decisions: before, and after.

use std::fmt::{self, Write as _};

use saring_domain::case::Case;

use super::bulk::{Asked, Done, Line};
use super::frame::{Both, csrf_field};
use super::identity::Session;
use super::marks::Marked;
use super::words::Words;
use super::{case_path, is_strong, reasons};
use crate::html::{Escaped, excerpt};

const TEXT_CHARS: usize = 160;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Decided,
    TakenBack,
}

/// What can be chosen for several cases, as options.
pub(super) fn options(html: &mut String) -> fmt::Result {
    let escalate = ("escalate", 'e', "Eskalasi", "Escalate");
    let kinds = reasons::KINDS.iter().filter(|(kind, ..)| *kind != "return").chain([&escalate]);
    for (kind, _, name, _) in kinds {
        write!(html, "<optgroup label=\"{name}\">")?;
        for reason in reasons::of(kind) {
            write!(html, "<option value=\"{kind}:{}\">{name}: {}</option>", reason.code, Escaped(&reason.id))?;
        }
        html.push_str("</optgroup>");
    }
    Ok(())
}

/// A choice in words.
fn chosen(choice: &str) -> (Words, &'static str) {
    let (kind, code) = choice.split_once(':').unwrap_or_default();
    let name =
        reasons::KINDS.iter().find(|(k, ..)| *k == kind).map_or(("Eskalasi", "Escalate"), |(_, _, id, en)| (id, en));
    (name, reasons::find(kind, code).map_or("", |reason| reason.id.as_str()))
}

pub(super) fn preview(session: &Session, lines: &[Line], asked: &Asked, choice: &str) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let (name, why) = chosen(choice);
    let (possible, all) = (lines.iter().filter(|line| line.refused.is_none()).count(), lines.len());
    writeln!(
        html,
        "<p><strong>{}</strong> ({}): {possible} dari {all} kasus. <span lang=\"en\">{possible} of {all} cases.</span></p>",
        Both(name),
        Escaped(why),
    )?;
    if let Some(campaign) = asked.campaign {
        let left = asked.left;
        write!(
            html,
            "<p class=\"note\">Kampanye <a href=\"{}\"><span class=\"code\">{campaign}</span></a>.",
            case_path(campaign)
        )?;
        if left > 0 {
            write!(
                html,
                " {left} kasus lagi menunggu setelah ini. <span lang=\"en\">{left} more wait after these.</span>"
            )?;
        }
        html.push_str("</p>\n");
    }
    if lines.iter().any(|line| is_strong(line.case.record())) {
        let words = Both(("Tampilkan isi keras tanpa diburamkan", "Show strong content unblurred"));
        writeln!(
            html,
            "<p><label class=\"toggle\"><input type=\"checkbox\" id=\"show-strong\" autocomplete=\"off\"> {words}</label></p>"
        )?;
    }
    write!(html, "<form method=\"post\" action=\"/console/massal/putus\">{}", csrf_field(session))?;
    writeln!(html, "<input type=\"hidden\" name=\"choice\" value=\"{}\"><ol class=\"bulk\">", Escaped(choice))?;
    for line in lines {
        one(&mut html, &line.case, line.refused.is_some())?;
    }
    let (yes, no) = (Both(("Putuskan semua", "Decide all")), Both(("Kembali", "Back")));
    html.push_str("</ol><div class=\"row\">");
    if possible > 0 {
        write!(html, "<button type=\"submit\" class=\"main-button\" data-key=\"y\">{yes} <kbd>y</kbd></button> ")?;
    }
    let back = asked.campaign.map_or_else(|| "/console".to_owned(), case_path);
    writeln!(html, "<a href=\"{back}\" data-key=\"b\">{no} <kbd>b</kbd></a></div></form>")?;
    Ok(html)
}

fn one(html: &mut String, case: &Case, left_out: bool) -> fmt::Result {
    let (id, strong) = (case.id(), if is_strong(case.record()) { " class=\"strong\"" } else { "" });
    write!(html, "<li{strong}><a href=\"{}\"><span class=\"code\">{id}</span></a> ", case_path(id))?;
    if left_out {
        write!(html, "<span class=\"badge alarm\">{}</span> ", Both(("dilewati", "left out")))?;
    } else {
        write!(html, "<input type=\"hidden\" name=\"id\" value=\"{id}:{}\">", case.version())?;
    }
    let marked = Marked::of(&case.record().screened);
    html.push_str("<p class=\"text\" dir=\"auto\" tabindex=\"0\">");
    marked.write(html, marked.around_first(TEXT_CHARS))?;
    html.push_str("</p></li>\n");
    Ok(())
}

pub(super) fn outcome(session: &Session, done: &[Done], what: Told) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let good = done.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    let (all, (id, en)) = (
        done.len(),
        match what {
            Told::Decided => ("diputuskan", "decided"),
            Told::TakenBack => ("dibatalkan", "taken back"),
        },
    );
    writeln!(html, "<p><strong>{good}</strong> dari {all} {id}. <span lang=\"en\">{good} of {all} {en}.</span></p>")?;
    let resting: Vec<&Case> = done.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).collect();
    let resting: Vec<&Case> = resting.into_iter().filter(|case| case.record().proposal.is_some()).collect();
    html.push_str("<div class=\"row\">");
    if let Some(due) = resting.iter().filter_map(|case| case.record().proposal.as_ref()).map(|p| p.due).min() {
        write!(html, "<form method=\"post\" action=\"/console/massal/batal\">{}", csrf_field(session))?;
        for case in &resting {
            write!(html, "<input type=\"hidden\" name=\"id\" value=\"{}:{}\">", case.id(), case.version())?;
        }
        let words = Both(("Batalkan semua", "Take all back"));
        write!(
            html,
            "<button type=\"submit\" data-key=\"u\">{words} <kbd>u</kbd></button> <span class=\"note\">berlaku <span \
             data-due=\"{}\">dalam beberapa menit</span></span></form>",
            due.unix_ms()
        )?;
    }
    let queue = Both(("Ke antrean", "To the queue"));
    writeln!(html, "<a href=\"/console\" data-key=\"b\">{queue} <kbd>b</kbd></a></div><ul class=\"bulk\">")?;
    for (id, outcome) in done {
        write!(html, "<li><a href=\"{}\"><span class=\"code\">{id}</span></a>", case_path(*id))?;
        if let Err(refused) = outcome {
            let why = excerpt(&refused.to_string(), TEXT_CHARS);
            write!(
                html,
                " <span class=\"badge alarm\">{}</span> <span lang=\"en\">{}</span>",
                Both(("dilewati", "left out")),
                Escaped(&why)
            )?;
        }
        html.push_str("</li>\n");
    }
    html.push_str("</ul>\n");
    Ok(html)
}
