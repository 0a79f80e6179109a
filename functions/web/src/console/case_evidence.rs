//! What a verdict rests on: scores against their thresholds, candidates, claims, personal data.

use std::fmt::{self, Write as _};

use saring_domain::case::{CaseRecord, MatchedClaim, RankedAgency};
use saring_domain::pii::PiiKind;
use saring_domain::score::{Fine, Score};
use saring_store::ReporterHistory;

use super::case_page::{entry, section};
use super::frame::{Both, percent};
use super::shipped;
use super::words::{self, Words};
use crate::categories;
use crate::html::{Escaped, excerpt};
use crate::lang::Lang;

const CLAIMS_SHOWN: usize = 5;
const WHY_SHOWN: usize = 6;
/// Labels below it are folded away.
const SPEAKS_MIN: f32 = 0.05;
const NAME_CHARS: usize = 200;
const TITLE_CHARS: usize = 300;

/// A bar with its threshold, without words: those stand beside it.
fn bar(score: Score, threshold: Option<Score>) -> String {
    let filled = score.get() * 100.0;
    let state = match threshold {
        Some(threshold) if score >= threshold => "over",
        _ => "under",
    };
    let tick = threshold.map_or_else(String::new, |threshold| {
        let at = threshold.get() * 100.0;
        format!("<rect class=\"tick\" x=\"{at:.1}\" y=\"0\" width=\"0.8\" height=\"10\"/>")
    });
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"100\" height=\"10\"/><rect class=\"{state}\" width=\"{filled:.1}\" height=\"10\"/>\
         {tick}</svg>"
    )
}

/// The scores of the flags and the fine labels, the flags first, both in the order of the model.
pub(super) fn scores(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let screened = &record.screened;
    section(html, ("Skor model", "Model scores"))?;
    if screened.flags.is_empty() {
        let none = Both(("Model tidak menilai laporan ini.", "The model did not judge this report."));
        return writeln!(html, "<p>{none}</p></section>");
    }
    let policy = shipped::policy(&screened.policy);
    let known = match policy {
        Some(_) => (
            "Peluang terkalibrasi. Garis: ambang; yang mencapainya menahan laporan.",
            "Calibrated probabilities. Line: the threshold; a score that reaches it holds the report.",
        ),
        None => (
            "Peluang terkalibrasi. Ambang kebijakan ini tidak dikenal di sini.",
            "Calibrated probabilities. The thresholds of this policy are not known here.",
        ),
    };
    writeln!(html, "<p class=\"note\">{}</p><table><tbody>", Both(known))?;
    let row = |html: &mut String, name: Words, kind: &str, score: Score, threshold: Option<Score>| {
        let limit = threshold.map_or_else(String::new, |t| {
            format!(" <span class=\"limit\">ambang<span lang=\"en\"> threshold</span> {}</span>", percent(t.get()))
        });
        writeln!(
            html,
            "<tr class=\"{kind}\"><th scope=\"row\">{}</th><td>{}</td><td class=\"number\">{}{limit}</td></tr>",
            Both(name),
            bar(score, threshold),
            percent(score.get())
        )
    };
    for (flag, score) in &screened.flags {
        row(html, words::flag(*flag), "flag", *score, policy.map(|policy| policy.flag_threshold(*flag)))?;
    }
    let threshold = |fine: Fine| policy.and_then(|policy| policy.fine_threshold(fine));
    let speaks = |(fine, score): &(Fine, Score)| {
        score.get() >= SPEAKS_MIN || threshold(*fine).is_some_and(|threshold| *score >= threshold)
    };
    let (shown, silent): (Vec<_>, Vec<_>) = screened.fine.iter().copied().partition(speaks);
    let name = |fine: Fine| words::reason(fine.code()).unwrap_or((fine.code(), ""));
    for (fine, score) in shown {
        row(html, name(fine), "fine", score, threshold(fine))?;
    }
    html.push_str("</tbody></table>\n");
    if !silent.is_empty() {
        let count = silent.len();
        let all = format!("{count} label lain di bawah 5% <span lang=\"en\">{count} other labels below 5%</span>");
        writeln!(html, "<details><summary>{all}</summary><table><tbody>")?;
        for (fine, score) in silent {
            row(html, name(fine), "fine", score, threshold(fine))?;
        }
        html.push_str("</tbody></table></details>\n");
    }
    html.push_str("</section>\n");
    Ok(())
}

