//! A Gaussian on an even background, fitted to the samples around a point by least squares.
//!
//! `background + peak exp(-sum_a (x_a - c_a)^2 / (2 sigma_a^2))` over the voxels within three sigmas of the start that belong to
//! no other object; sigma is one in the plane, and another along z. Levenberg and Marquardt's method, in f64, voxels in raster
//! order. First with sigma as it is given, which always finds a place where there is a spot; from there on with sigma free,
//! if that ends well.

use crate::units::Shape;
use std::f64::consts::PI;

/// Within so many sigmas of the start.
const WINDOW: f64 = 3.0;
/// Steps of the method.
const STEPS: usize = 40;
/// The fit has ended when a step makes the squares smaller by less than this share.
const ENOUGH: f64 = 1e-10;
/// A spot is at most so many sigmas from where it was looked for.
const FARTHEST: f64 = 1.5;
/// A sigma that was found is this many times the given one at least, and at most.
const SIGMAS: [f64; 2] = [0.4, 2.5];
/// Parameters: background, peak, z, y, x, sigma in the plane, sigma along z.
const N: usize = 7;

/// Where a spot is looked for.
pub(crate) struct Start<'a> {
    /// Of the image.
    pub shape: Shape,
    /// Samples of the image.
    pub samples: &'a [i32],
    /// Objects; all voxels are free for an object that has none.
    pub labels: &'a [u32],
    /// The object of the spot.
    pub label: u32,
    /// z, y, x in voxels.
    pub at: [f64; 3],
    /// z, y, x in voxels.
    pub sigma: [f64; 3],
}

impl Start<'_> {
    /// The given sigmas along z and in the plane.
    fn widths(&self) -> [f64; 2] {
        [self.sigma[0].max(1e-3), (self.sigma[1] * self.sigma[2]).sqrt()]
    }

    /// Is a Gaussian a spot that lies near?
    fn is_spot(&self, p: &[f64; N]) -> bool {
        let axes = usize::from(self.shape.z == 1)..3;
        let far: f64 = axes.map(|a| (p[2 + a] / self.sigma[a].max(0.5)).powi(2)).sum();
        p[1] > 0.0 && far <= FARTHEST * FARTHEST && p.iter().all(|v| v.is_finite())
    }
}

/// A spot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    /// z, y, x in voxels.
    pub at: [f64; 3],
    /// Above the background, in samples.
    pub peak: f64,
    /// In samples.
    pub background: f64,
    /// In the plane and along z, in voxels; nothing where a free sigma finds no spot.
    pub sigma: Option<[f64; 2]>,
    /// The sigmas that `peak` goes with: the free ones, or those given.
    pub shape: [f64; 2],
    /// Standard deviation of what the fit leaves, in samples.
    pub noise: f64,
    /// Share of the variance that the fit explains.
    pub explained: f64,
}

impl Spot {
    /// Sum of the Gaussian over all voxels, in samples.
    pub fn light(&self, is_flat: bool) -> f64 {
        light(self.peak, self.shape, is_flat)
    }
}

/// The samples around a start. A Gaussian is a product over the axes, so it is worked out by plane, row and column.
struct Window {
    /// Places along z, y and x, from the start.
    places: [Vec<f64>; 3],
    /// Samples with the numbers of their places, in raster order.
    points: Vec<([usize; 3], f64)>,
}

/// Where the spot is, by the Gaussian of the given sigma alone; nothing where there is none.
pub(crate) fn place(start: &Start) -> Option<[f64; 3]> {
    let near = near(start, &Window::around(start))?;
    Some(std::array::from_fn(|a| start.at[a] + near[2 + a]))
}

/// The light of the Gaussian of the given sigma, in samples: less noisy than with a free one; nothing where there is no spot.
pub(crate) fn light_of_width(start: &Start) -> Option<f64> {
    let near = near(start, &Window::around(start))?;
    Some(light(near[1], [near[5], near[6]], start.shape.is_flat()))
}

/// Sum of a Gaussian over all voxels.
fn light(peak: f64, [plane, deep]: [f64; 2], is_flat: bool) -> f64 {
    let plane = 2.0 * PI * plane * plane;
    peak * if is_flat { plane } else { plane * (2.0 * PI).sqrt() * deep }
}

