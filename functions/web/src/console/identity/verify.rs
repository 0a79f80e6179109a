//! What makes a token count: a known key, this issuer, this audience, its time, and a role.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Validation, decode, decode_header};
use ring::digest::{SHA256, digest};
use saring_domain::case::Actor;
use saring_domain::report::hex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fetch::{Fetch, FetchError, is_safe};
use super::keys::Keys;
use super::{IdentityError, IdentitySettings, Roles, Session, provider};

/// How far the provider's clock and ours may be apart.
const CLOCK_SKEW_S: u64 = 60;
/// Longest token; a cookie holds 4,096 bytes with its name and attributes.
pub(super) const TOKEN_BYTES_MAX: usize = 3_800;
/// After so long people log in again, however long their token lives.
const SESSION_MAX: Duration = Duration::from_hours(12);

/// Why a token does not count. The asker learns none of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error("the token names no key")]
    NoKey,
    #[error("the token's key is not the issuer's")]
    UnknownKey,
    #[error(transparent)]
    Refused(#[from] jsonwebtoken::errors::Error),
    #[error("claim '{0}' is missing or of another kind")]
    Claim(&'static str),
    #[error("the token was issued more than {} h ago, or in the future", SESSION_MAX.as_secs() / 3600)]
    Age,
    #[error("the token was made for another login")]
    Nonce,
    #[error(transparent)]
    Keys(#[from] FetchError),
}

#[derive(Deserialize)]
struct Claims {
    exp: u64,
    iat: u64,
    // Typed, so that another kind of value is refused instead of passed over.
    #[serde(default)]
    nbf: Option<u64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A token that counts.
pub(super) struct Checked {
    pub(super) session: Session,
    /// Seconds for which it still counts.
    pub(super) left_s: u64,
}

/// Checks tokens of one issuer for one audience.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(super) settings: IdentitySettings,
    pub(super) fetch: Fetch,
    pub(super) keys: Keys,
}

/// Whether a token must be made for one login.
#[derive(Clone, Copy)]
pub(super) enum Nonce<'a> {
    Any,
    Only(&'a str),
}

impl Verifier {
    pub(super) fn new(settings: IdentitySettings) -> Result<Self, IdentityError> {
        provider::install();
        if !is_safe(&settings.issuer) {
            return Err(IdentityError::Value { name: "issuer", expected: "an https address, or one of this machine" });
        }
        let fetch = Fetch::new()?;
        let keys = Keys::new(fetch.clone(), &settings);
        Ok(Self { settings, fetch, keys })
    }

    pub(super) async fn check(&self, token: &str, nonce: Nonce<'_>) -> Result<Checked, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let kid = decode_header(token)?.kid.ok_or(TokenError::NoKey)?;
        let (algorithm, key) = self.keys.find(&kid).await?.ok_or(TokenError::UnknownKey)?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = CLOCK_SKEW_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation)?.claims;
        if let Nonce::Only(expected) = nonce
            && claims.nonce.as_deref() != Some(expected)
        {
            return Err(TokenError::Nonce);
        }
        let now = now_s();
        let end = claims.exp.min(claims.iat.saturating_add(SESSION_MAX.as_secs()));
        if claims.iat > now + CLOCK_SKEW_S || end + CLOCK_SKEW_S <= now || claims.nbf.is_some_and(|nbf| nbf > end) {
            return Err(TokenError::Age);
        }
        let name = claims.others.get(&self.settings.name_claim).and_then(Value::as_str);
        let name = name.ok_or(TokenError::Claim("name"))?;
        let actor = Actor::parse(&format!("moderator:{name}")).map_err(|_| TokenError::Claim("name"))?;
        let roles = Roles::parse(words(claims.others.get(&self.settings.roles_claim)));
        Ok(Checked { session: Session { actor, roles, csrf: csrf(token) }, left_s: end.saturating_sub(now) })
    }
}

fn words(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match claim {
        Some(Value::String(word)) => (Some(word.as_str()), [].as_slice()),
        Some(Value::Array(list)) => (None, list.as_slice()),
        _ => (None, [].as_slice()),
    };
    one.into_iter().chain(many.iter().filter_map(Value::as_str))
}

/// What forms carry: made from the session's token, which no other site and no script can read.
fn csrf(token: &str) -> String {
    hex(digest(&SHA256, format!("saring-csrf\0{token}").as_bytes()).as_ref())[..40].to_owned()
}

pub(super) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
