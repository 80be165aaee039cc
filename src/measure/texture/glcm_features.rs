//! The features of a co-occurrence matrix.

use super::entropy;
use super::glcm_matrix::{Matrix, Pair};
use super::glcm_walk::Walk;
use super::kept::Kept;
use super::levels::Levels;
use super::plain;
use super::tally::Tally;
use crate::measure::Feature;

const NO_PAIR: &str = "no two voxels of the region lie at the distance";
const ONE_LEVEL: &str = "all pairs of voxels have one grey level, or there are none";

/// What the features of a co-occurrence matrix are computed from. Of a matrix with rows it is all found in one walk; of listed pairs what a
/// feature needs is worked out when it is asked for, and what several need only once.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Two levels and how often they lie so, rising; nothing where all is known.
    pairs: Vec<Pair>,
    lowest: usize,
    highest: usize,
    /// All pairs.
    count: u64,
    n: f64,
    rows: Kept<Tally>,
    columns: Kept<Tally>,
    /// By the difference of the levels of a pair, and by their sum.
    differences: Kept<Tally>,
    sums: Kept<Tally>,
    /// Of pairs, in bits.
    entropy: Kept<f64>,
    /// How often the most frequent pair occurs, the squares of all counts and the products of the levels of all pairs.
    most: Kept<u64>,
    squares: Kept<u128>,
    products: Kept<u128>,
}

impl Facts {
    /// Of a matrix; nothing if it is empty.
    pub(super) fn of(levels: &Levels, matrix: &Matrix) -> Option<Self> {
        let counts = match matrix {
            Matrix::Dense { counts, .. } => return Self::of_rows(counts, levels.by_rank()),
            Matrix::Sparse(pairs) => pairs,
        };
        let level = |rank: u16| levels.level(rank.into()) as u16;
        let lowest = if levels.ranks() > 0 { level(1) } else { 0 };
        let pairs = counts.iter().map(|(pair, n)| (pair.map(level), *n)).collect();
        Self::of_pairs(pairs, lowest, levels.highest() as u16)
    }

    /// Of a matrix with a row and a column for each rank, and the levels of the ranks.
    fn of_rows(counts: &[u64], levels: &[u32]) -> Option<Self> {
        let [.., highest] = *levels else { return None };
        let lowest = *levels.get(1)?;
        let Walk { rows, columns, differences, sums, most, squares, products, entropy } = Walk::over(counts, levels);
        let count: u64 = rows.iter().sum();
        let n = count as f64;
        let by_level =
            |counts: &[u64]| Tally::of_list(levels.iter().map(|l| *l as usize).zip(counts.iter().copied()), n);
        let from = |first: u32, counts: Vec<u64>| Tally::of_list((first as usize..).zip(counts), n);
        (count > 0).then(|| Facts {
            pairs: vec![],
            lowest: lowest as usize,
            highest: highest as usize,
            count,
            n,
            rows: Kept::known(by_level(&rows)),
            columns: Kept::known(by_level(&columns)),
            differences: Kept::known(from(0, differences)),
            sums: Kept::known(from(2 * lowest, sums)),
            entropy: Kept::known(entropy),
            most: Kept::known(most),
            squares: Kept::known(squares),
            products: Kept::known(products),
        })
    }

    /// Of pairs of levels, rising, in a region that has them from the lowest to the highest; nothing without any.
    pub(super) fn of_pairs(pairs: Vec<Pair>, lowest: u16, highest: u16) -> Option<Self> {
        let count: u64 = pairs.iter().map(|(_, n)| n).sum();
        (count > 0).then(|| Facts {
            pairs,
            lowest: lowest.into(),
            highest: highest.into(),
            count,
            n: count as f64,
            rows: Kept::default(),
            columns: Kept::default(),
            differences: Kept::default(),
            sums: Kept::default(),
            entropy: Kept::default(),
            most: Kept::default(),
            squares: Kept::default(),
            products: Kept::default(),
        })
    }

    /// The pairs, whose memory may be of use again.
    pub(super) fn into_pairs(self) -> Vec<Pair> {
        self.pairs
    }

    /// The pairs by a number from `first` on, so many at most.
    fn by(&self, number: impl Fn(usize, usize) -> usize, first: usize, most: usize) -> Tally {
        let numbers = self.pairs.iter().map(|&([i, j], n)| (number(i.into(), j.into()), n));
        Tally::of(numbers, first, most, self.n)
    }

    /// Levels of the first of a pair.
    fn rows(&self) -> &Tally {
        self.rows.or(|| {
            let row = |row: &[Pair]| (usize::from(row[0].0[0]), row.iter().map(|(_, n)| n).sum());
            let rows = self.pairs.chunk_by(|a, b| a.0[0] == b.0[0]).map(row);
            Tally::of(rows, self.lowest, self.highest - self.lowest + 1, self.n)
        })
    }

    /// Levels of the second.
    fn columns(&self) -> &Tally {
        self.columns.or(|| self.by(|_, j| j, self.lowest, self.highest - self.lowest + 1))
    }

