//! The Lambda function that turns the table's stream into decisions.

use lambda_runtime::{Error, service_fn};
use saring_notify::Context;
use saring_store::{Decisions, QueueConfig, Telemetry, env};

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let queue = QueueConfig::named_by(env::DECISIONS_QUEUE_URL)?;
    let telemetry = Telemetry::from_env("saring-notify")?;
    let context = Context::new(Decisions::connect(&queue).await).with_telemetry(telemetry);
    lambda_runtime::run(service_fn(|event| context.handle(event))).await
}
