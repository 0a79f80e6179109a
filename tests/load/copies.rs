//! Many more cases: copies, in the table's file, of those that came by the usual way. A million of them
//! would take hours to come; here each gets ids of its own, and else stands as its original does, in the
//! table and in its indexes. What a copy can't have is a trail that proves itself: all are taken out
//! before the proof.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ToSql};

/// Copies of one case: as many ids as their ending has figures for.
const OF_ONE_MAX: u64 = 10_000;
/// The host is still when its file is changed.
const PATIENCE: Duration = Duration::from_secs(10);

const IDS: &str = r"
CREATE TEMP TABLE number AS
  WITH RECURSIVE next (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM next WHERE n < 9999) SELECT n FROM next;
";
const ORIGINALS: &str = r"
SELECT json_extract(item_json, '$.case_id.S') AS id, substr(pk, 10)
FROM saring WHERE pk LIKE 'S:report#f-%' AND sk = 'S:receipt' ORDER BY id
";
const INDEXES: &str = "SELECT name, type FROM sqlite_master WHERE type = 'table' AND name LIKE 'saring::gsi::%'";

/// The keys of a case's rows (they begin with their type), and the number of a copy; `?1` is the case, `?2` its report.
const CHOSEN: &str = "IN ('S:case#' || ?1, 'S:original#' || ?1, 'S:report#' || ?2) AND n >= ?3 AND n < ?4";
/// The id of a copy of a case, and that of its report: four figures end the one and follow the other.
const CASE_COPY: &str = "substr(?1, 1, 12) || printf('%04d', n)";
const REPORT_COPY: &str = "?2 || '-' || n";

/// Cases of the table's file that are copied.
pub(crate) struct Copies {
    file: Connection,
    /// Ids of the cases, and of their reports.
    originals: Vec<(String, String)>,
    of_each: u64,
    indexes: Vec<String>,
}

/// A column of keys with the ids of a copy.
fn key(column: &str) -> String {
    let case = format!("replace({column}, ?1, {CASE_COPY})");
    format!("CASE WHEN {column} LIKE 'S:report#%' THEN 'S:report#' || {REPORT_COPY} ELSE {case} END")
}

/// An item with the ids of a copy.
fn item() -> String {
    let case = format!("replace(item_json, ?1, {CASE_COPY})");
    let report = format!("replace({case}, '\"' || ?2 || '\"', '\"' || {REPORT_COPY} || '\"')");
    format!("replace({report}, '\"report#' || ?2 || '\"', '\"report#' || {REPORT_COPY} || '\"')")
}

fn pairs(file: &Connection, sql: &str) -> Vec<(String, String)> {
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

impl Copies {
    /// Opens the table's file beside its host; the cases of reports `f-…` will be copied.
    pub(crate) fn of(file: &Path) -> Self {
        let file = Connection::open(file).unwrap();
        file.busy_timeout(PATIENCE).unwrap();
        file.execute_batch(IDS).unwrap();
        let originals = pairs(&file, ORIGINALS);
        assert!(!originals.is_empty(), "there are cases to copy");
        let indexes = pairs(&file, INDEXES).into_iter().map(|(name, _)| name).collect();
        Self { originals, of_each: 0, indexes, file }
    }

    /// Adds at least so many more cases; how many.
    pub(crate) fn add(&mut self, missing: u64) -> u64 {
        let count = self.originals.len() as u64;
        let of_each = self.of_each + missing.div_ceil(count);
        assert!(of_each <= OF_ONE_MAX, "{count} cases are too few to be copied {of_each} times each");
        let (pk, sk, table_pk, gsi_sk, item) = (key("pk"), key("sk"), key("table_pk"), key("gsi_sk"), item());
        let table = format!(
            "INSERT INTO saring (pk, sk, item_json, item_size, cached_at, hash_prefix)
             SELECT {pk}, {sk}, {item}, item_size, cached_at, hash_prefix FROM saring CROSS JOIN number WHERE pk {CHOSEN}"
        );
        let index = |name: &String| {
            format!(
                "INSERT INTO \"{name}\" (gsi_pk, gsi_sk, table_pk, table_sk, item_json)
                 SELECT gsi_pk, {gsi_sk}, {table_pk}, table_sk, {item} FROM \"{name}\" CROSS JOIN number
                 WHERE table_pk {CHOSEN}"
            )
        };
        let statements: Vec<String> = std::iter::once(table).chain(self.indexes.iter().map(index)).collect();
        self.for_each(&statements, self.of_each, of_each);
        let added = (of_each - self.of_each) * count;
        self.of_each = of_each;
        added
    }

    /// Takes them all out again.
    pub(crate) fn remove(self) {
        let keys = [
            format!("'S:case#' || {CASE_COPY}"),
            format!("'S:original#' || {CASE_COPY}"),
            format!("'S:report#' || {REPORT_COPY}"),
        ];
        let keys = keys.map(|key| format!("SELECT {key} FROM number WHERE n >= ?3 AND n < ?4")).join(" UNION ALL ");
        let table = format!("DELETE FROM saring WHERE pk IN ({keys})");
        let index = |name: &String| format!("DELETE FROM \"{name}\" WHERE table_pk IN ({keys})");
        let statements: Vec<String> = std::iter::once(table).chain(self.indexes.iter().map(index)).collect();
        self.for_each(&statements, 0, self.of_each);
    }

    /// Runs the statements for the copies from the one number up to the other, each case by itself.
    fn for_each(&self, statements: &[String], from: u64, to: u64) {
        for (case, report) in &self.originals {
            let together = self.file.unchecked_transaction().unwrap();
            for sql in statements {
                let values: [&dyn ToSql; 4] = [case, report, &from, &to];
                together.prepare_cached(sql).unwrap().execute(values).unwrap();
            }
            together.commit().unwrap();
        }
        // What was written here is not work of those who are measured next.
        self.file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }
}
