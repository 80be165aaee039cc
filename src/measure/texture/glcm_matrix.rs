//! The matrix of co-occurrence: counts of pairs of grey levels.

use super::aggregation::Step;
use super::levels::Levels;
use std::ops::Range;

/// More ranks than this, and the pairs that occur are listed instead.
pub(super) const DENSE: usize = 1024;
/// Pairs that are sorted together.
const TOGETHER: usize = 1 << 20;

/// Two levels or their ranks, and how often they lie beside each other.
pub(super) type Pair = ([u16; 2], u64);

/// A matrix of counts.
#[derive(Debug, PartialEq)]
pub(super) enum Matrix {
    /// Row by row; the row and the column of rank 0 are there too, and hold nothing.
    Dense { width: usize, counts: Vec<u64> },
    /// Row, column and count of the pairs that occur, in that order.
    Sparse(Vec<Pair>),
}

impl Matrix {
    /// Of counts one way, row by row.
    pub fn dense(width: usize, mut counts: Vec<u64>, symmetric: bool) -> Self {
        end(width, &mut counts, symmetric);
        Matrix::Dense { width, counts }
    }

    /// For the ranks of some levels, with nothing counted.
    pub fn none(levels: &Levels) -> Self {
        let width = levels.ranks() + 1;
        if levels.ranks() > DENSE {
            Matrix::Sparse(vec![])
        } else {
            Matrix::Dense { width, counts: vec![0; width * width] }
        }
    }

    /// Counts pairs as [`count`] does, where nothing is counted yet.
    pub fn count(&mut self, levels: &Levels, rows: &[Range<usize>], steps: &[(Step, u64)], symmetric: bool) {
        let (width, counts) = match self {
            Matrix::Sparse(pairs) => return *pairs = sparse(levels, rows, steps, symmetric),
            Matrix::Dense { width, counts } => (*width, counts),
        };
        let at = |a: u16, b: u16| usize::from(a) * width + usize::from(b);
        let pairs = steps.len() * rows.iter().map(ExactSizeIterator::len).sum::<usize>();
        // To count few pairs both ways takes less than to go over the matrix once more.
        let is_twice = symmetric && pairs < counts.len();
        for &(step, weight) in steps {
            if is_twice {
                each_pair(levels, rows, step, |a, b| {
                    counts[at(a, b)] += weight;
                    counts[at(b, a)] += weight;
                });
            } else {
                each_pair(levels, rows, step, |a, b| counts[at(a, b)] += weight);
            }
        }
        end(width, counts, symmetric && !is_twice);
    }

    /// Nothing is counted any more.
    pub fn clear(&mut self) {
        match self {
            Matrix::Dense { counts, .. } => counts.fill(0),
            Matrix::Sparse(pairs) => pairs.clear(),
        }
    }

    /// Adds one of the same ranks.
    pub fn add(&mut self, other: &Matrix) {
        match (self, other) {
            (Matrix::Dense { counts, .. }, Matrix::Dense { counts: others, .. }) => {
                counts.iter_mut().zip(others).for_each(|(n, other)| *n += other);
            }
            (Matrix::Sparse(pairs), Matrix::Sparse(others)) => {
                pairs.extend(others);
                merge(pairs);
            }
            // As many ranks make a matrix of one kind.
            _ => {}
        }
    }

    /// Calls `f(row, column, count)` for the pairs that occur, row by row.
    pub fn each(&self, mut f: impl FnMut(usize, usize, u64)) {
        match self {
            Matrix::Dense { width, counts } => {
                for (row, cells) in counts.chunks(*width).enumerate() {
                    for (column, &n) in cells.iter().enumerate().filter(|(_, n)| **n > 0) {
                        f(row, column, n);
                    }
                }
            }
            Matrix::Sparse(pairs) => pairs.iter().for_each(|([a, b], n)| f(usize::from(*a), usize::from(*b), *n)),
        }
    }
}

/// Counts the pairs that steps join, of voxels that follow each other in rows, each as often as its step weighs.
pub(super) fn count(levels: &Levels, rows: &[Range<usize>], steps: &[(Step, u64)], symmetric: bool) -> Matrix {
    let mut matrix = Matrix::none(levels);
    matrix.count(levels, rows, steps, symmetric);
    matrix
}

/// What there is to do once counts are there: a pair of a voxel and none is no pair (to count it costs less than to ask), and what was
/// counted one way may be wanted both ways.
fn end(width: usize, counts: &mut [u64], symmetric: bool) {
    counts.iter_mut().step_by(width).for_each(|n| *n = 0);
    counts[..width].fill(0);
    if symmetric {
        for a in 0..width {
            for b in 0..=a {
                let both = counts[a * width + b] + counts[b * width + a];
                (counts[a * width + b], counts[b * width + a]) = (both, both);
            }
        }
    }
}

/// Some step joins two voxels of the region.
pub(super) fn has_pair(levels: &Levels, rows: &[Range<usize>], step: Step) -> bool {
    let mut found = false;
    each_pair(levels, rows, step, |a, b| found |= a != 0 && b != 0);
    found
}

