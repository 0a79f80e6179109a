//! `saring rescreen`: recent public reports against live claims, for hoaxes that were checked after
//! the reports came.
//!
//! It reads the masked public texts: the originals are sealed, and a hoax isn't personal data.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use saring_domain::case::{Actor, Case, CaseError, PublishedBy, Recall, Timestamp};
use saring_domain::claims::LiveClaims;
use saring_notify::sweep::now;
use saring_screen::{Assets, Screener, config::Config};
use saring_store::{Cases, Cursor, FeedItem, PAGE_ITEMS_MAX, PageRequest, StoreError, TableConfig};
use serde::Serialize;

use crate::progress;
use crate::redrive::Run;

const DAY_MS: u64 = 86_400_000;

/// What is looked at, and against what.
pub(crate) struct Options {
    /// Reports that became public in so many days.
    pub(crate) days: u64,
    /// One live claim instead of all.
    pub(crate) claim: Option<String>,
    /// Who asks, for the trail.
    pub(crate) by: String,
    /// Whether to do it or only to say what would be done.
    pub(crate) run: Run,
    /// The model.
    pub(crate) config: Config,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Summary {
    /// Since when the reports are public.
    since: String,
    dry_run: bool,
    /// Claims that counted.
    claims: usize,
    /// Reports that were read.
    scanned: usize,
    /// Reports that pass on a claim.
    matched: usize,
    /// Of them, published by the screening: held now.
    held: usize,
    /// Of them, published by a moderator: back as a question.
    asked: usize,
    /// Of them, published by a moderator who knew the claim: left alone.
    weighed: usize,
    /// Of them, changed since they were read: left alone.
    changed: usize,
    /// Reports on which the model gave no answer.
    failed: usize,
    cases: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    case: String,
    claim: String,
    score: f32,
    published_by: &'static str,
    outcome: &'static str,
}

/// Prints a summary in JSON; fails where the model did not answer for some report.
pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let actor = Actor::parse(&options.by).context("--by names who asks")?;
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let live = chosen(cases.live_claims().await?, options.claim.as_deref())?;
    let since = Timestamp::from_unix_ms(now().unix_ms().saturating_sub(options.days.saturating_mul(DAY_MS)));
    let dry_run = options.run == Run::Dry;
    let mut summary = Summary { since: since.rfc3339(), dry_run, claims: live.active.len(), ..Summary::default() };
    if summary.claims > 0 {
        let mut screener = Screener::new(Assets::load(&options.config)?)?;
        screener.set_live_claims(&live)?;
        let bar = progress::spinner("laporan tayang dibaca / public reports read");
        let mut walk = Walk { cases: &cases, screener, actor, run: options.run, summary: &mut summary };
        walk.all(since, &bar).await?;
        bar.finish_and_clear();
    }
    println!("{}", serde_json::to_string_pretty(&summary)?);
    Ok(if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(mut live: LiveClaims, claim: Option<&str>) -> Result<LiveClaims> {
    let Some(id) = claim else { return Ok(live) };
    live.active.retain(|c| c.id() == id);
    if live.active.is_empty() {
        bail!("'{id}' is no live claim; 'saring claims add' makes one");
    }
    Ok(live)
}

struct Walk<'a> {
    cases: &'a Cases,
    screener: Screener,
    actor: Actor,
    run: Run,
    summary: &'a mut Summary,
}

impl Walk<'_> {
    /// The feed, the newest first, as far as `since`. A row that leaves the feed meanwhile moves no
    /// page: cursors are keys.
    async fn all(&mut self, since: Timestamp, bar: &ProgressBar) -> Result<()> {
        let mut after: Option<Cursor> = None;
        loop {
            let page = self.cases.feed(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            let recent: Vec<&FeedItem> = page.items.iter().take_while(|row| row.published_at >= since).collect();
            let texts: Vec<&str> = recent.iter().map(|row| row.text.as_str()).collect();
            let recalls = self.screener.recalls(&texts);
            for (row, recall) in recent.iter().zip(recalls) {
                self.summary.scanned += 1;
                match recall {
                    Ok(None) => {}
                    Ok(Some(recall)) => self.bring_back(row, &recall).await?,
                    Err(_) => self.summary.failed += 1,
                }
            }
            bar.inc(recent.len() as u64);
            after = page.next.filter(|_| recent.len() == page.items.len());
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn bring_back(&mut self, row: &FeedItem, recall: &Recall) -> Result<()> {
        self.summary.matched += 1;
        let case = self.cases.case(row.id).await?;
        // Another text than the one that was read is another report.
        let case = case.filter(|case| case.record().screened.public_text == row.text);
        let by = case.as_ref().and_then(|case| Some(case.record().publication.as_ref()?.by));
        let (Some(case), Some(by)) = (case, by) else {
            self.summary.changed += 1;
            return Ok(());
        };
        let recalled = match self.recalled(case, recall).await {
            Ok(()) if by == PublishedBy::Moderator => {
                self.summary.asked += 1;
                "asked"
            }
            Ok(()) => {
                self.summary.held += 1;
                "held"
            }
            Err(StoreError::Case(CaseError::Weighed)) => {
                self.summary.weighed += 1;
                "weighed"
            }
            Err(StoreError::Stale { .. } | StoreError::NoCase(_) | StoreError::Case(CaseError::Refused { .. })) => {
                self.summary.changed += 1;
                "changed"
            }
            Err(error) => return Err(error).with_context(|| format!("case {} is not brought back", row.id)),
        };
        let nearest = recall.claims.first();
        self.summary.cases.push(Row {
            case: row.id.to_string(),
            claim: nearest.map_or_else(String::new, |claim| claim.id.clone()),
            score: nearest.map_or(0.0, |claim| claim.score.get()),
            published_by: by.code(),
            outcome: recalled,
        });
        Ok(())
    }

    async fn recalled(&self, case: Case, recall: &Recall) -> Result<(), StoreError> {
        if self.run == Run::Dry {
            return Ok(case.recall(recall.clone(), now()).map(|_| ())?);
        }
        self.cases.recall(case.id(), case.version(), recall, &self.actor, now()).await.map(|_| ())
    }
}