    fn differences(&self) -> &Tally {
        self.differences.or(|| self.by(usize::abs_diff, 0, self.highest - self.lowest + 1))
    }

    fn sums(&self) -> &Tally {
        self.sums.or(|| self.by(|i, j| i + j, 2 * self.lowest, 2 * (self.highest - self.lowest) + 1))
    }

    fn joint_maximum(&self) -> f64 {
        *self.most.or(|| self.pairs.iter().map(|(_, n)| *n).max().unwrap_or(0)) as f64 / self.n
    }

    fn joint_average(&self) -> f64 {
        self.rows().moments()[0] as f64 / self.n
    }

    /// n^2 times the variance of the level of the first, or second, of a pair; exactly.
    fn whole_variance(&self, tally: &Tally) -> i128 {
        let [first, second] = tally.moments();
        i128::from(self.count) * second - first * first
    }

    fn joint_variance(&self) -> f64 {
        self.whole_variance(self.rows()) as f64 / self.n / self.n
    }

    fn joint_entropy(&self) -> f64 {
        *self.entropy.or(|| entropy::bits(self.pairs.iter().map(|(_, n)| *n)).unwrap_or(0.0))
    }

    fn energy(&self) -> f64 {
        let squares = || self.pairs.iter().map(|(_, n)| u128::from(*n) * u128::from(*n)).sum();
        *self.squares.or(squares) as f64 / self.n / self.n
    }

    /// Sum of the products of the levels of pairs.
    fn products(&self) -> u128 {
        let product = |([i, j], n): &Pair| u128::from(u64::from(*i) * u64::from(*j)) * u128::from(*n);
        *self.products.or(|| self.pairs.iter().map(product).sum())
    }

    fn autocorrelation(&self) -> f64 {
        self.products() as f64 / self.n
    }

    fn correlation(&self) -> Option<f64> {
        let [vx, vy] = [self.rows(), self.columns()].map(|tally| self.whole_variance(tally));
        let together = self.rows().moments()[0] * self.columns().moments()[0];
        let xy = || i128::from(self.count) * self.products() as i128 - together;
        (vx > 0 && vy > 0).then(|| xy() as f64 / ((vx as f64).sqrt() * (vy as f64).sqrt()))
    }

    fn by_difference(&self, f: impl Fn(f64) -> f64) -> Option<f64> {
        Some(self.differences().mean_of(self.n, f))
    }

    /// Central moment of the sums: the second, third or fourth.
    fn cluster(&self, power: usize) -> Option<f64> {
        Some(self.sums().cluster(self.n)[power - 2])
    }

    /// What the entropies of rows and columns add up to: that of pairs if they had nothing to do with each other.
    fn independent(&self) -> f64 {
        self.rows().entropy() + self.columns().entropy()
    }

    /// There are two levels at least. Counts say it: entropies are rounded.
    fn has_levels(&self) -> bool {
        !(self.rows().is_one() && self.columns().is_one())
    }

    fn information_1(&self) -> Option<f64> {
        let most = self.rows().entropy().max(self.columns().entropy());
        self.has_levels().then(|| (self.joint_entropy() - self.independent()) / most)
    }

    fn information_2(&self) -> Option<f64> {
        let more = (self.independent() - self.joint_entropy()).max(0.0);
        self.has_levels().then(|| (1.0 - libm::exp(-2.0 * more)).sqrt())
    }
}

const fn pairs(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_PAIR, get)
}

