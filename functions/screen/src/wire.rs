//! The screening as JSON; people script against it, so fields are only ever added.

use std::collections::BTreeMap;

use saring_domain::case::Screened;
use saring_domain::report::ReportId;
use serde::Serialize;

/// Most ranked categories and agencies on a line.
const RANKED_MAX: usize = 5;

/// One output line of `saring screen`.
#[derive(Debug, Serialize)]
pub struct ScreeningWire {
    id: String,
    decision: &'static str,
    visibility: &'static str,
    reasons: Vec<ReasonWire>,
    flags: BTreeMap<&'static str, f32>,
    fine: BTreeMap<&'static str, f32>,
    category: Vec<CategoryWire>,
    agency: Vec<AgencyWire>,
    region: Option<RegionWire>,
    claims: Vec<ClaimWire>,
    pii: Vec<PiiWire>,
    public_text: String,
    highlights: Vec<HighlightWire>,
    model: String,
    policy: String,
}

/// The line of an input that is no report.
#[derive(Debug, Serialize)]
pub struct ErrorWire {
    /// Its id, where one can be read.
    pub id: Option<String>,
    /// Which field, and which limit.
    pub error: String,
}

#[derive(Debug, Serialize)]
struct ReasonWire {
    code: String,
    detail: String,
}

#[derive(Debug, Serialize)]
struct CategoryWire {
    code: String,
    score: f32,
}

#[derive(Debug, Serialize)]
struct AgencyWire {
    r#type: &'static str,
    name: String,
    score: f32,
    why: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RegionWire {
    code: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct ClaimWire {
    id: String,
    title: String,
    url: Option<String>,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
}

#[derive(Debug, Serialize)]
struct PiiWire {
    kind: &'static str,
    start: usize,
    end: usize,
}

#[derive(Debug, Serialize)]
struct HighlightWire {
    flag: &'static str,
    start: usize,
    end: usize,
    weight: f32,
}

impl ScreeningWire {
    /// The wire form of a screening.
    #[must_use]
    pub fn of(id: &ReportId, screened: Screened) -> Self {
        let spans = |s: &saring_domain::pii::PiiSpan| PiiWire { kind: s.kind.code(), start: s.start, end: s.end };
        Self {
            id: id.to_string(),
            decision: screened.verdict.decision.code(),
            visibility: screened.verdict.visibility.code(),
            reasons: screened
                .verdict
                .reasons
                .into_iter()
                .map(|r| ReasonWire { code: r.code, detail: r.detail })
                .collect(),
            flags: screened.flags.iter().map(|(f, s)| (f.code(), rounded(s.get()))).collect(),
            fine: screened.fine.iter().map(|(f, s)| (f.code(), rounded(s.get()))).collect(),
            category: screened
                .category
                .into_iter()
                .take(RANKED_MAX)
                .map(|r| CategoryWire { code: r.code, score: rounded(r.score.get()) })
                .collect(),
            agency: screened
                .agency
                .into_iter()
                .take(RANKED_MAX)
                .map(|a| AgencyWire {
                    r#type: a.agency.code(),
                    name: a.name,
                    score: rounded(a.score.get()),
                    why: a.why,
                })
                .collect(),
            region: screened.region.map(|r| RegionWire { code: r.code, name: r.name }),
            claims: screened
                .claims
                .into_iter()
                .map(|c| ClaimWire {
                    id: c.id,
                    title: c.title,
                    url: c.url,
                    verdict: c.verdict,
                    date: c.date,
                    score: rounded(c.score.get()),
                    start: c.span.map(|(start, _)| start),
                    end: c.span.map(|(_, end)| end),
                })
                .collect(),
            pii: screened.pii.iter().map(spans).collect(),
            public_text: screened.public_text,
            highlights: screened
                .highlights
                .iter()
                .map(|h| HighlightWire { flag: h.flag.code(), start: h.start, end: h.end, weight: rounded(h.weight) })
                .collect(),
            model: screened.model.to_string(),
            policy: screened.policy.to_string(),
        }
    }
}

/// Five decimals: finer ones are noise of the quantised model.
fn rounded(value: f32) -> f32 {
    (value * 1e5).round() / 1e5
}
