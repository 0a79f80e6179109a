//! `saring rollout`: a candidate model beside the current one, without or with effect, and how it does.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use saring_domain::case::{Actor, ModelVersion, Timestamp};
use saring_domain::rollout::{Count, Counts, Decisions, Defaults, Mode, Proportion, Rollout, judge};
use saring_domain::setting::{SettingAction, first_break};
use saring_notify::rollout::decisions;
use saring_notify::sweep::now;
use saring_screen::candidate_version;
use saring_screen::config::{Config, MODELS_VARIABLE};
use saring_store::{Cases, EndedBy, RolloutReport, TableConfig};
use serde_json::{Value, json};

/// Beside `current.toml`.
const DEFAULTS_FILE: &str = "rollout.toml";
/// Disagreements that are named.
const NAMED_MAX: usize = 20;

/// What is done with a candidate.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lets the candidate that `models/current.toml` names also screen a share of the reports.
    Start(Start),
    /// How it does: counts by window, bounds, where the two models differ.
    Status {
        /// JSON instead of a text.
        #[arg(long)]
        json: bool,
    },
    /// Ends it; the current model goes on alone within half a minute.
    Stop {
        /// Who asks for it, for the trail.
        #[arg(long, default_value = "operator:cli")]
        by: String,
        /// Why, for the trail.
        #[arg(long, default_value = "asked for")]
        reason: String,
    },
    /// Prints the trail of rollouts and proves that it is whole.
    Trail,
}

