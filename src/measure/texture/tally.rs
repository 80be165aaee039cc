//! How often whole numbers occur: what co-occurrence has of levels, of their differences and of their sums.

use super::entropy;
use super::kept::Kept;

/// Counts of whole numbers.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Number and count, rising.
    counts: Vec<(usize, u64)>,
    pub mean: f64,
    entropy: Kept<f64>,
    moments: Kept<[i128; 2]>,
    cluster: Kept<[f64; 3]>,
}

impl Tally {
    /// Of numbers from `first` on, so many at most.
    pub fn of(numbers: impl Iterator<Item = (usize, u64)>, first: usize, most: usize, n: f64) -> Self {
        let mut list = vec![0u64; most];
        numbers.for_each(|(number, n)| list[number - first] += n);
        Self::of_list((first..).zip(list), n)
    }

    /// Of numbers that rise, some of which may not occur.
    pub fn of_list(list: impl Iterator<Item = (usize, u64)>, n: f64) -> Self {
        let mut counts = Vec::with_capacity(list.size_hint().0);
        counts.extend(list.filter(|(_, c)| *c > 0));
        let mean = counts.iter().map(|&(k, c): &(usize, u64)| k as f64 * c as f64).sum::<f64>() / n;
        Tally { counts, mean, entropy: Kept::default(), moments: Kept::default(), cluster: Kept::default() }
    }

    /// Mean of `f(number)`.
    pub fn mean_of(&self, n: f64, f: impl Fn(f64) -> f64) -> f64 {
        self.counts.iter().map(|&(k, c)| f(k as f64) * c as f64).sum::<f64>() / n
    }

    pub fn entropy(&self) -> f64 {
        *self.entropy.or(|| entropy::bits(self.counts.iter().map(|(_, c)| *c)).unwrap_or(0.0))
    }

    /// Only one number occurs.
    pub fn is_one(&self) -> bool {
        self.counts.len() == 1
    }

    /// Sums of the numbers and of their squares.
    pub fn moments(&self) -> [i128; 2] {
        *self.moments.or(|| {
            self.counts.iter().fold([0; 2], |[first, second], &(k, c)| {
                let (k, c) = (k as i128, i128::from(c));
                [first + k * c, second + k * k * c]
            })
        })
    }

    /// The second, third and fourth central moment: one walk finds all, since each sum waits for the number before.
    pub fn cluster(&self, n: f64) -> [f64; 3] {
        *self.cluster.or(|| {
            let add = |sums: [f64; 3], &(k, c): &(usize, u64)| {
                let d = k as f64 - self.mean;
                let terms = [d * d, d * d * d, d * d * d * d];
                std::array::from_fn(|p| sums[p] + terms[p] * c as f64)
            };
            self.counts.iter().fold([0.0; 3], add).map(|sum| sum / n)
        })
    }
}
