//! The queue as a page.

use std::fmt::{self, Write as _};

use saring_domain::case::{Case, Timestamp};
use saring_store::SavedView;

use super::frame::{Both, age, page};
use super::identity::{Permission, Session};
use super::marks::Marked;
use super::panel;
use super::priority::{Clock, Priority, Urgency};
use super::queue::{Found, PART_ITEMS_MAX, Scope, Values, View};
use super::queue_top;
use super::selection::{Facet, Selection};
use super::words::{self, Words};
use super::{case_path, is_strong};
use crate::categories;
use crate::html::{Escaped, excerpt};
use crate::lang::Lang;

const TEXT_CHARS: usize = 260;
const REASON_CHARS: usize = 160;
const NAME_CHARS: usize = 80;
/// Reasons on a card; the case page has all.
const REASONS_SHOWN: usize = 4;

/// What stands around the list.
pub(super) struct Around<'a> {
    pub(super) views: &'a [SavedView],
    /// The case that was decided just before.
    pub(super) done: Option<&'a Case>,
}

pub(super) fn render(
    session: &Session,
    view: &View,
    selection: &Selection,
    around: &Around<'_>,
    now: Timestamp,
) -> String {
    let body = body(session, view, selection, around, now).expect("writing to a string cannot fail");
    page(session, ("Antrean pemeriksaan", "Review queue"), &body)
}

fn body(
    session: &Session,
    view: &View,
    selection: &Selection,
    around: &Around<'_>,
    now: Timestamp,
) -> Result<String, fmt::Error> {
    let mut html = String::new();
    if let Some(done) = around.done {
        write!(
            html,
            "<div class=\"done\">{} <a href=\"{}\"><span class=\"code\">{}</span></a>",
            Both(("Selesai:", "Done:")),
            case_path(done.id()),
            done.id()
        )?;
        panel::hold(&mut html, session, done, now)?;
        html.push_str("</div>\n");
    }
    queue_top::parts(&mut html, view, selection)?;
    summary(&mut html, view, selection)?;
    queue_top::tools(&mut html, session, selection, around.views)?;
    html.push_str("<nav class=\"filters\" aria-label=\"Saringan (filters)\">\n");
    for values in &view.values {
        filter(&mut html, values, selection)?;
    }
    html.push_str("</nav>\n");
    if view.cases.iter().any(|(case, _)| is_strong(case.record())) {
        let words = Both(("Tampilkan isi keras tanpa diburamkan", "Show strong content unblurred"));
        writeln!(
            html,
            "<p><label class=\"toggle\"><input type=\"checkbox\" id=\"show-strong\" autocomplete=\"off\"> {words}</label></p>"
        )?;
    }
    if view.cases.is_empty() {
        let none = if selection.any_chosen() || selection.is_later_part() || selection.page() > 1 {
            ("Tidak ada laporan di halaman ini.", "There is no report on this page.")
        } else {
            ("Tidak ada laporan yang menunggu.", "No report is waiting.")
        };
        writeln!(html, "<p>{}</p>", Both(none))?;
    }
    let bulk = session.may(Permission::Decide) && !view.cases.is_empty();
    if bulk {
        queue_top::bulk_begin(&mut html, session)?;
    }
    html.push_str("<ol class=\"queue\">\n");
    for (case, priority) in &view.cases {
        let campaign = view.campaigns.get(&case.id());
        let extras =
            Extras { bulk, campaign: campaign.map(|id| selection.with(Facet::Campaign, Some(&id.to_string()))) };
        card(&mut html, case, priority, &extras, now)?;
    }
    html.push_str("</ol>\n");
    if bulk {
        queue_top::bulk_end(&mut html)?;
    }
    paging(&mut html, view, selection)?;
    Ok(html)
}

fn summary(html: &mut String, view: &View, selection: &Selection) -> fmt::Result {
    let read = view.read;
    let found = match view.found {
        Found::Exactly(found) => found.to_string(),
        Found::AtLeast(found) => format!("{found}+"),
    };
    writeln!(
        html,
        "<p class=\"sum\"><strong>{found}</strong> dari {read} laporan, yang paling mendesak dulu. \
         <span lang=\"en\">{found} of {read} reports, the most pressing first.</span></p>"
    )?;
    if let (Scope::Queue, Some(board)) = (view.scope, &view.board) {
        let (id, en) = age(Timestamp::from_unix_ms(board.at_ms), selection.now);
        return writeln!(
            html,
            "<p class=\"note\">Hitungan seluruh antrean, {id} lalu. <span lang=\"en\">Counts of the whole queue, {en} ago.</span></p>"
        );
    }
    if view.next_part.is_some() || selection.is_later_part() {
        writeln!(
            html,
            "<p class=\"note\">Urutan, jumlah dan saringan berlaku untuk bagian antrean ini saja: {PART_ITEMS_MAX} laporan \
             yang paling lama menunggu, lalu bagian berikutnya. <span lang=\"en\">Order, counts and filters are those of \
             this part of the queue: the {PART_ITEMS_MAX} longest waiting, then the next part.</span></p>"
        )?;
    }
    Ok(())
}

