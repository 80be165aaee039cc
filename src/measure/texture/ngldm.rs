//! Neighbouring grey level dependence (IBSI:REK0): how many neighbours of a voxel have nearly its level. The dependence of
//! a voxel is that number and 1 for the voxel itself.

use super::aggregation::{Norm, Space, Step, neighbours};
use super::average;
use super::levels::Levels;
use super::neighbourhood::{BLOCK, Block, each_block};
use super::table::{Table, counted};
pub use super::table_facts::Facts;
use crate::measure::Feature;
use crate::simd::wide;
use std::ops::Range;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Neighbours are those up to this distance.
    pub distance: usize,
    /// How it is told.
    pub norm: Norm,
    /// Largest difference of dependent levels; the standard's alpha.
    pub coarseness: u32,
}

impl Default for Choice {
    fn default() -> Self {
        Choice { distance: 1, norm: Norm::Chebyshev, coarseness: 0 }
    }
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
    average(features, groups.map(|slices| Facts::of(&levels, &count(&levels, &slices, &steps, choice.coarseness))))
}

/// The values from matrices that a device has counted, one after the other, of voxels with so many neighbours at most.
pub(super) fn of_counts(levels: &Levels, neighbours: usize, counts: &[u32]) -> Vec<Option<f64>> {
    let width = neighbours + 1;
    let facts = |counts: &[u32]| {
        let counts: Vec<u64> = counts.iter().map(|n| u64::from(*n)).collect();
        Facts::of(levels, &Table::of_rows(&counts, width, counts.iter().sum()))
    };
    average(FEATURES, counts.chunks((levels.ranks() + 1) * width).map(facts))
}

fn count(levels: &Levels, slices: &Range<usize>, steps: &[Step], coarseness: u32) -> Table {
    let width = steps.len() + 1;
    let mut counts = vec![0u64; (levels.ranks() + 1) * width];
    let coarseness = coarseness.min(u16::MAX.into()) as u16;
    let (mut dependences, mut voxels) = ([0u32; BLOCK], 0);
    each_block(levels, slices, steps, |block| {
        depend(block, coarseness, &mut dependences);
        for (&rank, &dependence) in block.ranks.iter().zip(&dependences).filter(|(rank, _)| **rank != 0) {
            counts[usize::from(rank) * width + dependence as usize] += 1;
            voxels += 1;
        }
    });
    Table::of_rows(&counts, width, voxels)
}

wide! {
    /// How many neighbours of each cell have nearly its level.
    fn depend(block: &Block, coarseness: u16, dependences: &mut [u32; BLOCK]) {
        let own = block.there(0);
        let mut near = [0u16; BLOCK];
        dependences[..own.len()].fill(0);
        for offsets in block.offsets.chunks(u16::MAX.into()) {
            near[..own.len()].fill(0);
            for &offset in offsets {
                for ((n, &level), &there) in near.iter_mut().zip(own).zip(block.there(offset)) {
                    *n += u16::from((there != 0) & (there.abs_diff(level) <= coarseness));
                }
            }
            dependences[..own.len()].iter_mut().zip(&near).for_each(|(all, n)| *all += u32::from(*n));
        }
    }
}

