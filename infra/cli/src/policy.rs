//! `saring policy`: the policy as data, checked, compared, tried on what came, and put in force without
//! a deployment.

mod backtest;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use saring_domain::case::Actor;
use saring_domain::policy::{Difference, Direction, Policy};
use saring_domain::setting::{SettingAction, SettingEvent, first_break};
use saring_notify::sweep::now;
use saring_screen::config::{Config, MODELS_VARIABLE};
use saring_store::{Cases, TableConfig};

/// Beside `current.toml`.
const PACKAGED_FILE: &str = "policy.toml";

/// What is done with a policy.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Reads a policy and says which values make no sense.
    Check {
        /// The policy.
        file: PathBuf,
    },
    /// What another policy changes, in words.
    Diff {
        /// The policy before.
        before: PathBuf,
        /// The policy after.
        after: PathBuf,
    },
    /// What the last days would have looked like: published and held, by reason, and which reports change.
    Backtest {
        /// The policy.
        file: PathBuf,
        /// How far back.
        #[arg(long, default_value_t = 7)]
        days: u64,
        /// Output of `saring screen` instead of the table's cases.
        #[arg(long)]
        rows: Option<PathBuf>,
        /// JSON instead of a text.
        #[arg(long)]
        json: bool,
    },
    /// Puts a policy in force; running functions judge by it within half a minute.
    Activate {
        /// The policy.
        file: PathBuf,
        /// Who does it, for the trail.
        #[arg(long)]
        by: String,
    },
    /// Puts the policy before the one in force back.
    Rollback {
        /// Who does it, for the trail.
        #[arg(long)]
        by: String,
    },
    /// Every policy that was put in force, and a proof that the trail is whole.
    List,
    /// Prints the policy in force.
    Show,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Check { file } => check(&file),
        Command::Diff { before, after } => {
            tell_differences(&read(&before)?.0, &read(&after)?.0);
            Ok(ExitCode::SUCCESS)
        }
        Command::Backtest { file, days, rows, json } => {
            let (policy, _) = read(&file)?;
            let source = match rows {
                Some(path) => backtest::Source::Rows(path),
                None => backtest::Source::Table { days },
            };
            backtest::run(&policy, source, if json { backtest::Form::Json } else { backtest::Form::Text }).await
        }
        Command::Activate { file, by } => activate(&connect().await?, &file, &by).await,
        Command::Rollback { by } => rollback(&connect().await?, &by).await,
        Command::List => list(&connect().await?).await,
        Command::Show => {
            match connect().await?.live_policy().await? {
                Some(event) => print!("{}", event.content),
                None => print!("{}", packaged()?.1),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn connect() -> Result<Cases> {
    Ok(Cases::connect(&TableConfig::from_env()?).await)
}

fn read(path: &Path) -> Result<(Policy, String)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let policy = Policy::parse(&text).with_context(|| format!("{} cannot be used", path.display()))?;
    Ok((policy, text))
}

/// The policy of the package.
fn packaged() -> Result<(Policy, String)> {
    let models = Config::from_env().models.with_context(|| format!("no models found; {MODELS_VARIABLE} names them"))?;
    read(&models.join(PACKAGED_FILE))
}

fn check(path: &Path) -> Result<ExitCode> {
    let (policy, _) = read(path)?;
    let findings = policy.findings();
    for finding in &findings {
        println!("{}: {finding}", path.display());
    }
    if !findings.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    println!("{}: {} dapat dipakai / may be used", path.display(), policy.version());
    Ok(ExitCode::SUCCESS)
}

fn tell_differences(before: &Policy, after: &Policy) {
    let differences = before.differences(after);
    println!("{} -> {}", before.version(), after.version());
    for Difference { key, before, after, direction } in &differences {
        let words = match direction {
            Direction::Tighter => "lebih ketat / tighter",
            Direction::Looser => "lebih longgar / looser",
            Direction::Other => "berubah / changed",
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "tidak diatur / not set".to_owned());
        println!("  {key}: {} -> {}   {words}", text(before), text(after));
    }
    if differences.is_empty() {
        println!("  sama / the same");
    }
}

async fn activate(cases: &Cases, path: &Path, by: &str) -> Result<ExitCode> {
    let actor = Actor::parse(by).context("--by names who does it")?;
    let (policy, text) = read(path)?;
    if let Some(finding) = policy.findings().first() {
        bail!("{}: {finding}", path.display());
    }
    let (own, own_text) = packaged()?;
    let events = cases.policy_events().await?;
    let known = events.iter().filter_map(|event| Policy::parse(&event.content).ok()).chain([own.clone()]);
    if known.into_iter().any(|other| other.version() == policy.version() && !other.same_content(&policy)) {
        bail!(
            "version '{}' was used with other content; every verdict names its policy, so give it another",
            policy.version()
        );
    }
    let mut last = cases.live_policy().await?;
    if last.is_none() {
        // So that there is something to go back to.
        let packaged = (own.version(), own_text.as_str());
        last = Some(cases.set_policy(None, SettingAction::Packaged, packaged, &actor, now()).await?);
    }
    let before = last.as_ref().map_or_else(|| Ok(own), |event| Policy::parse(&event.content))?;
    tell_differences(&before, &policy);
    let new = (policy.version(), text.as_str());
    let event = cases.set_policy(last.as_ref(), SettingAction::Activated, new, &actor, now()).await?;
    println!("{}\tberlaku / in force\t{}", event.sequence, policy.version());
    Ok(ExitCode::SUCCESS)
}

async fn rollback(cases: &Cases, by: &str) -> Result<ExitCode> {
    let actor = Actor::parse(by).context("--by names who does it")?;
    let events = cases.policy_events().await?;
    let before = before_last(&events).context("there is no policy to go back to")?;
    let (last, policy) = (events.last(), Policy::parse(&before.content)?);
    let content = (policy.version(), before.content.as_str());
    let event = cases.set_policy(last, SettingAction::RolledBack, content, &actor, now()).await?;
    println!("{}\tberlaku / in force\t{}", event.sequence, policy.version());
    Ok(ExitCode::SUCCESS)
}

/// The policy that was in force before the one that is; going back twice goes further back.
fn before_last(events: &[SettingEvent]) -> Option<&SettingEvent> {
    let mut stack: Vec<&SettingEvent> = Vec::new();
    for event in events {
        if event.action == SettingAction::RolledBack {
            stack.pop();
        } else {
            stack.push(event);
        }
    }
    stack.pop();
    stack.pop()
}

async fn list(cases: &Cases) -> Result<ExitCode> {
    let events = cases.policy_events().await?;
    for event in &events {
        let (at, actor, action) = (event.at, event.actor.as_str(), event.action.code());
        println!("{}\t{at}\t{actor}\t{action}\t{}", event.sequence, event.reason);
    }
    if events.is_empty() {
        println!("0\t-\t-\tpackaged\t{}", packaged()?.0.version());
    }
    match first_break(&events) {
        None => Ok(ExitCode::SUCCESS),
        Some(at) => bail!("the trail of policies is broken at event {at}"),
    }
}

#[cfg(test)]
mod tests {
    use saring_domain::case::{AuditHash, Timestamp};

    use super::*;

    #[test]
    fn going_back_twice_goes_further_back() {
        let mut events = Vec::new();
        let mut add = |action, content: &str| {
            events.push(SettingEvent {
                sequence: events.len() as u64 + 1,
                at: Timestamp::from_unix_ms(0),
                actor: Actor::sweep(),
                action,
                reason: String::new(),
                content: content.to_owned(),
                previous: AuditHash::root(),
            });
            before_last(&events).map(|event| event.content.clone())
        };
        assert_eq!(add(SettingAction::Packaged, "a"), None);
        assert_eq!(add(SettingAction::Activated, "b").as_deref(), Some("a"));
        assert_eq!(add(SettingAction::Activated, "c").as_deref(), Some("b"));
        assert_eq!(add(SettingAction::RolledBack, "b").as_deref(), Some("a"));
        assert_eq!(add(SettingAction::RolledBack, "a"), None);
        assert_eq!(add(SettingAction::Activated, "d").as_deref(), Some("a"));
    }
}
