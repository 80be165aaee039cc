//! Levenberg and Marquardt's method.

use super::N;
use super::window::{Bells, Window, product};

/// Steps of the method.
const STEPS: usize = 40;
/// The fit has ended when a step makes the squares smaller by less than this share.
const ENOUGH: f64 = 1e-10;

/// Levenberg and Marquardt's method over some of the parameters.
pub(super) fn descend<const M: usize>(mut p: [f64; N], over: [usize; M], window: &Window) -> [f64; N] {
    let bells = window.bells(&p);
    let (mut before, mut damping) = (window.left(&p, &bells), 1e-3);
    let mut equations = normal(&p, &over, window, &bells);
    for _ in 0..STEPS {
        let (matrix, right) = equations;
        let mut damped = matrix;
        (0..M).for_each(|k| damped[k][k] *= 1.0 + damping);
        let Some(step) = solve(damped, right) else { return p };
        let mut next = p;
        over.iter().zip(step).for_each(|(k, s)| next[*k] += s);
        let bells = window.bells(&next);
        let after = window.left(&next, &bells);
        if after.is_finite() && after <= before && next[5] > 0.0 && next[6] > 0.0 {
            let done = before - after <= ENOUGH * before;
            (p, before, damping) = (next, after, damping / 10.0);
            if done {
                return p;
            }
            equations = normal(&p, &over, window, &bells);
        } else {
            damping *= 10.0;
        }
    }
    p
}

/// The normal equations of a step.
pub(super) fn normal<const M: usize>(
    p: &[f64; N],
    over: &[usize; M],
    window: &Window,
    bells: &Bells,
) -> ([[f64; M]; M], [f64; M]) {
    let (mut matrix, mut right) = ([[0.0; M]; M], [0.0; M]);
    let (plane, deep) = (p[5] * p[5], p[6] * p[6]);
    let [ky, kx] = window.sides.map(|side| side * side);
    let is_deep = over.contains(&2);
    for (at, value) in &window.points {
        let (bell, d) = (product(bells, at), [0, 1, 2].map(|a| bells[a][at[a]].1));
        let height = p[1] * bell;
        let across = [height * d[1] / (plane * ky), height * d[2] / (plane * kx)];
        let wide = height * (d[1] * d[1] / ky + d[2] * d[2] / kx) / (plane * p[5]);
        // In the order of the parameters; those wanted are the first.
        let slopes = if is_deep {
            let [near, far] = [height * d[0] / deep, height * d[0] * d[0] / (deep * p[6])];
            [1.0, bell, near, across[0], across[1], wide, far]
        } else {
            [1.0, bell, across[0], across[1], wide, 0.0, 0.0]
        };
        let left = value - p[0] - height;
        let wanted: [f64; M] = std::array::from_fn(|k| slopes[k]);
        // The whole matrix, though it is symmetric: rows of one length go through wide registers.
        for i in 0..M {
            right[i] += wanted[i] * left;
            (0..M).for_each(|j| matrix[i][j] += wanted[i] * wanted[j]);
        }
    }
    (matrix, right)
}

/// Solves linear equations by elimination; nothing where they have no single answer.
pub(crate) fn solve<const M: usize>(mut m: [[f64; M]; M], mut right: [f64; M]) -> Option<[f64; M]> {
    for k in 0..M {
        let pivot = (k..M).max_by(|a, b| m[*a][k].abs().total_cmp(&m[*b][k].abs()))?;
        m.swap(k, pivot);
        right.swap(k, pivot);
        if m[k][k].abs() <= f64::MIN_POSITIVE || !m[k][k].is_finite() {
            return None;
        }
        for i in k + 1..M {
            let factor = m[i][k] / m[k][k];
            let row = m[k];
            (k..M).for_each(|j| m[i][j] -= factor * row[j]);
            right[i] -= factor * right[k];
        }
    }
    let mut out = [0.0; M];
    for k in (0..M).rev() {
        let known: f64 = (k + 1..M).map(|j| m[k][j] * out[j]).sum();
        out[k] = (right[k] - known) / m[k][k];
    }
    Some(out)
}
