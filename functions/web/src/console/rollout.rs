//! What becomes of a candidate model beside the current one: counts by window, and where they differ.

use std::fmt::{self, Write as _};

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use saring_domain::rollout::{Count, Counts, Disagreement, Mode, Rollout, Side};
use saring_domain::setting::SettingAction;
use saring_store::{Cases, RolloutReport};

use super::frame::{self, Both};
use super::identity::{Permission, Session};
use super::words::{self, Words};
use super::{case_path, figures_page};
use crate::error::WebError;
use crate::html::Escaped;

/// Disagreements that the page names, the newest.
const NAMED_MAX: usize = 100;
/// Windows that the plot shows, the last.
const WINDOWS_MAX: usize = 48;

/// The page.
pub(super) async fn page(
    State(cases): State<Cases>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
) -> Response {
    let work = async || {
        let report = cases.rollout_report().await?;
        let html = render(&report, &session).expect("writing to a string cannot fail");
        Ok(frame::answer(frame::page(&session, ("Model calon", "Candidate model"), &html)))
    };
    work().await.unwrap_or_else(|error: WebError| frame::refusal(error, &headers))
}

fn mode(mode: Mode) -> Words {
    match mode {
        Mode::Shadow => ("bayangan: tanpa pengaruh", "shadow: without effect"),
        Mode::Canary => (
            "kenari: memutus sebagian, yang ditahan salah satu model tidak tampil",
            "canary: decides on a share, and nothing is public that either model holds",
        ),
    }
}

fn render(report: &RolloutReport, session: &Session) -> Result<String, fmt::Error> {
    let mut html = String::new();
    let drift = Both(("Pergeseran dari acuan model", "Drift from the model's reference"));
    if session.may(Permission::Export) {
        writeln!(html, "<p><a href=\"/console/pergeseran\">{drift}</a></p>")?;
    }
    let Some((_, rollout)) = &report.of else {
        let words = ("Belum pernah ada model calon.", "There never was a candidate model.");
        writeln!(html, "<p>{}</p>", Both(words))?;
        return Ok(html);
    };
    summary(&mut html, report, rollout)?;
    let windows: Vec<(&u64, &Counts)> = report.windows.iter().collect();
    let windows = &windows[windows.len().saturating_sub(WINDOWS_MAX)..];
    html.push_str("<div class=\"figures\">");
    let share = |counts: &Counts, count| {
        let all = counts.get(Count::Screened).saturating_sub(counts.get(Count::Errors)).max(1);
        counts.get(count) as f64 / all as f64
    };
    let rows: Vec<figures_page::Pair> = windows
        .iter()
        .map(|(number, counts)| {
            (number.to_string(), share(counts, Count::HeldByCurrent), share(counts, Count::HeldByCandidate))
        })
        .collect();
    let held = (
        "Bagian yang ditahan per jendela: model berlaku (garis), calon (merah)",
        "Share held by window: current model (line), candidate (red)",
    );
    figures_page::pairs(&mut html, held, &rows)?;
    html.push_str("</div>");
    table(&mut html, rollout, windows)?;
    disagreements(&mut html, &report.disagreements, session.may(Permission::Cases))?;
    Ok(html)
}

