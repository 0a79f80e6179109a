//! Cases that nobody sent.

use std::time::{SystemTime, UNIX_EPOCH};

use saring_domain::agency::AgencyType;
use saring_domain::case::{
    Case, CaseId, MatchedClaim, ModelVersion, NamedRegion, PolicyVersion, RankedAgency, Screened, TRACKING_BYTES,
    Timestamp, TrackingId,
};
use saring_domain::pii;
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_domain::score::{Fine, Flag, Highlight, Ranked, Score};
use saring_store::{Cases, Recorded};
use serde_json::json;
use tokio::task::JoinSet;

use crate::Fail;

const CATEGORIES: [&str; 5] = ["pekerjaan_umum", "perhubungan", "lingkungan_hidup", "air_minum", "kesehatan"];
const REGIONS: [(&str, &str); 3] = [
    ("33.74", "Kota Semarang, Jawa Tengah"),
    ("35.78", "Kota Surabaya, Jawa Timur"),
    ("32.73", "Kota Bandung, Jawa Barat"),
];
const TEXTS: [&str; 4] = [
    "Jalan di depan pasar rusak parah sejak bulan lalu, mohon diperbaiki. Hubungi 0812-3456-7890.",
    "Situs slot gacor terpercaya, daftar sekarang dan menang besar!",
    "Petugas loket itu goblok semua, antre tiga jam tidak dilayani.",
    "Sebarkan! Air keran kota ini beracun, pemerintah menutupinya.",
];
const HOUR_MS: u64 = 3_600_000;
/// People who send reports.
const PEOPLE: usize = 997;
/// Cases that are written at the same time.
const AT_ONCE: usize = 4;

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn score(value: f32) -> Score {
    Score::new(value.clamp(0.0, 1.0)).unwrap_or_default()
}

fn report(number: usize, text: &str) -> Result<Report, Fail> {
    let json =
        json!({ "id": format!("uji-{number}"), "text": text, "reporter_ref": format!("warga-{}", number % PEOPLE) });
    Ok(Report::from_json(json.to_string().as_bytes())?)
}

/// A text of a few.
pub(crate) fn text(number: usize) -> String {
    format!("{} ({number})", TEXTS[number % TEXTS.len()])
}

/// What a screening might say of the text; `number` makes cases differ.
fn screened(report: &Report, number: usize, decision: Decision) -> Result<Screened, Fail> {
    let text = report.text.as_str();
    let spans = pii::find(text);
    let flag = [None, Some(Flag::Spam), Some(Flag::Abuse), Some(Flag::Hoax)][number % TEXTS.len()];
    let likely = 0.5 + 0.49 * ((number * 37 % 100) as f32 / 100.0);
    let reason = flag.map_or("quality.off_topic", Flag::code);
    let (code, region) = REGIONS[number % REGIONS.len()];
    let city = region.split(',').next().unwrap_or_default();
    let agency = |kind: &str, name: &str, value: f32| {
        Ok::<_, Fail>(RankedAgency {
            agency: AgencyType::parse(kind)?,
            name: format!("{name} {city}"),
            score: score(value),
            why: vec!["lazim untuk kategori ini".to_owned()],
        })
    };
    Ok(Screened {
        verdict: Verdict {
            decision,
            visibility: Visibility::Publik,
            reasons: vec![Reason { code: reason.to_owned(), detail: format!("skor {reason} melewati ambang") }],
        },
        text_hash: report.text_hash(),
        model: ModelVersion::parse("uji-1")?,
        policy: PolicyVersion::parse("uji-1")?,
        public_text: pii::mask(text, &spans),
        pii: spans,
        flags: Flag::ALL.map(|other| (other, score(if Some(other) == flag { likely } else { 0.02 }))).to_vec(),
        fine: Fine::ALL.map(|fine| (fine, score(if fine.flag() == flag { likely * 0.7 } else { 0.01 }))).to_vec(),
        category: vec![
            Ranked { code: CATEGORIES[number % CATEGORIES.len()].to_owned(), score: score(0.8) },
            Ranked { code: CATEGORIES[(number + 1) % CATEGORIES.len()].to_owned(), score: score(0.1) },
        ],
        agency: vec![
            agency("dinas_pekerjaan_umum", "Dinas Pekerjaan Umum", 0.8)?,
            agency("dinas_perhubungan", "Dinas Perhubungan", 0.3)?,
        ],
        region: Some(NamedRegion { code: code.to_owned(), name: region.to_owned() }),
        claims: vec![MatchedClaim {
            id: format!("klaim-{}", number % 7),
            title: "[SALAH] Air keran kota beracun".to_owned(),
            url: Some("https://cekfakta.example/1".to_owned()),
            verdict: "SALAH".to_owned(),
            date: Some("2026-01-31".to_owned()),
            score: score(0.7),
            span: None,
        }],
        highlights: flag
            .map(|flag| Highlight { flag, start: 0, end: text.chars().count().min(12), weight: 1.5 })
            .into_iter()
            .collect(),
    })
}

/// The tracking id of a number.
pub(crate) fn tracking(number: usize) -> TrackingId {
    let mut bytes = [7; TRACKING_BYTES];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    TrackingId::from_bytes(bytes)
}

/// Adds a case, and looks whether others say the same.
pub(crate) async fn add(cases: &Cases, number: usize, text: &str, at: Timestamp) -> Result<CaseId, Fail> {
    let case = record(cases, number, text, at, Decision::Review).await?;
    cases.fold_report(&case, at).await?;
    Ok(case.id())
}

pub(crate) async fn record(
    cases: &Cases,
    number: usize,
    text: &str,
    at: Timestamp,
    decision: Decision,
) -> Result<Case, Fail> {
    let report = report(number, text)?;
    let screened = screened(&report, number, decision)?;
    match Box::pin(cases.record_screening(&report, screened, tracking(number), at)).await? {
        Recorded::New(case) | Recorded::Already(case) => Ok(*case),
        other => Err(format!("case {number} was not recorded: {other:?}").into()),
    }
}

pub(crate) async fn fill(cases: &Cases, count: usize) -> Result<(), Fail> {
    let mut writing = JoinSet::new();
    for number in 0..count {
        if writing.len() >= AT_ONCE
            && let Some(written) = writing.join_next().await
        {
            written??;
        }
        let (cases, text) = (cases.clone(), text(number));
        let at = Timestamp::from_unix_ms(now().unix_ms() - (number as u64 % 400) * HOUR_MS / 4);
        writing.spawn(async move { record(&cases, number, &text, at, Decision::Review).await.map(|_| ()) });
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(())
}
