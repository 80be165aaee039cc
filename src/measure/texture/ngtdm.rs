//! Neighbourhood grey tone differences (IBSI:IPET): how much a voxel's level differs from the mean of its neighbours.
//!
//! Differences are kept as whole numbers, by level and by the number of neighbours that they are to be divided by.

use super::aggregation::{Norm, Space, Step, neighbours};
use super::levels::Levels;
use super::neighbourhood::{BLOCK, Block, each_block};
use super::weights::Weighting;
use super::{average, plain};
use crate::measure::Feature;
use crate::simd::wide;
use std::ops::Range;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Neighbours are those up to this distance.
    pub distance: usize,
    /// How it is told.
    pub norm: Norm,
    /// Neighbours weigh less the farther they are, with the distances of voxel centres.
    pub weighting: Option<(Weighting, [f64; 3])>,
    /// Voxels without a neighbour count, with a difference of 0, as in PyRadiomics; not where neighbours weigh.
    pub alone: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Choice { distance: 1, norm: Norm::Chebyshev, weighting: None, alone: false }
    }
}

/// What the features of grey tone differences are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Voxels with a neighbour.
    voxels: f64,
    /// Of those levels that occur: level, share of the voxels, and sum of the differences.
    tones: Vec<[f64; 3]>,
}

/// The values of [`FEATURES`].
pub fn values(levels: &Levels, choice: Choice, space: Space) -> Vec<Option<f64>> {
    some(FEATURES, levels, choice, space)
}

/// The same of some of them.
pub(super) fn some(features: &[Feature<Facts>], levels: &Levels, choice: Choice, space: Space) -> Vec<Option<f64>> {
    let levels = levels.framed(choice.distance);
    let steps = neighbours(choice.distance, choice.norm, space.is_flat());
    let groups = space.groups(levels.slices()).into_iter();
    let Some((weighting, spacing)) = choice.weighting else {
        return average(features, groups.map(|slices| Facts::of(&levels, &slices, &steps, choice.alone)));
    };
    let squares = weighting.squares(&steps, spacing);
    average(features, groups.map(|slices| Facts::weighed(&levels, &slices, &steps, &squares)))
}

/// The values from matrices that a device has counted, one after the other, of voxels with so many neighbours at most. Each cell is a
/// sum in two words, and in the place of no neighbour the number of voxels.
pub(super) fn of_counts(levels: &Levels, neighbours: usize, counts: &[u32]) -> Vec<Option<f64>> {
    let width = neighbours + 1;
    let facts = |counts: &[u32]| {
        let cells = counts.as_chunks::<2>().0.iter();
        let mut sums: Vec<u64> = cells.map(|[low, high]| u64::from(*low) + (u64::from(*high) << 32)).collect();
        let voxels: Vec<u64> = sums.iter_mut().step_by(width).map(std::mem::take).collect();
        Facts::of_sums(levels, width, &sums, &voxels)
    };
    average(FEATURES, counts.chunks(2 * (levels.ranks() + 1) * width).map(facts))
}

/// Levels whose sums over all others are taken side by side.
const WIDE: usize = 8;

wide! {
    /// The sum of `f` over each level and all others, level after level.
    fn add_pairs<F: Fn(&[f64; 3], &[f64; 3]) -> f64>(tones: &[[f64; 3]], f: &F, total: &mut f64) {
        for some in tones.chunks(WIDE) {
            // What lies behind the last level is summed up as well, and not looked at.
            let mut columns = [[0.0; WIDE]; 3];
            for (k, tone) in some.iter().enumerate() {
                columns.iter_mut().zip(tone).for_each(|(column, number)| column[k] = *number);
            }
            let mut sums = [0.0; WIDE];
            for other in tones {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum += f(&columns.each_ref().map(|column| column[k]), other);
                }
            }
            sums.iter().take(some.len()).for_each(|sum| *total += sum);
        }
    }
}

/// Neighbours whose levels, below 2^16, add up to less than 2^32, and whose number is below 2^16.
const TOGETHER: usize = u16::MAX as usize;

wide! {
    /// The sum of the levels of the neighbours of each cell, and their number.
    fn add_up(block: &Block, totals: &mut [u64; BLOCK], numbers: &mut [u32; BLOCK]) {
        let cells = block.ranks.len();
        totals[..cells].fill(0);
        numbers[..cells].fill(0);
        let (mut sums, mut near) = ([0u32; BLOCK], [0u16; BLOCK]);
        for offsets in block.offsets.chunks(TOGETHER) {
            sums[..cells].fill(0);
            near[..cells].fill(0);
            for &offset in offsets {
                let there = block.there(offset);
                for ((sum, n), &level) in sums.iter_mut().zip(&mut near).zip(there) {
                    *sum += u32::from(level);
                    *n += u16::from(level != 0);
                }
            }
            totals[..cells].iter_mut().zip(&sums).for_each(|(total, sum)| *total += u64::from(*sum));
            numbers[..cells].iter_mut().zip(&near).for_each(|(all, n)| *all += u32::from(*n));
        }
    }
}

