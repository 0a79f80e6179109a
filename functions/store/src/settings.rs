//! Settings that change while functions run: each has a partition with its trail and, as its head, a
//! copy of the last event, so that what counts now is one small read.

use saring_domain::case::{Actor, AuditHash, Timestamp};
use saring_domain::setting::{SettingAction, SettingEvent};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer};
use crate::names as n;
use crate::transact::Outcome;

const EVENT_PREFIX: &str = "event#";
const CONTENT: &str = "content";
/// Longest content of a setting, in bytes; well below the limit of an item.
const CONTENT_BYTES_MAX: usize = 64 * 1024;

/// Which setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// What is done with a candidate model.
    Rollout,
    /// The policy in force.
    Policy,
}

impl Setting {
    const fn partition(self) -> &'static str {
        match self {
            Self::Rollout => "setting#rollout",
            Self::Policy => "setting#policy",
        }
    }
}

/// A change of a setting that was read at a revision.
pub(crate) struct SettingChange<'a> {
    pub(crate) setting: Setting,
    /// The last event as it was read; nothing where there was none.
    pub(crate) after: Option<&'a SettingEvent>,
    pub(crate) action: SettingAction,
    pub(crate) reason: String,
    pub(crate) content: String,
}

impl Cases {
    /// The last event of a setting, which holds what counts now.
    pub(crate) async fn setting(&self, setting: Setting) -> Result<Option<SettingEvent>, StoreError> {
        let head = self.get("reading a setting", setting.partition(), n::HEAD_SK).await?;
        head.map(|item| decode(&item).map_err(unreadable("setting"))).transpose()
    }

    /// The trail of a setting, in order, unchecked.
    pub(crate) async fn setting_events(&self, setting: Setting) -> Result<Vec<SettingEvent>, StoreError> {
        let items = self.partition(setting.partition().to_owned(), Some(EVENT_PREFIX)).await?;
        items.iter().map(|item| decode(item).map_err(unreadable("setting event"))).collect()
    }

    /// Sets something, if it is still where it was read.
    pub(crate) async fn change_setting(
        &self,
        change: SettingChange<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<SettingEvent, StoreError> {
        let actual = change.content.len();
        if actual > CONTENT_BYTES_MAX {
            return Err(StoreError::TooLarge { what: "a setting", actual, limit: CONTENT_BYTES_MAX });
        }
        let sequence = change.after.map_or(0, |event| event.sequence);
        let previous = change.after.map_or_else(AuditHash::root, SettingEvent::hash);
        let event = SettingEvent {
            sequence: sequence + 1,
            at: now,
            actor: actor.clone(),
            action: change.action,
            reason: change.reason,
            content: change.content,
            previous: previous.clone(),
        };
        let entry = |sk: String| item(change.setting, &event).text(n::SK, sk);
        let head = entry(n::HEAD_SK.to_owned()).text(n::AUDIT_HASH, event.hash().as_str()).finish();
        let writes = [
            self.put_end(head, sequence, &previous),
            self.put_new(entry(format!("{EVENT_PREFIX}{:016}", event.sequence)).finish()),
        ];
        match self.transact("changing a setting", writes).await? {
            Outcome::Done => Ok(event),
            Outcome::Lost => Err(StoreError::SettingMoved),
        }
    }
}

fn item(setting: Setting, event: &SettingEvent) -> Writer {
    Writer::default()
        .text(n::PK, setting.partition())
        .number(n::AUDIT_SEQUENCE, event.sequence)
        .time(n::AT, event.at)
        .text(n::ACTOR, event.actor.as_str())
        .text(n::ACTION, event.action.code())
        .text(n::DETAIL, event.reason.as_str())
        .text(CONTENT, event.content.as_str())
        .text(n::PREVIOUS, event.previous.as_str())
}

fn decode(item: &Attributes) -> Result<SettingEvent, DecodeError> {
    let item = Reader(item);
    Ok(SettingEvent {
        sequence: item.number(n::AUDIT_SEQUENCE)?,
        at: item.time(n::AT)?,
        actor: item.parsed(n::ACTOR, Actor::parse)?,
        action: item.parsed(n::ACTION, SettingAction::parse)?,
        reason: item.text(n::DETAIL)?.to_owned(),
        content: item.text(CONTENT)?.to_owned(),
        previous: item.parsed(n::PREVIOUS, AuditHash::parse)?,
    })
}
