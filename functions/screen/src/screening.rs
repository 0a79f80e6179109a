//! What happens to a report's text, in one place.

use saring_classifier::ClassifierError;
use saring_domain::agency::{AgencyType, Date};
use saring_domain::case::{MatchedClaim, ModelVersion, NamedRegion, PolicyVersion, RankedAgency, Recall, Screened};
use saring_domain::claims::LiveClaims;
use saring_domain::drift::{Counts, Observation, Signals};
use saring_domain::pii;
use saring_domain::policy::{ClaimEvidence, Decision, Evidence, Policy, Reason, Unjudged, decide};
use saring_domain::region::LocationHint;
use saring_domain::report::Report;
use saring_domain::score::{Fine, Flag, Scores};
use saring_domain::text::{Normalised, normalise};

use crate::assets::Assets;
use crate::claims::BuildError;

/// Screens reports with one model and one policy.
#[derive(Debug)]
pub struct Screener {
    assets: Assets,
    model: ModelVersion,
    policy: PolicyVersion,
    observed: Counts,
}

/// What was counted against a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Which reference.
    pub revision: String,
    /// The counts.
    pub counts: Counts,
}

/// A report that was read, before the model.
struct Read {
    spans: Vec<pii::PiiSpan>,
    text: Normalised,
    /// Characters before the text's own: the title and its separator.
    offset: usize,
}

impl Screener {
    /// # Errors
    /// A bundle or policy whose version is no name.
    pub fn new(assets: Assets) -> Result<Self, saring_domain::case::VersionError> {
        let model = ModelVersion::parse(assets.classifier.version())?;
        let policy = PolicyVersion::parse(assets.policy.version())?;
        Ok(Self { assets, model, policy, observed: Counts::default() })
    }

    /// The model behind the verdicts.
    #[must_use]
    pub fn model(&self) -> &ModelVersion {
        &self.model
    }

    /// The policy behind the verdicts.
    #[must_use]
    pub fn policy(&self) -> &PolicyVersion {
        &self.policy
    }

    /// Judges by this policy from now on.
    ///
    /// # Errors
    /// A version that is no name; the policy of before goes on counting.
    pub fn set_policy(&mut self, policy: Policy) -> Result<(), saring_domain::case::VersionError> {
        self.policy = PolicyVersion::parse(policy.version())?;
        self.assets.policy = policy;
        Ok(())
    }

    /// Lets these live claims count from now on, beside those of the index.
    ///
    /// # Errors
    /// The model failed on a claim; the claims of before go on counting.
    pub fn set_live_claims(&mut self, live: &LiveClaims) -> Result<(), BuildError> {
        self.assets.claims.set_live(&mut self.assets.classifier, &self.assets.words, live)
    }

    /// Screens reports; results are in the order of `reports`. `today` decides which names of
    /// agencies are valid. A failure of the model holds the report; it never fails the batch.
    pub fn screen(&mut self, reports: &[&Report], today: Date) -> Vec<Screened> {
        self.screen_with_signals(reports, today).into_iter().map(|(screened, _)| screened).collect()
    }

    /// The same, and counts them against the bundle's reference.
    pub fn screen_counted(&mut self, reports: &[&Report], today: Date) -> Vec<Screened> {
        let both = self.screen_with_signals(reports, today);
        if let Some(reference) = &self.assets.reference {
            let seen = both.iter().filter_map(|(screened, signals)| Observation::of(screened, signals.as_ref()));
            seen.for_each(|one| reference.count(&one, &mut self.observed));
        }
        both.into_iter().map(|(screened, _)| screened).collect()
    }

    /// What was counted since it was last taken; nothing where nothing was.
    pub fn take_observed(&mut self) -> Option<Observed> {
        let revision = self.assets.reference.as_ref().filter(|_| self.observed.reports > 0)?.revision();
        Some(Observed { revision, counts: std::mem::take(&mut self.observed) })
    }

    /// Screenings with what the model saw of the texts and no case keeps; nothing where it failed.
    pub fn screen_with_signals(&mut self, reports: &[&Report], today: Date) -> Vec<(Screened, Option<Signals>)> {
        let read: Vec<Read> = reports.iter().map(|r| read(r)).collect();
        let texts: Vec<&Normalised> = read.iter().map(|r| &r.text).collect();
        let scores = self.assets.classifier.classify_batch(&texts);
        reports
            .iter()
            .zip(read)
            .zip(scores)
            .map(|((report, read), scores)| {
                let signals = scores.as_ref().ok().map(|s| Signals::of(&read.text.text, s, &self.assets.words));
                (self.assemble(report, read, scores, today), signals)
            })
            .collect()
    }

    /// Which of these texts pass on a live claim by the policy's rules, in their order; an error where
    /// the model gave no answer. The claims of the file don't count: they did when the texts came.
    pub fn recalls(&mut self, texts: &[&str]) -> Vec<Result<Option<Recall>, ClassifierError>> {
        let read: Vec<Normalised> = texts.iter().map(|text| normalise(text, &pii::find(text))).collect();
        let scores = self.assets.classifier.classify_batch(&read.iter().collect::<Vec<_>>());
        let recall = |text: &Normalised, scores: Scores| {
            let hoax = scores.flag(Flag::Hoax);
            let linked = self.assets.policy.linked(hoax, self.assets.claims.nearest_live(text, &scores));
            let (reason, found) = self.assets.policy.recalled(hoax, &linked)?;
            // The one that holds it comes first, also before a nearer one that is true.
            let others = linked.iter().filter(|c| c.claim.id() != found.claim.id());
            let claims = std::iter::once(found).chain(others).map(|c| matched(c, 0)).collect();
            Some(Recall { reason, claims })
        };
        read.iter().zip(scores).map(|(text, scores)| scores.map(|scores| recall(text, scores))).collect()
    }

