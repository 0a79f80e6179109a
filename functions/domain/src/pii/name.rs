//! Names of private persons: a cue before them, or a gazetteer name in a place that only
//! names take.

use super::cue::{self, Cue};
use super::lexicon::{Class, LEXICON};
use super::shadow::Shadow;
use super::token::{Gap, Shape, Token};
use super::{PiiKind, Spans};

const WORDS_MAX: usize = 5;
/// Above this share of large letters a capital says nothing.
const LARGE_SHARE_MAX: f32 = 0.6;
/// As few function words say nothing about how the text is written.
const FUNCTION_WORDS_MIN: usize = 3;
/// Words with a capital inside a sentence only where every word has one.
const FUNCTION_WORDS: [&str; 24] = [
    "yang", "di", "ke", "dari", "dan", "untuk", "pada", "dengan", "ini", "itu", "tidak", "sudah", "belum", "ada",
    "bisa", "juga", "karena", "oleh", "atau", "akan", "yg", "dgn", "agar", "tapi",
];

/// Names chain: 'atas nama Siti dan Budi', 'Bong Fui Khim alias Susanti'.
const CHAINS: [&str; 7] = ["dan", "sama", "serta", "alias", "bersama", "dengan", "and"];
const CONNECTORS: [&str; 8] = ["bin", "binti", "bte", "br", "boru", "van", "de", "al"];
/// Words of one or two letters that open a name.
const OPENERS: [&str; 6] = ["i", "ni", "la", "wa", "st", "nur"];
/// Abbreviated given names, written with or without a full stop.
const ABBREVIATED: [&str; 12] = ["m", "moh", "muh", "moch", "mhd", "md", "abd", "ahm", "r", "rr", "t", "hi"];

pub(super) fn find(shadow: &Shadow, tokens: &[Token<'_>], spans: &mut Spans) {
    let finder =
        Finder { tokens, capitals: Capitals::of(shadow, tokens), signed: spans.0.iter().map(|s| s.start).collect() };
    let mut at = 0;
    let mut chained = false;
    let mut called = Vec::new();
    while at < tokens.len() {
        if let Some(end) = finder.initials(at) {
            spans.push(PiiKind::Name, tokens[at].start, tokens[end - 1].end);
            at = end;
            continue;
        }
        let run = finder.run(at).filter(|run| !spans.overlaps(tokens[at].start, tokens[run.end - 1].end));
        if let Some(run) = run.filter(|run| finder.accepts(at, run, chained)) {
            spans.push(PiiKind::Name, tokens[at].start, tokens[run.end - 1].end);
            called.extend(at..run.end);
            at = run.end;
            chained = tokens
                .get(at)
                .is_some_and(|t| CHAINS.contains(&t.word) && t.before == Gap::Space || t.before == Gap::Sign);
            at += usize::from(chained && CHAINS.contains(&tokens[at].word));
        } else {
            at += 1;
            chained = false;
        }
    }
    finder.repeat(&called, spans);
}

/// What a capital says in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capitals {
    /// It opens a sentence or a name.
    Names,
    /// Every Word Has One.
    EveryWord,
    /// EVERYTHING IS LARGE.
    All,
}

impl Capitals {
    fn of(shadow: &Shadow, tokens: &[Token<'_>]) -> Self {
        let letters = shadow.cased.bytes().filter(u8::is_ascii_alphabetic).count();
        let large = shadow.cased.bytes().filter(u8::is_ascii_uppercase).count();
        if large as f32 > LARGE_SHARE_MAX * letters as f32 {
            return Self::All;
        }
        let small = tokens.iter().filter(|t| FUNCTION_WORDS.contains(&t.word));
        let titles = small.clone().filter(|t| t.shape == Shape::Title).count();
        let small = small.count();
        let every = small >= FUNCTION_WORDS_MIN && titles as f32 > LARGE_SHARE_MAX * small as f32;
        if every { Self::EveryWord } else { Self::Names }
    }
}

/// Consecutive words that may be one name, and what speaks for it.
struct Run {
    end: usize,
    /// Gazetteer names among them.
    known: usize,
    /// Names that are also ordinary words.
    ambiguous: usize,
    /// Words that begin with a capital.
    titled: usize,
    words: usize,
}

struct Finder<'a> {
    tokens: &'a [Token<'a>],
    capitals: Capitals,
    /// Where the numbers and addresses begin that were found before.
    signed: Vec<usize>,
}

