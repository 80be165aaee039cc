//! How numbers are spread: what the statistics of intensities and those of grey levels are computed from.

use super::counted::Counted;
use super::kept::Kept;
use crate::rounding::apart;

/// Moments and percentiles of numbers that are counted; at least one. They are worked out when they are asked for and only once, those
/// together that one walk over the numbers gives: a sum waits for the one before it, so a second one beside it costs nothing.
#[derive(Clone, Debug)]
pub struct Spread {
    counted: Counted,
    whole: u64,
    /// How many.
    pub(super) n: f64,
    pub(super) minimum: f64,
    pub(super) maximum: f64,
    /// Mean, and the sum of the squares.
    sums: Kept<[f64; 2]>,
    central: Kept<Central>,
    percentiles: Kept<[f64; 5]>,
}

/// Means of what follows from the distance to the mean.
#[derive(Clone, Copy, Debug)]
struct Central {
    second: f64,
    third: f64,
    fourth: f64,
    absolute: f64,
}

impl Spread {
    /// Of numbers that are counted; nothing without any.
    pub(super) fn of(counted: &Counted) -> Option<Self> {
        let [minimum, maximum] = counted.ends()?;
        let whole: u64 = counted.iter().map(|(_, n)| n).sum();
        Some(Spread {
            counted: counted.clone(),
            whole,
            n: whole as f64,
            minimum,
            maximum,
            sums: Kept::default(),
            central: Kept::default(),
            percentiles: Kept::default(),
        })
    }

    /// Sums of several terms of the numbers.
    fn sums_of<const N: usize>(&self, terms: impl Fn(f64) -> [f64; N]) -> [f64; N] {
        let add = |sums: [f64; N], (v, count): (f64, u64)| {
            let terms = terms(v);
            std::array::from_fn(|k| sums[k] + terms[k] * count as f64)
        };
        self.counted.iter().fold([0.0; N], add)
    }

    fn sums(&self) -> [f64; 2] {
        *self.sums.or(|| {
            let [sum, squares] = self.sums_of(|v| [v, v * v]);
            [sum / self.n, squares]
        })
    }
    pub(super) fn mean(&self) -> f64 {
        self.sums()[0]
    }
    fn central(&self) -> Central {
        let mean = self.mean();
        *self.central.or(|| {
            // The mean of equals is rounded, what they lie from it is nothing.
            if self.minimum == self.maximum {
                return Central { second: 0.0, third: 0.0, fourth: 0.0, absolute: 0.0 };
            }
            let terms = |v: f64| {
                let (d, square) = (v - mean, (v - mean) * (v - mean));
                [square, square * d, square * square, d.abs()]
            };
            let [second, third, fourth, absolute] = self.sums_of(terms).map(|sum| sum / self.n);
            Central { second, third, fourth, absolute }
        })
    }
    pub(super) fn variance(&self) -> f64 {
        self.central().second
    }
    /// The 10th, 25th, 50th, 75th and 90th percentile.
    fn percentiles(&self) -> [f64; 5] {
        *self.percentiles.or(|| percentiles(&self.counted, self.whole))
    }
    pub(super) fn mean_deviation(&self) -> f64 {
        self.central().absolute
    }
    pub(super) fn median_deviation(&self) -> f64 {
        let median = self.median();
        let [sum] = self.sums_of(|v| [(v - median).abs()]);
        sum / self.n
    }
    /// Mean deviation of the numbers from the 10th to the 90th percentile.
    pub(super) fn robust_deviation(&self) -> f64 {
        let [low, _, _, _, high] = self.percentiles();
        let within = || self.counted.iter().filter(|(v, _)| (low..=high).contains(v));
        let add = |(few, sum): (u64, f64), (v, n): (f64, u64)| (few + n, sum + v * n as f64);
        let (few, sum) = within().fold((0, 0.0), add);
        let (few, mean) = (few as f64, sum / few as f64);
        within().map(|(v, n)| (v - mean).abs() * n as f64).sum::<f64>() / few
    }
    /// Sum of the squares.
    pub(super) fn energy(&self) -> f64 {
        self.sums()[1]
    }
    pub(super) fn skewness(&self) -> Option<f64> {
        let Central { second, third, .. } = self.central();
        (self.minimum < self.maximum).then(|| third / (second * second.sqrt()))
    }
    /// 0 for a normal distribution.
    pub(super) fn excess_kurtosis(&self) -> Option<f64> {
        let Central { second, fourth, .. } = self.central();
        (self.minimum < self.maximum).then(|| fourth / (second * second) - 3.0)
    }
    pub(super) fn median(&self) -> f64 {
        self.percentiles()[2]
    }
    pub(super) fn percentile_10(&self) -> f64 {
        self.percentiles()[0]
    }
    pub(super) fn percentile_90(&self) -> f64 {
        self.percentiles()[4]
    }
    pub(super) fn interquartile_range(&self) -> f64 {
        self.percentiles()[3] - self.percentiles()[1]
    }
    /// Nothing where the sum of the quartiles is 0.
    pub(super) fn quartile_dispersion(&self) -> Option<f64> {
        let sum = apart(self.percentiles()[3], -self.percentiles()[1]);
        (sum != 0.0).then(|| self.interquartile_range() / sum)
    }
    /// Nothing where the mean is 0.
    pub(super) fn variation(&self) -> Option<f64> {
        let largest = self.minimum.abs().max(self.maximum.abs());
        (apart(largest + self.mean(), largest) != 0.0).then(|| self.variance().sqrt() / self.mean())
    }
}