impl Facts {
    fn of(levels: &Levels, slices: &Range<usize>, steps: &[Step], alone: bool) -> Option<Self> {
        let width = steps.len() + 1;
        let mut sums = vec![0u64; (levels.ranks() + 1) * width];
        let mut counts = vec![0u64; levels.ranks() + 1];
        let (mut totals, mut numbers) = ([0u64; BLOCK], [0u32; BLOCK]);
        each_block(levels, slices, steps, |block| {
            add_up(block, &mut totals, &mut numbers);
            let around = totals.iter().zip(&numbers);
            for ((&rank, &level), (&total, &n)) in block.ranks.iter().zip(block.there(0)).zip(around) {
                if rank != 0 && (n > 0 || alone) {
                    let rank = usize::from(rank);
                    sums[rank * width + n as usize] += (u64::from(n) * u64::from(level)).abs_diff(total);
                    counts[rank] += 1;
                }
            }
        });
        Self::of_sums(levels, width, &sums, &counts)
    }

    /// Of sums by rank and number of neighbours, below `width`, and of voxels with neighbours by rank.
    fn of_sums(levels: &Levels, width: usize, sums: &[u64], counts: &[u64]) -> Option<Self> {
        let tone = |(rank, &n): (usize, &u64)| {
            let sums = sums[rank * width..][..width].iter().enumerate().filter(|(_, sum)| **sum > 0);
            let difference = sums.fold(0.0, |all, (n, sum)| all + *sum as f64 / n as f64);
            [f64::from(levels.level(rank)), n as f64, difference]
        };
        Self::of_tones(counts.iter().enumerate().filter(|(_, n)| **n > 0).map(tone).collect())
    }

    /// Of levels that rise, their voxels and the sums of their differences; nothing without any.
    pub(super) fn of_tones(mut tones: Vec<[f64; 3]>) -> Option<Self> {
        // Whole numbers: exact.
        let voxels = tones.iter().map(|[_, n, _]| n).sum();
        tones.iter_mut().for_each(|[_, n, _]| *n /= voxels);
        (!tones.is_empty()).then_some(Facts { voxels, tones })
    }

    /// The levels, whose memory may be of use again.
    pub(super) fn into_tones(self) -> Vec<[f64; 3]> {
        self.tones
    }

    /// With weighted means of neighbours; of each voxel the nearest neighbour that there is has the weight 1.
    fn weighed(levels: &Levels, slices: &Range<usize>, steps: &[Step], squares: &[f64]) -> Option<Self> {
        let mut sums = vec![(0.0, 0u64); levels.ranks() + 1];
        let offsets: Vec<isize> = steps.iter().map(|s| levels.offset(*s)).collect();
        let cells = levels.cells();
        for i in levels.range(slices).filter(|&i| cells[i] != 0) {
            let rank = |offset: isize| usize::from(cells[i.wrapping_add_signed(offset)]);
            let there = || offsets.iter().zip(squares).map(|(o, square)| (rank(*o), *square)).filter(|n| n.0 != 0);
            let nearest = there().fold(f64::INFINITY, |least, (_, square)| least.min(square));
            let (mut total, mut weights) = (0.0, 0.0);
            for (rank, square) in there() {
                let weight = libm::exp(nearest - square);
                total += weight * f64::from(levels.level(rank));
                weights += weight;
            }
            if weights > 0.0 {
                let own = usize::from(cells[i]);
                // The mean of weighed equals is rounded, their difference is none.
                let is_alike = there().all(|(rank, _)| rank == own);
                sums[own].0 += if is_alike { 0.0 } else { (f64::from(levels.level(own)) - total / weights).abs() };
                sums[own].1 += 1;
            }
        }
        let occurring = sums.iter().enumerate().filter(|(_, (_, n))| *n > 0);
        Self::of_tones(occurring.map(|(rank, (sum, n))| [f64::from(levels.level(rank)), *n as f64, *sum]).collect())
    }

    fn differences(&self) -> f64 {
        self.tones.iter().map(|[_, _, s]| s).sum()
    }

    fn weighted(&self) -> f64 {
        self.tones.iter().map(|[_, p, s]| p * s).sum()
    }