/// Ranks of the voxels of rows, and of what a step leads to: 0 where that is no voxel.
#[inline(always)]
fn each_pair(levels: &Levels, rows: &[Range<usize>], step: Step, mut f: impl FnMut(u16, u16)) {
    if !levels.holds(step) {
        return;
    }
    // Directions point forward, and the frame holds what lies behind the last voxel.
    let (cells, offset) = (levels.cells(), levels.offset(step).unsigned_abs());
    for row in rows {
        for (&a, &b) in cells[row.clone()].iter().zip(&cells[row.start + offset..]) {
            f(a, b);
        }
    }
}

fn sparse(levels: &Levels, rows: &[Range<usize>], steps: &[(Step, u64)], symmetric: bool) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut waiting = Vec::new();
    for same in steps.chunk_by(|a, b| a.1 == b.1) {
        let weight = same[0].1;
        for &(step, _) in same {
            each_pair(levels, rows, step, |a, b| {
                if b == 0 {
                    return;
                }
                waiting.push([a, b]);
                if symmetric {
                    waiting.push([b, a]);
                }
                if waiting.len() >= TOGETHER {
                    add(&mut pairs, &mut waiting, weight);
                }
            });
        }
        add(&mut pairs, &mut waiting, weight);
    }
    // What weighs nothing is no pair.
    pairs.retain(|(_, n)| *n > 0);
    pairs
}

/// Adds single pairs of one weight to those that are counted.
fn add(pairs: &mut Vec<Pair>, waiting: &mut Vec<[u16; 2]>, weight: u64) {
    waiting.sort_unstable();
    pairs.extend(waiting.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64 * weight)));
    waiting.clear();
    merge(pairs);
}

/// Puts two lists in order, one behind the other, together.
fn merge(pairs: &mut Vec<Pair>) {
    // A stable sort sees that they are two.
    pairs.sort_by_key(|(pair, _)| *pair);
    pairs.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::levels;
    use super::*;
    use crate::measure::texture::aggregation::{Norm, directions};

    #[test]
    fn counts_of_a_small_grid() {
        let levels = levels([1, 2, 3], &[1, 1, 2, /**/ 1, 0, 2]);
        let matrix = |steps: &[Step], symmetric| {
            let mut out = Vec::new();
            let steps: Vec<_> = steps.iter().map(|step| (*step, 1)).collect();
            count(&levels, &levels.rows(&(0..1)), &steps, symmetric).each(|a, b, n| out.push((a, b, n)));
            out
        };
        assert_eq!(matrix(&[[0, 0, 1]], false), [(1, 1, 1), (1, 2, 1)]);
        assert_eq!(matrix(&[[0, 0, 1]], true), [(1, 1, 2), (1, 2, 1), (2, 1, 1)]);
        assert_eq!(matrix(&[[0, 1, 0]], true), [(1, 1, 2), (2, 2, 2)]);
        assert_eq!(matrix(&[[0, 1, -1]], true), [(1, 1, 2)]);
        assert_eq!(matrix(&[[0, 1, 1]], true), [(1, 2, 1), (2, 1, 1)]);
        assert_eq!(matrix(&[[1, 0, 0]], true), []);
    }

    /// Invariant: counted both ways at once, or one way and then mirrored; direction by direction, or all together.
    #[test]
    fn few_pairs_and_many_are_counted_alike() {
        let cells: Vec<u16> = (0..9 * 9u16).map(|i| i.wrapping_mul(40503) >> 11).collect();
        let levels = levels([1, 9, 9], &cells);
        let steps: Vec<_> = directions(1, Norm::Chebyshev, true).into_iter().map(|step| (step, 1)).collect();
        let rows = levels.rows(&(0..1));
        let one_by_one = |steps: &[(Step, u64)]| {
            let mut all: Vec<Matrix> = steps.chunks(1).map(|step| count(&levels, &rows, step, true)).collect();
            let mut sum = all.remove(0);
            all.iter().for_each(|matrix| sum.add(matrix));
            sum
        };
        assert!(levels.ranks() * levels.ranks() > 81 && (levels.ranks() + 1).pow(2) < 40 * 81);
        assert_eq!(one_by_one(&steps), count(&levels, &rows, &steps, true));
        // The same steps ten times over are too many to be counted twice.
        let many = steps.repeat(10);
        assert_eq!(one_by_one(&many), count(&levels, &rows, &many, true));
        let listed = |steps: &[(Step, u64)]| Matrix::Sparse(sparse(&levels, &rows, steps, true));
        let mut sum = listed(&steps[..2]);
        sum.add(&listed(&steps[2..]));
        assert_eq!(sum, listed(&steps));
    }

    #[test]
    fn listed_pairs_are_those_of_the_matrix() {
        let cells: Vec<u16> = (0..7 * 8 * 9u16).map(|i| i.wrapping_mul(40503) >> 12).collect();
        let levels = levels([7, 8, 9], &cells);
        let steps = directions(1, Norm::Chebyshev, false);
        // Two weights take turns.
        let steps: Vec<_> = steps.into_iter().zip((0..).map(|i| 1 + i % 2)).collect();
        for symmetric in [false, true] {
            let pairs = |matrix: Matrix| {
                let mut out = Vec::new();
                matrix.each(|a, b, n| out.push((a, b, n)));
                out
            };
            let listed = pairs(Matrix::Sparse(sparse(&levels, &levels.rows(&(0..7)), &steps, symmetric)));
            assert_eq!(listed, pairs(count(&levels, &levels.rows(&(0..7)), &steps, symmetric)));
        }
    }
}
