//! The places where alike texts meet.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use saring_domain::campaign::{Fingerprint, Sketch};
use saring_domain::case::{CaseId, CaseRecord, Timestamp};

use super::{CAMPAIGN, MARKER_SK, Marker, OPEN_DAYS};
use crate::batch::{Reading, key};
use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, number, value_error};
use crate::names as n;

const BAND_PREFIX: &str = "band#";
const BAND_SK: &str = "band";
const SKETCH: &str = "sketch";

/// A place that is taken.
#[derive(Debug, Clone, Copy)]
struct Band {
    first: CaseId,
    sketch: Sketch,
    expires_at_s: u64,
}

/// What stands at the places of one text, by their names.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<String, Band>);

/// What came of taking places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Founding {
    /// Whoever says the same finds this case.
    Alone,
    /// Others took some at the same time.
    Met,
}

impl Band {
    fn decode(item: &Attributes) -> Result<Self, DecodeError> {
        let item = Reader(item);
        Ok(Self {
            first: item.parsed(CAMPAIGN, CaseId::parse)?,
            sketch: Sketch::parse(item.bytes(SKETCH)?).ok_or(value_error(SKETCH))?,
            expires_at_s: item.number(n::EXPIRES_AT)?,
        })
    }

    /// The service may take days to delete what has expired.
    fn is_open(&self, now: Timestamp) -> bool {
        self.expires_at_s > now.unix_s()
    }
}

impl Seen {
    /// The most alike first case, of equals the smallest id. A case that is first itself stays so, but
    /// for one with a smaller id: that one began at the same moment.
    pub(super) fn nearest(&self, print: &Fingerprint, id: CaseId, now: Timestamp) -> Option<CaseId> {
        let open = || self.0.values().filter(|band| band.is_open(now) && band.sketch.is_alike(print.sketch()));
        let nearness = |band: &Band| band.sketch.similarity(print.sketch());
        let others = open().filter(|band| band.first != id);
        let best = others.max_by(|a, b| nearness(a).total_cmp(&nearness(b)).then(b.first.cmp(&a.first)))?;
        let own = open().any(|band| band.first == id);
        (!own || best.first < id).then_some(best.first)
    }
}

impl Cases {
    /// What stands at the places of a text, and the case's own campaign: one call.
    pub(super) async fn bands_and_marker(
        &self,
        id: CaseId,
        print: &Fingerprint,
        reading: Reading,
    ) -> Result<(Option<Marker>, Seen), StoreError> {
        let mut keys: Vec<_> = print.bands().iter().map(|band| key(format!("{BAND_PREFIX}{band}"), BAND_SK)).collect();
        keys.push(key(n::case_pk(id), MARKER_SK));
        let (mut marker, mut seen) = (None, Seen::default());
        for item in self.get_all("looking for alike reports", &keys, reading).await? {
            let reader = Reader(&item);
            let name = reader.text(n::PK).map_err(unreadable("band"))?;
            match name.strip_prefix(BAND_PREFIX) {
                Some(name) => {
                    let band = Band::decode(&item).map_err(unreadable("band"))?;
                    seen.0.insert(name.to_owned(), band);
                }
                None => marker = Some(Marker::decode(&item).map_err(unreadable("campaign of a case"))?),
            }
        }
        Ok((marker, seen))
    }

    /// Takes the places that nobody has, each by a condition; where others were faster, reads again.
    pub(super) async fn take_bands(
        &self,
        record: &CaseRecord,
        print: &Fingerprint,
        seen: &mut Seen,
        now: Timestamp,
    ) -> Result<Founding, StoreError> {
        let mut puts = FuturesUnordered::new();
        for band in print.bands() {
            if seen.0.get(&band).is_some_and(|taken| taken.is_open(now)) {
                continue;
            }
            let item = Writer::default()
                .text(n::PK, format!("{BAND_PREFIX}{band}"))
                .text(n::SK, BAND_SK)
                .text(CAMPAIGN, record.id.to_string())
                .bytes(SKETCH, print.sketch().as_bytes().to_vec())
                .number(n::EXPIRES_AT, now.plus_days(OPEN_DAYS).unix_s())
                .finish();
            puts.push(self.take_band(item, now));
        }
        let mut founding = Founding::Alone;
        while let Some(taken) = puts.next().await {
            if taken? == Founding::Met {
                founding = Founding::Met;
            }
        }
        if founding == Founding::Met {
            *seen = self.bands_and_marker(record.id, print, Reading::Newest).await?.1;
        }
        Ok(founding)
    }

    async fn take_band(&self, item: Attributes, now: Timestamp) -> Result<Founding, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk) OR #expires <= :now")
            .expression_attribute_names("#pk", n::PK)
            .expression_attribute_names("#expires", n::EXPIRES_AT)
            .expression_attribute_values(":now", number(now.unix_s()));
        match put.send().await {
            Ok(_) => Ok(Founding::Alone),
            Err(e) if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(Founding::Met)
            }
            Err(error) => Err(failed("taking a band")(error)),
        }
    }
}
