//! What the model reads of a text: disguises become markers, contacts become kinds.

use saring_domain::pii;
use saring_domain::text::{Normalised, normalise};

fn prepared(text: &str) -> Normalised {
    normalise(text, &pii::find(text))
}

/// Characters that an editor hides are written `\\u{…}` in the cases.
fn unescaped(case: &str) -> String {
    ["200b", "202e", "202c"].iter().fold(case.to_owned(), |text, code| {
        let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect("a character");
        text.replace(&format!("\\u{{{code}}}"), &c.to_string())
    })
}

#[test]
fn disguises_and_contacts_become_markers() {
    for line in include_str!("cases/text.tsv").lines() {
        let (text, wanted) = line.split_once('\t').expect("text, tab, what the model reads");
        assert_eq!(prepared(&unescaped(text)).text, wanted, "{text}");
    }
}

#[test]
fn every_character_knows_where_it_came_from() {
    for line in include_str!("cases/text.tsv").lines() {
        let text = unescaped(line.split('\t').next().unwrap_or_default());
        let chars = text.chars().count() as u32;
        let found = prepared(&text);
        assert_eq!(found.origins.len(), found.text.chars().count(), "{text}");
        assert!(found.origins.iter().all(|(start, end)| start <= end && *end <= chars), "{text}");
        assert!(found.origins.windows(2).all(|w| w[0].0 <= w[1].0), "{text}");
    }
}

#[test]
fn signals_count_the_disguises() {
    let signals = prepared("𝓢𝓵𝓸𝓽 m4xw1n bangeeet g\u{200b}acor s l o t https://naga.xyz 0812-3456-7890").signals;
    let counts =
        [signals.fancy, signals.leet, signals.repeated, signals.hidden, signals.spaced, signals.links, signals.phones];
    assert_eq!(counts, [1; 7], "{signals:?}");
}

#[test]
fn another_script_is_nothing_to_read() {
    assert_eq!(prepared("مرحبا بكم في الطريق المكسور").letters, 0);
    assert_eq!(prepared("道路损坏请修复").letters, 0);
    assert_eq!(prepared("😡😡😡").letters, 0);
    assert!(prepared("Jalan rusak di depan masjid السلام").letters > 20);
    assert!(prepared("Séng di Sampang èmpo café").letters > 15);
}
