#![doc = include_str!("../README.md")]

mod batch;
mod board;
mod campaigns;
mod cases;
mod change;
mod claims;
mod config;
mod decisions;
mod definition;
mod error;
mod exchange;
mod item;
mod labels;
mod letters;
mod names;
mod notes;
mod originals;
mod pages;
mod policy;
mod quality;
mod queue;
mod queues;
mod recall;
mod reporters;
mod resting;
mod rollout;
mod samples;
mod seal;
mod settings;
mod stream;
mod telemetry;
mod trail;
mod transact;
pub mod verify;
mod views;
mod wire;
mod write;

pub use board::{AgeStep, Board, CAMPAIGN_ROWS_MAX, Counted};
pub use campaigns::{Campaign, MEMBERS_COUNTED_MAX, MemberOutcome};
pub use cases::{Cases, Receipt, Tracked, random_tracking_id};
pub use change::Edited;
pub use config::{Access, ConfigError, QueueConfig, TableConfig, env};
pub use decisions::{DecisionMessage, Decisions, EVENT_ID_ATTRIBUTE, Unsent};
pub use definition::{IndexDefinition, KeyNames, Projection, TableDefinition, table_definition};
pub use error::{Retry, StoreError};
pub use exchange::{Answer, Answering, Exchange, Passing};
pub use item::{DecodeError, Problem};
pub use letters::{DeadLetters, DeadState};
pub use notes::{NOTE_CHARS_MAX, Note, NoteError, NoteText};
pub use originals::Erasure;
pub use pages::{Cursor, CursorError, FeedItem, PAGE_ITEMS_MAX, Page, PageRequest, ScanCursor, Waiting};
pub use quality::{Appealed, CHECK_DAYS, Check, CheckKind, Logged};
pub use queue::{
    BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, Incoming, MessageError, Outgoing, Reports, TRACE_ATTRIBUTE,
    TRACKING_ATTRIBUTE, encode_report, parse_message,
};
pub use queues::{QueuePart, Settled};
pub use reporters::{HISTORY_REPORTS_MAX, ReporterHistory};
pub use rollout::{EndedBy, LiveRollout, RolloutReport, Ruled};
pub use samples::Sample;
pub use seal::{KEY_BYTES, Keyring, OriginalKey, SealError};
pub use stream::{ErasedCase, StreamChange, StreamEntry, stream_change};
pub use telemetry::{Measure, Span, Telemetry, Unit, metric};
pub use views::{SavedView, VIEW_NAME_CHARS_MAX, VIEWS_MAX};
pub use write::{CONFLICTS_MAX, Received, Recorded};
