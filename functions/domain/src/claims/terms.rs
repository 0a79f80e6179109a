//! Words of a prepared text, cut to their stems and hashed.

/// A word: the hash of its stem and its half-open range in characters of the prepared text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) key: u64,
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether a sentence, a quotation or a marker ended before this word.
    pub(crate) opens: bool,
}

/// Longer words are cut off: nobody's report depends on their end.
const WORD_CHARS_MAX: usize = 40;

/// The words of `text`, which [`crate::text::normalise`] wrote: lower case, markers in brackets.
pub(crate) fn terms(text: &str) -> Vec<Term> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut from = 0;
    let mut opens = true;
    let mut in_marker = false;
    let mut before = ' ';
    let mut rest = text.chars().chain([' ']).enumerate().peekable();
    while let Some((at, c)) = rest.next() {
        if in_marker {
            in_marker = c != ']';
            continue;
        }
        if c == '[' && rest.peek().is_some_and(|(_, c)| c.is_ascii_uppercase()) {
            in_marker = true;
            opens = true;
        }
        if c.is_alphanumeric() {
            if word.is_empty() {
                from = at;
            }
            word.extend(c.to_lowercase());
        } else {
            if !word.is_empty() {
                found.push(Term { key: key(stem(&word)), from, to: at, opens });
                word.clear();
                opens = false;
            }
            // '5.000' is one number, 'selesai. Lalu' two sentences.
            let ends =
                matches!(c, '!' | '?' | ';' | '"' | '“' | '”' | '(' | ')') || (c == ' ' && ".:".contains(before));
            opens |= ends;
        }
        before = c;
    }
    found
}

/// Cuts the affixes of an Indonesian word; short words and numbers stay.
fn stem(word: &str) -> &str {
    const SUFFIXES: [&str; 9] = ["kannya", "annya", "nya", "kan", "lah", "kah", "pun", "an", "i"];
    const PREFIXES: [&str; 16] =
        ["meng", "meny", "mem", "men", "me", "peng", "peny", "pem", "pen", "ber", "ter", "per", "di", "ke", "se", "pe"];
    const WORD_MIN: usize = 6;
    const STEM_MIN: usize = 4;
    let end = word.char_indices().nth(WORD_CHARS_MAX).map_or(word.len(), |(at, _)| at);
    let word = &word[..end];
    if word.len() < WORD_MIN || word.bytes().all(|b| b.is_ascii_digit()) {
        return word;
    }
    let long_enough = |w: &&str| w.len() >= STEM_MIN;
    let word = SUFFIXES.iter().find_map(|s| word.strip_suffix(s).filter(long_enough)).unwrap_or(word);
    PREFIXES.iter().find_map(|p| word.strip_prefix(p).filter(long_enough)).unwrap_or(word)
}

/// FNV-1a with a last mix: the same on every machine, because it stands in index files.
fn key(word: &str) -> u64 {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        terms(text).iter().map(|t| chars[t.from..t.to].iter().collect()).collect()
    }

    #[test]
    fn words_leave_markers_and_signs_out() {
        assert_eq!(words("[CAPS] bantuan 5.000 [LINK] (dana-desa)!"), ["bantuan", "5", "000", "dana", "desa"]);
        assert_eq!(words("😀 ..."), [""; 0]);
        assert_eq!(words("مرحبا بالعالم"), ["مرحبا", "بالعالم"]);
    }

    #[test]
    fn forms_of_a_word_share_their_stem() {
        for (a, b) in [("dibagikan", "membagikan"), ("pemerintahnya", "pemerintah"), ("vaksinasi", "vaksinas")] {
            assert_eq!(terms(a)[0].key, terms(b)[0].key, "{a} {b}");
        }
        assert_ne!(terms("jalan")[0].key, terms("jalur")[0].key);
    }

    #[test]
    fn sentences_open_after_an_end() {
        let opens: Vec<bool> = terms("satu dua. tiga 5.000 \"empat lima\"").iter().map(|t| t.opens).collect();
        assert_eq!(opens, [true, false, true, false, false, true, false]);
    }
}
