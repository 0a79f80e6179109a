//! What can go wrong, and whether trying again helps.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use saring_domain::case::{CaseError, CaseId};

use crate::item::DecodeError;
use crate::seal::SealError;

/// Codes of failures that pass by themselves.
const TRANSIENT_CODES: [&str; 9] = [
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It may: a throttle, a time-out, another writer.
    Worthwhile,
    /// It will not.
    Pointless,
}

/// Why an operation failed. Messages and sources carry no report text: the service's raw
/// responses, which do, are dropped.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer, or one that asks to come back.
    #[error("{operation} did not succeed for now")]
    Transient {
        /// What was tried.
        operation: &'static str,
        /// What the SDK says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The service refused.
    #[error("{operation} was refused")]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// What the SDK says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Other writers were faster every time.
    #[error("{operation} met other writers in each of {attempts} attempts")]
    Contended {
        /// What was tried.
        operation: &'static str,
        /// How often.
        attempts: u32,
    },
    /// The case changed since it was read.
    #[error("case {case} is at version {actual}, not {expected}")]
    Stale {
        /// Which case.
        case: CaseId,
        /// The version that the caller saw.
        expected: u64,
        /// The version that it has.
        actual: u64,
    },
    /// There is no such case.
    #[error("case {0} does not exist")]
    NoCase(CaseId),
    /// The tracking id belongs to another report.
    #[error("the tracking id of case {0} belongs to another report")]
    TrackingTaken(CaseId),
    /// Something to be written is beyond its limit.
    #[error("{what} has {actual} bytes, the limit is {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// Its size.
        actual: usize,
        /// The limit.
        limit: usize,
    },
    /// There would be more of something than its limit.
    #[error("there would be {actual} {what}, the limit is {limit}")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many.
        actual: usize,
        /// The limit.
        limit: usize,
    },
    /// An item is not as this program writes it.
    #[error("item '{item}' cannot be read")]
    Decode {
        /// Kind of the item.
        item: &'static str,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// A setting was changed since it was read.
    #[error("the setting was changed since it was read")]
    SettingMoved,
    /// A rollout goes on.
    #[error("a rollout goes on; it must end before another begins")]
    RolloutOn,
    /// The originals can't be written or read here.
    #[error("there is no key for originals")]
    NoKey,
    /// An original can't be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The state machine refuses.
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Transient { .. } | Self::Contended { .. } | Self::Seal(SealError::Random) => Retry::Worthwhile,
            Self::Refused { .. }
            | Self::Stale { .. }
            | Self::NoCase(_)
            | Self::TrackingTaken(_)
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::Decode { .. }
            | Self::SettingMoved
            | Self::RolloutOn
            | Self::NoKey
            | Self::Seal(_)
            | Self::Case(_) => Retry::Pointless,
        }
    }
}

/// For `map_err` on a decoder.
pub(crate) fn unreadable(item: &'static str) -> impl Fn(DecodeError) -> StoreError {
    move |source| StoreError::Decode { item, source }
}

/// For `map_err` on a call of the SDK.
pub(crate) fn failed<E, R>(operation: &'static str) -> impl Fn(SdkError<E, R>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        let transient = match &error {
            SdkError::ConstructionFailure(_) => false,
            SdkError::ServiceError(e) => e.err().code().is_some_and(|c| TRANSIENT_CODES.contains(&c)),
            // Time-outs, broken connections and garbled answers.
            _ => true,
        };
        // Without the raw response, which holds items.
        let source = error.into_source().unwrap_or_else(|_| "no further cause is known".into());
        if transient { StoreError::Transient { operation, source } } else { StoreError::Refused { operation, source } }
    }
}
