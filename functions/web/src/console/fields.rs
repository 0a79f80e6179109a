//! The fields of the console's forms and addresses, each with the values that the code takes.

use saring_domain::agency::AgencyType;
use saring_domain::pii::PiiKind;
use saring_domain::score::{Fine, Flag};
use saring_store::{AgeStep, NOTE_CHARS_MAX, VIEW_NAME_CHARS_MAX};
use serde_json::{Value, json};

use super::api::CaseNumber;
use super::bulk::CASES_MAX;
use super::correct::WORDS_CHARS_MAX;
use super::described::{Described as _, one_of};
use super::selection::{Facet, ITEMS_MAX, PAGES_MAX, PARTS};
use super::{checks, reasons};
use crate::categories;

/// A field with what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Version,
    /// One decision and its reason.
    Choice,
    /// The same for several cases; an escalation too.
    BulkChoice,
    /// What a check can end with.
    CheckChoice,
    Agency,
    Note,
    Why,
    To,
    Into,
    Category,
    Flag(Flag),
    Fine,
    FineGiven,
    Claim,
    Drop,
    Words,
    Kind,
    Ids,
    IdVersions,
    Campaign,
    Last,
    Name,
    Query,
}

fn choices(kinds: impl IntoIterator<Item = &'static str>) -> Value {
    let kinds = kinds.into_iter();
    one_of(kinds.flat_map(|kind| reasons::of(kind).map(move |reason| format!("{kind}:{}", reason.code))))
}

fn text(chars_max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": chars_max })
}

fn several(one: &Value) -> Value {
    json!({ "type": "array", "items": one, "minItems": 1, "maxItems": CASES_MAX })
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Choice | Self::BulkChoice | Self::CheckChoice => "choice",
            Self::Agency => "agency",
            Self::Note => "note",
            Self::Why => "why",
            Self::To => "to",
            Self::Into => "into",
            Self::Category => "category",
            Self::Flag(flag) => flag.code(),
            Self::Fine => "fine",
            Self::FineGiven => "fine_given",
            Self::Claim => "claim",
            Self::Drop => "drop",
            Self::Words => "words",
            Self::Kind => "kind",
            Self::Ids | Self::IdVersions => "id",
            Self::Campaign => "campaign",
            Self::Last => "last",
            Self::Name => "name",
            Self::Query => "query",
        }
    }

    /// Whether a form without it is refused.
    pub(super) const fn is_required(self) -> bool {
        matches!(
            self,
            Self::Version
                | Self::Choice
                | Self::BulkChoice
                | Self::CheckChoice
                | Self::Why
                | Self::To
                | Self::Into
                | Self::IdVersions
                | Self::Last
                | Self::Name
        )
    }

    pub(super) fn schema(self) -> Value {
        let kinds = || reasons::KINDS.iter().map(|(kind, ..)| *kind);
        match self {
            Self::Version => json!({ "type": "integer", "minimum": 1 }),
            Self::Choice => choices(kinds()),
            Self::BulkChoice => choices(kinds().filter(|kind| *kind != "return").chain(["escalate"])),
            Self::CheckChoice => one_of(checks::choices().map(|(code, ..)| code)),
            Self::Agency => one_of(AgencyType::all().map(AgencyType::code)),
            Self::Note => text(NOTE_CHARS_MAX),
            Self::Why => one_of(reasons::of("escalate").map(|reason| reason.code.as_str())),
            Self::To => text(super::actions::NAME_CHARS_MAX),
            Self::Into | Self::Campaign => CaseNumber::schema(),
            Self::Category => one_of(categories::ALL.iter().map(|category| category.code)),
            Self::Flag(_) => one_of(["0", "1"]),
            Self::Fine => json!({ "type": "array", "items": one_of(Fine::ALL.map(Fine::code)) }),
            Self::FineGiven => one_of(["1"]),
            Self::Claim => json!({ "anyOf": [one_of(["new", "none"]), { "type": "string", "minLength": 1 }] }),
            Self::Drop => json!({ "type": "array", "items": { "type": "string", "pattern": "^[0-9]+-[0-9]+$" } }),
            Self::Words => text(WORDS_CHARS_MAX),
            Self::Kind => one_of(PiiKind::ALL.map(PiiKind::code)),
            Self::Ids => several(&CaseNumber::schema()),
            Self::IdVersions => several(&json!({ "type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{16}:[0-9]+$" })),
            Self::Last => one_of(["first", "second"]),
            Self::Name => text(VIEW_NAME_CHARS_MAX),
            Self::Query => json!({ "type": "string", "maxLength": super::saved::QUERY_BYTES_MAX }),
        }
    }
}

/// The parameters of the queue's address.
pub(super) fn of_queue() -> Vec<Value> {
    let parameter = |name: &str, schema: Value| json!({ "name": name, "in": "query", "schema": schema });
    let facet = |facet: Facet| {
        let schema = match facet {
            Facet::Age => one_of(AgeStep::ALL.map(AgeStep::code)),
            Facet::Category => one_of(categories::ALL.iter().map(|category| category.code)),
            Facet::Campaign => CaseNumber::schema(),
            Facet::Region => json!({ "type": "string", "pattern": "^[0-9.]+$" }),
            Facet::Reason | Facet::Agency => json!({ "type": "string" }),
        };
        parameter(facet.name(), schema)
    };
    let number = |max: usize| json!({ "type": "integer", "minimum": 1, "maximum": max });
    let mut all: Vec<Value> = Facet::ALL.into_iter().map(facet).collect();
    all.push(parameter("bagian", one_of(PARTS.map(|(_, word, ..)| word))));
    all.push(parameter("limit", number(ITEMS_MAX)));
    all.push(parameter("page", number(PAGES_MAX)));
    all.push(parameter("cursor", json!({ "type": "string" })));
    all
}
