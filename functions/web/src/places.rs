//! Provinces, regencies and bodies in words, for filters; and the clock that people look at there.

use std::sync::OnceLock;

use serde::Deserialize;

const REGIONS: &str = include_str!("../../../models/regions.csv");
const AGENCIES: &str = include_str!("../../../models/agencies.toml");
const PROVINCE_BYTES: usize = 2;
const REGENCY_BYTES: usize = 5;

/// A province, or a regency or city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
}

/// One of the country's three clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    Wib,
    Wita,
    Wit,
}

impl Zone {
    /// The clock of a region; the western one, which most people have, where none is known.
    pub(crate) fn of(region: Option<&str>) -> Self {
        let province = region.and_then(|code| code.get(..PROVINCE_BYTES)).unwrap_or_default();
        match province {
            "51" | "52" | "53" | "63" | "64" | "65" | "71" | "72" | "73" | "74" | "75" | "76" => Self::Wita,
            "81" | "82" | "91" | "92" | "93" | "94" | "95" | "96" => Self::Wit,
            _ => Self::Wib,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wib => "WIB",
            Self::Wita => "WITA",
            Self::Wit => "WIT",
        }
    }

    /// Hours before UTC.
    pub(crate) const fn hours(self) -> u64 {
        match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        }
    }
}

/// Every province, and every regency and city, in the order of their codes.
fn places() -> &'static [Place] {
    static PLACES: OnceLock<Vec<Place>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let row = |line: &'static str| {
            let (code, rest) = line.split_once(',')?;
            let name = rest.split(',').next()?.trim_start_matches(['^', '~']);
            let wanted = matches!(code.len(), PROVINCE_BYTES | REGENCY_BYTES) && code.starts_with(char::is_numeric);
            wanted.then_some(Place { code, name })
        };
        REGIONS.lines().filter_map(row).collect()
    })
}

pub(crate) fn provinces() -> impl Iterator<Item = &'static Place> {
    places().iter().filter(|place| place.code.len() == PROVINCE_BYTES)
}

/// The regencies and cities of the province of a region.
pub(crate) fn regencies(region: &str) -> impl Iterator<Item = &'static Place> {
    let province = region.get(..PROVINCE_BYTES).unwrap_or("-").to_owned();
    places().iter().filter(move |place| place.code.len() == REGENCY_BYTES && place.code.starts_with(&province))
}

/// How names of bodies begin: 'Dinas Perhubungan', 'PLN'.
pub(crate) fn bodies() -> &'static [String] {
    #[derive(Deserialize)]
    struct Registry {
        r#type: Vec<Body>,
    }
    #[derive(Deserialize)]
    struct Body {
        name: String,
    }
    static BODIES: OnceLock<Vec<String>> = OnceLock::new();
    BODIES.get_or_init(|| {
        let registry: Registry = toml::from_str(AGENCIES).expect("the built-in registry is tested");
        let mut names: Vec<_> = registry.r#type.into_iter().map(|body| body.name).collect();
        names.sort();
        names.dedup();
        names
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_province_has_its_regencies_and_its_clock() {
        let all: Vec<_> = provinces().collect();
        assert_eq!(all.len(), 38);
        assert_eq!(all.iter().map(|province| regencies(province.code).count()).sum::<usize>(), 514);
        assert!(all.iter().all(|place| !place.name.starts_with(['^', '~'])));
        let zones = |zone| all.iter().filter(|province| Zone::of(Some(province.code)) == zone).count();
        assert_eq!([Zone::Wib, Zone::Wita, Zone::Wit].map(zones), [18, 12, 8]);
        for (region, zone) in [("61.71", Zone::Wib), ("51.71", Zone::Wita), ("91.71", Zone::Wit)] {
            assert_eq!(Zone::of(Some(region)), zone, "{region}");
        }
        assert_eq!([Zone::of(None), Zone::of(Some("é"))], [Zone::Wib; 2]);
    }

    #[test]
    fn bodies_have_names() {
        assert!(bodies().len() > 40 && bodies().iter().any(|name| name == "Dinas Perhubungan"));
    }
}
