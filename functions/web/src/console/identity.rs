//! Who asks: tokens of an `OpenID` provider, as a bearer or in a cookie, and what their roles may do.

mod access;
mod cookie;
mod fetch;
mod keys;
mod login;
mod provider;
mod roles;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use saring_domain::case::Actor;

pub(super) use access::{CSRF_FIELD, Gate, Need};
pub(super) use login::{begin, end, finish};
pub(crate) use roles::Permission;
pub use roles::Role;
pub(super) use roles::Roles;
use verify::Verifier;

use crate::settings::{PublicUrl, env};

const REFETCH_MIN: Duration = Duration::from_secs(30);

/// Why a console can't know who asks.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A variable of [`mod@env`] is missing or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A setting that can't be used.
    #[error("'{name}' must be {expected}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// No certificates to trust.
    #[error("the certificates of this system cannot be read")]
    Certificates(#[source] std::io::Error),
}

/// Which provider is believed, and what of its tokens counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    /// The issuer's address: `iss` of its tokens, and where its `/.well-known/openid-configuration` is.
    pub issuer: String,
    /// This console's client id: `aud` of the tokens.
    pub audience: String,
    /// The claim with the roles: a word or a list of words.
    pub roles_claim: String,
    /// The claim that names a person in locks and trails; it must not be given to another later.
    pub name_claim: String,
    /// Scheme and host of the console: where the provider sends people back to.
    pub console_url: PublicUrl,
    /// Time between two fetches of the provider's keys because of a key that is not known.
    pub refetch_min: Duration,
}

impl IdentitySettings {
    /// For an issuer and an audience, with the claims `roles` and `sub`.
    #[must_use]
    pub fn new(issuer: &str, audience: &str, console_url: PublicUrl) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            roles_claim: "roles".to_owned(),
            name_claim: "sub".to_owned(),
            console_url,
            refetch_min: REFETCH_MIN,
        }
    }

    /// # Errors
    /// A variable of [`mod@env`] that is missing or can't be used.
    pub fn from_env() -> Result<Self, IdentityError> {
        let optional = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let required = |name: &'static str| optional(name).ok_or(IdentityError::Missing(name));
        let url = required(env::PUBLIC_URL)?;
        let url = PublicUrl::parse(&url)
            .map_err(|_| IdentityError::Value { name: env::PUBLIC_URL, expected: "scheme and host" })?;
        let mut settings = Self::new(&required(env::OIDC_ISSUER)?, &required(env::OIDC_AUDIENCE)?, url);
        if let Some(claim) = optional(env::OIDC_ROLES_CLAIM) {
            settings.roles_claim = claim;
        }
        if let Some(claim) = optional(env::OIDC_NAME_CLAIM) {
            settings.name_claim = claim;
        }
        Ok(settings)
    }
}

/// A provider that is believed. Cheap to clone; the keys are fetched when the first token comes.
#[derive(Debug, Clone)]
pub struct Identity(Arc<Verifier>);

impl Identity {
    /// # Errors
    /// An issuer that is neither https nor on this machine, or no certificates to trust.
    pub fn new(settings: IdentitySettings) -> Result<Self, IdentityError> {
        Ok(Self(Arc::new(Verifier::new(settings)?)))
    }
}

/// A person whose token was checked.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// For locks and trails.
    pub(crate) actor: Actor,
    pub(crate) roles: Roles,
    /// What forms of this session carry.
    pub(crate) csrf: String,
}

impl Session {
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.roles.allow(permission)
    }
}
