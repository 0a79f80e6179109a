//! Queues and messages in `SQLite`: one connection, one transaction per request.
//!
//! The journal is a write-ahead log with `synchronous=NORMAL`: a committed
//! transaction is in the operating system's hands, so that it survives the
//! death of this process (kill -9), though not that of the machine. The lock
//! is exclusive, so that no second host can open the same file.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::host::Location;

use super::error::QueueError;

/// How long a host waits for the file of one that is just ending.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const PREPARED_STATEMENTS_MAX: usize = 32;

// `AUTOINCREMENT` never gives a number twice, so that a receipt of a deleted
// message can't match a later one. The index covers counting as well.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS queue (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        attributes TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        modified_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL REFERENCES queue (id),
        message_id TEXT NOT NULL,
        body TEXT NOT NULL,
        body_md5 TEXT NOT NULL,
        attributes TEXT,
        sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        first_received_ms INTEGER,
        receives INTEGER NOT NULL DEFAULT 0,
        generation INTEGER NOT NULL DEFAULT 0,
        dead_letter_source TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS message_by_visibility
        ON message (queue, visible_ms, receives, sent_ms);
";

/// Opens the database, creates what is absent, and takes the exclusive lock.
pub(super) fn open(location: &Location) -> Result<Connection, rusqlite::Error> {
    let db = match location {
        Location::Memory => Connection::open_in_memory()?,
        Location::File(path) => Connection::open(path)?,
    };
    db.busy_timeout(LOCK_WAIT)?;
    db.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS_MAX);
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

/// A queue as it is stored.
pub(super) struct QueueRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) attributes: String,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
}

pub(super) fn queues(db: &Connection) -> Result<Vec<QueueRow>, rusqlite::Error> {
    db.prepare("SELECT id, name, attributes, created_ms, modified_ms FROM queue")?
        .query_map([], |row| {
            Ok(QueueRow {
                id: row.get(0)?,
                name: row.get(1)?,
                attributes: row.get(2)?,
                created_ms: row.get(3)?,
                modified_ms: row.get(4)?,
            })
        })?
        .collect()
}

pub(super) fn insert_queue(db: &Connection, name: &str, attributes: &str, now_ms: i64) -> Result<i64, rusqlite::Error> {
    db.execute(
        "INSERT INTO queue (name, attributes, created_ms, modified_ms) VALUES (?1, ?2, ?3, ?3)",
        params![name, attributes, now_ms],
    )?;
    Ok(db.last_insert_rowid())
}

pub(super) fn update_queue(db: &Connection, queue: i64, attributes: &str, now_ms: i64) -> Result<(), rusqlite::Error> {
    db.execute("UPDATE queue SET attributes = ?2, modified_ms = ?3 WHERE id = ?1", params![queue, attributes, now_ms])?;
    Ok(())
}

/// A message on its way in.
pub(super) struct NewMessage<'a> {
    pub(super) message_id: &'a str,
    pub(super) body: &'a str,
    pub(super) body_md5: &'a str,
    /// As JSON.
    pub(super) attributes: Option<String>,
    pub(super) sent_ms: i64,
    pub(super) visible_ms: i64,
}

pub(super) fn insert_message(db: &Connection, queue: i64, message: &NewMessage<'_>) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "INSERT INTO message (queue, message_id, body, body_md5, attributes, sent_ms, visible_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        queue,
        message.message_id,
        message.body,
        message.body_md5,
        message.attributes,
        message.sent_ms,
        message.visible_ms,
    ])?;
    Ok(())
}

/// A message as it is stored.
pub(super) struct MessageRow {
    pub(super) id: i64,
    pub(super) message_id: String,
    pub(super) body: String,
    pub(super) body_md5: String,
    pub(super) attributes: Option<String>,
    pub(super) sent_ms: i64,
    pub(super) first_received_ms: Option<i64>,
    pub(super) receives: i64,
    pub(super) generation: i64,
    pub(super) dead_letter_source: Option<String>,
}

