//! Reporters and the systems that send for them: through the intake, past it, twice, late, with other
//! texts under the same id; later they edit and appeal.

use std::time::Duration;

use saring_domain::case::TrackingId;
use saring_domain::report::{Report, Visibility};
use saring_store::{Cases, StoreError, Tracked};

use super::crash;
use crate::executor::{Ending, lock, until_poll};
use crate::random::Random;
use crate::reports::{made, poison, text, visibility};
use crate::site::{Part, tracking};

/// Milliseconds between two reports of a world, at most.
const BETWEEN_MS_MAX: u64 = 2_400;
/// Times that a reporter tries again what failed.
const TRIES_MAX: usize = 60;

/// Sends so many reports.
pub(crate) async fn run(part: Part, reports: usize) {
    let mut random = part.random();
    for number in 0..reports {
        part.sleep(random.between_ms(0, BETWEEN_MS_MAX)).await;
        let life = Part { number: 1000 + number as u64, ..part.clone() };
        // Each report has numbers of its own, so that fewer reports are the same first ones.
        life.start(reporter(life.clone(), number));
    }
}

async fn reporter(part: Part, number: usize) {
    let mut random = part.random();
    if random.per_mille(10).strikes() {
        part.send(&poison(&mut random), None, &mut random);
        return;
    }
    let (text, chosen) = (text(&mut random), visibility(&mut random));
    let id = format!("r-{number}");
    let first = made(&id, &text, chosen);
    lock(&part.site.ledger).sent(&id, &first.report.text_hash());
    let cases = part.cases(1);
    let known = if random.below(10) < 6 {
        Some(through_intake(&part, &cases, &first.report, &first.body, &mut random).await)
    } else {
        part.send(&first.body, None, &mut random);
        None
    };
    match random.below(100) {
        0..3 => {
            // Another text under the same id.
            let other = made(&id, &format!("{text} lagi"), chosen);
            lock(&part.site.ledger).sent(&id, &other.report.text_hash());
            part.sleep(random.between_ms(0, 60_000)).await;
            part.send(&other.body, None, &mut random);
        }
        3..6 => {
            let tighter = made(&id, &text, Visibility::Rahasia);
            part.sleep(random.between_ms(0, 120_000)).await;
            part.send(&tighter.body, None, &mut random);
        }
        6..10 => {
            // The sender isn't sure and sends it again, at once or much later.
            part.sleep(random.between_ms(0, 200_000)).await;
            part.send(&first.body, None, &mut random);
        }
        _ => {}
    }
    let Some(known) = known else { return };
    match random.below(100) {
        0..7 => edit(&part, &cases, known, &first.report, &mut random).await,
        7..17 => appeal(&part, &cases, known, &mut random).await,
        _ => {}
    }
}

/// As the intake does: the queue first, then the table; it dies in between now and then.
async fn through_intake(part: &Part, cases: &Cases, report: &Report, body: &str, random: &mut Random) -> TrackingId {
    let id = tracking(random);
    part.send(body, Some(id), random);
    let crash_at = crash(random, 50);
    until_poll(cases.receive(report, id, part.now()), crash_at).await;
    id
}

/// Edits until it is accepted and on the queue, as a person does who sees errors.
async fn edit(part: &Part, cases: &Cases, known: TrackingId, report: &Report, random: &mut Random) {
    part.sleep(random.between_ms(0, 400_000)).await;
    let words = if random.below(4) == 0 { "slot gacor maxwin" } else { "di sebelah timur" };
    let new = made(report.id.as_str(), &format!("{} {words}", report.text.as_str()), report.visibility);
    for _ in 0..TRIES_MAX {
        lock(&part.site.ledger).sent(report.id.as_str(), &new.report.text_hash());
        let edited = until_poll(cases.edit(known, &new.report, part.now()), crash(random, 50)).await;
        match edited {
            Ending::Done(Ok(_)) => {
                part.send(&new.body, Some(known), random);
                return;
            }
            // Not this reporter's, or not to be edited.
            Ending::Done(Err(StoreError::NoCase(_) | StoreError::Case(_))) => return,
            Ending::Done(Err(_)) | Ending::Crashed => part.sleep(Duration::from_secs(5)).await,
        }
    }
}

async fn appeal(part: &Part, cases: &Cases, known: TrackingId, random: &mut Random) {
    for _ in 0..6 {
        part.sleep(random.between_ms(60_000, 240_000)).await;
        if part.site.winds_down() {
            return;
        }
        let state = cases.by_tracking_id(known).await;
        if let Ok(Some(Tracked::Screened(_))) = state {
            until_poll(cases.appeal(known, None, part.now()), crash(random, 50)).await;
        }
    }
}
