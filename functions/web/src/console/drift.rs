//! What comes against what the current bundle was made for: distributions, as the sweep last found them.

use std::fmt::{self, Write as _};

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use saring_domain::case::Timestamp;
use saring_domain::drift::{Drift, Group, PSI_MAX, Part, Summary};
use saring_store::Cases;

use super::api::{DimensionOfDrift, Drifting, Moment, PartOfDrift};
use super::frame::{self, Both};
use super::identity::Session;
use super::wants_json;
use super::words::{self, Words};
use crate::error::WebError;
use crate::html::{Escaped, excerpt};

/// Dimensions that are drawn, the most changed.
const DRAWN_MAX: usize = 8;
const WIDTH: f64 = 460.0;
const NAMES: f64 = 170.0;
const BAR: f64 = 10.0;
/// Parts of a drawing, the largest of either side where there are more.
const PARTS_MAX: usize = 12;

/// The page, or the same as JSON for who does not ask for pages.
pub(super) async fn page(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
) -> Response {
    let work = async || {
        let found = cases.drift().await?;
        if wants_json(&headers) {
            return Ok(axum::Json(found.as_ref().map(wire)).into_response());
        }
        let html = render(found.as_ref()).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Pergeseran", "Drift"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

fn wire(found: &Summary) -> Drifting {
    let part = |part: &Part| PartOfDrift { name: part.name.clone(), reference: part.before, now: part.now };
    let dimension = |drift: &Drift| DimensionOfDrift {
        dimension: drift.dimension.clone(),
        psi: drift.psi,
        chance: drift.chance,
        ks: drift.ks,
        drift: drift.is_one(),
        parts: drift.parts.iter().map(part).collect(),
    };
    Drifting {
        at: Moment::of(Timestamp::from_unix_ms(found.at_ms)),
        model: found.model.clone(),
        reference: found.revision.clone(),
        reference_reports: found.rows,
        reports: found.reports,
        decisions: found.decisions,
        dimensions: found.dimensions.iter().map(dimension).collect(),
    }
}

fn render(found: Option<&Summary>) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let back = Both(("Model calon", "Candidate model"));
    writeln!(html, "<p><a href=\"/console/calon\">{back}</a></p>")?;
    let Some(found) = found else {
        let words = (
            "Belum ada perbandingan: penyapu membuatnya bila paket model berlaku punya acuan.",
            "There is no comparison yet: the sweep makes it where the current bundle has a reference.",
        );
        writeln!(html, "<p>{}</p>", Both(words))?;
        return Ok(html);
    };
    summary(&mut html, found)?;
    html.push_str("<div class=\"figures\">");
    let days = (
        "Indeks terbesar per hari: isi laporan (garis), skor model (merah)",
        "Largest index by day: texts (line), the model's scores (red)",
    );
    let rows: Vec<super::figures_page::Pair> =
        found.days.iter().map(|day| (day.day.clone(), day.largest[0], day.largest[1])).collect();
    super::figures_page::pairs(&mut html, days, &rows)?;
    for drift in found.dimensions.iter().take(DRAWN_MAX) {
        drawing(&mut html, drift)?;
    }
    html.push_str("</div>");
    table(&mut html, found)?;
    Ok(html)
}

fn group(group: Group) -> Words {
    match group {
        Group::Input => ("isi laporan", "texts"),
        Group::Score => ("skor model", "scores"),
        Group::Label => ("putusan petugas", "decisions"),
    }
}

fn summary(html: &mut String, found: &Summary) -> fmt::Result {
    html.push_str("<dl>");
    let mut entry = |words: Words, value: String| writeln!(html, "<dt>{}</dt><dd>{value}</dd>", Both(words));
    entry(("Model berlaku", "Current model"), Escaped(&found.model).to_string())?;
    entry(("Dibandingkan", "Compared"), Timestamp::from_unix_ms(found.at_ms).to_string())?;
    let reports = format!("{} / {}", found.reports, found.rows);
    entry(("Laporan kemarin dan hari ini / acuan", "Reports of yesterday and today / reference"), reports)?;
    entry(("Putusan atas yang ditahan, 7 hari", "Decisions about held ones, 7 days"), found.decisions.to_string())?;
    for of in Group::ALL {
        let largest = found.largest(of);
        let state = if largest > PSI_MAX { ("bergeser", "drifted") } else { ("seperti acuan", "as the reference") };
        entry(group(of), format!("{largest:.2} (batas {PSI_MAX}): <strong>{}</strong>", Both(state)))?;
    }
    html.push_str("</dl>");
    let note = (
        "Indeks: seberapa jauh sebaran berbeda dari acuan paket model (population stability index). Yang masih bisa \
         karena kebetulan dihitung 0.",
        "Index: how far a distribution is from the bundle's reference (population stability index). What chance may \
         explain counts as 0.",
    );
    writeln!(html, "<p>{}</p>", Both(note))
}

/// Each part twice: in the reference, and now.
fn drawing(html: &mut String, drift: &Drift) -> fmt::Result {
    let mut parts: Vec<&Part> = drift.parts.iter().collect();
    if parts.len() > PARTS_MAX {
        let size = |part: &Part| part.before.max(part.now);
        parts.sort_by(|a, b| size(b).total_cmp(&size(a)));
        parts.truncate(PARTS_MAX);
    }
    let highest = parts.iter().map(|part| part.before.max(part.now)).fold(0.01, f64::max);
    let height = 2.6 * BAR * parts.len().max(1) as f64 + 4.0;
    let (id, en) = dimension(&drift.dimension);
    let (id, en) = (Escaped(&id), Escaped(&en));
    write!(
        html,
        "<figure><figcaption>{id}: acuan (garis), sekarang (merah) <span lang=\"en\">{en}: reference, now (red)</span>\
         </figcaption><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{id}\">"
    )?;
    for (at, part) in parts.into_iter().enumerate() {
        let y = 2.6 * BAR * at as f64;
        let name = excerpt(words::reason(&part.name).map_or(part.name.as_str(), |(id, _)| id), 26);
        write!(html, "<text x=\"0\" y=\"{:.0}\">{}</text>", y + 13.0, Escaped(&name))?;
        for (line, (share, class)) in [(part.before, "plot-a"), (part.now, "plot-b")].into_iter().enumerate() {
            let (width, top) = (share / highest * (WIDTH - NAMES - 50.0), y + BAR * line as f64);
            write!(
                html,
                "<rect class=\"{class}\" x=\"{NAMES}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"{:.0}\"/>\
                 <text x=\"{:.1}\" y=\"{:.0}\">{:.0}%</text>",
                BAR - 2.0,
                NAMES + width + 6.0,
                top + BAR - 1.0,
                share * 100.0
            )?;
        }
    }
    html.push_str("</svg></figure>");
    Ok(())
}

fn table(html: &mut String, found: &Summary) -> fmt::Result {
    let title = Both(("Semua ukuran", "All dimensions"));
    write!(html, "<section class=\"numbers\"><h2>{title}</h2><table><thead><tr>")?;
    for column in [
        ("ukuran", "dimension"),
        ("indeks", "index"),
        ("oleh kebetulan", "by chance"),
        ("jarak sebaran", "Kolmogorov–Smirnov"),
        ("keadaan", "state"),
    ] {
        write!(html, "<th scope=\"col\">{}</th>", Both(column))?;
    }
    html.push_str("</tr></thead><tbody>");
    for drift in &found.dimensions {
        let (id, en) = dimension(&drift.dimension);
        let state = if drift.is_one() { Both(("bergeser", "drifted")).to_string() } else { "–".to_owned() };
        let ks = drift.ks.map_or_else(|| "–".to_owned(), |ks| format!("{ks:.2}"));
        write!(
            html,
            "<tr><th scope=\"row\">{} <span lang=\"en\">{}</span></th><td>{:.2}</td><td>{:.2}</td><td>{ks}</td>\
             <td>{state}</td></tr>",
            Escaped(&id),
            Escaped(&en),
            drift.psi,
            drift.chance
        )?;
    }
    html.push_str("</tbody></table></section>");
    Ok(())
}

/// A dimension in words.
fn dimension(name: &str) -> (String, String) {
    let known: Option<Words> = match name {
        "input.characters" => Some(("panjang, huruf", "length in characters")),
        "input.words" => Some(("panjang, kata", "length in words")),
        "input.new_words" => Some(("bagian kata yang tidak biasa", "share of unusual words")),
        "input.unknown_pieces" => Some(("bagian yang tak dikenal model", "share that the vocabulary doesn't know")),
        "input.embedding" => Some(("jarak isi dari acuan", "distance of the embedding")),
        "input.topic" => Some(("kelompok isi", "group of embeddings")),
        "score.category" => Some(("kategori", "category")),
        "score.decision" => Some(("keputusan", "decision")),
        "score.visibility" => Some(("kerahasiaan", "visibility")),
        "label.held" => Some(("putusan atas yang ditahan", "decisions about held reports")),
        _ => None,
    };
    if let Some((id, en)) = known {
        return (id.to_owned(), en.to_owned());
    }
    match name.split_once('.') {
        Some(("input", marker)) => (format!("penanda {marker}"), format!("marker {marker}")),
        Some(("score", flag)) => (format!("skor {flag}"), format!("score of {flag}")),
        _ => (name.to_owned(), name.to_owned()),
    }
}
