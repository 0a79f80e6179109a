//! The data files of the cost model.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The prices that come with the program.
pub(crate) const PRICES: &str = include_str!("../../../prices.toml");
/// The load of one report that comes with the program.
pub(crate) const LOAD: &str = include_str!("../../../load.toml");

/// Prices in US dollars.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) lambda: LambdaPrices,
    pub(crate) sqs: SqsPrices,
    pub(crate) dynamodb: DynamodbPrices,
    pub(crate) logs: LogPrices,
    pub(crate) fixed: FixedPrices,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LambdaPrices {
    source: String,
    pub(crate) requests_per_million: f64,
    pub(crate) arm64_gb_second: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqsPrices {
    source: String,
    pub(crate) standard_per_million: f64,
    pub(crate) fifo_per_million: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DynamodbPrices {
    source: String,
    pub(crate) write_units_per_million: f64,
    pub(crate) read_units_per_million: f64,
    pub(crate) provisioned_write_unit_hour: f64,
    pub(crate) reserved_one_year_share: f64,
    pub(crate) reserved_three_years_share: f64,
    pub(crate) storage_gb_month: f64,
    pub(crate) recovery_gb_month: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogPrices {
    source: String,
    pub(crate) ingested_gb: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedPrices {
    source: String,
    pub(crate) month: f64,
}

impl Prices {
    /// Where the prices are from, each place once.
    pub(crate) fn sources(&self) -> Vec<&str> {
        let all = [&self.lambda.source, &self.sqs.source, &self.dynamodb.source, &self.logs.source, &self.fixed.source];
        let mut sources: Vec<_> = all.into_iter().map(String::as_str).collect();
        sources.dedup();
        sources
    }
}

/// What one report asks for, and what the services allow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    pub(crate) screen: ScreenLoad,
    pub(crate) notify: NotifyLoad,
    pub(crate) arrival: Arrival,
    pub(crate) decisions: Decisions,
    pub(crate) items: Items,
    pub(crate) drift: DriftLoad,
    pub(crate) rollout: RolloutLoad,
    pub(crate) logs: Logs,
    pub(crate) peak: Peak,
    pub(crate) limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScreenLoad {
    pub(crate) memory_mb: f64,
    pub(crate) screen_ms: f64,
    pub(crate) store_ms: f64,
    pub(crate) batch: f64,
    pub(crate) window_seconds: f64,
    pub(crate) pollers: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotifyLoad {
    pub(crate) memory_mb: f64,
    pub(crate) batch: f64,
    pub(crate) window_seconds: f64,
    pub(crate) invocation_ms: f64,
    pub(crate) shards: f64,
}

/// How reports come.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrival {
    pub(crate) through_intake: f64,
    pub(crate) sent_per_call: f64,
    pub(crate) with_reporter: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decisions {
    pub(crate) held: f64,
}

/// Bytes of each kind of item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Items {
    pub(crate) receipt: f64,
    pub(crate) head: f64,
    pub(crate) audit: f64,
    pub(crate) case: f64,
    pub(crate) original: f64,
    pub(crate) feed_row: f64,
    pub(crate) reporter: f64,
}

/// Counts against the bundle's reference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DriftLoad {
    pub(crate) counts: f64,
    pub(crate) every_seconds: f64,
}

/// A candidate beside the current model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolloutLoad {
    pub(crate) share: f64,
    pub(crate) differs: f64,
    pub(crate) counts: f64,
    pub(crate) disagreement: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logs {
    pub(crate) bytes_per_report: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peak {
    pub(crate) factor: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) new_table_writes: f64,
    pub(crate) table_writes: f64,
    pub(crate) partition_writes: f64,
    pub(crate) index_shards: f64,
    pub(crate) concurrency: f64,
    pub(crate) concurrency_max: f64,
}

/// A file of that form, or what comes with the program.
pub(crate) fn read<T: DeserializeOwned>(file: Option<&Path>, own: &str) -> Result<T> {
    let Some(path) = file else { return toml::from_str(own).context("the data of the program is not valid") };
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    toml::from_str(&text)
        .with_context(|| format!("{} is not of the form of infra/prices.toml or load.toml", path.display()))
}
