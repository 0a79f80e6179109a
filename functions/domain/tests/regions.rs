//! Regions: own sentences and what they are about, in `cases/regions.tsv`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use saring_domain::region::{Level, LocationHint, RegionError, Regions};

const TABLE: &str = include_str!("../../../models/regions.csv");
const CASES: &str = include_str!("cases/regions.tsv");

fn regions() -> Regions {
    Regions::parse(TABLE).expect("the table is sound")
}

/// Lines of tab-separated columns, without comments.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect())
}

#[test]
fn texts_name_their_region() {
    let regions = regions();
    let mut wrong = String::new();
    for row in rows(CASES) {
        let column = |at: usize| row.get(at).copied().filter(|c| !c.is_empty());
        let hint = LocationHint { region_code: column(3), ..LocationHint::default() };
        let found = regions.resolve(row[0], &hint);
        let code = found.as_ref().map_or("-", |f| f.code.as_str());
        let doubt = found.as_ref().is_some_and(|f| f.ambiguous);
        if code != row[1] || (code != "-" && doubt != (column(2) == Some("?"))) {
            writeln!(wrong, "'{}': wanted {:?}, got {code} {doubt} {found:?}", row[0], &row[1..]).expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn span_counts_scalar_values() {
    let text = "🌊 é Banjir di kec. Coblong, Bandung";
    let found = regions().resolve(text, &LocationHint::default()).expect("a region");
    let (start, end) = found.span.expect("a span");
    assert_eq!(text.chars().skip(start).take(end - start).collect::<String>(), "Coblong");
    assert_eq!(found.name, "Coblong, Kota Bandung, Jawa Barat");
    assert_eq!(found.level, Level::District);
    assert_eq!(found.regency, Some(("32.73".to_owned(), "Kota Bandung".to_owned())));
    assert_eq!(found.why(), "disebut \"Coblong\", \"Bandung\"");
}

#[test]
fn the_table_is_whole() {
    let regions = regions();
    let count = |level| regions.iter().filter(|(code, _)| Level::of_code(code) == Some(level)).count();
    assert_eq!((count(Level::Province), count(Level::Regency), count(Level::District)), (38, 514, 7_285));
    for (code, name) in regions.iter() {
        let found = regions.by_code(code).expect("a region of the table");
        assert_eq!((found.code.as_str(), found.name), (code, name));
    }
}

/// Every regency and city is found by its official name in a plain sentence.
#[test]
fn official_names_resolve() {
    let regions = regions();
    let wrong: Vec<String> = regions
        .iter()
        .filter(|(code, _)| Level::of_code(code) == Some(Level::Regency))
        .filter_map(|(code, name)| {
            let found = regions.resolve(&format!("Jalan rusak di {name} sejak lama"), &LocationHint::default());
            (found.as_ref().map(|f| f.code.as_str()) != Some(code)).then(|| format!("{code} {name}: {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

#[test]
fn hints_of_every_form_count() {
    let regions = regions();
    let by = |hint: LocationHint<'_>| regions.resolve("lampu mati", &hint).map(|f| f.code);
    let hint = LocationHint::default();
    assert_eq!(by(LocationHint { region_code: Some("33.74.10.1001"), ..hint }).as_deref(), Some("33.74.10"));
    assert_eq!(by(LocationHint { region_code: Some("3374"), ..hint }).as_deref(), Some("33.74"));
    assert_eq!(by(LocationHint { name: Some("Kota Semarang"), ..hint }).as_deref(), Some("33.74"));
    assert_eq!(by(LocationHint { region_code: Some("x"), ..hint }), None);
    assert_eq!(by(LocationHint { coordinates: Some((-7.0, 110.4)), ..hint }), None);
}

#[test]
fn malformed_tables_are_refused() {
    let refused = |csv: &str| Regions::parse(csv).err();
    assert_eq!(refused("code,name\n"), Some(RegionError::Empty));
    assert_eq!(refused("33"), Some(RegionError::Columns { line: 1 }));
    assert_eq!(refused("3x,Jawa"), Some(RegionError::Code { line: 1 }));
    assert_eq!(refused("33,Jawa Tengah\n33.74,"), Some(RegionError::Name { line: 2 }));
    assert_eq!(refused("33.74,Kota Semarang"), Some(RegionError::Parent { line: 1 }));
    assert_eq!(refused("33,Jawa Tengah\n33,Jawa Tengah"), Some(RegionError::Duplicate { line: 2 }));
}

#[test]
fn arbitrary_text_never_panics() {
    let regions = regions();
    let pieces =
        ["Kab.", "\u{301}", "'", "🌊", "di", "Bandung", "\n", ".", "33", "3374015505900001", "Jl", "", "ß", "İ"];
    let mut seed = 7_u64;
    for _ in 0..3_000 {
        let text: String = (0..12)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                pieces[(seed >> 33) as usize % pieces.len()].to_owned() + if seed >> 63 == 0 { " " } else { "" }
            })
            .collect();
        if let Some((start, end)) = regions.resolve(&text, &LocationHint::default()).and_then(|f| f.span) {
            assert!(start < end && end <= text.chars().count(), "seed {seed}: {text}");
        }
    }
}

/// Generous bounds, for a busy machine; the printed figures are what counts.
#[test]
fn loading_and_resolving_are_fast() {
    let started = Instant::now();
    let regions = regions();
    let loading = started.elapsed();
    let text = "Mohon perhatian bapak ibu, lampu jalan dan saluran air di Kecamatan Tembalang, Kota Semarang, sudah dua \
                minggu rusak. Warga Bulusan dan sekitarnya kesulitan pulang malam, anak-anak takut, dan kemarin ada \
                pengendara dari Ungaran jatuh. Kami sudah melapor ke kelurahan tetapi belum ada petugas yang datang. \
                Tolong segera diperbaiki sebelum musim hujan tiba, terima kasih banyak atas perhatiannya.";
    let started = Instant::now();
    let runs = 1_000;
    let found = (0..runs).filter(|_| regions.resolve(text, &LocationHint::default()).is_some()).count();
    let each = started.elapsed() / runs;
    println!("loading {loading:?}, resolving {each:?} a report of {} words", text.split_whitespace().count());
    assert_eq!(found, runs as usize);
    assert!(loading < Duration::from_millis(300), "loading took {loading:?}");
    assert!(each < Duration::from_micros(300), "resolving took {each:?}");
}
