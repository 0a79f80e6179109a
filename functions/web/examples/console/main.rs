//! A console on this machine with made-up cases, for the browser tests and for measuring: the table in
//! a file among the temporary ones, the real router, the local issuer. What the tests need to see
//! beside the pages is below `/test`. Arguments: cases that wait, where to listen, weeks of decisions
//! before today, the table's file: one that is there is taken as it is.

mod made_up;
mod weeks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use saring_domain::case::Timestamp;
use saring_local::Location;
use saring_local::issuer::{CONSOLE_AUDIENCE, Issuer};
use saring_local::table::{TableHost, TableHostOptions};
use saring_store::{Cases, PageRequest, TableConfig, verify};
use saring_web::{Identity, IdentitySettings, PublicUrl, Rate, Settings};
use serde_json::{Value, json};

use made_up::{add, fill, now, tracking};

type Fail = Box<dyn std::error::Error + Send + Sync>;

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
        Ok(id) => Json(json!({ "case": id.to_string() })),
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

/// The reporter of a case appeals.
async fn appeal(State(test): State<Test>, Path(number): Path<usize>) -> Json<Value> {
    match test.cases.appeal(tracking(number), None, now()).await {
        Ok(case) => Json(json!({ "case": case.id().to_string() })),
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

async fn checks(State(test): State<Test>) -> Json<Value> {
    let found = test.cases.checks(now()).await;
    found.map_or_else(problem, |checks| Json(json!({ "open": checks.iter().filter(|c| c.second.is_none()).count() })))
}

async fn token(State(test): State<Test>, Path((person, role)): Path<(String, String)>) -> Json<Value> {
    test.issuer.token(&person, &[&role]).map_or_else(problem, |token| Json(json!({ "token": token })))
}

#[tokio::main]
async fn main() -> Result<(), Fail> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().as_deref().unwrap_or("60").parse()?;
    let listen: SocketAddr = arguments.next().as_deref().unwrap_or("127.0.0.1:0").parse()?;
    // A table in memory has no index of its stream: the time to fill it would grow with the square.
    let weeks: u64 = arguments.next().as_deref().unwrap_or("0").parse()?;
    let own = std::env::temp_dir().join(format!("saring-console-{}.db", std::process::id()));
    let file = arguments.next().map_or(own, PathBuf::from);
    let filled_before = file.exists();
    let options = TableHostOptions { location: Location::File(file), ..TableHostOptions::default() };
    let table = TableHost::start(options).await?;
    let cases = Cases::connect(&TableConfig::local("saring", table.endpoint())).await;
    let begun = Instant::now();
    if !filled_before {
        cases.create_table().await?;
        fill(&cases, count).await?;
        weeks::pass(&cases, weeks).await?;
    }
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
        .route("/test/appeal/{number}", post(appeal))
        .route("/test/state", get(state))
        .route("/test/board", post(board))
        .route("/test/nothing", get(|| async { axum::response::Html("<p>kosong") }))
        .route("/test/checks", get(checks))
        .route("/test/token/{person}/{role}", get(token))
        .with_state(Test { cases: cases.clone(), issuer: issuer.clone() });
    let pages = saring_web::console::router_with(cases, &identity, &settings).merge(issuer.router()).merge(tests);
    eprintln!("{count} cases in {:.1?}, counted in {:.1?}", filled - begun, filled.elapsed());
    println!("{origin}");
    axum::serve(listener, pages).await?;
    Ok(())
}