/// The features of grey level dependence.
pub const FEATURES: &[Feature<Facts>] = &[
    counted("ngldm_low_dependence_emphasis", "IBSI:SODN", "Mean of 1 / j^2 over voxels of dependence j", Facts::small),
    counted("ngldm_high_dependence_emphasis", "IBSI:IMOQ", "Mean of j^2 over voxels of dependence j", Facts::large),
    counted(
        "ngldm_low_grey_level_count_emphasis",
        "IBSI:TL9H",
        "Mean of 1 / i^2 over voxels of grey level i",
        Facts::low,
    ),
    counted(
        "ngldm_high_grey_level_count_emphasis",
        "IBSI:OAE7",
        "Mean of i^2 over voxels of grey level i",
        Facts::high,
    ),
    counted(
        "ngldm_low_dependence_low_grey_level_emphasis",
        "IBSI:EQ3F",
        "Mean of 1 / (i^2 j^2) over voxels of grey level i and dependence j",
        Facts::small_low,
    ),
    counted(
        "ngldm_low_dependence_high_grey_level_emphasis",
        "IBSI:JA6D",
        "Mean of i^2 / j^2 over voxels of grey level i and dependence j",
        Facts::small_high,
    ),
    counted(
        "ngldm_high_dependence_low_grey_level_emphasis",
        "IBSI:NBZI",
        "Mean of j^2 / i^2 over voxels of grey level i and dependence j",
        Facts::large_low,
    ),
    counted(
        "ngldm_high_dependence_high_grey_level_emphasis",
        "IBSI:9QMG",
        "Mean of i^2 j^2 over voxels of grey level i and dependence j",
        Facts::large_high,
    ),
    counted(
        "ngldm_grey_level_nonuniformity",
        "IBSI:FP8K",
        "Sum of the squares of the numbers of voxels of each grey level, over the number of all",
        Facts::level_nonuniformity,
    ),
    counted(
        "ngldm_normalised_grey_level_nonuniformity",
        "IBSI:5SPA",
        "Sum of the squares of the shares of each grey level",
        Facts::normalised_level_nonuniformity,
    ),
    counted(
        "ngldm_dependence_count_nonuniformity",
        "IBSI:Z87G",
        "Sum of the squares of the numbers of voxels of each dependence, over the number of all",
        Facts::number_nonuniformity,
    ),
    counted(
        "ngldm_normalised_dependence_count_nonuniformity",
        "IBSI:OKJI",
        "Sum of the squares of the shares of each dependence",
        Facts::normalised_number_nonuniformity,
    ),
    counted(
        "ngldm_dependence_count_percentage",
        "IBSI:6XV8",
        "Neighbourhoods over voxels: 1, as each voxel has one",
        Facts::percentage,
    ),
    counted("ngldm_grey_level_variance", "IBSI:1PFV", "Variance of the grey level over voxels", Facts::level_variance),
    counted(
        "ngldm_dependence_count_variance",
        "IBSI:DNX2",
        "Variance of the dependence over voxels",
        Facts::number_variance,
    ),
    counted(
        "ngldm_dependence_count_entropy",
        "IBSI:FCBV",
        "Entropy of grey level and dependence of the voxels, in bits",
        Facts::entropy,
    ),
    counted(
        "ngldm_dependence_count_energy",
        "IBSI:CAS9",
        "Sum of the squares of the shares of grey level and dependence",
        Facts::energy,
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
            size in [1..4usize, 1..20, 1..60], seed in any::<u16>(), few in 1..9u16, distance in 1..4, coarseness in 0..3u32
        ) {
            let cells: Vec<u16> = (0..size.iter().product::<usize>() as u16)
                .map(|i| (i ^ seed).wrapping_mul(40503) >> 8).map(|v| v % (few + 1)).collect();
            let levels = levels(size, &cells).framed(distance as usize).into_owned();
            let steps = neighbours(distance as usize, Norm::Chebyshev, false);
            let mut want = vec![0u64; (levels.ranks() + 1) * (steps.len() + 1)];
            let near = |i: usize, s: &Step| usize::from(levels.cells()[i.wrapping_add_signed(levels.offset(*s))]);
            for i in levels.range(&levels.slices()).filter(|i| levels.cells()[*i] != 0) {
                let rank = usize::from(levels.cells()[i]);
                let is_alike = |there: usize| {
                    there != 0 && levels.level(there).abs_diff(levels.level(rank)) <= coarseness
                };
                let n = steps.iter().filter(|s| is_alike(near(i, s))).count();
                want[rank * (steps.len() + 1) + n] += 1;
            }
            let voxels = want.iter().sum();
            let got = count(&levels, &levels.slices(), &steps, coarseness);
            prop_assert_eq!(got, Table::of_rows(&want, steps.len() + 1, voxels));
        }
    }
}
