//! What the features of matrices of counts by grey level and another number are computed from, and the sums that they need.

use super::entropy;
use super::kept::Kept;
use super::levels::Levels;
use super::table::Table;
use crate::simd::wide;

/// What the features of such a matrix are computed from: its counts n at level i and number j. Each feature sums up what it needs itself,
/// what two of them need only once.
#[derive(Clone, Debug)]
pub struct Facts {
    entries: Vec<Entry>,
    whole: u64,
    count: f64,
    voxels: f64,
    /// What a count of 1 stands for: less than 1 where weights were made whole numbers.
    one: f64,
    /// Where all features are wanted: means of the terms, all in one walk, since each sum waits for the entry before.
    means: Option<[f64; 8]>,
    uneven_levels: Kept<f64>,
    uneven_numbers: Kept<f64>,
}

/// Level, number and count.
pub(super) type Entry = (u32, u32, u64);

impl Facts {
    /// Of a matrix, for all features; nothing if it is empty.
    pub(super) fn of(levels: &Levels, table: &Table) -> Option<Self> {
        let level = |rank: u16| levels.level(usize::from(rank));
        let entries = table.entries.iter().map(|&(rank, number, n)| (level(rank), number, n)).collect();
        Self::of_entries(entries, table.voxels).map(Self::for_all)
    }

    /// With all means at hand.
    fn for_all(self) -> Self {
        let mut sums = [0.0; 8];
        add_terms(&self.entries, &mut sums);
        Facts { means: Some(sums.map(|sum| sum / self.count)), ..self }
    }

    /// Of the counts of a matrix, rising by level and number; nothing without any.
    pub(super) fn of_entries(entries: Vec<Entry>, voxels: u64) -> Option<Self> {
        let whole: u64 = entries.iter().map(|e| e.2).sum();
        (!entries.is_empty()).then_some(Facts {
            entries,
            whole,
            count: whole as f64,
            voxels: voxels as f64,
            one: 1.0,
            means: None,
            uneven_levels: Kept::default(),
            uneven_numbers: Kept::default(),
        })
    }

    /// The same where a count of 1 stands for another number.
    pub(super) fn where_one_is(self, one: f64) -> Self {
        Facts { one, ..self }
    }

    /// The counts, whose memory may be of use again.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Mean of one of the [`terms`].
    #[inline(always)]
    fn mean(&self, of: usize) -> Option<f64> {
        let found = || self.entries.iter().fold(0.0, |sum, entry| sum + terms(entry)[of]) / self.count;
        Some(self.means.map_or_else(found, |means| means[of]))
    }

    /// Mean of `1 / j^2`.
    pub(super) fn small(&self) -> Option<f64> {
        self.mean(0)
    }
    /// Mean of `j^2`.
    pub(super) fn large(&self) -> Option<f64> {
        self.mean(1)
    }
    /// Mean of `1 / i^2`.
    pub(super) fn low(&self) -> Option<f64> {
        self.mean(2)
    }
    /// Mean of `i^2`.
    pub(super) fn high(&self) -> Option<f64> {
        self.mean(3)
    }
    /// Mean of `1 / (i^2 j^2)`.
    pub(super) fn small_low(&self) -> Option<f64> {
        self.mean(4)
    }
    /// Mean of `i^2 / j^2`.
    pub(super) fn small_high(&self) -> Option<f64> {
        self.mean(5)
    }
    /// Mean of `j^2 / i^2`.
    pub(super) fn large_low(&self) -> Option<f64> {
        self.mean(6)
    }
    /// Mean of `i^2 j^2`.
    pub(super) fn large_high(&self) -> Option<f64> {
        self.mean(7)
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
        Some(self.variance(|entry| entry.0))
    }
    pub(super) fn number_variance(&self) -> Option<f64> {
        Some(self.variance(|entry| entry.1))
    }
    pub(super) fn entropy(&self) -> Option<f64> {
        entropy::bits(self.entries.iter().map(|e| e.2))
    }
    /// Sum of the squares of the shares.
    pub(super) fn energy(&self) -> Option<f64> {
        Some(sum_of_squares(self.entries.iter().map(|e| e.2)) / self.count / self.count)
    }

