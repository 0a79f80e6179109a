//! Decisions that are checked by somebody who doesn't know them, and the log of decisions from which
//! figures are made.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesOrdered;
use ring::digest::{SHA256, digest};
use saring_domain::case::{Actor, AuditAction, Case, CaseError, CaseId, CaseStatus, PublishedBy, Ruling, Timestamp};
use saring_domain::learning::{Candidate, Sampling};
use saring_domain::policy::Policy;
use saring_domain::quality::draw;
use saring_domain::report::hex;

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Attributes, DecodeError, Reader, Writer, text, value_error};
use crate::names as n;
use crate::pages::{PAGE_ITEMS_MAX, PageRequest};
use crate::samples::Sample;
use crate::trail::Draft;
use crate::transact::{ATTEMPTS_MAX, Outcome, Write};

/// Share of people's decisions that a second person checks.
const SECOND_SHARE: f64 = 0.1;
/// Bytes of the hash that names a check.
const KEY_BYTES: usize = 12;
/// Days that listings look back.
pub const CHECK_DAYS: u64 = 28;
const DAY_MS: u64 = 86_400_000;
/// Published cases that one run looks at.
const LOOKED_AT_MAX: usize = 5_000;

/// Why a decision is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// A share of people's decisions.
    Second,
    /// A share of what the screening published.
    Sample,
    /// A case whose right decision is known; checks the checkers.
    Golden,
}

impl CheckKind {
    const ALL: [Self; 3] = [Self::Second, Self::Sample, Self::Golden];

    /// The code of records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Sample => "sample",
            Self::Golden => "golden",
        }
    }
}

/// A decision under check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Of which case.
    pub case: CaseId,
    /// Why.
    pub kind: CheckKind,
    /// With which probability it was drawn.
    pub probability: f64,
    /// When it was drawn; its day is part of its key.
    pub at: Timestamp,
    /// The first decision, as the trail has it: `reject.spam`.
    pub first: String,
    /// Who made it.
    pub first_by: Actor,
    /// Reasons of the screening, separated by blanks.
    pub reasons: String,
    /// The second decision and who made it, blind to the first.
    pub second: Option<(String, Actor)>,
    /// What a supervisor said where the two differ.
    pub last: Option<String>,
}

impl Check {
    /// Names it in forms: its day and a hash. Neither its kind nor its case can be told from it, so that
    /// who checks doesn't know a golden case from another, nor finds the first decision.
    #[must_use]
    pub fn key(&self) -> String {
        let day = day(self.at);
        let named = format!("saring check v1\0{day}\0{}\0{}", self.kind.code(), self.case);
        format!("{day}.{}", hex(&digest(&SHA256, named.as_bytes()).as_ref()[..KEY_BYTES]))
    }

    /// Whether two people decided differently about being public.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.second.as_ref().is_some_and(|(second, _)| *second != self.first)
    }
}

/// A decision that took effect, for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// When it took effect.
    pub at: Timestamp,
    /// Of which case.
    pub case: CaseId,
    /// What: `publish`, `reject.spam`.
    pub ruling: String,
    /// By whom it was made.
    pub by: Actor,
    /// When the report was accepted, or appealed.
    pub since: Timestamp,
    /// Reasons of the screening.
    pub reasons: Vec<String>,
    /// Whether the reporter had appealed an earlier decision.
    pub appeal: Appealed,
}

/// Whether a decision is about an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Appealed {
    /// It is not.
    No,
    /// It is.
    Yes,
}

pub(crate) fn day(at: Timestamp) -> String {
    at.rfc3339()[..10].to_owned()
}

