//! What the matrices of runs, zones, distance zones and dependences have in common: counts by grey level and by another
//! whole number from 1 on, and the same sums over them.

use super::entropy::Entropy;
use super::levels::Levels;
use super::{NO_VOXEL, plain};
use crate::measure::Feature;

/// A feature of such a matrix.
pub(super) const fn counted(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_VOXEL, get)
}

/// Counts by grey level and number.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Rank of the level, number and count; rising.
    entries: Vec<(u16, u32, u64)>,
    /// Voxels, as often as each was looked at.
    pub voxels: u64,
}

impl Table {
    /// From a matrix with a row for each rank (0 included), whose first column is the number 1.
    pub fn of_rows(counts: &[u64], width: usize, voxels: u64) -> Self {
        // No more kinds than voxels, nor than places.
        let mut entries = Vec::with_capacity(counts.len().min(usize::try_from(voxels).unwrap_or(usize::MAX)));
        for (rank, row) in counts.chunks(width.max(1)).enumerate() {
            let occurring = row.iter().enumerate().filter(|(_, n)| **n > 0);
            entries.extend(occurring.map(|(j, &n)| (rank as u16, j as u32 + 1, n)));
        }
        Table { entries, voxels }
    }

    /// Counts single things, of which rank and number are told.
    pub fn add_list(&mut self, mut list: Vec<(u16, u32)>) {
        list.sort_unstable();
        let others = !self.entries.is_empty();
        self.entries.extend(list.chunk_by(|a, b| a == b).map(|same| (same[0].0, same[0].1, same.len() as u64)));
        if others {
            // Two lists in order: a sort that finds them only merges them.
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

/// What the features of such a matrix are computed from: sums over its counts n at level i and number j.
#[derive(Clone, Debug)]
pub struct Facts {
    count: f64,
    voxels: f64,
    /// Sums of n by 1/j^2, 1, j^2 (rows) and by 1/i^2, 1, i^2 (columns).
    weighted: [[f64; 3]; 3],
    /// Sums of the squares of the sums over levels, and over numbers.
    uneven_levels: f64,
    uneven_numbers: f64,
    variance_of_levels: f64,
    variance_of_numbers: f64,
    entropy: f64,
    energy: f64,
}

impl Facts {
    /// Of a matrix; nothing if it is empty.
    pub(super) fn of(levels: &Levels, table: &Table) -> Option<Self> {
        let widest = table.entries.iter().map(|e| e.1).max()? as usize;
        let mut rows = vec![0u64; levels.ranks() + 1];
        // Zones may be as large as the region: their sizes are listed, small numbers are counted.
        let mut columns = Columns::new(widest);
        let mut weighted = [[0.0; 3]; 3];
        let (mut entropy, mut squares) = (Entropy::default(), 0u128);
        for &(rank, number, n) in &table.entries {
            rows[usize::from(rank)] += n;
            columns.add(number, n);
            entropy.add(n);
            squares += u128::from(n) * u128::from(n);
            let square = |v: u32| f64::from(v) * f64::from(v);
            let (i, j) = (square(levels.level(usize::from(rank))), square(number));
            for (sums, j) in weighted.iter_mut().zip([1.0 / j, 1.0, j]) {
                for (sum, i) in sums.iter_mut().zip([1.0 / i, 1.0, i]) {
                    *sum += n as f64 * j * i;
                }
            }
        }
        let by_level: Vec<(u32, u64)> = (0..).map(|r| levels.level(r)).zip(rows).collect();
        let by_number = columns.counts();
        let count = by_level.iter().map(|(_, n)| n).sum::<u64>() as f64;
        Some(Facts {
            count,
            voxels: table.voxels as f64,
            weighted,
            uneven_levels: unevenness(&by_level),
            uneven_numbers: unevenness(&by_number),
            variance_of_levels: variance(&by_level),
            variance_of_numbers: variance(&by_number),
            entropy: entropy.bits()?,
            energy: squares as f64 / count / count,
        })
    }

    fn mean(&self, number: usize, level: usize) -> Option<f64> {
        Some(self.weighted[number][level] / self.count)
    }

    /// Mean of `1 / j^2`.
    pub(super) fn small(&self) -> Option<f64> {
        self.mean(0, 1)
    }
    /// Mean of `j^2`.
    pub(super) fn large(&self) -> Option<f64> {
        self.mean(2, 1)
    }
    /// Mean of `1 / i^2`.
    pub(super) fn low(&self) -> Option<f64> {
        self.mean(1, 0)
    }
    /// Mean of `i^2`.
    pub(super) fn high(&self) -> Option<f64> {
        self.mean(1, 2)
    }
    /// Mean of `1 / (i^2 j^2)`.
    pub(super) fn small_low(&self) -> Option<f64> {
        self.mean(0, 0)
    }
    /// Mean of `i^2 / j^2`.
    pub(super) fn small_high(&self) -> Option<f64> {
        self.mean(0, 2)
    }
    /// Mean of `j^2 / i^2`.
    pub(super) fn large_low(&self) -> Option<f64> {
        self.mean(2, 0)
    }
    /// Mean of `i^2 j^2`.
    pub(super) fn large_high(&self) -> Option<f64> {
        self.mean(2, 2)
    }
    /// Sum of the squares of the counts of each level, over the count of all.
    pub(super) fn level_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_levels / self.count)
    }
    /// The same over the square of the count.
    pub(super) fn normalised_level_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_levels / self.count / self.count)
    }
    /// Sum of the squares of the counts of each number, over the count of all.
    pub(super) fn number_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_numbers / self.count)
    }
    /// The same over the square of the count.
    pub(super) fn normalised_number_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_numbers / self.count / self.count)
    }
    /// Count of all over voxels.
    pub(super) fn percentage(&self) -> Option<f64> {
        Some(self.count / self.voxels)
    }
    pub(super) fn level_variance(&self) -> Option<f64> {
        Some(self.variance_of_levels)
    }
    pub(super) fn number_variance(&self) -> Option<f64> {
        Some(self.variance_of_numbers)
    }
    pub(super) fn entropy(&self) -> Option<f64> {
        Some(self.entropy)
    }
    /// Sum of the squares of the shares.
    pub(super) fn energy(&self) -> Option<f64> {
        Some(self.energy)
    }
}

