//! Above and around the list: parts of the queue, the next case, saved views, bulk decisions.

use std::fmt::{self, Write as _};

use saring_store::SavedView;

use super::bulk_page;
use super::frame::{Both, csrf_field};
use super::identity::{Permission, Session};
use super::queue::View;
use super::selection::{PARTS, Selection};
use crate::html::Escaped;

pub(super) fn parts(html: &mut String, view: &View, selection: &Selection) -> fmt::Result {
    html.push_str("<nav class=\"parts\" aria-label=\"Bagian (parts)\">");
    for (part, word, id, en) in PARTS {
        let count = view.board.as_ref().map(|board| match word {
            "terbuka" => board.open,
            "banding" => board.appeals,
            "eskalasi" => board.escalated,
            "jeda" => board.resting,
            _ => board.asked,
        });
        let count = count.map_or_else(String::new, |count| format!(" <b>{count}</b>"));
        let current = if part == selection.part { " aria-current=\"page\"" } else { "" };
        let query = if word == "terbuka" { String::new() } else { format!("?bagian={word}") };
        write!(html, "<a href=\"/console{query}\"{current}>{}{count}</a> ", Both((id, en)))?;
    }
    html.push_str("</nav>\n");
    Ok(())
}

/// The next case, and the views that somebody saved.
pub(super) fn tools(html: &mut String, session: &Session, selection: &Selection, views: &[SavedView]) -> fmt::Result {
    html.push_str("<div class=\"row tools\">");
    if session.may(Permission::Decide) {
        write!(
            html,
            "<form method=\"post\" action=\"/console/berikut\">{}<button type=\"submit\" class=\"main-button\" \
             data-key=\"n\">{} <kbd>n</kbd></button></form>",
            csrf_field(session),
            Both(("Ambil berikutnya", "Take the next"))
        )?;
    }
    let here = selection.at_page(1);
    let here = here.split_once('?').map_or("", |(_, query)| query);
    write!(html, "<details class=\"views\"><summary>{}</summary><ul>", Both(("Tampilan tersimpan", "Saved views")))?;
    for view in views {
        let (name, query) = (Escaped(&view.name), Escaped(&view.query));
        write!(
            html,
            "<li><a href=\"/console?{query}\">{name}</a> <form method=\"post\" action=\"/console/tampilan/hapus\">{}<input \
             type=\"hidden\" name=\"name\" value=\"{name}\"><button type=\"submit\">{}</button></form></li>",
            csrf_field(session),
            Both(("Hapus", "Remove"))
        )?;
    }
    writeln!(
        html,
        "</ul><form method=\"post\" action=\"/console/tampilan\">{}<input type=\"hidden\" name=\"query\" value=\"{}\"><label>{} \
         <input name=\"name\" maxlength=\"40\" required autocomplete=\"off\"></label><button type=\"submit\">{}</button></form>\
         </details><p id=\"berubah\" data-poll=\"/console/denyut?{}\" aria-live=\"polite\"></p></div>",
        csrf_field(session),
        Escaped(here),
        Both(("Nama", "Name")),
        Both(("Simpan tampilan ini", "Save this view")),
        Escaped(here)
    )
}

pub(super) fn bulk_begin(html: &mut String, session: &Session) -> fmt::Result {
    write!(html, "<form method=\"post\" action=\"/console/massal\" class=\"bulk-form\">{}", csrf_field(session))
}

pub(super) fn bulk_end(html: &mut String) -> fmt::Result {
    write!(
        html,
        "<div class=\"row bulk-bar\"><label>{} <select name=\"choice\">",
        Both(("Untuk yang dipilih", "For those selected"))
    )?;
    bulk_page::options(html)?;
    writeln!(html, "</select></label><button type=\"submit\">{}</button></div></form>", Both(("Pratinjau", "Preview")))
}
