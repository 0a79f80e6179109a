//! Where the table and the queue are.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::seal::{Keyring, OriginalKey};

/// Every environment variable of this crate. Credentials come the SDK's usual way.
pub mod env {
    /// Name of the table.
    pub const TABLE: &str = "SARING_TABLE";
    /// URL of the queue of reports.
    pub const REPORTS_QUEUE_URL: &str = "SARING_REPORTS_QUEUE_URL";
    /// Days for which originals are kept; optional.
    pub const ORIGINAL_RETENTION_DAYS: &str = "SARING_ORIGINAL_RETENTION_DAYS";
    /// Key that wraps the keys of originals, 64 hexadecimal digits; only for functions that write or
    /// read originals.
    pub const ORIGINAL_KEY: &str = "SARING_ORIGINAL_KEY";
    /// Keys that wrapped before, separated by commas; optional.
    pub const ORIGINAL_KEYS_PREVIOUS: &str = "SARING_ORIGINAL_KEYS_PREVIOUS";
    /// URL of the dead letters of the queue of reports.
    pub const REPORTS_DEAD_QUEUE_URL: &str = "SARING_REPORTS_DEAD_QUEUE_URL";
    /// URL of the queue of decisions.
    pub const DECISIONS_QUEUE_URL: &str = "SARING_DECISIONS_QUEUE_URL";
    /// Namespace of the metrics in the log; without it there are none.
    pub const METRICS_NAMESPACE: &str = "SARING_METRICS_NAMESPACE";
    /// Percentage of reports whose trace is written; none without it.
    pub const TRACE_PERCENT: &str = "SARING_TRACE_PERCENT";
    /// Region of both services.
    pub const REGION: &str = "AWS_REGION";
    /// Address of the table service, if it is not the region's; optional.
    pub const TABLE_ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";
    /// Address of the service of objects, if it is not the region's; optional.
    pub const OBJECT_ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";
    /// Address of the queue service, if it is not the region's; optional.
    pub const QUEUE_ENDPOINT: &str = "AWS_ENDPOINT_URL_SQS";
}

/// Days for which originals are kept, unless the environment says otherwise.
const ORIGINAL_RETENTION_DAYS: u32 = 365;
pub(crate) const LOCAL_REGION: &str = "us-east-1";
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
pub(crate) const ATTEMPTS_MAX: u32 = 3;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable can't be read.
    #[error("environment variable {name} must be {expected}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// Who the clients say they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The SDK's usual sources: environment, role, profile.
    Usual,
    /// Nobody, for emulators on this machine; never chosen by [`TableConfig::from_env`].
    Local,
}

/// Where the table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableConfig {
    /// Name of the table.
    pub table: String,
    /// Region of the service.
    pub region: String,
    /// Address of the service, if it is not the region's; `http://` goes without TLS.
    pub endpoint: Option<String>,
    /// Who the client says it is.
    pub access: Access,
    /// Days for which originals are kept.
    pub original_retention_days: u32,
    /// Keys of the originals; `None` for what neither writes nor reads them.
    pub original_keys: Option<Keyring>,
}

impl TableConfig {
    /// # Errors
    /// A variable of [`mod@env`] that is missing or can't be read. The key of originals may be
    /// missing: see [`TableConfig::with_originals`].
    pub fn from_env() -> Result<Self, ConfigError> {
        let days = match optional(env::ORIGINAL_RETENTION_DAYS) {
            Some(days) => days.parse().ok().filter(|days| *days > 0).ok_or(ConfigError::Value {
                name: env::ORIGINAL_RETENTION_DAYS,
                expected: "a number of days above 0",
            })?,
            None => ORIGINAL_RETENTION_DAYS,
        };
        Ok(Self {
            table: required(env::TABLE)?,
            region: required(env::REGION)?,
            endpoint: optional(env::TABLE_ENDPOINT),
            access: Access::Usual,
            original_retention_days: days,
            original_keys: keys_from_env()?,
        })
    }

    /// For what can't work without the originals.
    ///
    /// # Errors
    /// The key of originals is missing.
    pub fn with_originals(self) -> Result<Self, ConfigError> {
        match self.original_keys {
            Some(_) => Ok(self),
            None => Err(ConfigError::Missing(env::ORIGINAL_KEY)),
        }
    }

    /// A table on an endpoint of this machine. Originals get a key that is made now and that
    /// nobody else has, unless `original_keys` is set to another.
    #[must_use]
    pub fn local(table: &str, endpoint: &str) -> Self {
        Self {
            table: table.to_owned(),
            region: LOCAL_REGION.to_owned(),
            endpoint: Some(endpoint.to_owned()),
            access: Access::Local,
            original_retention_days: ORIGINAL_RETENTION_DAYS,
            original_keys: OriginalKey::random().ok().map(|current| Keyring { current, previous: Vec::new() }),
        }
    }
}

/// Where a queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// URL of the queue.
    pub url: String,
    /// Region of the service.
    pub region: String,
    /// Address of the service, if it is not the region's; `http://` goes without TLS.
    pub endpoint: Option<String>,
    /// Who the client says it is.
    pub access: Access,
}

impl QueueConfig {
    /// # Errors
    /// A variable of [`mod@env`] that is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::named_by(env::REPORTS_QUEUE_URL)
    }

    /// The queue whose URL a variable of [`mod@env`] holds.
    ///
    /// # Errors
    /// A variable of [`mod@env`] that is missing.
    pub fn named_by(variable: &'static str) -> Result<Self, ConfigError> {
        Ok(Self {
            url: required(variable)?,
            region: required(env::REGION)?,
            endpoint: optional(env::QUEUE_ENDPOINT),
            access: Access::Usual,
        })
    }

    /// A queue on an endpoint of this machine.
    #[must_use]
    pub fn local(url: &str, endpoint: &str) -> Self {
        Self {
            url: url.to_owned(),
            region: LOCAL_REGION.to_owned(),
            endpoint: Some(endpoint.to_owned()),
            access: Access::Local,
        }
    }
}

fn keys_from_env() -> Result<Option<Keyring>, ConfigError> {
    let key = |name, digits: &str| {
        OriginalKey::parse(digits).map_err(|_| ConfigError::Value { name, expected: "64 hexadecimal digits" })
    };
    let Some(current) = optional(env::ORIGINAL_KEY) else { return Ok(None) };
    let previous = optional(env::ORIGINAL_KEYS_PREVIOUS).unwrap_or_default();
    let previous = previous.split(',').filter(|digits| !digits.trim().is_empty());
    Ok(Some(Keyring {
        current: key(env::ORIGINAL_KEY, &current)?,
        previous: previous.map(|digits| key(env::ORIGINAL_KEYS_PREVIOUS, digits)).collect::<Result<_, _>>()?,
    }))
}

pub(crate) fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// What both clients share: timeouts, retries, and TLS only where the endpoint needs it.
pub(crate) async fn sdk(region: &str, endpoint: Option<&str>, access: Access) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new();
    let http = if endpoint.is_some_and(|e| e.starts_with("http://")) {
        http.build_http()
    } else {
        http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    };
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(http)
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX));
    let loader = match access {
        Access::Usual => loader,
        Access::Local => loader.credentials_provider(Credentials::new("local", "local", None, None, "local")),
    };
    match endpoint {
        Some(endpoint) => loader.endpoint_url(endpoint).load().await,
        None => loader.load().await,
    }
}

pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}
