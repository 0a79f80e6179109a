//! What a moderator decides, and how it rests for a while before it takes effect: until then nothing
//! is public and nobody is told, so that it can be taken back without a trace outside.

use super::{
    Actor, Case, CaseError, CaseRecord, CaseStatus, Decided, LabelCode, NamedAgency, RejectReason, Resolution,
    Timestamp,
};
use crate::report::Visibility;

/// Longest time for which a decision rests, in milliseconds: an hour.
pub const REST_MAX_MS: u64 = 3_600_000;

/// What is asked of a reporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AskReason {
    /// Where it is.
    Place,
    /// Since when, or when it was.
    Time,
    /// What exactly happened.
    Matter,
    /// Something that bears it out.
    Evidence,
}

impl AskReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Place, Self::Time, Self::Matter, Self::Evidence];

    /// The code of records and messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Time => "time",
            Self::Matter => "matter",
            Self::Evidence => "evidence",
        }
    }

    /// What a code names.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What the reporter reads, in Indonesian.
    #[must_use]
    pub const fn words_id(self) -> &'static str {
        match self {
            Self::Place => "Mohon tambahkan lokasi yang jelas: nama jalan, kelurahan, atau patokan terdekat.",
            Self::Time => "Mohon tambahkan kapan kejadiannya atau sejak kapan berlangsung.",
            Self::Matter => "Mohon jelaskan apa yang terjadi dan apa yang Anda harapkan dari pemerintah.",
            Self::Evidence => {
                "Mohon tambahkan keterangan yang dapat kami periksa, misalnya nomor layanan atau tanggal surat."
            }
        }
    }

    /// What the reporter reads, in English.
    #[must_use]
    pub const fn words_en(self) -> &'static str {
        match self {
            Self::Place => "Please add where it is: the street, the village or the nearest landmark.",
            Self::Time => "Please add when it happened or since when it has gone on.",
            Self::Matter => "Please explain what happened and what you expect from the government.",
            Self::Evidence => {
                "Please add something that we can check, such as a service number or the date of a letter."
            }
        }
    }
}

/// A moderator's decision about a case in review.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// Public or not.
    Resolve(Resolution),
    /// Another agency's business.
    Return(NamedAgency),
    /// The reporter should say more first.
    Ask(AskReason),
}

impl Ruling {
    /// The code of the trail: `publish`, `reject.spam`, `return.dinas_perhubungan`, `ask.place`.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Resolve(resolution) => resolution.code(),
            Self::Return(agency) => format!("return.{}", agency.agency().code()),
            Self::Ask(reason) => format!("ask.{}", reason.code()),
        }
    }

    /// The kind of decision, which reasons are listed by: `publish`, `publish_anonymous`,
    /// `confidential`, `reject`, `return` or `ask`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Resolve(Resolution::Publish) => "publish",
            Self::Resolve(Resolution::PublishAnonymous) => "publish_anonymous",
            Self::Resolve(Resolution::Confidential) => "confidential",
            Self::Resolve(Resolution::Reject(_)) => "reject",
            Self::Return(_) => "return",
            Self::Ask(_) => "ask",
        }
    }

    /// A decision of a kind, but for `return`, which needs an agency.
    #[must_use]
    pub fn parse(kind: &str, reason: &str) -> Option<Self> {
        Some(match kind {
            "publish" => Self::Resolve(Resolution::Publish),
            "publish_anonymous" => Self::Resolve(Resolution::PublishAnonymous),
            "confidential" => Self::Resolve(Resolution::Confidential),
            "reject" => Self::Resolve(Resolution::Reject(RejectReason::parse(reason)?)),
            "ask" => Self::Ask(AskReason::parse(reason)?),
            _ => return None,
        })
    }
}

/// A decision that rests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proposal {
    /// What was decided.
    pub ruling: Ruling,
    /// Why, as a code of the table of reasons.
    pub why: LabelCode,
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// When it takes effect, unless it is taken back.
    pub due: Timestamp,
}

/// What the reporter was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked {
    /// What.
    pub reason: AskReason,
    /// When.
    pub at: Timestamp,
}

/// That somebody with more say should decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Escalated {
    /// Why, as a code of the table of reasons.
    pub why: LabelCode,
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

impl Case {
    /// A proposal is refused where the decision itself would be.
    pub(super) fn allows(&self, ruling: &Ruling, at: Timestamp) -> Result<(), CaseError> {
        match ruling {
            Ruling::Resolve(resolution) => self.clone().resolve(*resolution, at).map(|_| ()),
            Ruling::Return(_) | Ruling::Ask(_) => Ok(()),
        }
    }

    /// The resting decision takes effect: by whoever made it at any time, by anybody else only when
    /// its rest is over.
    pub(super) fn settle(self, ruling: &Ruling, actor: &Actor, at: Timestamp) -> Result<Self, CaseError> {
        let mut record = self.into_record();
        let proposal = record.proposal.take().filter(|proposal| proposal.ruling == *ruling);
        let proposal = proposal.ok_or(CaseError::NothingRests)?;
        if at < proposal.due && *actor != proposal.by {
            return Err(CaseError::Rests { until: proposal.due });
        }
        match ruling {
            Ruling::Resolve(resolution) => {
                // The reporter may have asked for more while it rested; what is tighter stays.
                let public = matches!(resolution, Resolution::Publish | Resolution::PublishAnonymous);
                let tighter = public && record.visibility == Visibility::Rahasia;
                let resolution = if tighter { Resolution::Confidential } else { *resolution };
                return Self::restore(record)?.resolve(resolution, at);
            }
            Ruling::Return(agency) => {
                record.next_version(at);
                record.clear();
                record.status = CaseStatus::Returned;
                record.returned = Some(agency.clone());
            }
            Ruling::Ask(reason) => {
                record.next_version(at);
                record.clear();
                record.asked = Some(Asked { reason: *reason, at });
            }
        }
        Self::restore(record)
    }
}

impl CaseRecord {
    /// Takes back whatever was decided and whoever worked on it; the caller decides anew.
    pub(super) fn clear(&mut self) {
        self.decided = Decided { version: self.version, at: self.changed_at };
        self.publication = None;
        self.rejection = None;
        self.returned = None;
        self.lock = None;
        self.overdue_at = None;
        self.proposal = None;
        self.asked = None;
        self.escalated = None;
    }
}
