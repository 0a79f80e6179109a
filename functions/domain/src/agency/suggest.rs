//! From the model's types, the region and the text to named candidates.

use super::name::within;
use super::phrase::{Hit, Target};
use super::{AgencyType, Date, Registry};
use crate::region::RegionMatch;
use crate::region::words::{Gap, Words};
use crate::score::Score;

/// Most words of the quoted addressee.
const QUOTE_WORDS_MAX: usize = 8;

/// What is known of a report when its agency is sought.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Types with the model's probabilities, in any order; empty without a model.
    pub types: &'a [(AgencyType, f32)],
    /// Where the report is about.
    pub region: Option<&'a RegionMatch>,
    /// The report.
    pub text: &'a str,
    /// Code of its category, where one is sure.
    pub category: Option<&'a str>,
    /// The day on which the agency must exist.
    pub today: Date,
}

/// A named agency with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct AgencyCandidate {
    /// Its type.
    pub agency: AgencyType,
    /// 'Dinas Perhubungan Kota Semarang'.
    pub name: String,
    /// How well it fits.
    pub score: Score,
    /// Reasons in Indonesian; never empty.
    pub why: Vec<String>,
}

#[derive(Debug, Default, Clone)]
struct Draft {
    score: f32,
    why: Vec<String>,
    body: Option<usize>,
    name: Option<String>,
}

impl Draft {
    fn boost(&mut self, boost: f32) {
        self.score = 1.0 - (1.0 - self.score) * (1.0 - boost);
    }
}

/// How a text turns to an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Address {
    Named,
    Asked,
    Addressed,
}

impl Registry {
    /// Named candidates, best first: at least three where the types allow it.
    #[must_use]
    pub fn suggest(&self, situation: &Situation<'_>) -> Vec<AgencyCandidate> {
        let mut drafts = vec![Draft::default(); AgencyType::COUNT];
        for (agency, score) in situation.types {
            let draft = &mut drafts[agency.at()];
            draft.score = if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
            draft.why.push(format!("jenis instansi dari model ({})", decimal(draft.score)));
        }
        // The model knows the category's usual agencies; counted again, they push out what it ranks third.
        if situation.types.is_empty() {
            self.add_usual(&mut drafts, situation.category);
        }
        let words = Words::of(situation.text);
        let hits = self.phrases.find(&words);
        self.add_topics(&mut drafts, &hits, situation.today);
        self.add_addressees(&mut drafts, &hits, &words, situation);
        self.add_redirects(&mut drafts, &hits, situation);
        self.name_best(drafts, situation)
    }

    fn add_usual(&self, drafts: &mut [Draft], category: Option<&str>) {
        let Some(category) = category else { return };
        let Some((_, types)) = self.usual.iter().find(|(code, _)| code == category) else { return };
        for (rank, agency) in types.iter().enumerate() {
            let draft = &mut drafts[agency.at()];
            draft.boost(self.tuning.category / (rank + 1) as f32);
            draft.why.push(format!("lazim untuk kategori {}", category.replace('_', " ")));
        }
    }

