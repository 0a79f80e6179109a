//! How often one client may ask: a bucket of tokens for each, in the memory of this process.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use axum::http::Extensions;
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

use crate::settings::Rate;

/// Clients that are remembered; beyond them the one that asked least is forgotten.
const CLIENTS_MAX: usize = 10_000;
/// One household or office usually has this much of an IPv6 address in common.
const IPV6_NETWORK_BITS: u32 = 64;

/// Who asks, as far as the server in front says: never a header, which anybody can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    /// `None` where neither the gateway nor the socket tells the address.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        let gateway = match extensions.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_ref()?.parse().ok(),
            _ => None,
        };
        let socket = || extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        gateway.or_else(socket).map(Self::at)
    }

    fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & u128::MAX << (Ipv6Addr::BITS - IPV6_NETWORK_BITS);
                Self(Ipv6Addr::from_bits(network).into())
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// The buckets of one kind of request.
#[derive(Debug)]
pub(crate) struct Limiter {
    rate: Rate,
    clients_max: usize,
    buckets: Mutex<HashMap<Client, Bucket>>,
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, clients_max: CLIENTS_MAX, buckets: Mutex::default() }
    }

    /// Takes a token; without one, says how long the next takes.
    pub(crate) fn take(&self, client: Client, now: Instant) -> Result<(), Duration> {
        // A bucket is whole at every moment, so a panic elsewhere leaves nothing half done.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.clients_max && !buckets.contains_key(&client) {
            let fullest = buckets.iter().max_by(|(_, a), (_, b)| self.tokens(a, now).total_cmp(&self.tokens(b, now)));
            let fullest = fullest.map(|(client, _)| *client);
            fullest.map(|client| buckets.remove(&client));
        }
        let bucket = buckets.entry(client).or_insert(Bucket { tokens: f64::from(self.rate.burst), at: now });
        let tokens = self.tokens(bucket, now);
        let left = if tokens >= 1.0 { tokens - 1.0 } else { tokens };
        *bucket = Bucket { tokens: left, at: now };
        if tokens >= 1.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - tokens) / self.per_second())) }
    }

    fn tokens(&self, bucket: &Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + since * self.per_second()).min(f64::from(self.rate.burst))
    }

    fn per_second(&self) -> f64 {
        // A rate of none would never give a token again.
        f64::from(self.rate.per_minute.max(1)) / 60.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::at(address.parse().unwrap())
    }

    fn limiter(clients_max: usize) -> Limiter {
        Limiter { clients_max, ..Limiter::new(Rate { burst: 3, per_minute: 60 }) }
    }

    #[test]
    fn a_burst_passes_and_then_the_average() {
        let (limiter, start) = (limiter(10), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        for _ in 0..3 {
            assert_eq!(limiter.take(one, start), Ok(()));
        }
        assert_eq!(limiter.take(one, start), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take(other, start), Ok(()));
        assert_eq!(limiter.take(one, at(1)), Ok(()));
        assert!(limiter.take(one, at(1)).is_err());
        // A long pause fills the bucket and no more.
        for _ in 0..3 {
            assert_eq!(limiter.take(one, at(1000)), Ok(()));
        }
        assert!(limiter.take(one, at(1000)).is_err());
        // A clock that goes back gives nothing.
        assert!(limiter.take(one, at(2)).is_err());
    }

    #[test]
    fn memory_is_bounded_and_who_asks_most_stays_known() {
        let (limiter, now) = (limiter(5), Instant::now());
        let busy = client("192.0.2.1");
        while limiter.take(busy, now).is_ok() {}
        for last in 0..100 {
            assert_eq!(limiter.take(client(&format!("198.51.100.{last}")), now), Ok(()));
            assert!(limiter.buckets.lock().unwrap().len() <= 5);
        }
        assert!(limiter.take(busy, now).is_err());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }
}
