//! Settings that change while functions run, such as the policy in force: each change is an event of
//! a trail, bound to the one before by its hash, and holds the whole of what was set.

use crate::case::{Actor, AuditHash, Timestamp};
pub use crate::chain::first_break;
use crate::chain::{Chained, digest};

/// What was done to a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingAction {
    /// What the package holds, noted before it was first replaced.
    Packaged,
    /// It counts from now on.
    Activated,
    /// What counted before counts again.
    RolledBack,
    /// A rollout began.
    Started,
    /// A person ended a rollout.
    Stopped,
    /// A rollout left its bounds and was ended.
    Tripped,
}

impl SettingAction {
    const ALL: [Self; 6] =
        [Self::Packaged, Self::Activated, Self::RolledBack, Self::Started, Self::Stopped, Self::Tripped];

    /// The code of the table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Packaged => "packaged",
            Self::Activated => "activated",
            Self::RolledBack => "rolled_back",
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Tripped => "tripped",
        }
    }

    /// # Errors
    /// Returns the code if it is none.
    pub fn parse(code: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|a| a.code() == code).ok_or_else(|| code.to_owned())
    }
}

/// One event of the trail of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingEvent {
    /// From 1, without gaps; the setting's revision.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: SettingAction,
    /// Why, where there is something to say.
    pub reason: String,
    /// All that is set since.
    pub content: String,
    /// Hash of the event before.
    pub previous: AuditHash,
}

impl SettingEvent {
    /// Hash of all that the event says.
    #[must_use]
    pub fn hash(&self) -> AuditHash {
        let parts: [&[u8]; 7] = [
            &self.sequence.to_le_bytes(),
            &self.at.unix_ms().to_le_bytes(),
            self.actor.as_str().as_bytes(),
            self.action.code().as_bytes(),
            self.reason.as_bytes(),
            self.content.as_bytes(),
            self.previous.as_str().as_bytes(),
        ];
        digest(&parts)
    }
}

impl Chained for SettingEvent {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn previous(&self) -> &AuditHash {
        &self.previous
    }

    fn own_hash(&self) -> AuditHash {
        self.hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_missing_event_breaks_the_trail() {
        let mut events: Vec<SettingEvent> = Vec::new();
        for sequence in 1..=3 {
            events.push(SettingEvent {
                sequence,
                at: Timestamp::from_unix_ms(1000 * sequence),
                actor: Actor::parse("data:a").expect("a name"),
                action: SettingAction::Activated,
                reason: String::new(),
                content: format!("version {sequence}"),
                previous: events.last().map_or_else(AuditHash::root, SettingEvent::hash),
            });
        }
        assert_eq!(first_break(&events), None);
        let mut changed = events.clone();
        changed[1].content = "other".to_owned();
        assert_eq!(first_break(&changed), Some(3));
        events.remove(1);
        assert_eq!(first_break(&events), Some(2));
        assert!(SettingAction::ALL.into_iter().all(|a| SettingAction::parse(a.code()) == Ok(a)));
    }
}
