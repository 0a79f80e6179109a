//! Scores and the labels that they belong to.

use std::fmt;

/// A value outside `0..=1`, or not a number.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a score must be within 0 and 1, got {0}")]
pub struct ScoreError(pub f32);

/// A probability: finite and within `0..=1` by construction.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Score(f32);

impl Score {
    /// # Errors
    /// A value outside `0..=1`, or not a number.
    pub fn new(value: f32) -> Result<Self, ScoreError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(ScoreError(value)) }
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// The three harms that a report can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// Promotes or defrauds.
    Spam,
    /// Attacks a person or a group.
    Abuse,
    /// Passes on a sensational claim as fact.
    Hoax,
}

impl Flag {
    /// All flags, in the order of the model's outputs.
    pub const ALL: [Self; 3] = [Self::Spam, Self::Abuse, Self::Hoax];

    /// The code of the wire format and of label files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Abuse => "abuse",
            Self::Hoax => "hoax",
        }
    }
}

macro_rules! fine_labels {
    ($($(#[$doc:meta])* $name:ident = $code:literal),+ $(,)?) => {
        /// What exactly a report carries; the reasons of a verdict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fine { $($(#[$doc])* $name),+ }

        impl Fine {
            /// All fine labels, in the order of the model's outputs.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$name),+];

            /// The code of the wire format and of label files.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }
    };
}

fine_labels! {
    /// Promotes online gambling.
    SpamGambling = "spam.gambling",
    /// Tries to defraud the reader.
    SpamFraud = "spam.fraud",
    /// Promotes goods or services.
    SpamPromo = "spam.promo",
    /// Insults a person.
    AbuseInsult = "abuse.insult",
    /// Spreads hate against a group.
    AbuseHate = "abuse.hate",
    /// Attacks ethnicity, religion, race or a political group.
    AbuseSara = "abuse.sara",
    /// Is sexually vulgar.
    AbuseSexual = "abuse.sexual",
    /// Threatens.
    AbuseThreat = "abuse.threat",
    /// Passes on a sensational claim.
    HoaxClaim = "hoax.claim",
    /// A child is the victim.
    SensitiveChild = "sensitive.child",
    /// Domestic or sexual violence.
    SensitiveViolence = "sensitive.violence",
    /// Speaks of ending a life.
    SensitiveSelfharm = "sensitive.selfharm",
    /// Accuses an identifiable person of a crime.
    SensitiveAccusation = "sensitive.accusation",
    /// Tells the health of an identifiable person.
    SensitiveHealth = "sensitive.health",
    /// Is no report to the government at all.
    QualityOffTopic = "quality.off_topic",
}

impl Fine {
    /// # Errors
    /// Returns the code if it is none of the fine labels.
    pub fn parse(code: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|f| f.code() == code).ok_or_else(|| code.to_owned())
    }

    /// The flag that this label refines, if any.
    #[must_use]
    pub fn flag(self) -> Option<Flag> {
        Flag::ALL.into_iter().find(|f| self.code().split('.').next() == Some(f.code()))
    }
}

/// A label of a ranked head (category or agency type) with its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Code of the taxonomy.
    pub code: String,
    /// Its probability.
    pub score: Score,
}

/// A stretch of the original text that speaks for a flag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Highlight {
    /// The flag.
    pub flag: Flag,
    /// First Unicode scalar value.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Summand of the flag's logit; positive speaks for it.
    pub weight: f32,
}

/// What the model says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Calibrated probabilities, in the order of [`Flag::ALL`].
    pub flags: [Score; Flag::ALL.len()],
    /// Calibrated probabilities, in the order of [`Fine::ALL`].
    pub fine: [Score; Fine::ALL.len()],
    /// Categories, best first: the set that holds the truth with 95%, and at least three.
    pub category: Vec<Ranked>,
    /// Agency types, best first.
    pub agency: Vec<Ranked>,
    /// Unit-length embedding for claim matching.
    pub embedding: Vec<f32>,
    /// Unit-length embedding of each window, where a text takes more than one.
    pub window_embeddings: Vec<Vec<f32>>,
    /// The strongest evidence per flag.
    pub highlights: Vec<Highlight>,
    /// Share of tokens that the vocabulary doesn't know, `0..=1`.
    pub unknown_share: f32,
    /// Whether the text was longer than the model reads.
    pub truncated: bool,
}

impl Scores {
    /// Probability of a flag.
    #[must_use]
    pub fn flag(&self, flag: Flag) -> Score {
        self.flags[flag as usize]
    }

    /// Probability of a fine label.
    #[must_use]
    pub fn fine(&self, fine: Fine) -> Score {
        self.fine[fine as usize]
    }
}
