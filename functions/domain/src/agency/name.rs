//! The name of an agency of a type in a region on a day.

use super::{AgencyType, Date, Kind, Registry, RegistryError};
use crate::region::{Level, RegionMatch};

const PLACEHOLDERS: [&str; 5] = ["{wilayah}", "{pendek}", "{provinsi}", "{provinsi_resmi}", "{kecamatan}"];

/// # Errors
/// A placeholder that no region fills.
pub(super) fn check_template(template: &str) -> Result<(), RegistryError> {
    let rest = PLACEHOLDERS.iter().fold(template.to_owned(), |text, known| text.replace(known, ""));
    if rest.contains(['{', '}']) { Err(RegistryError::Template(template.to_owned())) } else { Ok(()) }
}

/// A name, and whether it depends on the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) regional: bool,
}

impl Registry {
    /// The name of a type in a region; `body` chooses a national body other than the type's first.
    pub(super) fn name(
        &self,
        agency: AgencyType,
        body: Option<usize>,
        region: Option<&RegionMatch>,
        today: Date,
    ) -> Named {
        let national = |name: &str| Named { name: name.to_owned(), regional: false };
        let default = self.defaults[agency.at()];
        if let Some(at) = body.filter(|at| Some(*at) != default) {
            return national(self.bodies[at].name_on(today));
        }
        if let Some(region) = region
            && let Some(template) = self.template(agency, region)
        {
            return Named { name: self.fill(template, region), regional: true };
        }
        match (default, &self.kinds[agency.at()]) {
            (Some(at), _) => national(self.bodies[at].name_on(today)),
            (None, Some(kind)) => national(&kind.name),
            (None, None) => national(agency.code()),
        }
    }

    fn template(&self, agency: AgencyType, region: &RegionMatch) -> Option<&str> {
        let level_of = |level: Option<Level>| match (level, region.level) {
            (None, _) => true,
            (Some(Level::Regency), actual) => actual >= Level::Regency,
            (Some(level), actual) => level == actual,
        };
        let matching = |o: &&super::Override| o.agency == agency && level_of(o.level);
        let longest = self.overrides.iter().filter(matching).filter_map(|o| {
            let code = o.regions.iter().filter(|code| within(&region.code, code)).map(String::len).max()?;
            Some(((code, o.level), o.name.as_str()))
        });
        let over = longest.max_by_key(|(key, _)| *key).map(|(_, name)| name);
        over.or_else(|| self.kinds[agency.at()].as_ref().and_then(|kind| kind.template(region.level)))
    }

    /// Fills a template from a region.
    pub(super) fn fill(&self, template: &str, region: &RegionMatch) -> String {
        let (province_code, province) = &region.province;
        let official = self.official_province.iter().find(|(code, _)| code == province_code);
        let official = official.map_or_else(|| format!("Provinsi {province}"), |(_, name)| name.clone());
        let regency = region.regency.as_ref().map_or(official.as_str(), |(_, name)| name.as_str());
        let short = ["Kabupaten Administrasi ", "Kota Administrasi ", "Kabupaten ", "Kota "]
            .iter()
            .find_map(|kind| regency.strip_prefix(kind))
            .unwrap_or(regency);
        let district = region.name.split(',').next().unwrap_or_default();
        template
            .replace("{wilayah}", regency)
            .replace("{pendek}", short)
            .replace("{provinsi}", province)
            .replace("{provinsi_resmi}", &official)
            .replace("{kecamatan}", district)
    }
}

impl Kind {
    fn template(&self, level: Level) -> Option<&str> {
        let (district, regency) = (self.district.as_deref(), self.regency.as_deref());
        match level {
            Level::District => district.or(regency),
            Level::Regency => regency,
            Level::Province => self.province.as_deref(),
        }
    }
}

/// Does a region's code lie within another?
pub(super) fn within(code: &str, outer: &str) -> bool {
    code.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
