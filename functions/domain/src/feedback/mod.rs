//! What the decisions of moderators teach: labels of a case with their provenance.
//!
//! A missing label is not labelled, never 0. A decision counts as long as the case rests on it:
//! appealed, edited or decided otherwise, it teaches nothing any more.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::agency::AgencyType;
use crate::case::{
    Actor, AuditAction, AuditEvent, CaseRecord, CaseStatus, Mark, NamedAgency, NamedRegion, PublishedBy, RejectReason,
    Timestamp,
};
use crate::score::{Fine, Flag};

/// Labels of one case as moderators decided it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Flags that are known.
    pub flags: Vec<(Flag, Mark)>,
    /// Fine labels that are known.
    pub fine: Vec<(Fine, Mark)>,
    /// The right category, where somebody said it.
    pub category: Option<String>,
    /// The right agency, where somebody said it: corrected, or the one it was given back to.
    pub agency: Option<(AgencyType, String)>,
    /// The right region, where somebody said it.
    pub region: Option<NamedRegion>,
    /// Code of the decision that the case rests on, such as `reject.spam`; `corrected` where only
    /// labels were corrected.
    pub outcome: String,
    /// Who said the last word.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Everybody who decided just so about this text, with `by`.
    pub agreeing: BTreeSet<Actor>,
}

impl Feedback {
    /// Whether two people decided the same, independently of each other.
    #[must_use]
    pub fn is_double_reviewed(&self) -> bool {
        self.agreeing.len() > 1
    }
}

/// Known labels while they are gathered.
#[derive(Default)]
struct Known {
    flags: [Option<Mark>; Flag::ALL.len()],
    fine: [Option<Mark>; Fine::ALL.len()],
}

impl Known {
    fn flag(&mut self, flag: Flag, mark: Mark) {
        self.flags[flag as usize] = Some(mark);
    }

    fn fine(&mut self, fine: Fine, mark: Mark) {
        self.fine[fine as usize] = Some(mark);
    }

    /// What follows from what was said: a fine label from its flag's absence, a flag from its fine label.
    fn complete(&mut self) {
        for fine in Fine::ALL {
            let Some(flag) = fine.flag() else { continue };
            match (self.fine[fine as usize], self.flags[flag as usize]) {
                (Some(Mark::Present), None) => self.flag(flag, Mark::Present),
                (_, Some(Mark::Absent)) => self.fine(fine, Mark::Absent),
                _ => {}
            }
        }
    }
}

/// The labels of a case, from its record and its trail; nothing where no decision of a moderator
/// stands about the text that it has now.
#[must_use]
pub fn feedback(record: &CaseRecord, trail: &[AuditEvent]) -> Option<Feedback> {
    let about_text: Vec<&AuditEvent> =
        trail.iter().filter(|event| event.text_hash == record.screened.text_hash).collect();
    let decision = standing_decision(record, &about_text);
    let correction = record
        .labels
        .as_ref()
        .and_then(|labels| Some((labels, last(&about_text, |e| e.action == AuditAction::Corrected)?)));
    let mut known = Known::default();
    let mut agency = None;
    if decision.is_some() {
        agency = imply(&mut known, record);
    }
    let (mut category, mut region) = (None, None);
    if let Some((labels, _)) = correction {
        for (flag, mark) in &labels.flags {
            known.flag(*flag, *mark);
        }
        for fine in &labels.fine {
            known.fine(*fine, Mark::Present);
        }
        category = labels.category.as_ref().map(|c| c.as_str().to_owned());
        agency = labels.agency.as_ref().map(named).or(agency);
        region.clone_from(&labels.region);
    }
    known.complete();
    let flags: Vec<_> = Flag::ALL.into_iter().filter_map(|f| Some((f, known.flags[f as usize]?))).collect();
    let fine: Vec<_> = Fine::ALL.into_iter().filter_map(|f| Some((f, known.fine[f as usize]?))).collect();
    if flags.is_empty() && fine.is_empty() && category.is_none() && agency.is_none() && region.is_none() {
        return None;
    }
    let corrected = correction.map(|(_, event)| event);
    let latest = [decision, corrected].into_iter().flatten().max_by_key(|event| event.sequence)?;
    let standing = decision.unwrap_or(latest);
    let agreeing = about_text.iter().filter(|e| e.action == standing.action && e.detail == standing.detail);
    Some(Feedback {
        flags,
        fine,
        category,
        agency,
        region,
        outcome: decision.map_or_else(|| "corrected".to_owned(), outcome),
        by: author(&about_text, latest).clone(),
        at: latest.at,
        agreeing: agreeing.copied().chain([latest]).map(|e| author(&about_text, e).clone()).collect(),
    })
}