/// Categories, agencies with their reasons, and the region.
pub(super) fn ranked(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let screened = &record.screened;
    section(html, ("Tujuan", "Where it belongs"))?;
    writeln!(
        html,
        "<h3>{}</h3><ol class=\"ranked\">",
        Both(("Kategori (95%: salah satu dari ini)", "Category (95%: one of these)"))
    )?;
    for category in &screened.category {
        let (id, en) = (categories::name(&category.code, Lang::Id), categories::name(&category.code, Lang::En));
        let (id, en) = (excerpt(id, NAME_CHARS), excerpt(en, NAME_CHARS));
        let (id, en, share) = (Escaped(&id), Escaped(&en), percent(category.score.get()));
        writeln!(html, "<li>{id} <span lang=\"en\">{en}</span> <b>{share}</b>{}</li>", bar(category.score, None))?;
    }
    writeln!(
        html,
        "</ol><h3>{}</h3><ol class=\"ranked\">",
        Both(("Instansi (95%: salah satu dari ini)", "Agency (95%: one of these)"))
    )?;
    for agency in &screened.agency {
        candidate(html, agency, &screened.public_text)?;
    }
    html.push_str("</ol><dl>\n");
    match &screened.region {
        Some(region) => {
            let (name, code) = (excerpt(&region.name, NAME_CHARS), excerpt(&region.code, NAME_CHARS));
            let value = format!("{} <span class=\"code\">{}</span>", Escaped(&name), Escaped(&code));
            entry(html, ("Wilayah", "Region"), value)?;
        }
        None => entry(html, ("Wilayah", "Region"), Both(("tidak dikenali", "not recognised")))?,
    }
    html.push_str("</dl></section>\n");
    Ok(())
}

fn candidate(html: &mut String, agency: &RankedAgency, public_text: &str) -> fmt::Result {
    let (name, share) = (excerpt(&agency.name, NAME_CHARS), percent(agency.score.get()));
    write!(html, "<li>{} <b>{share}</b>{}<ul class=\"whys\">", Escaped(&name), bar(agency.score, None))?;
    for why in agency.why.iter().take(WHY_SHOWN) {
        let why = excerpt(&covered(why, public_text), NAME_CHARS);
        write!(html, "<li>{}</li>", Escaped(&why))?;
    }
    html.push_str("</ul></li>\n");
    Ok(())
}

/// A reason quotes the original; what of it the public text does not show is left out here too.
fn covered(why: &str, public_text: &str) -> String {
    let (Some(first), Some(last)) = (why.find('"'), why.rfind('"')) else { return why.to_owned() };
    let quote = &why[first..last];
    let shown = !quote.is_empty() && public_text.contains(quote.trim_matches('"'));
    if shown { why.to_owned() } else { format!("{}\"…\"{}", &why[..first], why[last..].trim_start_matches('"')) }
}

/// Claims that the report may repeat.
pub(super) fn claims(html: &mut String, record: &CaseRecord) -> fmt::Result {
    let claims = &record.screened.claims;
    if claims.is_empty() {
        return Ok(());
    }
    section(html, ("Klaim serupa yang sudah diperiksa", "Similar claims that were checked"))?;
    html.push_str("<ul class=\"claims\">\n");
    for claim in claims.iter().take(CLAIMS_SHOWN) {
        let title = excerpt(&claim.title, TITLE_CHARS);
        let (title, verdict) = (Escaped(&title), Escaped(&claim.verdict));
        html.push_str("<li>");
        match web_link(claim) {
            Some(url) => write!(
                html,
                "<a href=\"{}\" rel=\"noopener noreferrer external\" hreflang=\"id\">{title}</a>",
                Escaped(url)
            )?,
            None => write!(html, "{title}")?,
        }
        write!(html, " <span class=\"badge\">{verdict}</span>")?;
        if let Some(date) = &claim.date {
            let date = excerpt(date, 10);
            write!(html, " <time>{}</time>", Escaped(&date))?;
        }
        let near = Both(("kemiripan", "similarity"));
        writeln!(html, " <span class=\"why\">{near} {}</span></li>", percent(claim.score.get()))?;
    }
    html.push_str("</ul></section>\n");
    Ok(())
}

