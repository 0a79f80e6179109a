//! The figures as plots that are drawn here, as tables, and as a file.

use std::fmt::{self, Write as _};

use super::figures::{Figures, PUBLIC, Row};
use super::frame::Both;
use super::reasons;
use super::words::{self, Words};
use crate::html::{Escaped, excerpt};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 34.0;
const BOTTOM: f64 = 22.0;
const ROWS_SHOWN: usize = 14;

pub(super) fn render(figures: &Figures, exports: bool) -> Result<String, fmt::Error> {
    let mut html = String::new();
    summary(&mut html, figures)?;
    if exports {
        let words = Both(("Unduh sebagai CSV", "Download as CSV"));
        writeln!(html, "<p><a href=\"/console/angka.csv\">{words}</a></p>")?;
    }
    html.push_str("<div class=\"figures\">");
    let volume = (
        "Keputusan per hari: petugas (garis), tampil otomatis (merah)",
        "Decisions a day: people (line), published automatically (red)",
    );
    figure(&mut html, volume, |label| lines(&figures.volume, label))?;
    let backlog =
        ("Antrean menurut umur, hari; tenggat 3 hari kerja", "Queue by age in days; the clock is 3 working days");
    figure(&mut html, backlog, |label| bars(&figures.backlog, 0, label))?;
    let held = ("Ditahan menurut alasan", "Held, by reason");
    figure(&mut html, held, |label| bars(&figures.reasons, 0, label))?;
    let precision = ("Ditahan dengan benar menurut alasan (ketepatan)", "Rightly held, by reason (precision)");
    figure(&mut html, precision, |label| bars(&figures.reasons, 2, label))?;
    figure(&mut html, ("Keputusan per petugas", "Decisions by moderator"), |label| bars(&figures.people, 0, label))?;
    html.push_str("</div>");
    table(
        &mut html,
        ("Ketepatan", "Precision"),
        &["alasan", "ditahan", "benar", "ketepatan", "dari", "sampai", "dari semua laporan"],
        &figures.reasons,
    )?;
    table(
        &mut html,
        ("Petugas", "Moderators"),
        &["petugas", "keputusan", "median menit sejak diterima", "per hari kerja"],
        &figures.people,
    )?;
    table(
        &mut html,
        ("Waktu sampai keputusan", "Time to decision"),
        &["jenis", "keputusan", "median menit", "90% dalam menit"],
        &figures.times,
    )?;
    table(
        &mut html,
        ("Kesepakatan dua petugas (kappa)", "Agreement of two (kappa)"),
        &["keputusan", "pasangan", "kappa"],
        &figures.kappa,
    )?;
    Ok(html)
}

fn share(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn summary(html: &mut String, figures: &Figures) -> fmt::Result {
    html.push_str("<dl>");
    let mut entry = |words: Words, value: String| writeln!(html, "<dt>{}</dt><dd>{value}</dd>", Both(words));
    let error = figures.live_error.map_or_else(
        || "belum ada sampel yang diperiksa".to_owned(),
        |e| format!("{} (95%: {} – {}), {} sampel", share(e.estimate), share(e.low), share(e.high), e.cases),
    );
    entry(("Galat laporan yang tampil otomatis", "Error of what was published automatically"), error)?;
    entry(("Tampil otomatis, 28 hari", "Published automatically in 28 days"), figures.published.to_string())?;
    let held = figures.held.map_or_else(|| "–".to_owned(), share);
    entry(("Bagian yang ditahan", "Share that was held"), held)?;
    let (right, all) = figures.golden;
    entry(("Soal emas dijawab benar", "Golden cases answered rightly"), format!("{right} / {all}"))?;
    let (turned, all) = figures.appeals;
    let granted = if all == 0 { String::new() } else { format!(" ({})", share(turned as f64 / all as f64)) };
    entry(("Banding yang dikabulkan", "Appeals that were granted"), format!("{turned} / {all}{granted}"))?;
    html.push_str("</dl>");
    Ok(())
}

fn figure(html: &mut String, words: Words, draw: impl FnOnce(&str) -> Result<String, fmt::Error>) -> fmt::Result {
    writeln!(html, "<figure><figcaption>{}</figcaption>{}</figure>", Both(words), draw(words.0)?)
}

fn begin(label: &str) -> String {
    let base = HEIGHT - BOTTOM;
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\"><line class=\"axis\" x1=\"{LEFT}\" y1=\"{base}\" \
         x2=\"{WIDTH}\" y2=\"{base}\"/>",
        Escaped(label)
    )
}

fn top(rows: &[Row], value: usize) -> f64 {
    rows.iter().filter_map(|row| row.values.get(value)).copied().fold(0.0, f64::max)
}

