//! The whole system on this machine: table, queues and the screening function, the real binary.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use saring_store::{Cases, Keyring, OriginalKey, QueueConfig, Reports, StoreError, TableConfig};

use crate::host::{HostError, Location};
use crate::mapping::{Mapping, MappingCounters, MappingError, MappingOptions};
use crate::queue::{DeadLetter, QueueClient, QueueClientError, QueueDepth, QueueHost, QueueHostOptions, QueueSpec};
use crate::runtime::{Function, FunctionError, FunctionLog, FunctionOptions, InvokeError};
use crate::table::{TableHost, TableHostOptions};

const TABLE: &str = "saring";
const REPORTS: &str = "reports";
const REPORTS_DEAD: &str = "reports-dead";
/// In the directory of the state: what wraps the keys of originals. Without it they can't be read.
const KEY_FILE: &str = "original.key";
const KEY_FILE_MODE: u32 = 0o600;
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Six times the function's time-out, as AWS advises.
const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(1);
/// After so many receives a message goes to the dead-letter queue.
const RECEIVES_MAX: u32 = 5;

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Directory of the state; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// The screening function's executable.
    pub screen: PathBuf,
    /// Further environment of the function, such as where the models are.
    pub environment: BTreeMap<String, String>,
    /// Processes of the function.
    pub processes: usize,
    /// How long a received message stays hidden.
    pub visibility_timeout: Duration,
    /// Where the function's output goes.
    pub log: FunctionLog,
}

impl StackOptions {
    /// State in memory, one process, the function's output discarded.
    #[must_use]
    pub fn new(screen: &Path) -> Self {
        Self {
            data: None,
            screen: screen.to_owned(),
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
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    table: TableHost,
    queue: QueueHost,
    function: Function,
    mapping: Mapping,
    reports_url: String,
    dead_url: String,
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
        let dead_url = client.ensure_queue(&QueueSpec::new(REPORTS_DEAD)).await?;
        let mut spec = QueueSpec::new(REPORTS);
        spec.visibility_timeout = options.visibility_timeout;
        spec.dead_letter = Some(DeadLetter { queue: REPORTS_DEAD.to_owned(), receives_max: RECEIVES_MAX });
        let reports_url = client.ensure_queue(&spec).await?;
        let reports = Reports::connect(&QueueConfig::local(&reports_url, queue.endpoint())).await;
        let function = screen_function(&options, &config)?;
        function.ready().await?;
        let mut mapping = MappingOptions::new(reports_url.clone());
        mapping.concurrency = options.processes + 1;
        let mapping = Mapping::attach(client, function.clone(), mapping).await?;
        Ok(Self { table, queue, function, mapping, reports_url, dead_url, cases, reports })
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
        &self.reports_url
    }

    /// The function's processes, for killing them.
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
        Ok(self.queue.client().depth(&self.reports_url).await?)
    }

    /// Messages of the dead-letter queue.
    ///
    /// # Errors
    /// The queue doesn't answer.
    pub async fn dead(&self) -> Result<QueueDepth, StackError> {
        Ok(self.queue.client().depth(&self.dead_url).await?)
    }

    /// Stops in the order in which reports flow.
    pub async fn shutdown(self) {
        self.mapping.shutdown().await;
        self.function.shutdown().await;
        self.queue.shutdown().await;
        self.table.shutdown().await;
    }
}

/// The key in a file that only its owner may read; a new one where there is none.
fn original_keys(path: &Path) -> Result<Keyring, StackError> {
    let fail = |source| StackError::Key { path: path.to_owned(), source };
    let current = match std::fs::read_to_string(path) {
        Ok(digits) => OriginalKey::parse(&digits).map_err(StoreError::from)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = OriginalKey::random().map_err(StoreError::from)?;
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(KEY_FILE_MODE).open(path).map_err(fail)?;
            writeln!(file, "{}", key.digits()).map_err(fail)?;
            file.sync_all().map_err(fail)?;
            key
        }
        Err(error) => return Err(fail(error)),
    };
    Ok(Keyring { current, previous: Vec::new() })
}

fn screen_function(options: &StackOptions, config: &TableConfig) -> Result<Function, FunctionError> {
    let mut function = FunctionOptions::new("screen", &options.screen);
    function.concurrency = options.processes;
    function.timeout = FUNCTION_TIMEOUT;
    function.log = options.log.clone();
    function.env.clone_from(&options.environment);
    let key = config.original_keys.as_ref().map(|keys| keys.current.digits()).unwrap_or_default();
    let local = [
        (saring_store::env::TABLE, TABLE),
        (saring_store::env::TABLE_ENDPOINT, config.endpoint.as_deref().unwrap_or_default()),
        (saring_store::env::ORIGINAL_KEY, key.as_str()),
        (saring_store::env::REGION, crate::REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("ORT_DISABLE_TELEMETRY", "1"),
    ];
    function.env.extend(local.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Function::spawn(function)
}
