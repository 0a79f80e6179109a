//! What came lately against the current bundle's reference: counts of the screening, and decisions.

use saring_domain::case::Timestamp;
use saring_domain::drift::{Group, Reference, Summary, label_of};
use saring_store::{Cases, Logged, Measure, StoreError, Telemetry, Unit, metric};

use crate::config;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Reports of yesterday and today: whole days, as they are counted.
const REPORT_DAYS: u64 = 1;
/// Decisions are fewer.
const LABEL_DAYS: u64 = 7;
/// A finding counts for so long before it is made again.
const AGAIN_AFTER_MS: u64 = HOUR_MS;

/// Compares reports of today and the `days` before it, and decisions of as many days but at least a
/// week, with a reference.
///
/// # Errors
/// No answer.
pub async fn compare(cases: &Cases, reference: &Reference, days: u64, now: Timestamp) -> Result<Summary, StoreError> {
    let back = |days: u64| Timestamp::from_unix_ms(now.unix_ms().saturating_sub(days.saturating_mul(DAY_MS)));
    let revision = reference.revision();
    let counts = cases.drift_counts(&revision, back(days), now).await?;
    let log = cases.decided_between(back(days.max(LABEL_DAYS)), now).await?;
    let labels: Vec<&str> = log.iter().filter(|row| was_held(row)).map(|row| label_of(&row.ruling)).collect();
    Ok(Summary {
        at_ms: now.unix_ms(),
        model: reference.model.clone(),
        rows: reference.rows,
        reports: counts.reports,
        decisions: labels.len() as u64,
        dimensions: reference.compare(&counts, labels.iter().copied()),
        revision,
        days: Vec::new(),
    })
}

/// What the screening published and a person looked at was chosen otherwise; figures weigh it.
fn was_held(row: &Logged) -> bool {
    !row.reasons.iter().any(|reason| reason == "clean")
}

/// What drifts, found again where the last finding is older than an hour or of another reference.
///
/// # Errors
/// No answer.
pub async fn refresh_drift(cases: &Cases, reference: &Reference, now: Timestamp) -> Result<Summary, StoreError> {
    let is_fresh = |found: &Summary| {
        found.revision == reference.revision() && now.unix_ms().saturating_sub(found.at_ms) < AGAIN_AFTER_MS
    };
    if let Some(found) = cases.drift().await?.filter(is_fresh) {
        return Ok(found);
    }
    cases.keep_drift(compare(cases, reference, REPORT_DAYS, now).await?).await
}

/// The numbers that alarms look at.
#[must_use]
pub fn measures(found: &Summary) -> [Measure; 4] {
    let of = |name, group| Measure { name, unit: Unit::None, value: found.largest(group) };
    [
        Measure { name: metric::DRIFT_REPORTS, unit: Unit::Count, value: found.reports as f64 },
        of(metric::DRIFT_INPUT, Group::Input),
        of(metric::DRIFT_SCORE, Group::Score),
        of(metric::DRIFT_LABEL, Group::Label),
    ]
}

/// The reference that the environment leads to. One that can't be used is no reason not to sweep.
#[must_use]
pub fn reference_or_nothing() -> Option<Reference> {
    config::reference().unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "drift is not looked for");
        None
    })
}

/// Looks for drift and writes its metrics; a failure is logged, the next sweep looks again.
pub async fn tell_drift(cases: &Cases, reference: Option<&Reference>, telemetry: &Telemetry, now: Timestamp) {
    let Some(reference) = reference else { return };
    match refresh_drift(cases, reference, now).await {
        Ok(found) => telemetry.metrics(&measures(&found)),
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "drift was not looked for"),
    }
}
