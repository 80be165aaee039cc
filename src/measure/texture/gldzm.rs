//! Grey level distance zones (IBSI:VMDZ): how far voxels of one level that hang together are from the edge of the shape.
//!
//! The distance of a zone is that of its nearest voxel, in steps over faces of voxels; it is 1 at the edge.

use super::aggregation::Space;
use super::average;
use super::levels::Levels;
use super::region::Region;
use super::table::counted;
pub use super::table_facts::Facts;
use super::zones::{Zones, zoned};
use crate::measure::Feature;

/// The values of [`FEATURES`], from a region and its levels.
pub fn values(region: &Region, levels: &Levels, space: Space) -> Vec<Option<f64>> {
    of_zones(levels, &zoned(levels, Some(region), space))
}

/// The same from the zones, which have distances.
pub(super) fn of_zones(levels: &Levels, zoned: &[Zones]) -> Vec<Option<f64>> {
    average(FEATURES, zoned.iter().map(|zones| Facts::of(levels, &zones.distances)))
}

/// The features of distance zones.
pub const FEATURES: &[Feature<Facts>] = &[
    counted("gldzm_small_distance_emphasis", "IBSI:0GBI", "Mean of 1 / j^2 over zones at distance j", Facts::small),
    counted("gldzm_large_distance_emphasis", "IBSI:MB4I", "Mean of j^2 over zones at distance j", Facts::large),
    counted(
        "gldzm_low_grey_level_zone_emphasis",
        "IBSI:S1RA",
        "Mean of 1 / i^2 over zones of grey level i",
        Facts::low,
    ),
    counted("gldzm_high_grey_level_zone_emphasis", "IBSI:K26C", "Mean of i^2 over zones of grey level i", Facts::high),
    counted(
        "gldzm_small_distance_low_grey_level_emphasis",
        "IBSI:RUVG",
        "Mean of 1 / (i^2 j^2) over zones of grey level i at distance j",
        Facts::small_low,
    ),
    counted(
        "gldzm_small_distance_high_grey_level_emphasis",
        "IBSI:DKNJ",
        "Mean of i^2 / j^2 over zones of grey level i at distance j",
        Facts::small_high,
    ),
    counted(
        "gldzm_large_distance_low_grey_level_emphasis",
        "IBSI:A7WM",
        "Mean of j^2 / i^2 over zones of grey level i at distance j",
        Facts::large_low,
    ),
    counted(
        "gldzm_large_distance_high_grey_level_emphasis",
        "IBSI:KLTH",
        "Mean of i^2 j^2 over zones of grey level i at distance j",
        Facts::large_high,
    ),
    counted(
        "gldzm_grey_level_nonuniformity",
        "IBSI:VFT7",
        "Sum of the squares of the numbers of zones of each grey level, over the number of all zones",
        Facts::level_nonuniformity,
    ),
    counted(
        "gldzm_normalised_grey_level_nonuniformity",
        "IBSI:7HP3",
        "Sum of the squares of the shares of each grey level in all zones",
        Facts::normalised_level_nonuniformity,
    ),
    counted(
        "gldzm_zone_distance_nonuniformity",
        "IBSI:V294",
        "Sum of the squares of the numbers of zones at each distance, over the number of all zones",
        Facts::number_nonuniformity,
    ),
    counted(
        "gldzm_normalised_zone_distance_nonuniformity",
        "IBSI:IATH",
        "Sum of the squares of the shares of each distance in all zones",
        Facts::normalised_number_nonuniformity,
    ),
    counted("gldzm_zone_percentage", "IBSI:VIWW", "Zones over voxels", Facts::percentage),
    counted("gldzm_grey_level_variance", "IBSI:QK93", "Variance of the grey level over zones", Facts::level_variance),
    counted("gldzm_zone_distance_variance", "IBSI:7WT1", "Variance of the distance over zones", Facts::number_variance),
    counted(
        "gldzm_zone_distance_entropy",
        "IBSI:GBDU",
        "Entropy of grey level and distance of the zones, in bits",
        Facts::entropy,
    ),
];
