//! Reports and moderators, whatever dies around them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saring_domain::case::{Actor, Change, RejectReason, Resolution, Timestamp};
use saring_domain::report::{Report, ReportId};
use saring_store::{Outgoing, PageRequest};

use crate::process::{clients, now};

const SEND_EVERY: Duration = Duration::from_millis(25);
const DECIDE_EVERY: Duration = Duration::from_millis(40);
const LOCK_MS: u64 = 600_000;

/// What the queue has said that it took.
#[derive(Default)]
pub(crate) struct Accepted {
    ids: Mutex<BTreeSet<ReportId>>,
    pub(crate) decided: AtomicU64,
}

impl Accepted {
    pub(crate) fn ids(&self) -> BTreeSet<ReportId> {
        self.ids.lock().unwrap().clone()
    }
}

fn text(number: u64) -> String {
    match number % 5 {
        0 => format!("Ayo main slot gacor maxwin link nomor {number}"),
        1 => format!("Lampu jalan mati di depan pasar nomor {number}, mohon diperbaiki"),
        2 => format!("Sampah menumpuk di gang mawar {number} sudah dua minggu"),
        3 => format!("Petugas loket {number} bodoh dan kasar kepada warga"),
        _ => format!("Jalan berlubang di RT {number}, hati-hati kalau malam"),
    }
}

/// Sends reports until told to stop; what the queue does not answer for is sent again.
pub(crate) async fn send(directory: PathBuf, accepted: Arc<Accepted>, stop: Arc<AtomicBool>) {
    let mut number = 0;
    while !stop.load(Relaxed) {
        tokio::time::sleep(SEND_EVERY).await;
        let Some((_, reports)) = clients(&directory).await else { continue };
        loop {
            let json = serde_json::json!({ "id": format!("k-{number}"), "text": text(number) }).to_string();
            let report = Report::from_json(json.as_bytes()).unwrap();
            let sending = reports.send(Outgoing { report: &report, tracking: None });
            // A host that died does not answer: the next try finds the new one.
            match tokio::time::timeout(Duration::from_millis(700), sending).await {
                Ok(Ok(())) => {
                    accepted.ids.lock().unwrap().insert(report.id);
                    number += 1;
                }
                _ => break,
            }
            if stop.load(Relaxed) {
                return;
            }
            tokio::time::sleep(SEND_EVERY).await;
        }
    }
}

/// Decides on what is held until told to stop, some of it twice at once.
pub(crate) async fn moderate(directory: PathBuf, accepted: Arc<Accepted>, stop: Arc<AtomicBool>) {
    let people = ["moderator:sari", "moderator:budi"].map(|name| Actor::parse(name).unwrap());
    while !stop.load(Relaxed) {
        tokio::time::sleep(DECIDE_EVERY).await;
        let Some((cases, _)) = clients(&directory).await else { continue };
        let look = cases.review_queue(&PageRequest { items: 10, after: None });
        let Ok(Ok(page)) = tokio::time::timeout(Duration::from_millis(700), look).await else { continue };
        for (place, case) in page.items.into_iter().enumerate() {
            let until = Timestamp::from_unix_ms(now().unix_ms() + LOCK_MS);
            let reject = Change::Resolve(Resolution::Reject(RejectReason::Spam));
            let publish = Change::Resolve(Resolution::Publish);
            let (first, second) = match place % 3 {
                0 => (Change::Claim { until }, reject),
                1 => (publish, reject),
                _ => (reject, publish),
            };
            let one = cases.change(case.id(), case.version(), &first, &people[0], now());
            let other = cases.change(case.id(), case.version(), &second, &people[1], now());
            let both = Box::pin(async { tokio::join!(one, other) });
            if let Ok((one, other)) = tokio::time::timeout(Duration::from_millis(700), both).await {
                accepted.decided.fetch_add(u64::from(one.is_ok()) + u64::from(other.is_ok()), Relaxed);
            }
            if stop.load(Relaxed) {
                return;
            }
        }
    }
}
