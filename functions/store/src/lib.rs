#![doc = include_str!("../README.md")]

mod cases;
mod config;
mod definition;
mod error;
mod item;
mod names;
mod pages;
mod queue;
mod trail;
pub mod verify;
mod wire;
mod write;

pub use cases::{Cases, Receipt, Tracked, random_tracking_id};
pub use config::{Access, ConfigError, QueueConfig, TableConfig, env};
pub use definition::{IndexDefinition, KeyNames, Projection, TableDefinition, table_definition};
pub use error::{Retry, StoreError};
pub use item::{DecodeError, Problem};
pub use pages::{Cursor, CursorError, FeedItem, PAGE_ITEMS_MAX, Page, PageRequest, ScanCursor};
pub use queue::{
    BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, Incoming, MessageError, Outgoing, Reports, TRACKING_ATTRIBUTE, encode_report,
    parse_message,
};
pub use write::{CONFLICTS_MAX, Received, Recorded};
