//! From the names in a text to the region that it is about.

use super::context::Context;
use super::mention::{Mention, Sense};
use super::words::Words;
use super::{Basis, Level, LocationHint, RegionMatch, Regions};

/// Least evidence that names a region.
const EVIDENCE_MIN: f32 = 0.4;
/// What the first name counts more than a later one.
const FIRST_BONUS: f32 = 0.25;
/// What the report's own location counts beside the text.
const HINT_WEIGHT: f32 = 0.9;
/// A runner-up with this share of the winner's evidence contradicts it.
const CONTRADICTION_SHARE: f32 = 0.92;
/// A runner-up with this share makes the match ambiguous.
const AMBIGUITY_SHARE: f32 = 0.7;
/// What a name counts for one of its regions when nothing else in the text or hint supports any of them.
const UNSUPPORTED_SHARE: f32 = 0.85;
/// What villages alone count for beside a named district, regency or city.
const VILLAGE_SHARE: f32 = 0.8;
/// A first name that fits no better is a village's, and has no bonus.
const VILLAGE_FIT_MAX: f32 = 0.7;

/// The province that bears the capital: its name often stands for the government, and then says
/// nothing of where the matter is.
const CAPITAL: &str = "31";
/// What the capital's name counts beside another region.
const CAPITAL_SHARE: f32 = 0.5;

/// Evidence for one regency or city, or for a province.
#[derive(Debug, Clone, Copy)]
struct Evidence {
    row: u16,
    score: f32,
    /// The mention that counts most, and its share.
    best: Option<(usize, f32)>,
    /// Told apart from its namesake: by kind, district or village.
    told: bool,
    /// Named by more than villages.
    above_village: bool,
}

/// What the names of a text decide.
enum Decision {
    /// They name no region.
    Silent,
    /// They contradict each other.
    Torn,
    Found(Box<RegionMatch>),
}

impl Regions {
    /// The region that a text is about, or `None` where it names none or contradicts itself.
    #[must_use]
    pub fn resolve(&self, text: &str, hint: &LocationHint<'_>) -> Option<RegionMatch> {
        let words = Words::of(text);
        let mentions = self.mentions(&words);
        let hinted = self.hinted(hint);
        let names: Vec<&Mention> = mentions.iter().filter(|m| !m.context.is_borne()).collect();
        match self.decide(text, &words, &names, hinted) {
            Decision::Found(found) => return Some(*found),
            Decision::Torn => return hinted.map(|row| self.matched(row, None, true, Basis::Hint)),
            Decision::Silent => {}
        }
        if let Some(row) = hinted {
            return Some(self.matched(row, None, false, Basis::Hint));
        }
        let borne: Vec<&Mention> = mentions.iter().filter(|m| m.context.is_borne()).collect();
        match self.decide(text, &words, &borne, None) {
            Decision::Found(f) => Some(RegionMatch { ambiguous: true, basis: borne_by(f.basis.clone()), ..*f }),
            // A population number says where somebody was registered, not where the matter is.
            Decision::Torn | Decision::Silent => None,
        }
    }

    fn decide(&self, text: &str, words: &Words, mentions: &[&Mention], hinted: Option<u16>) -> Decision {
        let tally = self.tally(mentions, hinted);
        let named = tally.iter().filter(|e| e.best.is_some());
        let Some(winner) = named.max_by(|a, b| self.rank(a).total_cmp(&self.rank(b))) else {
            return Decision::Silent;
        };
        let best = tally.iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap_or(winner);
        let floor = if mentions.iter().all(|m| m.context.is_borne()) { EVIDENCE_MIN / 4.0 } else { EVIDENCE_MIN };
        if best.score < floor {
            return Decision::Silent;
        }
        if best.best.is_none() && winner.score < best.score * AMBIGUITY_SHARE {
            return Decision::Silent; // The report's own location is stronger than what the text names in passing.
        }
        let rival = tally
            .iter()
            .filter(|e| e.above_village || !winner.above_village)
            .filter(|e| e.row != winner.row && !self.namesakes(e.row, winner.row) && !self.above(e.row, winner.row))
            .map(|e| e.score)
            .fold(0.0, f32::max);
        if rival > winner.score * CONTRADICTION_SHARE {
            let province = self.common_province(&tally, winner.score);
            return province.map_or(Decision::Torn, |found| Decision::Found(Box::new(found)));
        }
        let twin = tally.iter().any(|e| self.namesakes(e.row, winner.row) && e.score > winner.score * AMBIGUITY_SHARE);
        let ambiguous = rival > winner.score * AMBIGUITY_SHARE || (twin && !winner.told);
        let row = self.district_of(winner.row, mentions, hinted).unwrap_or(winner.row);
        let (span, basis) = self.reason(text, words, mentions, winner);
        Decision::Found(Box::new(self.matched(row, span, ambiguous, basis)))
    }

