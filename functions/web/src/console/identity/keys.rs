//! The provider's keys: kept for a while, fetched again at once when a token names one that is not
//! known, but not more often than a limit, so that made-up tokens can't make this a flood.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::IdentitySettings;
use super::fetch::{Fetch, FetchError};

/// After so long the keys are fetched again.
const FRESH: Duration = Duration::from_hours(1);
/// After so long without an answer of the provider its keys count no more.
const STALE: Duration = Duration::from_hours(24);
/// Most keys that are kept.
const KEYS_MAX: usize = 50;

/// What the provider says about itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Discovery {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    jwks_uri: String,
}

/// Each read by itself: a kind of key that is new is passed over.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Default)]
struct Kept {
    discovery: Option<Discovery>,
    keys: HashMap<String, (Algorithm, DecodingKey)>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

/// The keys of one provider.
pub(super) struct Keys {
    fetch: Fetch,
    issuer: String,
    refetch_min: Duration,
    kept: Mutex<Kept>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Keys {
    pub(super) fn new(fetch: Fetch, settings: &IdentitySettings) -> Self {
        let (issuer, refetch_min) = (settings.issuer.clone(), settings.refetch_min);
        Self { fetch, issuer, refetch_min, kept: Mutex::default() }
    }

    /// The key of an id, if the provider has it.
    ///
    /// # Errors
    /// The keys are too old, and the provider does not answer.
    pub(super) async fn find(&self, kid: &str) -> Result<Option<(Algorithm, DecodingKey)>, FetchError> {
        // One at a time: while keys are fetched, others wait for the same ones.
        let mut kept = self.kept.lock().await;
        let now = Instant::now();
        let age = kept.fetched.map(|at| now.saturating_duration_since(at));
        let known = kept.keys.get(kid).cloned();
        if age.is_some_and(|age| age < FRESH) && known.is_some() {
            return Ok(known);
        }
        let waited = kept.tried.is_none_or(|at| now.saturating_duration_since(at) >= self.refetch_min);
        if waited {
            kept.tried = Some(now);
            match self.load(&mut kept).await {
                Ok(()) => kept.fetched = Some(now),
                Err(error) if age.is_none_or(|age| age >= STALE) => return Err(error),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the provider's keys were not renewed; the old ones count on");
                }
            }
        }
        let usable = kept.fetched.is_some_and(|at| now.saturating_duration_since(at) < STALE);
        Ok(kept.keys.get(kid).filter(|_| usable).cloned())
    }

    /// Where people log in and codes become tokens.
    pub(super) async fn discovery(&self) -> Result<Discovery, FetchError> {
        let mut kept = self.kept.lock().await;
        if let Some(discovery) = &kept.discovery {
            return Ok(discovery.clone());
        }
        let discovery = self.discover().await?;
        kept.discovery = Some(discovery.clone());
        Ok(discovery)
    }

    async fn discover(&self) -> Result<Discovery, FetchError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovery: Discovery = self.fetch.get(&url).await?;
        // Another issuer's document would lead to another issuer's keys.
        if discovery.issuer == self.issuer { Ok(discovery) } else { Err(FetchError::Json) }
    }

    async fn load(&self, kept: &mut Kept) -> Result<(), FetchError> {
        let discovery = self.discover().await?;
        let set: KeySet = self.fetch.get(&discovery.jwks_uri).await?;
        kept.keys = set.keys.into_iter().take(KEYS_MAX).filter_map(usable).collect();
        kept.discovery = Some(discovery);
        Ok(())
    }
}

/// Keys for signatures of the two kinds that providers use; the kind of the key decides the
/// algorithm, never the token.
fn usable(jwk: serde_json::Value) -> Option<(String, (Algorithm, DecodingKey))> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let kid = jwk.common.key_id.clone()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((kid, (algorithm, key)))
}
