//! The maximal correlation coefficient of pairs of grey levels: the largest correlation that functions of the two levels can have.
//!
//! With p the symmetric matrix of co-occurrence and q its margins, it is the second largest magnitude among the eigenvalues of
//! p(i, j) / sqrt(q(i) q(j)), whose largest is 1. They are found by Jacobi's rotations, in one fixed order.

use super::Levels;
use super::aggregation::{Aggregation, Norm, directions};
use super::glcm_matrix::count;

/// Matrices of more levels are left out: the work grows with the third power.
const MOST: usize = 256;
/// Rounds of rotations; a dozen do.
const ROUNDS: usize = 60;

/// The mean over all matrices that hold a pair. One that holds a single level has no second magnitude: that is 1 in a region of one level
/// and 0 in others, as in PyRadiomics. Nothing for more than 256 levels.
pub(super) fn maximal(levels: &Levels, distance: usize, aggregation: Aggregation) -> Option<f64> {
    if levels.ranks() > MOST {
        return None;
    }
    let levels = levels.framed(distance);
    let steps = directions(distance, Norm::Chebyshev, aggregation.is_flat());
    let (mut sum, mut n) = (0.0, 0u32);
    for (slices, steps) in aggregation.groups(levels.slices(), &steps) {
        let width = levels.ranks() + 1;
        let mut cells = vec![0.0; width * width];
        let steps: Vec<_> = steps.into_iter().map(|step| (step, 1)).collect();
        count(&levels, &levels.rows(&slices), &steps, true).each(|a, b, count| cells[a * width + b] = count as f64);
        let margins: Vec<f64> = cells.chunks(width).map(|row| row.iter().sum()).collect();
        let there: Vec<usize> = (0..width).filter(|k| margins[*k] > 0.0).collect();
        if there.is_empty() {
            continue;
        }
        let scaled = |a: usize, b: usize| cells[a * width + b] / (margins[a] * margins[b]).sqrt();
        let matrix = there.iter().map(|a| there.iter().map(|b| scaled(*a, *b)).collect()).collect();
        let mut sizes: Vec<f64> = eigenvalues(matrix).into_iter().map(f64::abs).collect();
        sizes.sort_unstable_by(|a, b| b.total_cmp(a));
        sum += sizes.get(1).copied().unwrap_or(if levels.ranks() == 1 { 1.0 } else { 0.0 });
        n += 1;
    }
    (n > 0).then(|| sum / f64::from(n))
}

/// Of a symmetric matrix.
fn eigenvalues(mut m: Vec<Vec<f64>>) -> Vec<f64> {
    let n = m.len();
    for _ in 0..ROUNDS {
        let off: f64 = (0..n).map(|i| m[i][..i].iter().map(|v| v * v).sum::<f64>()).sum();
        if off < 1e-24 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut m, p, q);
            }
        }
    }
    (0..n).map(|i| m[i][i]).collect()
}

/// The rotation that makes the element p, q nothing.
fn rotate(m: &mut [Vec<f64>], p: usize, q: usize) {
    if m[p][q] == 0.0 {
        return;
    }
    let theta = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in m.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    let (above, below) = m.split_at_mut(q);
    for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: matrices whose eigenvalues are known.
    use super::*;

    #[test]
    fn eigenvalues_of_small_matrices() {
        let of = |m: &[&[f64]]| {
            let mut values = eigenvalues(m.iter().map(|row| row.to_vec()).collect());
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let close = |found: Vec<f64>, want: &[f64]| {
            assert!(found.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        close(of(&[&[2.0, 1.0], &[1.0, 2.0]]), &[1.0, 3.0]);
        close(
            of(&[&[4.0, 1.0, 0.0], &[1.0, 4.0, 1.0], &[0.0, 1.0, 4.0]]),
            &[4.0 - 2f64.sqrt(), 4.0, 4.0 + 2f64.sqrt()],
        );
        close(of(&[&[5.0]]), &[5.0]);
    }
}
