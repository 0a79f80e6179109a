//! The Lambda function that takes reports in.

use lambda_http::{Error, run, tracing};
use saring_store::{Cases, QueueConfig, Reports, TableConfig, Telemetry};
use saring_web::Settings;
use saring_web::intake::{Intake, router_with};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let cases = Cases::connect(&TableConfig::from_env()?.with_originals()?).await;
    let reports = Reports::connect(&QueueConfig::from_env()?).await;
    let settings = Settings { telemetry: Telemetry::from_env("saring-intake")?, ..Settings::from_env()? };
    run(router_with(Intake { cases, reports }, &settings)).await
}
