//! Grey level co-occurrence (IBSI:LFYI): how often two levels lie at a distance from each other.
//!
//! Counting is exact. What the features need of a matrix is exact as well: its sums over rows, over pairs of one sum of
//! levels and over pairs of one difference, from which all but the joint maximum, energy and entropy follow.

use super::aggregation::{Aggregation, Norm, Step, directions};
use super::average;
pub use super::glcm_features::{FEATURES, Facts};
use super::glcm_matrix::{Matrix, count, has_pair};
use super::levels::Levels;
use super::weights::{Weighting, whole};
use crate::measure::Feature;
use std::ops::Range;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Distance of the voxels of a pair.
    pub distance: usize,
    /// How it is told.
    pub norm: Norm,
    /// Count each pair both ways, as the standard does.
    pub symmetric: bool,
    /// Directions weigh less the longer they are, with the distances of voxel centres.
    pub weighting: Option<(Weighting, [f64; 3])>,
}

impl Default for Choice {
    fn default() -> Self {
        Choice { distance: 1, norm: Norm::Chebyshev, symmetric: true, weighting: None }
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
            move |(_, steps)| {
                let steps = weighted(levels, &rows, steps, choice);
                Facts::of(levels, count(levels, &rows, &steps, choice.symmetric))
            }
        })
    });
    average(features, facts)
}

/// The values from matrices that a device has counted one way, one after the other, each with a row and a column for rank 0.
pub(super) fn of_counts(levels: &Levels, symmetric: bool, counts: &[u32]) -> Vec<Option<f64>> {
    let width = levels.ranks() + 1;
    let matrix = |counts: &[u32]| Matrix::dense(width, counts.iter().map(|n| u64::from(*n)).collect(), symmetric);
    average(FEATURES, counts.chunks(width * width).map(|counts| Facts::of(levels, matrix(counts))))
}

/// Steps with their weights: those of the directions that join voxels at all, the shortest of which weighs most.
fn weighted(levels: &Levels, rows: &[Range<usize>], steps: &[Step], choice: Choice) -> Vec<(Step, u64)> {
    let Some((weighting, spacing)) = choice.weighting else { return steps.iter().map(|step| (*step, 1)).collect() };
    let steps: Vec<Step> = steps.iter().copied().filter(|step| has_pair(levels, rows, *step)).collect();
    let pairs = 2 * steps.len() * rows.iter().map(ExactSizeIterator::len).sum::<usize>();
    let weights = whole(&weighting.squares(&steps, spacing), pairs, levels.highest());
    steps.into_iter().zip(weights).collect()
}
