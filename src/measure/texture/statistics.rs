//! Statistics of intensities (IBSI:UHIW), without any bins.

use super::counted::Counted;
use super::region::Region;
pub use super::spread::Spread;
use super::{NO_VOXEL, SQUARED, average, plain};
use crate::measure::{CHANNEL_UNIT, Feature};

/// The values of [`FEATURES`].
pub fn values(region: &Region) -> Vec<Option<f64>> {
    of_counted(FEATURES, &Counted::of(region))
}

/// Some of them, from the intensities of the region.
pub(super) fn of_counted(features: &[Feature<Spread>], counted: &Counted) -> Vec<Option<f64>> {
    average(features, std::iter::once(Spread::of(counted)))
}

const FLAT: &str = "all intensities are the same, or there are none";
const ZERO_MEAN: &str = "the mean intensity is 0, or there is none";
const ZERO_QUARTILES: &str = "the sum of the quartiles is 0, or there are none";

const fn intensity(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Spread) -> Option<f64>,
) -> Feature<Spread> {
    Feature { unit: CHANNEL_UNIT, ..plain(name, standard, definition, NO_VOXEL, get) }
}

/// The statistics of intensities.
pub const FEATURES: &[Feature<Spread>] = &[
    intensity("stat_mean", "IBSI:Q4LE", "Mean intensity", |s| Some(s.mean())),
    Feature {
        unit: SQUARED,
        ..intensity("stat_variance", "IBSI:ECT3", "Variance of the intensity, divided by n", |s| Some(s.variance()))
    },
    plain("stat_skewness", "IBSI:KE2A", "Skewness of the intensity", FLAT, Spread::skewness),
    plain("stat_excess_kurtosis", "IBSI:IPH6", "Kurtosis of the intensity less 3", FLAT, Spread::excess_kurtosis),
    intensity("stat_median", "IBSI:Y12H", "Median intensity", |s| Some(s.median())),
    intensity("stat_minimum", "IBSI:1GSF", "Lowest intensity", |s| Some(s.minimum)),
    intensity("stat_percentile_10", "IBSI:QG58", "10th percentile of the intensity", |s| Some(s.percentile_10())),
    intensity("stat_percentile_90", "IBSI:8DWT", "90th percentile of the intensity", |s| Some(s.percentile_90())),
    intensity("stat_maximum", "IBSI:84IY", "Highest intensity", |s| Some(s.maximum)),
    intensity("stat_interquartile_range", "IBSI:SALO", "75th less 25th percentile of the intensity", |s| {
        Some(s.interquartile_range())
    }),
    intensity("stat_range", "IBSI:2OJQ", "Highest less lowest intensity", |s| Some(s.maximum - s.minimum)),
    intensity("stat_mean_absolute_deviation", "IBSI:4FUA", "Mean distance of the intensity from its mean", |s| {
        Some(s.mean_deviation())
    }),
    intensity(
        "stat_robust_mean_absolute_deviation",
        "IBSI:1128",
        "Mean distance from their mean of the intensities from the 10th to the 90th percentile",
        |s| Some(s.robust_deviation()),
    ),
    intensity("stat_median_absolute_deviation", "IBSI:N72L", "Mean distance of the intensity from its median", |s| {
        Some(s.median_deviation())
    }),
    plain(
        "stat_coefficient_of_variation",
        "IBSI:7TET",
        "Standard deviation of the intensity over its mean",
        ZERO_MEAN,
        Spread::variation,
    ),
    plain(
        "stat_quartile_coefficient_of_dispersion",
        "IBSI:9S40",
        "75th less 25th percentile of the intensity, over their sum",
        ZERO_QUARTILES,
        Spread::quartile_dispersion,
    ),
    Feature {
        unit: SQUARED,
        ..intensity("stat_energy", "IBSI:N8CA", "Sum of the squares of the intensities", |s| Some(s.energy()))
    },
    intensity("stat_root_mean_square", "IBSI:5ZWQ", "Root of the mean square of the intensity", |s| {
        Some((s.energy() / s.n).sqrt())
    }),
];
