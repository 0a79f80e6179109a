//! Reports of a world: authored phrases, put together by chance.

use saring_domain::report::{Report, Visibility};
use serde_json::json;

use crate::random::Random;

/// A number of identity, made up; it must never be public.
pub(crate) const NIK: &str = "3374010101900001";

const THINGS: [&str; 8] = [
    "jalan berlubang",
    "lampu jalan mati",
    "sampah menumpuk",
    "selokan tersumbat",
    "air keran keruh",
    "trotoar rusak",
    "pohon tumbang",
    "antrean layanan terlalu lama",
];
const PLACES: [&str; 6] =
    ["di depan pasar", "dekat sekolah dasar", "di gang mawar", "di jembatan lama", "di simpang lima", "di RT 04"];
const SINCE: [&str; 5] = ["sejak kemarin", "sudah dua minggu", "sejak bulan lalu", "tiap hujan", "hampir setahun"];
const ENDS: [&str; 6] = [
    "mohon segera diperbaiki",
    "tolong ditindaklanjuti",
    "warga sangat terganggu",
    "sudah pernah dilaporkan",
    "terima kasih",
    "semoga cepat selesai",
];
const HARMS: [&str; 5] =
    ["slot gacor maxwin", "dasar petugas bodoh", "sebarkan sebelum dihapus", "anak di bawah umur", "pinjol cair"];

/// What is sent.
pub(crate) struct Made {
    pub(crate) report: Report,
    pub(crate) body: String,
}

pub(crate) fn made(id: &str, text: &str, visibility: Visibility) -> Made {
    let body = json!({ "id": id, "text": text, "visibility": visibility.code() }).to_string();
    let report = Report::from_json(body.as_bytes()).expect("reports of the simulation are reports");
    Made { report, body }
}

/// A text; one in five may not pass, one in ten says what others say.
pub(crate) fn text(random: &mut Random) -> String {
    if random.below(10) == 0 {
        let number = random.below(3);
        return format!(
            "Mohon dukung petisi warga nomor {number} agar jembatan gantung segera dibangun, {}",
            random.next() % 100_000
        );
    }
    let text = format!("{} {} {}, {}", random.of(&THINGS), random.of(&PLACES), random.of(&SINCE), random.of(&ENDS));
    // So that not all of them are alike.
    let detail = [0; 4].map(|_| format!("{:x}", random.next())).join(" ");
    let harm = match random.below(10) {
        0 | 1 => format!(". {}", random.of(&HARMS)),
        2 => format!(". NIK saya {NIK}"),
        _ => String::new(),
    };
    format!("{text}. Rincian {detail}{harm}")
}

pub(crate) fn visibility(random: &mut Random) -> Visibility {
    match random.below(10) {
        0 => Visibility::Rahasia,
        1..=3 => Visibility::Anonim,
        _ => Visibility::Publik,
    }
}

/// A message that is no report.
pub(crate) fn poison(random: &mut Random) -> String {
    let bodies = [
        "",
        "not json",
        "{\"id\":\"\"}",
        "{\"id\":\"x\"}",
        "[]",
        "{\"id\":\"x\",\"text\":\"  \"}",
        "{\"id\":1,\"text\":2}",
    ];
    (*random.of(&bodies)).to_owned()
}
