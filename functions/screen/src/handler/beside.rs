//! What stands beside the screening of a batch: what changed while the function runs, and a candidate.

use std::error::Error;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Instant, SystemTime};

use saring_domain::agency::Date;
use saring_domain::case::{CaseId, Screened, Timestamp, TrackingId};
use saring_domain::report::Report;
use saring_domain::rollout::Count;
use saring_store::{Measure, Unit, metric};

use crate::live::{InForce, Live};

use super::{Asked, Compared, Context, Counts, Job, Judge, Judged, Judging, compare, hold_unknown_policy};

impl<J: Judge, C: Fn() -> SystemTime + Sync, I: Fn() -> TrackingId + Sync> Context<J, C, I> {
    /// Takes over what changed since the last look. Where that fails, what counted before goes on.
    pub(super) async fn refresh(&self) {
        let mut live = self.live.lock().await;
        let now = (self.sources.clock)();
        self.refresh_claims(&mut live, now).await;
        self.refresh_policy(&mut live, now).await;
        self.refresh_rollout(&mut live, now).await;
    }

    async fn refresh_claims(&self, live: &mut Live, now: SystemTime) {
        let claims = match live.claims(&self.cases, now).await {
            Ok(None) => return,
            Ok(Some(claims)) => claims,
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "live claims could not be read");
                return;
            }
        };
        if let Some(candidate) = &self.candidate {
            candidate.set_live_claims(&claims);
        }
        match self.screener.lock().await.take_over(&claims) {
            Ok(()) => {
                let (count, revision) = (claims.active.len(), claims.revision);
                tracing::info!(claims.live = count, claims.revision = revision, "live claims taken over");
                live.claims_taken(claims.revision);
            }
            Err(error) => tracing::error!(error = &error as &dyn Error, "live claims were not taken over"),
        }
    }

    async fn refresh_policy(&self, live: &mut Live, now: SystemTime) {
        let (policy, revision) = match live.policy(&self.cases, now).await {
            Ok(None) => return,
            Ok(Some(changed)) => changed,
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "the policy in force is not known");
                return;
            }
        };
        if let Some(candidate) = &self.candidate {
            candidate.set_policy(&policy);
        }
        match self.screener.lock().await.take_policy(policy) {
            Ok(()) => {
                tracing::info!(policy.revision = revision, "the policy in force was taken over");
                live.policy_taken(revision);
            }
            Err(error) => tracing::error!(error = &error as &dyn Error, "the policy was not taken over"),
        }
    }

    async fn refresh_rollout(&self, live: &mut Live, now: SystemTime) {
        match live.rollout(&self.cases, now).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "the rollout could not be read");
                return;
            }
        }
        let own = self.candidate.as_ref().map_or("-", |own| own.model().as_str());
        match &live.on.on {
            None => tracing::info!(rollout.mode = "off", "the rollout changed"),
            Some(on) if on.candidate.as_str() == own => {
                tracing::info!(rollout.mode = on.mode.code(), rollout.candidate = own, "the rollout changed");
            }
            Some(on) => {
                let wanted = on.candidate.as_str();
                tracing::error!(
                    rollout.candidate = wanted,
                    model.candidate = own,
                    "this function has another candidate"
                );
            }
        }
    }

    /// The rollout that goes on, if this function has its candidate.
    pub(super) async fn asked(&self) -> Option<Asked> {
        let candidate = self.candidate.clone()?;
        let live = self.live.lock().await;
        let rollout = live.on.on.clone().filter(|rollout| rollout.candidate == *candidate.model())?;
        Some(Asked { revision: live.on.revision, rollout, candidate })
    }

    /// Judges reports by the current model, and by the candidate those that are its share.
    pub(super) fn judging<'a>(
        &'a self,
        jobs: Vec<&'a Job>,
        today: Date,
        asked: Option<&'a Asked>,
        counts: &'a Counts,
    ) -> Judging<'a> {
        Box::pin(async move {
            let reports = jobs.iter().map(|job| job.incoming.report.clone()).collect();
            let screened = self.judge(reports, today, counts).await;
            let judged = self.beside(&jobs, screened, asked, today).await;
            jobs.into_iter().zip(judged).collect()
        })
    }

    /// The current model's screenings, with what the candidate says of those that are its share.
    async fn beside(&self, jobs: &[&Job], screened: Vec<Screened>, asked: Option<&Asked>, today: Date) -> Vec<Judged> {
        let plain = |screened| Judged { screened, compared: None };
        let mut judged: Vec<Judged> = screened.into_iter().map(plain).collect();
        if let Some(asked) = asked {
            let chosen: Vec<usize> =
                (0..judged.len()).filter(|at| asked.rollout.chooses(jobs[*at].tracking.case_id())).collect();
            let reports: Vec<Report> = chosen.iter().map(|at| jobs[*at].incoming.report.clone()).collect();
            if !reports.is_empty() {
                let began = Instant::now();
                let answers = asked.candidate.screen(reports, today).await;
                let errors = answers.iter().filter(|answer| answer.is_none()).count();
                let value = began.elapsed().as_secs_f64() * 1e3;
                self.telemetry.metrics(&[
                    Measure { name: metric::CANDIDATE_MS, unit: Unit::Milliseconds, value },
                    Measure::count(metric::CANDIDATE_ERRORS, errors),
                ]);
                for (at, answer) in chosen.into_iter().zip(answers) {
                    let (screened, compared) = compare(asked.rollout.mode, judged[at].screened.clone(), answer);
                    judged[at] = Judged { screened, compared: Some(compared) };
                }
            }
        }
        if self.live.lock().await.in_force() == InForce::NotUnderstood {
            for judged in &mut judged {
                hold_unknown_policy(&mut judged.screened);
            }
        }
        judged
    }

    /// Counts a new case that both models screened, and keeps where they differ. A report must not
    /// fail because of it.
    pub(super) async fn compared(
        &self,
        case: CaseId,
        compared: Compared,
        revision: u64,
        at: Timestamp,
        counts: &Counts,
    ) {
        let found = compared.of(case, at);
        {
            let mut counts = counts.rollout.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = &found {
                found.count(&mut counts);
            } else {
                counts.add(Count::Screened, 1);
                counts.add(Count::Errors, 1);
            }
        }
        let Some(found) = found.filter(|found| !found.differs().is_empty()) else { return };
        if let Err(error) = self.cases.add_disagreement(revision, &found).await {
            tracing::warn!(case.id = %case, error = &error as &dyn Error, "a disagreement was not kept");
        }
    }

    /// Verdicts of the current model; what it counted meanwhile belongs to this table.
    async fn judge(&self, reports: Vec<Report>, today: Date, counts: &Counts) -> Vec<Screened> {
        let mut judge = Arc::clone(&self.screener).lock_owned().await;
        let (screened, observed, took) = J::run(move || {
            let began = Instant::now();
            let screened = judge.judge(&reports.iter().collect::<Vec<_>>(), today);
            (screened, judge.take_observed(), began.elapsed())
        })
        .await;
        counts.model_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.live.lock().await.observe(observed);
        screened
    }

    /// Adds what was counted against the reference to the table's, at most every 20 seconds: what a
    /// function counted after its last write is lost with it, which moves no share.
    pub(super) async fn keep_observed(&self) {
        let now = (self.sources.clock)();
        let Some(observed) = self.live.lock().await.due_observed(now) else { return };
        let (revision, counts) = (&observed.revision, &observed.counts);
        if let Err(error) = self.cases.count_drift(revision, counts, super::timestamp(now)).await {
            tracing::warn!(error = &error as &dyn Error, "what came was not counted against the reference");
        }
    }

    /// Counts the reports of a rollout's share that this function screened without its candidate: a
    /// rollout that counts nothing must not look like one without differences.
    pub(super) async fn count_missing(&self, jobs: &[Job], now: Timestamp) {
        let own = self.candidate.as_ref().map(|own| own.model().clone());
        let (on, revision) = {
            let live = self.live.lock().await;
            (live.on.on.clone().filter(|on| own.as_ref() != Some(&on.candidate)), live.on.revision)
        };
        let Some(on) = on else { return };
        let chosen = jobs.iter().filter(|job| on.chooses(job.tracking.case_id())).count();
        if chosen == 0 {
            return;
        }
        self.telemetry.metrics(&[Measure::count(metric::CANDIDATE_MISSING, chosen)]);
        let mut counts = saring_domain::rollout::Counts::default();
        counts.add(Count::Missing, chosen as u64);
        if let Err(error) = self.cases.count_rollout(revision, on.window(now), &counts, now).await {
            tracing::warn!(error = &error as &dyn Error, "the missing candidate was not counted");
        }
    }

    /// One write for the batch.
    pub(super) async fn count_rollout(&self, asked: &Asked, counts: &Counts, now: Timestamp) {
        let counts = *counts.rollout.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.is_empty() {
            return;
        }
        let window = asked.rollout.window(now);
        if let Err(error) = self.cases.count_rollout(asked.revision, window, &counts, now).await {
            tracing::warn!(error = &error as &dyn Error, "the rollout's counts were not kept");
        }
    }
}
