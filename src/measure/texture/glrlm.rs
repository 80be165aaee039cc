//! Grey level runs (IBSI:TP0I): how many voxels of one level follow each other in a direction.

use super::aggregation::{self, Aggregation, Norm, Step, directions};
use super::glcm_matrix::has_pair;
use super::levels::Levels;
use super::table::{Table, counted};
pub use super::table_facts::Facts;
use super::weights::{Weighting, whole};
use super::{Means, average};
use crate::measure::Feature;
use crate::simd::wide;
use std::collections::HashSet;
use std::ops::Range;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Choice {
    /// Runs weigh less the farther the voxels of their direction are from each other, with the distances of voxel centres.
    pub weighting: Option<(Weighting, [f64; 3])>,
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
    let steps = directions(1, Norm::Chebyshev, aggregation.is_flat());
    of_steps(features, levels, &steps, choice, aggregation)
}

/// The values of [`FEATURES`] from those directions alone along which two voxels lie on one line, with or without others between them,
/// if there are some: as PyRadiomics takes them. Nothing where these are all of them.
pub(super) fn values_along_lines(levels: &Levels, aggregation: Aggregation) -> Option<Vec<Option<f64>>> {
    let all = directions(1, Norm::Chebyshev, aggregation.is_flat());
    let steps: Vec<Step> = all.iter().copied().filter(|step| has_line(levels, *step)).collect();
    let is_some = !steps.is_empty() && steps.len() < all.len();
    is_some.then(|| of_steps(FEATURES, levels, &steps, Choice::default(), aggregation))
}

/// Two voxels lie on one line along a step.
fn has_line(levels: &Levels, step: Step) -> bool {
    if has_pair(levels, &levels.rows(&levels.slices()), step) {
        return true;
    }
    let along = step.iter().position(|s| *s != 0).unwrap_or(0);
    let mut lines = HashSet::new();
    levels.voxels().any(|place| {
        // Where the line of the voxel meets the first plane across it.
        let steps = place[along] as isize * step[along].signum();
        !lines.insert([0, 1, 2].map(|a| place[a] as isize - steps * step[a]))
    })
}

fn of_steps(
    features: &[Feature<Facts>],
    levels: &Levels,
    steps: &[Step],
    choice: Choice,
    aggregation: Aggregation,
) -> Vec<Option<f64>> {
    let groups = aggregation.groups(levels.slices(), steps);
    let facts = groups.iter().map(|(slices, steps)| {
        let (steps, one) = weighted(levels, slices, steps, choice);
        Some(Facts::of(levels, &count(levels, slices, &steps).table())?.where_one_is(one))
    });
    average(features, facts)
}

/// The values in several ways, one after the other.
pub(super) fn of_ways(levels: &Levels, choice: Choice, ways: &[Aggregation]) -> Vec<Option<f64>> {
    let one = |way: &Aggregation| values(levels, choice, *way);
    match choice.weighting {
        // What a direction weighs depends on those that are counted with it.
        Some(_) => ways.iter().flat_map(one).collect(),
        None => aggregation::of_ways(ways, |way| one(&way), |way| both(levels, way)),
    }
}

/// The values averaged over directions, and those of all of them in one matrix, which is the sum of theirs.
fn both(levels: &Levels, averaged: Aggregation) -> [Vec<Option<f64>>; 2] {
    let steps = directions(1, Norm::Chebyshev, averaged.is_flat());
    let groups = averaged.groups(levels.slices(), &steps);
    let (mut means, mut merged) = (Means::of(FEATURES), Means::of(FEATURES));
    for same in groups.chunk_by(|a, b| a.0 == b.0) {
        let mut all = Runs::none(levels);
        for (slices, steps) in same {
            let runs = count(levels, slices, &steps.iter().map(|step| (*step, 1)).collect::<Vec<_>>());
            means.add(Facts::of(levels, &runs.table()));
            all.add(&runs);
        }
        merged.add(Facts::of(levels, &all.table()));
    }
    [means.values(), merged.values()]
}

/// Steps with their whole weights, and what a weight of 1 stands for.
fn weighted(levels: &Levels, slices: &Range<usize>, steps: &[Step], choice: Choice) -> (Vec<(Step, u64)>, f64) {
    let Some((weighting, spacing)) = choice.weighting else {
        return (steps.iter().map(|step| (*step, 1)).collect(), 1.0);
    };
    let squares = weighting.squares(steps, spacing);
    let runs = levels.count(slices) as usize * steps.len();
    let weights = whole(&squares, runs, levels.highest().max(longest(levels) as u32));
    let nearest = squares.into_iter().fold(f64::INFINITY, f64::min);
    let most = weights.iter().copied().max().unwrap_or(1);
    (steps.iter().copied().zip(weights).collect(), libm::exp(-nearest) / most as f64)
}

