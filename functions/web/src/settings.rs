//! How a router is set up, and every environment variable of this crate.

use std::time::Duration;

use saring_store::Telemetry;

/// Every environment variable of this crate.
pub mod env {
    /// Where the public pages are, such as `https://lapor.example.go.id`; optional.
    pub const PUBLIC_URL: &str = "SARING_PUBLIC_URL";
    /// Issuer of the moderators' tokens (`OpenID` Connect); for the console.
    pub const OIDC_ISSUER: &str = "SARING_OIDC_ISSUER";
    /// Audience that the tokens must name: the console's client id.
    pub const OIDC_AUDIENCE: &str = "SARING_OIDC_AUDIENCE";
    /// Claim with the roles; optional.
    pub const OIDC_ROLES_CLAIM: &str = "SARING_OIDC_ROLES_CLAIM";
    /// Claim that names a person in locks and trails; optional.
    pub const OIDC_NAME_CLAIM: &str = "SARING_OIDC_NAME_CLAIM";
}

/// Longest public address, in bytes.
const PUBLIC_URL_BYTES_MAX: usize = 200;

/// Why the settings are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The public address is none.
    #[error(
        "environment variable {} must be an http or https address without path, at most {PUBLIC_URL_BYTES_MAX} bytes",
        env::PUBLIC_URL
    )]
    PublicUrl,
}

/// Scheme and host of the public pages; what links in feeds begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// # Errors
    /// Anything but `http://` or `https://`, a host and perhaps a port.
    pub fn parse(url: &str) -> Result<Self, SettingsError> {
        let origin = url.strip_suffix('/').unwrap_or(url);
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let valid = host.is_some_and(|host| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b))
        });
        let short = origin.len() <= PUBLIC_URL_BYTES_MAX;
        if valid && short { Ok(Self(origin.to_owned())) } else { Err(SettingsError::PublicUrl) }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Scheme and host, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many requests one client may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once, after a pause.
    pub burst: u16,
    /// On average.
    pub per_minute: u16,
}

/// How a router is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What links begin with; without it they name the path only.
    pub public_url: Option<PublicUrl>,
    /// Time that a request may take; below the time limit of the function and its gateway.
    pub request_timeout: Duration,
    /// Limit of one client's reading requests.
    pub reads: Rate,
    /// Limit of one client's reports, appeals and look-ups by tracking id.
    pub writes: Rate,
    /// Where metrics and traces go.
    pub telemetry: Telemetry,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            request_timeout: Duration::from_secs(20),
            reads: Rate { burst: 120, per_minute: 240 },
            writes: Rate { burst: 30, per_minute: 30 },
            telemetry: Telemetry::silent(),
        }
    }
}

impl Settings {
    /// # Errors
    /// A variable of [`mod@env`] that can't be read.
    pub fn from_env() -> Result<Self, SettingsError> {
        let url = std::env::var(env::PUBLIC_URL).ok().filter(|url| !url.is_empty());
        Ok(Self { public_url: url.as_deref().map(PublicUrl::parse).transpose()?, ..Self::default() })
    }

    /// A link to a path of the public pages.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    /// What stands before a path of the public pages.
    pub(crate) fn base(&self) -> &str {
        self.public_url.as_ref().map_or("", PublicUrl::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_scheme_and_host() {
        for good in ["https://lapor.example.go.id", "http://127.0.0.1:8080/", "http://[::1]:8080"] {
            assert_eq!(PublicUrl::parse(good).unwrap().as_str(), good.trim_end_matches('/'));
        }
        let long = format!("https://{}", "a".repeat(PUBLIC_URL_BYTES_MAX));
        for bad in ["", "lapor.example", "ftp://a", "https://", "https://a/b", "https://a?b", "https://a\"b", &long] {
            assert_eq!(PublicUrl::parse(bad), Err(SettingsError::PublicUrl), "{bad}");
        }
    }
}
