//! Characters that imitate Latin letters, and characters that nobody sees.

use unicode_normalization::UnicodeNormalization;

/// What the letters of a text mostly are. A text in Cyrillic or Greek is a language, a few
/// such letters among Latin ones are a disguise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Other,
}

impl Script {
    pub(super) fn of(chars: &[char]) -> Self {
        let other = chars.iter().filter(|c| look_alike(**c).is_some()).count();
        let latin = chars
            .iter()
            .filter(|c| c.is_ascii_alphabetic() || matches!(**c as u32, 0x1D400..=0x1D7FF | 0xFF21..=0xFF5A))
            .count();
        if other > latin { Self::Other } else { Self::Latin }
    }
}

/// The reading of one character.
pub(super) enum Fold {
    /// Nothing to read, and no sign of intent (variation selectors).
    Drop,
    /// Invisible; a sign of intent inside a word.
    Hidden,
    /// One lower-case character.
    Same(char),
    /// An imitation of Latin letters.
    Fancy(String),
    /// Another writing of the same, without intent (`…`, `²`, accents).
    Plain(String),
}

pub(super) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}')
}

pub(super) fn fold(c: char, script: Script) -> Fold {
    if c.is_ascii() {
        return if c.is_ascii_control() { Fold::Hidden } else { Fold::Same(c.to_ascii_lowercase()) };
    }
    if matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}') {
        return Fold::Drop;
    }
    if invisible(c) {
        return Fold::Hidden;
    }
    // Combining strokes and rings over letters ('s̶l̶o̶t̶').
    if matches!(c, '\u{300}'..='\u{36F}' | '\u{20D0}'..='\u{20FF}') {
        return Fold::Fancy(String::new());
    }
    if script == Script::Latin
        && let Some(plain) = look_alike(c)
    {
        return Fold::Fancy(plain.to_string());
    }
    // Flags are pairs of regional indicators: ordinary writing.
    if let n @ 0x1F1E6..=0x1F1FF = c as u32 {
        return char::from_u32('a' as u32 + n - 0x1F1E6).map_or(Fold::Drop, Fold::Same);
    }
    if let Some(letter) = enclosed(c) {
        return Fold::Fancy(letter.to_string());
    }
    let folded: String = c.nfkd().filter(|c| !matches!(*c, '\u{300}'..='\u{36F}')).collect::<String>().to_lowercase();
    if folded.chars().eq([c]) {
        return Fold::Same(c);
    }
    let letters = !folded.is_empty() && folded.chars().all(|c| c.is_ascii_alphanumeric());
    // Accented letters and superscript digits are ordinary writing.
    let ordinary = matches!(c as u32, 0x80..=0x24F | 0x1E00..=0x1EFF | 0x2070..=0x209C | 0x2150..=0x218F);
    if letters && !ordinary { Fold::Fancy(folded) } else { Fold::Plain(folded) }
}

/// Squared and negative circled letters, which compatibility folding leaves alone.
fn enclosed(c: char) -> Option<char> {
    let base = match c as u32 {
        n @ 0x1F130..=0x1F149 => n - 0x1F130,
        n @ 0x1F150..=0x1F169 => n - 0x1F150,
        n @ 0x1F170..=0x1F189 => n - 0x1F170,
        _ => return None,
    };
    char::from_u32('a' as u32 + base)
}

/// Cyrillic, Greek, phonetic and syllabic letters that look like a Latin one.
fn look_alike(c: char) -> Option<char> {
    const LIKE: [(char, &str); 26] = [
        ('a', "аАαΑᴀɑᗩ"),
        ('b', "вВβΒʙᗷ"),
        ('c', "сСᴄᑕ"),
        ('d', "ԁдДδΔᴅᗪ"),
        ('e', "еЕёЁεΕᴇᗴ"),
        ('f', "ғꜰᖴфФ"),
        ('g', "ɢɡ"),
        ('h', "һНнʜᕼЧч"),
        ('i', "іІїЇιΙɪıɾиИ"),
        ('j', "јЈᴊᒍ"),
        ('k', "кКκΚᴋ"),
        ('l', "лЛλʟᒪ"),
        ('m', "мМΜᴍᗰ"),
        ('n', "пηΝΗɴᑎ"),
        ('o', "оОοΟσᴏ"),
        ('p', "рРρΡᴘᑭ"),
        ('q', "ԛǫ"),
        ('r', "гяЯʀᖇ"),
        ('s', "ѕЅꜱᔕ"),
        ('t', "тТτΤᴛ"),
        ('u', "υᴜᑌ"),
        ('v', "νᴠʋᐯ"),
        ('w', "ԝωᴡɯᗯШш"),
        ('x', "хХχΧжЖ"),
        ('y', "уУγΥʏ"),
        ('z', "зЗζΖᴢ"),
    ];
    if c.is_ascii() {
        return None;
    }
    LIKE.iter().find(|(_, like)| like.contains(c)).map(|(plain, _)| *plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_map_to_what_they_look_like() {
        for (from, to) in
            [('а', 'a'), ('о', 'o'), ('ѕ', 's'), ('ᴛ', 't'), ('ᴢ', 'z'), ('ο', 'o'), ('ᗯ', 'w'), ('я', 'r'), ('Ζ', 'z')]
        {
            assert_eq!(look_alike(from), Some(to), "{from}");
        }
    }
}
