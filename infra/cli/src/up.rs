//! `saring up`: the local stack, with reports flowing through it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use saring_domain::report::Report;
use saring_local::issuer::{CONSOLE_AUDIENCE, Issuer};
use saring_local::runtime::FunctionLog;
use saring_local::{Stack, StackOptions};
use saring_notify::SweepData;
use saring_screen::config::{Config, LIBRARY_VARIABLE, MODELS_VARIABLE};
use saring_store::{BATCH_MESSAGES_MAX, Cases, Outgoing, PageRequest, verify};
use saring_web::{Identity, IdentitySettings, PublicUrl, console, feed, intake};
use tokio::net::TcpListener;

const TICK: Duration = Duration::from_secs(1);
const LOOK_AFTER: Duration = Duration::from_secs(5);
/// The sample corpus flows in well below this; a stack that is stuck says so.
const DRAIN_TIMEOUT: Duration = Duration::from_mins(10);

/// What `saring up` was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Directory of the state.
    pub(crate) data: PathBuf,
    /// Reports that flow in at the start.
    pub(crate) reports: PathBuf,
    /// Where the pages are served.
    pub(crate) listen: SocketAddr,
    /// Stop when the reports are screened and verified.
    pub(crate) once: bool,
}

/// Runs the stack until Ctrl-C, or until all is screened with `once`.
pub(crate) async fn run(options: Options) -> Result<()> {
    let config = Config::from_env();
    let mut stack = StackOptions::new(&screen_binary()?);
    stack.environment = environment(&config)?;
    stack.data = Some(options.data.clone());
    std::fs::create_dir_all(&options.data).with_context(|| format!("{} cannot be created", options.data.display()))?;
    stack.log = FunctionLog::File(options.data.join("screen.log"));
    let stack = Stack::start(stack).await?;
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    let address = listener.local_addr()?;
    let origin = format!("http://{address}");
    let issuer = Issuer::new(&origin)?;
    let settings = IdentitySettings::new(&issuer.issuer(), CONSOLE_AUDIENCE, PublicUrl::parse(&origin)?);
    let identity = Identity::new(settings)?;
    let pages = intake::router(intake::Intake { cases: stack.cases().clone(), reports: stack.reports().clone() })
        .merge(feed::router(stack.cases().clone()))
        .merge(console::router(stack.cases().clone(), &identity))
        .merge(issuer.router());
    tokio::spawn(async move { axum::serve(listener, pages).await });
    let data = SweepData::load(config.models.as_deref().context("no models directory found")?)?;
    tokio::spawn(look_after(stack.cases().clone(), data));
    println!("publik / public   http://{address}/");
    println!("konsol / console  http://{address}/console");
    println!("umpan  / feed     http://{address}/feed.json");
    println!("masuk  / intake   POST http://{address}/reports");
    let sent = send(&stack, &options.reports).await?;
    drain(&stack, sent).await?;
    let ok = summary(&stack).await?;
    if !options.once {
        println!("Ctrl-C menghentikan / stops");
        tokio::signal::ctrl_c().await?;
    }
    stack.shutdown().await;
    if ok { Ok(()) } else { bail!("verify found violations") }
}

/// What the scheduled sweep does of the console's: decisions take effect, the queue is counted.
async fn look_after(cases: Cases, data: SweepData) {
    loop {
        tokio::time::sleep(LOOK_AFTER).await;
        let now = saring_notify::sweep::now();
        let judged = saring_notify::rollout::judge_rollout(&cases, now).await.map(|_| ());
        let settled = cases.settle_due(now).await.map(|_| ());
        let drawn = saring_notify::sweep::sample_published(&cases, &data, now).await.map(|_| ());
        let counted = cases.refresh_board(now).await.map(|_| ());
        if let Err(error) = judged.and(settled).and(drawn).and(counted) {
            eprintln!("konsol / console: {error}");
        }
    }
}

/// The function's executable stands beside this one.
fn screen_binary() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.parent().unwrap_or(Path::new(".")).join("screen");
    if !path.is_file() {
        bail!("{} is not there: cargo build --release builds it", path.display());
    }
    Ok(path)
}

fn environment(config: &Config) -> Result<BTreeMap<String, String>> {
    let models = config.models.as_deref().context("no models directory found")?;
    let library = std::path::absolute(&config.runtime_library)?;
    let pairs = [(MODELS_VARIABLE, std::path::absolute(models)?), (LIBRARY_VARIABLE, library)];
    Ok(pairs.into_iter().map(|(name, path)| (name.to_owned(), path.to_string_lossy().into_owned())).collect())
}

async fn send(stack: &Stack, path: &Path) -> Result<usize> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut reports = Vec::new();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line?;
        let report = without_labels(&line).and_then(|l| Ok(Report::from_json(&l)?));
        reports.push(report.with_context(|| format!("{} line {}", path.display(), at + 1))?);
    }
    for batch in reports.chunks(BATCH_MESSAGES_MAX) {
        let outgoing: Vec<Outgoing<'_>> = batch.iter().map(|report| Outgoing { report, tracking: None }).collect();
        let refused = stack.reports().send_batch(&outgoing).await?;
        if !refused.is_empty() {
            bail!("the queue refused {} of {} reports", refused.len(), batch.len());
        }
    }
    Ok(reports.len())
}

/// A corpus row holds labels beside the report, one of which is also a field of reports.
fn without_labels(line: &str) -> Result<Vec<u8>> {
    let row: serde_json::Value = serde_json::from_str(line)?;
    let report = serde_json::json!({ "id": row["id"], "text": row["text"], "channel": "sampel" });
    Ok(serde_json::to_vec(&report)?)
}

async fn drain(stack: &Stack, sent: usize) -> Result<()> {
    let started = Instant::now();
    let mut before = 0;
    loop {
        tokio::time::sleep(TICK).await;
        let done = stack.counters().deleted;
        println!("disaring / screened {done} / {sent}   {} laporan/detik (reports per second)", done - before);
        before = done;
        let waiting = stack.waiting().await?;
        if waiting.visible + waiting.in_flight + waiting.delayed == 0 {
            break;
        }
        if started.elapsed() > DRAIN_TIMEOUT {
            bail!("{} reports still wait after {} s", waiting.visible + waiting.in_flight, DRAIN_TIMEOUT.as_secs());
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{sent} laporan dalam {seconds:.1} detik: {:.0} per detik", sent as f64 / seconds);
    Ok(())
}

/// Prints what came out and whether the invariants hold.
async fn summary(stack: &Stack) -> Result<bool> {
    let first = PageRequest { items: 1, after: None };
    let review = stack.cases().review_queue(&first).await?.items.len();
    let findings = verify::all(stack.cases()).await?;
    let dead = stack.dead().await?;
    println!(
        "kasus / cases {}   umpan / feed {}   antrean tinjau / review queue {}   surat mati / dead letters {}",
        findings.cases,
        findings.feed_rows,
        if review == 0 { "kosong / empty" } else { "terisi / filled" },
        dead.visible
    );
    report(&findings);
    Ok(findings.violations.is_empty())
}

/// Prints the findings of a walk.
pub(crate) fn report(findings: &verify::Findings) {
    for violation in &findings.violations {
        println!("PELANGGARAN / VIOLATION {violation}");
    }
    println!(
        "verify: {} cases, {} pending, {} events, {} feed rows, {} violations",
        findings.cases,
        findings.pending,
        findings.events,
        findings.feed_rows,
        findings.violations.len()
    );
}
