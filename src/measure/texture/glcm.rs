//! Grey level co-occurrence (IBSI:LFYI): how often two levels lie at a distance from each other.
//!
//! Counting is exact. What the features need of a matrix is exact as well: its sums over rows, over pairs of one sum of
//! levels and over pairs of one difference, from which all but the joint maximum, energy and entropy follow.

use super::aggregation::{Aggregation, Norm, directions};
use super::average;
pub use super::glcm_features::{FEATURES, Facts};
use super::glcm_matrix::count;
use super::levels::Levels;
use crate::measure::Feature;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Distance of the voxels of a pair.
    pub distance: usize,
    /// How it is told.
    pub norm: Norm,
    /// Count each pair both ways, as the standard does.
    pub symmetric: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Choice { distance: 1, norm: Norm::Chebyshev, symmetric: true }
    }
}

/// The values of [`FEATURES`].
pub fn values(levels: &Levels, choice: Choice, aggregation: Aggregation) -> Vec<Option<f64>> {
    some(FEATURES, levels, choice, aggregation)
}

/// The same of some of them.
pub(super) fn some(
    features: &[Feature<Facts>],
    levels: &Levels,
    choice: Choice,
    aggregation: Aggregation,
) -> Vec<Option<f64>> {
    let levels = levels.framed(choice.distance);
    let steps = directions(choice.distance, choice.norm, aggregation.is_flat());
    let groups = aggregation.groups(levels.slices(), &steps);
    // Directions of the same slices follow each other.
    let facts = groups.chunk_by(|a, b| a.0 == b.0).flat_map(|same| {
        let rows = levels.rows(&same[0].0);
        same.iter().map({
            let levels = &levels;
            move |(_, steps)| Facts::of(levels, &count(levels, &rows, steps, choice.symmetric))
        })
    });
    average(features, facts)
}
