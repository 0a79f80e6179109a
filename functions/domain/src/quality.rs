//! How good decisions are, from a sample of them: agreement of two people, and the error rate of what
//! nobody looked at.

/// Of a standard normal, for 95%.
const Z: f64 = 1.959_963_985;

/// Two people's answers to one yes-or-no question over several cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairs {
    /// Both said yes.
    pub both: u64,
    /// Only the first did.
    pub first: u64,
    /// Only the second did.
    pub second: u64,
    /// Neither did.
    pub neither: u64,
}

impl Pairs {
    /// Adds a case.
    pub fn add(&mut self, first: bool, second: bool) {
        let cell = match (first, second) {
            (true, true) => &mut self.both,
            (true, false) => &mut self.first,
            (false, true) => &mut self.second,
            (false, false) => &mut self.neither,
        };
        *cell += 1;
    }

    /// How many cases.
    #[must_use]
    pub const fn cases(&self) -> u64 {
        self.both + self.first + self.second + self.neither
    }

    /// Cohen's kappa: 1 is full agreement, 0 what chance alone gives. None without cases, or where
    /// both always say the same one thing, which tells nothing.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let all = self.cases() as f64;
        if all == 0.0 {
            return None;
        }
        let agreed = (self.both + self.neither) as f64 / all;
        let (yes_first, yes_second) = ((self.both + self.first) as f64 / all, (self.both + self.second) as f64 / all);
        let chance = yes_first * yes_second + (1.0 - yes_first) * (1.0 - yes_second);
        (chance < 1.0).then(|| (agreed - chance) / (1.0 - chance))
    }
}

/// One looked-at case of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampled {
    /// With which probability it came into the sample; above 0, at most 1.
    pub probability: f64,
    /// 1 where the decision was wrong, else 0.
    pub wrong: f64,
}

/// A share with its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Cases behind it.
    pub cases: usize,
}

/// The share of wrong decisions among `all`, from a sample in which each case is with its own
/// probability (Horvitz and Thompson): unbiased, whatever decided the probabilities. The interval is
/// Wilson's, for as many equal draws as the weights are worth (Kish).
#[must_use]
pub fn error_rate(sample: &[Sampled], all: u64) -> Option<Share> {
    if sample.is_empty() || all == 0 {
        return None;
    }
    let weights = || sample.iter().map(|one| 1.0 / one.probability);
    let wrong: f64 = sample.iter().map(|one| one.wrong / one.probability).sum();
    let estimate = wrong / all as f64;
    let (sum, squares) = (weights().sum::<f64>(), weights().map(|w| w * w).sum::<f64>());
    let worth = sum * sum / squares;
    let (low, high) = wilson(estimate.clamp(0.0, 1.0), worth);
    Some(Share { estimate, low, high, cases: sample.len() })
}

/// Wilson's interval of a share over so many draws.
#[must_use]
pub fn wilson(share: f64, draws: f64) -> (f64, f64) {
    wilson_at(share, draws, Z)
}

/// The same for another `z` of a standard normal than that of 95%.
#[must_use]
pub fn wilson_at(share: f64, draws: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let centre = (share + z2 / (2.0 * draws)) / (1.0 + z2 / draws);
    let half = z / (1.0 + z2 / draws) * (share * (1.0 - share) / draws + z2 / (4.0 * draws * draws)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// A number from 0 up to 1 that depends on the words alone: whether a case is drawn can be checked
/// afterwards, and nobody can draw again.
#[must_use]
pub fn draw(words: &[&str]) -> f64 {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let bytes: [u8; 8] = std::array::from_fn(|at| digest[at]);
    // As many bits as a double holds.
    (u64::from_be_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn kappa_is_the_textbooks() {
        // 20 yes-yes, 5, 10, 15 no-no: agreement 0.7, by chance 0.5.
        let pairs = Pairs { both: 20, first: 5, second: 10, neither: 15 };
        assert!(near(pairs.kappa().unwrap(), 0.4));
        assert!(near(Pairs { both: 5, neither: 5, ..Pairs::default() }.kappa().unwrap(), 1.0));
        assert_eq!(Pairs { neither: 9, ..Pairs::default() }.kappa(), None);
        assert_eq!(Pairs::default().kappa(), None);
    }

    #[test]
    fn wilson_is_the_textbooks() {
        let (low, high) = wilson(0.1, 100.0);
        assert!((low - 0.0552).abs() < 1e-3 && (high - 0.1744).abs() < 1e-3, "{low} {high}");
        let (low, high) = wilson(0.0, 50.0);
        assert!(low < 1e-9 && (high - 0.0713).abs() < 1e-3, "no error is no proof: {high}");
    }

    /// Risky cases are drawn ten times as often as the others and wrong twenty times as often.
    #[test]
    fn the_estimate_is_unbiased_where_the_sample_is_not() {
        const ALL: u32 = 4000;
        let (mut sum, mut naive, mut covered, mut truth) = (0.0, 0.0, 0, 0.0);
        let rounds = 300_u32;
        for round in 0..rounds {
            let round = round.to_string();
            let (mut sample, mut wrong_all) = (Vec::new(), 0.0);
            for case in 0..ALL {
                let name = case.to_string();
                let risky = case % 10 == 0;
                let (probability, share) = if risky { (0.5, 0.2) } else { (0.05, 0.01) };
                let wrong = f64::from(u8::from(draw(&["wrong", &name]) < share));
                wrong_all += wrong;
                if draw(&["sample", &round, &name]) < probability {
                    sample.push(Sampled { probability, wrong });
                }
            }
            truth = wrong_all / f64::from(ALL);
            let share = error_rate(&sample, u64::from(ALL)).unwrap();
            sum += share.estimate / f64::from(rounds);
            naive += sample.iter().map(|one| one.wrong).sum::<f64>() / sample.len() as f64 / f64::from(rounds);
            covered += u32::from(share.low <= truth && truth <= share.high);
        }
        assert!((sum - truth).abs() < 0.05 * truth, "mean of the estimates {sum:.5}, truth {truth:.5}");
        assert!(naive > 2.0 * truth, "without weights {naive:.5} for {truth:.5}");
        assert!(f64::from(covered) >= 0.9 * f64::from(rounds), "{covered} of {rounds} intervals hold the truth");
    }
}
