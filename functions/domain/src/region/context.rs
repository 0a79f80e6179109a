//! What the words before a name say about it.

use super::words::{Gap, Words};

/// How a name is introduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// 'Provinsi X'.
    Province,
    /// 'Kota X'.
    City,
    /// 'Kab. X'.
    Regency,
    /// 'Kec. X'.
    District,
    /// 'Desa X'.
    Village,
    /// An office of a district: 'Puskesmas X', 'Polsek X'.
    Precinct,
    /// An office that serves a place and bears its name: 'Polres X', 'Dinas … X', 'SMPN 1 X'.
    Office,
    /// 'di X'.
    Place,
    /// 'menuju X': perhaps not where the report is.
    Away,
    /// 'Jl. X'.
    Street,
    /// 'PT X', 'RSUD X', 'Bank X'.
    Borne,
    /// 'Pak X'.
    Person,
    /// 'nasi X', 'orang X'.
    Origin,
    /// Nothing telling.
    Bare,
}

impl Context {
    /// How much a name counts when so introduced.
    pub(super) fn weight(self) -> f32 {
        match self {
            Self::City | Self::Regency => 1.7,
            Self::District => 1.6,
            Self::Place => 1.5,
            Self::Precinct | Self::Office | Self::Village => 1.25,
            Self::Province | Self::Bare => 1.0,
            Self::Away => 0.6,
            Self::Origin | Self::Borne | Self::Person => 0.3,
            Self::Street => 0.2,
        }
    }

    /// May a word behind the name still say its kind?
    pub(super) fn leaves_kind_open(self) -> bool {
        matches!(self, Self::Office | Self::Place | Self::Away | Self::Bare)
    }

    /// Does the name only stand on something that bears it?
    pub(super) fn is_borne(self) -> bool {
        matches!(self, Self::Street | Self::Borne)
    }
}

/// Most words between 'Jl.' and the name within a street's name: 'Jl. Raya Bandung'.
const STREET_WORDS_MAX: usize = 2;
/// Most words between a school's kind and the place that it is in: 'SMP Negeri 2 Depok'.
const SCHOOL_WORDS_MAX: usize = 3;

/// The context of the name that begins at a word.
pub(super) fn before(words: &Words, at: usize) -> Context {
    if let Some(context) = words.before(at, Gap::Dot).and_then(|w| abbreviation(w, words.word(at).gap)) {
        return context;
    }
    if in_street(words, at) {
        return Context::Street;
    }
    let Some(previous) = words.before(at, Gap::Space) else { return Context::Bare };
    let speaker = |w: &str| matches!(w, "saya" | "sy" | "kami" | "warga" | "aku");
    if previous == "dari" && at > 1 && speaker(words.text(at - 2)) {
        return Context::Place;
    }
    let repeated = at > 1 && words.text(at - 2) == previous; // 'desa-desa X'
    match of_word(previous) {
        Some(Context::Village) if repeated => Context::Place,
        Some(Context::City) if at > 1 && words.text(at - 2) == "ke" => Context::Away,
        Some(Context::Place) if previous == "ke" => Context::Away,
        Some(context) => context,
        None if matches!(previous, "saya" | "aku" | "ulun") && at > 1 && words.text(at - 2) == "nama" => {
            Context::Person
        }
        None if words.word(at).capital && in_school(words, at) => Context::Office,
        None => Context::Bare,
    }
}

/// Words that a full stop may follow.
fn abbreviation(word: &str, gap: Gap) -> Option<Context> {
    let context = match word {
        "kab" => Context::Regency,
        "kec" | "kcmtn" => Context::District,
        "kel" | "ds" | "dsn" | "kp" => Context::Village,
        "prov" | "prop" => Context::Province,
        "jl" | "jln" | "jlan" | "gg" | "lrg" | "jl2" => Context::Street,
        "pt" | "cv" | "rs" | "ud" => Context::Borne,
        "dr" | "drg" | "drs" | "ir" | "hj" | "st" | "kh" | "sdr" | "sdri" if gap == Gap::Dot => Context::Person,
        _ => return None,
    };
    Some(context)
}

