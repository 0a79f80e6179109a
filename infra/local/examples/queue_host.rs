//! A queue host as its own process, for tests that kill it.
//!
//! `queue_host FILE` prints its endpoint and serves until it is killed.

use std::path::PathBuf;

use saring_local::Location;
use saring_local::queue::{QueueHost, QueueHostOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: queue_host FILE")?;
    let host = QueueHost::start(QueueHostOptions {
        location: Location::File(PathBuf::from(file)),
        ..QueueHostOptions::default()
    })
    .await?;
    println!("{}", host.endpoint());
    tokio::signal::ctrl_c().await?;
    host.shutdown().await;
    Ok(())
}
