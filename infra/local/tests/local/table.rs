//! The table host through the real SDK.

use std::time::{Duration, SystemTime};

use crate::support::{TempDir, eventually};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use saring_local::table::{TableHost, TableHostOptions};
use saring_local::{HostError, REGION};

fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

async fn create_table(client: &aws_sdk_dynamodb::Client) {
    let key = KeySchemaElement::builder().attribute_name("id");
    let attribute = AttributeDefinition::builder().attribute_name("id");
    let attribute = attribute.attribute_type(ScalarAttributeType::S);
    client
        .create_table()
        .table_name("cases")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.key_type(KeyType::Hash).build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .send()
        .await
        .unwrap();
}

async fn put(client: &aws_sdk_dynamodb::Client, id: &str, expires_s: u64) {
    let put = client.put_item().table_name("cases");
    put.item("id", AttributeValue::S(id.to_owned()))
        .item("expires", AttributeValue::N(expires_s.to_string()))
        .send()
        .await
        .unwrap();
}

async fn has(client: &aws_sdk_dynamodb::Client, id: &str) -> bool {
    let get = client.get_item().table_name("cases");
    let get = get.key("id", AttributeValue::S(id.to_owned()));
    get.send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn items_past_their_time_to_live_are_deleted_on_a_timer() {
    let options = TableHostOptions { ttl_sweep_interval: Duration::from_millis(50), ..TableHostOptions::default() };
    let host = TableHost::start(options).await.unwrap();
    let client = dynamodb(host.endpoint());
    create_table(&client).await;
    let ttl = TimeToLiveSpecification::builder().enabled(true);
    let ttl = ttl.attribute_name("expires").build().unwrap();
    let update = client.update_time_to_live().table_name("cases");
    let update = update.time_to_live_specification(ttl);
    update.send().await.unwrap();
    let now_s = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    put(&client, "old", now_s - 10).await;
    put(&client, "new", now_s + 3600).await;
    eventually("the old item is gone", || async { !has(&client, "old").await }).await;
    assert!(has(&client, "new").await);
    host.shutdown().await;
}

#[tokio::test]
async fn a_file_outlives_its_host() {
    let dir = TempDir::new();
    let options = TableHostOptions { location: dir.location("tables.db"), ..TableHostOptions::default() };
    let host = TableHost::start(options.clone()).await.unwrap();
    let client = dynamodb(host.endpoint());
    create_table(&client).await;
    put(&client, "a", 0).await;
    host.shutdown().await;
    let host = TableHost::start(options).await.unwrap();
    assert!(has(&dynamodb(host.endpoint()), "a").await);
}

#[tokio::test]
async fn a_taken_address_is_a_clear_error() {
    let host = TableHost::start(TableHostOptions::default()).await.unwrap();
    let address = host.endpoint()["http://".len()..].to_owned();
    let options = TableHostOptions { listen: address.parse().unwrap(), ..TableHostOptions::default() };
    let error = TableHost::start(options).await.unwrap_err();
    assert!(matches!(error, HostError::Listen { .. }), "{error}");
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}
