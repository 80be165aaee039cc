//! A Gaussian on an even background, fitted to the samples around a point by least squares.
//!
//! `background + peak exp(-sum_a (x_a - c_a)^2 / (2 sigma_a^2))` over the voxels within three sigmas of the start that belong to
//! no other object; sigma is one in the plane, in true lengths, and another along z. Levenberg and Marquardt's method, in f64,
//! voxels in raster order. First with sigma as it is given, which always finds a place where there is a spot; from there on with
//! sigma free, if that ends well.
//!
//! Along z the optics may make anything of a spot, and few slices show it. So a fit that ends far from the sigma along z that it
//! began with begins again with what it found, around as many slices as that needs; and that sigma is only found where at least
//! three slices show it and its standard error, and those of peak and light, are small.
//!
//! Voxels at the end of the scale had at least so much light, and are passed over: what lies beside them tells the Gaussian. Peak and light
//! are told then where their standard errors are small, and the peak is no higher than four times what the scale shows above the
//! background: beyond that the flanks that are left are too far out to be those of a Gaussian.

mod crowd;
mod descent;
mod window;

pub(crate) use crowd::fit_neighbours;
pub(crate) use descent::solve;

use crate::units::Shape;
use descent::{descend, normal};
use std::f64::consts::PI;
use window::Window;

/// A spot is at most so many sigmas from where it was looked for.
const FARTHEST: f64 = 1.5;
/// A sigma in the plane that was found is this many times the given one at least, and at most.
const SIGMAS: [f64; 2] = [0.4, 2.5];
/// One along z: optics that are not known in advance make spots up to six times as long as they are wide.
const DEEP_SIGMAS: [f64; 2] = [1.0 / 6.0, 6.0];
/// A fit begins again where the sigma along z is more than so many times, or less than this part of, that it began with.
const AGAIN: f64 = 1.5;
/// A fit begins with that along z at least: of a spot that lies in one slice, a change of its length changes nothing.
const SHORTEST: f64 = 0.6;
/// So often at most.
const ROUNDS: usize = 5;
/// Slices that show a sigma along z.
const SLICES: usize = 3;
/// The sigma along z, the peak and the light are told where their standard errors are this share of them at most.
const UNSURE: f64 = 0.25;
/// A peak that was cut off is told up to so many times what the scale shows of it.
const BEYOND: f64 = 4.0;
/// Parameters: background, peak, z, y, x, sigma in the plane, sigma along z.
const N: usize = 7;

/// Where a spot is looked for.
#[derive(Clone, Copy)]
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
    /// z, y, x in voxels; those along y and x are one in true lengths.
    pub sigma: [f64; 3],
    /// From this sample on more light shows the same.
    pub end: Option<i32>,
    /// Spots whose light is taken away before.
    pub others: &'a [Spot],
}

impl Start<'_> {
    /// The given sigmas along z and in the plane.
    fn widths(&self) -> [f64; 2] {
        [self.sigma[0].max(1e-3), (self.sigma[1] * self.sigma[2]).sqrt()]
    }

    /// The sigmas along y and x over that in the plane: 1 where pixels are square.
    fn sides(&self) -> [f64; 2] {
        let side = (self.sigma[1] / self.sigma[2]).sqrt();
        [side, 1.0 / side]
    }

    /// Is a Gaussian a spot that lies near?
    fn is_spot(&self, p: &[f64; N]) -> bool {
        let axes = usize::from(self.shape.is_flat())..3;
        let far: f64 = axes.map(|a| (p[2 + a] / self.sigma[a].max(0.5)).powi(2)).sum();
        p[1] > 0.0 && far <= FARTHEST * FARTHEST && p.iter().all(|v| v.is_finite())
    }

    /// Is the sigma of a Gaussian in the plane near the given one?
    fn is_as_wide(&self, p: &[f64; N]) -> bool {
        lies_within(SIGMAS, p[5] / self.widths()[1])
    }
}

fn lies_within([least, most]: [f64; 2], times: f64) -> bool {
    (least..=most).contains(&times)
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
    /// Sigma in the plane in pixels, the root of that along y times that along x; nothing where a free sigma finds no spot.
    pub plane: Option<f64>,
    /// Sigma along z in slices; nothing where a free sigma finds no spot, or the slices do not tell it.
    pub deep: Option<f64>,
    /// The sigmas in the plane and along z that `peak` goes with: those found, or those given.
    pub shape: [f64; 2],
    /// Nothing of the spot was cut off at the end of the scale, or what lies beside that tells `peak` all the same.
    pub is_told: bool,
    /// Standard deviation of what the fit leaves, in samples.
    pub noise: f64,
    /// Share of the variance that the fit explains.
    pub explained: f64,
}

impl Spot {
    /// Height of the Gaussian at a place; `sides` are those of its start.
    fn at_place(&self, place: [f64; 3], sides: [f64; 2]) -> f64 {
        let sigma = [self.shape[1], self.shape[0] * sides[0], self.shape[0] * sides[1]];
        let far: f64 = (0..3).map(|a| ((place[a] - self.at[a]) / sigma[a]).powi(2)).sum();
        self.peak * libm::exp(-far / 2.0)
    }

    /// Sum of the Gaussian over all voxels, in samples.
    pub fn light(&self, is_flat: bool) -> f64 {
        light(self.peak, self.shape, is_flat)
    }
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
    let is_flat = start.shape.is_flat();
    // Two samples more than parameters of any fit, or nothing is left to judge by.
    if window.points.len() < if is_flat { 5 } else { N } + 2 {
        return None;
    }
    let samples = window.points.iter().map(|p| p.1);
    let (low, high) = samples.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(s), h.max(s)));
    let [deep, plane] = start.widths();
    let first = [low, high - low, 0.0, 0.0, 0.0, plane, deep];
    let near = if is_flat { descend(first, [0, 1, 3, 4], window) } else { descend(first, [0, 1, 2, 3, 4], window) };
    start.is_spot(&near).then_some(near)
}

