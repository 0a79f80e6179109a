//! The Lambda function that shows moderators what waits for them; the gateway before it asks for a token.

use lambda_http::{Error, run, tracing};
use saring_store::{Cases, TableConfig};
use saring_web::Settings;
use saring_web::console::router_with;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    run(router_with(cases, &Settings::from_env()?)).await
}
