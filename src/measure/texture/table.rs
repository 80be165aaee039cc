//! What the matrices of runs, zones, distance zones and dependences have in common: counts by grey level and by another
//! whole number from 1 on, and the same sums over them.

use super::entropy;
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

/// Numbers up to this have a row of counts for each level, where things are told one by one.
const FEW: usize = 16;

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
        let (ranks, n) = (list.iter().map(|one| usize::from(one.0) + 1).max().unwrap_or(0), list.len());
        // Most numbers are small: these are counted, unless there are fewer of them than places, and the others sorted.
        let width = if ranks * FEW <= n { FEW } else { 0 };
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

/// What the features of such a matrix are computed from: its counts n at level i and number j. Each feature sums up what it needs itself.
#[derive(Clone, Debug)]
pub struct Facts {
    entries: Vec<Entry>,
    count: f64,
    voxels: f64,
    /// What a count of 1 stands for: less than 1 where weights were made whole numbers.
    one: f64,
}

/// Level, number and count.
pub(super) type Entry = (u32, u32, u64);

impl Facts {
    /// Of a matrix; nothing if it is empty.
    pub(super) fn of(levels: &Levels, table: &Table) -> Option<Self> {
        let level = |rank: u16| levels.level(usize::from(rank));
        Self::of_entries(
            table.entries.iter().map(|&(rank, number, n)| (level(rank), number, n)).collect(),
            table.voxels,
        )
    }

    /// Of the counts of a matrix, rising by level and number; nothing without any.
    pub(super) fn of_entries(entries: Vec<Entry>, voxels: u64) -> Option<Self> {
        let count: u64 = entries.iter().map(|e| e.2).sum();
        (!entries.is_empty()).then_some(Facts { entries, count: count as f64, voxels: voxels as f64, one: 1.0 })
    }

    /// The same where a count of 1 stands for another number.
    pub(super) fn where_one_is(self, one: f64) -> Self {
        Facts { one, ..self }
    }

    /// The counts, whose memory may be of use again.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Mean of what `term` makes of n, i^2 and j^2, each n times.
    fn mean(&self, term: impl Fn(f64, f64, f64) -> f64) -> Option<f64> {
        let square = |v: u32| f64::from(v) * f64::from(v);
        let add = |sum: f64, &(level, number, n): &Entry| sum + term(n as f64, square(level), square(number));
        Some(self.entries.iter().fold(0.0, add) / self.count)
    }

    /// Mean of `1 / j^2`.
    pub(super) fn small(&self) -> Option<f64> {
        self.mean(|n, _, j| n * (1.0 / j))
    }
    /// Mean of `j^2`.
    pub(super) fn large(&self) -> Option<f64> {
        self.mean(|n, _, j| n * j)
    }
    /// Mean of `1 / i^2`.
    pub(super) fn low(&self) -> Option<f64> {
        self.mean(|n, i, _| n * (1.0 / i))
    }
    /// Mean of `i^2`.
    pub(super) fn high(&self) -> Option<f64> {
        self.mean(|n, i, _| n * i)
    }
    /// Mean of `1 / (i^2 j^2)`.
    pub(super) fn small_low(&self) -> Option<f64> {
        self.mean(|n, i, j| n * (1.0 / j) * (1.0 / i))
    }
    /// Mean of `i^2 / j^2`.
    pub(super) fn small_high(&self) -> Option<f64> {
        self.mean(|n, i, j| n * (1.0 / j) * i)
    }
    /// Mean of `j^2 / i^2`.
    pub(super) fn large_low(&self) -> Option<f64> {
        self.mean(|n, i, j| n * j * (1.0 / i))
    }
    /// Mean of `i^2 j^2`.
    pub(super) fn large_high(&self) -> Option<f64> {
        self.mean(|n, i, j| n * j * i)
    }
    /// Sum of the squares of the counts of each level, over the count of all.
    pub(super) fn level_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_levels() / self.count * self.one)
    }
    /// The same over the square of the count.
    pub(super) fn normalised_level_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_levels() / self.count / self.count)
    }
    /// Sum of the squares of the counts of each number, over the count of all.
    pub(super) fn number_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_numbers() / self.count * self.one)
    }
    /// The same over the square of the count.
    pub(super) fn normalised_number_nonuniformity(&self) -> Option<f64> {
        Some(self.uneven_numbers() / self.count / self.count)
    }
    /// Count of all over voxels.
    pub(super) fn percentage(&self) -> Option<f64> {
        Some(self.count / self.voxels)
    }
    pub(super) fn level_variance(&self) -> Option<f64> {
        Some(variance(self.entries.iter().map(|&(level, _, n)| (level, n))))
    }
    pub(super) fn number_variance(&self) -> Option<f64> {
        Some(variance(self.entries.iter().map(|&(_, number, n)| (number, n))))
    }
    pub(super) fn entropy(&self) -> Option<f64> {
        entropy::bits(self.entries.iter().map(|e| e.2))
    }
    /// Sum of the squares of the shares.
    pub(super) fn energy(&self) -> Option<f64> {
        Some(sum_of_squares(self.entries.iter().map(|e| e.2)) / self.count / self.count)
    }

    fn uneven_levels(&self) -> f64 {
        sum_of_squares(self.entries.chunk_by(|a, b| a.0 == b.0).map(|same| same.iter().map(|e| e.2).sum()))
    }

    fn uneven_numbers(&self) -> f64 {
        // Zones may be as large as the region: their sizes are listed, small numbers are counted.
        let mut columns = Columns::new(self.entries.iter().map(|e| e.1).max().unwrap_or(0) as usize);
        self.entries.iter().for_each(|&(_, number, n)| columns.add(number, n));
        columns.uneven()
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

    /// Sum of the squares of the counts of each number.
    fn uneven(self) -> f64 {
        match self {
            Columns::Short(counts) => sum_of_squares(counts.into_iter()),
            Columns::Long(mut list) => {
                list.sort_unstable();
                let sum = |same: &[(u32, u64)]| same.iter().map(|(_, n)| n).sum();
                sum_of_squares(list.chunk_by(|a, b| a.0 == b.0).map(sum))
            }
        }
    }
}

fn sum_of_squares(counts: impl Iterator<Item = u64>) -> f64 {
    counts.map(|n| u128::from(n) * u128::from(n)).sum::<u128>() as f64
}

/// Variance of numbers that are counted, from exact sums.
fn variance(counts: impl Iterator<Item = (u32, u64)>) -> f64 {
    let (mut n, mut first, mut second) = (0i128, 0i128, 0i128);
    for (number, count) in counts {
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
