//! What a stack is put together from: keys, functions, and the file by which others find it.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use saring_store::{Keyring, OriginalKey, StoreError, TableConfig, env};

use crate::runtime::{Function, FunctionError, FunctionOptions};

use super::{FUNCTION_TIMEOUT, StackError, StackOptions, TABLE};

/// Only the owner may read what holds a key.
const PRIVATE_MODE: u32 = 0o600;

/// The queues.
#[derive(Debug)]
pub(super) struct Urls {
    pub(super) reports: String,
    pub(super) reports_dead: String,
    pub(super) decisions: String,
    pub(super) decisions_dead: String,
}

/// The key in a file that only its owner may read; a new one where there is none.
pub(super) fn original_keys(path: &Path) -> Result<Keyring, StackError> {
    let fail = |source| StackError::Key { path: path.to_owned(), source };
    let current = match std::fs::read_to_string(path) {
        Ok(digits) => OriginalKey::parse(&digits).map_err(StoreError::from)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = OriginalKey::random().map_err(StoreError::from)?;
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(path).map_err(fail)?;
            writeln!(file, "{}", key.digits()).map_err(fail)?;
            file.sync_all().map_err(fail)?;
            key
        }
        Err(error) => return Err(fail(error)),
    };
    Ok(Keyring { current, previous: Vec::new() })
}

/// Writes what `saring verify`, `erase`, `redrive` and `sweep` need: `set -a; . local.env`.
pub(super) fn write_environment(
    path: &Path,
    table: &TableConfig,
    queue_endpoint: &str,
    urls: &Urls,
) -> std::io::Result<()> {
    let key = table.original_keys.as_ref().map(|keys| keys.current.digits()).unwrap_or_default();
    let variables = [
        (env::TABLE, TABLE),
        (env::TABLE_ENDPOINT, table.endpoint.as_deref().unwrap_or_default()),
        (env::QUEUE_ENDPOINT, queue_endpoint),
        (env::REGION, crate::REGION),
        (env::REPORTS_QUEUE_URL, &urls.reports),
        (env::REPORTS_DEAD_QUEUE_URL, &urls.reports_dead),
        (env::DECISIONS_QUEUE_URL, &urls.decisions),
        (env::ORIGINAL_KEY, &key),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let mut text = String::new();
    for (name, value) in variables {
        writeln!(text, "{name}={value}").expect("writing to a string cannot fail");
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE_MODE).open(path)?;
    file.write_all(text.as_bytes())
}

pub(super) fn screen_function(options: &StackOptions, config: &TableConfig) -> Result<Function, FunctionError> {
    let mut function = function("screen", &options.screen, options);
    function.concurrency = options.processes;
    function.env.clone_from(&options.environment);
    let key = config.original_keys.as_ref().map(|keys| keys.current.digits()).unwrap_or_default();
    let local = [
        (env::TABLE, TABLE),
        (env::TABLE_ENDPOINT, config.endpoint.as_deref().unwrap_or_default()),
        (env::ORIGINAL_KEY, key.as_str()),
        (env::REGION, crate::REGION),
        ("ORT_DISABLE_TELEMETRY", "1"),
    ];
    function.env.extend(local.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Function::spawn(function)
}

pub(super) fn notify_function(
    options: &StackOptions,
    queue_endpoint: &str,
    decisions_url: &str,
) -> Result<Function, FunctionError> {
    let mut function = function("notify", &options.notify, options);
    function.env.clone_from(&options.environment);
    let local = [
        (env::DECISIONS_QUEUE_URL, decisions_url),
        (env::QUEUE_ENDPOINT, queue_endpoint),
        (env::REGION, crate::REGION),
    ];
    function.env.extend(local.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Function::spawn(function)
}

fn function(name: &str, binary: &Path, options: &StackOptions) -> FunctionOptions {
    let mut function = FunctionOptions::new(name, binary);
    function.timeout = FUNCTION_TIMEOUT;
    function.log = options.log.clone();
    function
}