/// No run has more voxels.
fn longest(levels: &Levels) -> usize {
    let (size, _) = levels.place();
    size.into_iter().max().unwrap_or(0)
}

/// The values from matrices that a device has counted, one after the other, of runs up to so many voxels.
pub(super) fn of_counts(levels: &Levels, longest: usize, counts: &[u32]) -> Vec<Option<f64>> {
    let facts = |counts: &[u32]| {
        let counts: Vec<u64> = counts.iter().map(|n| u64::from(*n)).collect();
        let voxels = counts.chunks(longest).flat_map(|row| (1..).zip(row)).map(|(length, n)| length * n).sum();
        Facts::of(levels, &Table::of_rows(&counts, longest, voxels))
    };
    average(FEATURES, counts.chunks((levels.ranks() + 1) * longest).map(facts))
}

/// Cells that are compared with those before them together, at most.
const BLOCK: usize = 1 << 10;
/// Fewer are not worth a call.
const LEAST: usize = 1 << 6;

wide! {
    /// 1 where two cells hold voxels of one level.
    fn compare(here: &[u16], before: &[u16], same: &mut [u8]) {
        for ((same, a), b) in same.iter_mut().zip(here).zip(before) {
            *same = u8::from(*a == *b && *a != 0);
        }
    }
}

/// A bit for each of 64 bytes that are 0 or 1: a product gathers those of eight in its highest byte.
fn bits_of(bytes: &[u8; 64]) -> u64 {
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let eights = bytes.as_chunks::<8>().0.iter().enumerate();
    eights.fold(0, |bits, (k, eight)| bits | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56 << (8 * k))
}

/// A matrix of runs.
struct Runs {
    /// By rank (0 included) and by length less 1.
    counts: Vec<u64>,
    width: usize,
    /// Voxels, as often as each was looked at.
    voxels: u64,
}

impl Runs {
    fn none(levels: &Levels) -> Self {
        let width = longest(levels) + 1;
        Runs { counts: vec![0; (levels.ranks() + 1) * width], width, voxels: 0 }
    }

    /// Adds those of other directions.
    fn add(&mut self, other: &Runs) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(n, other)| *n += other);
        self.voxels += other.voxels;
    }

    fn table(&self) -> Table {
        Table::of_rows(&self.counts, self.width, self.voxels)
    }
}

/// The matrix of runs, each as often as its step weighs. A voxel is so many along in its run; runs of a length are as many as voxels that are as many along,
/// less those that are one more. So no run has to be followed to its end, and only voxels that go on with a run are looked at.
fn count(levels: &Levels, slices: &Range<usize>, steps: &[(Step, u64)]) -> Runs {
    let (span, cells) = (levels.span(slices), levels.cells());
    // By rank and by the voxels that come before a voxel in its run, at first.
    let Runs { counts: mut along, width, .. } = Runs::none(levels);
    let block = span.len().next_power_of_two().clamp(LEAST, BLOCK);
    let mut same = vec![0u8; block];
    let mut recent: Vec<u32> = Vec::new();
    for &(step, weight) in steps.iter().filter(|(step, _)| levels.holds(*step)) {
        let offset = levels.offset(step).unsigned_abs();
        // As far back as the step goes, in a ring.
        recent.clear();
        recent.resize((offset + block).next_power_of_two(), 0);
        let mask = recent.len() - 1;
        for start in span.clone().step_by(block) {
            let here = &cells[start..(start + block).min(span.end)];
            compare(here, &cells[start - offset..], &mut same);
            same[here.len()..].fill(0);
            let behind = start - span.start;
            recent[behind & mask..][..block].fill(0);
            for (k, cells) in same.as_chunks::<64>().0.iter().enumerate() {
                let mut bits = bits_of(cells);
                while bits != 0 {
                    let x = 64 * k + bits.trailing_zeros() as usize;
                    let length = recent[(behind + x).wrapping_sub(offset) & mask] + 1;
                    recent[(behind + x) & mask] = length;
                    along[usize::from(here[x]) * width + length as usize] += weight;
                    bits &= bits - 1;
                }
            }
        }
    }
    let (mut voxels, each) = (0, steps.iter().map(|(_, weight)| weight).sum::<u64>());
    for &rank in cells[span].iter().filter(|rank| **rank != 0) {
        along[usize::from(rank) * width] += each;
        voxels += each;
    }
    for row in along.chunks_mut(width) {
        row[0] -= row[1..].iter().sum::<u64>();
        (1..row.len()).for_each(|k| row[k - 1] -= row[k]);
    }
    Runs { counts: along, width, voxels }
}