    fn assemble(&self, report: &Report, read: Read, scores: Result<Scores, ClassifierError>, today: Date) -> Screened {
        let scores = scores
            .inspect_err(|error| tracing::error!(report.id = %report.id, error = %error, "the model gave no answer"))
            .ok();
        let claims = scores.as_ref().map_or_else(Vec::new, |scores| {
            let nearest = self.assets.claims.nearest(&read.text, scores);
            self.assets.policy.linked(scores.flag(Flag::Hoax), nearest)
        });
        let evidence = scores.as_ref().map_or(Evidence::Unjudged(Unjudged::ModelUnavailable), |scores| {
            Evidence::Judged { scores, letters: read.text.letters, claims: &claims }
        });
        let verdict = decide(&self.assets.policy, evidence, report.visibility);
        let text = report.text.as_str();
        let hint = LocationHint {
            region_code: report.location.region_code.as_deref(),
            name: report.location.name.as_deref(),
            coordinates: report.location.coordinates,
        };
        let region = self.assets.regions.resolve(text, &hint);
        let types: Vec<(AgencyType, f32)> = scores
            .iter()
            .flat_map(|s| &s.agency)
            .filter_map(|r| AgencyType::parse(&r.code).ok().map(|a| (a, r.score.get())))
            .collect();
        let agency = self.assets.registry.suggest(&saring_domain::agency::Situation {
            types: &types,
            region: region.as_ref(),
            text,
            category: scores.as_ref().and_then(|s| s.category.first()).map(|c| c.code.as_str()),
            today,
        });
        let public_text = pii::mask(text, &read.spans);
        Screened {
            verdict,
            text_hash: report.text_hash(),
            model: self.model.clone(),
            policy: self.policy.clone(),
            public_text,
            pii: read.spans,
            flags: scores.as_ref().map_or_else(Vec::new, |s| Flag::ALL.map(|f| (f, s.flag(f))).to_vec()),
            fine: scores.as_ref().map_or_else(Vec::new, |s| Fine::ALL.map(|f| (f, s.fine(f))).to_vec()),
            category: scores.as_ref().map_or_else(Vec::new, |s| s.category.clone()),
            agency: agency
                .into_iter()
                .map(|a| RankedAgency { agency: a.agency, name: a.name, score: a.score, why: a.why })
                .collect(),
            region: region.map(|r| match r.regency {
                // A desk is a regency's; the district stays in the reasons of the agency.
                Some((code, _)) => NamedRegion { name: self.region_name(&code), code },
                None => NamedRegion { code: r.code, name: r.name },
            }),
            claims: claims.iter().map(|c| matched(c, read.offset)).collect(),
            highlights: scores.map_or_else(Vec::new, |s| shifted(s, read.offset)),
        }
    }

    fn region_name(&self, code: &str) -> String {
        self.assets.regions.by_code(code).map_or_else(|| code.to_owned(), |r| r.name)
    }
}

/// Holds what was judged by the package's policy while the one in force is not known.
pub(crate) fn hold_unknown_policy(screened: &mut Screened) {
    if screened.verdict.decision == Decision::Publish {
        screened.verdict.decision = Decision::Review;
        screened.verdict.reasons = vec![Reason {
            code: "held.policy_unknown".to_owned(),
            detail: "kebijakan yang berlaku tidak terbaca, perlu diperiksa petugas".to_owned(),
        }];
    }
}

fn read(report: &Report) -> Read {
    let text = report.text.as_str();
    let spans = pii::find(text);
    let Some(title) = &report.title else {
        return Read { text: normalise(text, &spans), spans, offset: 0 };
    };
    let whole = format!("{}\n{text}", title.as_str());
    let offset = title.as_str().chars().count() + 1;
    Read { text: normalise(&whole, &pii::find(&whole)), spans, offset }
}

/// The claim with its span in the text's own offsets: what of it stands in the title is left out.
fn matched(evidence: &ClaimEvidence, offset: usize) -> MatchedClaim {
    let claim = &evidence.claim;
    let span = evidence.span.map(|(start, end)| (start.saturating_sub(offset), end.saturating_sub(offset)));
    MatchedClaim {
        id: claim.id().to_owned(),
        title: claim.title().to_owned(),
        url: claim.url().map(str::to_owned),
        verdict: claim.verdict().to_owned(),
        date: claim.date().map(|date| date.to_string()),
        score: evidence.score,
        span: span.filter(|(start, end)| start < end),
    }
}

/// Highlights in the text's own offsets; those in the title are left out.
fn shifted(scores: Scores, offset: usize) -> Vec<saring_domain::score::Highlight> {
    let mut highlights = scores.highlights;
    highlights.retain(|h| h.start >= offset);
    for highlight in &mut highlights {
        highlight.start -= offset;
        highlight.end -= offset;
    }
    highlights
}
