//! Campaigns: where reports that say the same meet. It is bookkeeping beside the cases: nothing here
//! decides on a report, and each member stays a case of its own.
//!
//! The first report of a template puts its sketch at a few places (bands); a later one looks there,
//! compares sketches, and becomes a member of the first one's campaign by one transaction of two
//! items of its own. No item is written by all members, so a wave of them has nothing to contend for.

mod bands;
mod fold;
mod view;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use saring_domain::campaign::Fingerprint;
use saring_domain::case::{Case, CaseId, CaseRecord, Timestamp};
use saring_domain::policy::Decision;
use saring_domain::report::TextHash;

use crate::batch::Reading;
use crate::cases::Cases;
use crate::error::{StoreError, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, text};
use crate::names as n;
use crate::transact::{Outcome, Write};

pub use view::{Campaign, MEMBERS_COUNTED_MAX, MemberOutcome};

/// How long after its first report a campaign takes members.
const OPEN_DAYS: u32 = 14;
/// How long it is remembered who belongs to one.
const KEPT_DAYS: u32 = 90;

pub(crate) const MARKER_SK: &str = "campaign";
const CAMPAIGN_PREFIX: &str = "campaign#";
const MEMBER_PREFIX: &str = "member#";
const CAMPAIGN: &str = "campaign";
const MEMBER_SK: &str = "member_sk";
const HELD: &str = "held";
const LEFT_AT: &str = "left_at";

/// That a case belongs to the campaign of another.
pub(crate) struct Marker {
    campaign: CaseId,
    text_hash: TextHash,
    member_sk: String,
}

impl Marker {
    fn decode(item: &Attributes) -> Result<Self, DecodeError> {
        let item = Reader(item);
        Ok(Self {
            campaign: item.parsed(CAMPAIGN, CaseId::parse)?,
            text_hash: item.parsed(n::TEXT_HASH, TextHash::parse)?,
            member_sk: item.text(MEMBER_SK)?.to_owned(),
        })
    }

    /// The key of the member's item.
    pub(crate) fn member(&self) -> (String, &str) {
        (campaign_pk(self.campaign), &self.member_sk)
    }
}

fn campaign_pk(id: CaseId) -> String {
    format!("{CAMPAIGN_PREFIX}{id}")
}

impl Cases {
    /// Looks whether a screened case says what others said, and remembers it. Repeating changes
    /// nothing, and neither does a failure: the case stands as it was recorded. Returns the id of the
    /// campaign, which is that of its first case; nothing for a case that is the first of its kind.
    ///
    /// # Errors
    /// No answer, or an item that can't be read.
    pub async fn fold_report(&self, case: &Case, now: Timestamp) -> Result<Option<CaseId>, StoreError> {
        let record = case.record();
        let Some(print) = Fingerprint::of(&record.screened.public_text) else { return Ok(None) };
        let (marker, mut seen) = self.bands_and_marker(record.id, &print, Reading::Cheap).await?;
        if let Some(marker) = &marker
            && marker.text_hash == record.screened.text_hash
        {
            return Ok(Some(marker.campaign));
        }
        let mut first = seen.nearest(&print, record.id, now);
        if first.is_none() && self.take_bands(record, &print, &mut seen, now).await? == bands::Founding::Met {
            first = seen.nearest(&print, record.id, now);
        }
        let first = match first {
            Some(first) => self.first_of(first).await?,
            None => record.id,
        };
        if first == record.id {
            return Ok(None);
        }
        self.become_member(record, marker.as_ref(), first, now).await?;
        Ok(Some(first))
    }

    pub(crate) async fn campaign_marker(&self, id: CaseId) -> Result<Option<Marker>, StoreError> {
        let item = self.get("reading a case's campaign", &n::case_pk(id), MARKER_SK).await?;
        item.as_ref().map(Marker::decode).transpose().map_err(unreadable("campaign of a case"))
    }

    /// The first case of the campaign of a case that is first somewhere: two that came at the same
    /// moment may each have begun.
    async fn first_of(&self, id: CaseId) -> Result<CaseId, StoreError> {
        Ok(self.campaign_marker(id).await?.map_or(id, |marker| marker.campaign))
    }

    /// Makes the case a member; one whose text was changed leaves where it was. Losing says that the
    /// same was done at the same time.
    async fn become_member(
        &self,
        record: &CaseRecord,
        before: Option<&Marker>,
        campaign: CaseId,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.transact("joining a campaign", self.member_writes(record, before, campaign, now)).await
    }

    /// What makes a case a member.
    fn member_writes(
        &self,
        record: &CaseRecord,
        before: Option<&Marker>,
        campaign: CaseId,
        now: Timestamp,
    ) -> Vec<Write> {
        let member_sk = format!("{MEMBER_PREFIX}{}", n::listing_sk(record.received_at, record.id));
        let expires_at = now.plus_days(KEPT_DAYS).unix_s();
        let marker = Writer::default()
            .text(n::PK, n::case_pk(record.id))
            .text(n::SK, MARKER_SK)
            .text(CAMPAIGN, campaign.to_string())
            .text(n::TEXT_HASH, record.screened.text_hash.as_str())
            .text(MEMBER_SK, &member_sk)
            .number(n::EXPIRES_AT, expires_at)
            .finish();
        let member = |campaign: CaseId| {
            Writer::default()
                .text(n::PK, campaign_pk(campaign))
                .text(n::SK, &member_sk)
                .text(n::CASE_ID, record.id.to_string())
                .number(HELD, u64::from(record.screened.verdict.decision == Decision::Review))
                .number(n::EXPIRES_AT, expires_at)
        };
        let mut writes = vec![self.put_marker(marker, before), self.put_any(member(campaign).finish())];
        if let Some(before) = before.filter(|before| before.campaign != campaign) {
            writes.push(self.put_any(member(before.campaign).time(LEFT_AT, now).finish()));
        }
        writes
    }

    /// Puts a marker where there is none, or over the one that was read.
    fn put_marker(&self, marker: Attributes, before: Option<&Marker>) -> Write {
        let Some(before) = before else { return self.put_new(marker) };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(marker))
            .condition_expression("#text = :text")
            .expression_attribute_names("#text", n::TEXT_HASH)
            .expression_attribute_values(":text", text(before.text_hash.as_str()));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}