/// How a rollout begins.
#[derive(Args)]
pub(crate) struct Start {
    /// `shadow`: without effect. `canary`: the candidate's verdict, and nothing public that either holds.
    #[arg(long)]
    mode: String,
    /// Share of the reports, above 0 and at most 1.
    #[arg(long)]
    share: f64,
    /// How long a window is; without it, and the other bounds, as `models/rollout.toml` says.
    #[arg(long)]
    window_minutes: Option<u32>,
    /// Most that the share which the candidate holds may differ.
    #[arg(long)]
    held_rate_max_difference: Option<f64>,
    /// Most that moderators may turn round more of its decisions.
    #[arg(long)]
    overturn_max: Option<f64>,
    /// Most reports on which it may give no answer.
    #[arg(long)]
    errors_max: Option<f64>,
    /// Fewest reports of a window before it is judged.
    #[arg(long)]
    cases_min: Option<u64>,
    /// Fewest decisions of a window before they are judged.
    #[arg(long)]
    decisions_min: Option<u64>,
    /// Who asks for it, for the trail.
    #[arg(long, default_value = "operator:cli")]
    by: String,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode> {
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    match command {
        Command::Start(start) => begin(&cases, &start).await,
        Command::Status { json } => status(&cases, json).await,
        Command::Stop { by, reason } => stop(&cases, &by, &reason).await,
        Command::Trail => trail(&cases).await,
    }
}

async fn begin(cases: &Cases, start: &Start) -> Result<ExitCode> {
    let models = Config::from_env().models.with_context(|| format!("no models found; {MODELS_VARIABLE} names them"))?;
    let path = models.join(DEFAULTS_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut defaults = Defaults::parse(&text)?;
    let candidate = candidate_version(&models)?
        .context("models/current.toml names no candidate; add 'candidate = \"VERSION\"' and deploy it")?;
    let bounds = &mut defaults.bounds;
    for (name, given, bound) in [
        ("held-rate-max-difference", start.held_rate_max_difference, &mut bounds.held_rate_difference_max),
        ("overturn-max", start.overturn_max, &mut bounds.overturn_rate_difference_max),
        ("errors-max", start.errors_max, &mut bounds.error_rate_max),
    ] {
        if let Some(given) = given {
            *bound = Proportion::new(given).with_context(|| format!("--{name} is no share"))?;
        }
    }
    bounds.cases_min = start.cases_min.unwrap_or(bounds.cases_min);
    bounds.decisions_min = start.decisions_min.unwrap_or(bounds.decisions_min);
    defaults.window_minutes = start.window_minutes.unwrap_or(defaults.window_minutes);
    defaults.check()?;
    let rollout = Rollout {
        candidate: ModelVersion::parse(&candidate)?,
        mode: Mode::parse(&start.mode).ok().context("--mode is 'shadow' or 'canary'")?,
        share: Proportion::new(start.share).context("--share is no share")?,
        window_minutes: defaults.window_minutes,
        bounds: defaults.bounds,
        started_at: now(),
        started_by: Actor::parse(&start.by).context("--by names who does it")?,
    };
    let event = cases.start_rollout(&rollout).await?;
    let (mode, share) = (rollout.mode.code(), rollout.share.get());
    println!("{}\tmulai / started\t{mode}\t{candidate}\tbagian / share {share}", event.sequence);
    Ok(ExitCode::SUCCESS)
}

async fn stop(cases: &Cases, by: &str, reason: &str) -> Result<ExitCode> {
    let actor = Actor::parse(by).context("--by names who does it")?;
    let live = cases.rollout().await?;
    if live.on.is_none() {
        bail!("no rollout goes on");
    }
    let event = cases.end_rollout(&live, EndedBy::Person, reason, &actor, now()).await?;
    println!("{}\tberhenti / stopped", event.sequence);
    Ok(ExitCode::SUCCESS)
}

async fn trail(cases: &Cases) -> Result<ExitCode> {
    let events = cases.rollout_events().await?;
    for event in &events {
        let (at, actor, action) = (event.at, event.actor.as_str(), event.action.code());
        println!("{}\t{at}\t{actor}\t{action}\t{}\t{}", event.sequence, event.reason, event.content);
    }
    match first_break(&events) {
        None => Ok(ExitCode::SUCCESS),
        Some(at) => bail!("the trail of rollouts is broken at event {at}"),
    }
}

/// A window with what moderators decided in it.
struct Window {
    number: u64,
    from: Timestamp,
    counts: Counts,
    decisions: Decisions,
    left: Option<String>,
}

async fn status(cases: &Cases, as_json: bool) -> Result<ExitCode> {
    let report = cases.rollout_report().await?;
    let Some((_, rollout)) = &report.of else {
        println!("{}", if as_json { json!({ "state": "off" }).to_string() } else { "belum pernah / never".to_owned() });
        return Ok(ExitCode::SUCCESS);
    };
    let mut windows = Vec::new();
    for (number, counts) in &report.windows {
        let (from, to) = (rollout.window_start(*number), rollout.window_start(number + 1));
        let decisions = decisions(rollout, &cases.decided_between(from, to.min(now())).await?);
        let left = judge(&rollout.bounds, counts, &decisions).map(|breach| breach.to_string());
        windows.push(Window { number: *number, from, counts: *counts, decisions, left });
    }
    let value = wire(&report, rollout, &windows);
    if as_json {
        println!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        print!("{}", told(&report, rollout, &windows)?);
    }
    Ok(ExitCode::SUCCESS)
}

fn counted(counts: &Counts) -> Value {
    Count::ALL.into_iter().map(|count| (count.code().to_owned(), json!(counts.get(count)))).collect()
}

fn wire(report: &RolloutReport, rollout: &Rollout, windows: &[Window]) -> Value {
    let bounds = &rollout.bounds;
    let ended = report.live.event.as_ref().filter(|event| event.action != SettingAction::Started);
    let window = |w: &Window| {
        let Decisions { candidate, current } = w.decisions;
        json!({
            "window": w.number, "from": w.from.rfc3339(), "counts": counted(&w.counts),
            "decided": { "candidate": candidate.decided, "current": current.decided },
            "overturned": { "candidate": candidate.overturned, "current": current.overturned },
            "left": w.left,
        })
    };
    let named = |d: &saring_domain::rollout::Disagreement| {
        let side = |s: &saring_domain::rollout::Side| json!({ "decision": s.decision.code(), "visibility": s.visibility.code(), "category": s.category, "reasons": s.reasons });
        json!({
            "case": d.case.to_string(), "at": d.at.rfc3339(), "differs": d.differs().iter().map(|a| a.code()).collect::<Vec<_>>(),
            "score_difference": d.score_difference(), "current": side(&d.current), "candidate": side(&d.candidate),
        })
    };
    json!({
        "state": report.live.on.as_ref().map_or("off", |on| on.mode.code()),
        "revision": report.live.revision,
        "mode": rollout.mode.code(),
        "candidate": rollout.candidate.as_str(),
        "share": rollout.share.get(),
        "window_minutes": rollout.window_minutes,
        "bounds": {
            "held_rate_difference_max": bounds.held_rate_difference_max.get(),
            "overturn_rate_difference_max": bounds.overturn_rate_difference_max.get(),
            "error_rate_max": bounds.error_rate_max.get(),
            "cases_min": bounds.cases_min, "decisions_min": bounds.decisions_min,
        },
        "started_at": rollout.started_at.rfc3339(),
        "started_by": rollout.started_by.as_str(),
        "ended": ended.map(|e| json!({ "at": e.at.rfc3339(), "by": e.actor.as_str(), "how": e.action.code(), "reason": e.reason })),
        "candidate_missing": report.total().get(Count::Missing),
        "total": counted(&report.total()),
        "windows": windows.iter().map(window).collect::<Vec<_>>(),
        "disagreements": report.disagreements.len(),
        "moderators_agreed_with": { "candidate": report.ruled.candidate, "current": report.ruled.current },
        "latest": report.disagreements.iter().take(NAMED_MAX).map(named).collect::<Vec<_>>(),
    })
}

fn told(report: &RolloutReport, rollout: &Rollout, windows: &[Window]) -> Result<String> {
    let mut text = String::new();
    let state = report.live.on.as_ref().map_or("mati / off", |on| on.mode.code());
    let (share, since, by) = (rollout.share.get(), rollout.started_at, rollout.started_by.as_str());
    writeln!(
        text,
        "{state}   {} ({})   bagian / share {share}   sejak / since {since} {by}",
        rollout.candidate,
        rollout.mode.code()
    )?;
    if let Some(end) = report.live.event.as_ref().filter(|event| event.action != SettingAction::Started) {
        writeln!(text, "berakhir / ended {} {} {}: {}", end.at, end.actor.as_str(), end.action.code(), end.reason)?;
    }
    let line = |counts: &Counts| {
        let get = |count| counts.get(count);
        format!(
            "disaring / screened {}   ditahan / held {} -> {}   hanya / only {} | {}   galat / errors {}",
            get(Count::Screened),
            get(Count::HeldByCurrent),
            get(Count::HeldByCandidate),
            get(Count::OnlyCurrent),
            get(Count::OnlyCandidate),
            get(Count::Errors)
        )
    };
    let missing = report.total().get(Count::Missing);
    if missing > 0 {
        writeln!(
            text,
            "CALON TIDAK ADA DI FUNGSI / CANDIDATE MISSING   {missing} laporan disaring tanpa calon / reports screened \
             without the candidate; deploy models/current.toml with candidate = \"{}\"",
            rollout.candidate
        )?;
    }
    writeln!(text, "{}", line(&report.total()))?;
    for window in windows {
        let left = window.left.as_deref().unwrap_or("dalam batas / within bounds");
        writeln!(text, "  {} {}   {}   {left}", window.number, window.from, line(&window.counts))?;
    }
    let ruled = report.ruled;
    writeln!(
        text,
        "berbeda / differ {}   petugas setuju / moderators agreed: kandidat / candidate {}, berlaku / current {}",
        report.disagreements.len(),
        ruled.candidate,
        ruled.current
    )?;
    for one in report.disagreements.iter().take(NAMED_MAX) {
        let (a, b) = (&one.current, &one.candidate);
        let differs: Vec<&str> = one.differs().iter().map(|aspect| aspect.code()).collect();
        writeln!(
            text,
            "  {}   {}   {} -> {}   {} -> {}",
            one.case,
            differs.join(","),
            a.decision.code(),
            b.decision.code(),
            a.reasons.join(" "),
            b.reasons.join(" ")
        )?;
    }
    Ok(text)
}
