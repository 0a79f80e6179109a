//! Rules for each write, from the raw items alone: a second opinion beside `saring verify`.

use std::sync::Arc;

use crate::table::{Item, Table, Written};

type Found<'a> = &'a mut dyn FnMut(&'static str, String, String);

const VISIBILITIES: [&str; 3] = ["publik", "anonim", "rahasia"];
/// Attributes of a case that the public index shows or is built from.
const PUBLISHED: &str = "published";

fn visibility(item: &Item, name: &str) -> Option<usize> {
    VISIBILITIES.iter().position(|code| item.text(name) == Some(code))
}

/// Looks at what was written at one moment.
pub(crate) fn check(table: &Table, written: &[Written], found: Found<'_>) {
    let events: Vec<&Arc<Item>> =
        written.iter().filter(|w| w.key.1.starts_with("audit#")).filter_map(|w| w.new.as_ref()).collect();
    for write in written {
        let id = write.key.0.split_once('#').map_or("", |(_, id)| id).to_owned();
        if write.key.1.starts_with("audit#") && write.old.is_some() {
            found("append-only trail", id, format!("event {} was written over", write.key.1));
        } else if write.key.1 == "case" {
            let events = events.iter().filter(|e| e.text("case_id") == Some(id.as_str())).copied();
            let events: Vec<&Arc<Item>> = events.collect();
            case(table, write, &events, &id, found);
        } else if write.key.1 == "head" {
            head(write, &id, found);
        } else if write.new.as_ref().is_some_and(|item| item.has("feed_pk")) {
            found("nothing unscreened is public", id, format!("'{}' is in the feed", write.key.1));
        }
    }
}

fn head(write: &Written, id: &str, found: Found<'_>) {
    let sequence = |item: &Option<Arc<Item>>| item.as_ref().and_then(|i| i.number("audit_sequence"));
    if let Some((old, new)) = sequence(&write.old).zip(sequence(&write.new))
        && new != old + 1
    {
        found("append-only trail", id.to_owned(), format!("its end moved from {old} to {new}"));
    }
}

fn case(table: &Table, write: &Written, events: &[&Arc<Item>], id: &str, found: Found<'_>) {
    let Some(new) = &write.new else {
        if !events.iter().any(|e| e.text("action") == Some("erased")) {
            found("every decision explains itself", id.to_owned(), "a case is gone and nobody erased it".into());
        }
        return;
    };
    let version = new.number("version").unwrap_or_default();
    let old = write.old.as_deref();
    let before = old.and_then(|old| old.number("version")).unwrap_or(0);
    if version != before + 1 {
        found("once in effect", id.to_owned(), format!("version {before} became {version}"));
    }
    let event = events.iter().find(|e| e.number("version") == Some(version) && e.text("action") != Some("received"));
    let Some(event) = event else {
        found("every decision explains itself", id.to_owned(), format!("version {version} has no event"));
        return;
    };
    for name in ["visibility", "chosen_visibility"] {
        let looser = old.is_some_and(|old| visibility(new, name) < visibility(old, name));
        if looser {
            found("visibility only tightens", id.to_owned(), format!("'{name}' is looser in version {version}"));
        }
    }
    screened_once(old, event, id, found);
    rested(old, event, id, found);
    locked(old, event, id, found);
    public(table, old, new, event, id, found);
}

/// A verdict is written once for each text.
fn screened_once(old: Option<&Item>, event: &Item, id: &str, found: Found<'_>) {
    let allowed = match event.text("action") {
        Some("screened") => old.is_none(),
        Some("rescreened") => old.and_then(|o| o.text("edit_text_hash")) == event.text("text_hash"),
        _ => old.is_some(),
    };
    if !allowed {
        found("once in effect", id.to_owned(), format!("'{}' where it may not be", event.text("action").unwrap_or("")));
    }
}

/// What takes effect by itself was decided and has rested.
fn rested(old: Option<&Item>, event: &Item, id: &str, found: Found<'_>) {
    let decided = matches!(event.text("action"), Some("resolved" | "returned" | "asked"));
    if !decided || event.text("actor") != Some("system:sweep") {
        return;
    }
    let proposal = old.and_then(|old| old.text("proposal")).unwrap_or("null");
    let proposal: serde_json::Value = serde_json::from_str(proposal).unwrap_or_default();
    if proposal["due"].as_u64().is_none_or(|due| Some(due) > event.number("at")) {
        found("decisions rest", id.to_owned(), "a decision took effect that nobody made or that did not rest".into());
    }
}

/// Nobody decides while another holds the case.
fn locked(old: Option<&Item>, event: &Item, id: &str, found: Found<'_>) {
    let respects = matches!(event.text("action"), Some("claimed" | "resolved" | "proposed" | "escalated" | "returned"));
    let by_person = event.text("actor").is_some_and(|actor| actor.starts_with("moderator:"));
    let Some(old) = old.filter(|_| respects && by_person) else { return };
    let other = old.text("lock_holder").is_some_and(|holder| Some(holder) != event.text("actor"));
    if other && old.number("lock_until") > event.number("at") {
        found("review is locked", id.to_owned(), "somebody decided on a case that another held".into());
    }
}

/// What is public has a verdict for exactly the text that was accepted, and shows nothing private.
fn public(table: &Table, old: Option<&Item>, new: &Item, event: &Item, id: &str, found: Found<'_>) {
    let shown = new.text("status") == Some(PUBLISHED);
    let mut unscreened = |words: &str| found("nothing unscreened is public", id.to_owned(), words.to_owned());
    if shown != new.has("feed_pk") || shown != new.has("published_at") {
        return unscreened("its status and its place in the feed disagree");
    }
    if !shown {
        return;
    }
    let same = [("published_text_hash", "text_hash"), ("published_model", "model"), ("published_policy", "policy")];
    if same.iter().any(|(public, screened)| new.text(public) != new.text(screened)) {
        return unscreened("it is published for another text, model or policy than it was screened for");
    }
    let receipt = table.item(&format!("report#{}", new.text("report_id").unwrap_or("")), "receipt");
    if receipt.is_none_or(|receipt| receipt.text("text_hash") != new.text("text_hash")) {
        return unscreened("it is published with another text than the one accepted");
    }
    let published = new.number("published_version");
    let before = old.and_then(|old| old.number("published_version"));
    if published == before {
        return;
    }
    let by = (event.text("action"), event.text("detail"));
    let decided = matches!(
        by,
        (Some("screened" | "rescreened"), Some("publish")) | (Some("resolved"), Some("publish" | "publish_anonymous"))
    );
    if !decided || published != event.number("version") || new.text("text_hash") != event.text("text_hash") {
        unscreened("no event of the same moment says that it becomes public");
    }
    if crate::judge::shows_private(new.text("public_text").unwrap_or_default()) {
        found("the public side can't read private data", id.to_owned(), "a number of identity is public".into());
    }
}
