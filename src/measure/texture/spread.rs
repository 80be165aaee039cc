//! How numbers are spread: what the statistics of intensities and those of grey levels are computed from.

use super::region::{Intensities, Region};
use crate::image::Scale;
use crate::measure::order;

/// Numbers, rising, and how often each occurs.
pub(super) type Counted = Vec<(f64, u64)>;

/// The intensities of a region.
pub(super) fn counted(region: &Region) -> Counted {
    match &region.intensities {
        Intensities::Samples(samples, scale) => {
            if let Some(counted) = few(region, samples, *scale) {
                return counted;
            }
            let sorted = order::sorted(&region.measured().map(|i| samples[i]).collect::<Vec<_>>());
            let equal = sorted.chunk_by(|a, b| a == b);
            equal.map(|same| (scale.value(f64::from(same[0])), same.len() as u64)).collect()
        }
        Intensities::Real(_) => {
            let mut values: Vec<f64> = region.values().collect();
            values.sort_unstable_by(f64::total_cmp);
            values.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect()
        }
    }
}

/// The samples of a region by counting, where they span little beside their number.
fn few(region: &Region, samples: &[i32], scale: Scale) -> Option<Counted> {
    let [low, high] = region.samples_span()?;
    let (n, span) = (region.count(), high.abs_diff(low) as usize + 1);
    if span > n {
        return None;
    }
    let mut counts = vec![0u32; span];
    let runs = region.measured_ranges().flat_map(|run| &samples[run]);
    runs.for_each(|s| counts[s.abs_diff(low) as usize] += 1);
    let occurring = (i64::from(low)..).zip(counts).filter(|(_, n)| *n > 0);
    Some(occurring.map(|(sample, n)| (scale.value(sample as f64), n.into())).collect())
}

/// Moments and percentiles of numbers that are counted; at least one.
#[derive(Clone, Debug)]
pub struct Spread {
    /// How many.
    pub(super) n: f64,
    pub(super) mean: f64,
    /// Second, third and fourth central moment.
    central: [f64; 3],
    pub(super) minimum: f64,
    pub(super) maximum: f64,
    /// The 10th, 25th, 50th, 75th and 90th percentile.
    percentiles: [f64; 5],
    pub(super) mean_deviation: f64,
    pub(super) median_deviation: f64,
    /// Of the numbers from the 10th to the 90th percentile.
    pub(super) robust_deviation: f64,
    /// Sum of the squares.
    pub(super) energy: f64,
}

impl Spread {
    /// Of numbers that are counted; nothing without any.
    pub(super) fn of(counted: &[(f64, u64)]) -> Option<Self> {
        let (minimum, maximum) = (counted.first()?.0, counted.last()?.0);
        let whole: u64 = counted.iter().map(|(_, n)| n).sum();
        let n = whole as f64;
        let sum = |f: &dyn Fn(f64) -> f64| counted.iter().map(|&(v, count)| f(v) * count as f64).sum::<f64>();
        let mean = sum(&|v| v) / n;
        let square = |v: f64| (v - mean) * (v - mean);
        let percentiles = percentiles(counted, whole);
        let [low, _, median, _, high] = percentiles;
        let within = || counted.iter().filter(|(v, _)| (low..=high).contains(v));
        let few = within().map(|(_, n)| n).sum::<u64>() as f64;
        let few_mean = within().map(|&(v, n)| v * n as f64).sum::<f64>() / few;
        Some(Spread {
            n,
            mean,
            central: [sum(&square) / n, sum(&|v| square(v) * (v - mean)) / n, sum(&|v| square(v) * square(v)) / n],
            minimum,
            maximum,
            percentiles,
            mean_deviation: sum(&|v| (v - mean).abs()) / n,
            median_deviation: sum(&|v| (v - median).abs()) / n,
            robust_deviation: within().map(|&(v, n)| (v - few_mean).abs() * n as f64).sum::<f64>() / few,
            energy: sum(&|v| v * v),
        })
    }

    pub(super) fn variance(&self) -> f64 {
        self.central[0]
    }
    pub(super) fn skewness(&self) -> Option<f64> {
        let [second, third, _] = self.central;
        (self.minimum < self.maximum).then(|| third / (second * second.sqrt()))
    }
    /// 0 for a normal distribution.
    pub(super) fn excess_kurtosis(&self) -> Option<f64> {
        let [second, _, fourth] = self.central;
        (self.minimum < self.maximum).then(|| fourth / (second * second) - 3.0)
    }
    pub(super) fn median(&self) -> f64 {
        self.percentiles[2]
    }
    pub(super) fn percentile_10(&self) -> f64 {
        self.percentiles[0]
    }
    pub(super) fn percentile_90(&self) -> f64 {
        self.percentiles[4]
    }
    pub(super) fn interquartile_range(&self) -> f64 {
        self.percentiles[3] - self.percentiles[1]
    }
    /// Nothing where the sum of the quartiles is 0.
    pub(super) fn quartile_dispersion(&self) -> Option<f64> {
        let sum = self.percentiles[3] + self.percentiles[1];
        (sum != 0.0).then(|| self.interquartile_range() / sum)
    }
    /// Nothing where the mean is 0.
    pub(super) fn variation(&self) -> Option<f64> {
        (self.mean != 0.0).then(|| self.variance().sqrt() / self.mean)
    }
}

/// The 10th, 25th, 50th, 75th and 90th percentile, linear between neighbours.
fn percentiles(counted: &[(f64, u64)], n: u64) -> [f64; 5] {
    let mut rest = counted.iter();
    let (mut value, mut behind) = (0.0, 0);
    // Ranks rise: one walk does.
    let mut at = |rank: u64| {
        while behind <= rank {
            let Some(&(v, count)) = rest.next() else { break };
            (value, behind) = (v, behind + count);
        }
        (value, behind)
    };
    [10, 25, 50, 75, 90].map(|percent| {
        let place = (n - 1) * percent;
        let (low, behind) = at(place / 100);
        let part = (place % 100) as f64 / 100.0;
        // The next number is looked up without a step of the walk.
        let next = counted.partition_point(|(v, _)| *v <= low);
        let high = if place / 100 + 1 < behind { low } else { counted.get(next).map_or(low, |c| c.0) };
        low + (high - low) * part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        let list: Vec<(f64, u64)> = [(1.0, 1), (2.0, 1), (4.0, 1), (8.0, 1)].into();
        let s = Spread::of(&list).unwrap();
        assert_eq!(s.percentiles, [1.3, 1.75, 3.0, 5.0, 6.8]);
        let twice = Spread::of(&[(1.0, 3), (5.0, 3)]).unwrap();
        assert_eq!(twice.percentiles, [1.0, 1.0, 3.0, 5.0, 5.0]);
        assert_eq!((twice.mean, twice.variance(), twice.skewness()), (3.0, 4.0, Some(0.0)));
        assert_eq!(twice.excess_kurtosis(), Some(-2.0));
    }

    #[test]
    fn flat_numbers_have_no_form() {
        let s = Spread::of(&[(0.0, 4)]).unwrap();
        assert_eq!(
            (s.skewness(), s.excess_kurtosis(), s.variation(), s.quartile_dispersion()),
            (None, None, None, None)
        );
        assert!(Spread::of(&[]).is_none());
    }
}