/// Only what a browser fetches as a page; anything else is no link.
fn web_link(claim: &MatchedClaim) -> Option<&str> {
    let url = claim.url.as_deref()?;
    let scheme =
        ["https://", "http://"].into_iter().any(|s| url.get(..s.len()).is_some_and(|u| u.eq_ignore_ascii_case(s)));
    (scheme && !url.chars().any(|c| c.is_control() || c.is_whitespace())).then_some(url)
}

/// What else the same person sent, as counts; who it is stands nowhere.
pub(super) fn history(html: &mut String, history: Option<ReporterHistory>) -> fmt::Result {
    let Some(history) = history else { return Ok(()) };
    section(html, ("Riwayat pelapor", "The reporter's history"))?;
    let more = if history.is_open_ended() { "+" } else { "" };
    html.push_str("<dl>\n");
    entry(html, ("Laporan dikirim", "Reports sent"), format!("{}{more}", history.sent))?;
    entry(html, ("Tampil", "Published"), history.published)?;
    entry(html, ("Ditolak", "Rejected"), history.rejected)?;
    entry(html, ("Masih terbuka", "Open"), history.open)?;
    html.push_str("</dl>\n");
    if history.is_open_ended() {
        let note = Both((
            "Hanya laporan terakhir yang dihitung; laporan ini termasuk.",
            "Only the latest reports are counted, this one among them.",
        ));
        writeln!(html, "<p class=\"note\">{note}</p>")?;
    }
    html.push_str("</section>\n");
    Ok(())
}

/// Kinds of personal data with how often they occur, never what they are.
pub(super) fn personal_data(html: &mut String, record: &CaseRecord) -> fmt::Result {
    section(html, ("Data pribadi ditemukan", "Personal data found"))?;
    let count = |kind: PiiKind| record.screened.pii.iter().filter(|span| span.kind == kind).count();
    let found: Vec<_> = PiiKind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, n)| *n > 0).collect();
    if found.is_empty() {
        return writeln!(html, "<p>{}</p></section>", Both(("Tidak ada.", "None.")));
    }
    html.push_str("<ul class=\"chips\">");
    for (kind, count) in found {
        write!(html, "<li>{} <b>{count}</b></li>", Both(words::pii(kind)))?;
    }
    html.push_str("</ul></section>\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_become_links() {
        let claim = |url: &str| MatchedClaim {
            id: "a".into(),
            title: "b".into(),
            url: Some(url.into()),
            verdict: "c".into(),
            date: None,
            score: Score::default(),
            span: None,
        };
        for url in ["https://a.id/x", "HTTP://a.id", "http://a.id/?q=\"><script>"] {
            assert_eq!(web_link(&claim(url)), Some(url));
        }
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//a.id",
            "https:/a",
            "",
            "é",
            "ftp://a",
            "https://a b",
            "\thttps://a",
        ] {
            assert_eq!(web_link(&claim(url)), None, "{url}");
        }
    }

    #[test]
    fn quotes_show_only_what_the_public_text_shows() {
        let public = "mohon Dinas Perhubungan dan [NAMA] menindak";
        for (why, shown) in [
            ("diminta: \"mohon Dinas Perhubungan\"", "diminta: \"mohon Dinas Perhubungan\""),
            ("diminta: \"Budi Santoso Dinas\"", "diminta: \"…\""),
            ("disebut: \"a\"b\" lagi", "disebut: \"…\" lagi"),
            ("lazim untuk kategori x", "lazim untuk kategori x"),
            ("satu \" saja", "satu \"…\" saja"),
        ] {
            assert_eq!(covered(why, public), shown, "{why}");
        }
    }
}