impl Finder<'_> {
    fn run(&self, start: usize) -> Option<Run> {
        let mut run = Run { end: start, known: 0, ambiguous: 0, titled: 0, words: 0 };
        let mut at = start;
        while let Some(token) = self.tokens.get(at) {
            if run.words == WORDS_MAX || at > start && !self.joins(at) {
                break;
            }
            let connector = at > start && CONNECTORS.contains(&token.word) && self.may_be_name(at + 1);
            if !connector && !self.part(at, start) {
                break;
            }
            run.words += 1;
            run.known += usize::from(token.class.is(Class::NAME));
            run.ambiguous += usize::from(token.class.is(Class::AMBIGUOUS));
            run.titled += usize::from(self.titled(token));
            at += 1;
            run.end = at;
        }
        let only_initials = self.tokens[start..run.end].iter().all(|t| t.word.len() <= 1);
        (run.words > 0 && !only_initials).then_some(run)
    }

    /// Capitals distinguish words.
    fn cased(&self) -> bool {
        self.capitals != Capitals::All
    }

    fn titled(&self, token: &Token<'_>) -> bool {
        self.cased() && matches!(token.shape, Shape::Title | Shape::Initial)
    }

    /// Whether the token at `at` continues the run without a sign between.
    fn joins(&self, at: usize) -> bool {
        let before = &self.tokens[at - 1];
        match self.tokens[at].before {
            Gap::Space => true,
            Gap::Dot => {
                before.shape == Shape::Initial
                    || ABBREVIATED.contains(&before.word)
                    || CONNECTORS.contains(&before.word)
                    || before.shape == Shape::Title && before.word.len() <= 2
            }
            _ => false,
        }
    }

    fn part(&self, at: usize, start: usize) -> bool {
        let token = &self.tokens[at];
        let class = token.class;
        let named = class.is(Class::NAME.or(Class::AMBIGUOUS));
        let opener = OPENERS.contains(&token.word) || ABBREVIATED.contains(&token.word);
        if opener && self.may_be_name(at + 1) && self.joins(at + 1) {
            return token.shape != Shape::Lower || self.next_known(at);
        }
        if class.is(Class::INSTITUTION.or(Class::HIGH)) || class.is(Class::SELF.or(Class::INTRO)) && !named {
            return false;
        }
        if at > start && self.bridges(at) {
            return true;
        }
        if class.is(Class::STOP) || class.is(Class::TITLE) && at == start {
            // 'Imam Santoso', 'Hakim Siregar': the next word decides.
            return named && self.titled(token) && self.next_known(at) || at > start && named && self.titled(token);
        }
        match token.shape {
            Shape::Number => false,
            Shape::Initial => {
                at > start && token.before == Gap::Space || self.may_be_name(at + 1) && self.joins(at + 1)
            }
            Shape::Title if self.cased() => token.word.len() > 1 && !token.word.contains('/'),
            Shape::Upper if self.cased() => {
                const SHORT: usize = 4;
                class.is(Class::NAME) || token.word.len() > SHORT && at > start && named
            }
            _ => class.is(Class::NAME) || class.is(Class::AMBIGUOUS),
        }
    }

    fn may_be_name(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| {
            let named = t.class.is(Class::NAME.or(Class::AMBIGUOUS));
            named || self.titled(t) && !t.class.is(Class::STOP.or(Class::INSTITUTION))
        })
    }

    fn joins_next(&self, at: usize) -> bool {
        at + 1 < self.tokens.len() && self.joins(at + 1)
    }

    fn next_known(&self, at: usize) -> bool {
        self.joins_next(at) && {
            let next = &self.tokens[at + 1];
            let plain = next.class.is(Class::AMBIGUOUS) && self.titled(next) && !next.class.is(Class::STOP);
            next.class.is(Class::NAME) || plain
        }
    }

    /// One past the initials after 'berinisial'.
    fn initials(&self, at: usize) -> Option<usize> {
        const LETTERS_MAX: usize = 4;
        let short = |t: &Token<'_>| matches!(t.shape, Shape::Upper | Shape::Initial) && t.word.len() <= LETTERS_MAX;
        if cue::before(self.tokens, at) != Cue::Initials || !short(&self.tokens[at]) {
            return None;
        }
        let more = self.tokens[at + 1..].iter().take_while(|t| t.shape == Shape::Initial && t.before == Gap::Dot);
        Some(at + 1 + more.count())
    }

    /// Who was named once is meant wherever the word stands again.
    fn repeat(&self, called: &[usize], spans: &mut Spans) {
        const CHARS_MIN: usize = 4;
        let mut words: Vec<&str> = called.iter().map(|i| self.tokens[*i].word).collect();
        words.retain(|w| w.len() >= CHARS_MIN && !CONNECTORS.contains(w));
        let again = |at: usize| {
            let token = &self.tokens[at];
            words.contains(&token.word)
                && !token.class.is(Class::STOP)
                && (self.titled(token) || token.class.is(Class::NAME))
                && !cue::in_institution(self.tokens, at, false)
                && !cue::at_place(self.tokens, at)
        };
        let mut at = 0;
        while at < self.tokens.len() {
            let start = at;
            while at < self.tokens.len() && again(at) && (at == start || self.joins(at)) {
                at += 1;
            }
            if start < at {
                spans.push(PiiKind::Name, self.tokens[start].start, self.tokens[at - 1].end);
            } else {
                at += 1;
            }
        }
    }

    fn accepts(&self, start: usize, run: &Run, chained: bool) -> bool {
        let words: Vec<&str> = self.tokens[start..run.end].iter().map(|t| t.word).collect();
        let name = words.join(" ");
        if LEXICON.is_public(&name) || cue::in_high_office(self.tokens, start) {
            return false;
        }
        let found = cue::before(self.tokens, start);
        if cue::in_institution(self.tokens, start, found == Cue::Title) {
            return false;
        }
        let doctor = start > 0 && self.tokens[start - 1].word == "dr";
        if doctor && LEXICON.is_hero(&name) {
            return false;
        }
        let known = run.known > 0;
        let named = known || run.ambiguous > 0;
        let titled = self.titled(&self.tokens[start]);
        let closed = self.closed(run.end);
        let told = matches!(found, Cue::Initials | Cue::Intro | Cue::Title);
        if self.capitals == Capitals::EveryWord && !known && !told {
            return false;
        }
        match found {
            Cue::Initials => true,
            // Without a full stop 'dr' is also short for 'dari'.
            Cue::Title if doctor && self.tokens[start].before == Gap::Space => named,
            Cue::Intro | Cue::Title => named || titled,
            Cue::Itself => {
                known && (titled || !self.plural(start))
                    || titled && !self.plural(start) && (run.words > 1 || run.ambiguous > 0 || self.long(start, run))
            }
            Cue::ItselfApart => titled && (named || run.words > 1) && closed,
            Cue::Kin => known || titled && self.long(start, run),
            Cue::KinApart => titled && (known || closed),
            Cue::Role => self.holds_role(start, run),
            Cue::Signature => titled && (named || run.words > 1 || closed),
            Cue::None if LEXICON.is_hero(&name) || cue::at_place(self.tokens, start) => false,
            Cue::None if chained => titled && named,
            Cue::None => {
                let all_titled = run.titled == run.words;
                let person = all_titled && known && run.words > 1;
                let signed = titled && known && (self.signs(start, run.end) || self.before_number(run.end));
                let apart = self.tokens[start].before != Gap::Space;
                if self.within_sentence(start) && all_titled && known && run.ambiguous == 0 {
                    return true;
                }
                person || signed || all_titled && run.words > 1 && apart && self.before_number(run.end)
            }
        }
    }

    /// The capital is no sentence's: it makes a gazetteer name a person's.
    fn within_sentence(&self, start: usize) -> bool {
        start > 0 && self.capitals == Capitals::Names && matches!(self.tokens[start].before, Gap::Space | Gap::Comma)
    }

    /// 'kami' and 'kita' are followed by what we are more often than by a name.
    fn plural(&self, start: usize) -> bool {
        matches!(self.tokens[start - 1].word, "kami" | "kita")
    }

    /// After an office or a part that somebody plays stands a name that is known as one.
    fn holds_role(&self, start: usize, run: &Run) -> bool {
        let titled = self.titled(&self.tokens[start]);
        let ambiguous = titled && run.ambiguous > 0;
        run.known > 0 && (titled || !self.cased()) || ambiguous && self.cares(start)
    }

    /// An unknown word between known names: 'mochamad ezza kurniawan'.
    fn bridges(&self, at: usize) -> bool {
        const CHARS_MIN: usize = 3;
        let token = &self.tokens[at];
        let known = |i: usize| self.tokens[i].class.is(Class::NAME);
        token.class == Class::default()
            && token.shape != Shape::Number
            && token.word.len() >= CHARS_MIN
            && known(at - 1)
            && self.joins_next(at)
            && known(at + 1)
    }

    /// Those who care for people are called by one name: 'Bidan Sri'.
    fn cares(&self, start: usize) -> bool {
        matches!(self.tokens[start - 1].word, "bidan" | "perawat" | "mantri" | "guru" | "dokter" | "dosen" | "si")
    }

    /// A single unknown word is a name only if it has the length of one.
    fn long(&self, at: usize, run: &Run) -> bool {
        const CHARS_MIN: usize = 3;
        run.words > 1 || self.tokens[at].word.len() >= CHARS_MIN
    }

    /// A sign or the end of the text stands after the run.
    fn closed(&self, end: usize) -> bool {
        self.tokens.get(end).is_none_or(|t| !matches!(t.before, Gap::Space))
    }

    /// A phone, a number or an address follows at once.
    fn before_number(&self, end: usize) -> bool {
        // ', KTP 3401…'
        const REACH_CHARS: usize = 8;
        let last = self.tokens[end - 1].end;
        self.signed.iter().any(|s| *s >= last && s - last <= REACH_CHARS)
    }

    /// The run stands alone at the end of the text, as a signature does.
    fn signs(&self, start: usize, end: usize) -> bool {
        const WORDS_AFTER_MAX: usize = 3;
        let alone = matches!(self.tokens[start].before, Gap::Dot | Gap::Line | Gap::Break | Gap::Comma) && start > 0;
        alone && (self.tokens.len() - end <= WORDS_AFTER_MAX || self.tokens[end].before == Gap::Line)
    }
}
