//! The gate's page: what was compared, with pictures. It holds no text of a report.

use std::fmt::Write as _;

use saring_domain::score::Flag;

use super::compare::reliability;
use super::settings::Settings;
use super::verdict::{Check, Outcome, Verdict, WHOLE};
use super::{Screened, line};

const ROW_PX: f64 = 18.0;
const NAME_PX: f64 = 260.0;
const PLOT_PX: f64 = 460.0;
const SQUARE_PX: f64 = 220.0;
/// Slices that are drawn, the worst first; the table of `gate.json` holds all.
const SLICES_MAX: usize = 40;
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}\
.passed{color:#0a6b2d}.refused{color:#b00020;font-weight:600}svg text{font:12px system-ui,sans-serif}figure{margin:0;overflow-x:auto}";

pub(super) fn html(verdict: &Verdict, screened: &Screened, settings: &Settings) -> String {
    let mut out = head(verdict);
    let refused: Vec<&Check> = verdict.refused().collect();
    if !refused.is_empty() {
        out += "<h2>Ditolak karena / Refused for</h2><ul>";
        for check in &refused {
            let _ = write!(out, "<li>{}</li>", escaped(&line(check)));
        }
        out += "</ul>";
    }
    let differs = |c: &&Check| c.low.is_some();
    let whole: Vec<&Check> = verdict.checks.iter().filter(|c| c.slice == WHOLE).filter(differs).collect();
    section(
        &mut out,
        "Semua baris / All rows",
        "Selisih baru − sekarang; garis tegak merah adalah batas. / New less current; the red mark is the bound.",
    );
    out += &forest(&whole);
    let mut slices: Vec<&Check> = verdict.checks.iter().filter(|c| c.slice != WHOLE).filter(differs).collect();
    slices.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    slices.truncate(SLICES_MAX);
    section(&mut out, "Irisan / Slices", "Yang paling menurun lebih dulu. / Those that lost most come first.");
    out += &forest(&slices);
    section(
        &mut out,
        "Kalibrasi / Calibration",
        "Kata model dan kenyataan: abu-abu sekarang, biru baru. / What the model says and what was: grey current, blue new.",
    );
    for flag in Flag::ALL {
        let [current, new] =
            [&screened.current, &screened.new].map(|p| reliability(p, flag, settings.calibration.bins));
        out += &curve(flag.code(), &current, &new);
    }
    section(&mut out, "Pemeriksaan lain / Other checks", "");
    out += &table(verdict.checks.iter().filter(|c| c.low.is_none()));
    section(&mut out, "Angka / Figures", "");
    out += &table(whole.into_iter());
    if !verdict.too_small.is_empty() {
        let (count, names) = (verdict.too_small.len(), verdict.too_small.join(", "));
        let _ = write!(
            out,
            "<p>{count} irisan terlalu kecil untuk dinilai / slices too small to be judged: {}</p>",
            escaped(&names)
        );
    }
    out + "</html>\n"
}

fn head(verdict: &Verdict) -> String {
    let (class, said) = match verdict.verdict {
        Outcome::Passed => ("passed", "Lulus / Passed"),
        Outcome::Refused => ("refused", "Ditolak / Refused"),
    };
    let rows: Vec<String> =
        verdict.rows.iter().map(|(name, r)| format!("{name} {} ({})", r.rows, &r.sha256[..12])).collect();
    format!(
        "<!doctype html><html lang=\"id\"><meta charset=\"utf-8\"><title>{bundle}: {said}</title><style>{STYLE}</style>\
         <h1>{bundle}: <span class=\"{class}\">{said}</span></h1>\
         <p>Dibandingkan dengan / compared with {against}; kebijakan / policy {policy}; baris / rows {rows}; \
         model.toml {hash}; benih / seed {seed}.</p>",
        bundle = escaped(&verdict.bundle),
        against = escaped(&verdict.against.bundle),
        policy = escaped(&verdict.policy),
        rows = escaped(&rows.join(", ")),
        hash = &verdict.model_toml_sha256[..12],
        seed = verdict.seed,
    )
}

fn section(out: &mut String, title: &str, said: &str) {
    let _ = write!(out, "<h2>{title}</h2>");
    if !said.is_empty() {
        let _ = write!(out, "<p>{said}</p>");
    }
}

fn mean(check: &Check) -> f64 {
    check.new.unwrap_or_default() - check.current.unwrap_or_default()
}

/// An interval a line around 0.
fn forest(checks: &[&Check]) -> String {
    let reach = checks.iter().flat_map(|c| [c.low, c.high, c.bound]).flatten().fold(0.01_f64, |m, v| m.max(v.abs()));
    let x = |value: f64| NAME_PX + PLOT_PX * (value / reach + 1.0) / 2.0;
    let height = ROW_PX * (checks.len() as f64 + 1.5);
    let width = NAME_PX + PLOT_PX + 20.0;
    let mut out = format!(
        "<figure><svg width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"selisih / differences\">"
    );
    let zero = x(0.0);
    let _ = write!(out, "<line x1=\"{zero}\" x2=\"{zero}\" y1=\"0\" y2=\"{height}\" stroke=\"#999\"/>");
    for (at, check) in checks.iter().enumerate() {
        let y = ROW_PX * (at as f64 + 0.8);
        let colour = if check.is_refused() { "#b00020" } else { "#1f4e8c" };
        let name = if check.slice == WHOLE { check.name.clone() } else { format!("{} · {}", check.name, check.slice) };
        let (low, high, middle) = (x(check.low.unwrap_or_default()), x(check.high.unwrap_or_default()), x(mean(check)));
        let bound = x(check.bound.unwrap_or_default());
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{ty}\" fill=\"{colour}\">{name} ({rows})</text>\
             <line x1=\"{low}\" x2=\"{high}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"3\"/>\
             <circle cx=\"{middle}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/>\
             <line x1=\"{bound}\" x2=\"{bound}\" y1=\"{y1}\" y2=\"{y2}\" stroke=\"#b00020\"/>",
            name = escaped(&name),
            rows = check.rows,
            ty = y + 4.0,
            y1 = y - 6.0,
            y2 = y + 6.0,
        );
    }
    let y = height - 4.0;
    let _ = write!(
        out,
        "<text x=\"{NAME_PX}\" y=\"{y}\">{:+.3}</text><text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{reach:+.3}</text></svg></figure>",
        -reach,
        NAME_PX + PLOT_PX
    );
    out
}

