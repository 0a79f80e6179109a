//! An `OpenID` provider for this machine: everybody may be anybody, by one click. It is in no program
//! that is deployed; the console believes it because `saring up` says so.

mod page;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where it is, below the address of the pages.
pub const ISSUER_PATH: &str = "/dev-issuer";
/// The client id of the console.
pub const CONSOLE_AUDIENCE: &str = "saring-console";

const TOKEN_S: u64 = 8 * 3600;
const CODE_LIFE: Duration = Duration::from_mins(2);
const CODES_MAX: usize = 1000;

/// Names and roles that one click gives.
pub const PEOPLE: [(&str, &[&str]); 6] = [
    ("sari", &["moderator"]),
    ("bayu", &["moderator"]),
    ("wulan", &["supervisor"]),
    ("rama", &["reader"]),
    ("dewi", &["data"]),
    ("audit", &["auditor"]),
];

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers for the issuer's key")]
pub struct IssuerError;

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

struct Code {
    person: usize,
    nonce: String,
    challenge: String,
    redirect_uri: String,
    at: Instant,
}

struct Inner {
    key: Key,
    codes: HashMap<String, Code>,
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    origin: Arc<str>,
    state: Arc<Mutex<Inner>>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Issuer {
    /// For the pages at an address such as `http://127.0.0.1:8080`, with a new key.
    ///
    /// # Errors
    /// No random numbers.
    pub fn new(origin: &str) -> Result<Self, IssuerError> {
        let state = Inner { key: new_key()?, codes: HashMap::new() };
        Ok(Self { origin: origin.trim_end_matches('/').into(), state: Arc::new(Mutex::new(state)) })
    }

    /// `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}{ISSUER_PATH}", self.origin)
    }

    /// Its routes, below [`ISSUER_PATH`].
    pub fn router(&self) -> Router {
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/authorize", get(authorize))
            .route("/authorize/go", get(go))
            .route("/token", post(token));
        Router::new().nest(ISSUER_PATH, routes.with_state(self.clone()))
    }

    /// Takes a new key; tokens by the old one count no more.
    ///
    /// # Errors
    /// No random numbers.
    pub fn rotate(&self) -> Result<(), IssuerError> {
        self.state().key = new_key()?;
        Ok(())
    }

    /// A token for a person with roles.
    ///
    /// # Errors
    /// No random numbers.
    pub fn token(&self, person: &str, roles: &[&str]) -> Result<String, IssuerError> {
        self.sign(&self.claims(person, roles))
    }

    /// The claims of such a token, to be changed by tests.
    #[must_use]
    pub fn claims(&self, person: &str, roles: &[&str]) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({
            "iss": self.issuer(), "aud": CONSOLE_AUDIENCE, "sub": person, "roles": roles, "iat": now,
            "exp": now + TOKEN_S,
        })
    }

    /// A token of any claims.
    ///
    /// # Errors
    /// No random numbers.
    pub fn sign(&self, claims: &Value) -> Result<String, IssuerError> {
        let state = self.state();
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": state.key.id });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = state.key.pair.sign(&SystemRandom::new(), message.as_bytes()).map_err(|_| IssuerError)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> Result<String, IssuerError> {
    let mut bytes = [0; 18];
    SystemRandom::new().fill(&mut bytes).map_err(|_| IssuerError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn new_key() -> Result<Key, IssuerError> {
    let random_numbers = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random_numbers).map_err(|_| IssuerError)?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random_numbers).map_err(|_| IssuerError)?;
    Ok(Key { id: random()?, pair })
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    let at = issuer.issuer();
    Json(json!({
        "issuer": at, "authorization_endpoint": format!("{at}/authorize"), "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"], "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    let state = issuer.state();
    // A point of the curve, uncompressed: a byte 4, then both coordinates.
    let point = state.key.pair.public_key().as_ref();
    let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
    Json(json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": state.key.id, "x": part(1), "y": part(33) },
    ] }))
}

/// What the console asks with.
#[derive(Debug, Clone, Deserialize)]
struct Asked {
    client_id: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    code_challenge: String,
    #[serde(default)]
    person: String,
}

impl Asked {
    /// Only the console of the same address.
    fn is_known(&self, issuer: &Issuer) -> bool {
        let own = self.redirect_uri.strip_prefix(&*issuer.origin).is_some_and(|path| path.starts_with("/console/"));
        own && self.client_id == CONSOLE_AUDIENCE
    }
}

async fn authorize(State(issuer): State<Issuer>, Query(asked): Query<Asked>) -> Response {
    if !asked.is_known(&issuer) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page::people(&asked))).into_response()
}

async fn go(State(issuer): State<Issuer>, Query(asked): Query<Asked>) -> Response {
    let person = PEOPLE.iter().position(|(name, _)| *name == asked.person);
    let (Some(person), true, Ok(code)) = (person, asked.is_known(&issuer), random()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let to = format!("{}?code={code}&state={}", asked.redirect_uri, page::encoded(&asked.state));
    let mut state = issuer.state();
    state.codes.retain(|_, code| code.at.elapsed() < CODE_LIFE);
    if state.codes.len() >= CODES_MAX {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let (nonce, challenge, redirect_uri) = (asked.nonce, asked.code_challenge, asked.redirect_uri);
    state.codes.insert(code, Code { person, nonce, challenge, redirect_uri, at: Instant::now() });
    Redirect::to(&to).into_response()
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    client_id: String,
    redirect_uri: String,
    code: String,
    code_verifier: String,
}

async fn token(State(issuer): State<Issuer>, Form(form): Form<Exchange>) -> Response {
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    // A code counts once, also where the rest does not fit.
    let Some(code) = issuer.state().codes.remove(&form.code) else { return refused() };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form.code_verifier.as_bytes()));
    let fits = form.grant_type == "authorization_code"
        && form.client_id == CONSOLE_AUDIENCE
        && form.redirect_uri == code.redirect_uri
        && challenge == code.challenge
        && code.at.elapsed() < CODE_LIFE;
    if !fits {
        return refused();
    }
    let (person, roles) = PEOPLE[code.person];
    let mut claims = issuer.claims(person, roles);
    claims["nonce"] = json!(code.nonce);
    match issuer.sign(&claims) {
        Ok(token) => {
            let body =
                json!({ "id_token": token, "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
