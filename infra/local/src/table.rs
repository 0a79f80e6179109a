//! The embedded database, served for the real SDK.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::host::{HostError, Location, Stop, listen, stop_signal};

/// How often expired items are deleted, unless the options say otherwise. The
/// real service takes up to days; readers must not rely on the deletion.
pub const TTL_SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// How to start a [`TableHost`].
#[derive(Debug, Clone)]
pub struct TableHostOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the tables are kept.
    pub location: Location,
    /// How often items past their time to live are deleted.
    pub ttl_sweep_interval: Duration,
}

impl Default for TableHostOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            location: Location::Memory,
            ttl_sweep_interval: TTL_SWEEP_INTERVAL,
        }
    }
}

/// A running table service. Dropping it stops it without waiting.
pub struct TableHost {
    endpoint: String,
    database: Database,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl std::fmt::Debug for TableHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableHost").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl TableHost {
    /// Opens the database and serves it.
    ///
    /// # Errors
    /// If the address is taken or the file can't be opened.
    pub async fn start(options: TableHostOptions) -> Result<Self, HostError> {
        let (listener, endpoint) = listen(options.listen).await?;
        let database = open(&options.location)
            .map_err(|source| HostError::Tables { location: options.location.clone(), source })?;
        index_stream(&options.location)
            .map_err(|source| HostError::TableIndex { location: options.location, source })?;
        let (sender, stop) = stop_signal();
        let interval = options.ttl_sweep_interval;
        let shared = database.clone();
        let server = tokio::spawn(async move {
            let sweeper = tokio::spawn(sweep(shared.clone(), interval, stop.clone()));
            let served = dynoxide::server::serve_with_shutdown(listener, shared, stop.given()).await;
            if let Err(error) = served {
                tracing::error!(%error, "table host failed");
            }
            sweeper.abort();
        });
        Ok(Self { endpoint, database, stop: sender, server })
    }

    /// The URL for the SDK.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The database itself, for what the service does not offer over HTTP.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Answers what is being asked, then closes the file.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.server.await {
            tracing::error!(%error, "table host ended early");
        }
    }
}

fn open(location: &Location) -> Result<Database, DynoxideError> {
    match location {
        Location::Memory => Database::memory(),
        Location::File(path) => Database::new(&path.to_string_lossy()),
    }
}

/// The database numbers each entry of a stream by the largest number so far, without an index: a
/// walk over all entries, images included, for each write. In memory nobody else can add one.
fn index_stream(location: &Location) -> Result<(), rusqlite::Error> {
    const INDEXES: &str = "
        CREATE INDEX IF NOT EXISTS saring_stream_number
            ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
        CREATE INDEX IF NOT EXISTS saring_stream_shard
            ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));";
    let Location::File(path) = location else { return Ok(()) };
    let database = rusqlite::Connection::open(path)?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.execute_batch(INDEXES)
}

/// Deletes expired items from time to time: the database does not do it itself.
async fn sweep(database: Database, interval: Duration, stop: Stop) {
    while !stop.is_given() {
        tokio::time::sleep(interval).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::info!(table.items = items, "time to live ended"),
            Ok(Err(error)) => tracing::error!(%error, "table sweep failed"),
            Err(error) => tracing::error!(%error, "table sweep ended early"),
        }
    }
}