    /// Sum over all pairs of levels.
    fn pairs(&self, f: impl Fn(&[f64; 3], &[f64; 3]) -> f64) -> f64 {
        let mut total = 0.0;
        add_pairs(&self.tones, &f, &mut total);
        total
    }

    fn coarseness(&self) -> Option<f64> {
        let sum = self.weighted();
        (sum > 0.0).then(|| 1.0 / sum)
    }

    fn contrast(&self) -> Option<f64> {
        let n = self.tones.len() as f64;
        let spread = self.pairs(|[i, p, _], [j, q, _]| p * q * (i - j) * (i - j));
        (n > 1.0).then(|| spread / (n * (n - 1.0)) * self.differences() / self.voxels)
    }

    fn busyness(&self) -> Option<f64> {
        // Shares are rounded: whether all levels weigh the same the numbers of their voxels say.
        let weight = |[i, p, _]: &[f64; 3]| i * (p * self.voxels).round();
        let is_alike = self.tones.iter().all(|tone| weight(tone) == weight(&self.tones[0]));
        let change = || self.pairs(|[i, p, _], [j, q, _]| (i * p - j * q).abs());
        (!is_alike).then(|| self.weighted() / change())
    }

    fn complexity(&self) -> Option<f64> {
        let sum = self.pairs(|[i, p, s], [j, q, t]| (i - j).abs() * (p * s + q * t) / (p + q));
        (self.tones.len() > 1).then(|| sum / self.voxels)
    }

    fn strength(&self) -> Option<f64> {
        let sum = self.differences();
        (sum > 0.0).then(|| self.pairs(|[i, p, _], [j, q, _]| (p + q) * (i - j) * (i - j)) / sum)
    }
}

const ONE_LEVEL: &str = "the voxels that have neighbours have one grey level, or there are none";
const NO_CHANGE: &str =
    "the voxels that have neighbours have one grey level, all levels weigh the same, or there are none";

/// The features of grey tone differences: p is the share of a level i, s its sum of differences, N the number of voxels.
pub const FEATURES: &[Feature<Facts>] = &[
    plain("ngtdm_coarseness", "IBSI:QCDE", "1 over the sum of p s over grey levels", ONE_LEVEL, Facts::coarseness),
    plain(
        "ngtdm_contrast",
        "IBSI:65HE",
        "Mean of p q (i - j)^2 over pairs of two grey levels, times the sum of s over N",
        ONE_LEVEL,
        Facts::contrast,
    ),
    plain(
        "ngtdm_busyness",
        "IBSI:NQ30",
        "Sum of p s over grey levels, over the sum of |i p - j q| over their pairs",
        NO_CHANGE,
        Facts::busyness,
    ),
    plain(
        "ngtdm_complexity",
        "IBSI:HDEZ",
        "Sum of |i - j| (p s + q t) / (p + q) over pairs of grey levels, over N",
        ONE_LEVEL,
        Facts::complexity,
    ),
    plain(
        "ngtdm_strength",
        "IBSI:1X9X",
        "Sum of (p + q) (i - j)^2 over pairs of grey levels, over the sum of s",
        ONE_LEVEL,
        Facts::strength,
    ),
];

#[cfg(test)]
mod tests {
    //! Oracle: neighbours one by one.
    use super::super::tests::levels;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_give_what_voxels_give(
            size in [1..4usize, 1..20, 1..60], seed in any::<u16>(), few in 1..9u16, distance in 1..4
        ) {
            let cells: Vec<u16> = (0..size.iter().product::<usize>() as u16)
                .map(|i| (i ^ seed).wrapping_mul(40503) >> 8).map(|v| v % (few + 1)).collect();
            let levels = levels(size, &cells).framed(distance as usize).into_owned();
            let steps = neighbours(distance as usize, Norm::Chebyshev, false);
            let near = |i: usize, s: &Step| usize::from(levels.cells()[i.wrapping_add_signed(levels.offset(*s))]);
            let mut want = vec![];
            for i in levels.range(&levels.slices()).filter(|i| levels.cells()[*i] != 0) {
                let there = || steps.iter().map(|s| near(i, s)).filter(|rank| *rank != 0);
                want.push((there().map(|rank| u64::from(levels.level(rank))).sum::<u64>(), there().count() as u32));
            }
            let mut got = vec![];
            let (mut totals, mut numbers) = ([0u64; BLOCK], [0u32; BLOCK]);
            each_block(&levels, &levels.slices(), &steps, |block| {
                add_up(block, &mut totals, &mut numbers);
                let around = totals.iter().copied().zip(numbers).zip(block.ranks);
                got.extend(around.filter(|(_, rank)| **rank != 0).map(|(around, _)| around));
            });
            prop_assert_eq!(got, want);
        }
    }
}
