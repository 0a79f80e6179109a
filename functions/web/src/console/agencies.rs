//! Agencies by type, with the name that they have in a region.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use saring_domain::agency::AgencyType;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    types: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    name: String,
    regency: Option<String>,
}

static TABLE: LazyLock<BTreeMap<String, Row>> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../../../models/agencies.toml")).expect("the built-in registry is tested");
    file.types.into_iter().map(|row| (row.code.clone(), row)).collect()
});

/// The usual name of a type.
pub(super) fn usual(agency: AgencyType) -> String {
    TABLE.get(agency.code()).map_or_else(|| agency.code().replace('_', " "), |row| row.name.clone())
}

/// The name of a type in a region such as 'Kota Semarang, Jawa Tengah'.
pub(super) fn name(agency: AgencyType, region: Option<&str>) -> String {
    let template = TABLE.get(agency.code()).and_then(|row| row.regency.as_deref());
    let (Some(template), Some(region)) = (template, region) else { return usual(agency) };
    let parts: Vec<&str> = region.split(", ").collect();
    let province = parts.last().copied().unwrap_or(region);
    // 'Coblong, Kota Bandung, Jawa Barat': the regency stands before the province.
    let regency = if parts.len() > 1 { parts[parts.len() - 2] } else { region };
    let short = ["Kabupaten ", "Kota "].iter().find_map(|kind| regency.strip_prefix(kind)).unwrap_or(regency);
    template
        .replace("{wilayah}", regency)
        .replace("{pendek}", short)
        .replace("{provinsi_resmi}", &format!("Provinsi {province}"))
        .replace("{provinsi}", province)
        .replace("{kecamatan}", parts[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_without_holes() {
        for agency in AgencyType::all() {
            for region in
                [None, Some("Kota Semarang, Jawa Tengah"), Some("Coblong, Kota Bandung, Jawa Barat"), Some("Bali")]
            {
                let name = name(agency, region);
                assert!(!name.is_empty() && !name.contains(['{', '}']), "{}: {name}", agency.code());
            }
        }
        let roads = AgencyType::parse("dinas_pekerjaan_umum").unwrap();
        assert!(name(roads, Some("Coblong, Kota Bandung, Jawa Barat")).ends_with("Kota Bandung"));
    }
}