/// Whether spots tell how long they are along z: of slices that do not, some fits end well by chance.
pub(crate) fn tell_length(told: usize, spots: usize) -> bool {
    5 * told >= 2 * spots
}

/// Fits a spot; nothing where there is none.
pub(crate) fn fit(start: &Start) -> Option<Spot> {
    if let Some((window, p)) = free_in_depth(start) {
        return Some(spot(start, &window, &p, N, [true; 2]));
    }
    let window = Window::around(start);
    let near = near(start, &window)?;
    let (fixed, (wide, is_told)) = match start.shape.is_flat() {
        true => (4, free_in_plane(near, [0, 1, 3, 4, 5], &window)),
        false => (5, free_in_plane(near, [0, 1, 2, 3, 4, 5], &window)),
    };
    Some(match is_told && start.is_spot(&wide) && start.is_as_wide(&wide) {
        true => spot(start, &window, &wide, fixed + 1, [true, false]),
        false => of_given_width(start, &window, &near),
    })
}

/// Fits a spot of the given sigma; nothing where there is none.
fn given_width(start: &Start) -> Option<Spot> {
    let window = Window::around(start);
    Some(of_given_width(start, &window, &near(start, &window)?))
}

fn of_given_width(start: &Start, window: &Window, near: &[f64; N]) -> Spot {
    let free = if start.shape.is_flat() { 4 } else { 5 };
    Spot { is_told: window.cut_at.is_none(), ..spot(start, window, near, free, [false; 2]) }
}

/// The Gaussian with the sigma in the plane free, and whether it is told where light was cut off.
fn free_in_plane<const M: usize>(near: [f64; N], over: [usize; M], window: &Window) -> ([f64; N], bool) {
    let wide = descend(near, over, window);
    let is_told =
        window.cut_at.is_none() || (is_in_reach(window, &wide) && are_sure(window, &wide, over, [&[1][..], &[1, 5]]));
    (wide, is_told)
}

/// The Gaussian with both sigmas free, and what it was fitted to; nothing in a single slice, and where the slices do not tell both.
fn free_in_depth<'a>(start: &Start<'a>) -> Option<(Window, [f64; N])> {
    let mut from = *start;
    from.sigma[0] = from.sigma[0].max(SHORTEST);
    for _ in 0..if start.shape.is_flat() { 0 } else { ROUNDS } {
        let window = Window::around(&from);
        let wide = descend(near(&from, &window)?, [0, 1, 2, 3, 4, 5, 6], &window);
        if !from.is_spot(&wide) || !lies_within(DEEP_SIGMAS, wide[6] / start.widths()[0]) {
            return None;
        }
        if lies_within([1.0 / AGAIN, AGAIN], wide[6] / from.widths()[0]) {
            let is_told = start.is_as_wide(&wide) && tells_depth(&window, &wide);
            return is_told.then_some((window, wide));
        }
        from.sigma[0] = wide[6];
    }
    None
}

/// Do the slices tell the sigma along z, the peak and the light?
fn tells_depth(window: &Window, p: &[f64; N]) -> bool {
    window.slices() >= SLICES
        && is_in_reach(window, p)
        && are_sure(window, p, [0, 1, 2, 3, 4, 5, 6], [&[6][..], &[1], &[1, 5, 6]])
}

/// Is the peak no higher than what is left of it can tell?
fn is_in_reach(window: &Window, p: &[f64; N]) -> bool {
    window.cut_at.is_none_or(|end| p[1] <= BEYOND * (end - p[0]))
}

/// Are the standard errors of products of parameters small? The sigma in the plane is in them twice, as in the light.
fn are_sure<const M: usize, const K: usize>(
    window: &Window,
    p: &[f64; N],
    over: [usize; M],
    products: [&[usize]; K],
) -> bool {
    let bells = window.bells(p);
    let (matrix, _) = normal(p, &over, window, &bells);
    let noise = window.left(p, &bells) / (window.points.len() - M) as f64;
    products.into_iter().all(|product| {
        // The slopes of its logarithm over the parameters.
        let slopes = over.map(|k| match k {
            k if !product.contains(&k) => 0.0,
            5 => 2.0 / p[k],
            _ => 1.0 / p[k],
        });
        let variance = solve(matrix, slopes).map(|v| noise * v.iter().zip(slopes).map(|(v, s)| v * s).sum::<f64>());
        variance.is_some_and(|v| (0.0..=UNSURE * UNSURE).contains(&v))
    })
}

/// The spot of a Gaussian of so many free parameters; `found` says whether its sigmas in the plane and along z are among them.
fn spot(start: &Start, window: &Window, p: &[f64; N], free: usize, found: [bool; 2]) -> Spot {
    let points = &window.points;
    let left = window.left(p, &window.bells(p));
    let mean = points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64;
    let all: f64 = points.iter().map(|p| (p.1 - mean).powi(2)).sum();
    Spot {
        at: std::array::from_fn(|a| start.at[a] + p[2 + a]),
        peak: p[1],
        background: p[0],
        plane: found[0].then_some(p[5]),
        deep: found[1].then_some(p[6]),
        shape: [p[5], p[6]],
        is_told: true,
        noise: (left / (points.len() - free) as f64).sqrt(),
        explained: if all > 0.0 { 1.0 - left / all } else { 0.0 },
    }
}

#[cfg(test)]
mod tests;
