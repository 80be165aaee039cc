//! Grey level co-occurrence (IBSI:LFYI): how often two levels lie at a distance from each other.
//!
//! Counting is exact. What the features need of a matrix is exact as well: its sums over rows, over pairs of one sum of
//! levels and over pairs of one difference, from which all but the joint maximum, energy and entropy follow.

use super::aggregation::{self, Aggregation, Group, Norm, Step, directions};
pub use super::glcm_features::{FEATURES, Facts};
use super::glcm_matrix::{Matrix, count, has_pair};
use super::levels::Levels;
use super::weights::{Weighting, whole};
use super::{Instead, Means};
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
    means(Means::of(features), levels, choice, aggregation)
}

/// The values of [`FEATURES`], with others in the place of those that a matrix cannot have.
pub(super) fn values_instead(
    levels: &Levels,
    choice: Choice,
    aggregation: Aggregation,
    instead: Instead,
) -> Vec<Option<f64>> {
    means(Means { instead, ..Means::of(FEATURES) }, levels, choice, aggregation)
}

fn means(mut means: Means<Facts>, levels: &Levels, choice: Choice, aggregation: Aggregation) -> Vec<Option<f64>> {
    let levels = levels.framed(choice.distance);
    each_slices(&levels, choice, aggregation, |rows, groups| {
        for (_, steps) in groups {
            let steps = weighted(&levels, rows, steps, choice);
            means.add(Facts::of(&levels, &count(&levels, rows, &steps, choice.symmetric)));
        }
    });
    means.values()
}

/// The values in several ways, one after the other.
pub(super) fn of_ways(levels: &Levels, choice: Choice, ways: &[Aggregation]) -> Vec<Option<f64>> {
    let one = |way: &Aggregation| values(levels, choice, *way);
    match choice.weighting {
        // What a direction weighs depends on those that are counted with it.
        Some(_) => ways.iter().flat_map(one).collect(),
        None => aggregation::of_ways(ways, |way| one(&way), |way| both(levels, choice, way)),
    }
}

/// The values averaged over directions, and those of all of them in one matrix, which is the sum of theirs.
fn both(levels: &Levels, choice: Choice, averaged: Aggregation) -> [Vec<Option<f64>>; 2] {
    let levels = levels.framed(choice.distance);
    let (mut means, mut merged) = (Means::of(FEATURES), Means::of(FEATURES));
    each_slices(&levels, choice, averaged, |rows, groups| {
        let (mut matrix, mut all) = (Matrix::none(&levels), Matrix::none(&levels));
        for (_, steps) in groups {
            matrix.count(&levels, rows, &weighted(&levels, rows, steps, choice), choice.symmetric);
            means.add(Facts::of(&levels, &matrix));
            all.add(&matrix);
            matrix.clear();
        }
        merged.add(Facts::of(&levels, &all));
    });
    [means.values(), merged.values()]
}

/// Calls `f` with where voxels follow each other in slices that are counted together, and with the directions of each of their matrices.
fn each_slices(levels: &Levels, choice: Choice, way: Aggregation, mut f: impl FnMut(&[Range<usize>], &[Group])) {
    let steps = directions(choice.distance, choice.norm, way.is_flat());
    let groups = way.groups(levels.slices(), &steps);
    // Directions of the same slices follow each other.
    groups.chunk_by(|a, b| a.0 == b.0).for_each(|same| f(&levels.rows(&same[0].0), same));
}

/// The values from matrices that a device has counted one way, one after the other, each with a row and a column for rank 0.
pub(super) fn of_counts(levels: &Levels, symmetric: bool, counts: &[u32], instead: Instead) -> Vec<Option<f64>> {
    let width = levels.ranks() + 1;
    let matrix = |counts: &[u32]| Matrix::dense(width, counts.iter().map(|n| u64::from(*n)).collect(), symmetric);
    let mut means = Means { instead, ..Means::of(FEATURES) };
    counts.chunks(width * width).for_each(|counts| means.add(Facts::of(levels, &matrix(counts))));
    means.values()
}

/// Steps with their weights: those of the directions that join voxels at all, the shortest of which weighs most.
fn weighted(levels: &Levels, rows: &[Range<usize>], steps: &[Step], choice: Choice) -> Vec<(Step, u64)> {
    let Some((weighting, spacing)) = choice.weighting else { return steps.iter().map(|step| (*step, 1)).collect() };
    let steps: Vec<Step> = steps.iter().copied().filter(|step| has_pair(levels, rows, *step)).collect();
    let pairs = 2 * steps.len() * rows.iter().map(ExactSizeIterator::len).sum::<usize>();
    let weights = whole(&weighting.squares(&steps, spacing), pairs, levels.highest());
    steps.into_iter().zip(weights).collect()
}
