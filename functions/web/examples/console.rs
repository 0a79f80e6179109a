//! A console on this machine with made-up cases, for the browser tests and for measuring: table in
//! memory, the real router, the local issuer. What the tests need to see beside the pages is below
//! `/test`.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use saring_domain::agency::AgencyType;
use saring_domain::case::{
    MatchedClaim, ModelVersion, NamedRegion, PolicyVersion, RankedAgency, Screened, TRACKING_BYTES, Timestamp,
    TrackingId,
};
use saring_domain::pii;
use saring_domain::policy::{Decision, Reason, Verdict};
use saring_domain::report::{Report, Visibility};
use saring_domain::score::{Fine, Flag, Highlight, Ranked, Score};
use saring_local::issuer::{CONSOLE_AUDIENCE, Issuer};
use saring_local::table::{TableHost, TableHostOptions};
use saring_store::{Cases, PageRequest, TableConfig, verify};
use saring_web::{Identity, IdentitySettings, PublicUrl, Rate, Settings};
use serde_json::{Value, json};
use tokio::task::JoinSet;

type Fail = Box<dyn std::error::Error + Send + Sync>;

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
/// Cases that are written at the same time.
const AT_ONCE: usize = 16;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn score(value: f32) -> Score {
    Score::new(value.clamp(0.0, 1.0)).unwrap_or_default()
}

fn report(number: usize, text: &str) -> Result<Report, Fail> {
    let json = json!({ "id": format!("uji-{number}"), "text": text });
    Ok(Report::from_json(json.to_string().as_bytes())?)
}

/// What a screening might say of the text; `number` makes cases differ.
fn screened(report: &Report, number: usize) -> Result<Screened, Fail> {
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
            decision: Decision::Review,
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

async fn add(cases: &Cases, number: usize, text: &str, at: Timestamp) -> Result<String, Fail> {
    let report = report(number, text)?;
    let mut bytes = [7; TRACKING_BYTES];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let tracking = TrackingId::from_bytes(bytes);
    Box::pin(cases.record_screening(&report, screened(&report, number)?, tracking, at)).await?;
    Ok(tracking.case_id().to_string())
}

async fn fill(cases: &Cases, count: usize) -> Result<(), Fail> {
    let mut writing = JoinSet::new();
    for number in 0..count {
        if writing.len() >= AT_ONCE
            && let Some(written) = writing.join_next().await
        {
            written??;
        }
        let (cases, text) = (cases.clone(), format!("{} ({number})", TEXTS[number % TEXTS.len()]));
        let at = Timestamp::from_unix_ms(now().unix_ms() - (number as u64 % 400) * HOUR_MS / 4);
        writing.spawn(async move { add(&cases, number, &text, at).await.map(|_| ()) });
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(())
}

#[derive(Clone)]
struct Test {
    cases: Cases,
    issuer: Issuer,
}

fn problem(error: impl std::fmt::Display) -> Json<Value> {
    Json(json!({ "error": error.to_string() }))
}

/// Adds a case with the text of the body.
async fn new_case(State(test): State<Test>, Path(number): Path<usize>, words: String) -> Json<Value> {
    match add(&test.cases, number, &words, now()).await {
        Ok(id) => Json(json!({ "case": id })),
        Err(error) => problem(error),
    }
}

/// Lets decisions take effect as if so many minutes had passed.
async fn settle(State(test): State<Test>, Path(minutes): Path<u64>) -> Json<Value> {
    let at = Timestamp::from_unix_ms(now().unix_ms() + minutes * 60_000);
    match test.cases.settle_due(at).await {
        Ok(settled) => Json(json!({ "settled": settled.cases.len() })),
        Err(error) => problem(error),
    }
}

async fn state(State(test): State<Test>) -> Json<Value> {
    let looked = async {
        let feed = test.cases.feed(&PageRequest { items: 100, after: None }).await?;
        let findings = verify::all(&test.cases).await?;
        let violations: Vec<String> = findings.violations.iter().map(ToString::to_string).collect();
        Ok::<_, saring_store::StoreError>(json!({ "feed": feed.items.len(), "violations": violations }))
    };
    looked.await.map_or_else(problem, Json)
}

async fn board(State(test): State<Test>) -> Json<Value> {
    match test.cases.refresh_board(now()).await {
        Ok(board) => Json(json!({ "open": board.open })),
        Err(error) => problem(error),
    }
}

async fn token(State(test): State<Test>, Path((person, role)): Path<(String, String)>) -> Json<Value> {
    test.issuer.token(&person, &[&role]).map_or_else(problem, |token| Json(json!({ "token": token })))
}

#[tokio::main]
async fn main() -> Result<(), Fail> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().as_deref().unwrap_or("60").parse()?;
    let listen: SocketAddr = arguments.next().as_deref().unwrap_or("127.0.0.1:0").parse()?;
    let table = TableHost::start(TableHostOptions::default()).await?;
    let cases = Cases::connect(&TableConfig::local("saring", table.endpoint())).await;
    cases.create_table().await?;
    let begun = Instant::now();
    fill(&cases, count).await?;
    let filled = Instant::now();
    cases.refresh_board(now()).await?;
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let issuer = Issuer::new(&origin)?;
    let identity =
        Identity::new(IdentitySettings::new(&issuer.issuer(), CONSOLE_AUDIENCE, PublicUrl::parse(&origin)?))?;
    let free = Rate { burst: u16::MAX, per_minute: u16::MAX };
    let settings = Settings { reads: free, writes: free, ..Settings::default() };
    let tests = Router::new()
        .route("/test/case/{number}", post(new_case))
        .route("/test/settle/{minutes}", post(settle))
        .route("/test/state", get(state))
        .route("/test/board", post(board))
        .route("/test/token/{person}/{role}", get(token))
        .with_state(Test { cases: cases.clone(), issuer: issuer.clone() });
    let pages = saring_web::console::router_with(cases, &identity, &settings).merge(issuer.router()).merge(tests);
    eprintln!("{count} cases in {:.1?}, counted in {:.1?}", filled - begun, filled.elapsed());
    println!("{origin}");
    axum::serve(listener, pages).await?;
    Ok(())
}
