//! What a queue refuses, and how the protocol says it.

use axum::http::StatusCode;

use super::wire::BatchErrorEntry;

/// Why a request to the queue was refused.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// No queue has this name.
    #[error("queue {0} does not exist")]
    QueueDoesNotExist(String),
    /// A queue of this name exists with other attributes.
    #[error("queue {0} exists with other attributes")]
    QueueNameExists(String),
    /// The receipt handle is not one that this queue gave out.
    #[error("receipt handle is not one of this queue")]
    ReceiptHandleIsInvalid,
    /// The message is not in flight under this receipt.
    #[error("message is not in flight under this receipt handle")]
    MessageNotInflight,
    /// A batch without entries.
    #[error("batch has no entries")]
    EmptyBatchRequest,
    /// A batch with too many entries.
    #[error("batch has {entries} entries, at most {entries_max} are allowed")]
    TooManyEntries {
        /// Entries in the request.
        entries: usize,
        /// Entries that are allowed.
        entries_max: usize,
    },
    /// Two entries of a batch share an id.
    #[error("batch entry id {0} is given twice")]
    BatchEntryIdsNotDistinct(String),
    /// An entry's id is malformed.
    #[error("batch entry id must be 1 to 80 letters, digits, hyphens or underscores")]
    InvalidBatchEntryId,
    /// The messages of a batch are too large together.
    #[error("batch has {bytes} bytes, at most {bytes_max} are allowed")]
    BatchRequestTooLong {
        /// Bytes of all messages.
        bytes: usize,
        /// Bytes that are allowed.
        bytes_max: usize,
    },
    /// A parameter has a value outside its range.
    #[error("parameter {name} is invalid: {reason}")]
    InvalidParameterValue {
        /// The parameter's name.
        name: &'static str,
        /// What it must be.
        reason: String,
    },
    /// A queue attribute that this emulator does not have.
    #[error("queue attribute {0} is unknown")]
    InvalidAttributeName(String),
    /// A queue attribute has a value outside its range.
    #[error("queue attribute {name} is invalid: {reason}")]
    InvalidAttributeValue {
        /// The attribute's name.
        name: &'static str,
        /// What it must be.
        reason: String,
    },
    /// The body has characters outside the allowed set.
    #[error("message body has a character that is not allowed: U+{0:04X}")]
    InvalidMessageContents(u32),
    /// An operation or option that this emulator does not have.
    #[error("{0} is not supported by the local queue")]
    UnsupportedOperation(String),
    /// The request is not the JSON that the operation takes.
    #[error("request is malformed")]
    Malformed(#[source] serde_json::Error),
    /// The database failed; nothing of the request took effect.
    #[error("queue storage failed")]
    Storage(#[from] rusqlite::Error),
    /// A stored record does not parse, or an answer can't be written as JSON.
    #[error("queue record is not valid JSON")]
    Record(#[source] serde_json::Error),
    /// The worker thread of this request ended before it answered.
    #[error("queue worker ended early")]
    Worker(#[from] tokio::task::JoinError),
}

impl QueueError {
    /// The shape's name in the JSON protocol.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist(_) => "QueueDoesNotExist",
            Self::QueueNameExists(_) => "QueueNameExists",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::MessageNotInflight => "MessageNotInflight",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::TooManyEntries { .. } => "TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::BatchRequestTooLong { .. } => "BatchRequestTooLong",
            Self::InvalidParameterValue { .. } => "InvalidParameterValue",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidAttributeValue { .. } => "InvalidAttributeValue",
            Self::InvalidMessageContents(_) => "InvalidMessageContents",
            Self::UnsupportedOperation(_) => "UnsupportedOperation",
            Self::Malformed(_) => "SerializationException",
            Self::Storage(_) | Self::Record(_) | Self::Worker(_) => "InternalFailure",
        }
    }

    /// The code of the older query protocol. The SDKs still dispatch on it,
    /// from the header `x-amzn-query-error`.
    #[must_use]
    pub fn query_code(&self) -> String {
        match self {
            Self::QueueDoesNotExist(_) => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
            Self::QueueNameExists(_) => "QueueAlreadyExists".to_owned(),
            Self::MessageNotInflight
            | Self::EmptyBatchRequest
            | Self::TooManyEntries { .. }
            | Self::BatchEntryIdsNotDistinct(_)
            | Self::InvalidBatchEntryId
            | Self::BatchRequestTooLong { .. }
            | Self::UnsupportedOperation(_) => format!("AWS.SimpleQueueService.{}", self.code()),
            _ => self.code().to_owned(),
        }
    }

    /// Whether the request, and not the host, is at fault.
    #[must_use]
    pub fn is_sender_fault(&self) -> bool {
        self.code() != "InternalFailure"
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.is_sender_fault() { StatusCode::BAD_REQUEST } else { StatusCode::INTERNAL_SERVER_ERROR }
    }

    /// This error as one entry of a batch response.
    pub(super) fn into_entry(self, id: String) -> BatchErrorEntry {
        BatchErrorEntry {
            id,
            sender_fault: self.is_sender_fault(),
            code: self.code().to_owned(),
            message: Some(self.to_string()),
        }
    }
}
