//! The public pages: the list of reports and one report.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use saring_store::{FeedItem, Page};

use super::listing::{self, Listing};
use super::reference::{Reference, find};
use super::{Public, report_path};
use crate::answer::{Audience, Document};
use crate::categories;
use crate::error::WebError;
use crate::html::{Escaped, Frame, excerpt, moment};
use crate::lang::Lang;
use crate::page_error::PageError;
use crate::places::{self, Place, Zone};
use crate::query::{Parameters, Query};
use crate::settings::Settings;

pub(super) const STYLE: &str = "/saring.css";
/// Before the reference of a report.
pub(super) const REPORT: &str = "/laporan";

const EXCERPT_CHARS: usize = 400;
const TITLE_CHARS: usize = 80;

pub(super) fn routes() -> Router<Public> {
    Router::new().route("/", get(list)).route("/laporan/{reference}", get(report))
}

async fn list(State(public): State<Public>, headers: HeaderMap, parameters: Parameters) -> Result<Response, PageError> {
    let read = async |lang: Lang, query: &Query| {
        let listing = Listing::of_feed(query)?;
        let page = listing::read(&public.cases, &listing).await?;
        let body = list_body(&page, &listing, lang).expect("writing to a string cannot fail");
        let title = lang.pick("Laporan warga", "Citizens' reports");
        let switch = listing.same(&[("lang", lang.other().code())]);
        Ok(document(lang, title, &switch, &body, &public.settings))
    };
    in_language(&headers, parameters, read).await
}

