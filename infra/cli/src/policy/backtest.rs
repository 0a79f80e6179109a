//! What another policy would have made of what came.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use saring_domain::case::{Case, MatchedClaim, ModelVersion, PolicyVersion, Screened, Timestamp};
use saring_domain::policy::{Decision, Policy, Reason, Verdict, decide_again};
use saring_domain::report::{TextHash, Visibility};
use saring_domain::score::{Fine, Flag, Score};
use saring_notify::sweep::now;
use saring_store::{Cases, TableConfig};
use serde::{Deserialize, Serialize};

const DAY_MS: u64 = 86_400_000;
/// Changed reports that the text names; the JSON names all.
const NAMED_MAX: usize = 20;

/// Where verdicts come from.
pub(super) enum Source {
    /// Cases of the table that the environment names.
    Table { days: u64 },
    /// A file that `saring screen` wrote.
    Rows(PathBuf),
}

/// How the result is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

#[derive(Debug, Default, Serialize)]
struct Counted {
    published: u64,
    held: u64,
    confidential: u64,
}

#[derive(Debug, Serialize)]
struct Change {
    id: String,
    before: String,
    after: String,
    reasons_before: Vec<String>,
    reasons_after: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Backtest {
    policy: String,
    cases: u64,
    before: Counted,
    after: Counted,
    /// By reason: before, after.
    reasons: BTreeMap<String, [u64; 2]>,
    changes: Vec<Change>,
}

impl Backtest {
    fn add(&mut self, id: &str, screened: &Screened, chosen: Visibility, policy: &Policy) {
        let (before, after) = (&screened.verdict, decide_again(policy, screened, chosen));
        self.cases += 1;
        for (verdict, counted, at) in [(before, &mut self.before, 0), (&after, &mut self.after, 1)] {
            match (verdict.decision, verdict.visibility) {
                (Decision::Review, _) => counted.held += 1,
                (Decision::Publish, Visibility::Rahasia) => counted.confidential += 1,
                (Decision::Publish, _) => counted.published += 1,
            }
            for code in codes(verdict) {
                self.reasons.entry(code).or_default()[at] += 1;
            }
        }
        if (before.decision, before.visibility) != (after.decision, after.visibility) {
            let told = |v: &Verdict| format!("{} {}", v.decision.code(), v.visibility.code());
            let (reasons_before, reasons_after) = (codes(before), codes(&after));
            self.changes.push(Change {
                id: id.to_owned(),
                before: told(before),
                after: told(&after),
                reasons_before,
                reasons_after,
            });
        }
    }

    fn tell(&self) {
        let line = |name: &str, counted: &Counted| {
            let Counted { published, held, confidential } = counted;
            println!(
                "{name}\ttampil / published {published}\tditahan / held {held}\trahasia / confidential {confidential}"
            );
        };
        println!("{} kasus / cases, kebijakan / policy {}", self.cases, self.policy);
        line("sebelum / before", &self.before);
        line("sesudah / after", &self.after);
        for (code, [before, after]) in &self.reasons {
            println!("  {code}: {before} -> {after}");
        }
        println!("berubah / change: {}", self.changes.len());
        for change in self.changes.iter().take(NAMED_MAX) {
            let (before, after) = (change.reasons_before.join(" "), change.reasons_after.join(" "));
            println!("  {}   {} ({before}) -> {} ({after})", change.id, change.before, change.after);
        }
    }
}

fn codes(verdict: &Verdict) -> Vec<String> {
    let mut codes: Vec<String> = verdict.reasons.iter().map(|reason| reason.code.clone()).collect();
    codes.dedup();
    codes
}

pub(super) async fn run(policy: &Policy, source: Source, form: Form) -> Result<ExitCode> {
    let mut result = Backtest { policy: policy.version().to_owned(), ..Backtest::default() };
    match source {
        Source::Rows(path) => rows(&path, policy, &mut result)?,
        Source::Table { days } => table(days, policy, &mut result).await?,
    }
    if form == Form::Json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        result.tell();
    }
    Ok(ExitCode::SUCCESS)
}

async fn table(days: u64, policy: &Policy, result: &mut Backtest) -> Result<()> {
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let since = Timestamp::from_unix_ms(now().unix_ms().saturating_sub(days.saturating_mul(DAY_MS)));
    let mut after = None;
    loop {
        let page = cases.scan_cases(after).await?;
        for record in page.items.iter().map(Case::record).filter(|record| record.received_at >= since) {
            result.add(&record.id.to_string(), &record.screened, record.chosen, policy);
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

#[derive(Deserialize)]
struct Row {
    id: String,
    decision: Option<String>,
    visibility: Option<String>,
    #[serde(default)]
    reasons: Vec<ReasonRow>,
    #[serde(default)]
    flags: BTreeMap<String, f32>,
    #[serde(default)]
    fine: BTreeMap<String, f32>,
    #[serde(default)]
    claims: Vec<ClaimRow>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    policy: String,
}

#[derive(Deserialize)]
struct ReasonRow {
    code: String,
    #[serde(default)]
    detail: String,
}

#[derive(Deserialize)]
struct ClaimRow {
    id: String,
    title: String,
    verdict: String,
    url: Option<String>,
    date: Option<String>,
    score: f32,
}

fn rows(path: &Path, policy: &Policy, result: &mut Backtest) -> Result<()> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let place = || format!("{} line {}", path.display(), at + 1);
        let row: Row = serde_json::from_str(&line?).with_context(place)?;
        let id = row.id.clone();
        let screened = screened(row).with_context(place)?;
        // What the reporter chose isn't in the file.
        result.add(&id, &screened, Visibility::Publik, policy);
    }
    Ok(())
}

fn screened(row: Row) -> Result<Screened> {
    let score = |value: f32| Score::new(value).context("a score is out of its range");
    let decision =
        [Decision::Publish, Decision::Review].into_iter().find(|d| Some(d.code()) == row.decision.as_deref());
    let Some(decision) = decision else { bail!("it is no output of saring screen") };
    let flags = Flag::ALL.into_iter().filter_map(|flag| Some((flag, *row.flags.get(flag.code())?)));
    let fine = Fine::ALL.into_iter().filter_map(|fine| Some((fine, *row.fine.get(fine.code())?)));
    let claim = |claim: ClaimRow| {
        let ClaimRow { id, title, verdict, url, date, score: value } = claim;
        Ok(MatchedClaim { id, title, verdict, url, date, score: score(value)?, span: None })
    };
    Ok(Screened {
        verdict: Verdict {
            decision,
            visibility: Visibility::parse(row.visibility.as_deref().unwrap_or_default())?,
            reasons: row.reasons.into_iter().map(|r| Reason { code: r.code, detail: r.detail }).collect(),
        },
        text_hash: TextHash::parse(&"0".repeat(64))?,
        model: ModelVersion::parse(&row.model)?,
        policy: PolicyVersion::parse(&row.policy)?,
        public_text: String::new(),
        pii: Vec::new(),
        flags: flags.map(|(flag, value)| Ok((flag, score(value)?))).collect::<Result<_>>()?,
        fine: fine.map(|(fine, value)| Ok((fine, score(value)?))).collect::<Result<_>>()?,
        category: Vec::new(),
        agency: Vec::new(),
        region: None,
        claims: row.claims.into_iter().map(claim).collect::<Result<_>>()?,
        highlights: Vec::new(),
    })
}
