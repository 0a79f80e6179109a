//! Words that say what the number after them is.

use std::sync::LazyLock;

use regex::Regex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    Nik,
    Kk,
    Phone,
    Bank,
    Bpjs,
    /// Money goes to the number, or anything else does.
    Payee,
    /// A number that identifies no person: a ticket, a meter, an amount of money.
    Other,
}

static CUES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\b(?:",
        r"(?P<kk>no\.?kk|nokk|kk|(?:no\.? ?|nomor )?kartu keluarga|kk-?nya)",
        r"|(?P<nik>nik|ktp|e-?ktp|ktp-?el|nik-?nya|noktp|no\.?ktp|nomor induk kependudukan|kartu tanda penduduk|identitas)",
        r"|(?P<phone>hp|no\.?hp|hape|handphone|wa|no\.?wa|whats ?app|whatsap|watsap|wasap|te?lp|tlpn|tlf|telfon|telf|tel|telepon|telpon|telephone|ponsel|seluler|hub|hubungi|kontak|contact|cp|nope|nomer hape|call|sms|dihubungi|menghubungi|gopay|ovo|shopeepay|phone|fax)(?:nya|ku)?",
        r"|(?P<bank>rek|norek|no\.?rek|rekening|rekeningnya|bank|bri|brimo|britama|simpedes|bni|bca|mandiri|btn|bsi|bjb|cimb|niaga|danamon|permata|ocbc|nisp|bukopin|muamalat|maybank|panin|sinarmas|btpn|jenius|seabank|bank jago|jago|neo|tabungan|simpel|kks|atm|debit|bpd|jateng|jatim|sumut|nagari|papua|kalsel|kaltimtara|sulselbar|dki|diy|bpr|transfer|tf)",
        r"|(?P<payee>(?:kirim|dikirim|dikirimkan|setor|disetor|disetorkan|bayar|dibayar|dibayarkan|biaya)\b[^.?!\n]{0,40}? (?:ke|kepada))",
        r"|(?P<bpjs>bpjs|bpjsnya|jkn|kis|jkn-kis|kpj|jamsostek|bpjstk|bpjamsostek|jht|kartu peserta|peserta|nomor kartu|no kartu|no\. kartu|kartu)",
        r"|(?P<other>rp|idr|tiket|ticket|resi|id pelanggan|idpel|pelanggan|no\. sambungan|sambungan|meter|meteran|token|invoice|(?:no|nomor|id|kode)\.? ?order|pesanan|nip|nisn|npsn|nim|nuptk|npwp|nib|porsi|berkas|register|registrasi|pendaftaran|billing|kode|shm|sertifikat|sertipikat|surat|imei|va|virtual account|laporan|aduan|pengaduan|tracking|internet|bpom|nopes|rangka|mesin|no mesin|pasal|uu|seri|struk|trx|transaksi|ref)",
        r")\b",
    ))
    .expect("the cue pattern is valid")
});

/// A bank or a holder's name right after a number.
static BANK_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ ,(/-]{0,3}(?:bank|bri|bni|bca|mandiri|btn|bsi|bjb|cimb|danamon|permata|a\.? ?n\b|atas nama)")
        .expect("the pattern is valid")
});

pub(super) struct Cues(Vec<(usize, usize, Cue)>);

impl Cues {
    pub(super) fn of(lower: &str) -> Self {
        let kind = |found: &regex::Captures<'_>| {
            [
                ("kk", Cue::Kk),
                ("nik", Cue::Nik),
                ("phone", Cue::Phone),
                ("bank", Cue::Bank),
                ("bpjs", Cue::Bpjs),
                ("payee", Cue::Payee),
                ("other", Cue::Other),
            ]
            .into_iter()
            .find(|(name, _)| found.name(name).is_some())
            .map_or(Cue::Other, |(_, cue)| cue)
        };
        let all = CUES.captures_iter(lower).filter_map(|found| {
            let whole = found.get(0)?;
            Some((whole.start(), whole.end(), kind(&found)))
        });
        Self(all.collect())
    }

    /// The last cue that ends at most `reach` characters before `at`, and the distance.
    pub(super) fn before(&self, at: usize, reach: usize) -> Option<(Cue, usize)> {
        let (_, end, cue) = self.0[..self.0.partition_point(|c| c.1 <= at)].last()?;
        (at - end <= reach).then_some((*cue, at - end))
    }
}

pub(super) fn bank_follows(lower: &str, at: usize) -> bool {
    BANK_AFTER.is_match(&lower[at..])
}
