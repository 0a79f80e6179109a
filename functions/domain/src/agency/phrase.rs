//! Names of agencies and words of their tasks, found in a text in one pass over its words.

use super::AgencyType;
use crate::region::words::{Gap, Key, KeyMap, Words};

/// Most words of one phrase; a longer name of a body is found by its aliases.
pub(super) const PHRASE_WORDS_MAX: usize = 9;
/// Longest text that is searched, in words.
const TEXT_WORDS_MAX: usize = 2_000;

/// What a phrase leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Type(AgencyType),
    Body(usize),
    Redirect(usize),
}

#[derive(Debug, Default)]
struct Meaning {
    /// Whose name the phrase is.
    names: Vec<Target>,
    /// Whose task the phrase belongs to.
    topics: Vec<Target>,
}

/// All phrases.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    meanings: KeyMap<Meaning>,
    repeated: Vec<String>,
}

/// A phrase in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) target: Target,
    pub(super) is_name: bool,
}

impl Phrases {
    pub(super) fn add_name(&mut self, phrase: &str, target: Target) {
        let names = &mut self.meanings.entry(Key::of_name(phrase).0.hash()).or_default().names;
        if names.iter().any(|t| *t != target) {
            self.repeated.push(phrase.to_owned());
        }
        if !names.contains(&target) {
            names.push(target);
        }
    }

    pub(super) fn add_topic(&mut self, phrase: &str, target: Target) {
        let topics = &mut self.meanings.entry(Key::of_name(phrase).0.hash()).or_default().topics;
        if !topics.contains(&target) {
            topics.push(target);
        }
    }

    /// Names that lead to two different targets.
    pub(super) fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// The longest name and the longest topic at each word; a name's words are not searched for further names.
    pub(super) fn find(&self, words: &Words) -> Vec<Hit> {
        let mut hits = Vec::new();
        let count = words.len().min(TEXT_WORDS_MAX);
        let (mut name_free, mut topic_free) = (0, 0);
        for first in 0..count {
            let mut key = Key::EMPTY;
            let (mut name, mut topic) = (None, None);
            for last in first..count.min(first + PHRASE_WORDS_MAX) {
                if last > first && words.word(last).gap > Gap::Space {
                    break;
                }
                key = key.with(words.text(last));
                if let Some(meaning) = self.meanings.get(&key.hash()) {
                    if !meaning.names.is_empty() {
                        name = Some((last, meaning));
                    }
                    if !meaning.topics.is_empty() {
                        topic = Some((last, meaning));
                    }
                }
            }
            if let Some((last, meaning)) = name.filter(|_| first >= name_free) {
                hits.extend(meaning.names.iter().map(|target| Hit { first, last, target: *target, is_name: true }));
                name_free = last + 1;
            }
            if let Some((last, meaning)) = topic.filter(|_| first >= topic_free) {
                hits.extend(meaning.topics.iter().map(|target| Hit { first, last, target: *target, is_name: false }));
                topic_free = last + 1;
            }
        }
        hits
    }
}
