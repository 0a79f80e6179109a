//! Codes in words, Indonesian and English.

use saring_domain::case::{AuditAction, CaseStatus};
use saring_domain::pii::PiiKind;
use saring_domain::report::Visibility;
use saring_domain::score::Flag;

/// Indonesian, then English.
pub(super) type Words = (&'static str, &'static str);

/// A visibility.
pub(super) fn visibility(visibility: Visibility) -> Words {
    match visibility {
        Visibility::Publik => ("publik", "public"),
        Visibility::Anonim => ("anonim", "anonymous"),
        Visibility::Rahasia => ("rahasia", "confidential"),
    }
}

/// A reason's code; nothing for a code that is newer than this list.
pub(super) fn reason(code: &str) -> Option<Words> {
    Some(match code {
        "clean" => ("tidak ada tanda bermasalah", "no sign of spam, abuse, hoax or sensitive matter"),
        "held.model_unavailable" => ("model tidak tersedia", "the model is not available"),
        "held.timed_out" => ("penyaringan terlalu lama", "the screening took too long"),
        "held.policy_unknown" => ("kebijakan yang berlaku tidak terbaca", "the policy in force could not be read"),
        "held.current_model" => ("ditahan model yang berlaku", "held by the current model, not by the candidate"),
        "visibility.current_model" => {
            ("diperketat model yang berlaku", "made less visible by the current model, not by the candidate")
        }
        "text.unreadable" => ("teks tidak terbaca model", "too little that the model can read"),
        "text.too_long" => ("teks terlalu panjang", "longer than the model reads"),
        "hoax.unverified" => ("perlu cek fakta", "resembles a chain message or a sensational claim"),
        "spam" => ("spam", "advertising or fraud"),
        "spam.gambling" => ("promosi judi", "promotes gambling"),
        "spam.fraud" => ("indikasi penipuan", "signs of fraud"),
        "spam.promo" => ("promosi barang atau jasa", "promotes goods or services"),
        "abuse" => ("kekerasan verbal", "attacks people"),
        "abuse.insult" => ("penghinaan", "insults a person"),
        "abuse.hate" => ("ujaran kebencian", "hate against a group"),
        "abuse.sara" => ("bermuatan SARA", "attacks ethnicity, religion, race or a political group"),
        "abuse.sexual" => ("kata-kata cabul", "sexually vulgar"),
        "abuse.threat" => ("ancaman", "threatens"),
        "hoax" => ("hoaks", "hoax"),
        "hoax.claim" => ("menyebarkan klaim", "passes on a claim"),
        "hoax.recheck" => (
            "klaim yang diketahui setelah petugas menayangkan",
            "a claim that was checked after a moderator published it",
        ),
        "sensitive.child" => ("anak sebagai korban", "a child is the victim"),
        "sensitive.violence" => ("KDRT atau kekerasan seksual", "domestic or sexual violence"),
        "sensitive.selfharm" => ("keselamatan jiwa", "a life may be in danger, act at once"),
        "sensitive.accusation" => ("tuduhan pidana", "accuses an identifiable person of a crime"),
        "sensitive.health" => ("data kesehatan", "health of an identifiable person"),
        "quality.off_topic" => ("bukan laporan", "no report to the government"),
        _ => return None,
    })
}

/// A reason's code in English; empty for a code that is newer than this list.
pub(super) fn english(code: &str) -> &'static str {
    reason(code).map_or("", |(_, english)| english)
}

/// A flag.
pub(super) fn flag(flag: Flag) -> Words {
    match flag {
        Flag::Spam => ("spam", "spam"),
        Flag::Abuse => ("kekerasan verbal", "verbal abuse"),
        Flag::Hoax => ("hoaks", "hoax"),
    }
}

/// A kind of personal data.
pub(super) fn pii(kind: PiiKind) -> Words {
    match kind {
        PiiKind::Nik => ("NIK", "national identity number"),
        PiiKind::Kk => ("nomor KK", "family card number"),
        PiiKind::Phone => ("nomor telepon", "telephone number"),
        PiiKind::Email => ("alamat surel", "e-mail address"),
        PiiKind::BankAccount => ("rekening atau kartu bank", "bank account or card"),
        PiiKind::Plate => ("pelat nomor", "licence plate"),
        PiiKind::Bpjs => ("nomor BPJS", "social security number"),
        PiiKind::Address => ("alamat rumah", "home address"),
        PiiKind::Name => ("nama orang", "name of a person"),
    }
}

/// Where a case stands.
pub(super) fn status(status: CaseStatus) -> Words {
    match status {
        CaseStatus::Published => ("tampil untuk umum", "public"),
        CaseStatus::InReview => ("menunggu petugas", "waits for a moderator"),
        CaseStatus::Confidential => ("rahasia, tidak tampil", "confidential, not public"),
        CaseStatus::Rejected => ("ditolak", "rejected"),
        CaseStatus::Returned => ("dikembalikan, bukan wewenang", "returned, another agency's business"),
        CaseStatus::Edited => ("teks diubah, menunggu penyaringan", "text changed, waits for screening"),
    }
}

/// An action of the audit trail.
pub(super) fn action(action: AuditAction) -> Words {
    match action {
        AuditAction::Received => ("laporan diterima", "report accepted"),
        AuditAction::Screened => ("disaring", "screened"),
        AuditAction::Conflict => ("nomor sama, teks lain: ditolak", "same id, other text: refused"),
        AuditAction::Resolved => ("diputuskan petugas", "decided by a moderator"),
        AuditAction::Proposed => ("diputuskan, menunggu jeda batal", "decided, may still be taken back"),
        AuditAction::Withdrawn => ("keputusan dibatalkan", "decision taken back"),
        AuditAction::Asked => ("pelapor diminta melengkapi", "reporter asked for more"),
        AuditAction::Escalated => ("dieskalasi", "escalated"),
        AuditAction::HandedOver => ("diserahkan", "handed over"),
        AuditAction::Checked => ("diperiksa ulang", "checked again"),
        AuditAction::Claimed => ("diambil petugas", "taken by a moderator"),
        AuditAction::Released => ("dilepas", "released"),
        AuditAction::Returned => ("dikembalikan ke instansi lain", "returned for another agency"),
        AuditAction::Tightened => ("kerahasiaan diperketat", "made less visible"),
        AuditAction::Corrected => ("label dikoreksi", "labels corrected"),
        AuditAction::Appealed => ("pelapor banding", "appealed by the reporter"),
        AuditAction::Edited => ("pelapor mengubah teks", "text changed by the reporter"),
        AuditAction::Replaced => ("teks diganti sebelum disaring", "text replaced before screening"),
        AuditAction::Rescreened => ("disaring ulang", "screened again"),
        AuditAction::Recalled => ("ditarik: mengulang klaim yang diperiksa", "recalled: it repeats a checked claim"),
        AuditAction::Overdue => ("lewat tenggat", "overdue"),
        AuditAction::Folded => ("digabungkan ke kampanye", "folded into a campaign"),
        AuditAction::OriginalRead => ("teks asli dibaca", "original read"),
        AuditAction::Erased => ("dihapus", "erased"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason_codes;

    #[test]
    fn every_reason_has_words() {
        let missing: Vec<_> = reason_codes::all().into_iter().filter(|code| reason(code).is_none()).collect();
        assert_eq!(missing, Vec::<String>::new());
        assert_eq!(english("spam.unheard_of"), "");
    }
}
