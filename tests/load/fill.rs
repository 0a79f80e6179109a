//! A table with many cases: verdicts of the real model, on texts that each say something else.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use saring_domain::case::{Screened, TRACKING_BYTES, TrackingId};
use saring_domain::report::Report;
use saring_store::{Cases, PageRequest};

const WRITERS: u64 = 8;

static WRITTEN: AtomicU64 = AtomicU64::new(0);

fn text(number: u64) -> String {
    // No three words follow each other twice: each is a report of its own, not one of a campaign.
    let word = |i: u64| format!("w{:x}", number.wrapping_mul(0x9E37_79B9).wrapping_add(i * 7919) % 1_000_003);
    format!("Lampu jalan {} mati di {} dekat {} nomor {number}", word(1), word(2), word(3))
}

/// Writes so many more cases; the ids of their reports.
pub(crate) async fn fill(cases: &Cases, missing: u64) -> Vec<String> {
    let first = WRITTEN.load(Relaxed);
    let published = cases.feed(&PageRequest { items: 1, after: None }).await.unwrap().items;
    let example = cases.case(published[0].id).await.unwrap().unwrap().record().screened.clone();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (cases, example) = (cases.clone(), example.clone());
            let count = missing / WRITERS + u64::from(writer < missing % WRITERS);
            tokio::spawn(async move {
                for _ in 0..count {
                    write(&cases, &example).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    (first..first + missing).map(id).collect()
}

fn id(number: u64) -> String {
    format!("f-{number}")
}

async fn write(cases: &Cases, example: &Screened) {
    let number = WRITTEN.fetch_add(1, Relaxed);
    let body = serde_json::json!({ "id": id(number), "text": text(number) });
    let report = Report::from_json(body.to_string().as_bytes()).unwrap();
    let mut screened = example.clone();
    screened.text_hash = report.text_hash();
    text(number).clone_into(&mut screened.public_text);
    let mut tracking = [0xF1; TRACKING_BYTES];
    tracking[..8].copy_from_slice(&number.to_be_bytes());
    let now = saring_notify::sweep::now();
    cases.record_screening(&report, screened, TrackingId::from_bytes(tracking), now).await.unwrap();
}
