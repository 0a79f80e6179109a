//! What was counted of reports against a bundle's reference, by day, and what was found.

use saring_domain::case::Timestamp;
use saring_domain::drift::{Counts, Summary};

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, number, text, value_error};
use crate::names as n;
use crate::quality::day;

/// Counts are kept for so long.
const KEPT_DAYS: u32 = 30;
const REPORTS: &str = "reports";

impl Cases {
    /// Adds counts to those of today; `at` picks the item among several, so that functions don't wait
    /// for each other.
    ///
    /// # Errors
    /// No answer.
    pub async fn count_drift(&self, revision: &str, counts: &Counts, at: Timestamp) -> Result<(), StoreError> {
        let shard = at.unix_ms() % u64::from(n::SHARDS);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(n::PK, text(n::drift_pk(revision, &day(at))))
            .key(n::SK, text(shard.to_string()))
            .expression_attribute_names("#expires", n::EXPIRES_AT)
            .expression_attribute_values(":expires", number(at.plus_days(KEPT_DAYS).unix_s()));
        let mut added = Vec::new();
        for (at, (name, count)) in counts.iter().chain([(REPORTS, counts.reports)]).enumerate() {
            added.push(format!("#{at} :{at}"));
            update = update
                .expression_attribute_names(format!("#{at}"), name)
                .expression_attribute_values(format!(":{at}"), number(count));
        }
        let update = update.update_expression(format!("SET #expires = :expires ADD {}", added.join(", ")));
        update.send().await.map_err(failed("counting reports against the reference"))?;
        Ok(())
    }

    /// What was counted against a reference on these days (UTC), together.
    ///
    /// # Errors
    /// No answer, or counts that can't be read.
    pub async fn drift_counts(&self, revision: &str, from: Timestamp, to: Timestamp) -> Result<Counts, StoreError> {
        const DAY_MS: u64 = 86_400_000;
        let mut counts = Counts::default();
        for number in from.unix_ms() / DAY_MS..=to.unix_ms() / DAY_MS {
            let pk = n::drift_pk(revision, &day(Timestamp::from_unix_ms(number * DAY_MS)));
            for item in self.partition(pk, None).await? {
                counts.merge(&decode(&item).map_err(unreadable("counts of drift"))?);
            }
        }
        Ok(counts)
    }

    /// Keeps what was found, with the days of the finding before it.
    ///
    /// # Errors
    /// No answer.
    ///
    /// # Panics
    /// Never: a finding has only json types.
    pub async fn keep_drift(&self, found: Summary) -> Result<Summary, StoreError> {
        let today = day(Timestamp::from_unix_ms(found.at_ms));
        let found = found.after(self.drift().await?, &today);
        let json = serde_json::to_string(&found).expect("a finding has only json types");
        let item = Writer::default().text(n::PK, n::DRIFT_PK).text(n::SK, n::BOARD_SK).text(n::BOARD, json).finish();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("keeping what drifts"))?;
        Ok(found)
    }

    /// What was last found; nothing where nobody looked.
    ///
    /// # Errors
    /// No answer, or a finding that can't be read.
    pub async fn drift(&self) -> Result<Option<Summary>, StoreError> {
        let item = self.get("reading what drifts", n::DRIFT_PK, n::BOARD_SK).await?;
        let found = item.map(|item| {
            let json = Reader(&item).text(n::BOARD)?;
            serde_json::from_str(json).map_err(|_| value_error(n::BOARD))
        });
        found.transpose().map_err(unreadable("drift"))
    }
}

fn decode(item: &Attributes) -> Result<Counts, DecodeError> {
    let mut counts = Counts::default();
    counts.reports += Reader(item).optional_number(REPORTS)?.unwrap_or(0);
    for (name, value) in item.iter().filter(|(name, _)| Counts::is_name(name)) {
        let digits = value.as_n().map_err(|_| value_error(REPORTS))?;
        counts.add_named(name, digits.parse().map_err(|_| value_error(REPORTS))?);
    }
    Ok(counts)
}