fn facet_words(facet: Facet) -> Words {
    match facet {
        Facet::Reason => ("Alasan", "Reason"),
        Facet::Category => ("Kategori", "Category"),
        Facet::Agency => ("Instansi", "Agency"),
        Facet::Region => ("Wilayah", "Region"),
        Facet::Age => ("Umur", "Age"),
        Facet::Campaign => ("Kampanye", "Campaign"),
    }
}

fn filter(html: &mut String, values: &Values, selection: &Selection) -> fmt::Result {
    let (name, chosen) = (Both(facet_words(values.facet)), selection.chosen(values.facet));
    let state = if chosen.is_some() { " class=\"on\"" } else { "" };
    write!(html, "<details{state}><summary>{name}")?;
    if let Some(chosen) = chosen {
        let known = values.listed.iter().find(|v| v.key == chosen).map_or(chosen, |v| v.name.as_str());
        write!(html, ": <strong>{}</strong>", Escaped(&excerpt(known, NAME_CHARS)))?;
    }
    html.push_str("</summary><ul>\n");
    if chosen.is_some() {
        let (link, all) = (selection.with(values.facet, None), Both(("Semua", "All")));
        writeln!(html, "<li><a href=\"{}\">{all}</a></li>", Escaped(&link))?;
    }
    for value in &values.listed {
        let link = selection.with(values.facet, Some(&value.key));
        let current = if chosen == Some(value.key.as_str()) { " aria-current=\"true\"" } else { "" };
        let (link, name) = (Escaped(&link), excerpt(&value.name, NAME_CHARS));
        let count = if value.count > 0 { format!(" <b>{}</b>", value.count) } else { String::new() };
        writeln!(html, "<li><a href=\"{link}\"{current}>{}{count}</a></li>", Escaped(&name))?;
    }
    if values.left_out > 0 {
        let more = values.left_out;
        writeln!(html, "<li class=\"note\">dan {more} lainnya <span lang=\"en\">and {more} others</span></li>")?;
    }
    html.push_str("</ul></details>\n");
    Ok(())
}

/// What a card has beside the case.
struct Extras {
    /// Whether it can be selected.
    bulk: bool,
    /// Where its campaign is.
    campaign: Option<String>,
}

fn card(html: &mut String, case: &Case, priority: &Priority, extras: &Extras, now: Timestamp) -> fmt::Result {
    let record = case.record();
    let screened = &record.screened;
    let id = record.id;
    let strong = if is_strong(record) { " strong" } else { "" };
    let urgent = if priority.urgency == Urgency::AtOnce { " urgent" } else { "" };
    writeln!(html, "<li class=\"card{strong}{urgent}\">")?;
    priority_parts(html, priority)?;
    html.push_str("<div class=\"what\">");
    let first = screened.verdict.reasons.first().map_or("", |reason| reason.code.as_str());
    let title = words::reason(first).map_or_else(|| excerpt(first, NAME_CHARS), |(id, _)| id.to_owned());
    write!(html, "<h2><a href=\"{}\">{} <span class=\"code\">{id}</span></a>", case_path(id), Escaped(&title))?;
    if priority.urgency == Urgency::AtOnce {
        write!(html, " <span class=\"badge alarm\">{}</span>", Both(("Segera", "At once")))?;
    }
    if extras.bulk {
        write!(
            html,
            " <label class=\"pick\"><input type=\"checkbox\" name=\"id\" value=\"{id}\" autocomplete=\"off\"> {}</label>",
            Both(("pilih", "select"))
        )?;
    }
    html.push_str("</h2>\n<ul class=\"reasons\">");
    for reason in screened.verdict.reasons.iter().take(REASONS_SHOWN) {
        let (detail, english) = (excerpt(&reason.detail, REASON_CHARS), words::english(&reason.code));
        write!(html, "<li>{} <span lang=\"en\">{english}</span></li>", Escaped(&detail))?;
    }
    if let Some(more) = screened.verdict.reasons.len().checked_sub(REASONS_SHOWN + 1) {
        let more = more + 1;
        write!(html, "<li>dan {more} lagi <span lang=\"en\">and {more} more</span></li>")?;
    }
    html.push_str("</ul>\n<p class=\"text\" dir=\"auto\" tabindex=\"0\">");
    let marked = Marked::of(screened);
    marked.write(html, marked.around_first(TEXT_CHARS))?;
    html.push_str("</p>\n");
    meta(html, case, priority, extras.campaign.as_deref(), now)?;
    html.push_str("</div></li>\n");
    Ok(())
}