/// The features of runs.
pub const FEATURES: &[Feature<Facts>] = &[
    counted("glrlm_short_runs_emphasis", "IBSI:22OV", "Mean of 1 / j^2 over runs of length j", Facts::small),
    counted("glrlm_long_runs_emphasis", "IBSI:W4KF", "Mean of j^2 over runs of length j", Facts::large),
    counted("glrlm_low_grey_level_run_emphasis", "IBSI:V3SW", "Mean of 1 / i^2 over runs of grey level i", Facts::low),
    counted("glrlm_high_grey_level_run_emphasis", "IBSI:G3QZ", "Mean of i^2 over runs of grey level i", Facts::high),
    counted(
        "glrlm_short_run_low_grey_level_emphasis",
        "IBSI:HTZT",
        "Mean of 1 / (i^2 j^2) over runs of grey level i and length j",
        Facts::small_low,
    ),
    counted(
        "glrlm_short_run_high_grey_level_emphasis",
        "IBSI:GD3A",
        "Mean of i^2 / j^2 over runs of grey level i and length j",
        Facts::small_high,
    ),
    counted(
        "glrlm_long_run_low_grey_level_emphasis",
        "IBSI:IVPO",
        "Mean of j^2 / i^2 over runs of grey level i and length j",
        Facts::large_low,
    ),
    counted(
        "glrlm_long_run_high_grey_level_emphasis",
        "IBSI:3KUM",
        "Mean of i^2 j^2 over runs of grey level i and length j",
        Facts::large_high,
    ),
    counted(
        "glrlm_grey_level_nonuniformity",
        "IBSI:R5YN",
        "Sum of the squares of the numbers of runs of each grey level, over the number of all runs",
        Facts::level_nonuniformity,
    ),
    counted(
        "glrlm_normalised_grey_level_nonuniformity",
        "IBSI:OVBL",
        "Sum of the squares of the shares of each grey level in all runs",
        Facts::normalised_level_nonuniformity,
    ),
    counted(
        "glrlm_run_length_nonuniformity",
        "IBSI:W92Y",
        "Sum of the squares of the numbers of runs of each length, over the number of all runs",
        Facts::number_nonuniformity,
    ),
    counted(
        "glrlm_normalised_run_length_nonuniformity",
        "IBSI:IC23",
        "Sum of the squares of the shares of each length in all runs",
        Facts::normalised_number_nonuniformity,
    ),
    counted(
        "glrlm_run_percentage",
        "IBSI:9ZK5",
        "Runs over voxels, each voxel counted once a direction",
        Facts::percentage,
    ),
    counted("glrlm_grey_level_variance", "IBSI:8CE5", "Variance of the grey level over runs", Facts::level_variance),
    counted("glrlm_run_length_variance", "IBSI:SXLW", "Variance of the length over runs", Facts::number_variance),
    counted("glrlm_run_entropy", "IBSI:HJ9O", "Entropy of grey level and length of the runs, in bits", Facts::entropy),
];

#[cfg(test)]
mod tests {
    //! Oracle: runs followed from their first voxel to the last.
    use super::super::tests::levels;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_give_what_single_runs_give(
            size in [1..4usize, 1..20, 1..60], seed in any::<u16>(), few in 1..9u16, weights in 1..4u64
        ) {
            let cells: Vec<u16> = (0..size.iter().product::<usize>() as u16)
                .map(|i| (i ^ seed).wrapping_mul(40503) >> 8).map(|v| v % (few + 1)).collect();
            let levels = levels(size, &cells);
            // Weights take turns; a run of weight 2 is there twice.
            let steps: Vec<_> = directions(1, Norm::Chebyshev, false).into_iter().zip((0..).map(|k| k % weights)).collect();
            let (mut runs, mut voxels) = (vec![], 0);
            for &(step, weight) in &steps {
                let offset = levels.offset(step).unsigned_abs();
                let ranks = levels.cells();
                for i in levels.range(&levels.slices()).filter(|i| ranks[*i] != 0) {
                    voxels += weight;
                    if ranks[i - offset] != ranks[i] {
                        let length = (1..).find(|k| ranks[i + k * offset] != ranks[i]).unwrap_or(0);
                        runs.extend((0..weight).map(|_| (ranks[i], length as u32)));
                    }
                }
            }
            prop_assert_eq!(count(&levels, &levels.slices(), &steps).table(), Table::of_list(runs, voxels));
        }
    }
}
