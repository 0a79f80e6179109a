//! What time alone changes: locks and clocks that run out, reports that got stuck, dead letters
//! that grow old.

use std::time::{SystemTime, UNIX_EPOCH};

use saring_domain::case::{Actor, Case, CaseError, CaseId, Change, Timestamp};
use saring_domain::policy::Policy;
use saring_store::{Cases, DeadLetters, DeadState, PAGE_ITEMS_MAX, PageRequest, StoreError, Waiting};

use crate::config::SweepData;
use crate::rollout::{Judged, judge_rollout};

/// Stuck reports that are named; more are counted.
const STUCK_NAMED_MAX: usize = 1_000;

/// A sweep and what it needs.
#[derive(Debug)]
pub struct Sweep<'a> {
    /// The table.
    pub cases: &'a Cases,
    /// Working days and clocks.
    pub data: &'a SweepData,
    /// What could not be processed.
    pub dead: &'a DeadLetters,
}

/// What a sweep found and did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Swept {
    /// Cases that wait for a person.
    pub in_review: u64,
    /// Decisions whose rest was over; they are in effect.
    pub settled: u64,
    /// Locks that had run out and were released.
    pub released: u64,
    /// Cases whose clock has now run out; they were marked.
    pub newly_overdue: Vec<CaseId>,
    /// Cases whose clock has run out, new ones as well.
    pub overdue: u64,
    /// Reports that wait too long for their screening, the longest waiting first.
    pub stuck: Vec<Waiting>,
    /// The dead letters.
    pub dead: DeadState,
    /// Whether the oldest of the dead letters is older than it should be.
    pub dead_age: Age,
    /// What became of the canary.
    pub rollout: Judged,
}

/// Whether something is older than its clock allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Age {
    /// It is not.
    #[default]
    Fine,
    /// It is.
    Old,
}

impl Sweep<'_> {
    /// Does all of it. Repeating is harmless; a case that somebody changes meanwhile is left to the
    /// next sweep.
    ///
    /// # Errors
    /// No answer; what was done before it stays done.
    pub async fn run(&self, now: Timestamp) -> Result<Swept, StoreError> {
        // First: what follows may take long, and a canary that goes wrong shouldn't go on meanwhile.
        let mut swept = Swept { rollout: judge_rollout(self.cases, now).await?, ..Swept::default() };
        let settled = self.cases.settle_due(now).await?;
        swept.settled = settled.cases.len() as u64;
        self.review(now, &mut swept).await?;
        sample_published(self.cases, self.data, now).await?;
        self.cases.refresh_board(now).await?;
        swept.stuck = self.stuck(now).await?;
        swept.dead = self.dead.state().await?;
        let limit_ms = u64::from(self.data.clocks.dead_letter_hours) * 3_600_000;
        if swept.dead.oldest.is_some_and(|oldest| now.unix_ms().saturating_sub(oldest.unix_ms()) >= limit_ms) {
            swept.dead_age = Age::Old;
        }
        Ok(swept)
    }

    async fn review(&self, now: Timestamp, swept: &mut Swept) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.cases.review_queue(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            for case in page.items {
                swept.in_review += 1;
                self.case(case, now, swept).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn case(&self, mut case: Case, now: Timestamp, swept: &mut Swept) -> Result<(), StoreError> {
        if case.record().lock.as_ref().is_some_and(|lock| lock.until <= now) {
            let Some(free) = self.change(&case, &Change::Expire, now).await? else { return Ok(()) };
            swept.released += 1;
            case = free;
        }
        if self.deadline(&case) >= now {
            return Ok(());
        }
        swept.overdue += 1;
        // Who works on it would lose the page to a new version; the next sweep marks it.
        if case.record().overdue_at.is_none()
            && case.record().lock.is_none()
            && self.change(&case, &Change::Overdue, now).await?.is_some()
        {
            swept.newly_overdue.push(case.id());
        }
        Ok(())
    }

    /// When a person should have decided.
    fn deadline(&self, case: &Case) -> Timestamp {
        let record = case.record();
        let (from, days) = match record.appealed_at {
            Some(at) => (at, self.data.clocks.appeal_working_days),
            None => (record.received_at, self.data.clocks.verify_working_days),
        };
        self.data.calendar.deadline(from, days).at
    }

    /// Nothing where somebody was faster.
    async fn change(&self, case: &Case, change: &Change, now: Timestamp) -> Result<Option<Case>, StoreError> {
        match self.cases.change(case.id(), case.version(), change, &Actor::sweep(), now).await {
            Ok(case) => Ok(Some(case)),
            Err(
                StoreError::Stale { .. }
                | StoreError::NoCase(_)
                | StoreError::Case(CaseError::Refused { .. } | CaseError::NotTaken),
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn stuck(&self, now: Timestamp) -> Result<Vec<Waiting>, StoreError> {
        let limit_ms = u64::from(self.data.clocks.screening_minutes) * 60_000;
        let mut stuck = Vec::new();
        let mut after = None;
        loop {
            let page = self.cases.waiting(&PageRequest { items: PAGE_ITEMS_MAX, after }).await?;
            let before = stuck.len();
            let count = page.items.len();
            stuck
                .extend(page.items.into_iter().filter(|w| now.unix_ms().saturating_sub(w.since.unix_ms()) >= limit_ms));
            // The oldest come first: after a young one there are only younger ones.
            let all_old = stuck.len() - before == count;
            after = page.next.filter(|_| all_old && stuck.len() < STUCK_NAMED_MAX);
            if after.is_none() {
                return Ok(stuck);
            }
        }
    }
}

impl Swept {
    /// Whether a person should look.
    #[must_use]
    pub fn calls_for_a_person(&self) -> bool {
        self.overdue > 0 || !self.stuck.is_empty() || self.dead_age == Age::Old
    }

    /// Whether this sweep ended a canary.
    #[must_use]
    pub fn ended_rollout(&self) -> bool {
        matches!(self.rollout, Judged::Ended { .. })
    }

    /// Writes the log lines that alarms count.
    pub fn log(&self) {
        tracing::info!(
            sweep.in_review = self.in_review,
            sweep.settled = self.settled,
            sweep.released = self.released,
            sweep.overdue = self.overdue,
            sweep.newly_overdue = self.newly_overdue.len(),
            sweep.stuck = self.stuck.len(),
            sweep.dead = self.dead.messages,
            "swept"
        );
        if self.calls_for_a_person() {
            tracing::warn!(
                sweep.overdue = self.overdue,
                sweep.stuck = self.stuck.len(),
                sweep.dead = self.dead.messages,
                "somebody should look: overdue cases, stuck reports or old dead letters"
            );
        }
    }
}

/// Draws what the screening published, for a person to look at, by the policy in force: nearness to
/// its thresholds counts. One that can't be read is no alarm of the sweep's; the screening holds for it.
///
/// # Errors
/// No answer.
pub async fn sample_published(cases: &Cases, data: &SweepData, now: Timestamp) -> Result<usize, StoreError> {
    let live = cases.live_policy().await?.and_then(|event| Policy::parse(&event.content).ok());
    let policy = live.as_ref().unwrap_or(&data.policy);
    cases.sample_published(&data.sampling, policy, now).await
}

/// The moment of the system's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
