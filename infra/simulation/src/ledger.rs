//! What must hold, kept beside the world and checked at every write.

use std::collections::{BTreeMap, BTreeSet};

use saring_domain::report::TextHash;
use serde_json::{Value, json};

use crate::executor::lock;
use crate::monitor;
use crate::sabotage;
use crate::site::Site;
use crate::table::{Mood, Table, Written};
use crate::{Breach, Sabotage};

/// Sent reports and told decisions of a world, and what was wrong.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) breaches: Vec<Breach>,
    /// Texts that were sent, by report.
    sent: BTreeMap<String, BTreeSet<String>>,
    /// Versions in which a case said something new.
    decided: BTreeSet<(String, u64)>,
    /// What was told of a version, as it was told first.
    told: BTreeMap<(String, u64), String>,
    newest_told: BTreeMap<String, u64>,
    pub(crate) decisions: u64,
    pub(crate) writes: u64,
    pub(crate) crashes: u64,
    refusals: usize,
}

/// Breaches after which a world is not looked at any more.
const BREACHES_MAX: usize = 20;

impl Ledger {
    pub(crate) fn breach(&mut self, site: &Site, invariant: &'static str, id: &str, words: String) {
        site.note(id, || format!("BREACH {invariant}: {words}"));
        if self.breaches.len() < BREACHES_MAX {
            self.breaches.push(Breach { invariant, id: id.to_owned(), words });
        }
    }

    pub(crate) fn sent(&mut self, report: &str, text: &TextHash) {
        self.sent.entry(report.to_owned()).or_default().insert(text.as_str().to_owned());
    }

    /// Looks at what one call wrote at one moment.
    pub(crate) fn saw(&mut self, site: &Site, table: &Table, written: &[Written], by: &str) {
        self.writes += 1;
        for write in written {
            site.note(&write.key.0, || {
                let said = |item: &Option<std::sync::Arc<crate::table::Item>>| item.as_ref().map(|i| i.json.clone());
                format!("{by} wrote {} {}: {}", write.key.0, write.key.1, said(&write.new).unwrap_or("nothing".into()))
            });
        }
        let mut found = Vec::new();
        monitor::check(table, written, &mut |invariant, id, words| found.push((invariant, id, words)));
        for (invariant, id, words) in found {
            self.breach(site, invariant, &id, words);
        }
        for write in written.iter().filter(|w| w.key.1 == "case") {
            let decided = |item: &crate::table::Item| item.number("decided_version");
            let before = write.old.as_deref().and_then(decided);
            let after = match &write.new {
                Some(new) => decided(new),
                None => write.old.as_deref().and_then(|old| old.number("version")).map(|version| version + 1),
            };
            if let Some(version) = after.filter(|after| Some(*after) != before) {
                self.decided.insert((write.key.0.trim_start_matches("case#").to_owned(), version));
            }
        }
    }

    /// Takes decisions as the queue does, sometimes only some of them.
    pub(crate) fn told(&mut self, site: &Site, request: &Value, mood: Mood) -> String {
        let (mut taken, mut failed) = (Vec::new(), Vec::new());
        for entry in request["Entries"].as_array().into_iter().flatten() {
            self.refusals += 1;
            // Every so often one entry of a call is refused.
            if mood == Mood::Faulty && self.refusals.is_multiple_of(97) {
                failed.push(json!({ "Id": entry["Id"], "SenderFault": false, "Code": "InternalError" }));
                continue;
            }
            self.decisions += 1;
            let body = entry["MessageBody"].as_str().unwrap_or_default();
            let renamed =
                (site.sabotage == Some(Sabotage::NonIdempotentNotify)).then(|| sabotage::renamed(body, self.refusals));
            self.heard(site, renamed.as_deref().unwrap_or(body));
            taken.push(json!({ "Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "1" }));
        }
        json!({ "Successful": taken, "Failed": failed }).to_string()
    }

    fn heard(&mut self, site: &Site, body: &str) {
        let decision: Value = serde_json::from_str(body).unwrap_or_default();
        let case = decision["case_id"].as_str().unwrap_or_default().to_owned();
        let version = decision["case_version"].as_u64().unwrap_or_default();
        let key = (case.clone(), version);
        site.note(&case, || format!("told {body}"));
        match self.told.get(&key) {
            Some(before) if before == body => return,
            Some(_) => {
                return self.breach(site, "once in effect", &case, format!("version {version} was told in two ways"));
            }
            None => {}
        }
        if !self.decided.contains(&key) {
            self.breach(site, "once in effect", &case, format!("version {version} was told and never written"));
        }
        let newest = self.newest_told.entry(case.clone()).or_default();
        if *newest > version {
            self.breach(site, "order of decisions", &case, format!("version {version} was told late"));
        } else {
            *newest = version;
        }
        self.told.insert(key, body.to_owned());
    }

    /// What must hold when all is quiet.
    pub(crate) fn close(&mut self, site: &Site) {
        let untold: Vec<_> = self.decided.iter().filter(|key| !self.told.contains_key(*key)).cloned().collect();
        for (case, version) in untold {
            self.breach(site, "nothing is lost", &case, format!("version {version} was never told"));
        }
        let dead: BTreeSet<String> = lock(&site.reports).dead().filter_map(|letter| report_of(&letter.body)).collect();
        let table = lock(&site.table);
        let mut lost = Vec::new();
        for (report, texts) in self.sent.iter().filter(|(report, _)| !dead.contains(*report)) {
            let Some(receipt) = table.item(&format!("report#{report}"), "receipt") else {
                lost.push((report.clone(), "it was sent and has no receipt"));
                continue;
            };
            let case = receipt.text("case_id").unwrap_or_default();
            let erased = table.item(&format!("case#{case}"), "head").is_some_and(|head| head.has("erased_at"));
            if table.item(&format!("case#{case}"), "case").is_none() && !erased {
                lost.push((report.clone(), "it was sent and has no case"));
            }
            if !receipt.text("text_hash").is_some_and(|text| texts.contains(text)) {
                lost.push((report.clone(), "its receipt names a text that nobody sent"));
            }
        }
        for case in table.items("case").filter(|case| case.text("status") == Some("edited")) {
            if case.text("report_id").is_some_and(|report| dead.contains(report)) {
                continue;
            }
            lost.push((case.text("case_id").unwrap_or_default().to_owned(), "its changed text was never screened"));
        }
        drop(table);
        for (id, words) in lost {
            self.breach(site, "nothing is lost", &id, words.to_owned());
        }
    }
}

/// The report that a dead letter names, if it is one: it is not lost, somebody can redrive it.
fn report_of(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    Some(body["id"].as_str()?.to_owned())
}
