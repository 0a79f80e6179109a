//! Names found in a text, and the regions that each can mean.

use super::context::{self, Context};
use super::table::{Entry, Kind, Table, Wordlike};
use super::words::{Gap, Key, Words};
use super::{Level, Regions};

/// Most words of one name.
const NAME_WORDS_MAX: usize = 5;
/// Fewest letters of each word where a text splits what the table writes as one word ('bukit tinggi').
const SPLIT_LETTERS_MIN: usize = 3;
/// Longest text that is searched, in words; what follows adds nothing to a place.
pub(super) const TEXT_WORDS_MAX: usize = 2_000;

/// One region that a name can mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sense {
    pub(super) row: u16,
    pub(super) level: Level,
    /// The regency or city of the row, or the row itself.
    pub(super) home: u16,
    /// How well the name fits, within 0 and 1.
    pub(super) fit: f32,
    /// The name is an ordinary word here: it only supports what other words name.
    pub(super) support_only: bool,
    /// Of a village or an alias.
    pub(super) indirect: bool,
}

/// A name in the text.
#[derive(Debug)]
pub(super) struct Mention {
    /// First word.
    pub(super) first: usize,
    /// Last word.
    pub(super) last: usize,
    pub(super) context: Context,
    pub(super) senses: Vec<Sense>,
}

impl Mention {
    /// The best sense of each regency, city or province.
    pub(super) fn homes(&self) -> impl Iterator<Item = &Sense> {
        self.senses.iter().enumerate().filter_map(|(at, sense)| {
            let better = |(other_at, other): (usize, &Sense)| {
                let rank = |s: &Sense| (!s.support_only, s.fit);
                other.home == sense.home && (rank(other) > rank(sense) || (rank(other) == rank(sense) && other_at < at))
            };
            (!self.senses.iter().enumerate().any(better)).then_some(sense)
        })
    }
}

impl Regions {
    pub(super) fn mentions(&self, words: &Words) -> Vec<Mention> {
        let mut found = Vec::new();
        let mut at = 0;
        let count = words.len().min(TEXT_WORDS_MAX);
        while at < count {
            match self.mention_at(words, at, count) {
                Some(mention) => {
                    at = mention.last + 1;
                    found.push(mention);
                }
                None => at += 1,
            }
        }
        self.settle_neighbours(words, &mut found);
        found
    }

    /// In 'Depok, Sleman' and 'Puskesmas Ketapang Sampang' the first is the district of that name
    /// within the second, not the city or regency elsewhere.
    fn settle_neighbours(&self, words: &Words, found: &mut [Mention]) {
        for at in 1..found.len() {
            let (before, after) = found.split_at_mut(at);
            let (mention, next) = (&mut before[at - 1], &after[0]);
            let touches = next.first == mention.last + 1 && words.word(next.first).gap <= Gap::Comma;
            let homes = next.senses.iter().filter(|s| s.level == Level::Regency && !s.support_only).map(|s| s.home);
            let homes: Vec<u16> = homes.collect();
            if !touches || mention.senses.iter().any(|s| homes.contains(&s.home)) {
                continue;
            }
            let key = (mention.first..=mention.last).fold(Key::EMPTY, |key, word| key.with(words.text(word)));
            let Some(head) = self.table.head(key) else { continue };
            let place = Place { words, first: mention.first, last: mention.last, context: mention.context };
            let inner = self.table.entries(head).filter(|e| e.kind == Kind::Name && place.spelled(*e));
            let inner = inner.filter_map(|e| place.sense(&self.table, e));
            let inner: Vec<Sense> = inner.filter(|s| s.level == Level::District && homes.contains(&s.home)).collect();
            if !inner.is_empty() {
                mention.senses = inner;
            } else if !homes.is_empty() && mention.senses.iter().all(|s| s.level > Level::Regency) {
                // A place within it that the table doesn't have, and not its namesake elsewhere.
                mention.senses.iter_mut().for_each(|sense| sense.support_only = true);
            }
        }
    }

    fn mention_at(&self, words: &Words, first: usize, count: usize) -> Option<Mention> {
        let mut heads = [None; NAME_WORDS_MAX];
        let mut key = Key::EMPTY;
        for (length, head) in heads.iter_mut().enumerate() {
            let at = first + length;
            if at >= count || (length > 0 && !joins(words, at)) {
                break;
            }
            key = key.with(words.text(at));
            *head = self.table.head(key);
        }
        let context = heads.iter().any(Option::is_some).then(|| context::before(words, first))?;
        let kind_first = words.text(first) == "kota" && context != Context::District;
        let is_kind = |length: usize| kind_first && (length == 0 || self.names_city(words, first + 1));
        heads.iter().enumerate().rev().find_map(|(length, head)| {
            if is_kind(length) {
                return None;
            }
            let last = first + length;
            let context = self.kind_after(words, last).filter(|_| context.leaves_kind_open()).unwrap_or(context);
            let place = Place { words, first, last, context };
            let senses = place.senses(&self.table, (*head)?);
            (!senses.is_empty()).then_some(Mention { first, last, context, senses })
        })
    }
}

