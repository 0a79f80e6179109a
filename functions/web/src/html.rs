//! Text in pages, and what all pages have in common.

use std::fmt::{self, Write as _};

use saring_domain::case::Timestamp;

use crate::lang::Lang;
use crate::places::Zone;

/// Writes a text so that a browser can take no part of it for markup.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // HTML forbids them, and browsers disagree on what they show.
                c if c.is_control() && !matches!(c, '\n' | '\t') => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// What stands around a page for the public.
pub(crate) struct Frame<'a> {
    pub(crate) lang: Lang,
    pub(crate) title: &'a str,
    /// Where the style sheet is.
    pub(crate) style: &'a str,
    /// This page in the other language.
    pub(crate) switch: &'a str,
    /// Written before every path of the public pages.
    pub(crate) base: &'a str,
}

impl Frame<'_> {
    /// A whole page around markup that is escaped already.
    pub(crate) fn around(&self, body: &str) -> String {
        let (lang, title, other) = (self.lang, Escaped(self.title), self.lang.other());
        let (style, switch, base) = (Escaped(self.style), Escaped(self.switch), Escaped(self.base));
        let in_lang = format!("?lang={}", lang.code());
        let (reports, track) = (lang.pick("Laporan", "Reports"), lang.pick("Lacak laporan", "Track a report"));
        let (other_code, other_name) = (other.code(), other.pick("Bahasa Indonesia", "English"));
        format!(
            "<!doctype html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title} – Saring</title>\
             <link rel=\"stylesheet\" href=\"{style}\"></head><body>\n\
             <header><strong>Saring</strong><a href=\"{base}/{in_lang}\">{reports}</a>\
             <a href=\"{base}/lacak{in_lang}\">{track}</a>\
             <a href=\"{switch}\" hreflang=\"{other_code}\" lang=\"{other_code}\">{other_name}</a></header>\n\
             <main><h1>{title}</h1>\n{body}</main>\n\
             <footer><a href=\"{base}/feed.json\">JSON Feed</a><a href=\"{base}/feed.atom\">Atom</a>\
             <a href=\"{base}/open311/v2/requests.json\">Open311</a></footer></body></html>\n",
            code = lang.code()
        )
    }
}

/// A moment for people, in a `time` element: '24 November 2025, 23.00 WIB'.
pub(crate) fn moment(at: Timestamp, zone: Zone, lang: Lang) -> String {
    const HOUR_MS: u64 = 3_600_000;
    const ID: [&str; 12] = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ];
    const EN: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let exact = at.rfc3339();
    let local = Timestamp::from_unix_ms(at.unix_ms() + zone.hours() * HOUR_MS).rfc3339();
    let month = local[5..7].parse::<usize>().map_or(0, |month| month.saturating_sub(1));
    let month = lang.pick(ID[month], EN[month]);
    let (year, day, hour, minute) = (&local[..4], local[8..10].trim_start_matches('0'), &local[11..13], &local[14..16]);
    let (separator, name) = (lang.pick(".", ":"), zone.name());
    format!("<time datetime=\"{exact}\">{day} {month} {year}, {hour}{separator}{minute} {name}</time>")
}

/// The first `chars` characters at most, cut at a blank where there is one, with '…' if cut.
pub(crate) fn excerpt(text: &str, chars: usize) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = one_line.char_indices().nth(chars) else { return one_line };
    let cut = &one_line[..end];
    let cut = cut.rsplit_once(' ').map_or(cut, |(whole, _)| whole);
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_end_at_a_blank() {
        assert_eq!(excerpt("Jalan\n rusak", 20), "Jalan rusak");
        assert_eq!(excerpt("Jalan rusak parah", 11), "Jalan…");
        assert_eq!(excerpt("Jalanrusakparah", 5), "Jalan…");
        assert_eq!(excerpt("🎰🎰🎰", 2), "🎰🎰…");
        assert_eq!(excerpt("", 5), "");
    }

    #[test]
    fn moments_are_for_people() {
        let at = Timestamp::from_unix_ms(1_764_000_000_000);
        assert_eq!(
            moment(at, Zone::Wib, Lang::Id),
            "<time datetime=\"2025-11-24T16:00:00.000Z\">24 November 2025, 23.00 WIB</time>"
        );
        assert!(moment(at, Zone::Wit, Lang::En).contains(">25 November 2025, 01:00 WIT<"));
        let last = Timestamp::from_unix_ms(u64::MAX);
        assert!(moment(last, Zone::Wita, Lang::En).contains(">31 December 9999, 23:59 WITA<"));
    }
}
