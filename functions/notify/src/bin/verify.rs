//! The Lambda function that walks the table and proves the invariants, on a schedule.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use saring_store::verify::{Findings, Place, page};
use saring_store::{Cases, Measure, TableConfig, Telemetry, metric};

/// Left for the page at hand and the log when the time limit comes near.
const RESERVE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let telemetry = Telemetry::from_env("saring-verify")?;
    lambda_runtime::run(service_fn(|event| walk(&cases, &telemetry, event))).await
}

async fn walk(cases: &Cases, telemetry: &Telemetry, event: LambdaEvent<serde_json::Value>) -> Result<(), Error> {
    let (mut findings, mut place) = (Findings::default(), Some(Place::start()));
    while let Some(at) = place.take_if(|_| SystemTime::now() + RESERVE < event.context.deadline()) {
        place = page(cases, at, &mut findings).await?;
    }
    for violation in &findings.violations {
        tracing::error!(verify.violation = violation.kind.name(), verify.id = %violation.id, "an invariant is broken");
    }
    if place.is_some() {
        tracing::warn!(verify.cases = findings.cases, "the walk did not end in its time");
    }
    telemetry.metrics(&[
        Measure::count(metric::VIOLATIONS, findings.violations.len()),
        Measure::count(metric::VERIFY_UNFINISHED, usize::from(place.is_some())),
    ]);
    tracing::info!(verify.cases = findings.cases, verify.feed_rows = findings.feed_rows, "walked");
    Ok(())
}
