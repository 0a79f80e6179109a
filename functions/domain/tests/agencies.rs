//! The agency registry: own sentences and the agency that they go to, in `cases/agencies.tsv`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use saring_domain::agency::{AgencyType, Date, Finding, Registry, RegistryError, Situation};
use saring_domain::region::{LocationHint, Regions};

const REGISTRY: &str = include_str!("../../../models/agencies.toml");
const CASES: &str = include_str!("cases/agencies.tsv");

fn registry() -> Registry {
    Registry::parse(REGISTRY).expect("the registry is sound")
}

fn regions() -> Regions {
    Regions::parse(include_str!("../../../models/regions.csv")).expect("the table is sound")
}

fn types(text: &str) -> Vec<(AgencyType, f32)> {
    let pair = |p: &str| {
        let (code, score) = p.split_once('=').expect("code=score");
        (AgencyType::parse(code).expect("a type"), score.parse().expect("a score"))
    };
    text.split(',').map(pair).collect()
}

#[test]
fn reports_go_to_the_named_agency() {
    let (registry, regions) = (registry(), regions());
    let mut wrong = String::new();
    for line in CASES.lines().filter(|l| !l.starts_with('#')) {
        let column: Vec<&str> = line.split('\t').collect();
        let region = regions.by_code(column[2]);
        let found = registry.suggest(&Situation {
            types: &types(column[1]),
            region: region.as_ref(),
            text: column[0],
            category: None,
            today: Date::parse(column[3]).expect("a day"),
        });
        let best = &found[0];
        if best.name != column[4] || !best.why.iter().any(|why| why.contains(column[5])) {
            writeln!(wrong, "{column:?}: got {found:#?}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_registry_has_no_gaps_or_duplicates() {
    let found: Vec<String> = registry().validate(&regions()).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn validation_names_what_is_wrong() {
    let tail = "\n[[body]]\ntype = \"pln\"\nname = \"PT PLN (Persero)\"\naliases = [\"dishub\"]\nfrom = \"2025-02-01\"\nuntil = \
                \"2025-01-01\"\n[[override]]\ntype = \"pln\"\nregions = [\"99.99\"]\nname = \"x\"\n";
    let found = Registry::parse(&format!("{REGISTRY}{tail}")).expect("well-formed").validate(&regions());
    let name = || "PT PLN (Persero)".to_owned();
    assert!(found.contains(&Finding::RepeatedBody(name())), "{found:?}");
    assert!(found.contains(&Finding::Reversed(name())), "{found:?}");
    assert!(found.contains(&Finding::RepeatedAlias("dishub".to_owned())), "{found:?}");
    assert!(found.contains(&Finding::UnknownRegion("99.99".to_owned())), "{found:?}");
}

#[test]
fn malformed_registries_are_refused() {
    let refused = |from: &str, to: &str| Registry::parse(&REGISTRY.replacen(from, to, 1)).err();
    assert!(matches!(refused("code = \"pdam\"", "code = \"pam\""), Some(RegistryError::Type(_))));
    assert!(matches!(refused("2024-10-20", "2024-13-20"), Some(RegistryError::Date(_))));
    assert!(matches!(refused("Perhubungan {wilayah}", "Perhubungan {kota}"), Some(RegistryError::Template(_))));
    assert!(matches!(refused("addressed = 0.65", "addressed = 1.5"), Some(RegistryError::Tuning { .. })));
    assert!(matches!(refused("[tuning]", "[tuning"), Some(RegistryError::Toml(_))));
}

/// Where the region is known, no candidate is without a name, and there are three where there can be.
#[test]
fn every_type_has_a_name_and_three_are_ranked() {
    let (registry, regions) = (registry(), regions());
    let types: Vec<_> = AgencyType::all().enumerate().map(|(at, t)| (t, 0.9 / (at + 1) as f32)).collect();
    for code in ["33.74", "31.74.01", "31", "11.08", "34.04", "96.05.01", "91"] {
        let region = regions.by_code(code);
        let today = Date::parse("2026-01-05").expect("a day");
        let situation = Situation { types: &types, region: region.as_ref(), text: "", category: None, today };
        let found = registry.suggest(&situation);
        assert!(found.len() >= 3, "{code}: {found:?}");
        assert!(found.iter().all(|c| !c.name.is_empty() && !c.why.is_empty()), "{code}: {found:?}");
        assert!(found.windows(2).all(|w| w[0].score >= w[1].score), "{code}: {found:?}");
    }
}

#[test]
fn without_a_model_the_category_suggests() {
    let today = Date::parse("2026-01-05").expect("a day");
    let situation = Situation { types: &[], region: None, text: "sampah", category: Some("lingkungan_hidup"), today };
    let found = registry().suggest(&situation);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].agency.code(), "dinas_lingkungan_hidup");
}

#[test]
fn resolving_and_suggesting_take_a_third_of_a_millisecond() {
    let started = Instant::now();
    let registry = registry();
    let loading = started.elapsed();
    let regions = regions();
    let text = "Yth. Dinas PU Kota Semarang, lampu jalan dan saluran air di Kecamatan Tembalang sudah dua minggu rusak. \
                Warga Bulusan dan sekitarnya kesulitan pulang malam, anak-anak takut, dan kemarin ada pengendara dari \
                Ungaran jatuh. Kami sudah melapor ke kelurahan tetapi belum ada petugas yang datang. Tolong segera \
                diperbaiki sebelum musim hujan tiba, terima kasih banyak atas perhatian dan kerja samanya.";
    let types: Vec<_> = AgencyType::all().map(|t| (t, 1.0 / 44.0)).collect();
    let today = Date::parse("2026-01-05").expect("a day");
    let started = Instant::now();
    let runs = 1_000;
    for _ in 0..runs {
        let region = regions.resolve(text, &LocationHint::default());
        let situation = Situation { types: &types, region: region.as_ref(), text, category: None, today };
        assert_eq!(registry.suggest(&situation)[0].agency.code(), "dinas_pekerjaan_umum");
    }
    let each = started.elapsed() / runs;
    println!("registry {loading:?}, resolving and suggesting {each:?} a report");
    assert!(each < Duration::from_micros(300), "took {each:?}");
}
