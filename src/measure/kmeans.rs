//! k-means: clusters of rows of numbers, without chance.
//!
//! Rows are sorted and equal ones counted, so neither the order of voxels nor of files can matter. Lloyd's iterations run from two
//! sets of starts, and the clusters of the smaller sum of squares are taken, the first of equals:
//!
//! - quantiles: of the sorted rows (by the first number, then the next) those at the shares 1/2k, 3/2k, 5/2k, ... of all weight;
//! - the farthest: the row farthest from the mean, then each time the row farthest from all starts so far.
//!
//! A row belongs to the nearest centre, the first of equals. A centre that no row belongs to moves to the row that is farthest from its
//! own centre. It ends when no row changes, or after 300 rounds. Sums run block by block in one order, in `f64`.
//!
//! Reference: Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982); Gonzalez, Theor. Comput. Sci. 38, 293 (1985) for the farthest starts.

use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Rounds after which it ends.
const ROUNDS: usize = 300;
/// Distinct rows up to which looking them up is faster than sorting all.
const FEW: usize = 1 << 12;
/// Numbers of centres that lie no farther apart than this share of the largest are one.
const ROUNDING: f64 = 1e-12;
/// Rows whose sums are made by one thread.
const BLOCK: usize = 1 << 14;

/// Distinct rows in rising order, with how often each comes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Numbers of a row.
    pub width: usize,
    /// Row by row.
    pub values: Vec<f64>,
    /// How often each row comes.
    pub counts: Vec<f64>,
}

/// By the first number, then by the next.
pub fn compare(a: &[f64], b: &[f64]) -> Ordering {
    let differ = a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
    differ.unwrap_or(Ordering::Equal)
}

impl Rows {
    /// Sorts rows and counts equal ones; and says which distinct row each one is.
    pub fn of(all: &[f64], width: usize) -> (Self, Vec<u32>) {
        Self::looked_up(all, width).unwrap_or_else(|| Self::sorted(all, width))
    }

    /// By looking each row up among those that were met before it; nothing where many differ.
    fn looked_up(all: &[f64], width: usize) -> Option<(Self, Vec<u32>)> {
        let row = |number: &[u64]| number.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<_>>();
        let mut met: HashMap<&[u64], u32> = HashMap::new();
        let mut which = Vec::with_capacity(all.len() / width.max(1));
        for bits in bytemuck::cast_slice::<f64, u64>(all).chunks_exact(width.max(1)) {
            let next = met.len() as u32;
            which.push(*met.entry(bits).or_insert(next));
            if met.len() > FEW {
                return None;
            }
        }
        let mut distinct: Vec<(Vec<f64>, u32)> = met.into_iter().map(|(bits, number)| (row(bits), number)).collect();
        distinct.sort_by(|(a, _), (b, _)| compare(a, b));
        let mut places = vec![0; distinct.len()];
        (0..).zip(&distinct).for_each(|(place, (_, number))| places[*number as usize] = place);
        let mut rows = Rows { width, values: vec![], counts: vec![0.0; distinct.len()] };
        rows.values = distinct.into_iter().flat_map(|(row, _)| row).collect();
        for number in &mut which {
            *number = places[*number as usize];
            rows.counts[*number as usize] += 1.0;
        }
        Some((rows, which))
    }

    fn sorted(all: &[f64], width: usize) -> (Self, Vec<u32>) {
        let row = |i: u32| &all[i as usize * width..][..width];
        let mut order: Vec<u32> = (0..(all.len() / width.max(1)) as u32).collect();
        order.par_sort_unstable_by(|a, b| compare(row(*a), row(*b)).then(a.cmp(b)));
        let (mut rows, mut which) = (Rows { width, ..Rows::default() }, vec![0; order.len()]);
        for (k, &i) in order.iter().enumerate() {
            if k == 0 || compare(row(order[k - 1]), row(i)).is_ne() {
                rows.values.extend_from_slice(row(i));
                rows.counts.push(0.0);
            }
            let last = rows.counts.len() - 1;
            rows.counts[last] += 1.0;
            which[i as usize] = last as u32;
        }
        (rows, which)
    }