fn of_word(word: &str) -> Option<Context> {
    let context = match word {
        "provinsi" | "propinsi" | "pemprov" | "gubernur" => Context::Province,
        "kota" | "kotamadya" | "kodya" | "pemkot" | "pemko" | "walikota" | "wali" | "administrasi" | "kotif" => {
            Context::City
        }
        "kabupaten" | "pemkab" | "bupati" | "kabupatenn" | "kabup" => Context::Regency,
        "kecamatan" | "distrik" | "kapanewon" | "kemantren" | "camat" | "kecamatn" => Context::District,
        "desa" | "dusun" | "kelurahan" | "dhisa" | "disa" | "kalurahan" | "nagari" | "gampong" | "pekon"
        | "kampung" | "dukuh" | "lurah" | "kades" | "kampong" | "perumahan" | "perum" | "komplek" | "kompleks"
        | "lingkungan" => Context::Village,
        "polsek" | "polsekta" | "koramil" | "kua" | "puskesmas" | "pskesmas" | "pkm" | "pustu" => Context::Precinct,
        "polres" | "polresta" | "polrestabes" | "kodim" | "rsud" | "rsup" | "rsu" | "stasiun" | "terminal"
        | "bandara" | "pasar" | "pelabuhan" | "samsat" | "disdukcapil" | "dukcapil" | "dishub" | "dinsos"
        | "dinkes" | "dlh" | "pdam" | "bpbd" | "satpol" | "pp" | "kejari" | "kpp" | "pratama" | "imigrasi"
        | "cabang" | "kantor" | "bpn" | "rutan" | "lapas" | "upt" | "stadion" | "alun" | "kemenag" | "capil"
        | "disdik" | "bkpsdm" | "bapenda" | "damkar" | "inspektorat" => Context::Office,
        "di" | "d" | "daerah" | "wilayah" | "kawasan" | "area" | "sekitar" | "warga" | "wong" | "ring" | "neng"
        | "ning" | "ing" | "wonten" | "dekat" | "deket" | "depan" | "dpn" | "domisili" | "masyarakat" | "penduduk"
        | "seluruh" | "nak" | "daera" | "dalem" | "pusat" | "saking" => Context::Place,
        "arah" | "menuju" | "jurusan" | "tujuan" | "dari" | "dr" | "rute" | "ti" | "ke" | "sampai" | "hingga"
        | "tol" | "dikirim" | "pindah" | "luas" | "ka" | "asal" => Context::Away,
        "jalan" | "gang" | "lorong" | "boulevard" | "jalanan" => Context::Street,
        "rsia" | "rsj" | "univ" | "universitas" | "bank" | "toko" | "cafe" | "kafe" | "hotel" | "restoran"
        | "warung" | "koperasi" | "yayasan" | "klub" | "hpm" | "persatuan" | "ruko" => Context::Borne,
        "pak" | "bu" | "bapak" | "ibu" | "mas" | "mbak" | "kak" | "bang" | "om" | "tante" | "nama" | "bernama"
        | "namanya" | "haji" | "h" | "ustad" | "ustadz" | "kakak" | "adik" | "mbah" | "si" | "bung" | "binti"
        | "bin" => Context::Person,
        "orang" | "suku" | "bahasa" | "logat" | "nasi" | "sate" | "soto" | "batik" | "bakso" | "rendang"
        | "masakan" | "lumpia" | "bika" | "pempek" | "keripik" | "kopi" | "jeruk" | "sambal" | "ayam" => {
            Context::Origin
        }
        _ => return None,
    };
    Some(context)
}

/// 'Jl. Raya X', 'jalan besar X', 'Jl. Danau X'; but 'Jl. Pemuda X' and 'jalan lintas X' are near X.
fn in_street(words: &Words, at: usize) -> bool {
    let mut at = at;
    for _ in 0..STREET_WORDS_MAX {
        let Some(previous) = words.before(at, Gap::Dot) else { return false };
        at -= 1;
        if !matches!(previous, "raya" | "besar" | "danau" | "sungai" | "gunung" | "pulau" | "teluk" | "selat" | "bukit")
        {
            return false;
        }
        if words.before(at, Gap::Dot).is_some_and(|w| matches!(w, "jl" | "jln" | "jalan" | "gg" | "jlan")) {
            return true;
        }
    }
    false
}

/// 'SMP Negeri 2 X', 'SDN 05 X'.
fn in_school(words: &Words, at: usize) -> bool {
    let mut at = at;
    for _ in 0..SCHOOL_WORDS_MAX {
        let Some(previous) = words.before(at, Gap::Space) else { return false };
        at -= 1;
        if previous.starts_with("sd") || previous.starts_with("smp") || previous.starts_with("sm") || previous == "man"
        {
            return previous.len() <= 4;
        }
        let numbered = previous == "negeri" || previous == "n" || previous.bytes().all(|b| b.is_ascii_digit());
        if !numbered {
            return false;
        }
    }
    false
}
