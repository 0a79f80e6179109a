//! Fits the weights: which candidate, or none, does each report repeat?

use super::search::FEATURES;
use super::weights::Weights;

const SIZE: usize = FEATURES + 1;
const ROUNDS: usize = 40;
/// Keeps weights of features that hardly vary finite.
const RIDGE: f64 = 0.05;

type Vector = [f64; SIZE];

/// One report with the candidates that an index gave.
#[derive(Debug, Clone)]
pub struct Example {
    /// Features of each candidate.
    pub candidates: Vec<[f32; FEATURES]>,
    /// The candidate that the report repeats; `None` if it repeats no claim.
    pub answer: Option<usize>,
    /// How much the report counts.
    pub weight: f64,
}

/// Maximises the likelihood of the answers, where 'none' has log odds 0; Newton's method.
#[must_use]
pub fn fit(bundle: &str, examples: &[Example]) -> Weights {
    let mut at: Vector = [0.0; SIZE];
    let mut value = likelihood(examples, &at);
    for _ in 0..ROUNDS {
        let (gradient, curvature) = slopes(examples, &at);
        let step = solve(curvature, gradient);
        let mut share = 1.0;
        let (next, gained) = loop {
            let mut next = at;
            next.iter_mut().zip(&step).for_each(|(a, s)| *a += share * s);
            let reached = likelihood(examples, &next);
            if reached >= value || share < 1e-4 {
                break (next, reached - value);
            }
            share /= 2.0;
        };
        if gained < 1e-7 {
            break;
        }
        at = next;
        value += gained;
    }
    let mut weights = [0.0; FEATURES];
    weights.iter_mut().zip(&at[1..]).for_each(|(w, v)| *w = *v as f32);
    Weights::new(bundle, at[0] as f32, weights)
}

fn inputs(features: &[f32; FEATURES]) -> Vector {
    let mut out = [1.0; SIZE];
    out[1..].iter_mut().zip(features).for_each(|(o, f)| *o = f64::from(*f));
    out
}

fn product(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Probability of each candidate, and the logarithm of what they sum up to.
fn shares(example: &Example, at: &Vector) -> (Vec<(Vector, f64)>, f64) {
    let rows: Vec<(Vector, f64)> = example.candidates.iter().map(|f| (inputs(f), product(&inputs(f), at))).collect();
    let top = rows.iter().map(|r| r.1).fold(0.0, f64::max);
    let total = (-top).exp() + rows.iter().map(|r| (r.1 - top).exp()).sum::<f64>();
    let log_total = top + total.ln();
    (rows.into_iter().map(|(x, s)| (x, (s - log_total).exp())).collect(), log_total)
}

fn likelihood(examples: &[Example], at: &Vector) -> f64 {
    let of = |e: &Example| {
        let (_, log_total) = shares(e, at);
        let chosen = e.answer.and_then(|a| e.candidates.get(a)).map_or(0.0, |f| product(&inputs(f), at));
        e.weight * (chosen - log_total)
    };
    let data: f64 = examples.iter().map(of).sum();
    data - RIDGE / 2.0 * at[1..].iter().map(|v| v * v).sum::<f64>()
}

fn slopes(examples: &[Example], at: &Vector) -> (Vector, [Vector; SIZE]) {
    let mut gradient: Vector = [0.0; SIZE];
    let mut curvature = [[0.0; SIZE]; SIZE];
    for example in examples {
        let (rows, _) = shares(example, at);
        let mut mean: Vector = [0.0; SIZE];
        for (x, p) in &rows {
            for i in 0..SIZE {
                mean[i] += p * x[i];
                for j in 0..SIZE {
                    curvature[i][j] += example.weight * p * x[i] * x[j];
                }
            }
        }
        let chosen = example.answer.and_then(|a| rows.get(a)).map_or([0.0; SIZE], |r| r.0);
        for i in 0..SIZE {
            gradient[i] += example.weight * (chosen[i] - mean[i]);
            for j in 0..SIZE {
                curvature[i][j] -= example.weight * mean[i] * mean[j];
            }
        }
    }
    for i in 0..SIZE {
        if i > 0 {
            gradient[i] -= RIDGE * at[i];
        }
        curvature[i][i] += RIDGE;
    }
    (gradient, curvature)
}

/// Solves `matrix * x = right` by elimination; the matrix is positive definite.
fn solve(mut matrix: [Vector; SIZE], mut right: Vector) -> Vector {
    for column in 0..SIZE {
        let (upper, lower) = matrix.split_at_mut(column + 1);
        let pivot = &upper[column];
        for (offset, row) in lower.iter_mut().enumerate() {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(pivot).for_each(|(r, p)| *r -= factor * p);
            right[column + 1 + offset] -= factor * right[column];
        }
    }
    for column in (0..SIZE).rev() {
        let known: f64 = (column + 1..SIZE).map(|j| matrix[column][j] * right[j]).sum();
        right[column] = (right[column] - known) / matrix[column][column];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feature_that_tells_gets_the_weight() {
        let row = |tells: f32, noise: f32| {
            let mut features = [0.0; FEATURES];
            features[0] = tells;
            features[1] = noise;
            features
        };
        let examples: Vec<Example> = (0..60_u8)
            .map(|i| {
                let noise = f32::from(i % 7) / 7.0;
                let answer = (i % 3 != 0).then_some(1);
                let tells = if answer.is_some() { 0.8 } else { 0.1 };
                Example { candidates: vec![row(0.1, noise), row(tells, 0.5)], answer, weight: 1.0 }
            })
            .collect();
        let weights = fit("b", &examples);
        assert!(weights.score(&row(0.8, 0.5)).get() > 0.8);
        assert!(weights.score(&row(0.1, 0.5)).get() < 0.2);
        let read = Weights::parse(&weights.write()).expect("its own form");
        assert!((read.logit(&row(0.5, 0.5)) - weights.logit(&row(0.5, 0.5))).abs() < 1e-3);
    }
}
