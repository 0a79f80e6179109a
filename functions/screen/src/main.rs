//! The Lambda function that screens the queue of reports.

use lambda_runtime::{Error, service_fn};
use saring_screen::{Assets, Candidate, Context, Screener, config::Config};
use saring_store::{Cases, TableConfig, Telemetry};

fn main() -> Result<(), Error> {
    saring_screen::restart_without_telemetry()?;
    start()
}

#[tokio::main]
async fn start() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = Config::from_env();
    let assets = Assets::load(&config)?;
    let candidate = Candidate::load(&assets, &config);
    let screener = Screener::new(assets)?;
    let cases = Cases::connect(&TableConfig::from_env()?.with_originals()?).await;
    let telemetry = Telemetry::from_env("saring-screen")?;
    let context = Context::new(screener, cases).with_candidate(candidate).with_telemetry(telemetry);
    lambda_runtime::run(service_fn(|event| context.handle(event))).await
}