/// The Gaussian of the given sigma.
fn near(start: &Start, window: &Window) -> Option<[f64; N]> {
    let depth = start.shape.z > 1;
    // Two samples more than parameters of any fit, or nothing is left to judge by.
    if window.points.len() < parameters(depth)[1] + 2 {
        return None;
    }
    let samples = window.points.iter().map(|p| p.1);
    let (low, high) = samples.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(s), h.max(s)));
    let [deep, plane] = start.widths();
    let first = [low, high - low, 0.0, 0.0, 0.0, plane, deep];
    let near = if depth { descend(first, [0, 1, 2, 3, 4], window) } else { descend(first, [0, 1, 3, 4], window) };
    start.is_spot(&near).then_some(near)
}

/// How many parameters a fit has with the given sigma, and with a free one.
fn parameters(depth: bool) -> [usize; 2] {
    if depth { [5, 7] } else { [4, 5] }
}

/// Fits a spot; nothing where there is none.
pub(crate) fn fit(start: &Start) -> Option<Spot> {
    let window = Window::around(start);
    let points = &window.points;
    let depth = start.shape.z > 1;
    let near = near(start, &window)?;
    let wide =
        if depth { descend(near, [0, 1, 2, 3, 4, 5, 6], &window) } else { descend(near, [0, 1, 3, 4, 5], &window) };
    let [deep, plane] = start.widths();
    let in_range = |a: usize, given: f64| (SIGMAS[0] * given..=SIGMAS[1] * given).contains(&wide[a]);
    let has_width = start.is_spot(&wide) && in_range(5, plane) && (!depth || in_range(6, deep));
    let [fixed, free] = parameters(depth);
    let (p, parameters) = if has_width { (wide, free) } else { (near, fixed) };
    let left = window.left(&p, &window.bells(&p));
    let mean = points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64;
    let all: f64 = points.iter().map(|p| (p.1 - mean).powi(2)).sum();
    Some(Spot {
        at: std::array::from_fn(|a| start.at[a] + p[2 + a]),
        peak: p[1],
        background: p[0],
        sigma: has_width.then_some([p[5], p[6]]),
        shape: [p[5], p[6]],
        noise: (left / (points.len() - parameters) as f64).sqrt(),
        explained: if all > 0.0 { 1.0 - left / all } else { 0.0 },
    })
}

impl Window {
    fn around(start: &Start) -> Self {
        let reach = start.sigma.map(|s| WINDOW * s.max(0.5));
        let around = |a: usize| {
            let n = start.shape.zyx()[a] as f64;
            let from = (start.at[a] - reach[a]).ceil().clamp(0.0, n) as usize;
            from..(start.at[a] + reach[a] + 1.0).floor().clamp(0.0, n) as usize
        };
        let places = [0, 1, 2].map(|a| around(a).map(|v| v as f64 - start.at[a]).collect::<Vec<f64>>());
        let mut points = vec![];
        for (k, z) in around(0).enumerate() {
            for (j, y) in around(1).enumerate() {
                for (l, x) in around(2).enumerate() {
                    let at = [places[0][k], places[1][j], places[2][l]];
                    let i = start.shape.index(z, y, x);
                    let is_free = start.labels.get(i).is_none_or(|l| *l == 0 || *l == start.label);
                    if is_free && (0..3).map(|a| (at[a] / reach[a]).powi(2)).sum::<f64>() <= 1.0 {
                        points.push(([k, j, l], f64::from(start.samples[i])));
                    }
                }
            }
        }
        Window { places, points }
    }

    /// The Gaussian along each axis.
    fn bells(&self, p: &[f64; N]) -> Bells {
        let sigmas = [p[6], p[5], p[5]];
        std::array::from_fn(|a| {
            let bell = |place: &f64| {
                let d = place - p[2 + a];
                (libm::exp(-d * d / (2.0 * sigmas[a] * sigmas[a])), d)
            };
            self.places[a].iter().map(bell).collect()
        })
    }

