//! Roles and what each may do: one table, which a test holds every route against.

/// A role in the claim of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at the queue and at cases.
    Reader,
    /// Decides.
    Moderator,
    /// Decides, takes locks away, settles disagreements.
    Supervisor,
    /// Takes figures and exports; sees no case.
    Data,
    /// Looks at everything, changes nothing.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Reader, Self::Moderator, Self::Supervisor, Self::Data, Self::Auditor];

    /// The word of the claim.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Moderator => "moderator",
            Self::Supervisor => "supervisor",
            Self::Data => "data",
            Self::Auditor => "auditor",
        }
    }

    pub(crate) const fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::Enter | Permission::Figures => true,
            Permission::Cases => !matches!(self, Self::Data),
            Permission::Decide | Permission::Originals => matches!(self, Self::Moderator | Self::Supervisor),
            Permission::Quality => matches!(self, Self::Supervisor | Self::Auditor),
            Permission::Supervise => matches!(self, Self::Supervisor),
            Permission::Export => matches!(self, Self::Supervisor | Self::Data | Self::Auditor),
        }
    }
}

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Permission {
    /// Being somebody with a role.
    Enter,
    /// Dashboards.
    Figures,
    /// The queue and cases, masked.
    Cases,
    /// Locks, decisions, corrections, second reviews.
    Decide,
    /// What the reporter wrote, unmasked.
    Originals,
    /// Results of the checks.
    Quality,
    /// Others' locks and decisions, disagreements, golden items.
    Supervise,
    /// Figures as files.
    Export,
}

/// The roles of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Roles(Vec<Role>);

impl Roles {
    /// Of the words of a claim; unknown ones are no role.
    pub(crate) fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut roles: Vec<Role> =
            words.filter_map(|word| Role::ALL.into_iter().find(|role| role.code() == word)).collect();
        roles.sort_unstable();
        roles.dedup();
        Self(roles)
    }

    pub(crate) fn allow(&self, permission: Permission) -> bool {
        self.0.iter().any(|role| role.allows(permission))
    }

    pub(crate) fn all(&self) -> &[Role] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_no_role() {
        let roles = Roles::parse(["moderator", "admin", "moderator", "Reader"].into_iter());
        assert_eq!(roles.all(), [Role::Moderator]);
        assert!(roles.allow(Permission::Decide) && !roles.allow(Permission::Supervise));
        assert!(!Roles::default().allow(Permission::Enter));
    }
}