    /// Words of a task choose the body of a type, and count a little for the type.
    fn add_topics(&self, drafts: &mut [Draft], hits: &[Hit], today: Date) {
        let mut counts: Vec<(usize, usize)> = Vec::new();
        for hit in hits.iter().filter(|h| !h.is_name) {
            if let Target::Body(at) = hit.target
                && self.bodies[at].valid_on(today)
            {
                match counts.iter_mut().find(|(body, _)| *body == at) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((at, 1)),
                }
            }
        }
        counts.sort_by_key(|(at, count)| (std::cmp::Reverse(*count), *at));
        for (at, _) in counts {
            let draft = &mut drafts[self.bodies[at].agency.at()];
            if draft.body.is_none() {
                draft.body = Some(at);
                draft.boost(self.tuning.topical);
                draft.why.push(format!("topik tugas {}", self.bodies[at].name_on(today)));
            }
        }
    }

    fn add_addressees(&self, drafts: &mut [Draft], hits: &[Hit], words: &Words, situation: &Situation<'_>) {
        let mut best: Vec<Option<(Address, Hit, usize)>> = vec![None; AgencyType::COUNT];
        for hit in hits.iter().filter(|h| h.is_name) {
            let agency = match hit.target {
                Target::Type(agency) => agency,
                Target::Body(at) if self.bodies[at].valid_on(situation.today) => self.bodies[at].agency,
                Target::Body(_) | Target::Redirect(_) => continue,
            };
            let (address, from) = self.address(words, hit);
            let slot = &mut best[agency.at()];
            if slot.is_none_or(|(other, _, _)| address > other) {
                *slot = Some((address, *hit, from));
            }
        }
        for (draft, found) in drafts.iter_mut().zip(best) {
            let Some((address, hit, from)) = found else { continue };
            if let Target::Body(at) = hit.target {
                draft.body = Some(at);
            }
            let quote = quote(situation, words, from, &hit);
            let (boost, reason) = match address {
                Address::Addressed => (self.tuning.addressed, "dialamatkan"),
                Address::Asked => (self.tuning.asked, "diminta"),
                Address::Named => (self.tuning.named, "disebut"),
            };
            draft.boost(boost);
            draft.why.push(format!("{reason}: \"{quote}\""));
        }
    }

    /// How the words around a name turn to it, and from which word on they do.
    fn address(&self, words: &Words, hit: &Hit) -> (Address, usize) {
        let mut at = hit.first;
        while at > 0 && hit.first - at < self.tuning.cue_words_max && words.word(at).gap < Gap::Break {
            at -= 1;
            match words.text(at) {
                "bukan" | "sudah" | "udah" | "sdh" | "udh" | "oleh" | "kantor" | "kata" => {
                    return (Address::Named, hit.first);
                }
                "yth" | "kepada" | "kpd" | "dear" | "ditujukan" | "diteruskan" | "teruskan" | "ytk" => {
                    return (Address::Addressed, at);
                }
                "mohon" | "tolong" | "tlg" | "tolonglah" | "minta" | "mhn" | "min" | "halo" | "hallo" | "tulung"
                | "bantu" | "dimohon" | "agar" | "supaya" => return (Address::Asked, at),
                _ => {}
            }
        }
        let after = (hit.last + 1..words.len().min(hit.last + 3)).any(|at| {
            matches!(words.text(at), "tolong" | "mohon" | "tlg" | "harap" | "segera" | "cek" | "jo" | "dulu")
        });
        if hit.first == 0 || after { (Address::Asked, hit.first) } else { (Address::Named, hit.first) }
    }

    fn add_redirects(&self, drafts: &mut [Draft], hits: &[Hit], situation: &Situation<'_>) {
        let Some(region) = situation.region else { return };
        for (at, redirect) in self.redirects.iter().enumerate() {
            let here = redirect.regions.iter().any(|code| within(&region.code, code));
            if !here || !hits.iter().any(|h| h.target == Target::Redirect(at)) {
                continue;
            }
            if redirect.from.contains(&redirect.to) {
                let draft = &mut drafts[redirect.to.at()];
                draft.name = redirect.name.as_ref().filter(|_| region.regency.is_some()).cloned();
                draft.why.push(redirect.reason.clone());
                continue;
            }
            for from in &redirect.from {
                drafts[from.at()].score *= 1.0 - self.tuning.redirected;
            }
            let draft = &mut drafts[redirect.to.at()];
            draft.boost(self.tuning.redirected);
            draft.why.push(redirect.reason.clone());
        }
    }

    fn name_best(&self, drafts: Vec<Draft>, situation: &Situation<'_>) -> Vec<AgencyCandidate> {
        let mut ranked: Vec<(AgencyType, Draft)> =
            AgencyType::all().zip(drafts).filter(|(_, draft)| !draft.why.is_empty()).collect();
        ranked.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        let likely = ranked.iter().filter(|(_, draft)| draft.score >= self.tuning.set_score_min).count();
        ranked.truncate(likely.max(self.tuning.candidates_min).min(self.tuning.candidates_max));
        ranked
            .into_iter()
            .map(|(agency, mut draft)| {
                let named = self.name(agency, draft.body, situation.region, situation.today);
                if let (Some(region), true) = (situation.region, named.regional) {
                    draft.why.push(format!("wilayah: {} ({})", area(region), region.why()));
                }
                let name = match (draft.name, situation.region) {
                    (Some(template), Some(region)) => self.fill(&template, region),
                    _ => named.name,
                };
                let score = Score::new(draft.score).unwrap_or_default();
                AgencyCandidate { agency, name, score, why: draft.why }
            })
            .collect()
    }
}

/// The regency or city, or the province where that is all.
fn area(region: &RegionMatch) -> &str {
    &region.regency.as_ref().unwrap_or(&region.province).1
}

/// The addressing words, the agency and the region right after it: 'Yth. Dinas PU Kota Semarang'.
fn quote(situation: &Situation<'_>, words: &Words, from: usize, hit: &Hit) -> String {
    let mut last = hit.last;
    if let Some((_, end)) = situation.region.and_then(|r| r.span) {
        let after = (last + 1..words.len().min(last + 5)).find(|at| words.word(*at).end as usize == end);
        last = after.filter(|at| words.word(last + 1).gap < Gap::Break && at - from < QUOTE_WORDS_MAX).unwrap_or(last);
    }
    let (start, end) = (words.word(from).start as usize, words.word(last).end as usize);
    situation.text.chars().skip(start).take(end - start).collect()
}

fn decimal(score: f32) -> String {
    format!("{score:.2}").replace('.', ",")
}
