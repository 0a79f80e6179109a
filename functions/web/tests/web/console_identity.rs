//! Tokens, keys, sessions and forms.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::Request;
use axum::routing::get as route;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use saring_web::{Identity, PublicUrl};
use serde_json::{Value, json};

use crate::support::{Answer, Provider, World, ask, get, get_with};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn with_token(console: &Router, token: &str) -> u16 {
    get_with(console, "/console", "authorization", &format!("Bearer {token}")).await.status.as_u16()
}

#[tokio::test]
async fn a_token_counts_only_if_all_of_it_fits() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let console = provider.console(&world);
    let claims = provider.issuer.claims("siti", &["moderator"]);
    let cases: [(&str, &str, Value, u16); 18] = [
        ("as it is", "sub", json!("siti"), 200),
        ("another issuer", "iss", json!("https://evil.example"), 401),
        ("no issuer", "iss", Value::Null, 401),
        ("another audience", "aud", json!("another-client"), 401),
        ("an audience among others", "aud", json!(["x", "saring-console"]), 200),
        ("no audience", "aud", Value::Null, 401),
        ("expired within the skew", "exp", json!(now() - 30), 200),
        ("expired", "exp", json!(now() - 90), 401),
        ("an expiry that is no number", "exp", json!("never"), 401),
        ("no expiry", "exp", Value::Null, 401),
        ("not yet, within the skew", "nbf", json!(now() + 30), 200),
        ("not yet", "nbf", json!(now() + 120), 401),
        ("a begin that is no number", "nbf", json!("0"), 401),
        ("issued in the future", "iat", json!(now() + 3600), 401),
        ("issued yesterday", "iat", json!(now() - 13 * 3600), 401),
        ("nobody", "sub", Value::Null, 401),
        ("a name with a line break", "sub", json!("a\nb"), 401),
        ("one role as a word", "roles", json!("reader"), 200),
    ];
    for (what, claim, value, status) in cases {
        let mut claims = claims.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        } else {
            claims[claim] = value;
        }
        assert_eq!(with_token(&console, &provider.issuer.sign(&claims).unwrap()).await, status, "{what}");
    }
    let roles = json!({ "roles": {"a": 1} });
    let mut claims = claims.clone();
    claims["roles"] = roles;
    assert_eq!(with_token(&console, &provider.issuer.sign(&claims).unwrap()).await, 403, "roles of another kind");
}

#[tokio::test]
async fn no_signature_but_the_issuers_own() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let console = provider.console(&world);
    let token = provider.issuer.token("siti", &["moderator"]).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let with_header = |change: &dyn Fn(&mut Value)| {
        let mut header = header.clone();
        change(&mut header);
        format!("{}.{}.{}", part(&header), parts[1], parts[2])
    };
    let other = Provider::start().await;
    let mut foreign = provider.issuer.claims("siti", &["moderator"]);
    foreign["iss"] = json!(provider.issuer.issuer());
    let long = format!("{token}{}", "a".repeat(4000));
    let supervisor = part(&provider.issuer.claims("siti", &["supervisor"]));
    for (what, token) in [
        ("no algorithm", with_header(&|h| h["alg"] = json!("none"))),
        ("a shared secret", with_header(&|h| h["alg"] = json!("HS256"))),
        ("the other kind of key", with_header(&|h| h["alg"] = json!("RS256"))),
        ("no key", with_header(&|h| h["kid"] = Value::Null)),
        ("an unknown key", with_header(&|h| h["kid"] = json!("x"))),
        ("without a signature", format!("{}.{}.", parts[0], parts[1])),
        ("with other claims", format!("{}.{supervisor}.{}", parts[0], parts[2])),
        ("another issuer's key", other.issuer.sign(&foreign).unwrap()),
        ("too long", long),
        ("no token", "x".to_owned()),
        ("nothing", String::new()),
    ] {
        assert_eq!(with_token(&console, &token).await, 401, "{what}");
    }
    assert_eq!(with_token(&console, &token).await, 200);
    let basic = get_with(&console, "/console", "authorization", "Basic c2l0aTpzaXRp").await;
    assert_eq!((basic.status.as_u16(), basic.header("www-authenticate")), (401, "Bearer"));
}

