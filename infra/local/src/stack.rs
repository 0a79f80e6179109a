//! The whole system on this machine: table, queues, and the functions that screen and notify, the
//! real binaries.

mod parts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use saring_store::{Cases, QueueConfig, Reports, StoreError, TableConfig};

use crate::host::{HostError, Location};
use crate::mapping::{
    Mapping, MappingCounters, MappingError, MappingOptions, StreamCounters, StreamError, StreamMapping, StreamOptions,
};
use crate::queue::{DeadLetter, QueueClient, QueueClientError, QueueDepth, QueueHost, QueueHostOptions, QueueSpec};
use crate::runtime::{Function, FunctionError, FunctionLog, InvokeError};
use crate::table::{TableHost, TableHostOptions};

use parts::{Urls, notify_function, original_keys, screen_function, write_environment};

const TABLE: &str = "saring";
const REPORTS: &str = "reports";
const REPORTS_DEAD: &str = "reports-dead";
const DECISIONS: &str = "decisions";
const DECISIONS_DEAD: &str = "decisions-dead";
/// In the directory of the state: where `notify` is in the stream.
const CHECKPOINT_FILE: &str = "notify.checkpoint";
/// In the directory of the state: the variables with which the `saring` commands find this stack.
const ENVIRONMENT_FILE: &str = "local.env";
/// In the directory of the state: what wraps the keys of originals. Without it they can't be read.
const KEY_FILE: &str = "original.key";
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Six times the function's time-out, as AWS advises.
const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(1);
/// After so many receives a message goes to the dead-letter queue.
const RECEIVES_MAX: u32 = 5;
/// After so many retries, some minutes, an entry of the stream does.
const STREAM_RETRIES_MAX: u32 = 50;

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Directory of the state; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// The screening function's executable.
    pub screen: PathBuf,
    /// The notifying function's executable.
    pub notify: PathBuf,
    /// Further environment of both functions, such as where the models are.
    pub environment: BTreeMap<String, String>,
    /// Processes of the screening function.
    pub processes: usize,
    /// How long a received message stays hidden.
    pub visibility_timeout: Duration,
    /// Where the functions' output goes.
    pub log: FunctionLog,
}

impl StackOptions {
    /// State in memory, one process, the functions' output discarded; `notify` stands beside
    /// `screen`.
    #[must_use]
    pub fn new(screen: &Path) -> Self {
        Self {
            data: None,
            screen: screen.to_owned(),
            notify: screen.with_file_name("notify"),
            environment: BTreeMap::new(),
            processes: 1,
            visibility_timeout: VISIBILITY_TIMEOUT,
            log: FunctionLog::Discard,
        }
    }
}

