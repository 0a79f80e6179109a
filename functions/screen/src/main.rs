//! The Lambda function that screens the queue of reports.

use lambda_runtime::{Error, service_fn};
use saring_screen::{Assets, Context, Screener, config::Config};
use saring_store::{Cases, TableConfig, Telemetry};

fn main() -> Result<(), Error> {
    saring_screen::restart_without_telemetry()?;
    start()
}

#[tokio::main]
async fn start() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let screener = Screener::new(Assets::load(&Config::from_env())?)?;
    let cases = Cases::connect(&TableConfig::from_env()?.with_originals()?).await;
    let context = Context::new(screener, cases).with_telemetry(Telemetry::from_env("saring-screen")?);
    lambda_runtime::run(service_fn(|event| context.handle(event))).await
}