fn number(value: f64) -> String {
    if value.abs() < 1.0 && value != 0.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

fn name(row: &Row) -> String {
    let known = match words::reason(&row.name) {
        Some((id, _)) => id.to_owned(),
        // The two agree on whether it may be public at all.
        None if row.name == PUBLIC => "tampil untuk umum".to_owned(),
        None => reasons::ruling(&row.name),
    };
    excerpt(&known, 60)
}

/// Two lines over the days.
fn lines(rows: &[Row], label: &str) -> Result<String, fmt::Error> {
    let highest = top(rows, 0).max(top(rows, 1)).max(1.0);
    let mut svg = begin(label);
    let (width, height) = (WIDTH - LEFT - 6.0, HEIGHT - BOTTOM - 10.0);
    let step = width / (rows.len().max(2) - 1) as f64;
    for (value, class) in [(0, "plot-a"), (1, "plot-b")] {
        write!(svg, "<polyline class=\"{class}\" points=\"")?;
        for (at, row) in rows.iter().enumerate() {
            let y = HEIGHT - BOTTOM - row.values[value] / highest * height;
            write!(svg, "{:.1},{y:.1} ", LEFT + step * at as f64)?;
        }
        svg.push_str("\"/>");
    }
    write!(svg, "<text x=\"0\" y=\"14\">{}</text>", number(highest))?;
    for (at, row) in rows.iter().enumerate().filter(|(at, _)| at % 7 == 0) {
        let day = row.name.get(5..).unwrap_or_default();
        write!(svg, "<text x=\"{:.1}\" y=\"{}\">{day}</text>", LEFT + step * at as f64, HEIGHT - 6.0)?;
    }
    svg.push_str("</svg>");
    Ok(svg)
}

/// A name with two shares.
pub(super) type Pair = (String, f64, f64);

/// A figure of two lines over what comes one after the other.
pub(super) fn pairs(html: &mut String, words: Words, rows: &[Pair]) -> fmt::Result {
    let rows: Vec<Row> = rows.iter().map(|(name, a, b)| Row { name: name.clone(), values: vec![*a, *b] }).collect();
    figure(html, words, |label| lines(&rows, label))
}

/// A bar for each row, lying, with its name and number.
fn bars(rows: &[Row], value: usize, label: &str) -> Result<String, fmt::Error> {
    const BAR: f64 = 18.0;
    const NAMES: f64 = 170.0;
    let rows = &rows[..rows.len().min(ROWS_SHOWN)];
    let highest = if value == 2 { 1.0 } else { top(rows, value).max(1.0) };
    let height = BAR * rows.len().max(1) as f64 + 4.0;
    let label = Escaped(label);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">");
    for (at, row) in rows.iter().enumerate() {
        let (y, amount) = (BAR * at as f64, row.values.get(value).copied().unwrap_or(0.0));
        let width = amount / highest * (WIDTH - NAMES - 50.0);
        write!(
            svg,
            "<text x=\"0\" y=\"{:.0}\">{}</text><rect class=\"plot-a\" x=\"{NAMES}\" y=\"{:.0}\" width=\"{width:.1}\" height=\"12\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            y + 13.0,
            Escaped(&name(row)),
            y + 3.0,
            NAMES + width + 6.0,
            y + 13.0,
            number(amount)
        )?;
    }
    svg.push_str("</svg>");
    Ok(svg)
}

fn table(html: &mut String, words: Words, columns: &[&str], rows: &[Row]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    write!(html, "<section class=\"numbers\"><h2>{}</h2><table><thead><tr>", Both(words))?;
    for column in columns {
        write!(html, "<th scope=\"col\">{column}</th>")?;
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows.iter().take(40) {
        write!(html, "<tr><th scope=\"row\">{}</th>", Escaped(&name(row)))?;
        for value in &row.values {
            write!(html, "<td>{}</td>", number(*value))?;
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></section>");
    Ok(())
}

/// One row for each number: figure, name, column, value.
pub(super) fn csv(figures: &Figures) -> String {
    let mut text = String::from("figure,name,measure,value\n");
    let tables: [(&str, &[&str], &[Row]); 6] = [
        ("volume", &["decided", "published_automatically"], &figures.volume),
        ("backlog_by_age_days", &["cases"], &figures.backlog),
        ("reasons", &["held", "rightly", "precision", "low", "high", "share_of_reports"], &figures.reasons),
        ("moderators", &["decisions", "median_minutes", "decisions_a_day"], &figures.people),
        ("time_to_decision", &["decisions", "median_minutes", "p90_minutes"], &figures.times),
        ("agreement", &["pairs", "kappa"], &figures.kappa),
    ];
    let mut row = |figure: &str, name: &str, measure: &str, value: f64| {
        writeln!(text, "{figure},{},{measure},{value}", quoted(name)).expect("writing to a string cannot fail");
    };
    for (figure, measures, rows) in tables {
        for one in rows {
            for (measure, value) in measures.iter().zip(&one.values) {
                row(figure, &one.name, measure, *value);
            }
        }
    }
    let counts = [
        ("golden", "right", figures.golden.0),
        ("golden", "answered", figures.golden.1),
        ("appeals", "granted", figures.appeals.0),
        ("appeals", "decided", figures.appeals.1),
        ("published_automatically", "28_days", figures.published),
    ];
    for (figure, measure, count) in counts {
        row(figure, "all", measure, count as f64);
    }
    if let Some(error) = figures.live_error {
        for (measure, value) in [("estimate", error.estimate), ("low", error.low), ("high", error.high)] {
            row("live_error", "all", measure, value);
        }
    }
    text
}

/// A field of a file, which no spreadsheet takes for a formula.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_no_formulas_and_end_where_they_should() {
        assert_eq!(quoted("a,b\"c"), "\"a,b\"\"c\"");
        for formula in ["=1+1", "@x", "-2", "+a"] {
            assert_eq!(quoted(formula), format!("\"'{formula}\""));
        }
    }
}
