//! The screening in a world: the real parsing, personal data and policy, on scores that a rule reads
//! off the text in place of the model.

use saring_domain::agency::{AgencyType, Date};
use saring_domain::case::{ModelVersion, PolicyVersion, RankedAgency, Screened, VersionError};
use saring_domain::claims::LiveClaims;
use saring_domain::pii;
use saring_domain::policy::{Evidence, Policy, Unjudged, decide};
use saring_domain::report::Report;
use saring_domain::score::{Fine, Flag, Ranked, Score, Scores};
use saring_domain::text::normalise;
use saring_screen::Judge;
use saring_screen::claims::BuildError;

use crate::random::Random;
use crate::reports::NIK;

const POLICY: &str = include_str!("../../../models/policy.toml");
/// Models that are deployed one after the other, and rolled back.
pub(crate) const RELEASES: [&str; 3] = ["model-1", "model-2", "model-3"];

/// A model and a policy as they are deployed together.
pub(crate) struct Rule {
    policy: Policy,
    model: ModelVersion,
    version: PolicyVersion,
    release: usize,
    random: Random,
}

impl Rule {
    pub(crate) fn of_release(release: usize, random: Random) -> Self {
        let toml = POLICY.replacen("version = \"", &format!("version = \"{release}-"), 1);
        let policy = Policy::parse(&toml).expect("the shipped policy is valid");
        let version = PolicyVersion::parse(policy.version()).expect("a version with a digit before it is one");
        let model = ModelVersion::parse(RELEASES[release]).expect("the names of releases are versions");
        Self { policy, model, version, release, random }
    }

    /// Scores of a text: words that each release hears a little differently.
    fn scores(&self, text: &str) -> Scores {
        let score = |value: f32| Score::new(value.clamp(0.0, 1.0)).unwrap_or_default();
        let heard = |words: &[&str]| {
            let count = words.iter().filter(|word| text.contains(**word)).count() as f32;
            score(0.02 + count * (0.4 + 0.05 * self.release as f32))
        };
        let (spam, abuse, hoax) = (heard(&["slot", "gacor", "pinjol"]), heard(&["bodoh"]), heard(&["sebarkan"]));
        let mut fine = [score(0.01); Fine::ALL.len()];
        fine[Fine::SpamGambling as usize] = spam;
        fine[Fine::SensitiveChild as usize] = heard(&["anak di bawah umur"]);
        let ranked = |code: &str, value| Ranked { code: code.to_owned(), score: score(value) };
        Scores {
            flags: [spam, abuse, hoax],
            fine,
            category: vec![ranked("pekerjaan_umum", 0.8), ranked("perhubungan", 0.1), ranked("lainnya", 0.05)],
            agency: Vec::new(),
            embedding: Vec::new(),
            window_embeddings: Vec::new(),
            highlights: Vec::new(),
            unknown_share: 0.0,
            truncated: false,
        }
    }

    fn screened(&mut self, report: &Report) -> Screened {
        let text = report.text.as_str();
        let spans = pii::find(text);
        let read = normalise(text, &spans);
        let scores = match self.random.below(200) {
            0 => Err(Unjudged::TimedOut),
            1 => Err(Unjudged::ModelUnavailable),
            _ => Ok(self.scores(text)),
        };
        let evidence = match &scores {
            Ok(scores) => Evidence::Judged { scores, letters: read.letters, claims: &[] },
            Err(why) => Evidence::Unjudged(*why),
        };
        let scores = scores.as_ref().ok();
        let agency = AgencyType::parse("dinas_pekerjaan_umum").map(|agency| RankedAgency {
            agency,
            name: "Dinas Pekerjaan Umum Kota Semarang".to_owned(),
            score: Score::default(),
            why: vec!["kategori".to_owned()],
        });
        Screened {
            verdict: decide(&self.policy, evidence, report.visibility),
            text_hash: report.text_hash(),
            model: self.model.clone(),
            policy: self.version.clone(),
            public_text: pii::mask(text, &spans),
            pii: spans,
            flags: scores.map_or_else(Vec::new, |s| Flag::ALL.map(|f| (f, s.flag(f))).to_vec()),
            fine: scores.map_or_else(Vec::new, |s| Fine::ALL.map(|f| (f, s.fine(f))).to_vec()),
            category: scores.map_or_else(Vec::new, |s| s.category.clone()),
            agency: agency.into_iter().collect(),
            region: None,
            claims: Vec::new(),
            highlights: Vec::new(),
        }
    }
}

impl Judge for Rule {
    fn judge(&mut self, reports: &[&Report], _: Date) -> Vec<Screened> {
        reports.iter().map(|report| self.screened(report)).collect()
    }

    fn take_over(&mut self, _: &LiveClaims) -> Result<(), BuildError> {
        Ok(())
    }

    fn take_policy(&mut self, policy: Policy) -> Result<(), VersionError> {
        self.version = PolicyVersion::parse(policy.version())?;
        self.policy = policy;
        Ok(())
    }
}

/// Whether a text shows the number that reports of these worlds hide.
pub(crate) fn shows_private(text: &str) -> bool {
    text.contains(NIK)
}
