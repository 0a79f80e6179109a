//! Weeks of decisions that nobody made, for looking at figures.

use saring_domain::case::{Actor, Case, Change, LabelCode, RejectReason, Resolution, Ruling, Timestamp};
use saring_domain::learning::Sampling;
use saring_domain::policy::{Decision, Policy};
use saring_store::{Cases, CheckKind};

use crate::Fail;
use crate::made_up::{now, record, text};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 1440 * MINUTE_MS;
const PEOPLE: [&str; 3] = ["bayu", "sari", "wulan"];
/// Numbers of these cases begin here, away from those that wait.
const NUMBERS: usize = 5_000_000;

fn person(at: usize) -> Result<Actor, Fail> {
    Ok(Actor::parse(&format!("moderator:{}", PEOPLE[at % PEOPLE.len()]))?)
}

/// What somebody who is mostly right says of a case by its number.
fn ruling(number: usize) -> Ruling {
    Ruling::Resolve(match number % 8 {
        1 | 5 => Resolution::Reject(RejectReason::Spam),
        2 => Resolution::Reject(RejectReason::Abuse),
        3 | 7 => Resolution::Reject(RejectReason::Hoax),
        6 => Resolution::PublishAnonymous,
        _ => Resolution::Publish,
    })
}

async fn decide(cases: &Cases, case: &Case, ruling: &Ruling, by: &Actor, at: Timestamp) -> Result<(), Fail> {
    let due = Timestamp::from_unix_ms(at.unix_ms() + 5 * MINUTE_MS);
    let propose = Change::Propose { ruling: ruling.clone(), why: LabelCode::parse("fit")?, due };
    let proposed = cases.change(case.id(), case.version(), &propose, by, at).await?;
    cases.change(case.id(), proposed.version(), &Change::Settle(ruling.clone()), by, at).await?;
    Ok(())
}

/// Lets so many weeks pass, day by day.
pub(crate) async fn pass(cases: &Cases, weeks: u64) -> Result<(), Fail> {
    let sampling = Sampling::parse(include_str!("../../../../models/sampling.toml"))?;
    let policy = Policy::parse(include_str!("../../../../models/policy.toml"))?;
    let mut number = NUMBERS;
    for day in (1..=weeks * 7).rev() {
        let morning = Timestamp::from_unix_ms(now().unix_ms() - day * DAY_MS);
        let busy = usize::try_from(day * 13 % 9)?;
        for _ in 0..30 + 4 * busy {
            record(cases, number, &text(0), morning, Decision::Publish).await?;
            number += 1;
        }
        for _ in 0..9 + 2 * busy {
            let case = record(cases, number, &text(number), morning, Decision::Review).await?;
            let minutes = 7 + number as u64 * 11 % 480;
            let at = Timestamp::from_unix_ms(morning.unix_ms() + minutes * MINUTE_MS);
            decide(cases, &case, &ruling(number), &person(number / 3)?, at).await?;
            number += 1;
        }
        let noon = Timestamp::from_unix_ms(morning.unix_ms() + DAY_MS / 2);
        cases.sample_published(&sampling, &policy, noon).await?;
    }
    check(cases).await
}

/// Others look again; most agree.
async fn check(cases: &Cases) -> Result<(), Fail> {
    for (at, check) in cases.checks(now()).await?.into_iter().enumerate() {
        let differs = match check.kind {
            CheckKind::Sample => at % 9 == 0,
            CheckKind::Second | CheckKind::Golden => at % 6 == 0,
        };
        let second = if differs { "reject.unclear" } else { check.first.as_str() };
        let mut by = person(at)?;
        if by == check.first_by {
            by = person(at + 1)?;
        }
        cases.finish_check(&check, second, &by, now()).await?;
    }
    Ok(())
}
