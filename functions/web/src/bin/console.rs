//! The Lambda function that is the moderators' console.

use lambda_http::{Error, run, tracing};
use saring_store::{Cases, TableConfig};
use saring_web::console::router_with;
use saring_web::{Identity, IdentitySettings, Settings};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let cases = Cases::connect(&TableConfig::from_env()?.with_originals()?).await;
    let identity = Identity::new(IdentitySettings::from_env()?)?;
    run(router_with(cases, &identity, &Settings::from_env()?)).await
}
