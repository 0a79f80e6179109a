//! E-mail addresses, also spelled out ('nama at gmail dot com').

use std::sync::LazyLock;

use regex::Regex;

use super::shadow::Shadow;
use super::{PiiKind, Spans};

static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"([a-z0-9][a-z0-9._%+-]{0,63})(?:@((?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,10})| ?@ ?((?:gmail|gmai|gmial|yahoo|ymail|hotmail|outlook|icloud|rocketmail)\b(?:\.[a-z]{2,3}){0,2}))",
    )
    .expect("the plain e-mail pattern is valid")
});

/// The local part may be spaced ('siti rohmah 02 at gmail dot com') after the word e-mail.
static SPELLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:\b(?:e-?mail|imel|surel|surat elektronik)(?:nya)?(?: (?:saya|sy|ke|ku|di|aja|saja|kami))* ?[:=]? ?)?",
        r"((?:[a-z0-9][a-z0-9._-]{0,40} (?:titik |dot )?){0,3}?[a-z0-9][a-z0-9._-]{0,63}",
        r" ?(?:[(\[{<] ?(?:at|a|et) ?[)\]}>]|@| at | et | ad )",
        r" ?(?:[a-z0-9-]{2,63}?) ?(?:\.|[(\[{<] ?(?:dot|titik|d) ?[)\]}>]| dot | titik ) ?",
        r"(?:com|co|net|org|id|ac|sch|edu|go)\b(?: ?(?:\.|[(\[{<]? ?(?:dot|titik) ?[)\]}>]?) ?id\b)?)",
    ))
    .expect("the spelled e-mail pattern is valid")
});

/// Mailboxes of an organisation, which are no personal data on the organisation's own domain.
const OFFICES: [&str; 20] = [
    "info",
    "cs",
    "admin",
    "pengaduan",
    "humas",
    "layanan",
    "kontak",
    "contact",
    "support",
    "halo",
    "ppid",
    "sekretariat",
    "helpdesk",
    "lapor",
    "aduan",
    "care",
    "customer.care",
    "customercare",
    "redaksi",
    "callcenter",
];
const FREE_MAIL: [&str; 8] = ["gmail", "yahoo", "ymail", "hotmail", "outlook", "icloud", "rocketmail", "live"];

pub(super) fn find(shadow: &Shadow, spans: &mut Spans) {
    let mut offices: Vec<(usize, usize)> = Vec::new();
    for found in PLAIN.captures_iter(&shadow.lower) {
        let (Some(all), Some(domain)) = (found.get(0), found.get(2).or(found.get(3))) else {
            continue;
        };
        let (local, domain) = (&found[1], domain.as_str());
        let free = FREE_MAIL.iter().any(|f| domain.starts_with(f));
        let office = OFFICES.contains(&local) || domain.ends_with(".go.id") && !local.contains('.');
        if free || !office {
            spans.push(PiiKind::Email, all.start(), all.end());
        } else {
            offices.push((all.start(), all.end()));
        }
    }
    if !shadow.lower.contains("at") && !shadow.lower.contains("et") && !shadow.lower.contains('@') {
        return;
    }
    for found in SPELLED.captures_iter(&shadow.lower) {
        let Some(address) = found.get(1) else {
            continue;
        };
        let cue = found.get(0).is_some_and(|all| all.start() < address.start());
        let start = if cue { address.start() } else { local_start(&shadow.lower, address.start(), address.as_str()) };
        if !offices.iter().any(|(from, to)| *from < address.end() && start < *to) {
            spans.push(PiiKind::Email, start, address.end());
        }
    }
}

/// Without a cue only the word before 'at' is the local part.
fn local_start(lower: &str, start: usize, address: &str) -> usize {
    let at = [" at ", " et ", " ad ", "@", "(", "[", "{", "<"]
        .iter()
        .filter_map(|sign| address.find(sign))
        .min()
        .unwrap_or(0);
    let local = lower[start..start + at].trim_end();
    let led = [" ke ", "ke "].iter().find_map(|cue| local.find(cue).map(|i| i + cue.len()));
    start + led.or(local.rfind(' ').map(|space| space + 1)).unwrap_or(0)
}