    /// How many distinct ones there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// One after the other.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width.max(1))
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..][..self.width]
    }

    /// Mean and standard deviation (divided by n) of each number, over all rows.
    pub fn moments(&self) -> Vec<[f64; 2]> {
        let n: f64 = self.counts.iter().sum();
        let sum = |k: usize, of: &dyn Fn(f64) -> f64| -> f64 {
            let terms = self.values.iter().skip(k).step_by(self.width).zip(&self.counts).map(|(v, n)| of(*v) * n);
            terms.sum()
        };
        let of_number = |k: usize| {
            let mean = sum(k, &|v| v) / n;
            [mean, (sum(k, &|v| (v - mean) * (v - mean)) / n).sqrt()]
        };
        (0..self.width).map(of_number).collect()
    }

    /// Each number less its mean, over its standard deviation; one that never changes says nothing and becomes 0.
    pub fn standardised(&self, moments: &[[f64; 2]]) -> Self {
        let values = self.rows().flat_map(|row| standardised(row, moments));
        Rows { values: values.collect(), ..self.clone() }
    }
}

/// One row, standardised.
pub fn standardised<'a>(row: &'a [f64], moments: &'a [[f64; 2]]) -> impl Iterator<Item = f64> + 'a {
    row.iter().zip(moments).map(|(v, [mean, deviation])| if *deviation > 0.0 { (v - mean) / deviation } else { 0.0 })
}

/// Place of the nearest centre, the first of equals, with the squared distance.
pub fn nearest(row: &[f64], centres: &[Vec<f64>]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (k, centre) in centres.iter().enumerate() {
        let far = squared(row, centre);
        if far < best.1 {
            best = (k, far);
        }
    }
    best
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The centres of at most `k` clusters, the lowest first number first: fewer if there are fewer distinct rows.
pub fn kmeans(rows: &Rows, k: usize) -> Vec<Vec<f64>> {
    let centres = if rows.len() <= k {
        (0..rows.len()).map(|i| rows.row(i).to_vec()).collect()
    } else {
        let (first, second) = (lloyd(rows, quantiles(rows, k)), lloyd(rows, farthest(rows, k)));
        if second.0 < first.0 { second.1 } else { first.1 }
    };
    in_order(centres)
}

/// By the first number, then by the next. Means of rows come out a few of the last digits apart where they are one, so numbers that
/// follow each other no farther apart than rounding have one rank.
fn in_order(centres: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut ranks = vec![vec![]; centres.len()];
    for k in 0..centres.first().map_or(0, Vec::len) {
        let most = centres.iter().fold(0.0, |most: f64, centre| most.max(centre[k].abs()));
        let mut order: Vec<usize> = (0..centres.len()).collect();
        order.sort_by(|a, b| centres[*a][k].total_cmp(&centres[*b][k]));
        let (mut rank, mut last) = (0, f64::NEG_INFINITY);
        for i in order {
            rank += usize::from(centres[i][k] - last > ROUNDING * most);
            last = centres[i][k];
            ranks[i].push(rank);
        }
    }
    let mut both: Vec<(Vec<usize>, Vec<f64>)> = ranks.into_iter().zip(centres).collect();
    both.sort_by(|(a, centre), (b, other)| a.cmp(b).then_with(|| compare(centre, other)));
    both.into_iter().map(|(_, centre)| centre).collect()
}

fn quantiles(rows: &Rows, k: usize) -> Vec<Vec<f64>> {
    let all: f64 = rows.counts.iter().sum();
    let at = |share: f64| {
        let mut sum = 0.0;
        let passes = |n: &f64| {
            sum += n;
            sum >= share * all
        };
        rows.row(rows.counts.iter().position(passes).unwrap_or(rows.len() - 1)).to_vec()
    };
    (0..k).map(|i| at((2 * i + 1) as f64 / (2 * k) as f64)).collect()
}

fn farthest(rows: &Rows, k: usize) -> Vec<Vec<f64>> {
    let mean: Vec<f64> = rows.moments().iter().map(|[mean, _]| *mean).collect();
    let mut far: Vec<f64> = (0..rows.len()).map(|i| squared(rows.row(i), &mean)).collect();
    let mut starts: Vec<Vec<f64>> = Vec::new();
    for _ in 0..k {
        let start = rows.row(first_of_most(&far)).to_vec();
        let distances = rows.values.par_chunks_exact(rows.width).map(|row| squared(row, &start));
        let distances: Vec<f64> = distances.collect();
        let is_first = starts.is_empty();
        far.iter_mut().zip(distances).for_each(|(far, d)| *far = if is_first { d } else { far.min(d) });
        starts.push(start);
    }
    starts
}

fn first_of_most(values: &[f64]) -> usize {
    let most = values.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1));
    most.map_or(0, |(i, _)| i)
}

