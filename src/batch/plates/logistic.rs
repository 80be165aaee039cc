//! The logistic curve of four parameters, fitted to responses by least squares.
//!
//! `y = low + (high - low) / (1 + 10^(hill (log10 EC50 - log10 dose)))`; `low` is what small doses come to. Levenberg and Marquardt's
//! way (D. W. Marquardt, J. SIAM 11 (1963) 431), from the best curves of a grid of EC50 and Hill slopes, for which the other two
//! parameters follow in one step. All of it is in `f64` in a fixed order.

use libm::{exp, fabs, sqrt};
use std::f64::consts::LN_10;

/// A dose as its logarithm to 10, and what responded to it.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub log_dose: f64,
    pub response: f64,
}

/// Response to small and to large doses, logarithm to 10 of the EC50, Hill slope above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    pub low: f64,
    pub high: f64,
    pub log_ec50: f64,
    pub hill: f64,
}

/// A curve with the sum of squares that it leaves, and the standard errors of its parameters where the points give them.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    pub curve: Curve,
    pub squares: f64,
    pub errors: Option<Curve>,
}

/// Hill slopes of the grid, and its EC50 a decade.
const HILLS: [f64; 10] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0];
const A_DECADE: f64 = 10.0;
/// The same of the grid that every curve of a range is looked for in.
const FINE_HILLS: [f64; 2] = [0.03, 20.0];
const FINE_SLOPES: usize = 60;
const FINE_DECADE: f64 = 20.0;
/// So many decades beyond the doses an EC50 is looked for.
const BEYOND: f64 = 2.0;
/// Curves of the grid that are followed.
const STARTS: usize = 4;
const STEPS: usize = 500;
/// A step of this part of the parameters changes nothing.
const SMALL: f64 = 1e-12;

impl Curve {
    /// The part of the way from `low` to `high`.
    pub fn fraction(&self, log_dose: f64) -> f64 {
        1.0 / (1.0 + exp(-LN_10 * self.hill * (log_dose - self.log_ec50)))
    }

    /// The response to a dose.
    pub fn response(&self, log_dose: f64) -> f64 {
        self.low + (self.high - self.low) * self.fraction(log_dose)
    }

    /// The sum of squares that it leaves.
    pub fn squares(&self, points: &[Point]) -> f64 {
        let miss = |p: &Point| p.response - self.response(p.log_dose);
        points.iter().map(|p| miss(p) * miss(p)).sum()
    }

    /// How the response changes with each parameter.
    fn gradient(&self, log_dose: f64) -> [f64; 4] {
        let f = self.fraction(log_dose);
        let slope = (self.high - self.low) * f * (1.0 - f) * LN_10;
        [1.0 - f, f, -slope * self.hill, slope * (log_dose - self.log_ec50)]
    }

    fn to_array(self) -> [f64; 4] {
        [self.low, self.high, self.log_ec50, self.hill]
    }

    fn from_array([low, high, log_ec50, hill]: [f64; 4]) -> Self {
        Curve { low, high, log_ec50, hill }
    }
}

/// The best curve; nothing without points or where no curve is finite.
pub fn fit(points: &[Point]) -> Option<Fit> {
    let [least, most] = span(points.iter().map(|p| p.response))?;
    let doses = span(points.iter().map(|p| p.log_dose))?;
    // Responses from 0 to 1, so that steps are judged alike whatever they count in.
    let scale = if most > least { most - least } else { 1.0 };
    let scaled: Vec<Point> = points.iter().map(|p| Point { response: (p.response - least) / scale, ..*p }).collect();
    let followed = starts(&scaled, doses).into_iter().map(|start| descend(start, &scaled, doses));
    let best = followed.filter(|(_, s)| s.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1))?;
    let back = |c: Curve, from: f64| Curve { low: from + scale * c.low, high: from + scale * c.high, ..c };
    let errors = errors(&best.0, &scaled).map(|errors| back(errors, 0.0));
    Some(Fit { curve: back(best.0, least), squares: scale * scale * best.1, errors })
}

/// The sum of squares that the best curve leaves of those whose EC50 lies within a range of its logarithm: of a grid, so it is that or a
/// little more.
pub fn least_squares_within(points: &[Point], [first, last]: [f64; 2]) -> f64 {
    let steps = ((last - first) * FINE_DECADE).ceil().max(1.0);
    let ec50 = |k: usize| first + (last - first) * k as f64 / steps;
    let slope = |k: usize| FINE_HILLS[0] * libm::pow(FINE_HILLS[1] / FINE_HILLS[0], k as f64 / FINE_SLOPES as f64);
    let curves = (0..=steps as usize).flat_map(|e| (0..=FINE_SLOPES).map(move |h| (ec50(e), slope(h))));
    let squares = curves.filter_map(|(e, h)| Some(with_plateaus(points, e, h)?.squares(points)));
    squares.fold(f64::INFINITY, f64::min)
}

/// How far beyond the doses an EC50 may lie, in decades.
pub const FARTHEST: f64 = 2.0 * BEYOND;

fn span(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    values.map(|v| [v, v]).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
}

