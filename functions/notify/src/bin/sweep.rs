//! The Lambda function that looks after locks and clocks, on a schedule.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use saring_notify::SweepData;
use saring_notify::drift::{reference_or_nothing, tell_drift};
use saring_notify::sweep::{Sweep, now};
use saring_store::{Cases, DeadLetters, Measure, QueueConfig, TableConfig, Telemetry, env, metric};

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let data = SweepData::from_env()?;
    let reference = reference_or_nothing();
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let dead = DeadLetters::connect(&QueueConfig::named_by(env::REPORTS_DEAD_QUEUE_URL)?).await;
    let telemetry = Telemetry::from_env("saring-sweep")?;
    let sweep = Sweep { cases: &cases, data: &data, dead: &dead };
    let handle = async |_: LambdaEvent<serde_json::Value>| -> Result<(), Error> {
        let swept = Box::pin(sweep.run(now())).await?;
        swept.log();
        tell_drift(&cases, reference.as_ref(), &telemetry, now()).await;
        telemetry.metrics(&[
            Measure::count(metric::SWEEP_FOUND, usize::from(swept.calls_for_a_person())),
            Measure::count(metric::ROLLED_BACK, usize::from(swept.ended_rollout())),
        ]);
        Ok(())
    };
    lambda_runtime::run(service_fn(handle)).await
}
