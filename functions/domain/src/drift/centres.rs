//! Where the embeddings of a reference lie: a few centres, so that what a text is about and how far it
//! lies from all that was known are two counts, and no case has to keep an embedding.

use serde::{Deserialize, Serialize};

use crate::report::hex;

const CENTRES: usize = 8;
const ROUNDS: usize = 12;
/// A component of a unit vector as a byte: what rounding moves is far below what a part of the
/// distances is wide.
const SCALE: f32 = 127.0;

/// Centres of unit vectors, each a byte per component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub(super) struct Centres(Vec<Vec<f32>>);

impl Centres {
    /// By spherical k-means from vectors that lie evenly in their order; nothing where there are too few
    /// or of different lengths.
    pub(super) fn fit(vectors: &[&[f32]]) -> Option<Self> {
        let length = vectors.first()?.len();
        if length == 0 || vectors.len() < CENTRES || vectors.iter().any(|vector| vector.len() != length) {
            return None;
        }
        let mut centres: Vec<Vec<f32>> =
            (0..CENTRES).map(|at| vectors[at * vectors.len() / CENTRES].to_vec()).collect();
        for _ in 0..ROUNDS {
            let mut sums = vec![vec![0.0; length]; CENTRES];
            for vector in vectors {
                let (at, _) = nearest(&centres, vector);
                sums[at].iter_mut().zip(*vector).for_each(|(sum, value)| *sum += value);
            }
            for (centre, sum) in centres.iter_mut().zip(sums) {
                // One that lost all of its vectors stays where it was.
                if let Some(unit) = unit(sum) {
                    *centre = unit;
                }
            }
        }
        // As they are read back, so that a reference and its file say the same.
        Self::try_from(Vec::<String>::from(Self(centres))).ok()
    }

    /// The nearest centre and the distance to it (1 less the cosine); nothing for another length.
    pub(super) fn place(&self, vector: &[f32]) -> Option<(usize, f64)> {
        let fits = self.0.first().is_some_and(|centre| centre.len() == vector.len());
        fits.then(|| nearest(&self.0, vector))
    }
}

fn nearest(centres: &[Vec<f32>], vector: &[f32]) -> (usize, f64) {
    let cosine = |centre: &Vec<f32>| centre.iter().zip(vector).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let all = centres.iter().enumerate().map(|(at, centre)| (at, 1.0 - cosine(centre)));
    all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 1.0))
}

fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    for value in &mut vector {
        *value /= length;
    }
    (length > 0.0).then_some(vector)
}

impl From<Centres> for Vec<String> {
    #[allow(clippy::cast_possible_truncation, reason = "a component of a unit vector times 127 fits")]
    fn from(centres: Centres) -> Self {
        let bytes = |vector: Vec<f32>| {
            let bytes: Vec<u8> =
                vector.iter().flat_map(|value| ((value * SCALE).round() as i8).to_be_bytes()).collect();
            hex(&bytes)
        };
        centres.0.into_iter().map(bytes).collect()
    }
}

impl TryFrom<Vec<String>> for Centres {
    type Error = &'static str;

    fn try_from(rows: Vec<String>) -> Result<Self, Self::Error> {
        const WRONG: &str = "centres are vectors of one length, two hexadecimal digits for each component";
        let byte = |row: &str, at: usize| {
            let byte = u8::from_str_radix(row.get(at..at + 2)?, 16).ok()?;
            Some(f32::from(i8::from_be_bytes([byte])) / SCALE)
        };
        let vector = |row: &String| unit((0..row.len()).step_by(2).map(|at| byte(row, at)).collect::<Option<_>>()?);
        let vectors: Vec<Vec<f32>> = rows.iter().map(vector).collect::<Option<_>>().ok_or(WRONG)?;
        let length = vectors.first().map_or(0, Vec::len);
        if length == 0 || vectors.iter().any(|vector| vector.len() != length) { Err(WRONG) } else { Ok(Self(vectors)) }
    }
}
