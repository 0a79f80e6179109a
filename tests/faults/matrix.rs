//! Every call that a screening makes to the table × everything that can go wrong with it, through
//! the real handler, model and store. After each fault and again after the redelivery: nothing
//! unscreened is public, nothing is lost, nothing is there twice, and `verify` is clean.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::LambdaEvent;
use saring_domain::case::{Actor, AuditAction, CaseStatus};
use saring_domain::policy::Decision;
use saring_domain::report::{Report, Visibility};
use saring_local::table::{TableHost, TableHostOptions};
use saring_screen::config::Config;
use saring_screen::{Assets, Context, Screener, current_day};
use saring_store::{Cases, PageRequest, TableConfig, encode_report, verify};
use serde_json::{Value, json};

use crate::bundle::{FAILING_WORD, failing_bundle};
use crate::proxy::{Fault, Plan, Proxy};
use crate::support::{AT, library, report, root, tracking};

/// Cells that are tried at the same time: most of their time they wait.
const WORKERS: usize = 8;
/// A function that takes longer is killed.
const LIMIT: Duration = Duration::from_mins(1);
/// Where the table is silent or throttles for long, the function is killed before the SDK gives up…
const LIMIT_OF_WAITING: Duration = Duration::from_secs(2);
/// …but for writes that had their effect: there the SDK shall try again, after 3 s.
const LIMIT_OF_LOST_ANSWERS: Duration = Duration::from_secs(12);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scenario {
    /// Three reports come for the first time, from a system that put them on the queue.
    First,
    /// They come after the intake accepted them.
    Announced,
    /// They come again after they were screened.
    Again,
    /// They come again, and their reporters now want to be less visible.
    Tighter,
    /// Their reporters changed them.
    Changed,
    /// The model fails on all of them.
    NoModel,
}

/// What the reporters want in [`Scenario::Tighter`]: the one that is public leaves the feed.
const TIGHTER: [Visibility; 3] = [Visibility::Rahasia, Visibility::Anonim, Visibility::Rahasia];

/// The texts before and after a change: one that passes, one that is held, one on which the model
/// fails.
#[derive(Debug, Clone)]
struct Texts {
    first: [String; 3],
    changed: [String; 3],
}

impl Texts {
    fn reports(&self, scenario: Scenario) -> Vec<Report> {
        let named = |texts: &[String; 3]| (0..).zip(texts).map(|(i, text)| report(&format!("m-{i}"), text)).collect();
        match scenario {
            Scenario::First | Scenario::Announced | Scenario::Again => named(&self.first),
            Scenario::Tighter => {
                let mut reports: Vec<Report> = named(&self.first);
                for (report, visibility) in reports.iter_mut().zip(TIGHTER) {
                    report.visibility = visibility;
                }
                reports
            }
            Scenario::Changed => named(&self.changed),
            Scenario::NoModel => named(&self.first.clone().map(|text| format!("{text} {FAILING_WORD}"))),
        }
    }
}

/// A function process and the table service that it sees.
struct Rig {
    context: Context,
    proxy: Proxy,
    seen: TableConfig,
}

/// What is in the table at the end, without ids and moments that differ from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    cases: BTreeMap<String, (&'static str, Vec<AuditAction>, String)>,
    visibilities: Vec<Visibility>,
    feed: BTreeSet<String>,
}

/// Where the model of a rig comes from.
enum Model<'a> {
    New(Box<Screener>),
    Of(&'a Rig),
}

/// How long the function may take under a fault.
fn limit(plan: Option<&Plan>) -> Duration {
    match plan.map(|plan| plan.fault) {
        Some(Fault::TimeOutAfter) if plan.is_some_and(|p| p.operation == "TransactWriteItems") => LIMIT_OF_LOST_ANSWERS,
        Some(Fault::TimeOutBefore | Fault::TimeOutAfter | Fault::Throttled | Fault::Broken) => LIMIT_OF_WAITING,
        _ => LIMIT,
    }
}

enum Invocation {
    Answered { failed: BTreeSet<usize> },
    Died,
}

fn screener(bundle: &std::path::Path) -> Screener {
    let mut config = Config::from_env();
    config.models = Some(root().join("models"));
    config.bundle = Some(bundle.to_owned());
    config.runtime_library = library();
    Screener::new(Assets::load(&config).unwrap()).unwrap()
}

