//! What the columns of a pair of channels are computed from.

use super::costes::{self, Search, Thresholds};
use super::ranks::Ranks;
use super::shuffle;
use super::side::Side;
use super::sums::Sums;

/// What a recipe says of pairs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// Part of the largest value from which on a voxel counts.
    pub fraction: f64,
    pub search: Search,
    pub shuffles: u32,
}

/// Numbers of two channels in an object.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub(super) pearson: Option<f64>,
    pub(super) spearman: Option<f64>,
    pub(super) slope: Option<f64>,
    pub(super) icq: Option<f64>,
    pub(super) overlap: Option<f64>,
    pub(super) k: [Option<f64>; 2],
    pub(super) manders: [Option<f64>; 2],
    pub(super) rwc: [Option<f64>; 2],
    pub(super) otsu: [Option<f64>; 2],
    pub(super) otsu_threshold: [Option<f64>; 2],
    pub(super) costes: [Option<f64>; 2],
    pub(super) costes_threshold: [Option<f64>; 2],
    pub(super) p: Option<f64>,
}

impl Facts {
    pub(super) fn of(sides: &[Side; 2], choice: &Choice, label: u32) -> Self {
        let [a, b] = sides;
        let sums = Sums::of(pairs(sides));
        let ranks = [Ranks::of(a.samples), Ranks::of(b.samples)];
        let ([variance, _], covariance) = sums.spread();
        let pearson = sums.pearson();
        let mut facts = Facts {
            pearson,
            spearman: spearman(&ranks),
            slope: (variance > 0).then(|| covariance as f64 / variance as f64 * (b.scale.factor() / a.scale.factor())),
            icq: pearson.map(|_| icq(sides, &sums)),
            p: pearson
                .filter(|_| choice.shuffles > 0)
                .map(|_| shuffle::p_value(a.samples, b.samples, label, choice.shuffles)),
            ..Facts::default()
        };
        facts.at_fraction(sides, &ranks, choice.fraction);
        if let (Some(s), Some(t)) = (ranks[0].otsu(), ranks[1].otsu()) {
            let above = [s, t].map(|s| i64::from(s) + 1);
            facts.otsu = shares(sides, above, above);
            facts.otsu_threshold = [a.scale.value(f64::from(s)), b.scale.value(f64::from(t))].map(Some);
        }
        if let Some(found) = costes::thresholds(sides, &ranks, choice.search) {
            facts.above_costes(sides, &found);
        }
        facts
    }

    fn above_costes(&mut self, sides: &[Side; 2], found: &Thresholds) {
        let shares = shares(sides, found.reaching, [0, 1].map(|k| sides[k].least_above(found.at[k])));
        if shares.iter().all(Option::is_some) {
            self.costes = shares;
            self.costes_threshold = [0, 1].map(|k| Some(found.at[k] * sides[k].full));
        }
    }

    /// Manders, overlap and rank weights of the voxels that reach a part of the largest value in both channels.
    fn at_fraction(&mut self, sides: &[Side; 2], ranks: &[Ranks; 2], fraction: f64) {
        let limits = [0, 1].map(|k| {
            let largest = f64::from(ranks[k].distinct.last().copied().unwrap_or(0));
            sides[k].least_reaching(fraction * sides[k].part(largest))
        });
        self.manders = shares(sides, limits, limits);
        let both = |&(a, b): &(i32, i32)| i64::from(a) >= limits[0] && i64::from(b) >= limits[1];
        let sums = Sums::of(pairs(sides).filter(both));
        let (squares, product) = sums.of_values([sides[0].scale, sides[1].scale]);
        let over = |below: f64| match sums.n {
            0 => Some(0.0),
            _ => (below > 0.0).then(|| product / below),
        };
        let [first, second] = squares;
        self.overlap = over((first * second).sqrt());
        self.k = [over(first), over(second)];
        self.rwc = rank_weighted(sides, ranks, limits);
    }
}

fn pairs<'a>(sides: &[Side<'a>; 2]) -> impl Iterator<Item = (i32, i32)> + use<'a> {
    sides[0].samples.iter().copied().zip(sides[1].samples.iter().copied())
}

/// Voxels that reach a limit, and their sum.
fn reaching(side: &Side, limit: i64) -> (i128, i128) {
    let there = side.samples.iter().filter(|s| i64::from(**s) >= limit);
    there.fold((0, 0), |(n, sum), s| (n + 1, sum + i128::from(*s)))
}

/// Manders: of the sum of the voxels that reach the limit of their channel, the part in voxels that reach `both`.
fn shares(sides: &[Side; 2], limits: [i64; 2], both: [i64; 2]) -> [Option<f64>; 2] {
    let sums = Sums::of(pairs(sides).filter(|&(a, b)| i64::from(a) >= both[0] && i64::from(b) >= both[1]));
    [0, 1].map(|k| {
        let (n, sum) = reaching(&sides[k], limits[k]);
        let all = sides[k].total(n, sum);
        (all > 0.0).then(|| sides[k].total(sums.n, sums.sum[k]) / all)
    })
}

/// Rank weighted colocalisation (Singan et al. 2011): each voxel that reaches both limits counts the less, the farther its
/// ranks in the two channels lie apart. Equal samples have one rank.
fn rank_weighted(sides: &[Side; 2], ranks: &[Ranks; 2], limits: [i64; 2]) -> [Option<f64>; 2] {
    let most = ranks[0].distinct.len().max(ranks[1].distinct.len()) as i128;
    let (mut weights, mut weighted) = (0i128, [0i128; 2]);
    for ((a, b), (p, q)) in pairs(sides).zip(ranks[0].dense.iter().zip(&ranks[1].dense)) {
        if i64::from(a) >= limits[0] && i64::from(b) >= limits[1] {
            let weight = most - i128::from(p.abs_diff(*q));
            weights += weight;
            weighted = [weighted[0] + weight * i128::from(a), weighted[1] + weight * i128::from(b)];
        }
    }
    [0, 1].map(|k| {
        let (n, sum) = reaching(&sides[k], limits[k]);
        let all = sides[k].total(n, sum);
        (all > 0.0).then(|| sides[k].total(weights, weighted[k]) / most as f64 / all)
    })
}

/// Pearson's correlation of ranks, equal samples having the mean of theirs.
fn spearman(ranks: &[Ranks; 2]) -> Option<f64> {
    let means = [0, 1].map(|k| ranks[k].twice_mean());
    let n = ranks[0].dense.len() as i128;
    // Twice the ranks from their middle: at most 2^32 away, so sums of products stay below 2^95.
    let from_middle = |k: usize, rank: u32| i128::from(means[k][rank as usize]) - (n + 1);
    let (mut squares, mut product) = ([0i128; 2], 0i128);
    for (&p, &q) in ranks[0].dense.iter().zip(&ranks[1].dense) {
        let (a, b) = (from_middle(0, p), from_middle(1, q));
        squares = [squares[0] + a * a, squares[1] + b * b];
        product += a * b;
    }
    let [a, b] = squares.map(|s| s as f64);
    (a > 0.0 && b > 0.0).then(|| (product as f64 / (a * b).sqrt()).clamp(-1.0, 1.0))
}

/// Li's intensity correlation quotient: the share of voxels that lie on the same side of both means, less one half.
fn icq(sides: &[Side; 2], sums: &Sums) -> f64 {
    let side = |k: usize, s: i32| (sums.n * i128::from(s) - sums.sum[k]).signum();
    let same = pairs(sides).filter(|&(a, b)| side(0, a) * side(1, b) > 0).count();
    same as f64 / sums.n as f64 - 0.5
}
