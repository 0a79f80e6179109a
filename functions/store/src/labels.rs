//! Corrected labels as JSON, and back.

use saring_domain::agency::AgencyType;
use saring_domain::case::{ClaimMark, LabelCode, Labels, Mark, NamedAgency, NamedRegion};
use saring_domain::score::Fine;
use serde::{Deserialize, Serialize};

use crate::item::{DecodeError, value_error};
use crate::names as n;
use crate::wire::{SpanWire, flag, span, span_wire};

#[derive(Serialize, Deserialize)]
struct LabelsWire {
    flags: Vec<(String, u8)>,
    fine: Vec<String>,
    category: Option<String>,
    agency: Option<NamedWire>,
    region: Option<NamedWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<SpanWire>>,
}

#[derive(Serialize, Deserialize)]
struct NamedWire {
    code: String,
    name: String,
}

pub(crate) fn labels_json(labels: &Labels) -> String {
    let wire = LabelsWire {
        flags: labels.flags.iter().map(|(flag, mark)| (flag.code().to_owned(), mark.code())).collect(),
        fine: labels.fine.iter().map(|fine| fine.code().to_owned()).collect(),
        category: labels.category.as_ref().map(|c| c.as_str().to_owned()),
        agency: (labels.agency.as_ref())
            .map(|a| NamedWire { code: a.agency().code().to_owned(), name: a.name().to_owned() }),
        region: labels.region.as_ref().map(|r| NamedWire { code: r.code.clone(), name: r.name.clone() }),
        claim: labels.claim.as_ref().map(|c| c.code().to_owned()),
        spans: labels.spans.as_ref().map(|spans| spans.iter().map(span_wire).collect()),
    };
    serde_json::to_string(&wire).expect("the wire form has only json types")
}

pub(crate) fn labels(json: &str) -> Result<Labels, DecodeError> {
    let bad = value_error(n::LABELS);
    let wire: LabelsWire = serde_json::from_str(json).map_err(|_| bad)?;
    let mark = |code: u8| [Mark::Absent, Mark::Present].into_iter().find(|m| m.code() == code).ok_or(bad);
    let agency = |a: NamedWire| {
        let agency = AgencyType::parse(&a.code).map_err(|_| bad)?;
        NamedAgency::new(agency, &a.name).map_err(|_| bad)
    };
    let flags = wire.flags.iter().map(|(code, value)| Ok((flag(code).map_err(|_| bad)?, mark(*value)?)));
    let fine = wire.fine.iter().map(|code| Fine::parse(code).map_err(|_| bad));
    Ok(Labels {
        flags: flags.collect::<Result<_, DecodeError>>()?,
        fine: fine.collect::<Result<_, DecodeError>>()?,
        category: wire.category.map(|c| LabelCode::parse(&c)).transpose().map_err(|_| bad)?,
        agency: wire.agency.map(agency).transpose()?,
        region: wire.region.map(|r| NamedRegion { code: r.code, name: r.name }),
        claim: wire.claim.map(|c| ClaimMark::parse(&c)).transpose().map_err(|_| bad)?,
        spans: wire.spans.map(|spans| spans.iter().map(span).collect()).transpose().map_err(|_: DecodeError| bad)?,
    })
}