/// The 10th, 25th, 50th, 75th and 90th percentile, linear between neighbours.
fn percentiles(counted: &Counted, n: u64) -> [f64; 5] {
    let mut rest = counted.iter().peekable();
    let (mut value, mut behind) = (0.0, 0);
    // Ranks rise: one walk does.
    [10, 25, 50, 75, 90].map(|percent| {
        let place = (n - 1) * percent;
        let rank = place / 100;
        while behind <= rank {
            let Some((v, count)) = rest.next() else { break };
            (value, behind) = (v, behind + count);
        }
        let part = (place % 100) as f64 / 100.0;
        let high = if rank + 1 < behind { value } else { rest.peek().map_or(value, |next| next.0) };
        value + (high - value) * part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        let spread = |list: &[(f64, u64)]| Spread::of(&Counted::of_list(list.to_vec()));
        let s = spread(&[(1.0, 1), (2.0, 1), (4.0, 1), (8.0, 1)]).unwrap();
        assert_eq!(s.percentiles(), [1.3, 1.75, 3.0, 5.0, 6.8]);
        let twice = spread(&[(1.0, 3), (5.0, 3)]).unwrap();
        assert_eq!(twice.percentiles(), [1.0, 1.0, 3.0, 5.0, 5.0]);
        assert_eq!((twice.mean(), twice.variance(), twice.skewness()), (3.0, 4.0, Some(0.0)));
        assert_eq!(twice.excess_kurtosis(), Some(-2.0));
    }

    #[test]
    fn sums_that_are_rounded_are_no_spread_and_no_mean() {
        // 0.1 added up and divided is not 0.1, and tenths that cancel leave 5e-17.
        let flat = Spread::of(&Counted::of_list(vec![(0.1, 3), (0.1, 3)])).unwrap();
        assert_eq!((flat.variance(), flat.mean_deviation(), flat.variation()), (0.0, 0.0, Some(0.0)));
        let none = Spread::of(&Counted::of_list(vec![(-0.3, 1), (0.1, 1), (0.2, 1)])).unwrap();
        assert!(none.mean() != 0.0 && none.variation().is_none());
        let few = Spread::of(&Counted::of_list(vec![(-0.3, 1), (0.1, 1), (0.2 + 1e-6, 1)])).unwrap();
        assert!(few.variation().is_some());
        let quartiles = Spread::of(&Counted::of_list(vec![(-0.3, 2), (0.1 + 0.2, 2)])).unwrap();
        assert_eq!(quartiles.quartile_dispersion(), None);
    }

    #[test]
    fn flat_numbers_have_no_form() {
        let s = Spread::of(&Counted::of_list(vec![(0.0, 4)])).unwrap();
        assert_eq!(
            (s.skewness(), s.excess_kurtosis(), s.variation(), s.quartile_dispersion()),
            (None, None, None, None)
        );
        assert!(Spread::of(&Counted::of_list(vec![])).is_none());
    }
}
