//! Traces: which steps a report went through, told by the id of its case alone, so that no place has
//! to keep it. In the form of <https://www.w3.org/TR/trace-context/>.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::case::CaseId;
use crate::report::hex;

const TRACE_BYTES: usize = 16;
const SPAN_BYTES: usize = 8;
/// Keeps the hashes apart from other uses of the same id.
const TRACE_DOMAIN: &[u8] = b"saring trace\0";
const SPAN_DOMAIN: &[u8] = b"saring span\0";

/// Where a report passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A report is accepted.
    Intake,
    /// It is screened.
    Screen,
    /// The decision is told.
    Notify,
}

impl Step {
    /// Its name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Screen => "screen",
            Self::Notify => "notify",
        }
    }

    /// The step before it.
    #[must_use]
    pub const fn before(self) -> Option<Self> {
        match self {
            Self::Intake => None,
            Self::Screen => Some(Self::Intake),
            Self::Notify => Some(Self::Screen),
        }
    }
}

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: [u8; TRACE_BYTES],
    span: [u8; SPAN_BYTES],
}

impl TraceParent {
    /// A step of the trace of a report.
    #[must_use]
    pub fn of(case: CaseId, step: Step) -> Self {
        let id = case.to_string();
        let digest = Sha256::new().chain_update(TRACE_DOMAIN).chain_update(&id).finalize();
        let mut trace = [0; TRACE_BYTES];
        trace.copy_from_slice(&digest[..TRACE_BYTES]);
        let digest = Sha256::new().chain_update(SPAN_DOMAIN).chain_update(step.name()).chain_update(&id).finalize();
        let mut span = [0; SPAN_BYTES];
        span.copy_from_slice(&digest[..SPAN_BYTES]);
        Self { trace, span }
    }

    /// Reads `00-<32 digits>-<16 digits>-<2 digits>`; nothing where it is anything else: a trace is no
    /// reason to refuse a report.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = parts.next()?;
        let (trace, span) = (bytes(parts.next()?)?, bytes(parts.next()?)?);
        bytes::<1>(parts.next()?)?;
        let valid = version == "00" && parts.next().is_none() && trace != [0; TRACE_BYTES] && span != [0; SPAN_BYTES];
        valid.then_some(Self { trace, span })
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex(&self.trace)
    }

    /// 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        hex(&self.span)
    }

    /// Whether two places are of the same trace.
    #[must_use]
    pub fn same_trace(&self, other: &Self) -> bool {
        self.trace == other.trace
    }

    /// Whether this trace is among the share that is written; every step of a report agrees.
    #[must_use]
    pub fn is_sampled(&self, percent: u8) -> bool {
        let place = u16::from_be_bytes([self.trace[TRACE_BYTES - 2], self.trace[TRACE_BYTES - 1]]);
        u32::from(place) * 100 < u32::from(percent) * 0x1_0000
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-01", self.trace_id(), self.span_id())
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let lower = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if digits.len() != N * 2 || !lower {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(text: &str) -> CaseId {
        CaseId::parse(text).unwrap()
    }

    #[test]
    fn a_report_has_one_trace_with_a_span_for_each_step() {
        let steps = [Step::Intake, Step::Screen, Step::Notify].map(|s| TraceParent::of(case("0123456789ABCDEF"), s));
        let spans: std::collections::BTreeSet<_> = steps.iter().map(TraceParent::span_id).collect();
        assert_eq!(spans.len(), 3);
        assert!(steps.iter().all(|step| step.same_trace(&steps[0])));
        assert!(!steps[0].same_trace(&TraceParent::of(case("0123456789ABCDEG"), Step::Intake)));
        assert_eq!(TraceParent::parse(&steps[1].to_string()), Some(steps[1]));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(TraceParent::parse(good).unwrap().span_id(), "b7ad6b7169203331");
        let zero = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        let upper = good.to_uppercase();
        for wrong in
            ["", "00", &zero, &upper, &good[1..], &format!("{good}-x"), &good.replace("00-", "ff-"), "00-é-a-1"]
        {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_share_of_the_traces_is_sampled() {
        let sampled = |percent| {
            (0..2000).filter(|n| TraceParent::of(case(&format!("{n:016}")), Step::Screen).is_sampled(percent)).count()
        };
        assert_eq!((sampled(0), sampled(100)), (0, 2000));
        assert!((60..140).contains(&sampled(5)), "{}", sampled(5));
    }
}
