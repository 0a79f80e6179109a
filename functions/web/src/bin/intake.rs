//! The Lambda function that takes reports in.

use lambda_http::{Error, run, tracing};
use saring_store::{Cases, QueueConfig, Reports, TableConfig};
use saring_web::Settings;
use saring_web::intake::{Intake, router_with};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let reports = Reports::connect(&QueueConfig::from_env()?).await;
    run(router_with(Intake { cases, reports }, &Settings::from_env()?)).await
}
