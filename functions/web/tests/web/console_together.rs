//! Reports that say the same, on the page of a case.

use saring_domain::case::Case;
use saring_domain::policy::Decision::{self, Publish, Review};

use crate::console::{only_console_markup, seen};
use crate::support::{World, console, get, record, tracking};

async fn comes(world: &World, seed: u8, text: &str, decision: Decision) -> Case {
    let case = record(&world.cases, seed, text, decision).await;
    world.cases.fold_report(&case, crate::support::minutes(seed.into())).await.unwrap();
    case
}

fn path(seed: u8) -> String {
    format!("/console/cases/{}", tracking(seed).case_id())
}

#[tokio::test]
async fn corroborations_and_campaigns_are_told_apart() {
    let world = World::start().await;
    let router = console(&world).await;
    let honest = |name: &str| {
        format!(
            "Saya {name}, warga RT 04, menolak pembangunan menara telekomunikasi di dekat permukiman karena tidak ada \
             sosialisasi kepada warga"
        )
    };
    comes(&world, 1, &honest("Budi"), Publish).await;
    assert!(!get(&router, &path(1)).await.body.contains("Laporan serupa"), "nobody else says it yet");
    comes(&world, 2, &honest("Siti"), Publish).await;
    comes(&world, 3, &honest("Agus"), Publish).await;
    let page = get(&router, &path(2)).await.body;
    let text = seen(&page);
    assert!(text.contains("Didukung 2 laporan serupa.") && !text.contains("kampanye"), "{text}");
    for other in [1, 3] {
        assert!(page.contains(&format!("href=\"{}\"", path(other))), "{page}");
    }
    assert!(!page.contains(&format!("<a href=\"{}\"", path(2))), "a case is not similar to itself");
    only_console_markup(&page);

    let spam = |bonus: u8| {
        format!(
            "Main di situs kami pasti menang besar setiap hari! Daftar sekarang juga dan dapatkan bonus {bonus} ribu untuk \
             anggota baru"
        )
    };
    for seed in 11..15 {
        comes(&world, seed, &spam(seed), Review).await;
    }
    let page = get(&router, &path(13)).await.body;
    let text = seen(&page);
    assert!(text.contains("bagian dari kampanye: 3 laporan lain hampir sama, 4 ditahan penyaringan"), "{text}");
    assert!(!text.contains("Didukung"), "{text}");
    only_console_markup(&page);
}