    /// A city before the regency of the same name, a regency before its province.
    fn rank(&self, evidence: &Evidence) -> f32 {
        let level = f32::from(u8::from(self.table.row(evidence.row).level == Level::Regency));
        evidence.score * if evidence.above_village { 1.0 } else { VILLAGE_SHARE }
            + 0.02 * level
            + 0.01 * f32::from(u8::from(self.table.is_city(evidence.row)))
    }

    fn tally(&self, mentions: &[&Mention], hinted: Option<u16>) -> Vec<Evidence> {
        let mut tally: Vec<Evidence> = Vec::with_capacity(8);
        if let Some(row) = hinted {
            let home = self.table.ancestor(row, Level::Regency).unwrap_or(row);
            add(&mut tally, home, HINT_WEIGHT, Source { mention: None, told: true, above_village: true });
        }
        let first = mentions.iter().position(|m| {
            !matches!(m.context, Context::Away | Context::Origin | Context::Person)
                && !m.senses.iter().all(|s| s.support_only)
        });
        let first = first.filter(|at| mentions[*at].senses.iter().any(|s| s.fit > VILLAGE_FIT_MAX));
        let capital = |m: &Mention| m.senses.iter().all(|s| self.table.code(s.row) == CAPITAL);
        let beside = mentions.iter().any(|m| m.senses.iter().any(|s| !self.table.code(s.home).starts_with(CAPITAL)));
        let weight = |at: usize| {
            let share = if beside && capital(mentions[at]) { CAPITAL_SHARE } else { 1.0 };
            share * (mentions[at].context.weight() + if first == Some(at) { FIRST_BONUS } else { 0.0 })
        };
        let clear = |m: &Mention| m.senses.iter().all(|s| self.same_place(s, &m.senses[0]));
        for (at, mention) in mentions.iter().enumerate().filter(|(_, m)| clear(m)) {
            for sense in mention.homes().filter(|s| !s.support_only) {
                add(&mut tally, sense.home, weight(at) * sense.fit, Self::source(at, mention, sense));
            }
        }
        let settled = tally.clone();
        for (at, mention) in mentions.iter().enumerate() {
            let unclear = !clear(mention);
            for sense in mention.homes().filter(|s| unclear || s.support_only) {
                let share = self.share(sense, mention, &settled);
                if share > 0.0 {
                    add(&mut tally, sense.home, weight(at) * sense.fit * share, Self::source(at, mention, sense));
                }
            }
        }
        self.support_by_provinces(&mut tally);
        tally
    }

    /// How much of a name with several regions counts for one of them.
    fn share(&self, sense: &Sense, mention: &Mention, settled: &[Evidence]) -> f32 {
        let supported = |s: &Sense| {
            settled.iter().any(|e| e.row == s.home)
                || (s.home != s.row || s.level == Level::Regency) && settled.iter().any(|e| self.above(e.row, s.home))
        };
        if supported(sense) {
            return if sense.support_only { 0.5 } else { 1.0 };
        }
        if sense.support_only {
            return 0.0;
        }
        if mention.senses.iter().any(supported) {
            return 0.0;
        }
        let homes = mention.homes().filter(|s| !s.support_only).count().max(1);
        UNSUPPORTED_SHARE / homes as f32
    }

    /// A named province supports what is named within it.
    fn support_by_provinces(&self, tally: &mut [Evidence]) {
        for at in 0..tally.len() {
            let inside = tally.iter().any(|e| e.row == self.table.row(tally[at].row).parent && e.row != tally[at].row);
            if inside {
                tally[at].score += 0.6;
                tally[at].score *= 1.3;
            }
        }
    }

    fn source(at: usize, mention: &Mention, sense: &Sense) -> Source {
        // Which of two namesakes is meant, is told by a kind, a district or an unequivocal alias.
        let told = sense.level == Level::District
            || matches!(mention.context, Context::City | Context::Regency)
            || sense.indirect && mention.senses.len() == 1;
        Source {
            mention: Some(at),
            told,
            above_village: sense.fit > VILLAGE_FIT_MAX || mention.context == Context::Village,
        }
    }

    /// Two senses of one place: a district of its regency, or a city and a regency of one name.
    fn same_place(&self, a: &Sense, b: &Sense) -> bool {
        a.home == b.home || self.namesakes(a.home, b.home) || self.above(a.home, b.home) || self.above(b.home, a.home)
    }

    fn namesakes(&self, a: u16, b: u16) -> bool {
        let called = |row: u16| self.table.name(row).split_once(' ').map_or("", |(_, name)| name);
        let regency = |row: u16| self.table.row(row).level == Level::Regency;
        a != b && regency(a) && regency(b) && called(a) == called(b)
    }

    fn above(&self, province: u16, row: u16) -> bool {
        province != row && self.table.row(row).parent == province
    }

    fn common_province(&self, tally: &[Evidence], best: f32) -> Option<RegionMatch> {
        let strong = |e: &&Evidence| e.score > best * AMBIGUITY_SHARE;
        let mut provinces = tally.iter().filter(strong).map(|e| self.table.ancestor(e.row, Level::Province));
        let first = provinces.next().flatten()?;
        provinces.all(|p| p == Some(first)).then(|| self.matched(first, None, true, Basis::Several))
    }

