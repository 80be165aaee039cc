//! Gaussians of large sigma: two passes of two boxes over each other, by running sums, at a cost that does not grow.
//!
//! A pass is `out[i] = round((a N[i] + b F[i]) / (a n + b f))`, N and F the sums over the `n = 2 near + 1` and the
//! `f = 2 far + 1` voxels around i. Widths and weights are those
//! that have the variance of the Gaussian and come closest to its response to an edge: about 0.72 and 1.58 sigma for
//! one cut at three sigmas. The response is off by at most 0.4 % of the edge's height from sigma 8 on and by 0.2 % for
//! large ones; four plain boxes would be off by 0.6 %.
//!
//! Beyond the edge the first pass goes on as far as it sees the image, so replicated edges stay what they are in the
//! definition, edges of the source and not of the first pass. Bit budget: as in [`mean`](super::mean), `a n + b f` at
//! most 65535.

use super::running_sums::{Sum, add, slide, totals};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Gpu, GpuBuffer};
use crate::simd::{Axis, Blank, Border, Narrow, floor, new_columns, new_parts, wide};

/// Two boxes over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Boxes {
    near: usize,
    far: usize,
    weight_near: usize,
    weight_far: usize,
}

impl Boxes {
    /// The pair of which two passes come closest to a kernel, given as its centre and one half, adding up to 1: the
    /// share follows from the variance, the half-widths from the response to an edge.
    pub fn fit(sigma: f64, kernel: &[f64]) -> Self {
        let spread = |k: usize| 2.0 * kernel[k] * (k * k) as f64;
        let variance: f64 = (1..kernel.len()).map(spread).sum();
        let around = |low: f64, high: f64| {
            let ends = [low, high].map(|h| (h * sigma - 0.5).round().max(1.0) as usize);
            (ends[0]..=ends[1]).step_by((ends[1] - ends[0]) / 12 + 1)
        };
        let mut best = (f64::MAX, 1, 2, 0.5);
        for near in around(0.5, 0.9) {
            for far in around(1.4, 1.8).filter(|&far| far > near) {
                let share = (moment(far) - variance / 2.0) / (moment(far) - moment(near));
                let error = edge_error(kernel, near, far, share);
                if (0.2..0.8).contains(&share) && error < best.0 {
                    best = (error, near, far, share);
                }
            }
        }
        let (_, near, far, share) = best;
        Self::weigh(near, far, share, variance)
    }

    /// Whole weights whose variance comes closest.
    fn weigh(near: usize, far: usize, share: f64, variance: f64) -> Self {
        let (n, f) = (2 * near + 1, 2 * far + 1);
        let with = |weight_near: usize| {
            let weight_far = (weight_near as f64 * n as f64 * (1.0 / share - 1.0) / f as f64).round() as usize;
            Boxes { near, far, weight_near, weight_far: weight_far.max(1) }
        };
        let mut best = with(1);
        for b in (2..=65_535 / n).map(with).filter(|b| b.total() <= 65_535) {
            let off = |b: &Boxes| (2.0 * b.variance() / variance - 1.0).abs();
            if off(&b) < off(&best) {
                best = b;
            }
        }
        best
    }

    fn total(&self) -> usize {
        self.weight_near * (2 * self.near + 1) + self.weight_far * (2 * self.far + 1)
    }

    fn share(&self) -> f64 {
        (self.weight_near * (2 * self.near + 1)) as f64 / self.total() as f64
    }

    fn variance(&self) -> f64 {
        self.share() * moment(self.near) + (1.0 - self.share()) * moment(self.far)
    }

    /// How far beyond each end the first pass goes on. Mirrored edges stay mirrored by themselves.
    fn beyond(&self, border: Border) -> usize {
        match border {
            Border::Nearest => self.far,
            Border::Reflect | Border::Mirror => 0,
        }
    }
}

/// Variance of a box of this half-width.
fn moment(half: usize) -> f64 {
    (half * (half + 1)) as f64 / 3.0
}

