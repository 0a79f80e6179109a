//! Cases that were drawn for a person to look at, with the probability of the draw.

use std::collections::BTreeMap;

use saring_domain::case::{CaseId, Timestamp};

use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{DecodeError, Reader, Writer, value_error};
use crate::names as n;
use crate::transact::Outcome;

const PARTITION: &str = "samples";
const PROBABILITY: &str = "probability";

/// A draw of one case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// With which probability it was drawn, above 0 and at most 1.
    pub probability: f64,
    /// When.
    pub at: Timestamp,
}

impl Cases {
    /// Records that a case was drawn; the first draw stays. Returns whether this is it.
    ///
    /// # Errors
    /// No answer.
    pub async fn add_sample(&self, case: CaseId, sample: Sample) -> Result<bool, StoreError> {
        let item = Writer::default()
            .text(n::PK, PARTITION)
            .text(n::SK, case.to_string())
            .text(PROBABILITY, sample.probability.to_string())
            .time(n::AT, sample.at)
            .finish();
        let outcome = self.transact("recording a sample", [self.put_new(item)]).await?;
        Ok(matches!(outcome, Outcome::Done))
    }

    /// Every draw.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn samples(&self) -> Result<BTreeMap<CaseId, Sample>, StoreError> {
        let mut samples = BTreeMap::new();
        for item in self.partition(PARTITION.to_owned(), None).await? {
            let item = Reader(&item);
            let decode = || {
                let probability = item.parsed(PROBABILITY, str::parse::<f64>)?;
                if !(probability > 0.0 && probability <= 1.0) {
                    return Err(value_error(PROBABILITY));
                }
                let sample = Sample { probability, at: item.time(n::AT)? };
                Ok::<_, DecodeError>((item.parsed(n::SK, CaseId::parse)?, sample))
            };
            let (case, sample) = decode().map_err(unreadable("sample"))?;
            samples.insert(case, sample);
        }
        Ok(samples)
    }
}