/// Texts of the corpus with the verdicts that the matrix needs.
fn texts(screener: &mut Screener) -> Texts {
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).unwrap();
    let rows: Vec<Value> = corpus.lines().take(400).map(|line| serde_json::from_str(line).unwrap()).collect();
    let reports: Vec<_> = rows.iter().map(|row| report("t", row["text"].as_str().unwrap())).collect();
    let verdicts = screener.screen(&reports.iter().collect::<Vec<_>>(), current_day().unwrap());
    let of = |decision| {
        let found = reports.iter().zip(&verdicts).filter(move |(_, v)| v.verdict.decision == decision);
        found.map(|(r, _)| r.text.as_str().to_owned()).take(4).collect::<Vec<_>>()
    };
    let (pass, held) = (of(Decision::Publish), of(Decision::Review));
    assert!(pass.len() == 4 && !held.is_empty(), "{} pass, {} are held", pass.len(), held.len());
    Texts {
        first: [pass[0].clone(), held[0].clone(), format!("{} {FAILING_WORD}", pass[1])],
        changed: [pass[1].clone(), pass[2].clone(), pass[3].clone()],
    }
}

impl Rig {
    async fn start(model: Model<'_>) -> Self {
        let proxy = Proxy::start().await;
        let seen = TableConfig::local("saring", &proxy.endpoint);
        let cases = Cases::connect(&seen).await;
        let context = match model {
            Model::New(screener) => Context::new(*screener, cases),
            Model::Of(rig) => rig.context.before(cases),
        };
        Self { context, proxy, seen }
    }

    async fn invoke(&self, reports: &[Report], which: &BTreeSet<usize>, limit: Duration) -> Invocation {
        let records: Vec<Value> = which
            .iter()
            .map(|i| json!({ "messageId": i.to_string(), "body": encode_report(&reports[*i]).unwrap() }))
            .collect();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        let handled = self.context.handle(LambdaEvent::new(event, lambda_runtime::Context::default()));
        tokio::select! {
            biased;
            response = handled => {
                let failed = response.unwrap().batch_item_failures;
                Invocation::Answered { failed: failed.iter().map(|f| f.item_identifier.parse().unwrap()).collect() }
            }
            () = self.proxy.crash.notified() => Invocation::Died,
            () = tokio::time::sleep(limit) => Invocation::Died,
        }
    }

    async fn deliver_all(&self, reports: &[Report]) -> Result<(), String> {
        match self.invoke(reports, &(0..reports.len()).collect(), LIMIT).await {
            Invocation::Answered { failed } if failed.is_empty() => Ok(()),
            Invocation::Answered { failed } => Err(format!("without a fault, messages {failed:?} failed")),
            Invocation::Died => Err("without a fault, the function died".to_owned()),
        }
    }

    /// One cell: brings the table to where the scenario begins, does the fault, delivers again what
    /// the queue still has, and compares.
    async fn cell(
        &self,
        texts: &Texts,
        scenario: Scenario,
        plan: Option<Plan>,
    ) -> Result<(State, Vec<String>), String> {
        let table = TableHost::start(TableHostOptions::default()).await.unwrap();
        let direct = TableConfig { endpoint: Some(table.endpoint().to_owned()), ..self.seen.clone() };
        let cases = Cases::connect(&direct).await;
        cases.create_table().await.unwrap();
        self.proxy.before(table.endpoint());
        // A new process each time, which looks for new claims at its start.
        let rig = Self {
            context: self.context.before(Cases::connect(&self.seen).await),
            proxy: self.proxy.clone(),
            seen: self.seen.clone(),
        };
        rig.prepare(texts, scenario).await?;
        let reports = texts.reports(scenario);
        let limit = limit(plan.as_ref());
        let planned = plan.is_some();
        rig.proxy.plan(plan);
        let invocation = rig.invoke(&reports, &(0..reports.len()).collect(), limit).await;
        let (calls, reached) = (rig.proxy.calls(), rig.proxy.reached());
        rig.proxy.plan(None);
        if planned && !reached {
            return Err(format!("{NOT_REACHED}: {} calls", calls.len()));
        }
        sound(&cases).await.map_err(|e| format!("after the fault: {e}"))?;
        public_is_screened(&cases, &reports).await.map_err(|e| format!("after the fault: {e}"))?;
        let left = match invocation {
            Invocation::Answered { failed } => failed,
            Invocation::Died => (0..reports.len()).collect(),
        };
        // What was not reported as failed is gone from the queue: it must be in the table.
        for done in (0..reports.len()).filter(|i| !left.contains(i)) {
            screened(&cases, &reports[done]).await.map_err(|e| format!("reported as done: {e}"))?;
        }
        if !left.is_empty() {
            match rig.invoke(&reports, &left, LIMIT).await {
                Invocation::Answered { failed } if failed.is_empty() => {}
                Invocation::Answered { failed } => return Err(format!("redelivered, {failed:?} failed again")),
                Invocation::Died => return Err("redelivered, the function died".to_owned()),
            }
        }
        let state = state(&cases, &reports).await?;
        public_is_screened(&cases, &reports).await?;
        // A queue may deliver what was done; that changes nothing.
        rig.deliver_all(&reports).await?;
        if self::state(&cases, &reports).await? != state {
            return Err("another delivery changed something".to_owned());
        }
        originals(&cases, &reports).await?;
        table.shutdown().await;
        Ok((state, calls))
    }

