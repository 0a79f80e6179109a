//! `saring campaign`: reports that say the same, shown together and decided once.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use saring_domain::case::{Actor, Case, CaseId, CaseStatus, RejectReason, Resolution};
use saring_notify::sweep::now;
use saring_store::{Campaign, Cases, MemberOutcome, PAGE_ITEMS_MAX, PageRequest, TableConfig};

use crate::progress;
use crate::redrive::Run;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Prints the campaigns of what waits for a person, the largest first.
    List,
    /// Prints a campaign and its cases.
    Show {
        /// Any of its cases.
        case: String,
    },
    /// Decides every case of a campaign that waits for a person, each by a transition of its own.
    Decide {
        /// Any of its cases.
        case: String,
        /// `publish`, `publish_anonymous`, `confidential` or `reject.REASON`, such as `reject.spam`.
        decision: String,
        /// Who decides, for the trails.
        #[arg(long)]
        by: String,
        /// Says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does what the command says with the table that the environment names.
pub(crate) async fn run(command: Command) -> Result<ExitCode> {
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    match command {
        Command::List => list(&cases).await?,
        Command::Show { case } => show(&cases, &case).await?,
        Command::Decide { case, decision, by, dry_run } => {
            let actor = Actor::parse(&by).context("--by names who decides")?;
            let run = if dry_run { Run::Dry } else { Run::Real };
            decide(&cases, &case, resolution(&decision)?, &actor, run).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn resolution(code: &str) -> Result<Resolution> {
    let plain = [Resolution::Publish, Resolution::PublishAnonymous, Resolution::Confidential];
    let all = plain.into_iter().chain(RejectReason::ALL.map(Resolution::Reject));
    let names = || all.clone().map(Resolution::code).collect::<Vec<_>>().join(", ");
    all.clone().find(|r| r.code() == code).with_context(|| format!("'{code}' is none of {}", names()))
}

async fn of(cases: &Cases, case: &str) -> Result<Campaign> {
    let id = CaseId::parse(case)?;
    let found = cases.campaign_of(id).await?;
    found.with_context(|| format!("nobody else says what case {id} says"))
}

fn counted(campaign: &Campaign) -> String {
    let more = if campaign.is_open_ended() { "+" } else { "" };
    format!(
        "{}{more} laporan / reports, {} ditahan penyaringan / held by the screening",
        campaign.members, campaign.held
    )
}

async fn list(cases: &Cases) -> Result<()> {
    let mut found: BTreeMap<String, (Campaign, u64)> = BTreeMap::new();
    let bar = progress::spinner("kasus dibaca / cases read");
    let mut after = None;
    loop {
        let page = cases.review_queue(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
        for case in &page.items {
            bar.inc(1);
            if let Some(campaign) = cases.campaign_of(case.id()).await? {
                found.entry(campaign.id.to_string()).or_insert((campaign, 0)).1 += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|(campaign, _)| std::cmp::Reverse(campaign.members));
    for (campaign, waiting) in found {
        println!("{}  {}, {waiting} menunggu / waiting", campaign.id, counted(&campaign));
    }
    Ok(())
}

/// Calls `each` with the cases of a campaign, page by page.
async fn pages(cases: &Cases, id: CaseId, mut each: impl AsyncFnMut(Vec<Case>) -> Result<()>) -> Result<()> {
    let mut after = None;
    loop {
        let page = cases.campaign_members(id, &PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
        each(page.items).await?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn show(cases: &Cases, case: &str) -> Result<()> {
    let campaign = of(cases, case).await?;
    println!("{}  {}", campaign.id, counted(&campaign));
    pages(cases, campaign.id, async |members| {
        for case in members {
            let record = case.record();
            let codes: Vec<_> = record.screened.verdict.reasons.iter().map(|r| r.code.as_str()).collect();
            println!("  {}  {}  {}  {}", case.id(), record.received_at, case.status().code(), codes.join(" "));
        }
        Ok(())
    })
    .await
}

async fn decide(cases: &Cases, case: &str, resolution: Resolution, actor: &Actor, run: Run) -> Result<()> {
    let campaign = of(cases, case).await?;
    let mut waiting = Vec::new();
    pages(cases, campaign.id, async |members| {
        let open = members.iter().filter(|case| case.status() == CaseStatus::InReview);
        waiting.extend(open.map(|case| (case.id(), case.version())));
        Ok(())
    })
    .await?;
    println!("{}  {}, {} menunggu / waiting", campaign.id, counted(&campaign), waiting.len());
    if run == Run::Dry {
        println!("tidak ada yang diputuskan / nothing was decided (--dry-run)");
        return Ok(());
    }
    let outcomes = cases.decide_members(&waiting, resolution, actor, now()).await?;
    let count = |wanted: MemberOutcome| outcomes.iter().filter(|(_, outcome)| *outcome == wanted).count();
    let decided = count(MemberOutcome::Decided);
    println!(
        "diputuskan / decided {decided} ({resolution})   berubah / changed {}   dipegang orang lain / taken {}   ditolak status / refused {}",
        count(MemberOutcome::Changed),
        count(MemberOutcome::Taken),
        count(MemberOutcome::Refused),
    );
    if decided == 0 && !waiting.is_empty() {
        bail!("no case of the campaign was decided");
    }
    Ok(())
}