/// Why the stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The directory of the state can't be made.
    #[error("directory {path} cannot be created")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file with the key of originals can't be read or made.
    #[error("key file {path} cannot be read or made")]
    Key {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A host did not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The table could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue could not be made or read.
    #[error(transparent)]
    Queue(#[from] QueueClientError),
    /// The function could not be started.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// The function started and failed.
    #[error(transparent)]
    Init(#[from] InvokeError),
    /// The function could not be joined to the queue.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The function could not be joined to the table's stream.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The file with the variables can't be written.
    #[error("file {path} cannot be written")]
    Environment {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    table: TableHost,
    queue: QueueHost,
    function: Function,
    mapping: Mapping,
    notify: Function,
    stream: StreamMapping,
    urls: Urls,
    cases: Cases,
    reports: Reports,
}

impl Stack {
    /// Starts everything and waits until the function answers.
    ///
    /// # Errors
    /// The first part that does not start.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        if let Some(path) = &options.data {
            std::fs::create_dir_all(path).map_err(|source| StackError::Directory { path: path.clone(), source })?;
        }
        let location = |name: &str| options.data.as_ref().map_or(Location::Memory, |d| Location::File(d.join(name)));
        let table =
            TableHost::start(TableHostOptions { location: location("table.db"), ..TableHostOptions::default() })
                .await?;
        let queue =
            QueueHost::start(QueueHostOptions { location: location("queues.db"), ..QueueHostOptions::default() })
                .await?;
        let mut config = TableConfig::local(TABLE, table.endpoint());
        if let Some(directory) = &options.data {
            config.original_keys = Some(original_keys(&directory.join(KEY_FILE))?);
        }
        let cases = Cases::connect(&config).await;
        cases.create_table().await?;
        let client = queue.client();
        let urls = Urls {
            reports_dead: client.ensure_queue(&QueueSpec::new(REPORTS_DEAD)).await?,
            decisions_dead: client.ensure_queue(&QueueSpec::new(DECISIONS_DEAD)).await?,
            decisions: client.ensure_queue(&QueueSpec::new(DECISIONS)).await?,
            reports: {
                let mut spec = QueueSpec::new(REPORTS);
                spec.visibility_timeout = options.visibility_timeout;
                spec.dead_letter = Some(DeadLetter { queue: REPORTS_DEAD.to_owned(), receives_max: RECEIVES_MAX });
                client.ensure_queue(&spec).await?
            },
        };
        if let Some(directory) = &options.data {
            let path = directory.join(ENVIRONMENT_FILE);
            let written = write_environment(&path, &config, queue.endpoint(), &urls);
            written.map_err(|source| StackError::Environment { path, source })?;
        }
        let reports = Reports::connect(&QueueConfig::local(&urls.reports, queue.endpoint())).await;
        let function = screen_function(&options, &config)?;
        let notify = notify_function(&options, queue.endpoint(), &urls.decisions)?;
        function.ready().await?;
        notify.ready().await?;
        let mut mapping = MappingOptions::new(urls.reports.clone());
        mapping.concurrency = options.processes + 1;
        let mapping = Mapping::attach(client.clone(), function.clone(), mapping).await?;
        let mut stream = StreamOptions::new(TABLE);
        stream.retries_max = STREAM_RETRIES_MAX;
        stream.dead_letter_url = Some(urls.decisions_dead.clone());
        stream.checkpoint = options.data.as_ref().map(|directory| directory.join(CHECKPOINT_FILE));
        let stream = StreamMapping::attach(&table, client, notify.clone(), stream)?;
        Ok(Self { table, queue, function, mapping, notify, stream, urls, cases, reports })
    }

    /// The table of cases.
    #[must_use]
    pub fn cases(&self) -> &Cases {
        &self.cases
    }

    /// The way in.
    #[must_use]
    pub fn reports(&self) -> &Reports {
        &self.reports
    }

    /// A client for messages that are no reports.
    #[must_use]
    pub fn queue(&self) -> QueueClient {
        self.queue.client()
    }

    /// URL of the queue of reports.
    #[must_use]
    pub fn reports_url(&self) -> &str {
        &self.urls.reports
    }

    /// URL of the queue of decisions.
    #[must_use]
    pub fn decisions_url(&self) -> &str {
        &self.urls.decisions
    }

    /// Address of the queue service.
    #[must_use]
    pub fn queue_endpoint(&self) -> &str {
        self.queue.endpoint()
    }

    /// Address of the table service.
    #[must_use]
    pub fn table_endpoint(&self) -> &str {
        self.table.endpoint()
    }

    /// Processes of the notifying function, for killing them.
    #[must_use]
    pub fn notify_process_ids(&self) -> Vec<u32> {
        self.notify.process_ids()
    }

    /// What the mapping of the table's stream has done so far.
    #[must_use]
    pub fn stream_counters(&self) -> StreamCounters {
        self.stream.counters()
    }

    /// Entries of the stream that were given up.
    ///
    /// # Errors
    /// The queue doesn't answer.
    pub async fn dead_decisions(&self) -> Result<QueueDepth, StackError> {
        Ok(self.queue.client().depth(&self.urls.decisions_dead).await?)
    }

    /// The screening function's processes, for killing them.
    #[must_use]
    pub fn process_ids(&self) -> Vec<u32> {
        self.function.process_ids()
    }

    /// What the mapping has done so far.
    #[must_use]
    pub fn counters(&self) -> MappingCounters {
        self.mapping.counters()
    }

    /// Messages of the queue of reports.
    ///
    /// # Errors
    /// The queue doesn't answer.
    pub async fn waiting(&self) -> Result<QueueDepth, StackError> {
        Ok(self.queue.client().depth(&self.urls.reports).await?)
    }

    /// Messages of the dead-letter queue.
    ///
    /// # Errors
    /// The queue doesn't answer.
    pub async fn dead(&self) -> Result<QueueDepth, StackError> {
        Ok(self.queue.client().depth(&self.urls.reports_dead).await?)
    }

    /// Stops in the order in which reports flow.
    pub async fn shutdown(self) {
        self.mapping.shutdown().await;
        self.function.shutdown().await;
        self.stream.shutdown().await;
        self.notify.shutdown().await;
        self.queue.shutdown().await;
        self.table.shutdown().await;
    }
}
