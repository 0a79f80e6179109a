//! The categories in words, for services and pages.

use crate::lang::Lang;

/// A category of reports.
#[derive(Debug)]
pub(crate) struct Category {
    pub(crate) code: &'static str,
    name_id: &'static str,
    name_en: &'static str,
    /// What belongs in it, in Indonesian.
    pub(crate) keywords: &'static str,
}

impl Category {
    pub(crate) fn name(&self, lang: Lang) -> &'static str {
        lang.pick(self.name_id, self.name_en)
    }
}

/// The category of a code; `None` for one that is newer than this list.
pub(crate) fn find(code: &str) -> Option<&'static Category> {
    ALL.iter().find(|category| category.code == code)
}

/// The name of a code; the code itself where it has none.
pub(crate) fn name(code: &str, lang: Lang) -> &str {
    find(code).map_or(code, |category| category.name(lang))
}

const fn category(
    code: &'static str,
    name_id: &'static str,
    name_en: &'static str,
    keywords: &'static str,
) -> Category {
    Category { code, name_id, name_en, keywords }
}

/// All categories, in the order of the model's outputs.
pub(crate) const ALL: [Category; 25] = [
    category(
        "pekerjaan_umum",
        "Pekerjaan Umum dan Penataan Ruang",
        "Public works",
        "jalan, jembatan, trotoar, drainase, saluran, penerangan jalan (PJU), pavingisasi, sungai, irigasi, tata ruang",
    ),
    category(
        "perhubungan",
        "Perhubungan",
        "Transport",
        "parkir, lalu lintas, rambu, angkutan umum, kereta, bandara, pelabuhan",
    ),
    category(
        "lingkungan_hidup",
        "Lingkungan Hidup dan Kebersihan",
        "Environment",
        "sampah, limbah, pencemaran, pohon, taman, kehutanan",
    ),
    category("air_minum", "Layanan Air Minum", "Drinking water", "PDAM, air bersih, gangguan penyaluran air"),
    category("energi", "Energi dan Sumber Daya Mineral", "Energy", "listrik PLN, BBM, elpiji, tambang"),
    category(
        "perumahan_pertanahan",
        "Perumahan dan Pertanahan",
        "Housing and land",
        "rusun, rumah tidak layak huni, sertifikat tanah, bangunan, IMB/PBG",
    ),
    category(
        "kependudukan",
        "Administrasi Kependudukan",
        "Civil registration",
        "KTP, KK, akta, pindah, surat pengantar",
    ),
    category("kesehatan", "Kesehatan", "Health", "puskesmas, rumah sakit, vaksin, obat, tenaga medis"),
    category(
        "jaminan_sosial",
        "Jaminan Sosial (BPJS)",
        "Social insurance",
        "BPJS Kesehatan, BPJS Ketenagakerjaan, JKN, KIS",
    ),
    category("pendidikan", "Pendidikan", "Education", "sekolah, PPDB, guru, beasiswa, kampus"),
    category(
        "bantuan_sosial",
        "Sosial dan Bantuan Sosial",
        "Social assistance",
        "bansos, PKH, BPNT, MBR, keluarga miskin, PMKS/gelandangan",
    ),
    category(
        "ketertiban_umum",
        "Ketertiban Umum dan Keamanan",
        "Public order",
        "Satpol PP, PKL liar, keresahan, kebisingan, kepolisian, narkoba, kriminal",
    ),
    category("ketenagakerjaan", "Ketenagakerjaan", "Labour", "gaji, PHK, lowongan, TKI, hak pekerja"),
    category(
        "kepegawaian",
        "Kepegawaian dan Kinerja Aparatur",
        "Civil service",
        "CPNS, ASN, honorer, disiplin pegawai, pensiun, pelayanan petugas",
    ),
    category(
        "ekonomi_keuangan",
        "Ekonomi dan Keuangan",
        "Economy and finance",
        "pajak, UMKM, koperasi, perdagangan, perizinan usaha, perbankan, harga, perlindungan konsumen, bea cukai",
    ),
    category(
        "pertanian_perikanan",
        "Pertanian Perikanan dan Pangan",
        "Agriculture and fisheries",
        "pupuk, petani, nelayan, ternak, pangan",
    ),
    category(
        "pemerintahan_desa",
        "Pemerintahan Desa dan Kelurahan",
        "Village government",
        "RT/RW, kelurahan, kecamatan, dana desa, musrenbang",
    ),
    category(
        "perempuan_anak",
        "Perempuan dan Perlindungan Anak",
        "Women and children",
        "KDRT, kekerasan anak, posyandu keluarga, KB",
    ),
    category("agama", "Agama", "Religion", "KUA, rumah ibadah, zakat, haji, madrasah"),
    category(
        "komunikasi_informatika",
        "Komunikasi dan Informatika",
        "Communications",
        "internet, telekomunikasi, pos, aplikasi, menara, website pemerintah",
    ),
    category(
        "hukum_imigrasi",
        "Hukum HAM dan Imigrasi",
        "Law and immigration",
        "paspor, imigrasi, lapas, hukum, HAM, notaris",
    ),
    category(
        "budaya_pariwisata",
        "Kebudayaan Pariwisata dan Olahraga",
        "Culture and tourism",
        "wisata, budaya, olahraga, pemuda",
    ),
    category(
        "bencana",
        "Bencana dan Keadaan Darurat",
        "Disaster and emergency",
        "banjir (penanganan darurat), kebakaran, longsor, gempa, damkar, BPBD",
    ),
    category(
        "korupsi_pungli",
        "Korupsi Pungli dan Pelanggaran",
        "Corruption",
        "pungli, korupsi, KKN, netralitas, penyalahgunaan wewenang",
    ),
    category("lainnya", "Topik Lainnya", "Other", "tidak termasuk di atas"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_has_the_same_categories() {
        let labels = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/training/saring_training/labels.py");
        let labels = std::fs::read_to_string(labels).unwrap();
        let list = labels.split("\nCATEGORIES = (").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
        let codes: Vec<_> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(ALL.map(|category| category.code).as_slice(), codes);
    }
}
