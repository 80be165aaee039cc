//! The features of a co-occurrence matrix.

use super::entropy::Entropy;
use super::glcm_matrix::Matrix;
use super::levels::Levels;
use super::plain;
use crate::measure::Feature;

const NO_PAIR: &str = "no two voxels of the region lie at the distance";
const ONE_LEVEL: &str = "all pairs of voxels have one grey level, or there are none";

/// What the features of a co-occurrence matrix are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Pairs.
    n: f64,
    joint_maximum: f64,
    joint_average: f64,
    joint_variance: f64,
    energy: f64,
    autocorrelation: f64,
    correlation: Option<f64>,
    /// Of pairs, of rows and of columns, in bits.
    entropies: [f64; 3],
    /// By the difference of the levels of a pair, and by their sum.
    differences: Tally,
    sums: Tally,
    /// The highest level.
    highest: f64,
}

/// Counts of whole numbers.
#[derive(Clone, Debug)]
struct Tally {
    /// Number and count, rising.
    counts: Vec<(f64, f64)>,
    mean: f64,
    entropy: f64,
}

impl Tally {
    /// Of a list of counts whose first one is that of `first`.
    fn of(list: &[u64], first: usize, n: f64) -> Self {
        let occurring = list.iter().enumerate().filter(|(_, c)| **c > 0);
        let counts: Vec<(f64, f64)> = occurring.map(|(i, &c)| ((i + first) as f64, c as f64)).collect();
        let mean = counts.iter().map(|(k, c)| k * c).sum::<f64>() / n;
        Tally { mean, entropy: Entropy::of(list.iter().copied()).bits().unwrap_or(0.0), counts }
    }

    /// Mean of `f(number)`.
    fn mean_of(&self, n: f64, f: impl Fn(f64) -> f64) -> f64 {
        self.counts.iter().map(|&(k, c)| f(k) * c).sum::<f64>() / n
    }
}

impl Facts {
    /// Of a matrix; nothing if it is empty.
    pub(super) fn of(levels: &Levels, matrix: &Matrix) -> Option<Self> {
        let ranks = levels.ranks();
        let (lowest, highest) = (if ranks > 0 { levels.level(1) as usize } else { 0 }, levels.highest() as usize);
        let mut margins = [vec![0u64; ranks + 1], vec![0u64; ranks + 1]];
        let mut differences = vec![0u64; highest - lowest + 1];
        let mut sums = vec![0u64; 2 * (highest - lowest) + 1];
        let (mut most, mut squares, mut products) = (0u64, 0u128, 0u128);
        let mut joint = Entropy::default();
        matrix.each(|a, b, n| {
            let (i, j) = (levels.level(a) as usize, levels.level(b) as usize);
            margins[0][a] += n;
            margins[1][b] += n;
            differences[i.abs_diff(j)] += n;
            sums[i + j - 2 * lowest] += n;
            most = most.max(n);
            squares += u128::from(n) * u128::from(n);
            products += (i * j) as u128 * u128::from(n);
            joint.add(n);
        });
        let count: u64 = margins[0].iter().sum();
        let n = count as f64;
        let moments = margins.each_ref().map(|margin| {
            margin.iter().enumerate().fold((0i128, 0i128), |(first, second), (rank, &n)| {
                let (level, n) = (i128::from(levels.level(rank)), i128::from(n));
                (first + level * n, second + level * level * n)
            })
        });
        let [(x, xx), (y, yy)] = moments;
        // n^2 times the variances and the covariance, exactly.
        let whole = i128::from(count);
        let [vx, vy, xy] = [whole * xx - x * x, whole * yy - y * y, whole * products as i128 - x * y];
        let bits = |margin: &Vec<u64>| Entropy::of(margin.iter().copied()).bits().unwrap_or(0.0);
        Some(Facts {
            n,
            joint_maximum: most as f64 / n,
            joint_average: x as f64 / n,
            joint_variance: vx as f64 / n / n,
            energy: squares as f64 / n / n,
            autocorrelation: products as f64 / n,
            correlation: (vx > 0 && vy > 0).then(|| xy as f64 / ((vx as f64).sqrt() * (vy as f64).sqrt())),
            entropies: [joint.bits()?, bits(&margins[0]), bits(&margins[1])],
            differences: Tally::of(&differences, 0, n),
            sums: Tally::of(&sums, 2 * lowest, n),
            highest: highest as f64,
        })
    }

    fn by_difference(&self, f: impl Fn(f64) -> f64) -> Option<f64> {
        Some(self.differences.mean_of(self.n, f))
    }