    /// The one district that is named within a regency that is known otherwise, or after 'kecamatan'.
    fn district_of(&self, home: u16, mentions: &[&Mention], hinted: Option<u16>) -> Option<u16> {
        let known = hinted.is_some_and(|h| self.table.ancestor(h, Level::Regency) == Some(home))
            || mentions.iter().any(|m| m.senses.iter().any(|s| s.row == home));
        let mut found: Option<(u16, bool)> = None;
        for mention in mentions.iter().filter(|m| !matches!(m.context, Context::Away | Context::Person)) {
            let introduced = mention.context == Context::District;
            let senses = || mention.senses.iter().filter(|s| s.home == home);
            if senses().any(|s| s.row == home) || !(known || introduced) {
                continue;
            }
            let Some(sense) =
                senses().find(|s| s.level == Level::District && (!s.indirect || mention.context == Context::Village))
            else {
                continue;
            };
            match found {
                Some((row, _)) if row == sense.row => {}
                Some((_, true)) if !introduced => {}
                Some((_, false)) if introduced => found = Some((sense.row, true)),
                Some(_) => return None,
                None => found = Some((sense.row, introduced)),
            }
        }
        let hinted_district = || hinted.filter(|h| self.table.row(*h).level == Level::District && known);
        found
            .map(|(row, _)| row)
            .or_else(|| hinted_district().filter(|h| self.table.ancestor(*h, Level::Regency) == Some(home)))
    }

    /// The deciding words first, then up to one that supports them.
    fn reason(
        &self,
        text: &str,
        words: &Words,
        mentions: &[&Mention],
        winner: &Evidence,
    ) -> (Option<(usize, usize)>, Basis) {
        let span = |m: &Mention| (words.word(m.first).start as usize, words.word(m.last).end as usize);
        let Some((best, _)) = winner.best else { return (None, Basis::Hint) };
        let support = mentions.iter().enumerate().find(|(at, m)| {
            *at != best && m.senses.iter().any(|s| s.home == winner.row || self.above(s.row, winner.row))
        });
        let spans = std::iter::once(span(mentions[best])).chain(support.map(|(_, m)| span(m)));
        let written = spans.map(|(from, to)| text.chars().skip(from).take(to - from).collect()).collect();
        (Some(span(mentions[best])), Basis::Named(written))
    }

    fn hinted(&self, hint: &LocationHint<'_>) -> Option<u16> {
        if let Some(row) = hint.region_code.and_then(|code| self.row_of_code(code)) {
            return Some(row);
        }
        let found = self.resolve(hint.name?, &LocationHint::default())?;
        self.table.row_of(&found.code)
    }

    pub(super) fn row_of_code(&self, code: &str) -> Option<u16> {
        let digits: Vec<u8> = code.bytes().filter(u8::is_ascii_digit).take(6).collect();
        let dotted = |pairs: usize| -> Option<String> {
            let parts: Option<Vec<&str>> =
                (0..pairs).map(|i| digits.get(i * 2..i * 2 + 2).and_then(|p| std::str::from_utf8(p).ok())).collect();
            Some(parts?.join("."))
        };
        let whole = digits.len() / 2;
        (1..=whole).rev().find_map(|pairs| self.table.row_of(&dotted(pairs)?))
    }

    pub(super) fn matched(&self, row: u16, span: Option<(usize, usize)>, ambiguous: bool, basis: Basis) -> RegionMatch {
        let named = |row: u16| (self.table.code(row).to_owned(), self.table.name(row).to_owned());
        let province = self.table.ancestor(row, Level::Province).unwrap_or(row);
        RegionMatch {
            code: self.table.code(row).to_owned(),
            level: self.table.row(row).level,
            name: self.table.full_name(row),
            regency: self.table.ancestor(row, Level::Regency).map(named),
            province: named(province),
            span,
            ambiguous,
            basis,
        }
    }
}

fn borne_by(basis: Basis) -> Basis {
    match basis {
        Basis::Named(words) => words.into_iter().next().map_or(Basis::Hint, Basis::Borne),
        other => other,
    }
}

/// Where a piece of evidence comes from.
#[derive(Debug, Clone, Copy)]
struct Source {
    mention: Option<usize>,
    told: bool,
    above_village: bool,
}

fn add(tally: &mut Vec<Evidence>, row: u16, amount: f32, source: Source) {
    let at = tally.iter().position(|e| e.row == row).unwrap_or_else(|| {
        tally.push(Evidence { row, score: 0.0, best: None, told: false, above_village: false });
        tally.len() - 1
    });
    let evidence = &mut tally[at];
    evidence.score += amount;
    evidence.told |= source.told;
    evidence.above_village |= source.above_village;
    if let Some(mention) = source.mention
        && evidence.best.is_none_or(|(_, most)| amount > most)
    {
        evidence.best = Some((mention, amount));
    }
}
