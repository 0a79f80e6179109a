//! What a form says, parsed before anything is done.

use axum::body::Bytes;
use axum::http::HeaderMap;
use saring_domain::agency::AgencyType;
use saring_domain::case::{CaseId, LabelCode, NamedAgency, Ruling};
use saring_store::NoteText;

use super::{agencies, reasons};
use crate::error::WebError;
use crate::query::{Query, form};

/// The form of a request.
pub(super) struct Input {
    fields: Query,
    /// Whether a browser waits for a page.
    pub(super) page: bool,
}

impl Input {
    pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, WebError> {
        Ok(Self { fields: form(body)?, page: super::frame::takes_pages(headers) })
    }

    pub(super) fn given(&self, name: &'static str) -> Result<Option<&str>, WebError> {
        self.fields.given(name)
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.all(name)
    }

    /// The version that the person saw.
    pub(super) fn version(&self) -> Result<u64, WebError> {
        let version = self.given("version")?.and_then(|text| text.parse().ok());
        version.ok_or(WebError::Parameter { name: "version", expected: "the version of the case" })
    }

    pub(super) fn note(&self) -> Result<Option<NoteText>, WebError> {
        let note = self.given("note")?.map(NoteText::parse).transpose();
        note.map_err(|_| WebError::Parameter { name: "note", expected: "at most 1000 characters" })
    }

    /// `choice` is kind and reason, `reject:spam`; `agency` is a type's code.
    pub(super) fn choice(&self, region: Option<&str>) -> Result<(Ruling, LabelCode), WebError> {
        const CHOICE: WebError = WebError::Parameter { name: "choice", expected: "a kind of decision and its reason" };
        let (kind, code) = self.given("choice")?.and_then(|choice| choice.split_once(':')).ok_or(CHOICE)?;
        let reason = reasons::find(kind, code).ok_or(CHOICE)?;
        let why = LabelCode::parse(&reason.code).map_err(|_| CHOICE)?;
        let ruling = match kind {
            "return" => Ruling::Return(
                self.agency(region)?
                    .ok_or(WebError::Parameter { name: "agency", expected: "the agency whose business it is" })?,
            ),
            "escalate" => return Err(CHOICE),
            kind => Ruling::parse(kind, code).ok_or(CHOICE)?,
        };
        Ok((ruling, why))
    }

    /// An agency by its type; its name is the registry's for the region.
    pub(super) fn agency(&self, region: Option<&str>) -> Result<Option<NamedAgency>, WebError> {
        const AGENCY: WebError = WebError::Parameter { name: "agency", expected: "a type of agency" };
        let Some(code) = self.given("agency")? else { return Ok(None) };
        let agency = AgencyType::parse(code).map_err(|_| AGENCY)?;
        let name = agencies::name(agency, region);
        NamedAgency::new(agency, &name).map(Some).map_err(|_| AGENCY)
    }

    /// Cases by their ids, in order, each once.
    pub(super) fn cases(&self, limit: usize) -> Result<Vec<CaseId>, WebError> {
        const CASES: WebError = WebError::Parameter { name: "id", expected: "ids of cases" };
        let mut ids = Vec::new();
        for text in self.all("id") {
            let id = CaseId::parse(text).map_err(|_| CASES)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.is_empty() || ids.len() > limit { Err(CASES) } else { Ok(ids) }
    }
}
