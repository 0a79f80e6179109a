//! Objects of a bucket, for the registry of bundles: reads, conditional writes and listings, nothing else.
//! The SDK of the service would be the largest crate of the workspace, for four requests; these are
//! signed by the SDK's own crate and sent like any other.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::config::{Access, ConfigError, env, optional, sdk};

/// Largest object, in bytes: a bundle's network and some room.
pub const OBJECT_BYTES_MAX: usize = 256 * 1024 * 1024;
const LISTED_MAX: usize = 100_000;
const REQUEST_TIMEOUT: Duration = Duration::from_mins(5);
const SERVICE: &str = "s3";

/// Why a request to a bucket failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Not the name of a place.
    #[error("'{0}' is no registry: s3://BUCKET or s3://BUCKET/PREFIX, of letters, digits, '.', '-', '_' and '/'")]
    Name(String),
    /// A setting is missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nobody to sign as.
    #[error("no credentials for the bucket were found")]
    Credentials,
    /// The system's certificates could not be read.
    #[error("the system's certificates cannot be read")]
    Certificates(#[source] std::io::Error),
    /// The request could not be made.
    #[error("the request for {0} cannot be made")]
    Request(String),
    /// No connection, or it broke off.
    #[error("the bucket did not answer about {0}")]
    Connection(String),
    /// Another status than was expected.
    #[error("the bucket answered {status} about {key}: {code}")]
    Status {
        /// The object.
        key: String,
        /// Of HTTP.
        status: u16,
        /// What the service calls it.
        code: String,
    },
    /// The object is not where it was read.
    #[error("{0} was changed by somebody else meanwhile; look again, then repeat")]
    Moved(String),
    /// Changes would not leave what was before.
    #[error("bucket {0} keeps no versions; switch versioning on")]
    Unversioned(String),
}

/// What must be true of an object for a write to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unless<'a> {
    /// Nothing.
    Never,
    /// It is not there yet.
    Exists,
    /// It is still what was read under this tag.
    OtherThan(&'a str),
}

/// An object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Names this content, for [`Unless::OtherThan`].
    pub tag: String,
}

/// A bucket, or what is below a prefix of it.
#[derive(Debug, Clone)]
pub struct Objects {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    credentials: SharedCredentialsProvider,
    /// With the bucket, without a slash at the end.
    base: String,
    region: String,
    bucket: String,
    /// Empty, or with a slash at the end.
    prefix: String,
}

impl Objects {
    /// The place that `s3://BUCKET/PREFIX` names; region and endpoint as the environment says.
    ///
    /// # Errors
    /// A name that is none, no region, no credentials.
    pub async fn open(name: &str) -> Result<Self, ObjectError> {
        let (bucket, prefix) = parse(name).ok_or_else(|| ObjectError::Name(name.to_owned()))?;
        let region = optional(env::REGION).ok_or(ConfigError::Missing(env::REGION))?;
        let endpoint = optional(env::OBJECT_ENDPOINT);
        let config = sdk(&region, endpoint.as_deref(), Access::Usual).await;
        let credentials = config.credentials_provider().ok_or(ObjectError::Credentials)?;
        let host = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(ObjectError::Certificates)?
            .https_or_http()
            .enable_http1()
            .build();
        let http = Client::builder(TokioExecutor::new()).build(connector);
        let base = format!("{}/{bucket}", host.trim_end_matches('/'));
        Ok(Self { http, credentials, base, region, bucket, prefix })
    }

    /// An object; nothing where there is none.
    ///
    /// # Errors
    /// No answer, or one that is not expected.
    pub async fn read(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        let (status, tag, bytes) = self.ask(&Method::GET, &self.path(key), &[], Vec::new()).await?;
        match status {
            StatusCode::OK => Ok(Some(Object { bytes, tag })),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(said(key, status, &bytes)),
        }
    }

    /// Writes an object as a whole, unless something speaks against it.
    ///
    /// # Errors
    /// No answer, or somebody who was faster.
    pub async fn write(&self, key: &str, bytes: Vec<u8>, unless: Unless<'_>) -> Result<(), ObjectError> {
        let condition = match unless {
            Unless::Never => None,
            Unless::Exists => Some(("if-none-match", "*")),
            Unless::OtherThan(tag) => Some(("if-match", tag)),
        };
        let (status, _, answer) = self.ask(&Method::PUT, &self.path(key), condition.as_slice(), bytes).await?;
        match status {
            StatusCode::OK => Ok(()),
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => Err(ObjectError::Moved(key.to_owned())),
            status => Err(said(key, status, &answer)),
        }
    }