fn priority_parts(html: &mut String, priority: &Priority) -> fmt::Result {
    let Priority { risk, waiting, uncertainty, .. } = priority;
    let points = priority.points();
    let label = priority
        .label
        .map_or(("model tidak menilai", "not judged by the model"), |code| words::reason(code).unwrap_or((code, "")));
    writeln!(
        html,
        "<details class=\"prio\"><summary title=\"100 × risiko {risk:.2} × waktu {waiting:.2} × ragu {uncertainty:.2}\">\
         <span class=\"points\">{points:.0}</span> <span class=\"unit\">prioritas <span lang=\"en\">priority</span></span>\
         </summary><dl><dt>{}</dt><dd>{risk:.2} <span class=\"why\">{}</span></dd><dt>{}</dt><dd>{waiting:.2}</dd>\
         <dt>{}</dt><dd>{uncertainty:.2}</dd></dl></details>",
        Both(("Risiko", "Risk")),
        Both(label),
        Both(("Waktu tunggu", "Waiting")),
        Both(("Keraguan model", "Uncertainty")),
    )
}

fn meta(html: &mut String, case: &Case, priority: &Priority, campaign: Option<&str>, now: Timestamp) -> fmt::Result {
    let record = case.record();
    let screened = &record.screened;
    html.push_str("<p class=\"meta\">");
    let since = record.appealed_at.unwrap_or(record.received_at);
    let ((id, en), at) = (age(since, now), since.rfc3339());
    write!(html, "<time datetime=\"{at}\" title=\"{at}\">{id}<span lang=\"en\"> {en}</span></time>")?;
    if priority.clock == Clock::RanOut {
        write!(html, " <span class=\"badge alarm\">{}</span>", Both(("Lewat tenggat", "Overdue")))?;
    }
    if let Some(lock) = record.lock.as_ref().filter(|lock| lock.until > now) {
        let holder = excerpt(lock.holder.as_str().trim_start_matches("moderator:"), NAME_CHARS);
        write!(html, " <span class=\"badge\">dipegang oleh {}</span>", Escaped(&holder))?;
    }
    if record.appealed_at.is_some() {
        write!(html, " <span class=\"badge\">{}</span>", Both(("Banding", "Appeal")))?;
    }
    if let Some(link) = campaign {
        let words = Both(("Kampanye", "Campaign"));
        write!(html, " <a class=\"badge\" href=\"{}\">{words}</a>", Escaped(link))?;
    }
    if let Some(category) = screened.category.first() {
        let name = categories::name(&category.code, Lang::Id);
        write!(html, " <span>{}</span>", Escaped(&excerpt(name, NAME_CHARS)))?;
    }
    let agency = screened.agency.first().map(|agency| agency.name.as_str());
    let region = screened.region.as_ref().map(|region| region.name.as_str());
    for name in [agency, region].into_iter().flatten() {
        write!(html, " <span>{}</span>", Escaped(&excerpt(name, NAME_CHARS)))?;
    }
    html.push_str("</p>\n");
    Ok(())
}

fn paging(html: &mut String, view: &View, selection: &Selection) -> fmt::Result {
    let (page, pages) = (selection.page(), view.pages);
    html.push_str("<nav class=\"pages\" aria-label=\"Halaman (pages)\">");
    let mut link =
        |to: &str, rel: &str, name: Words| write!(html, "<a href=\"{}\"{rel}>{}</a> ", Escaped(to), Both(name));
    if page > 1 {
        link(&selection.at_page((page - 1).min(pages.max(1))), " rel=\"prev\"", ("Sebelumnya", "Previous"))?;
    }
    if page < pages {
        link(&selection.at_page(page + 1), " rel=\"next\"", ("Berikutnya", "Next"))?;
    }
    if selection.is_later_part() {
        link(&selection.at_part(None), "", ("Bagian pertama", "First part"))?;
    }
    if let Some(next) = &view.next_part {
        link(&selection.at_part(Some(next)), "", ("Bagian antrean berikutnya", "Next part of the queue"))?;
    }
    if pages > 1 {
        write!(html, "<span>{page} / {pages}</span>")?;
    }
    html.push_str("</nav>\n");
    Ok(())
}
