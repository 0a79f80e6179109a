//! What a fact-checker's verdict means.

/// The meaning of a verdict; only a claim that is not [`VerdictKind::True`] can be spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerdictKind {
    /// 'SALAH', 'HOAKS', 'PENIPUAN', 'KONTEN PALSU'.
    False,
    /// 'MENYESATKAN', 'SEBAGIAN BENAR', 'TANPA KONTEKS'.
    Misleading,
    /// 'BELUM TERBUKTI', and any verdict that isn't known.
    Unproven,
    /// 'SATIRE', 'PARODI'.
    Satire,
    /// 'BENAR', 'FAKTA'.
    True,
}

impl VerdictKind {
    /// Reads a verdict in Indonesian or English.
    #[must_use]
    pub fn of(verdict: &str) -> Self {
        let lower = verdict.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let any = |known: &[&str]| words.iter().any(|w| known.contains(w));
        let starts = |known: &[&str]| words.iter().any(|w| known.iter().any(|k| w.starts_with(k)));
        if any(&["satire", "satir", "parodi", "parody", "komedi", "comedy", "humor"]) {
            return Self::Satire;
        }
        let positive = any(&["benar", "fakta", "true", "correct", "valid", "terbukti", "proven", "accurate", "sahih"]);
        if positive {
            return match () {
                () if any(&["sebagian", "partly", "partially", "half", "setengah", "mixture"]) => Self::Misleading,
                () if any(&["belum", "unproven"]) => Self::Unproven,
                () if any(&["tidak", "bukan", "not", "tak"]) => Self::False,
                () => Self::True,
            };
        }
        if starts(&["menyesatkan", "mislead", "konteks", "context", "campuran", "mixed", "mixture", "keliru"]) {
            return Self::Misleading;
        }
        let negative = [
            "salah",
            "hoax",
            "hoaks",
            "palsu",
            "penipuan",
            "scam",
            "fraud",
            "false",
            "fake",
            "disinfo",
            "misinfo",
            "manipul",
            "fabricat",
            "rekayasa",
            "pants",
            "incorrect",
        ];
        if starts(&negative) { Self::False } else { Self::Unproven }
    }

    /// Whether passing the claim on can do harm.
    #[must_use]
    pub fn is_debunked(self) -> bool {
        self != Self::True
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_in_two_languages() {
        let cases = [
            ("SALAH", VerdictKind::False),
            ("Hoaks", VerdictKind::False),
            ("PENIPUAN", VerdictKind::False),
            ("TIDAK BENAR", VerdictKind::False),
            ("not true", VerdictKind::False),
            ("Pants on Fire!", VerdictKind::False),
            ("MENYESATKAN", VerdictKind::Misleading),
            ("Sebagian Benar", VerdictKind::Misleading),
            ("Missing context", VerdictKind::Misleading),
            ("BELUM TERBUKTI", VerdictKind::Unproven),
            ("", VerdictKind::Unproven),
            ("PARODI", VerdictKind::Satire),
            ("BENAR", VerdictKind::True),
            ("Fakta", VerdictKind::True),
            ("Mostly true", VerdictKind::True),
        ];
        for (verdict, kind) in cases {
            assert_eq!(VerdictKind::of(verdict), kind, "{verdict}");
        }
        assert!(VerdictKind::Unproven.is_debunked() && !VerdictKind::True.is_debunked());
    }
}