/// Groups as points joined by lines; on the diagonal what is said is what was.
fn curve(name: &str, current: &[(f64, f64)], new: &[(f64, f64)]) -> String {
    let points = |groups: &[(f64, f64)]| {
        let at = groups.iter().map(|(said, was)| format!("{:.1},{:.1}", said * SQUARE_PX, (1.0 - was) * SQUARE_PX));
        at.collect::<Vec<_>>().join(" ")
    };
    format!(
        "<svg width=\"{s}\" height=\"{t}\" viewBox=\"-4 -4 {v} {t}\" role=\"img\" aria-label=\"kalibrasi / calibration {name}\">\
         <rect width=\"{s}\" height=\"{s}\" fill=\"none\" stroke=\"#ccc\"/>\
         <line x1=\"0\" y1=\"{s}\" x2=\"{s}\" y2=\"0\" stroke=\"#ccc\"/>\
         <polyline points=\"{one}\" fill=\"none\" stroke=\"#888\" stroke-width=\"2\"/>\
         <polyline points=\"{two}\" fill=\"none\" stroke=\"#1f4e8c\" stroke-width=\"2\"/>\
         <text x=\"6\" y=\"16\">{name}</text></svg>",
        s = SQUARE_PX,
        t = SQUARE_PX + 8.0,
        v = SQUARE_PX + 8.0,
        one = points(current),
        two = points(new),
    )
}

fn table<'a>(checks: impl Iterator<Item = &'a Check>) -> String {
    let mut out = String::from(
        "<table><tr><th>pemeriksaan / check<th>sekarang / current<th>baru / new<th>batas / bound<th>baris / rows<th>hasil / outcome</tr>",
    );
    for check in checks {
        let number = |v: Option<f64>| {
            v.map_or_else(|| "–".to_owned(), |v| if v.abs() >= 1000.0 { format!("{v:.0}") } else { format!("{v:.4}") })
        };
        let (class, said) = match check.outcome {
            Outcome::Passed => ("passed", "lulus / passed"),
            Outcome::Refused => ("refused", "ditolak / refused"),
        };
        let note = check.note.as_deref().map_or_else(String::new, |n| format!("<br><small>{}</small>", escaped(n)));
        let _ = write!(
            out,
            "<tr><td>{}{note}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"{class}\">{said}</tr>",
            escaped(&check.name),
            number(check.current),
            number(check.new),
            number(check.bound),
            check.rows,
        );
    }
    out + "</table>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
