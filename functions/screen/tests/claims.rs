//! Claims through the real bundle: the samples, live ones on top, and what is refused.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use saring_domain::claims::{Claim, ClaimFields, LiveClaims};
use saring_domain::report::Report;
use saring_screen::{AssetError, Assets, Indexer, Screener, config::Config, current_day};

/// The library is loaded by one test at a time.
static LIBRARY: Mutex<()> = Mutex::new(());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate stands two levels down").to_owned()
}

fn config() -> Config {
    let set = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    Config {
        models: Some(root().join("models")),
        bundle: None,
        claims: None,
        runtime_library: set.unwrap_or_else(|| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0")),
    }
}

fn report(text: &str) -> Report {
    let json = serde_json::json!({ "id": "r1", "text": text });
    Report::from_json(json.to_string().as_bytes()).expect("a report")
}

/// Ids of the claims shown, and codes of the reasons.
fn screened(screener: &mut Screener, text: &str) -> (Vec<String>, Vec<String>) {
    let report = report(text);
    let today = current_day().expect("the clock is right");
    let found = screener.screen(&[&report], today).pop().expect("one result");
    let claims = found.claims.into_iter().map(|c| c.id).collect();
    (claims, found.verdict.reasons.into_iter().map(|r| r.code).collect())
}

fn live(id: &str) -> LiveClaims {
    let fields = ClaimFields {
        id: Some(id.to_owned()),
        title: Some("Jembatan gantung Kalisono dijual ke perusahaan asing".to_owned()),
        verdict: Some("SALAH".to_owned()),
        circulated: Some(
            "Sebarkan! Jembatan gantung Kalisono sudah dijual diam-diam ke perusahaan asing, warga disuruh bayar lewat."
                .to_owned(),
        ),
        ..ClaimFields::default()
    };
    let claim = Claim::parse(fields).expect("a claim").0;
    LiveClaims { revision: 1, active: vec![claim], retired: std::collections::BTreeSet::new() }
}

const SPREAD: &str = "SEBARKAN!! Jembatan gantung Kalisono dijual diam-diam ke perusahaan asing, besok warga harus \
                      bayar kalau lewat. Media bungkam, viralkan sebelum dihapus!";

#[test]
fn sample_and_live_claims_count_and_retired_ones_do_not() {
    let _alone = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let assets = Assets::load(&config()).expect("cargo xtask setup brings what this needs");
    let mut screener = Screener::new(assets).expect("the bundle has a version");
    let plastic = "Sebarkan ke semua grup! Telur plastik buatan asing sudah banyak di pasar, kuningnya kenyal dan \
                   kalau dilempar memantul seperti bola. Jangan dimakan!";
    let (claims, reasons) = screened(&mut screener, plastic);
    assert_eq!(claims.first().map(String::as_str), Some("contoh-010"));
    assert!(reasons.contains(&"hoax.claim".to_owned()), "{reasons:?}");
    let complaint = "Lampu jalan di depan pasar mati tiga malam, mohon segera diperbaiki karena gelap dan rawan.";
    assert_eq!(screened(&mut screener, complaint).0, [""; 0]);

    let before = screened(&mut screener, SPREAD).0;
    assert!(!before.contains(&"baru-1".to_owned()));
    screener.set_live_claims(&live("baru-1")).expect("the model embeds it");
    let (claims, reasons) = screened(&mut screener, SPREAD);
    assert_eq!(claims.first().map(String::as_str), Some("baru-1"));
    assert!(reasons.contains(&"hoax.claim".to_owned()), "{reasons:?}");

    let retired = ["contoh-010".to_owned()].into_iter().collect();
    screener.set_live_claims(&LiveClaims { revision: 2, active: Vec::new(), retired }).expect("nothing to embed");
    assert!(!screened(&mut screener, SPREAD).0.contains(&"baru-1".to_owned()));
    assert!(!screened(&mut screener, plastic).0.contains(&"contoh-010".to_owned()));
}

#[test]
fn a_match_names_its_stretch_of_the_text_and_nothing_of_the_title() {
    let _alone = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let assets = Assets::load(&config()).expect("cargo xtask setup brings what this needs");
    let mut screener = Screener::new(assets).expect("the bundle has a version");
    let plastic = "Telur plastik buatan asing sudah banyak di pasar, kuningnya kenyal dan kalau dilempar memantul \
                   seperti bola.";
    let before = "😀 Pak, lampu jalan di depan pasar mati tiga malam dan gelap sekali kalau pulang. ";
    let mut stretch = |title: Option<&str>, text: &str| {
        let json = serde_json::json!({ "id": "r1", "title": title, "text": text });
        let report = Report::from_json(json.to_string().as_bytes()).expect("a report");
        let today = current_day().expect("the clock is right");
        let found = screener.screen(&[&report], today).pop().expect("one result");
        let claim = found.claims.into_iter().find(|c| c.id == "contoh-010").expect("the claim is linked");
        claim.span.map(|(start, end)| text.chars().skip(start).take(end - start).collect::<String>())
    };
    let text = format!("{before}{plastic} Sebarkan ke semua grup sebelum dihapus!");
    let plain = stretch(None, &text).expect("the text repeats it");
    assert!(plain.contains("kuningnya kenyal") && !plain.contains("lampu jalan"), "{plain}");
    assert_eq!(stretch(Some("Kabar dari grup sebelah"), &text), Some(plain), "a title moves nothing");
    let titled = stretch(Some(plastic), "Sebarkan ke semua grup sebelum dihapus! Media bungkam.");
    assert!(titled.as_deref().is_none_or(|t| !t.contains("Telur")), "{titled:?}");
}

#[test]
fn an_index_that_is_built_is_opened_and_a_damaged_one_is_refused() {
    let _alone = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let indexer = Indexer::load(&config()).expect("cargo xtask setup brings what this needs");
    let (claims, source) = indexer.own_claims().expect("the samples are valid");
    let one = indexer.build(&claims[..8], &source, 1, |_| {}).expect("the model embeds them");
    let two = indexer.build(&claims[..8], &source, 2, |_| {}).expect("the model embeds them");
    assert_eq!(one, two, "the number of threads changes nothing");
    let path = std::env::temp_dir().join(format!("saring-screen-{}.index", std::process::id()));
    std::fs::write(&path, &one).expect("writable");
    let index = indexer.open(&path).expect("its own bundle");
    assert_eq!((index.len(), index.source()), (8, source.as_str()));
    std::fs::write(&path, &one[..one.len() - 9]).expect("writable");
    let error = indexer.open(&path).expect_err("cut off");
    std::fs::remove_file(&path).expect("it is there");
    assert!(matches!(error, AssetError::Index { .. }), "{error}");
}