async fn report(
    State(public): State<Public>,
    reference: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, PageError> {
    let read = async |lang: Lang, _: &Query| {
        let reference = reference.ok().and_then(|Path(text)| Reference::parse(&text)).ok_or(WebError::NoReport)?;
        let item = find(&public.cases, reference).await?.ok_or(WebError::NoReport)?;
        let body = report_body(&item, reference, lang).expect("writing to a string cannot fail");
        let switch = format!("{REPORT}/{reference}?lang={}", lang.other().code());
        Ok(document(lang, &excerpt(&item.text, TITLE_CHARS), &switch, &body, &public.settings))
    };
    in_language(&headers, parameters, read).await
}

async fn in_language(
    headers: &HeaderMap,
    parameters: Parameters,
    read: impl AsyncFnOnce(Lang, &Query) -> Result<Document, WebError>,
) -> Result<Response, PageError> {
    let failed = |lang| move |error| PageError { error, lang, style: STYLE, back: "/" };
    let accepted = Lang::accepted(headers);
    let query = Query::read(parameters).map_err(failed(accepted))?;
    let lang = Lang::of(&query, headers).map_err(failed(accepted))?;
    Ok(read(lang, &query).await.map_err(failed(lang))?.answer(headers))
}

fn document(lang: Lang, title: &str, switch: &str, body: &str, settings: &Settings) -> Document {
    let frame = Frame { lang, title, style: STYLE, switch, base: settings.base() };
    let (content_type, body) = ("text/html; charset=utf-8", frame.around(body));
    Document { content_type, body, lang: Some(lang), next: None, audience: Audience::People }
}

fn list_body(page: &Page<FeedItem>, listing: &Listing, lang: Lang) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let intro = lang.pick(
        "Laporan yang sudah lolos penyaringan. Data pribadi disamarkan, misalnya [NIK] atau [TELP].",
        "Reports that passed the screening. Personal data is masked, for instance [NIK] or [TELP].",
    );
    writeln!(html, "<p>{intro}</p>")?;
    filter_form(&mut html, page, listing, lang)?;
    if page.items.is_empty() {
        let none = lang.pick("Tidak ada laporan di halaman ini.", "There is no report on this page.");
        writeln!(html, "<p>{none}</p>")?;
    }
    for item in &page.items {
        let path = report_path(item.id, item.published_at);
        let name = item.category.as_deref().map_or(lang.pick("Laporan", "Report"), |code| categories::name(code, lang));
        writeln!(html, "<article><h2><a href=\"{path}?lang={}\">{}</a></h2>", lang.code(), Escaped(name))?;
        writeln!(html, "<p class=\"text\" dir=\"auto\">{}</p>", Escaped(&excerpt(&item.text, EXCERPT_CHARS)))?;
        let place = item.region.as_ref().map(|region| region.name.as_str());
        let about = [place, item.agency.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let separator = if about.is_empty() { "" } else { " · " };
        let at = moment(item.published_at, zone(item), lang);
        writeln!(html, "<p class=\"meta\">{}{separator}{at}</p></article>", Escaped(&about))?;
    }
    if let Some(next) = &page.next {
        let link = format!("/{}&lang={}", listing.next(next), lang.code());
        let older = lang.pick("Laporan sebelumnya", "Older reports");
        writeln!(html, "<p><a href=\"{}\" rel=\"next\">{older}</a></p>", Escaped(&link))?;
    }
    Ok(html)
}

/// The clock of the place that a report is about.
fn zone(item: &FeedItem) -> Zone {
    Zone::of(item.region.as_ref().map(|region| region.code.as_str()))
}

fn filter_form(html: &mut String, page: &Page<FeedItem>, listing: &Listing, lang: Lang) -> fmt::Result {
    let (category, all) = (lang.pick("Kategori", "Category"), lang.pick("Semua", "All"));
    writeln!(
        html,
        "<form method=\"get\" action=\"/\"><input type=\"hidden\" name=\"lang\" value=\"{}\">",
        lang.code()
    )?;
    writeln!(html, "<label>{category} <select name=\"category\"><option value=\"\">{all}</option>")?;
    for known in &categories::ALL {
        let selected = if listing.given("category") == known.code { " selected" } else { "" };
        writeln!(html, "<option value=\"{}\"{selected}>{}</option>", known.code, Escaped(known.name(lang)))?;
    }
    writeln!(html, "</select></label>")?;
    agency_field(html, page, listing, lang)?;
    region_field(html, listing, lang)?;
    writeln!(html, "<button>{}</button></form>", lang.pick("Saring", "Filter"))
}

/// Any beginning of a name will do; bodies of this page and of the registry are suggested.
fn agency_field(html: &mut String, page: &Page<FeedItem>, listing: &Listing, lang: Lang) -> fmt::Result {
    let (name, given) = (lang.pick("Instansi", "Agency"), Escaped(listing.given("agency")));
    writeln!(
        html,
        "<label>{name} <input name=\"agency\" list=\"instansi\" maxlength=\"200\" value=\"{given}\"></label>\
         <datalist id=\"instansi\">"
    )?;
    let here = page.items.iter().filter_map(|item| item.agency.as_deref());
    let names: BTreeSet<&str> = here.chain(places::bodies().iter().map(String::as_str)).collect();
    for name in names {
        write!(html, "<option value=\"{}\">", Escaped(name))?;
    }
    writeln!(html, "</datalist>")
}

/// Provinces; once one is chosen, also its regencies and cities.
fn region_field(html: &mut String, listing: &Listing, lang: Lang) -> fmt::Result {
    let (label, all) = (lang.pick("Wilayah", "Region"), lang.pick("Semua", "All"));
    let given = listing.given("region");
    writeln!(html, "<label>{label} <select name=\"region\"><option value=\"\">{all}</option>")?;
    let mut known = given.is_empty();
    for province in places::provinces() {
        let mut option = |place: &Place, before: &str| {
            let chosen = place.code == given;
            known |= chosen;
            let selected = if chosen { " selected" } else { "" };
            writeln!(html, "<option value=\"{}\"{selected}>{before}{}</option>", place.code, Escaped(place.name))
        };
        option(province, "")?;
        if given.starts_with(province.code) {
            for regency in places::regencies(given) {
                option(regency, "– ")?;
            }
        }
    }
    // A district, or a code that is newer than the table.
    if !known {
        writeln!(html, "<option value=\"{0}\" selected>{0}</option>", Escaped(given))?;
    }
    writeln!(html, "</select></label>")
}

fn report_body(item: &FeedItem, reference: Reference, lang: Lang) -> Result<String, fmt::Error> {
    let mut html = String::new();
    writeln!(html, "<article><p class=\"text\" dir=\"auto\">{}</p></article>\n<dl>", Escaped(&item.text))?;
    let entry =
        |html: &mut String, name: &str, value: &str| writeln!(html, "<dt>{name}</dt><dd>{}</dd>", Escaped(value));
    entry(&mut html, "Status", lang.pick("Terbuka: tampil untuk umum", "Open: public"))?;
    if let Some(code) = &item.category {
        entry(&mut html, lang.pick("Kategori", "Category"), categories::name(code, lang))?;
    }
    if let Some(agency) = &item.agency {
        entry(&mut html, lang.pick("Instansi yang diusulkan", "Suggested agency"), agency)?;
    }
    if let Some(region) = &item.region {
        entry(&mut html, lang.pick("Wilayah", "Region"), &format!("{} ({})", region.name, region.code))?;
    }
    let since = lang.pick("Tampil sejak", "Public since");
    writeln!(html, "<dt>{since}</dt><dd>{}</dd>", moment(item.published_at, zone(item), lang))?;
    entry(&mut html, lang.pick("Nomor publik", "Public number"), &item.id.to_string())?;
    let requests = format!("/open311/v2/requests/{reference}");
    writeln!(
        html,
        "<dt>Open311</dt><dd><a href=\"{requests}.json\">JSON</a> <a href=\"{requests}.xml\">XML</a></dd></dl>"
    )?;
    let note = lang.pick(
        "Isi laporan adalah pendapat pelapor. Penyaringan tidak memeriksa kebenarannya.",
        "What a report says is its reporter's view. The screening does not check whether it is true.",
    );
    writeln!(html, "<p class=\"note\">{note}</p>")?;
    Ok(html)
}