/// The next day, as the clock of who wrote may be ahead, and so many back from today.
fn days_back(now: Timestamp, days: u64) -> impl Iterator<Item = String> {
    let next = now.unix_ms() + DAY_MS;
    (0..=days).map(move |back| day(Timestamp::from_unix_ms(next.saturating_sub(back * DAY_MS))))
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

fn check_entry(check: &Check) -> Attributes {
    Writer::default()
        .text(n::PK, n::check_pk(&day(check.at)))
        .text(n::SK, format!("{}.{}", check.kind.code(), check.case))
        .text(n::CASE_ID, check.case.to_string())
        .text(n::PROBABILITY, check.probability.to_string())
        .time(n::AT, check.at)
        .text(n::FIRST, check.first.as_str())
        .text(n::FIRST_BY, check.first_by.as_str())
        .text(n::REASONS, check.reasons.as_str())
        .optional_text(n::SECOND, check.second.as_ref().map(|(second, _)| second.as_str()))
        .optional_text(n::SECOND_BY, check.second.as_ref().map(|(_, by)| by.as_str()))
        .optional_text(n::LAST, check.last.as_deref())
        .finish()
}

fn check(item: &Attributes) -> Result<Check, DecodeError> {
    let item = Reader(item);
    let kind = item.parsed(n::SK, |sk| {
        let code = sk.split('.').next().unwrap_or_default();
        CheckKind::ALL.into_iter().find(|kind| kind.code() == code).ok_or(())
    })?;
    let second = match item.optional_text(n::SECOND)? {
        Some(second) => Some((second.to_owned(), item.parsed(n::SECOND_BY, Actor::parse)?)),
        None => None,
    };
    let probability = item.parsed(n::PROBABILITY, str::parse::<f64>)?;
    if !(probability > 0.0 && probability <= 1.0) {
        return Err(value_error(n::PROBABILITY));
    }
    Ok(Check {
        case: item.parsed(n::CASE_ID, CaseId::parse)?,
        kind,
        probability,
        at: item.time(n::AT)?,
        first: item.text(n::FIRST)?.to_owned(),
        first_by: item.parsed(n::FIRST_BY, Actor::parse)?,
        reasons: item.text(n::REASONS)?.to_owned(),
        second,
        last: item.optional_text(n::LAST)?.map(str::to_owned),
    })
}

pub(crate) fn logged(item: &Attributes) -> Result<Logged, DecodeError> {
    let item = Reader(item);
    Ok(Logged {
        at: item.time(n::AT)?,
        case: item.parsed(n::CASE_ID, CaseId::parse)?,
        ruling: item.text(n::DETAIL)?.to_owned(),
        by: item.parsed(n::ACTOR, Actor::parse)?,
        since: item.time(n::RECEIVED_AT)?,
        reasons: item.text(n::REASONS)?.split_whitespace().map(str::to_owned).collect(),
        appeal: if item.optional_time(n::APPEALED_AT)?.is_some() { Appealed::Yes } else { Appealed::No },
    })
}

/// The screening's reasons as one attribute; codes have no blanks.
fn reasons(case: &Case) -> String {
    let codes = case.record().screened.verdict.reasons.iter().map(|reason| reason.code.replace(' ', "_"));
    codes.collect::<Vec<_>>().join(" ")
}

impl Cases {
    /// What a settled decision writes beside the case: a row of the log and, for a share, a check.
    pub(crate) fn settled_writes(&self, before: &Case, ruling: &Ruling, at: Timestamp) -> Vec<Write> {
        let record = before.record();
        let by = record.proposal.as_ref().map_or_else(Actor::sweep, |proposal| proposal.by.clone());
        let log = Writer::default()
            .text(n::PK, n::log_pk(&day(at)))
            .text(n::SK, n::listing_sk(at, record.id))
            .text(n::CASE_ID, record.id.to_string())
            .time(n::AT, at)
            .text(n::DETAIL, ruling.code())
            .text(n::ACTOR, by.as_str())
            .time(n::RECEIVED_AT, record.appealed_at.unwrap_or(record.received_at))
            .text(n::REASONS, reasons(before))
            .optional_time(n::APPEALED_AT, record.appealed_at)
            .finish();
        let mut writes = vec![self.put_any(log)];
        if draw(&["second", &record.id.to_string(), &record.version.to_string()]) < SECOND_SHARE {
            let check = Check {
                case: record.id,
                kind: CheckKind::Second,
                probability: SECOND_SHARE,
                at,
                first: ruling.code(),
                first_by: by,
                reasons: reasons(before),
                second: None,
                last: None,
            };
            writes.push(self.put_any(check_entry(&check)));
        }
        writes
    }

    /// Draws from what the screening published since the last time, and counts it by day. Repeating
    /// is harmless but for a day's count, which a failure in between makes too small.
    ///
    /// # Errors
    /// No answer.
    pub async fn sample_published(
        &self,
        sampling: &Sampling,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mark = self.get("reading how far the sample is", n::SAMPLE_PK, n::BOARD_SK).await?;
        let mark = mark.map(|item| Reader(&item).time(n::AT)).transpose().map_err(unreadable("sample"))?;
        let mark = mark.unwrap_or(Timestamp::from_unix_ms(now.unix_ms().saturating_sub(DAY_MS)));
        let (mut after, mut newest, mut drawn, mut seen) = (None, mark, 0, Vec::new());
        'pages: loop {
            let page = self.feed(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            for row in page.items {
                if row.published_at <= mark || seen.len() >= LOOKED_AT_MAX {
                    break 'pages;
                }
                newest = newest.max(row.published_at);
                seen.push((row.id, row.published_at));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut counts = BTreeMap::new();
        let rollout = if seen.is_empty() { None } else { Some(self.rollout().await?).filter(|live| live.on.is_some()) };
        for (id, at) in seen {
            let Some(case) = self.case(id).await? else { continue };
            let by_screening = case.record().publication.as_ref().is_some_and(|p| p.by == PublishedBy::Screening);
            if !by_screening {
                continue;
            }
            *counts.entry(day(at)).or_insert(0_u64) += 1;
            let candidate = match &rollout {
                Some(live) if self.disagreed(live.revision, id).await? => Candidate::Differs,
                _ => Candidate::Agrees,
            };
            let screened = &case.record().screened;
            if sampling.draws(&id.to_string(), policy, screened, candidate) {
                let probability = sampling.probability(policy, screened, candidate);
                drawn += usize::from(self.draw_published(&case, probability, at).await?);
            }
        }
        for (day, count) in counts {
            self.add_published(&day, count).await?;
        }
        let item = Writer::default().text(n::PK, n::SAMPLE_PK).text(n::SK, n::BOARD_SK).time(n::AT, newest).finish();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("keeping how far the sample is"))?;
        Ok(drawn)
    }

    async fn draw_published(&self, case: &Case, probability: f64, at: Timestamp) -> Result<bool, StoreError> {
        let check = Check {
            case: case.id(),
            kind: CheckKind::Sample,
            probability,
            at,
            first: "publish".to_owned(),
            first_by: Actor::screen(),
            reasons: reasons(case),
            second: None,
            last: None,
        };
        let written = self.transact("drawing a case", [self.put_new(check_entry(&check))]).await?;
        // Training weighs what was drawn by its probability too.
        self.add_sample(case.id(), Sample { probability, at }).await?;
        Ok(matches!(written, Outcome::Done))
    }

    async fn add_published(&self, day: &str, count: u64) -> Result<(), StoreError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update.key(n::PK, text(n::SAMPLE_PK)).key(n::SK, text(format!("day#{day}")));
        let update = update.update_expression("ADD #count :count").expression_attribute_names("#count", n::COUNT);
        let update = update.expression_attribute_values(":count", crate::item::number(count));
        update.send().await.map_err(failed("counting what was published"))?;
        Ok(())
    }

    /// What the screening published, by day, as [`Cases::sample_published`] counted it.
    ///
    /// # Errors
    /// No answer, or a count that can't be read.
    pub async fn published_by_day(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let items = self.partition(n::SAMPLE_PK.to_owned(), Some("day#")).await?;
        let count = |item: &Attributes| {
            let item = Reader(item);
            Ok((item.text(n::SK)?.trim_start_matches("day#").to_owned(), item.number(n::COUNT)?))
        };
        items.iter().map(count).collect::<Result<_, _>>().map_err(unreadable("count"))
    }

    /// Adds a decided case as one whose right decision is known.
    ///
    /// # Errors
    /// No answer, no such case, or one that nobody has decided.
    pub async fn add_golden(&self, id: CaseId, by: &Actor, now: Timestamp) -> Result<(), StoreError> {
        let case = self.case(id).await?.ok_or(StoreError::NoCase(id))?;
        let events = self.audit(id).await?;
        let last = events.iter().rev().find(|event| event.action == AuditAction::Resolved);
        let decided = !matches!(case.status(), CaseStatus::InReview | CaseStatus::Edited);
        let last = last.filter(|_| decided).ok_or(StoreError::NoCase(id))?;
        let check = Check {
            case: id,
            kind: CheckKind::Golden,
            probability: 1.0,
            at: now,
            first: last.detail.clone(),
            first_by: by.clone(),
            reasons: reasons(&case),
            second: None,
            last: None,
        };
        self.transact("adding a golden case", [self.put_any(check_entry(&check))]).await.map(|_| ())
    }

    /// Checks of the last [`CHECK_DAYS`], the newest day first.
    ///
    /// # Errors
    /// No answer, or a check that can't be read.
    pub async fn checks(&self, now: Timestamp) -> Result<Vec<Check>, StoreError> {
        let items = self.of_days(days_back(now, CHECK_DAYS).map(|day| n::check_pk(&day))).await?;
        items.iter().map(check).collect::<Result<_, _>>().map_err(unreadable("check"))
    }

    /// Decisions of the last days, the newest day first.
    ///
    /// # Errors
    /// No answer, or a row that can't be read.
    pub async fn decision_log(&self, now: Timestamp, days: u64) -> Result<Vec<Logged>, StoreError> {
        let items = self.of_days(days_back(now, days.min(CHECK_DAYS)).map(|day| n::log_pk(&day))).await?;
        items.iter().map(logged).collect::<Result<_, _>>().map_err(unreadable("log"))
    }

    /// The items of a partition for each day, read at the same time, in the order of the days.
    async fn of_days(&self, days: impl Iterator<Item = String>) -> Result<Vec<Attributes>, StoreError> {
        let reads: FuturesOrdered<_> = days.map(|pk| self.partition(pk, None)).collect();
        Ok(reads.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    /// Records a second decision, once, with an event in the case's trail that does not say what it was.
    ///
    /// # Errors
    /// No answer, or a check that somebody has finished.
    pub async fn finish_check(
        &self,
        open: &Check,
        ruling: &str,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Check, StoreError> {
        let done = Check { second: Some((ruling.to_owned(), by.clone())), ..open.clone() };
        self.record_check(&done, "attribute_not_exists(#mark)", n::SECOND, by, now).await?;
        Ok(done)
    }

    /// Records what a supervisor says about two decisions that differ.
    ///
    /// # Errors
    /// No answer, or a disagreement that is settled.
    pub async fn settle_check(&self, open: &Check, last: &str, by: &Actor, now: Timestamp) -> Result<(), StoreError> {
        let done = Check { last: Some(last.to_owned()), ..open.clone() };
        self.record_check(&done, "attribute_not_exists(#mark)", n::LAST, by, now).await
    }

    async fn record_check(
        &self,
        check: &Check,
        condition: &str,
        mark: &'static str,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "recording a check";
        for attempt in 0..ATTEMPTS_MAX {
            self.back_off(attempt).await;
            let head = self.head_of(check.case).await?;
            let case = self.case(check.case).await?.ok_or(StoreError::NoCase(check.case))?;
            let draft = Draft::of(case.record(), by, AuditAction::Checked, check.kind.code().to_owned());
            let event = head.next(Draft { at: now, ..draft });
            let put = self.put_if(check_entry(check), condition, mark);
            let writes = [put, self.put_event(&event), self.move_head(&head, &event)];
            if let Outcome::Done = self.transact(OPERATION, writes).await? {
                return Ok(());
            }
            let (pk, sk) = (n::check_pk(&day(check.at)), format!("{}.{}", check.kind, check.case));
            let item = self.get(OPERATION, &pk, &sk).await?;
            if item.is_none_or(|item| item.contains_key(mark)) {
                let (status, change) = (case.status().code(), AuditAction::Checked.code());
                return Err(CaseError::Refused { status, change }.into());
            }
        }
        Err(StoreError::Contended { operation: OPERATION, attempts: ATTEMPTS_MAX })
    }
}