    async fn prepare(&self, texts: &Texts, scenario: Scenario) -> Result<(), String> {
        if matches!(scenario, Scenario::First | Scenario::NoModel) {
            return Ok(());
        }
        if scenario == Scenario::Announced {
            let cases = Cases::connect(&self.seen).await;
            for (seed, report) in (1..).zip(texts.reports(scenario)) {
                cases.receive(&report, tracking(seed), AT).await.map_err(|e| e.to_string())?;
            }
            return Ok(());
        }
        self.deliver_all(&texts.reports(Scenario::First)).await?;
        if scenario == Scenario::Changed {
            // Through the proxy, which remembers what a stale reading would show.
            let cases = Cases::connect(&self.seen).await;
            for report in texts.reports(Scenario::Changed) {
                let receipt = cases.receipt(&report.id).await.unwrap().unwrap();
                cases.edit(receipt.tracking, &report, AT).await.map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }
}

async fn sound(cases: &Cases) -> Result<verify::Findings, String> {
    let findings = verify::all(cases).await.unwrap();
    if findings.violations.is_empty() { Ok(findings) } else { Err(format!("{:?}", findings.violations)) }
}

/// Each row of the feed is a published case with a verdict about the text that it shows.
async fn public_is_screened(cases: &Cases, reports: &[Report]) -> Result<(), String> {
    for row in cases.feed(&PageRequest { items: 100, after: None }).await.unwrap().items {
        let case = cases.case(row.id).await.unwrap().ok_or("a row of the feed has no case")?;
        let record = case.record();
        let report = reports.iter().find(|r| r.id == record.report_id).ok_or("a row of the feed has no report")?;
        let screened = record.screened.text_hash == report.text_hash()
            && record.screened.verdict.decision == Decision::Publish
            && !record.screened.flags.is_empty();
        if case.status() != CaseStatus::Published || !screened || row.text != record.screened.public_text {
            return Err(format!("report {} is public and not screened", report.id));
        }
    }
    Ok(())
}

async fn screened(cases: &Cases, report: &Report) -> Result<saring_domain::case::Case, String> {
    let receipt = cases.receipt(&report.id).await.unwrap().ok_or_else(|| format!("report {} is lost", report.id))?;
    let case = cases.case(receipt.case).await.unwrap().ok_or_else(|| format!("report {} has no case", report.id))?;
    if case.record().screened.text_hash != report.text_hash() {
        return Err(format!("the case of {} is about another text", report.id));
    }
    if case.record().visibility < report.visibility {
        return Err(format!("the case of {} is more visible than its reporter wants", report.id));
    }
    Ok(case)
}

async fn state(cases: &Cases, reports: &[Report]) -> Result<State, String> {
    let findings = sound(cases).await?;
    if (findings.cases, findings.pending) != (reports.len() as u64, 0) {
        return Err(format!("{} cases and {} pending for {} reports", findings.cases, findings.pending, reports.len()));
    }
    let (mut all, mut visibilities) = (BTreeMap::new(), Vec::new());
    for report in reports {
        let case = screened(cases, report).await?;
        let trail = cases.audit(case.id()).await.unwrap().into_iter().map(|event| event.action).collect();
        let text = case.record().screened.public_text.clone();
        all.insert(report.id.to_string(), (case.status().code(), trail, text));
        visibilities.push(case.record().visibility);
    }
    let feed = cases.feed(&PageRequest { items: 100, after: None }).await.unwrap().items;
    Ok(State { cases: all, visibilities, feed: feed.into_iter().map(|row| row.text).collect() })
}

/// What each person wrote is there, once, as it was written.
async fn originals(cases: &Cases, reports: &[Report]) -> Result<(), String> {
    let auditor = Actor::parse("auditor:test").unwrap();
    for report in reports {
        let case = screened(cases, report).await?;
        let original = cases.original(case.id(), &auditor, AT).await.map_err(|e| e.to_string())?;
        if original.as_ref().map(|o| &o.text) != Some(&report.text) {
            return Err(format!("the original of {} is another or gone", report.id));
        }
    }
    sound(cases).await.map(|_| ())
}

const NOT_REACHED: &str = "the step was not reached";
const TRIES_MORE: usize = 4;

type Cell = (Scenario, Plan);

const SCENARIOS: [Scenario; 6] =
    [Scenario::First, Scenario::Announced, Scenario::Again, Scenario::Tighter, Scenario::Changed, Scenario::NoModel];

#[tokio::test(flavor = "multi_thread")]
async fn any_fault_at_any_step_publishes_nothing_unscreened_and_loses_and_doubles_nothing() {
    let bundle = failing_bundle();
    let mut screener = screener(&bundle);
    let texts = texts(&mut screener);
    let rig = Rig::start(Model::New(Box::new(screener))).await;
    let mut expected = BTreeMap::new();
    let mut cells: VecDeque<Cell> = VecDeque::new();
    for scenario in SCENARIOS {
        let (state, steps) = rig.cell(&texts, scenario, None).await.unwrap();
        check_baseline(scenario, &state);
        let before = cells.len();
        // In each cell of the others the model fails on one report; here it fails on all, once.
        let steps = if scenario == Scenario::NoModel { Vec::new() } else { steps };
        for (at, operation) in steps.iter().enumerate() {
            let step = steps[..at].iter().filter(|before| *before == operation).count();
            for fault in Fault::ALL.into_iter().filter(|fault| fault.can_happen_to(operation)) {
                cells.push_back((scenario, Plan { operation: operation.clone(), step, fault }));
            }
        }
        println!("{scenario:?}: {} steps, {} cells", steps.len(), cells.len() - before);
        expected.insert(scenario, state);
    }
    let (count, started) = (cells.len(), Instant::now());
    println!("fault matrix: {count} cells (steps × faults that can happen to them)");
    let (cells, expected) = (Arc::new(Mutex::new(cells)), Arc::new(expected));
    let mut workers = tokio::task::JoinSet::new();
    let mut rigs = vec![rig];
    while rigs.len() < WORKERS {
        rigs.push(Rig::start(Model::Of(&rigs[0])).await);
    }
    for rig in rigs {
        let (cells, expected, texts) = (Arc::clone(&cells), Arc::clone(&expected), texts.clone());
        workers.spawn(async move {
            let mut failures = Vec::new();
            loop {
                let next = cells.lock().unwrap().pop_front();
                let Some((scenario, plan)) = next else { return failures };
                let mut found = rig.cell(&texts, scenario, Some(plan.clone())).await;
                // The workers share a screener: another may have kept what this one counted, and then
                // there is no such write.
                for _ in 0..TRIES_MORE {
                    if !matches!(&found, Err(error) if error.starts_with(NOT_REACHED)) {
                        break;
                    }
                    found = rig.cell(&texts, scenario, Some(plan.clone())).await;
                }
                let outcome = match found {
                    Ok((state, _)) if state == expected[&scenario] => continue,
                    Ok((state, _)) => format!("ends as {state:?}"),
                    Err(error) => error,
                };
                failures.push(format!("{scenario:?}, {plan:?}: {outcome}"));
            }
        });
    }
    let mut failures = Vec::new();
    while let Some(joined) = workers.join_next().await {
        failures.extend(joined.unwrap());
    }
    println!("{count} cells in {} s, {} failed", started.elapsed().as_secs(), failures.len());
    std::fs::remove_dir_all(&bundle).ok();
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 200, "the matrix has {count} cells");
}

/// The matrix means something only if texts pass, are held, and fail the model without any fault.
fn check_baseline(scenario: Scenario, state: &State) {
    let statuses: Vec<_> = state.cases.values().map(|case| case.0).collect();
    let expected = match scenario {
        Scenario::NoModel => ["in_review"; 3],
        // Of changed texts, only what the screening alone had let through may it let through again.
        Scenario::First | Scenario::Announced | Scenario::Again | Scenario::Changed => {
            ["published", "in_review", "in_review"]
        }
        Scenario::Tighter => ["confidential", "in_review", "in_review"],
    };
    assert_eq!(statuses, expected, "{scenario:?}");
    let actions: &[AuditAction] = match scenario {
        Scenario::Changed => {
            &[AuditAction::Received, AuditAction::Screened, AuditAction::Edited, AuditAction::Rescreened]
        }
        Scenario::Tighter => &[AuditAction::Received, AuditAction::Screened, AuditAction::Tightened],
        _ => &[AuditAction::Received, AuditAction::Screened],
    };
    if scenario == Scenario::Tighter {
        assert_eq!(state.visibilities, TIGHTER);
        assert!(state.feed.is_empty(), "{state:?}");
    }
    assert!(state.cases.values().all(|case| case.1 == actions), "{scenario:?}: {state:?}");
}
