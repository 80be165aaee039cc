//! What the matrices of runs, zones, distance zones and dependences have in common: counts by grey level and by another
//! whole number from 1 on, and the same sums over them.

use super::occurring::each_occurring;
use super::table_facts::Facts;
use super::{NO_VOXEL, plain};
use crate::measure::Feature;
use crate::simd::wide;

/// A feature of such a matrix.
pub(super) const fn counted(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_VOXEL, get)
}

/// Numbers up to this have a row of counts for each level, where things are told one by one.
const FEW: usize = 16;

/// Counts by grey level and number.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Rank of the level, number and count; rising.
    pub entries: Vec<(u16, u32, u64)>,
    /// Voxels, as often as each was looked at.
    pub voxels: u64,
}

impl Table {
    /// From a matrix with a row for each rank (0 included), whose first column is the number 1.
    pub fn of_rows(counts: &[u64], width: usize, voxels: u64) -> Self {
        // No more kinds than voxels, nor than places.
        let mut entries = Vec::with_capacity(counts.len().min(usize::try_from(voxels).unwrap_or(usize::MAX)));
        list_rows(counts, width.max(1), &mut entries);
        Table { entries, voxels }
    }

    /// Counts single things, of which rank and number are told.
    pub fn add_list(&mut self, mut list: Vec<(u16, u32)>) {
        let (ranks, n) = (list.iter().map(|one| usize::from(one.0) + 1).max().unwrap_or(0), list.len());
        // Most numbers are small: these are counted, unless there are more ranks than things, and the others sorted.
        let width = if ranks <= n { FEW } else { 0 };
        let mut counts = vec![0u64; ranks * width];
        list.retain(|&(rank, number)| {
            let column = (number as usize).wrapping_sub(1);
            if column < width {
                counts[usize::from(rank) * width + column] += 1;
            }
            column >= width
        });
        list.sort_unstable();
        let lists = [!self.entries.is_empty(), width > 0, !list.is_empty()];
        self.entries.extend(Table::of_rows(&counts, width, n as u64).entries);
        self.entries.extend(list.chunk_by(|a, b| a == b).map(|same| (same[0].0, same[0].1, same.len() as u64)));
        if lists.into_iter().filter(|is_there| *is_there).count() > 1 {
            // Lists in order: a sort that finds them only merges them.
            self.entries.sort_by_key(|(rank, number, _)| (*rank, *number));
            self.entries.dedup_by(|more, one| {
                let is_same = (more.0, more.1) == (one.0, one.1);
                one.2 += if is_same { more.2 } else { 0 };
                is_same
            });
        }
    }

    /// Of single things.
    #[cfg(test)]
    pub fn of_list(list: Vec<(u16, u32)>, voxels: u64) -> Self {
        let mut table = Table { entries: vec![], voxels };
        table.add_list(list);
        table
    }
}

wide! {
    /// Rank, number and count of what occurs in rows, a row for each rank.
    fn list_rows(counts: &[u64], width: usize, entries: &mut Vec<(u16, u32, u64)>) {
        for (rank, row) in (0u16..).zip(counts.chunks(width)) {
            each_occurring(row, |j, n| entries.push((rank, j as u32 + 1, n)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::levels;
    use super::*;

    #[test]
    fn lists_and_rows_are_the_same_matrix() {
        let levels = levels([1, 1, 3], &[2, 3, 3]);
        let rows = Table::of_rows(&[0, 0, /**/ 2, 0, /**/ 0, 1], 2, 3);
        let list = Table::of_list(vec![(2, 2), (1, 1), (1, 1)], 3);
        assert_eq!(rows.entries, list.entries);
        let mut parts = Table::of_list(vec![(2, 2), (1, 1)], 3);
        parts.add_list(vec![(1, 1)]);
        assert_eq!(parts, list);
        let facts = Facts::of(&levels, &list).unwrap();
        assert_eq!(facts.small(), Some((2.0 + 0.25) / 3.0));
        assert_eq!(facts.large_high(), Some((2.0 * 4.0 + 9.0 * 4.0) / 3.0));
        assert_eq!(facts.level_nonuniformity(), Some(5.0 / 3.0));
        assert_eq!(facts.percentage(), Some(1.0));
        assert!((facts.number_variance().unwrap() - 2.0 / 9.0).abs() < 1e-15);
        assert!(Facts::of(&levels, &Table::default()).is_none());
    }
}
