//! Int8 vectors, and neighbourhoods of them, so that a large index needs no full scan.

/// Rounds of refinement; more move hardly anything.
const ROUNDS: usize = 5;
/// Vectors looked at per centre while refining.
const SAMPLE_PER_CENTRE: usize = 24;

/// A vector of eight-bit numbers and what one step is worth.
#[derive(Debug, Clone)]
pub(super) struct Quantised {
    pub(super) values: Vec<i8>,
    pub(super) scale: f32,
}

/// Rounds a vector to eight bits, by its own largest number.
pub(super) fn quantise(vector: &[f32]) -> Quantised {
    const STEPS: f32 = 127.0;
    let top = vector.iter().fold(f32::MIN_POSITIVE, |top, v| top.max(v.abs()));
    let values = vector.iter().map(|v| (v / top * STEPS).round() as i8).collect();
    Quantised { values, scale: top / STEPS }
}

/// Product of two vectors of the same length, as bytes of signed numbers.
pub(super) fn dot(a: &[i8], b: &[u8]) -> i32 {
    a.iter().zip(b).map(|(x, y)| i32::from(i16::from(*x) * i16::from(y.cast_signed()))).sum()
}

/// Centres and, for each vector, the centre that is nearest.
#[derive(Debug)]
pub(super) struct Clusters {
    pub(super) centres: Vec<Quantised>,
    pub(super) nearest: Vec<u32>,
}

/// Groups unit vectors around `count` centres; the same vectors give the same groups.
pub(super) fn cluster(vectors: &[Quantised], count: usize) -> Clusters {
    if count <= 1 || vectors.len() <= count {
        let centres = vectors.first().map(|v| Quantised { values: vec![0; v.values.len()], scale: 1.0 });
        return Clusters { centres: centres.into_iter().collect(), nearest: vec![0; vectors.len()] };
    }
    let spread = |wanted: usize| (0..wanted).map(move |i| i * vectors.len() / wanted);
    let mut centres: Vec<Quantised> = spread(count).map(|i| vectors[i].clone()).collect();
    let sample: Vec<&Quantised> = spread((count * SAMPLE_PER_CENTRE).min(vectors.len())).map(|i| &vectors[i]).collect();
    for _ in 0..ROUNDS {
        let table = table(&centres);
        let mut sums = vec![vec![0.0_f32; centres[0].values.len()]; count];
        for vector in &sample {
            let sum = &mut sums[nearest(vector, &centres, &table) as usize];
            for (s, v) in sum.iter_mut().zip(&vector.values) {
                *s += f32::from(*v) * vector.scale;
            }
        }
        for (centre, sum) in centres.iter_mut().zip(&sums) {
            let norm = sum.iter().map(|v| v * v).sum::<f32>().sqrt();
            if norm > 0.0 {
                *centre = quantise(&sum.iter().map(|v| v / norm).collect::<Vec<_>>());
            }
        }
    }
    let table = table(&centres);
    let nearest = vectors.iter().map(|v| nearest(v, &centres, &table)).collect();
    Clusters { centres, nearest }
}

fn table(centres: &[Quantised]) -> Vec<Vec<u8>> {
    centres.iter().map(|c| c.values.iter().map(|v| v.cast_unsigned()).collect()).collect()
}

fn nearest(vector: &Quantised, centres: &[Quantised], table: &[Vec<u8>]) -> u32 {
    let mut best = (f32::NEG_INFINITY, 0);
    for (at, (centre, bytes)) in centres.iter().zip(table).enumerate() {
        let product = dot(&vector.values, bytes) as f32 * centre.scale;
        if product > best.0 {
            best = (product, at as u32);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_keep_the_product() {
        let a: Vec<f32> = (0..384).map(|i| ((i * 7 % 31) as f32 - 15.0) / 100.0).collect();
        let q = quantise(&a);
        let bytes: Vec<u8> = q.values.iter().map(|v| v.cast_unsigned()).collect();
        let exact: f32 = a.iter().map(|v| v * v).sum();
        let rounded = dot(&q.values, &bytes) as f32 * q.scale * q.scale;
        assert!((exact - rounded).abs() / exact < 0.01, "{exact} {rounded}");
        assert_eq!(quantise(&[0.0; 4]).values, [0; 4]);
    }

    #[test]
    fn separate_groups_get_separate_centres() {
        let vectors: Vec<Quantised> = (0..40)
            .map(|i| {
                let mut v = [0.0; 8];
                v[i % 2] = 1.0;
                v[2 + i % 5] = 0.1;
                quantise(&v)
            })
            .collect();
        let found = cluster(&vectors, 2);
        assert!((2..40).all(|i| found.nearest[i] == found.nearest[i % 2]));
        assert_ne!(found.nearest[0], found.nearest[1]);
    }
}