/// How far the response to an edge of height 1 is off at worst.
fn edge_error(kernel: &[f64], near: usize, far: usize, share: f64) -> f64 {
    // Two boxes one after the other make a trapezoid.
    let trapezoid = |k: usize, a: usize, b: usize| {
        let overlap = (a + b + 1).saturating_sub(k).min(2 * a.min(b) + 1);
        overlap as f64 / ((2 * a + 1) * (2 * b + 1)) as f64
    };
    let (mut off, mut worst) = (0.0, 0.0f64);
    for k in (0..=kernel.len().max(2 * far)).rev() {
        let twice = share * share * trapezoid(k, near, near)
            + 2.0 * share * (1.0 - share) * trapezoid(k, near, far)
            + (1.0 - share) * (1.0 - share) * trapezoid(k, far, far);
        off += twice - kernel.get(k).copied().unwrap_or(0.0);
        worst = worst.max(f64::abs(off));
    }
    worst
}

crate::params! {
    struct Params {
        stride: u32, size_in: u32, size_out: u32, shift: i32, near: u32, far: u32, weight_near: u32, weight_far: u32,
        total: u32, border: u32, segment: u32, segments: u32,
    }
}

pub(super) const KERNEL: Kernel = Kernel {
    name: "gaussian_boxes",
    source: include_str!("../../shaders/gaussian_boxes.wgsl"),
    shared: &[include_str!("../../shaders/shared/border.wgsl"), include_str!("../../shaders/shared/divide.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Both passes on the device.
pub(super) fn dispatch(
    gpu: &Gpu,
    src: &GpuBuffer<i32>,
    axis: Axis,
    b: Boxes,
    border: Border,
) -> Result<GpuBuffer<i32>> {
    let beyond = b.beyond(border);
    let lines = src.len() / axis.size;
    let wider = axis.size + 2 * beyond;
    let pass = |from: &GpuBuffer<i32>, size_in: usize, size_out: usize, shift: i32| {
        let to = gpu.alloc::<i32>(lines * size_out)?;
        let segment = (2 * b.far + 1).clamp(16, 128);
        let segments = size_out.div_ceil(segment);
        let params = Params {
            stride: axis.stride as u32,
            size_in: size_in as u32,
            size_out: size_out as u32,
            shift,
            near: b.near as u32,
            far: b.far as u32,
            weight_near: b.weight_near as u32,
            weight_far: b.weight_far as u32,
            total: b.total() as u32,
            border: border.code(),
            segment: segment as u32,
            segments: segments as u32,
        };
        gpu.dispatch(&KERNEL, lines * segments, &params, &[&from.cast(), &to.cast()])?;
        Ok(to)
    };
    let first = pass(src, axis.size, wider, -(beyond as i32))?;
    pass(&first, wider, axis.size, beyond as i32)
}

/// Both passes on the host.
pub(super) fn twin(src: &[i32], axis: Axis, b: Boxes, border: Border, narrow: Option<Narrow>) -> Vec<i32> {
    match narrow {
        Some(narrow) => passes::<u32>(src, axis, b, border, narrow.low),
        None => passes::<f64>(src, axis, b, border, 0),
    }
}

/// `least` is that of all samples where these are added up in words, and 0 elsewhere.
fn passes<S: Sum>(src: &[i32], axis: Axis, b: Boxes, border: Border, least: i32) -> Vec<i32> {
    let (n, beyond) = (axis.size, b.beyond(border));
    let wider = n + 2 * beyond;
    if axis.stride == 1 {
        let begin = || (vec![S::Total::default(); wider + 2 * b.far + 1], vec![0; wider]);
        let line = |(sums, first): &mut (Vec<S::Total>, Vec<i32>), k: usize, out: &mut [i32]| {
            totals::<S>(sums, &src[k * n..][..n], beyond + b.far, border);
            finish_line::<S>(first, sums, b, least);
            let sums = &mut sums[..wider + 2 * b.far + 1];
            totals::<S>(sums, first, b.far, border);
            finish_line::<S>(out, &sums[beyond..], b, least);
        };
        return new_parts(src.len(), n, begin, line).0;
    }
    new_columns(src.len(), axis, None, Vec::new, |first: &mut Vec<i32>, run, column, rows| {
        let w = rows[0].voxels().len();
        let source = |i: isize| {
            let from = (run * n + border.index(i, n)) * axis.stride + column;
            &src[from..from + w]
        };
        first.resize(wider * w, 0);
        down::<S>(source, -(beyond as isize), first.chunks_exact_mut(w), b, least);
        let between = |i: isize| &first[border.index(i, wider) * w..][..w];
        down::<S>(between, beyond as isize, rows.iter_mut().map(Blank::voxels), b, least);
    })
}

/// A pass down neighbouring columns: `row(i)` gives the source, the result begins at its row `start`.
fn down<'a, S: Sum>(
    row: impl Fn(isize) -> &'a [i32],
    start: isize,
    out: impl Iterator<Item = &'a mut [i32]>,
    b: Boxes,
    least: i32,
) {
    let (near, far) = (b.near as isize, b.far as isize);
    let w = row(start).len();
    let (mut inner, mut outer) = (vec![S::default(); w], vec![S::default(); w]);
    (-near..=near).for_each(|k| add(&mut inner, row(start + k)));
    (-far..=far).for_each(|k| add(&mut outer, row(start + k)));
    for (at, out) in (start..).zip(out) {
        finish(out, &inner, &outer, b, least);
        slide(&mut inner, row(at + near + 1), row(at - near));
        slide(&mut outer, row(at + far + 1), row(at - far));
    }
}

/// How two sums become a sample.
#[derive(Clone, Copy)]
struct Finish<S> {
    /// What the windows add up to where all samples are the least one.
    least_near: S,
    least_far: S,
    least: i32,
    weight_near: f64,
    weight_far: f64,
    half: f64,
    inverse: f64,
}

impl<S: Sum> Finish<S> {
    #[inline(always)]
    fn new(b: Boxes, least: i32) -> Self {
        Finish {
            least_near: S::of_equal(2 * b.near + 1, least),
            least_far: S::of_equal(2 * b.far + 1, least),
            least,
            weight_near: b.weight_near as f64,
            weight_far: b.weight_far as f64,
            half: (b.total() / 2) as f64 + 0.5,
            inverse: 1.0 / b.total() as f64,
        }
    }

    #[inline(always)]
    fn sample(&self, near: S, far: S) -> i32 {
        let (near, far) = (near.above(self.least_near), far.above(self.least_far));
        let sum = self.weight_near * near + self.weight_far * far;
        self.least.wrapping_add(floor((sum + self.half) * self.inverse))
    }
}

wide! {
    fn finish<S: Sum>(out: &mut [i32], near: &[S], far: &[S], b: Boxes, least: i32) {
        let finish = Finish::new(b, least);
        for ((out, &near), &far) in out.iter_mut().zip(near).zip(far) {
            *out = finish.sample(near, far);
        }
    }
}

wide! {
    /// A pass along a line, of the totals of one that goes on as far as a window reaches.
    fn finish_line<S: Sum>(out: &mut [i32], totals: &[S::Total], b: Boxes, least: i32) {
        let finish = Finish::<S>::new(b, least);
        let inner = &totals[b.far - b.near..];
        let near = inner.iter().zip(&inner[2 * b.near + 1..]);
        let far = totals.iter().zip(&totals[2 * b.far + 1..]);
        for ((out, (&n, &to_n)), (&f, &to_f)) in out.iter_mut().zip(near).zip(far) {
            *out = finish.sample(S::between(n, to_n), S::between(f, to_f));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: the kernel itself.
    #[test]
    fn the_response_to_an_edge_is_close() {
        for sigma in [8.0, 8.3, 8.7, 9.7, 12.5, 16.0, 20.0, 33.3, 60.0, 120.0, 400.0, 1000.0] {
            for truncate in [3.0, 4.0] {
                let kernel = super::super::gaussian::kernel(sigma, truncate);
                let b = Boxes::fit(sigma, &kernel);
                let error = edge_error(&kernel, b.near, b.far, b.share());
                println!("{sigma} {truncate}: {b:?} {error}");
                assert!(b.total() <= 65_535 && error < 0.004, "{sigma}: {b:?} {error}");
            }
        }
    }

    /// Invariant: sums in words and in f64.
    #[test]
    fn words_and_wide_sums_give_the_same() {
        let shape = crate::units::Shape::new(3, 37, 210);
        let b = Boxes { near: 5, far: 11, weight_near: 3, weight_far: 4 };
        for least in [-70_000, 0, i32::MAX - 65_535] {
            let samples: Vec<i32> = (0..shape.len()).map(|i| least + (i * 40_503 % 65_536) as i32).collect();
            for axis in [0, 1, 2].map(|a| Axis::of(shape, a)) {
                for border in [Border::Nearest, Border::Reflect] {
                    let wide = passes::<f64>(&samples, axis, b, border, 0);
                    assert_eq!(passes::<u32>(&samples, axis, b, border, least), wide, "{axis:?} {border:?}");
                }
            }
        }
    }
}
