//! A candidate model beside the current one, in its own thread and with its own time: whatever it
//! does, the current model's verdict is there already.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use saring_domain::agency::Date;
use saring_domain::case::{ModelVersion, Screened, Timestamp};
use saring_domain::claims::LiveClaims;
use saring_domain::policy::Policy;
use saring_domain::report::Report;
use saring_domain::rollout::{Disagreement, Mode, Side, join};
use tokio::sync::mpsc;

use crate::assets::Assets;
use crate::config::Config;
use crate::screening::Screener;

/// Longest time that a batch waits for the candidate; what it hasn't answered by then is an error.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// A loaded candidate. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Candidate {
    model: ModelVersion,
    screener: Arc<Mutex<Screener>>,
}

/// What came of a report that was chosen.
#[derive(Debug, Clone)]
pub(crate) enum Compared {
    /// The candidate gave no answer in time; the current model decides.
    Error,
    /// What both said.
    Sides {
        /// The current model.
        current: Side,
        /// The candidate.
        candidate: Side,
    },
}

impl Candidate {
    /// The candidate that `current.toml` names, if it names one that can be used. One that can't is
    /// no reason not to screen: it is logged, and the current model goes on alone.
    #[must_use]
    pub fn load(assets: &Assets, config: &Config) -> Option<Self> {
        let screener = assets.candidate(config).map(|found| found.map(Screener::new).transpose());
        match screener {
            Ok(Ok(found)) => found.map(Self::new),
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the candidate is not used");
                None
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the candidate is not used");
                None
            }
        }
    }

    fn new(screener: Screener) -> Self {
        tracing::info!(model.candidate = %screener.model(), "a candidate is loaded beside the current model");
        Self { model: screener.model().clone(), screener: Arc::new(Mutex::new(screener)) }
    }

    /// Its version.
    #[must_use]
    pub fn model(&self) -> &ModelVersion {
        &self.model
    }

    /// The candidate judges by what the current model judges by. One that hangs learns it never, and
    /// gives no answers either.
    pub(crate) fn set_policy(&self, policy: &Policy) {
        if let Ok(mut screener) = self.screener.try_lock()
            && let Err(error) = screener.set_policy(policy.clone())
        {
            tracing::error!(error = &error as &dyn std::error::Error, "the candidate did not take the policy over");
        }
    }

    pub(crate) fn set_live_claims(&self, live: &LiveClaims) {
        if let Ok(mut screener) = self.screener.try_lock()
            && let Err(error) = screener.set_live_claims(live)
        {
            tracing::error!(error = &error as &dyn std::error::Error, "the candidate did not take live claims over");
        }
    }

    /// The candidate's screening of each report, in their order; nothing where it gave no answer in
    /// time.
    pub(crate) async fn screen(&self, reports: Vec<Report>, today: Date) -> Vec<Option<Screened>> {
        let mut answers: Vec<Option<Screened>> = reports.iter().map(|_| None).collect();
        let (sender, mut receiver) = mpsc::channel(reports.len().max(1));
        let screener = Arc::clone(&self.screener);
        tokio::task::spawn_blocking(move || {
            // Busy with a report of a batch that gave it up: this batch would only wait as well.
            let Ok(mut screener) = screener.try_lock() else { return };
            for (at, report) in reports.iter().enumerate() {
                let answer = screener.screen(&[report], today).pop();
                // Nobody waits any more.
                if sender.blocking_send((at, answer)).is_err() {
                    return;
                }
            }
        });
        let until = tokio::time::Instant::from_std(Instant::now() + ANSWER_MAX);
        while let Ok(Some((at, answer))) = tokio::time::timeout_at(until, receiver.recv()).await {
            answers[at] = answer.filter(Screened::is_judged);
        }
        answers
    }
}

/// The case's screening and what is to be counted, of a report that the candidate also screened.
pub(crate) fn compare(mode: Mode, current: Screened, candidate: Option<Screened>) -> (Screened, Compared) {
    let Some(candidate) = candidate else { return (current, Compared::Error) };
    let sides = Compared::Sides { current: Side::from(&current), candidate: Side::from(&candidate) };
    match mode {
        Mode::Shadow => (current, sides),
        Mode::Canary => (join(candidate, &current), sides),
    }
}

impl Compared {
    /// With its case; nothing where the candidate gave no answer.
    pub(crate) fn of(self, case: saring_domain::case::CaseId, at: Timestamp) -> Option<Disagreement> {
        match self {
            Self::Error => None,
            Self::Sides { current, candidate } => Some(Disagreement { case, at, current, candidate }),
        }
    }
}