/// A provider that signs with RSA, as most do, and counts how often its keys are asked for.
async fn rsa_provider() -> (String, RsaKeyPair, Arc<AtomicUsize>) {
    let key: String = include_str!("rsa_test_key.txt").split_whitespace().collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(key).unwrap()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let jwk = json!({ "kty": "RSA", "kid": "r1", "use": "sig", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e) });
    let about = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/a"), "token_endpoint": format!("{issuer}/t"),
        "jwks_uri": format!("{issuer}/jwks"),
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "X25519", "x": "AA" }, { "kty": "new-kind" }, jwk] });
    let routes = Router::new().route("/.well-known/openid-configuration", route(async move || Json(about))).route(
        "/jwks",
        route(async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            Json(keys)
        }),
    );
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (issuer, pair, asked)
}

fn rsa_token(pair: &RsaKeyPair, kid: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({ "alg": "RS256", "kid": kid })), part(claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn rsa_counts_and_made_up_keys_cause_no_flood() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let (issuer, pair, asked) = rsa_provider().await;
    let mut settings = provider.settings();
    settings.issuer.clone_from(&issuer);
    settings.roles_claim = "cognito:groups".to_owned();
    settings.name_claim = "cognito:username".to_owned();
    let console = saring_web::console::router(world.cases.clone(), &Identity::new(settings).unwrap());
    let claims = json!({
        "iss": issuer, "aud": "saring-console", "sub": "0", "exp": now() + 600, "iat": now(),
        "cognito:groups": ["moderator"], "cognito:username": "siti",
    });
    assert_eq!(with_token(&console, &rsa_token(&pair, "r1", &claims)).await, 200);
    for kid in 0..50 {
        assert_eq!(with_token(&console, &rsa_token(&pair, &format!("made-up-{kid}"), &claims)).await, 401);
    }
    assert_eq!(with_token(&console, &rsa_token(&pair, "r1", &claims)).await, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 1, "within the time between two fetches");
}

#[tokio::test]
async fn a_new_key_counts_at_once_and_the_old_no_more() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let mut settings = provider.settings();
    settings.refetch_min = Duration::ZERO;
    let console = saring_web::console::router(world.cases.clone(), &Identity::new(settings).unwrap());
    let old = provider.issuer.token("siti", &["reader"]).unwrap();
    assert_eq!(with_token(&console, &old).await, 200);
    provider.issuer.rotate().unwrap();
    let new = provider.issuer.token("siti", &["reader"]).unwrap();
    assert_eq!(with_token(&console, &new).await, 200);
    assert_eq!(with_token(&console, &old).await, 401);
}

#[test]
fn a_provider_must_be_encrypted_or_here() {
    let url = PublicUrl::parse("https://konsol.example").unwrap();
    let settings = |issuer: &str| saring_web::IdentitySettings::new(issuer, "a", url.clone());
    assert!(Identity::new(settings("http://id.example")).is_err());
    assert!(Identity::new(settings("https://id.example/realms/a")).is_ok());
}

fn cookie_of(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
    lines.into_iter().find(|line| line.split('=').next() == Some(name))
}

fn location(answer: &Answer) -> String {
    answer.header("location").to_owned()
}

/// Goes from the console to the provider and back; the answer to the return.
async fn log_in(provider: &Provider, console: &Router, person: &str) -> (Answer, String) {
    let first = get_with(console, "/console?reason=spam", "accept", "text/html").await;
    assert_eq!(
        (first.status.as_u16(), location(&first)),
        (303, "/console/masuk?ke=%2Fconsole%3Freason%3Dspam".to_owned())
    );
    let begun = get_with(console, &location(&first), "accept", "text/html").await;
    let remembered = cookie_of(&begun, "saring_login").unwrap();
    assert!(remembered.ends_with("Path=/; Max-Age=600; HttpOnly; SameSite=Lax"), "{remembered}");
    let asked = location(&begun);
    let issuer = provider.issuer.router();
    let page = get(&issuer, asked.strip_prefix(&provider.origin).unwrap()).await;
    assert!(page.body.contains(person), "{}", page.body);
    let chosen = asked.replace("/authorize?", "/authorize/go?") + "&person=" + person;
    let back = location(&get(&issuer, chosen.strip_prefix(&provider.origin).unwrap()).await);
    let back = back.strip_prefix(&provider.origin).unwrap().to_owned();
    let cookie = remembered.split(';').next().unwrap();
    let request = Request::get(&back).header("cookie", cookie).header("accept", "text/html");
    (ask(console, request.body(Body::empty()).unwrap()).await, back)
}