impl Regions {
    /// 'Sukabumi kabupaten': its kind behind a name, unless another name follows, whose kind it is.
    fn kind_after(&self, words: &Words, last: usize) -> Option<Context> {
        let kind = match words.after(last)? {
            "kabupaten" | "kab" => Context::Regency,
            "kota" => Context::City,
            _ => return None,
        };
        let follows = words.after(last + 1).is_some_and(|word| self.table.head(Key::EMPTY.with(word)).is_some());
        (!follows).then_some(kind)
    }

    /// Does a city's name begin here, so that 'kota' before it is its kind and no part of a name?
    fn names_city(&self, words: &Words, first: usize) -> bool {
        let count = words.len().min(TEXT_WORDS_MAX);
        first < count
            && self.mention_at(words, first, count).is_some_and(|m| m.senses.iter().any(|s| self.table.is_city(s.row)))
    }
}

/// May the word continue a name? 'P. Siantar' does, 'Bandung. Barat' does not.
fn joins(words: &Words, at: usize) -> bool {
    match words.word(at).gap {
        Gap::Space => true,
        Gap::Dot => words.text(at - 1).len() <= 3,
        Gap::Comma | Gap::Break => false,
    }
}

struct Place<'a> {
    words: &'a Words,
    first: usize,
    last: usize,
    context: Context,
}

impl Place<'_> {
    fn senses(&self, table: &Table, head: u32) -> Vec<Sense> {
        let mut senses: Vec<Sense> =
            table.entries(head).filter(|e| self.spelled(*e)).filter_map(|e| self.sense(table, e)).collect();
        let larger = |e: Entry| table.row(e.row).level < Level::District;
        if self.context == Context::Street && table.entries(head).any(|e| e.kind == Kind::Name && larger(e)) {
            return Vec::new(); // 'Jl. Semarang' says nothing of a village that is called so either.
        }
        let wanted: fn(&Table, &Sense) -> bool = match self.context {
            Context::Province => |_, s| s.level == Level::Province,
            Context::City => |t, s| t.is_city(s.row),
            Context::Regency => |t, s| s.level == Level::Regency && !t.is_city(s.row),
            Context::District => |_, s| s.level == Level::District && !s.indirect,
            // A regency, a city or an alias is meant before a district or village elsewhere that has its name.
            _ => |_, s| s.level < Level::District && !s.support_only,
        };
        if senses.iter().any(|s| wanted(table, s)) {
            senses.retain(|s| wanted(table, s));
        }
        senses
    }

    /// A name that the text splits must have long parts, and not begin with what may be its kind ('kota baru').
    fn spelled(&self, entry: Entry) -> bool {
        let length = self.last - self.first + 1;
        length <= usize::from(entry.words)
            || (self.first..=self.last).all(|at| self.words.text(at).len() >= SPLIT_LETTERS_MIN)
                && !matches!(self.words.text(self.first), "kota" | "kab" | "desa" | "kec" | "kampung" | "dan" | "yang")
    }

    fn sense(&self, table: &Table, entry: Entry) -> Option<Sense> {
        let row = table.row(entry.row);
        let village = entry.kind == Kind::Village;
        let fit = match (entry.kind, row.level) {
            (Kind::Name, Level::District) => 0.9,
            (Kind::Name, _) => 1.0,
            (Kind::Alias, _) => 0.95,
            (Kind::Village, _) => 0.65,
        };
        let fit = fit * self.introduced(row.level, entry)?;
        let support_only = !self.stands_out(row.level, entry);
        let home = table.ancestor(entry.row, Level::Regency).unwrap_or(entry.row);
        let indirect = village || entry.kind == Kind::Alias;
        Some(Sense { row: entry.row, level: row.level, home, fit, support_only, indirect })
    }

    /// How well the words before suit a name of this level; `None` where they exclude it.
    fn introduced(&self, level: Level, entry: Entry) -> Option<f32> {
        let village = entry.kind == Kind::Village;
        let capital = self.words.word(self.first).capital;
        match self.context {
            Context::Village if village => Some(1.3),
            Context::Village => (level == Level::District || entry.kind == Kind::Alias).then_some(0.6),
            Context::Street => (level == Level::District || village || entry.kind == Kind::Alias).then_some(1.0),
            Context::Person | Context::Origin => (level != Level::District && !village).then_some(1.0),
            Context::City | Context::Regency | Context::Province | Context::District if village => Some(0.6),
            Context::Bare | Context::Away if village && !capital => Some(0.7),
            Context::Bare if level == Level::District && !capital => Some(0.75),
            _ => Some(1.0),
        }
    }

    /// Is the name no word, or told to be a place?
    fn stands_out(&self, level: Level, entry: Entry) -> bool {
        let kind_told = match self.context {
            Context::City | Context::Regency => level == Level::Regency,
            Context::District | Context::Precinct => level == Level::District,
            Context::Village => entry.kind == Kind::Village,
            _ => false,
        };
        let word = self.words.word(self.first);
        let capital = word.capital && matches!(word.gap, Gap::Space | Gap::Comma);
        let after = self.last + 1;
        let last = after >= self.words.len() || self.words.word(after).gap >= Gap::Comma;
        let alone = last && word.gap == Gap::Comma && level < Level::District; // '… (serang)'
        match entry.wordlike {
            Wordlike::Not => true,
            Wordlike::Rare => {
                let place = matches!(self.context, Context::Place | Context::Office | Context::Precinct);
                kind_told || capital || alone || place
            }
            Wordlike::Ordinary => kind_told,
        }
    }
}