    /// The sum of the squares that are left.
    fn left(&self, p: &[f64; N], bells: &Bells) -> f64 {
        self.points.iter().map(|(at, value)| (value - p[0] - p[1] * product(bells, at)).powi(2)).sum()
    }
}

/// By axis and place: the Gaussian without its peak, and the distance from its centre.
type Bells = [Vec<(f64, f64)>; 3];

fn product(bells: &Bells, at: &[usize; 3]) -> f64 {
    bells[0][at[0]].0 * bells[1][at[1]].0 * bells[2][at[2]].0
}

/// Levenberg and Marquardt's method over some of the parameters.
fn descend<const M: usize>(mut p: [f64; N], over: [usize; M], window: &Window) -> [f64; N] {
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
fn normal<const M: usize>(
    p: &[f64; N],
    over: &[usize; M],
    window: &Window,
    bells: &Bells,
) -> ([[f64; M]; M], [f64; M]) {
    let (mut matrix, mut right) = ([[0.0; M]; M], [0.0; M]);
    let (plane, deep) = (p[5] * p[5], p[6] * p[6]);
    let is_deep = over.contains(&2);
    for (at, value) in &window.points {
        let (bell, d) = (product(bells, at), [0, 1, 2].map(|a| bells[a][at[a]].1));
        let height = p[1] * bell;
        let across = [height * d[1] / plane, height * d[2] / plane];
        let wide = height * (d[1] * d[1] + d[2] * d[2]) / (plane * p[5]);
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

#[cfg(test)]
mod tests {
    //! Oracle: spots of known parameters.
    use super::*;

    fn image(shape: Shape, at: [f64; 3], sigma: [f64; 2], peak: f64) -> Vec<i32> {
        let value = |i: usize| {
            let d: [f64; 3] = std::array::from_fn(|a| shape.position(i)[a] as f64 - at[a]);
            let (plane, deep) = (sigma[0] * sigma[0], sigma[1] * sigma[1]);
            (500.0 + peak * libm::exp(-(d[0] * d[0] / deep + (d[1] * d[1] + d[2] * d[2]) / plane) / 2.0)).round() as i32
        };
        (0..shape.len()).map(value).collect()
    }

    #[test]
    fn what_was_put_in_is_found() {
        for (shape, at, sigma) in [
            (Shape::flat(21, 21), [0.0, 10.3, 9.6], [1.7, 1.0]),
            (Shape::new(11, 19, 21), [5.2, 9.8, 10.4], [1.2, 1.9]),
            (Shape::flat(21, 21), [0.0, 0.2, 10.4], [1.5, 1.0]),
        ] {
            let samples = image(shape, at, sigma, 10_000.0);
            let start =
                Start { shape, samples: &samples, labels: &[], label: 1, at: at.map(f64::round), sigma: [1.4; 3] };
            let spot = fit(&start).unwrap();
            let found = spot.sigma.unwrap();
            assert!((0..3).all(|a| (spot.at[a] - at[a]).abs() < 1e-3), "{spot:?}");
            assert!((found[0] - sigma[0]).abs() < 1e-3 && (shape.z == 1 || (found[1] - sigma[1]).abs() < 1e-3));
            assert!((spot.peak - 10_000.0).abs() < 5.0 && (spot.background - 500.0).abs() < 2.0, "{spot:?}");
            assert!(spot.noise < 1.0 && spot.explained > 0.999);
        }
    }

    #[test]
    fn what_is_no_spot_is_none() {
        let shape = Shape::flat(15, 15);
        let none = |samples: Vec<i32>| {
            let start = Start { shape, samples: &samples, labels: &[], label: 1, at: [0.0, 7.0, 7.0], sigma: [1.4; 3] };
            fit(&start).is_none()
        };
        assert!(none(vec![9; 225]));
        assert!(none(image(shape, [0.0, 7.0, 7.0], [1.4, 1.0], -300.0)));
        assert!(none(image(shape, [0.0, 7.0, 11.0], [1.4, 1.0], 300.0)));
        let one = Shape::flat(1, 1);
        let start = Start { shape: one, samples: &[5], labels: &[1], label: 1, at: [0.0; 3], sigma: [1.4; 3] };
        assert!(fit(&start).is_none());
    }
}
