//! What a registry lacks or says twice.

use std::fmt;

use super::{AgencyType, Registry};
use crate::region::{Level, Regions};

/// Fewest usual types of a category.
const USUAL_MIN: usize = 3;

/// A gap or a duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A type of the taxonomy that the registry does not describe.
    MissingType(AgencyType),
    /// A type that has neither a body nor templates for regencies and provinces.
    Nameless(AgencyType),
    /// Two bodies, or one body twice, of one name.
    RepeatedBody(String),
    /// An alias that leads to two agencies.
    RepeatedAlias(String),
    /// Two overrides of one type for one region.
    RepeatedOverride(AgencyType, String),
    /// A region code that the region table lacks.
    UnknownRegion(String),
    /// A category with too few usual types.
    FewUsual(String),
    /// A body that ends before it begins.
    Reversed(String),
    /// A regency or province in which a type has no name of its own though it has templates.
    Unnamed(AgencyType, String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingType(agency) => write!(f, "agency type '{agency}' is missing"),
            Self::Nameless(agency) => write!(f, "agency type '{agency}' has neither a body nor templates"),
            Self::RepeatedBody(name) => write!(f, "body '{name}' is there twice"),
            Self::RepeatedAlias(alias) => write!(f, "alias '{alias}' leads to two agencies"),
            Self::RepeatedOverride(agency, code) => write!(f, "'{agency}' is overridden twice for region {code}"),
            Self::UnknownRegion(code) => write!(f, "region {code} is not in the region table"),
            Self::FewUsual(category) => write!(f, "category '{category}' has fewer than {USUAL_MIN} usual types"),
            Self::Reversed(name) => write!(f, "body '{name}' ends before it begins"),
            Self::Unnamed(agency, code) => write!(f, "'{agency}' has no name for region {code}"),
        }
    }
}

impl Registry {
    /// Gaps and duplicates; empty for a sound registry.
    #[must_use]
    pub fn validate(&self, regions: &Regions) -> Vec<Finding> {
        let mut found = Vec::new();
        self.check_types(&mut found);
        self.check_bodies(&mut found);
        self.check_overrides(regions, &mut found);
        found.extend(self.phrases.repeated().iter().cloned().map(Finding::RepeatedAlias));
        found.extend(self.usual.iter().filter(|(_, t)| t.len() < USUAL_MIN).map(|(c, _)| Finding::FewUsual(c.clone())));
        found
    }

    fn check_types(&self, found: &mut Vec<Finding>) {
        for agency in AgencyType::all() {
            match &self.kinds[agency.at()] {
                None => found.push(Finding::MissingType(agency)),
                Some(kind) if self.defaults[agency.at()].is_none() => {
                    if kind.regency.is_none() || kind.province.is_none() {
                        found.push(Finding::Nameless(agency));
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn check_bodies(&self, found: &mut Vec<Finding>) {
        for (at, body) in self.bodies.iter().enumerate() {
            if self.bodies[..at].iter().any(|other| other.name == body.name) {
                found.push(Finding::RepeatedBody(body.name.clone()));
            }
            if let (Some(from), Some(until)) = (body.from, body.until)
                && until < from
            {
                found.push(Finding::Reversed(body.name.clone()));
            }
        }
    }

    fn check_overrides(&self, regions: &Regions, found: &mut Vec<Finding>) {
        let codes = self.overrides.iter().flat_map(|o| &o.regions);
        for code in codes.chain(self.redirects.iter().flat_map(|r| &r.regions)) {
            if regions.by_code(code).is_none_or(|r| r.code != *code) {
                found.push(Finding::UnknownRegion(code.clone()));
            }
        }
        for (at, over) in self.overrides.iter().enumerate() {
            for code in &over.regions {
                let same =
                    |o: &super::Override| o.agency == over.agency && o.level == over.level && o.regions.contains(code);
                if self.overrides[..at].iter().any(same) {
                    found.push(Finding::RepeatedOverride(over.agency, code.clone()));
                }
            }
        }
        self.check_names(regions, found);
    }

    /// Every type that has templates has a name, without a placeholder left, in every province and regency.
    fn check_names(&self, regions: &Regions, found: &mut Vec<Finding>) {
        let date = super::Date { year: 9999, month: 1, day: 1 };
        for (code, _) in regions.iter() {
            let Some(region) = regions.by_code(code).filter(|r| r.level < Level::District) else { continue };
            for agency in AgencyType::all() {
                let name = self.name(agency, None, Some(&region), date).name;
                if name.is_empty() || name.contains('{') {
                    found.push(Finding::Unnamed(agency, code.to_owned()));
                }
            }
        }
    }
}
