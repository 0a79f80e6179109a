//! A candidate model beside the current one: what is done with it now, what was counted, and the
//! reports about which the two differ.

mod report;
mod wire;

use std::collections::BTreeMap;

use saring_domain::case::{Actor, CaseId, Timestamp};
use saring_domain::rollout::{Count, Counts, Disagreement, Rollout};
use saring_domain::setting::{SettingAction, SettingEvent};

use crate::cases::{Cases, every};
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, number, text};
use crate::names as n;
use crate::quality::{Logged, day, logged};
use crate::settings::{Setting, SettingChange};

const WINDOW_PREFIX: &str = "window#";
const CASE_PREFIX: &str = "case#";
/// Counts and disagreements are kept for so long.
const KEPT_DAYS: u32 = 30;
const DAY_MS: u64 = 86_400_000;

/// What is done with a candidate now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveRollout {
    /// Grows with every change; 0 if there never was a rollout.
    pub revision: u64,
    /// The rollout that goes on, if one does.
    pub on: Option<Rollout>,
    /// The change that made it so.
    pub event: Option<SettingEvent>,
}

pub use report::{RolloutReport, Ruled};

/// Who or what ends a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// A person, or a command.
    Person,
    /// Its bounds.
    Bounds,
}

fn partition(revision: u64, shard: u8) -> String {
    format!("rollout#{revision}#{shard}")
}

