//! Personal data is found where it stands, and nowhere else.

use saring_domain::pii::{self, PiiKind, PiiSpan};

/// Takes the marks `{{kind:value}}` out of a case.
fn parse(case: &str) -> (String, Vec<PiiSpan>) {
    let mut text = String::new();
    let mut spans = Vec::new();
    let mut rest = case;
    while let Some((before, marked)) = rest.split_once("{{") {
        let (mark, after) = marked.split_once("}}").expect("each mark is closed");
        let (code, value) = mark.split_once(':').expect("each mark has a kind");
        let kind = PiiKind::ALL.into_iter().find(|k| k.code() == code).expect("the kind is known");
        text.push_str(before);
        let start = text.chars().count();
        text.push_str(value);
        spans.push(PiiSpan { kind, start, end: text.chars().count() });
        rest = after;
    }
    text.push_str(rest);
    (text, spans)
}

/// The text with what was found marked as in the cases.
fn mark(text: &str, spans: &[PiiSpan]) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut marked = String::new();
    let mut at = 0;
    for span in spans {
        marked.extend(&chars[at..span.start]);
        let value: String = chars[span.start..span.end].iter().collect();
        let code = span.kind.code();
        marked = format!("{marked}{{{{{code}:{value}}}}}");
        at = span.end;
    }
    marked.extend(&chars[at..]);
    marked
}

fn cases() -> impl Iterator<Item = &'static str> {
    include_str!("pii_cases.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

#[test]
fn finds_exactly_what_is_marked() {
    let wrong: Vec<String> = cases()
        .filter_map(|case| {
            let (text, _) = parse(case);
            let found = mark(&text, &pii::find(&text));
            (found != case).then(|| format!("expected {case}\n   found {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn masks_each_span_by_its_token() {
    for case in cases() {
        let (text, spans) = parse(case);
        let masked = pii::mask(&text, &spans);
        let (mut expected, mut rest) = (String::new(), case);
        while let Some((before, after)) = rest.split_once("{{") {
            let (value, after) = after.split_once("}}").expect("each mark is closed");
            let code = value.split(':').next();
            let kind = PiiKind::ALL.into_iter().find(|k| Some(k.code()) == code);
            expected.push_str(before);
            expected.push_str(kind.expect("the kind is known").token());
            rest = after;
        }
        assert_eq!(masked, expected + rest);
    }
}

/// Any text gives sorted spans inside it that do not overlap, and masking keeps the rest.
#[test]
fn spans_are_sorted_and_apart() {
    let all: Vec<String> = cases().map(|c| parse(c).0).collect();
    let joined = all.join(" ");
    let chars: Vec<char> = joined.chars().collect();
    for window in chars.windows(97).step_by(13) {
        let text: String = window.iter().collect();
        let spans = pii::find(&text);
        assert!(spans.iter().all(|s| s.start < s.end && s.end <= window.len()), "{spans:?}");
        assert!(spans.windows(2).all(|p| p[0].end <= p[1].start), "{spans:?}");
        let masked: usize = spans.iter().map(|s| s.end - s.start).sum();
        let tokens: usize = spans.iter().map(|s| s.kind.token().len()).sum();
        assert_eq!(pii::mask(&text, &spans).chars().count() + masked, window.len() + tokens);
    }
}

/// What is masked holds no personal data of numbers any more.
#[test]
fn masked_text_is_clean() {
    for case in cases() {
        let (text, _) = parse(case);
        let masked = pii::mask(&text, &pii::find(&text));
        let left = pii::find(&masked);
        assert!(left.is_empty(), "{} in {masked}", left[0].kind.code());
    }
}

#[test]
fn empty_and_foreign_texts_have_none() {
    for text in ["", " ", "\n\n", "🙂🙂🙂", "Привет, как дела?", "我要投诉", "\u{200b}\u{feff}"]
    {
        assert_eq!(pii::find(text), []);
    }
}