    fn uneven_levels(&self) -> f64 {
        // What a count adds to the square of its level's sum: where a level ends nobody could foresee.
        let add = |(before, sum, squares): (u32, u64, u128), &(level, _, n): &Entry| {
            let sum = if level == before { sum } else { 0 };
            (level, sum + n, squares + u128::from(n) * u128::from(2 * sum + n))
        };
        *self.uneven_levels.or(|| self.entries.iter().fold((0, 0, 0), add).2 as f64)
    }

    fn uneven_numbers(&self) -> f64 {
        *self.uneven_numbers.or(|| {
            // Zones may be as large as the region: their sizes are listed, small numbers are counted.
            let mut columns = Columns::new(self.entries.iter().map(|e| e.1).max().unwrap_or(0) as usize);
            self.entries.iter().for_each(|&(_, number, n)| columns.add(number, n));
            columns.uneven()
        })
    }

    /// Variance of numbers, each as often as its entry, from exact sums.
    fn variance(&self, number: impl Fn(&Entry) -> u32) -> f64 {
        let highest = u64::from(self.entries.iter().map(&number).max().unwrap_or(0));
        let each = || self.entries.iter().map(|entry| (number(entry), entry.2));
        // Sums of squares fit a word, but for large regions and weights.
        let fits = highest.checked_mul(highest).and_then(|square| square.checked_mul(self.whole)).is_some();
        let [first, second] = if fits {
            let add = |[first, second]: [u64; 2], (v, n)| {
                [first + u64::from(v) * n, second + u64::from(v) * u64::from(v) * n]
            };
            each().fold([0; 2], add).map(i128::from)
        } else {
            each().fold([0; 2], |[first, second], (v, n)| {
                let (v, n) = (i128::from(v), i128::from(n));
                [first + v * n, second + v * v * n]
            })
        };
        (i128::from(self.whole) * second - first * first) as f64 / self.count / self.count
    }
}

/// What emphases are means of: of n, i^2 and j^2, each n times.
#[inline(always)]
fn terms(&(level, number, n): &Entry) -> [f64; 8] {
    let square = |v: u32| f64::from(v) * f64::from(v);
    let (n, i, j) = (n as f64, square(level), square(number));
    let (low, small) = (1.0 / i, 1.0 / j);
    [n * small, n * j, n * low, n * i, n * small * low, n * small * i, n * j * low, n * j * i]
}

wide! {
    /// Adds up the terms of entries, one after the other.
    fn add_terms(entries: &[Entry], sums: &mut [f64; 8]) {
        for entry in entries {
            sums.iter_mut().zip(terms(entry)).for_each(|(sum, term)| *sum += term);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Invariant: means that one walk has found, and those that are found when they are asked for; sums in words, and wide ones.
    #[test]
    fn features_asked_for_one_by_one_are_those_of_one_walk() {
        let entries: Vec<Entry> =
            (1..400u32).map(|k| (k / 20 + 1, k % 20 + 1, u64::from((k * 40503) >> 3 & 15) + 1)).collect();
        let one = Facts::of_entries(entries, 9000).unwrap();
        let all = one.clone().for_all();
        assert!(one.means.is_none() && all.means.is_some());
        let emphases = [
            Facts::small,
            Facts::large,
            Facts::low,
            Facts::high,
            Facts::small_low,
            Facts::small_high,
            Facts::large_low,
            Facts::large_high,
        ];
        for of in emphases {
            assert_eq!(of(&one), of(&all));
        }
        let far = |far: u32| Facts::of_entries(vec![(1, far, 1 << 30), (2, far + 2, 1 << 30)], 1 << 31).unwrap();
        assert_eq!([far(10), far(1 << 31)].map(|facts| facts.number_variance()), [Some(1.0); 2]);
    }
}