impl Cases {
    /// What is done with a candidate now: one small read.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn rollout(&self) -> Result<LiveRollout, StoreError> {
        let Some(event) = self.setting(Setting::Rollout).await? else { return Ok(LiveRollout::default()) };
        let on = wire::rollout(&event.content).map_err(unreadable("rollout"))?;
        Ok(LiveRollout { revision: event.sequence, on, event: Some(event) })
    }

    /// Begins a rollout, where none goes on.
    ///
    /// # Errors
    /// No answer, a rollout that goes on, or somebody who was faster.
    pub async fn start_rollout(&self, rollout: &Rollout) -> Result<SettingEvent, StoreError> {
        let before = self.rollout().await?;
        if before.on.is_some() {
            return Err(StoreError::RolloutOn);
        }
        let change = SettingChange {
            setting: Setting::Rollout,
            after: before.event.as_ref(),
            action: SettingAction::Started,
            reason: String::new(),
            content: wire::json(Some(rollout)),
        };
        self.change_setting(change, &rollout.started_by, rollout.started_at).await
    }

    /// Ends the rollout of a revision that was looked at.
    ///
    /// # Errors
    /// No answer, or a rollout that has moved on since.
    pub async fn end_rollout(
        &self,
        seen: &LiveRollout,
        ended: EndedBy,
        reason: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<SettingEvent, StoreError> {
        let change = SettingChange {
            setting: Setting::Rollout,
            after: seen.event.as_ref(),
            action: match ended {
                EndedBy::Person => SettingAction::Stopped,
                EndedBy::Bounds => SettingAction::Tripped,
            },
            reason: reason.to_owned(),
            content: wire::json(None),
        };
        self.change_setting(change, actor, now).await
    }

    /// The trail of rollouts, in order, unchecked.
    ///
    /// # Errors
    /// No answer, or an event that can't be read.
    pub async fn rollout_events(&self) -> Result<Vec<SettingEvent>, StoreError> {
        self.setting_events(Setting::Rollout).await
    }

    /// Adds the counts of a batch to those of a window; `at` picks the item among several, so that
    /// functions don't wait for each other.
    ///
    /// # Errors
    /// No answer.
    pub async fn count_rollout(
        &self,
        revision: u64,
        window: u64,
        counts: &Counts,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let shard = u8::try_from(at.unix_ms() % u64::from(n::SHARDS)).unwrap_or(0);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(n::PK, text(partition(revision, shard)))
            .key(n::SK, text(format!("{WINDOW_PREFIX}{window:016}")))
            .expression_attribute_names("#expires", n::EXPIRES_AT)
            .expression_attribute_values(":expires", number(at.plus_days(KEPT_DAYS).unix_s()));
        let mut added = Vec::new();
        for count in Count::ALL.into_iter().filter(|count| counts.get(*count) > 0) {
            let code = count.code();
            added.push(format!("#{code} :{code}"));
            update = update
                .expression_attribute_names(format!("#{code}"), code)
                .expression_attribute_values(format!(":{code}"), number(counts.get(count)));
        }
        let update = update.update_expression(format!("SET #expires = :expires ADD {}", added.join(", ")));
        update.send().await.map_err(failed("counting a rollout"))?;
        Ok(())
    }

    /// What was counted of the rollout of a revision, by window.
    ///
    /// # Errors
    /// No answer, or counts that can't be read.
    pub async fn rollout_counts(&self, revision: u64) -> Result<BTreeMap<u64, Counts>, StoreError> {
        let mut windows: BTreeMap<u64, Counts> = BTreeMap::new();
        for shard in 0..n::SHARDS {
            for item in self.partition(partition(revision, shard), Some(WINDOW_PREFIX)).await? {
                let (window, counts) = decode_counts(&item).map_err(unreadable("counts of a rollout"))?;
                windows.entry(window).or_default().merge(&counts);
            }
        }
        Ok(windows)
    }

    /// Keeps a report about which the two models differ, for a while.
    ///
    /// # Errors
    /// No answer.
    pub async fn add_disagreement(&self, revision: u64, found: &Disagreement) -> Result<(), StoreError> {
        let item = Writer::default()
            .text(n::PK, partition(revision, n::shard_of(found.case)))
            .text(n::SK, format!("{CASE_PREFIX}{}", found.case))
            .text(n::DETAIL, wire::disagreement_json(found))
            .number(n::EXPIRES_AT, found.at.plus_days(KEPT_DAYS).unix_s())
            .finish();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("keeping a disagreement"))?;
        Ok(())
    }

    /// Whether the models of a rollout differ about the report of a case.
    ///
    /// # Errors
    /// No answer.
    pub(crate) async fn disagreed(&self, revision: u64, case: CaseId) -> Result<bool, StoreError> {
        let pk = partition(revision, n::shard_of(case));
        Ok(self.get("looking for a disagreement", &pk, &format!("{CASE_PREFIX}{case}")).await?.is_some())
    }

    /// Reports about which the models of a rollout differ, the newest first.
    ///
    /// # Errors
    /// No answer, or a disagreement that can't be read.
    pub async fn disagreements(&self, revision: u64) -> Result<Vec<Disagreement>, StoreError> {
        let mut all = Vec::new();
        for shard in 0..n::SHARDS {
            for item in self.partition(partition(revision, shard), Some(CASE_PREFIX)).await? {
                let decode = || wire::disagreement(Reader(&item).text(n::DETAIL)?);
                all.push(decode().map_err(unreadable("disagreement"))?);
            }
        }
        all.sort_by(|a: &Disagreement, b| b.at.cmp(&a.at).then(a.case.cmp(&b.case)));
        Ok(all)
    }

    /// Decisions that took effect from one moment to another, in no order.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn decided_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Logged>, StoreError> {
        let mut rows = Vec::new();
        let days = to.unix_ms() / DAY_MS;
        for number in from.unix_ms() / DAY_MS..=days {
            let partition = n::log_pk(&day(Timestamp::from_unix_ms(number * DAY_MS)));
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
                .expression_attribute_names("#pk", n::PK)
                .expression_attribute_names("#sk", n::SK)
                .expression_attribute_values(":pk", text(&partition))
                .expression_attribute_values(":from", text(from.to_string()))
                // Those of that very moment too: an id follows it.
                .expression_attribute_values(":to", text(format!("{to}~")));
            for item in every(query, "reading decisions of a window").await? {
                rows.push(logged(&item).map_err(unreadable("log"))?);
            }
        }
        Ok(rows)
    }
}

fn decode_counts(item: &Attributes) -> Result<(u64, Counts), DecodeError> {
    let item = Reader(item);
    let window = item.parsed(n::SK, |sk| sk.trim_start_matches(WINDOW_PREFIX).parse::<u64>())?;
    let mut counts = Counts::default();
    for count in Count::ALL {
        counts.add(count, item.optional_number(count.code())?.unwrap_or(0));
    }
    Ok((window, counts))
}