    /// Central moment of the sums.
    fn cluster(&self, power: i32) -> Option<f64> {
        let away = |k: f64| (1..power).fold(k - self.sums.mean, |product, _| product * (k - self.sums.mean));
        Some(self.sums.mean_of(self.n, away))
    }

    /// What the entropies of rows and columns add up to: that of pairs if they had nothing to do with each other.
    fn independent(&self) -> f64 {
        self.entropies[1] + self.entropies[2]
    }

    fn information_1(&self) -> Option<f64> {
        let most = self.entropies[1].max(self.entropies[2]);
        (most > 0.0).then(|| (self.entropies[0] - self.independent()) / most)
    }

    fn information_2(&self) -> Option<f64> {
        let more = (self.independent() - self.entropies[0]).max(0.0);
        (self.independent() > 0.0).then(|| (1.0 - libm::exp(-2.0 * more)).sqrt())
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
        Some(f.joint_maximum)
    }),
    pairs("glcm_joint_average", "IBSI:60VM", "Mean grey level over pairs", |f| Some(f.joint_average)),
    pairs("glcm_joint_variance", "IBSI:UR99", "Variance of the grey level over pairs", |f| Some(f.joint_variance)),
    pairs("glcm_joint_entropy", "IBSI:TU9B", "Entropy of the pairs of grey levels, in bits", |f| Some(f.entropies[0])),
    pairs("glcm_difference_average", "IBSI:TF7R", "Mean difference of the grey levels of a pair", |f| {
        Some(f.differences.mean)
    }),
    pairs("glcm_difference_variance", "IBSI:D3YU", "Variance of the difference of the grey levels of a pair", |f| {
        f.by_difference(|k| (k - f.differences.mean) * (k - f.differences.mean))
    }),
    pairs(
        "glcm_difference_entropy",
        "IBSI:NTRS",
        "Entropy of the difference of the grey levels of a pair, in bits",
        |f| Some(f.differences.entropy),
    ),
    pairs("glcm_sum_average", "IBSI:ZGXS", "Mean sum of the grey levels of a pair", |f| Some(f.sums.mean)),
    pairs("glcm_sum_variance", "IBSI:OEEB", "Variance of the sum of the grey levels of a pair", |f| f.cluster(2)),
    pairs("glcm_sum_entropy", "IBSI:P6QZ", "Entropy of the sum of the grey levels of a pair, in bits", |f| {
        Some(f.sums.entropy)
    }),
    pairs("glcm_angular_second_moment", "IBSI:8ZQL", "Sum of p^2, also called energy", |f| Some(f.energy)),
    pairs("glcm_contrast", "IBSI:ACUI", "Mean of (i - j)^2 over pairs", |f| f.by_difference(|k| k * k)),
    pairs("glcm_dissimilarity", "IBSI:8S9J", "Mean of |i - j| over pairs", |f| Some(f.differences.mean)),
    pairs("glcm_inverse_difference", "IBSI:IB1Z", "Mean of 1 / (1 + |i - j|) over pairs", |f| {
        f.by_difference(|k| 1.0 / (1.0 + k))
    }),
    pairs(
        "glcm_normalised_inverse_difference",
        "IBSI:NDRX",
        "Mean of 1 / (1 + |i - j| / N) over pairs, N being the highest grey level",
        |f| f.by_difference(|k| 1.0 / (1.0 + k / f.highest)),
    ),
    pairs("glcm_inverse_difference_moment", "IBSI:WF0Z", "Mean of 1 / (1 + (i - j)^2) over pairs", |f| {
        f.by_difference(|k| 1.0 / (1.0 + k * k))
    }),
    pairs(
        "glcm_normalised_inverse_difference_moment",
        "IBSI:1QCO",
        "Mean of 1 / (1 + (i - j)^2 / N^2) over pairs, N being the highest grey level",
        |f| f.by_difference(|k| 1.0 / (1.0 + k * k / (f.highest * f.highest))),
    ),
    pairs(
        "glcm_inverse_variance",
        "IBSI:E8JP",
        "Mean of 1 / (i - j)^2 over pairs, those of equal levels taken as 0",
        |f| f.by_difference(|k| if k > 0.0 { 1.0 / (k * k) } else { 0.0 }),
    ),
    plain("glcm_correlation", "IBSI:NI2N", "Correlation of the grey levels of a pair", ONE_LEVEL, |f| f.correlation),
    pairs("glcm_autocorrelation", "IBSI:QWB0", "Mean of i j over pairs", |f| Some(f.autocorrelation)),
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
