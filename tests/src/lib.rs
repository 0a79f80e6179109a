//! Contract, flow and tidy tests of Saring; the tests stand beside this file.

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};

/// A client of the local queues, as another system would have one.
#[must_use]
pub fn queue_client(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(saring_local::REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}
