//! Grey level size zones (IBSI:9SAK): how many voxels of one level hang together.

use super::aggregation::Space;
use super::average;
use super::levels::Levels;
use super::table::counted;
pub use super::table_facts::Facts;
use super::zones::{Zones, zoned};
use crate::measure::Feature;

/// The values of [`FEATURES`].
pub fn values(levels: &Levels, space: Space) -> Vec<Option<f64>> {
    of_zones(FEATURES, levels, &zoned(levels, None, space))
}

/// Some of them, from the zones.
pub(super) fn of_zones(features: &[Feature<Facts>], levels: &Levels, zoned: &[Zones]) -> Vec<Option<f64>> {
    average(features, zoned.iter().map(|zones| Facts::of(levels, &zones.sizes)))
}

/// The features of size zones.
pub const FEATURES: &[Feature<Facts>] = &[
    counted("glszm_small_zone_emphasis", "IBSI:5QRC", "Mean of 1 / j^2 over zones of j voxels", Facts::small),
    counted("glszm_large_zone_emphasis", "IBSI:48P8", "Mean of j^2 over zones of j voxels", Facts::large),
    counted(
        "glszm_low_grey_level_zone_emphasis",
        "IBSI:XMSY",
        "Mean of 1 / i^2 over zones of grey level i",
        Facts::low,
    ),
    counted("glszm_high_grey_level_zone_emphasis", "IBSI:5GN9", "Mean of i^2 over zones of grey level i", Facts::high),
    counted(
        "glszm_small_zone_low_grey_level_emphasis",
        "IBSI:5RAI",
        "Mean of 1 / (i^2 j^2) over zones of grey level i and j voxels",
        Facts::small_low,
    ),
    counted(
        "glszm_small_zone_high_grey_level_emphasis",
        "IBSI:HW1V",
        "Mean of i^2 / j^2 over zones of grey level i and j voxels",
        Facts::small_high,
    ),
    counted(
        "glszm_large_zone_low_grey_level_emphasis",
        "IBSI:YH51",
        "Mean of j^2 / i^2 over zones of grey level i and j voxels",
        Facts::large_low,
    ),
    counted(
        "glszm_large_zone_high_grey_level_emphasis",
        "IBSI:J17V",
        "Mean of i^2 j^2 over zones of grey level i and j voxels",
        Facts::large_high,
    ),
    counted(
        "glszm_grey_level_nonuniformity",
        "IBSI:JNSA",
        "Sum of the squares of the numbers of zones of each grey level, over the number of all zones",
        Facts::level_nonuniformity,
    ),
    counted(
        "glszm_normalised_grey_level_nonuniformity",
        "IBSI:Y1RO",
        "Sum of the squares of the shares of each grey level in all zones",
        Facts::normalised_level_nonuniformity,
    ),
    counted(
        "glszm_zone_size_nonuniformity",
        "IBSI:4JP3",
        "Sum of the squares of the numbers of zones of each size, over the number of all zones",
        Facts::number_nonuniformity,
    ),
    counted(
        "glszm_normalised_zone_size_nonuniformity",
        "IBSI:VB3A",
        "Sum of the squares of the shares of each size in all zones",
        Facts::normalised_number_nonuniformity,
    ),
    counted("glszm_zone_percentage", "IBSI:P30P", "Zones over voxels", Facts::percentage),
    counted("glszm_grey_level_variance", "IBSI:BYLV", "Variance of the grey level over zones", Facts::level_variance),
    counted("glszm_zone_size_variance", "IBSI:3NSA", "Variance of the size over zones", Facts::number_variance),
    counted(
        "glszm_zone_size_entropy",
        "IBSI:GU8N",
        "Entropy of grey level and size of the zones, in bits",
        Facts::entropy,
    ),
];
