//! Where a case stands and why it was rejected, with the words for the reporter.

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseStatus {
    /// On the public side.
    Published,
    /// Waiting for a person.
    InReview,
    /// Never on the public side, with nothing left to decide.
    Confidential,
    /// Kept off the public side by a moderator.
    Rejected,
    /// Given back by a moderator: another agency's business.
    Returned,
    /// Off the public side until the text that the reporter changed is screened.
    Edited,
}

impl CaseStatus {
    /// All statuses.
    pub const ALL: [Self; 6] =
        [Self::Published, Self::InReview, Self::Confidential, Self::Rejected, Self::Returned, Self::Edited];

    /// The code of records and messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::InReview => "in_review",
            Self::Confidential => "confidential",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
            Self::Edited => "edited",
        }
    }

    /// What the reporter reads, in Indonesian.
    #[must_use]
    pub const fn words_id(self) -> &'static str {
        match self {
            Self::Published => "Laporan Anda lolos penyaringan dan sudah tampil di halaman publik.",
            Self::InReview => "Laporan Anda sedang diperiksa petugas sebelum dapat tampil di halaman publik.",
            Self::Confidential => {
                "Laporan Anda diterima sebagai laporan rahasia dan tidak ditampilkan di halaman publik."
            }
            Self::Rejected => "Laporan Anda sudah diperiksa petugas dan tidak ditampilkan di halaman publik.",
            Self::Returned => {
                "Laporan Anda sudah diperiksa petugas: bukan wewenang kantor ini, dan instansi yang tepat disebutkan."
            }
            Self::Edited => "Perubahan laporan Anda menunggu penyaringan; sementara itu laporan tidak ditampilkan.",
        }
    }

    /// What the reporter reads, in English.
    #[must_use]
    pub const fn words_en(self) -> &'static str {
        match self {
            Self::Published => "Your report passed the screening and is on the public page.",
            Self::InReview => "An officer is checking your report before it can be on the public page.",
            Self::Confidential => "Your report was accepted as confidential and is not on the public page.",
            Self::Rejected => "An officer checked your report and it is not on the public page.",
            Self::Returned => "An officer checked your report: it belongs to another agency, which is named.",
            Self::Edited => "Your changed report waits for its screening and is not on the public page meanwhile.",
        }
    }
}

/// Why a moderator rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// Promotes or defrauds.
    Spam,
    /// Attacks a person or a group.
    Abuse,
    /// Passes on a claim that is false.
    Hoax,
    /// Exposes somebody's private life.
    Privacy,
    /// Is known from another report.
    Duplicate,
    /// Is no report to the government.
    NotAReport,
    /// Says too little to be followed up.
    Unclear,
}

impl RejectReason {
    /// All reasons.
    pub const ALL: [Self; 7] =
        [Self::Spam, Self::Abuse, Self::Hoax, Self::Privacy, Self::Duplicate, Self::NotAReport, Self::Unclear];

    /// The code of records and messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Abuse => "abuse",
            Self::Hoax => "hoax",
            Self::Privacy => "privacy",
            Self::Duplicate => "duplicate",
            Self::NotAReport => "not_a_report",
            Self::Unclear => "unclear",
        }
    }

    /// The reason of a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.code() == code)
    }

    /// What the reporter reads, in Indonesian.
    #[must_use]
    pub const fn words_id(self) -> &'static str {
        match self {
            Self::Spam => "Isinya promosi atau penipuan.",
            Self::Abuse => "Isinya menyerang orang atau kelompok.",
            Self::Hoax => "Isinya menyebarkan informasi yang tidak benar.",
            Self::Privacy => "Isinya membuka data pribadi orang lain.",
            Self::Duplicate => "Laporan yang sama sudah ada.",
            Self::NotAReport => "Isinya bukan laporan kepada pemerintah.",
            Self::Unclear => "Isinya belum cukup jelas untuk ditindaklanjuti.",
        }
    }

    /// What the reporter reads, in English.
    #[must_use]
    pub const fn words_en(self) -> &'static str {
        match self {
            Self::Spam => "It advertises or defrauds.",
            Self::Abuse => "It attacks a person or a group.",
            Self::Hoax => "It passes on information that is not true.",
            Self::Privacy => "It exposes somebody's personal data.",
            Self::Duplicate => "The same report is there already.",
            Self::NotAReport => "It is no report to the government.",
            Self::Unclear => "It says too little to be followed up.",
        }
    }
}
