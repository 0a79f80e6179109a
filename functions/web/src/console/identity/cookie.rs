//! Two cookies: the session, and what one login needs to remember until the provider answers.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::settings::PublicUrl;

/// A cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The token; never sent with a request that another site caused.
    Session,
    /// State, nonce and verifier of a login. The provider's answer comes from another site, so it is
    /// sent with links that lead here.
    Login,
}

/// Seconds in which a login must be finished.
const LOGIN_S: u64 = 600;

impl Cookie {
    /// Browsers take a name with `__Host-` only from https, for the whole host, and from nobody else.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-saring_session",
            (Self::Session, false) => "saring_session",
            (Self::Login, true) => "__Host-saring_login",
            (Self::Login, false) => "saring_login",
        }
    }

    /// The value that a browser sent; nothing where it sent two.
    pub(super) fn read<'a>(self, headers: &'a HeaderMap, at: &PublicUrl) -> Option<&'a str> {
        let name = self.name(at.is_https());
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// Sets it for so many seconds; `0` removes it. Values are letters, digits, dots and dashes.
    pub(super) fn set(self, value: &str, seconds: u64, at: &PublicUrl) -> Option<HeaderValue> {
        let secure = at.is_https();
        let same_site = match self {
            Self::Session => "Strict",
            Self::Login => "Lax",
        };
        let seconds = if self == Self::Login { seconds.min(LOGIN_S) } else { seconds };
        let secure_word = if secure { "; Secure" } else { "" };
        let name = self.name(secure);
        let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure_word}");
        HeaderValue::try_from(line).ok()
    }
}