/// The sum of squares, and the centres.
fn lloyd(rows: &Rows, mut centres: Vec<Vec<f64>>) -> (f64, Vec<Vec<f64>>) {
    let mut before: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let near: Vec<(usize, f64)> =
            rows.values.par_chunks_exact(rows.width).map(|row| nearest(row, &centres)).collect();
        let now: Vec<usize> = near.iter().map(|(k, _)| *k).collect();
        if now == before {
            break;
        }
        let (sums, weights) = sums(rows, &now, centres.len());
        let mut far: Vec<f64> = near.iter().map(|(_, d)| *d).collect();
        for (k, centre) in centres.iter_mut().enumerate() {
            if weights[k] > 0.0 {
                *centre = sums[k].iter().map(|sum| sum / weights[k]).collect();
            } else {
                let lonely = first_of_most(&far);
                far[lonely] = 0.0;
                *centre = rows.row(lonely).to_vec();
            }
        }
        before = now;
    }
    let squares =
        rows.values.par_chunks(BLOCK * rows.width).zip(rows.counts.par_chunks(BLOCK)).map(|(values, counts)| {
            let of_row = |(row, n): (&[f64], &f64)| nearest(row, &centres).1 * n;
            values.chunks_exact(rows.width).zip(counts).map(of_row).sum::<f64>()
        });
    let squares: f64 = squares.collect::<Vec<f64>>().iter().sum();
    (squares, centres)
}

/// The sum of the rows of each cluster, and how many they are.
fn sums(rows: &Rows, cluster: &[usize], k: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let block = |((values, counts), cluster): ((&[f64], &[f64]), &[usize])| {
        let (mut sums, mut weights) = (vec![vec![0.0; rows.width]; k], vec![0.0; k]);
        for ((row, n), at) in values.chunks_exact(rows.width).zip(counts).zip(cluster) {
            sums[*at].iter_mut().zip(row).for_each(|(sum, v)| *sum += v * n);
            weights[*at] += n;
        }
        (sums, weights)
    };
    let values = rows.values.par_chunks(BLOCK * rows.width).zip(rows.counts.par_chunks(BLOCK));
    let blocks: Vec<_> = values.zip(cluster.par_chunks(BLOCK)).map(block).collect();
    let (mut sums, mut weights) = (vec![vec![0.0; rows.width]; k], vec![0.0; k]);
    for (more, heavier) in blocks {
        let numbers = sums.iter_mut().flatten().zip(more.iter().flatten());
        numbers.for_each(|(sum, more)| *sum += more);
        weights.iter_mut().zip(heavier).for_each(|(weight, more)| *weight += more);
    }
    (sums, weights)
}

#[cfg(test)]
#[path = "kmeans_tests.rs"]
mod tests;
