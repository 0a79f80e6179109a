//! What every host has in common: an address, a file, a stop signal.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpListener;
use tokio::sync::watch;

/// Where a host keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In memory: gone when the host stops.
    Memory,
    /// In this file, which survives kill -9. It is created if it is absent.
    File(PathBuf),
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why a host did not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The queues' file can't be opened or is held by another host.
    #[error("cannot open the queues in {location}")]
    Queues {
        /// The file.
        location: Location,
        /// What the storage said.
        #[source]
        source: crate::queue::QueueError,
    },
    /// The tables' file can't be opened.
    #[error("cannot open the tables in {location}")]
    Tables {
        /// The file.
        location: Location,
        /// What the database said.
        #[source]
        source: dynoxide::DynoxideError,
    },
    /// The tables' file can't be indexed.
    #[error("cannot index the tables in {location}")]
    TableIndex {
        /// The file.
        location: Location,
        /// What the storage said.
        #[source]
        source: rusqlite::Error,
    },
}

/// Listens on the address; returns the endpoint URL too (port 0 becomes real).
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, String), HostError> {
    let fail = |source| HostError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let local = listener.local_addr().map_err(fail)?;
    Ok((listener, format!("http://{local}")))
}

/// A signal that is given once and seen by all who hold the other end. It is
/// given as well when the sender is dropped: nobody waits for the dead.
pub(crate) fn stop_signal() -> (watch::Sender<bool>, Stop) {
    let (sender, receiver) = watch::channel(false);
    (sender, Stop(receiver))
}

/// The end of the stop signal that waits.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn is_given(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Returns when the signal is given.
    pub(crate) fn given(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut receiver = self.0.clone();
        async move {
            // An error says that the sender is gone, which is a signal too.
            receiver.wait_for(|stop| *stop).await.ok();
        }
    }
}