    /// Keys below a prefix, without the place's own.
    ///
    /// # Errors
    /// No answer, or one that is not expected.
    pub async fn list(&self, below: &str) -> Result<Vec<String>, ObjectError> {
        let (mut keys, mut next) = (Vec::new(), None::<String>);
        loop {
            let token =
                next.take().map_or_else(String::new, |token| format!("continuation-token={}&", encoded(&token)));
            let path = format!("/?{token}list-type=2&prefix={}", encoded(&format!("{}{below}", self.prefix)));
            let (status, _, bytes) = self.ask(&Method::GET, &path, &[], Vec::new()).await?;
            if status != StatusCode::OK {
                return Err(said(below, status, &bytes));
            }
            let text = String::from_utf8_lossy(&bytes);
            keys.extend(elements(&text, "Key").filter_map(|key| Some(key.strip_prefix(&self.prefix)?.to_owned())));
            next = elements(&text, "NextContinuationToken").next().map(str::to_owned);
            if next.is_none() || keys.len() >= LISTED_MAX {
                return Ok(keys);
            }
        }
    }

    /// Whether the bucket keeps what is overwritten.
    ///
    /// # Errors
    /// It doesn't, or no answer.
    pub async fn need_versions(&self) -> Result<(), ObjectError> {
        let (status, _, bytes) = self.ask(&Method::GET, "/?versioning=", &[], Vec::new()).await?;
        if status != StatusCode::OK {
            return Err(said(&self.bucket, status, &bytes));
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_on = elements(&text, "Status").next() == Some("Enabled");
        if is_on { Ok(()) } else { Err(ObjectError::Unversioned(self.bucket.clone())) }
    }

    fn path(&self, key: &str) -> String {
        format!("/{}{key}", self.prefix)
    }

    /// Status, tag and body of the answer.
    async fn ask(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<(StatusCode, String, Vec<u8>), ObjectError> {
        let url = format!("{}{path}", self.base);
        let about = || path.trim_start_matches('/').to_owned();
        let request = self.signed(method, &url, headers, body).await?;
        let work = async {
            let answer = self.http.request(request).await.map_err(|_| ObjectError::Connection(about()))?;
            let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
            let status = answer.status();
            let body = Limited::new(answer.into_body(), OBJECT_BYTES_MAX).collect().await;
            let bytes = body.map_err(|_| ObjectError::Connection(about()))?.to_bytes().to_vec();
            Ok((status, tag, bytes))
        };
        tokio::time::timeout(REQUEST_TIMEOUT, work).await.map_err(|_| ObjectError::Connection(about()))?
    }

    async fn signed(
        &self,
        method: &Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, ObjectError> {
        let failed = || ObjectError::Request(url.to_owned());
        let identity = self.credentials.provide_credentials().await.map_err(|_| ObjectError::Credentials)?.into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|_| failed())?
            .into();
        let signable = SignableRequest::new(method.as_str(), url, headers.iter().copied(), SignableBody::Bytes(&body))
            .map_err(|_| failed())?;
        let (instructions, _) = sign(signable, &parameters).map_err(|_| failed())?.into_parts();
        let mut request = Request::builder().method(method.clone()).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::new(Bytes::from(body))).map_err(|_| failed())?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

fn said(key: &str, status: StatusCode, answer: &[u8]) -> ObjectError {
    let text = String::from_utf8_lossy(answer);
    let code = elements(&text, "Code").next().unwrap_or("no reason given").to_owned();
    ObjectError::Status { key: key.to_owned(), status: status.as_u16(), code }
}

/// Bucket and prefix.
fn parse(name: &str) -> Option<(String, String)> {
    let rest = name.strip_prefix("s3://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |text: &str, more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    let is_path = !prefix.starts_with('/') && !prefix.contains("//");
    let prefix = prefix.trim_end_matches('/');
    let is_valid = !bucket.is_empty() && plain(bucket, b".-") && plain(prefix, b".-_/") && is_path;
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    is_valid.then(|| (bucket.to_owned(), prefix))
}

/// For a query: all but what stands for itself.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Texts of the elements of a name; of keys and codes, which hold nothing that XML escapes.
fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let from = rest.find(&open)? + open.len();
        let length = rest[from..].find(&close)?;
        let found = &rest[from..from + length];
        rest = &rest[from + length..];
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_bucket_and_perhaps_a_prefix() {
        let of = |name: &str| parse(name).map(|(bucket, prefix)| format!("{bucket} {prefix}"));
        assert_eq!(of("s3://models.example").as_deref(), Some("models.example "));
        assert_eq!(of("s3://models/saring/v1/").as_deref(), Some("models saring/v1/"));
        for wrong in ["s3://", "s3:///a", "models/bundles", "s3://a b", "s3://a/b?c", "s3://a/../b#", "s3://a//b"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn listings_and_errors_are_read() {
        let xml = "<R><Contents><Key>p/bundles/a/model.toml</Key></Contents><Contents><Key>p/b</Key></Contents>\
                   <NextContinuationToken>1/x+==</NextContinuationToken></R>";
        assert_eq!(elements(xml, "Key").collect::<Vec<_>>(), ["p/bundles/a/model.toml", "p/b"]);
        assert_eq!(elements(xml, "NextContinuationToken").map(encoded).next().as_deref(), Some("1%2Fx%2B%3D%3D"));
        let error = said("k", StatusCode::FORBIDDEN, b"<Error><Code>AccessDenied</Code></Error>");
        assert_eq!(error.to_string(), "the bucket answered 403 about k: AccessDenied");
    }
}