#[tokio::test]
async fn a_login_ends_in_a_session_that_ends() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let console = provider.console(&world);
    let (done, back) = log_in(&provider, &console, "sari").await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("content=\"0; url=/console?reason=spam\""), "{}", done.body);
    let session = cookie_of(&done, "saring_session").unwrap();
    assert!(session.contains("; HttpOnly; SameSite=Strict") && session.contains("; Path=/; "), "{session}");
    let seconds: u64 = session.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!((8 * 3600 - 60..=8 * 3600).contains(&seconds), "as long as its token: {seconds}");
    let gone = cookie_of(&done, "saring_login").unwrap();
    assert!(gone.contains("Max-Age=0"), "{gone}");
    let cookie = session.split(';').next().unwrap().to_owned();
    let page = get_with(&console, "/console", "cookie", &cookie).await;
    assert!(page.status == 200 && page.body.contains("sari <span class=\"code\">moderator</span>"), "{}", page.body);
    // Two cookies of a name: somebody put one there.
    assert_eq!(get_with(&console, "/console", "cookie", &format!("{cookie}; saring_session=x")).await.status, 401);
    // The same answer again, without what the login remembered, with another's state.
    assert_eq!(get(&console, &back).await.status, 400);
    let other = format!("saring_login=a.b.c.{}", URL_SAFE_NO_PAD.encode("/console"));
    assert_eq!(get_with(&console, &back, "cookie", &other).await.status, 400);
}

#[tokio::test]
async fn cookies_are_secure_where_the_console_is() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let mut settings = provider.settings();
    settings.console_url = PublicUrl::parse("https://konsol.example").unwrap();
    let console = saring_web::console::router(world.cases.clone(), &Identity::new(settings).unwrap());
    let begun = get(&console, "/console/masuk").await;
    let cookie = cookie_of(&begun, "__Host-saring_login").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let token = provider.issuer.token("siti", &["reader"]).unwrap();
    assert_eq!(get_with(&console, "/console", "cookie", &format!("saring_session={token}")).await.status, 401);
    let session = format!("__Host-saring_session={token}");
    assert_eq!(get_with(&console, "/console", "cookie", &session).await.status, 200);
}

#[tokio::test]
async fn a_form_counts_only_from_our_own_page() {
    let (world, provider) = (World::start().await, Provider::start().await);
    let console = provider.console(&world);
    let cookie = format!("saring_session={}", provider.issuer.token("siti", &["reader"]).unwrap());
    let page = get_with(&console, "/console", "cookie", &cookie).await.body;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let other = format!("saring_session={}", provider.issuer.token("bayu", &["reader"]).unwrap());
    let other = get_with(&console, "/console", "cookie", &other).await.body;
    assert!(!other.contains(&csrf), "each session has its own");
    let own = provider.origin.clone();
    for (what, body, origin, status) in [
        ("nothing", String::new(), None, 403),
        ("another value", format!("csrf={}", "0".repeat(40)), None, 403),
        ("empty", "csrf=".to_owned(), None, 403),
        ("twice", format!("csrf={csrf}&csrf={csrf}"), None, 403),
        ("not a form", "\u{1}".to_owned(), None, 403),
        ("from another site", format!("csrf={csrf}"), Some("https://evil.example".to_owned()), 403),
        ("from nowhere", format!("csrf={csrf}"), Some("null".to_owned()), 403),
        ("our own", format!("csrf={csrf}"), Some(own), 200),
        ("our own, an old browser", format!("csrf={csrf}"), None, 200),
    ] {
        let mut request = Request::post("/console/keluar").header("cookie", &cookie);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = ask(&console, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
        let ended = cookie_of(&answer, "saring_session").is_some_and(|line| line.contains("Max-Age=0"));
        assert_eq!(ended, status == 200, "{what}");
    }
}
