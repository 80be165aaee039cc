//! The intensity histogram (IBSI:ZVCW): statistics of grey levels, and the form of their histogram.

use super::counted::Counted;
use super::entropy;
use super::levels::Levels;
use super::spread::Spread;
use super::{NO_VOXEL, average, plain};
use crate::measure::Feature;

/// The values of [`FEATURES`].
pub fn values(levels: &Levels) -> Vec<Option<f64>> {
    some(FEATURES, levels)
}

/// The same of some of them.
pub(super) fn some(features: &[Feature<Facts>], levels: &Levels) -> Vec<Option<f64>> {
    let counted = Counted::of_list(levels.histogram().map(|(level, n)| (f64::from(level), n)).collect());
    average(features, std::iter::once(Facts::of(counted)))
}

/// What the features of the histogram are computed from: levels and their voxels.
#[derive(Clone, Debug)]
pub struct Facts {
    counted: Counted,
    spread: Spread,
}

impl Facts {
    /// Of levels that are counted; nothing without any.
    pub(super) fn of(counted: Counted) -> Option<Self> {
        Some(Facts { spread: Spread::of(&counted)?, counted })
    }

    /// The most frequent level: of several, the one nearest to the mean, and the lower one of two that are as near.
    fn mode(&self) -> Option<f64> {
        let most = self.counted.iter().map(|c| c.1).max()?;
        let near = |level: f64| (level - self.spread.mean()).abs();
        let modes = self.counted.iter().filter(|(_, n)| *n == most).map(|c| c.0);
        modes.reduce(|a, b| if near(b) < near(a) { b } else { a })
    }

    fn entropy(&self) -> Option<f64> {
        entropy::bits(self.counted.iter().map(|c| c.1))
    }

    fn uniformity(&self) -> f64 {
        let squares: u128 = self.counted.iter().map(|(_, n)| u128::from(n) * u128::from(n)).sum();
        squares as f64 / self.spread.n / self.spread.n
    }

    /// Largest and smallest gradient, each with its level; nothing with one level in the histogram.
    fn steepest(&self) -> Option<[(f64, f64); 2]> {
        steepest(&self.counted)
    }
}

/// Gradients of the counts of levels 1 to the highest: half the difference of the neighbours, at the ends the difference
/// to the only one. The first level among equal ones.
fn steepest(counted: &Counted) -> Option<[(f64, f64); 2]> {
    let [_, highest] = counted.ends()?;
    let mut counts = vec![0i64; highest as usize];
    counted.iter().for_each(|(level, n)| counts[level as usize - 1] = n as i64);
    let last = counts.len().checked_sub(1).filter(|l| *l > 0)?;
    let doubled = (0..=last).map(|k| match k {
        0 => 2 * (counts[1] - counts[0]),
        k if k == last => 2 * (counts[k] - counts[k - 1]),
        k => counts[k + 1] - counts[k - 1],
    });
    let (mut up, mut down) = ((i64::MIN, 0), (i64::MAX, 0));
    for (k, gradient) in doubled.enumerate() {
        if gradient > up.0 {
            up = (gradient, k + 1);
        }
        if gradient < down.0 {
            down = (gradient, k + 1);
        }
    }
    Some([up, down].map(|(gradient, level)| (gradient as f64 / 2.0, level as f64)))
}

const FLAT: &str = "all voxels have one grey level, or there are none";
const SHORT: &str = "the histogram has one grey level, or none";

const fn level(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_VOXEL, get)
}

/// The features of the histogram of grey levels.
pub const FEATURES: &[Feature<Facts>] = &[
    level("ih_mean", "IBSI:X6K6", "Mean grey level", |f| Some(f.spread.mean())),
    level("ih_variance", "IBSI:CH89", "Variance of the grey level, divided by n", |f| Some(f.spread.variance())),
    plain("ih_skewness", "IBSI:88K1", "Skewness of the grey level", FLAT, |f| f.spread.skewness()),
    plain("ih_excess_kurtosis", "IBSI:C3I7", "Kurtosis of the grey level less 3", FLAT, |f| f.spread.excess_kurtosis()),
    level("ih_median", "IBSI:WIFQ", "Median grey level", |f| Some(f.spread.median())),
    level("ih_minimum", "IBSI:1PR8", "Lowest grey level", |f| Some(f.spread.minimum)),
    level("ih_percentile_10", "IBSI:GPMT", "10th percentile of the grey level", |f| Some(f.spread.percentile_10())),
    level("ih_percentile_90", "IBSI:OZ0C", "90th percentile of the grey level", |f| Some(f.spread.percentile_90())),
    level("ih_maximum", "IBSI:3NCY", "Highest grey level", |f| Some(f.spread.maximum)),
    level("ih_mode", "IBSI:AMMC", "Most frequent grey level; of several, the one nearest to the mean", |f| f.mode()),
    level("ih_interquartile_range", "IBSI:WR0O", "75th less 25th percentile of the grey level", |f| {
        Some(f.spread.interquartile_range())
    }),
    level("ih_range", "IBSI:5Z3W", "Highest less lowest grey level", |f| Some(f.spread.maximum - f.spread.minimum)),
    level("ih_mean_absolute_deviation", "IBSI:D2ZX", "Mean distance of the grey level from its mean", |f| {
        Some(f.spread.mean_deviation())
    }),
    level(
        "ih_robust_mean_absolute_deviation",
        "IBSI:WRZB",
        "Mean distance from their mean of the grey levels from the 10th to the 90th percentile",
        |f| Some(f.spread.robust_deviation()),
    ),
    level("ih_median_absolute_deviation", "IBSI:4RNL", "Mean distance of the grey level from its median", |f| {
        Some(f.spread.median_deviation())
    }),
    level("ih_coefficient_of_variation", "IBSI:CWYJ", "Standard deviation of the grey level over its mean", |f| {
        f.spread.variation()
    }),
    level(
        "ih_quartile_coefficient_of_dispersion",
        "IBSI:SLWD",
        "75th less 25th percentile of the grey level, over their sum",
        |f| f.spread.quartile_dispersion(),
    ),
    level("ih_entropy", "IBSI:TLU2", "Entropy of the grey levels, in bits", |f| f.entropy()),
    level("ih_uniformity", "IBSI:BJ5W", "Sum of the squares of the shares of the grey levels", |f| {
        Some(f.uniformity())
    }),
    plain(
        "ih_maximum_histogram_gradient",
        "IBSI:12CE",
        "Largest gradient of the counts from grey level 1 to the highest",
        SHORT,
        |f| f.steepest().map(|s| s[0].0),
    ),
    plain(
        "ih_maximum_histogram_gradient_intensity",
        "IBSI:8E6O",
        "Grey level of the largest gradient of the counts",
        SHORT,
        |f| f.steepest().map(|s| s[0].1),
    ),
    plain(
        "ih_minimum_histogram_gradient",
        "IBSI:VQB3",
        "Smallest gradient of the counts from grey level 1 to the highest",
        SHORT,
        |f| f.steepest().map(|s| s[1].0),
    ),
    plain(
        "ih_minimum_histogram_gradient_intensity",
        "IBSI:RHQZ",
        "Grey level of the smallest gradient of the counts",
        SHORT,
        |f| f.steepest().map(|s| s[1].1),
    ),
];