/// The best curves of the grid, one a slope.
fn starts(points: &[Point], [first, last]: [f64; 2]) -> Vec<Curve> {
    let steps = ((last - first + 2.0 * BEYOND) * A_DECADE) as usize;
    let of_slope = |hill: f64| {
        let at = |k: usize| with_plateaus(points, first - BEYOND + k as f64 / A_DECADE, hill);
        (0..=steps).filter_map(at).map(|c| (c, c.squares(points))).min_by(|a, b| a.1.total_cmp(&b.1))
    };
    let mut all: Vec<(Curve, f64)> = HILLS.into_iter().filter_map(of_slope).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all.into_iter().take(STARTS).map(|(curve, _)| curve).collect()
}

/// The plateaus that suit an EC50 and a slope best: a straight line through the responses against the fraction.
pub fn with_plateaus(points: &[Point], log_ec50: f64, hill: f64) -> Option<Curve> {
    let curve = Curve { low: 0.0, high: 1.0, log_ec50, hill };
    let n = points.len() as f64;
    let mean_f = points.iter().map(|p| curve.fraction(p.log_dose)).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.response).sum::<f64>() / n;
    let (mut ff, mut fy) = (0.0, 0.0);
    for p in points {
        let f = curve.fraction(p.log_dose) - mean_f;
        ff += f * f;
        fy += f * (p.response - mean_y);
    }
    let rise = fy / ff;
    let low = mean_y - rise * mean_f;
    (ff > 0.0 && rise.is_finite()).then_some(Curve { low, high: low + rise, ..curve })
}

/// Follows a curve downhill.
fn descend(start: Curve, points: &[Point], [first, last]: [f64; 2]) -> (Curve, f64) {
    let (mut curve, mut squares, mut damping) = (start, start.squares(points), 1e-3);
    let is_sensible = |c: &Curve| c.hill > 0.0 && c.log_ec50 > first - FARTHEST && c.log_ec50 < last + FARTHEST;
    for _ in 0..STEPS {
        let (normal, toward) = normal_equations(&curve, points);
        let mut damped = normal;
        (0..4).for_each(|i| damped[i][i] += damping * normal[i][i]);
        let (mut next, mut is_small) = (curve.to_array(), true);
        let Some(inverse) = inverse(damped) else {
            damping *= 10.0;
            continue;
        };
        for i in 0..4 {
            let step: f64 = (0..4).map(|j| inverse[i][j] * toward[j]).sum();
            is_small &= fabs(step) <= SMALL * (fabs(next[i]) + SMALL);
            next[i] += step;
        }
        let next = Curve::from_array(next);
        let left = next.squares(points);
        if left < squares && is_sensible(&next) {
            (curve, squares, damping) = (next, left, f64::max(damping / 10.0, 1e-12));
        } else {
            damping *= 10.0;
        }
        if is_small || damping > 1e20 {
            break;
        }
    }
    (curve, squares)
}

/// The sums of products of the gradients, and of these with what the curve misses.
fn normal_equations(curve: &Curve, points: &[Point]) -> ([[f64; 4]; 4], [f64; 4]) {
    let (mut normal, mut toward) = ([[0.0; 4]; 4], [0.0; 4]);
    for p in points {
        let (gradient, miss) = (curve.gradient(p.log_dose), p.response - curve.response(p.log_dose));
        for i in 0..4 {
            (0..4).for_each(|j| normal[i][j] += gradient[i] * gradient[j]);
            toward[i] += gradient[i] * miss;
        }
    }
    (normal, toward)
}

/// The inverse of a symmetric matrix, scaled to a diagonal of 1 first; nothing if it has none in `f64`.
fn inverse(matrix: [[f64; 4]; 4]) -> Option<[[f64; 4]; 4]> {
    let scale = [0, 1, 2, 3].map(|i| sqrt(matrix[i][i]));
    if scale.iter().any(|s| !(s.is_finite() && *s > 0.0)) {
        return None;
    }
    // Gauss and Jordan, with the unit matrix at the right; pivots of a positive matrix need no search.
    let mut rows = [[0.0; 8]; 4];
    for i in 0..4 {
        (0..4).for_each(|j| rows[i][j] = matrix[i][j] / (scale[i] * scale[j]));
        rows[i][4 + i] = 1.0;
    }
    for k in 0..4 {
        let pivot = rows[k][k];
        if !(pivot.is_finite() && pivot > 1e-14) {
            return None;
        }
        rows[k] = rows[k].map(|v| v / pivot);
        for i in (0..4).filter(|i| *i != k) {
            let factor = rows[i][k];
            (0..8).for_each(|j| rows[i][j] -= factor * rows[k][j]);
        }
    }
    Some([0, 1, 2, 3].map(|i| [0, 1, 2, 3].map(|j| rows[i][4 + j] / (scale[i] * scale[j]))))
}

/// Standard errors, from the curvature at the best curve and the variance of what is left.
fn errors(curve: &Curve, points: &[Point]) -> Option<Curve> {
    let degrees = points.len().checked_sub(4).filter(|d| *d > 0)? as f64;
    let variance = curve.squares(points) / degrees;
    let inverse = inverse(normal_equations(curve, points).0)?;
    Some(Curve::from_array([0, 1, 2, 3].map(|i| sqrt(variance * inverse[i][i]))))
}

#[cfg(test)]
#[path = "logistic_tests.rs"]
mod tests;