/// The messages that may be received now, those first that are visible longest.
pub(super) fn visible_messages(
    db: &Connection,
    queue: i64,
    now_ms: i64,
    sent_after_ms: i64,
    messages_max: i64,
) -> Result<Vec<MessageRow>, rusqlite::Error> {
    let read = |row: &Row<'_>| {
        Ok(MessageRow {
            id: row.get(0)?,
            message_id: row.get(1)?,
            body: row.get(2)?,
            body_md5: row.get(3)?,
            attributes: row.get(4)?,
            sent_ms: row.get(5)?,
            first_received_ms: row.get(6)?,
            receives: row.get(7)?,
            generation: row.get(8)?,
            dead_letter_source: row.get(9)?,
        })
    };
    db.prepare_cached(
        "SELECT id, message_id, body, body_md5, attributes, sent_ms, first_received_ms, receives,
                generation, dead_letter_source
         FROM message WHERE queue = ?1 AND visible_ms <= ?2 AND sent_ms > ?3
         ORDER BY visible_ms LIMIT ?4",
    )?
    .query_map(params![queue, now_ms, sent_after_ms, messages_max], read)?
    .collect()
}

/// Hides a message under a new generation: receipts of older ones are stale.
pub(super) fn hide_message(db: &Connection, message: i64, now_ms: i64, visible_ms: i64) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "UPDATE message SET visible_ms = ?3, receives = receives + 1, generation = generation + 1,
                first_received_ms = coalesce(first_received_ms, ?2) WHERE id = ?1",
    )?
    .execute(params![message, now_ms, visible_ms])?;
    Ok(())
}

/// Moves a message to a dead-letter queue, where its receives start anew. The
/// time of sending stays, as the service keeps it on standard queues.
pub(super) fn move_message(
    db: &Connection,
    message: i64,
    target: i64,
    source_arn: &str,
    now_ms: i64,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "UPDATE message SET queue = ?2, visible_ms = ?4, receives = 0, first_received_ms = NULL,
                generation = generation + 1, dead_letter_source = ?3 WHERE id = ?1",
    )?
    .execute(params![message, target, source_arn, now_ms])?;
    Ok(())
}

/// Deletes a message if the generation is its latest; says whether it did.
pub(super) fn delete_message(
    db: &Connection,
    queue: i64,
    message: i64,
    generation: i64,
) -> Result<bool, rusqlite::Error> {
    let deleted = db
        .prepare_cached("DELETE FROM message WHERE id = ?1 AND queue = ?2 AND generation = ?3")?
        .execute(params![message, queue, generation])?;
    Ok(deleted > 0)
}

/// Changes when a message that is in flight becomes visible; says whether it was.
pub(super) fn set_visible(
    db: &Connection,
    queue: i64,
    (message, generation): (i64, i64),
    now_ms: i64,
    visible_ms: i64,
) -> Result<bool, rusqlite::Error> {
    let changed = db
        .prepare_cached(
            "UPDATE message SET visible_ms = ?5
             WHERE id = ?1 AND queue = ?2 AND generation = ?3 AND visible_ms > ?4",
        )?
        .execute(params![message, queue, generation, now_ms, visible_ms])?;
    Ok(changed > 0)
}

/// Messages of a queue by state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: i64,
    pub(super) in_flight: i64,
    pub(super) delayed: i64,
}

pub(super) fn count_messages(
    db: &Connection,
    queue: i64,
    now_ms: i64,
    sent_after_ms: i64,
) -> Result<Counts, rusqlite::Error> {
    db.prepare_cached(
        "SELECT count(*) FILTER (WHERE visible_ms <= ?2),
                count(*) FILTER (WHERE visible_ms > ?2 AND receives > 0),
                count(*) FILTER (WHERE visible_ms > ?2 AND receives = 0)
         FROM message WHERE queue = ?1 AND sent_ms > ?3",
    )?
    .query_row(params![queue, now_ms, sent_after_ms], |row| {
        Ok(Counts { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
    })
    .optional()
    .map(Option::unwrap_or_default)
}

/// Deletes the messages that were sent no later than this; all, if `None`.
pub(super) fn delete_sent_until(db: &Connection, queue: i64, sent_until_ms: Option<i64>) -> Result<usize, QueueError> {
    let deleted = db.execute(
        "DELETE FROM message WHERE queue = ?1 AND sent_ms <= ?2",
        params![queue, sent_until_ms.unwrap_or(i64::MAX)],
    )?;
    Ok(deleted)
}