/// Who decided: where a decision took effect by itself after its rest, whoever had made it.
fn author<'a>(events: &[&'a AuditEvent], event: &'a AuditEvent) -> &'a Actor {
    if event.actor != Actor::sweep() {
        return &event.actor;
    }
    let made = events.iter().rev().find(|e| e.sequence < event.sequence && e.action == AuditAction::Proposed);
    made.map_or(&event.actor, |e| &e.actor)
}

fn last<'a>(events: &[&'a AuditEvent], wanted: impl Fn(&AuditEvent) -> bool) -> Option<&'a AuditEvent> {
    events.iter().rev().find(|event| wanted(event)).copied()
}

fn outcome(event: &AuditEvent) -> String {
    match event.action {
        AuditAction::Returned => format!("return.{}", event.detail),
        _ => event.detail.clone(),
    }
}

/// The event of the moderator's decision that the case rests on, if it rests on one.
fn standing_decision<'a>(record: &CaseRecord, events: &[&'a AuditEvent]) -> Option<&'a AuditEvent> {
    let resolved =
        |begins: &str| last(events, |e| e.action == AuditAction::Resolved).filter(|e| e.detail.starts_with(begins));
    match record.status {
        CaseStatus::Published => {
            let by_person = record.publication.as_ref().is_some_and(|p| p.by == PublishedBy::Moderator);
            by_person.then(|| resolved("publish")).flatten()
        }
        CaseStatus::Rejected => resolved("reject."),
        CaseStatus::Confidential => resolved("confidential"),
        CaseStatus::Returned => last(events, |e| e.action == AuditAction::Returned),
        CaseStatus::InReview | CaseStatus::Edited => None,
    }
}

/// Marks what a decision says of the text; returns the agency that it names.
fn imply(known: &mut Known, record: &CaseRecord) -> Option<(AgencyType, String)> {
    let mut report = || {
        known.flag(Flag::Spam, Mark::Absent);
        known.fine(Fine::QualityOffTopic, Mark::Absent);
    };
    match (record.status, record.rejection) {
        (CaseStatus::Published, _) => {
            report();
            known.flag(Flag::Abuse, Mark::Absent);
            known.flag(Flag::Hoax, Mark::Absent);
        }
        // A report that is fit for an office, though not for the public side.
        (CaseStatus::Confidential, _) => report(),
        (CaseStatus::Returned, _) => {
            report();
            return record.returned.as_ref().map(named);
        }
        (CaseStatus::Rejected, Some(RejectReason::Spam)) => known.flag(Flag::Spam, Mark::Present),
        (CaseStatus::Rejected, Some(RejectReason::Abuse)) => known.flag(Flag::Abuse, Mark::Present),
        (CaseStatus::Rejected, Some(RejectReason::Hoax)) => known.flag(Flag::Hoax, Mark::Present),
        (CaseStatus::Rejected, Some(RejectReason::NotAReport)) => known.fine(Fine::QualityOffTopic, Mark::Present),
        // A repeated or unclear report, or one about somebody's private life, says nothing of harm.
        (CaseStatus::Rejected | CaseStatus::InReview | CaseStatus::Edited, _) => {}
    }
    None
}

fn named(agency: &NamedAgency) -> (AgencyType, String) {
    (agency.agency(), agency.name().to_owned())
}
