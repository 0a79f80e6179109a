"""The label lists, in the order of the model's outputs; the Rust enums hold the same order."""

from __future__ import annotations

FLAGS = ("spam", "abuse", "hoax")
FINE = (
    "spam.gambling",
    "spam.fraud",
    "spam.promo",
    "abuse.insult",
    "abuse.hate",
    "abuse.sara",
    "abuse.sexual",
    "abuse.threat",
    "hoax.claim",
    "sensitive.child",
    "sensitive.violence",
    "sensitive.selfharm",
    "sensitive.accusation",
    "sensitive.health",
    "quality.off_topic",
)
BINARY = FLAGS + FINE
CATEGORIES = (
    "pekerjaan_umum", "perhubungan", "lingkungan_hidup", "air_minum", "energi", "perumahan_pertanahan",
    "kependudukan", "kesehatan", "jaminan_sosial", "pendidikan", "bantuan_sosial", "ketertiban_umum",
    "ketenagakerjaan", "kepegawaian", "ekonomi_keuangan", "pertanian_perikanan", "pemerintahan_desa",
    "perempuan_anak", "agama", "komunikasi_informatika", "hukum_imigrasi", "budaya_pariwisata", "bencana",
    "korupsi_pungli", "lainnya",
)  # fmt: skip
AGENCIES = (
    "dinas_pekerjaan_umum", "dinas_perhubungan", "dinas_lingkungan_hidup", "dinas_sosial", "dinas_dukcapil",
    "dinas_pendidikan", "dinas_kesehatan", "satpol_pp", "dinas_perumahan", "dinas_tenaga_kerja",
    "dinas_kominfo", "dinas_p3a", "dinas_koperasi_perdagangan", "dinas_pariwisata_olahraga",
    "dinas_pertanian_pangan", "dinas_pmd", "dpmptsp", "bapenda", "bkd", "bpbd_damkar", "pdam",
    "kecamatan_kelurahan", "sekretariat_daerah", "kemendikbud", "kemensos", "kemenkes", "kemendagri",
    "kemenkeu", "kementerian_pu", "kemenhub", "kemenkumham_imigrasi", "kemnaker_bp2mi", "kemenag",
    "kementerian_esdm", "kominfo_ri", "kementerian_desa", "atr_bpn", "bkn_menpan", "polri",
    "bpjs_kesehatan", "bpjs_ketenagakerjaan", "pln", "bumn_lain", "lembaga_lain",
)  # fmt: skip
MARKERS = (
    "[FANCY]", "[HIDDEN]", "[LEET]", "[REP]", "[SPACED]", "[CAPS]", "[LINK]", "[LINKGOV]", "[USER]",
    "[NIK]", "[KK]", "[TELP]", "[EMAIL]", "[REKENING]", "[BPJS]", "[NUM]",
)  # fmt: skip