/// The features of co-occurrence; p is the share of the pairs with levels i and j.
pub const FEATURES: &[Feature<Facts>] = &[
    pairs("glcm_joint_maximum", "IBSI:GYBY", "Share of the most frequent pair of grey levels", |f| {
        Some(f.joint_maximum())
    }),
    pairs("glcm_joint_average", "IBSI:60VM", "Mean grey level over pairs", |f| Some(f.joint_average())),
    pairs("glcm_joint_variance", "IBSI:UR99", "Variance of the grey level over pairs", |f| Some(f.joint_variance())),
    pairs("glcm_joint_entropy", "IBSI:TU9B", "Entropy of the pairs of grey levels, in bits", |f| {
        Some(f.joint_entropy())
    }),
    pairs("glcm_difference_average", "IBSI:TF7R", "Mean difference of the grey levels of a pair", |f| {
        Some(f.differences().mean)
    }),
    pairs("glcm_difference_variance", "IBSI:D3YU", "Variance of the difference of the grey levels of a pair", |f| {
        f.by_difference(|k| (k - f.differences().mean) * (k - f.differences().mean))
    }),
    pairs(
        "glcm_difference_entropy",
        "IBSI:NTRS",
        "Entropy of the difference of the grey levels of a pair, in bits",
        |f| Some(f.differences().entropy()),
    ),
    pairs("glcm_sum_average", "IBSI:ZGXS", "Mean sum of the grey levels of a pair", |f| Some(f.sums().mean)),
    pairs("glcm_sum_variance", "IBSI:OEEB", "Variance of the sum of the grey levels of a pair", |f| f.cluster(2)),
    pairs("glcm_sum_entropy", "IBSI:P6QZ", "Entropy of the sum of the grey levels of a pair, in bits", |f| {
        Some(f.sums().entropy())
    }),
    pairs("glcm_angular_second_moment", "IBSI:8ZQL", "Sum of p^2, also called energy", |f| Some(f.energy())),
    pairs("glcm_contrast", "IBSI:ACUI", "Mean of (i - j)^2 over pairs", |f| f.by_difference(|k| k * k)),
    pairs("glcm_dissimilarity", "IBSI:8S9J", "Mean of |i - j| over pairs", |f| Some(f.differences().mean)),
    pairs("glcm_inverse_difference", "IBSI:IB1Z", "Mean of 1 / (1 + |i - j|) over pairs", |f| {
        f.by_difference(|k| 1.0 / (1.0 + k))
    }),
    pairs(
        "glcm_normalised_inverse_difference",
        "IBSI:NDRX",
        "Mean of 1 / (1 + |i - j| / N) over pairs, N being the highest grey level",
        |f| f.by_difference(|k| 1.0 / (1.0 + k / f.highest as f64)),
    ),
    pairs("glcm_inverse_difference_moment", "IBSI:WF0Z", "Mean of 1 / (1 + (i - j)^2) over pairs", |f| {
        f.by_difference(|k| 1.0 / (1.0 + k * k))
    }),
    pairs(
        "glcm_normalised_inverse_difference_moment",
        "IBSI:1QCO",
        "Mean of 1 / (1 + (i - j)^2 / N^2) over pairs, N being the highest grey level",
        |f| f.by_difference(|k| 1.0 / (1.0 + k * k / (f.highest as f64 * f.highest as f64))),
    ),
    pairs(
        "glcm_inverse_variance",
        "IBSI:E8JP",
        "Mean of 1 / (i - j)^2 over pairs, those of equal levels taken as 0",
        |f| f.by_difference(|k| if k > 0.0 { 1.0 / (k * k) } else { 0.0 }),
    ),
    plain("glcm_correlation", "IBSI:NI2N", "Correlation of the grey levels of a pair", ONE_LEVEL, Facts::correlation),
    pairs("glcm_autocorrelation", "IBSI:QWB0", "Mean of i j over pairs", |f| Some(f.autocorrelation())),
    pairs("glcm_cluster_tendency", "IBSI:DG8W", "Second central moment of the sum of the grey levels of a pair", |f| {
        f.cluster(2)
    }),
    pairs("glcm_cluster_shade", "IBSI:7NFM", "Third central moment of the sum of the grey levels of a pair", |f| {
        f.cluster(3)
    }),
    pairs(
        "glcm_cluster_prominence",
        "IBSI:AE86",
        "Fourth central moment of the sum of the grey levels of a pair",
        |f| f.cluster(4),
    ),
    plain(
        "glcm_information_correlation_1",
        "IBSI:R8DG",
        "Entropy of pairs less that of independent levels, over the entropy of one level",
        ONE_LEVEL,
        Facts::information_1,
    ),
    plain(
        "glcm_information_correlation_2",
        "IBSI:JN9H",
        "Root of 1 - exp(-2 (H - h)), h being the entropy of pairs in bits and H that of independent levels",
        ONE_LEVEL,
        Facts::information_2,
    ),
];

#[cfg(test)]
mod tests {
    //! Invariant: a matrix in rows and its pairs in a list say the same, to the last bit.
    use super::super::aggregation::{Norm, directions};
    use super::super::glcm_matrix::count;
    use super::super::tests::levels;
    use super::super::value;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_walk_finds_what_a_list_says(
            size in [1..3usize, 1..12, 1..12], seed in any::<u16>(), few in 1..200u16, weight in 1..9u64, symmetric in any::<bool>()
        ) {
            let cells: Vec<u16> = (0..size.iter().product::<usize>() as u16)
                .map(|i| (i ^ seed).wrapping_mul(40503) >> 4).map(|v| v % (few + 1)).collect();
            let levels = levels(size, &cells);
            let steps: Vec<_> = directions(1, Norm::Chebyshev, false).into_iter().zip(weight..).collect();
            let matrix = count(&levels, &levels.rows(&levels.slices()), &steps, symmetric);
            let mut pairs = vec![];
            matrix.each(|a, b, n| pairs.push(([a as u16, b as u16], n)));
            let [found, listed] = [Facts::of(&levels, &matrix), Facts::of(&levels, &Matrix::Sparse(pairs))];
            prop_assert_eq!(found.is_some(), listed.is_some());
            for feature in FEATURES {
                let [a, b] = [&found, &listed].map(|facts| facts.as_ref().and_then(|facts| value(feature, facts)));
                prop_assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits), "{}", feature.name);
            }
        }
    }
}