fn summary(html: &mut String, report: &RolloutReport, rollout: &Rollout) -> fmt::Result {
    let total = report.total();
    let get = |count| total.get(count);
    html.push_str("<dl>");
    let mut entry = |words: Words, value: String| writeln!(html, "<dt>{}</dt><dd>{value}</dd>", Both(words));
    let state = match &report.live.on {
        Some(on) => Both(mode(on.mode)).to_string(),
        None => Both(("berhenti", "stopped")).to_string(),
    };
    entry(("Keadaan", "State"), state)?;
    entry(
        ("Model calon", "Candidate"),
        format!("{} ({})", Escaped(rollout.candidate.as_str()), Both(mode(rollout.mode))),
    )?;
    entry(("Bagian laporan", "Share of the reports"), format!("{:.1}%", rollout.share.get() * 100.0))?;
    let began = format!("{} {}", rollout.started_at, Escaped(rollout.started_by.as_str()));
    entry(("Mulai", "Began"), began)?;
    if let Some(end) = report.live.event.as_ref().filter(|event| event.action != SettingAction::Started) {
        let how = match end.action {
            SettingAction::Tripped => Both(("keluar batas, dihentikan otomatis", "left its bounds, ended by itself")),
            _ => Both(("dihentikan", "stopped")),
        };
        let (by, reason) = (Escaped(end.actor.as_str()), Escaped(&end.reason));
        entry(("Berakhir", "Ended"), format!("{} {by}: {how}; <span class=\"code\">{reason}</span>", end.at))?;
    }
    entry(("Disaring kedua model", "Screened by both"), get(Count::Screened).to_string())?;
    entry(("Tanpa jawaban calon", "Without an answer of the candidate"), get(Count::Errors).to_string())?;
    if get(Count::Missing) > 0 {
        entry(
            ("Calon tidak ada di fungsi: laporan tanpa calon", "Candidate missing: reports screened without it"),
            format!("<strong>{}</strong>", get(Count::Missing)),
        )?;
    }
    let only = format!("{} / {}", get(Count::OnlyCurrent), get(Count::OnlyCandidate));
    entry(
        ("Hanya ditahan model berlaku / hanya calon", "Held by the current model only / by the candidate only"),
        only,
    )?;
    let ruled = format!("{} / {}", report.ruled.current, report.ruled.candidate);
    entry(("Petugas setuju: model berlaku / calon", "Moderators agreed: current model / candidate"), ruled)?;
    html.push_str("</dl>");
    Ok(())
}

fn table(html: &mut String, rollout: &Rollout, windows: &[(&u64, &Counts)]) -> fmt::Result {
    write!(html, "<section><h2>{}</h2><table><thead><tr>", Both(("Jendela", "Windows")))?;
    for column in
        ["mulai", "disaring", "galat", "ditahan: berlaku", "calon", "hanya berlaku", "hanya calon", "kategori lain"]
    {
        write!(html, "<th scope=\"col\">{column}</th>")?;
    }
    html.push_str("</tr></thead><tbody>");
    let shown = [
        Count::Screened,
        Count::Errors,
        Count::HeldByCurrent,
        Count::HeldByCandidate,
        Count::OnlyCurrent,
        Count::OnlyCandidate,
        Count::Category,
    ];
    for (number, counts) in windows.iter().rev() {
        write!(html, "<tr><th scope=\"row\">{}</th>", rollout.window_start(**number))?;
        for count in shown {
            write!(html, "<td>{}</td>", counts.get(count))?;
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></section>");
    Ok(())
}

fn disagreements(html: &mut String, all: &[Disagreement], links: bool) -> fmt::Result {
    write!(html, "<section><h2>{} ({})</h2>", Both(("Berbeda pendapat", "Where they differ")), all.len())?;
    html.push_str("<table><thead><tr>");
    for column in ["kasus", "model berlaku", "calon", "selisih skor"] {
        write!(html, "<th scope=\"col\">{column}</th>")?;
    }
    html.push_str("</tr></thead><tbody>");
    for one in all.iter().take(NAMED_MAX) {
        let id = one.case.to_string();
        let name = if links { format!("<a href=\"{}\">{id}</a>", case_path(one.case)) } else { id };
        write!(html, "<tr><th scope=\"row\">{name}</th>")?;
        for side in [&one.current, &one.candidate] {
            write!(html, "<td>{}</td>", told(side))?;
        }
        write!(html, "<td>{:.2}</td></tr>", one.score_difference())?;
    }
    html.push_str("</tbody></table></section>");
    Ok(())
}

fn told(side: &Side) -> String {
    let known = |code: &String| words::reason(code).map_or_else(|| code.clone(), |(id, _)| id.to_owned());
    let reasons: Vec<String> = side.reasons.iter().map(known).collect();
    let (visibility, _) = words::visibility(side.visibility);
    let category = side.category.as_deref().unwrap_or("–");
    format!("{}; {visibility}; {}", Escaped(&reasons.join(", ")), Escaped(category))
}
