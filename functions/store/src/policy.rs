//! The policy in force, where one was activated in place of the package's.

use saring_domain::case::{Actor, Timestamp};
use saring_domain::setting::{SettingAction, SettingEvent};

use crate::cases::Cases;
use crate::error::StoreError;
use crate::settings::{Setting, SettingChange};

impl Cases {
    /// The event that put the policy in force, which holds it as TOML; nothing where the package's
    /// counts. One small read.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn live_policy(&self) -> Result<Option<SettingEvent>, StoreError> {
        self.setting(Setting::Policy).await
    }

    /// Puts a policy in force, if the one before is still `after`; `reason` names its version.
    ///
    /// # Errors
    /// No answer, a policy that is too long, or somebody who was faster.
    pub async fn set_policy(
        &self,
        after: Option<&SettingEvent>,
        action: SettingAction,
        policy: (&str, &str),
        actor: &Actor,
        now: Timestamp,
    ) -> Result<SettingEvent, StoreError> {
        let (version, toml) = policy;
        let (reason, content) = (version.to_owned(), toml.to_owned());
        self.change_setting(SettingChange { setting: Setting::Policy, after, action, reason, content }, actor, now)
            .await
    }

    /// Every policy that was ever in force here, in order, unchecked.
    ///
    /// # Errors
    /// No answer, or an event that can't be read.
    pub async fn policy_events(&self) -> Result<Vec<SettingEvent>, StoreError> {
        self.setting_events(Setting::Policy).await
    }
}