/// Counts by number: a list of all numbers while it is short, else one of those that occur.
enum Columns {
    Short(Vec<u64>),
    Long(Vec<(u32, u64)>),
}

/// A list up to this is short.
const SHORT: usize = 1 << 12;

impl Columns {
    fn new(widest: usize) -> Self {
        if widest <= SHORT { Columns::Short(vec![0; widest + 1]) } else { Columns::Long(vec![]) }
    }

    fn add(&mut self, number: u32, n: u64) {
        match self {
            Columns::Short(counts) => counts[number as usize] += n,
            Columns::Long(list) => list.push((number, n)),
        }
    }

    /// Number and count, rising.
    fn counts(self) -> Vec<(u32, u64)> {
        match self {
            Columns::Short(counts) => (0..).zip(counts).filter(|(_, n)| *n > 0).collect(),
            Columns::Long(mut list) => {
                list.sort_unstable();
                let sum = |same: &[(u32, u64)]| (same[0].0, same.iter().map(|(_, n)| n).sum());
                list.chunk_by(|a, b| a.0 == b.0).map(sum).collect()
            }
        }
    }
}

/// Sum of the squares of the counts.
fn unevenness(counts: &[(u32, u64)]) -> f64 {
    counts.iter().map(|(_, n)| u128::from(*n) * u128::from(*n)).sum::<u128>() as f64
}

/// Variance of numbers that are counted, from exact sums.
fn variance(counts: &[(u32, u64)]) -> f64 {
    let (mut n, mut first, mut second) = (0i128, 0i128, 0i128);
    for &(number, count) in counts {
        let (v, c) = (i128::from(number), i128::from(count));
        (n, first, second) = (n + c, first + v * c, second + v * v * c);
    }
    (n * second - first * first) as f64 / n as f64 / n as f64
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
