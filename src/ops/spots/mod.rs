//! Spots: points of light that the optics have blurred, found without a threshold to guess.
//!
//! The response is the Laplacian of Gaussian, turned round, of a sigma in voxels for each axis: the image is smoothed, and
//! `R = sum_a w_a (2 s[i] - s[i - 1] - s[i + 1])` along the axes, with `w_a = round(64 sigma_a^2 / sigma_max^2)` and the edge
//! voxel repeated beyond the border. Slopes give nothing, and a spot of that sigma gives most.
//!
//! Peaks are voxels that no neighbour passes, the first of equals. Edges and ridges have peaks too, but along them the response
//! stays: so a peak counts no more than 3/2 of its fall along the axes and the diagonals of planes, in the direction where it
//! falls least. The fall is the response less the mean of those two sigmas (rounded to voxels) to both sides; beyond the edge of
//! the image one side is enough. A spot that stands alone falls by all of its response; what counts less than half of it is none.
//!
//! Which of the peaks are spots is chosen on the host, see [`find`].
//!
//! Bit budget: samples are shifted so that their range is below 2^20, a difference is below 2^21, a product below 2^27, the
//! sum of three below 2^29, and the sum of two falls below 2^31.
//! Reference: Lindeberg 1998, doi 10.1023/A:1008045108935, for the scale; scikit-image has it as `blob_log`.

mod choose;
mod gain;
mod ground;

pub use choose::{Peak, Spots, find};

use super::gaussian::{Gaussian, gaussian};
use super::histogram::range;
use super::op::words;
use super::pixelwise::shift_left;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::wide;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "spots",
    summary: "Laplacian of Gaussian, its peaks, and those that stand out of the noise",
    reference: "Lindeberg 1998; skimage.feature.blob_log",
    kernels: &[&KERNEL, &PEAKS],
    uses: &[&super::gaussian::OP, &super::histogram::OP, &super::value_counts::OP, &super::pixelwise::OP],
    cases: &[
        Case { name: "response", run: |d, i| words(d, response(d, &i.volume(d)?, [1.4; 3])?) },
        Case { name: "response in deep voxels", run: |d, i| words(d, response(d, &i.volume(d)?, [0.6, 1.1, 2.0])?) },
        Case {
            name: "peaks",
            run: |d, i| {
                let found = response(d, &i.volume(d)?, [1.0; 3])?;
                words(d, peaks(d, &found, 100, [1.0; 3])?)
            },
        },
        Case {
            name: "peaks in deep voxels",
            run: |d, i| {
                let found = response(d, &i.volume(d)?, [0.2, 0.6, 2.0])?;
                words(d, peaks(d, &found, -1, [0.2, 0.6, 2.0])?)
            },
        },
        Case {
            name: "spots",
            run: |d, i| {
                let found = find(d, &i.volume(d)?, &i.volume, &[[1.0; 3], [1.5; 3]])?;
                let peak = |p: &Peak| [p.voxel as u32, p.significance.to_bits() as u32];
                Ok(found.peaks.iter().flat_map(peak).chain([found.scale as u32]).collect())
            },
        },
    ],
};

crate::params! {
    struct Params { depth: u32, height: u32, width: u32, shift: u32, wz: i32, wy: i32, wx: i32 }
}

crate::params! {
    struct PeakParams {
        depth: u32, height: u32, width: u32, least: i32,
        dz: i32, dy: i32, dx: i32, sz: i32, sy: i32, sx: i32,
    }
}

const KERNEL: Kernel = Kernel {
    name: "spots",
    source: include_str!("../../../shaders/spots.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

const PEAKS: Kernel = Kernel {
    name: "spots_peaks",
    source: include_str!("../../../shaders/spots_peaks.wgsl"),
    shared: &[include_str!("../../../shaders/shared/neighbours.wgsl")],
    params: PeakParams::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Bits of the range of samples that the differences are taken of.
const BITS: u32 = 20;
/// The weight of the axis with the largest sigma.
const WEIGHT: f64 = 64.0;

/// Smallest and largest sigma of a spot in pixels of the plane.
pub const SIGMA_PX: [f64; 2] = [0.5, 20.0];

fn weights(sigma: [f64; 3]) -> [i32; 3] {
    let most = sigma.into_iter().fold(0.0, f64::max);
    sigma.map(|s| (WEIGHT * (s / most) * (s / most)).round() as i32)
}

/// How far samples are shifted: to the left, to keep what the Gaussian would round away, or to the right.
fn shifts(device: &Device, src: &Volume) -> Result<(u32, u32)> {
    let (min, max) = range(device, src)?;
    let bits = |v: u32| u32::BITS - v.leading_zeros();
    let width = bits(max.abs_diff(min));
    let largest = bits(min.unsigned_abs().max(max.unsigned_abs()));
    Ok((BITS.saturating_sub(width).min(30u32.saturating_sub(largest)), width.saturating_sub(BITS)))
}

/// The response to spots of a sigma in voxels along z, y, x. Reads the range of the samples back.
///
/// # Errors
/// A sigma that is no number or negative, or none above 0; the device is lost or too small.
pub fn response(device: &Device, src: &Volume, sigma: [f64; 3]) -> Result<Volume> {
    if sigma.iter().any(|s| !s.is_finite() || *s < 0.0) || sigma.iter().all(|s| *s <= 0.0) {
        return Err(Error::usage(format!("spots of sigma {sigma:?}")).remedy("0 and above, in voxels"));
    }
    let (left, shift) = shifts(device, src)?;
    let fine = if left > 0 { shift_left(device, src, left)? } else { src.clone() };
    let smooth = gaussian(device, &fine, &Gaussian { truncate: 4.0, ..Gaussian::new(sigma) })?;
    let samples = match device {
        Device::Cpu => Buffer::on_host(respond(src.shape, smooth.samples.host()?, shift, weights(sigma))),
        Device::Gpu(gpu) => {
            let from = smooth.samples.gpu()?;
            let to = gpu.alloc::<i32>(from.len())?;
            let [depth, height, width] = src.shape.zyx().map(|n| n as u32);
            let [wz, wy, wx] = weights(sigma);
            let p = Params { depth, height, width, shift, wz, wy, wx };
            gpu.dispatch(&KERNEL, from.len(), &p, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(src.with(samples))
}

/// The rows next to a row along y and z, the edge one repeated.
fn rows(shape: Shape, src: &[i32], row: usize) -> [&[i32]; 5] {
    let (z, y) = (row / shape.y, row % shape.y);
    let line = |z: usize, y: usize| &src[shape.index(z, y, 0)..][..shape.x];
    let (near, far) = (line(z.saturating_sub(1), y), line((z + 1).min(shape.z - 1), y));
    [near, far, line(z, y.saturating_sub(1)), line(z, (y + 1).min(shape.y - 1)), line(z, y)]
}

fn respond(shape: Shape, src: &[i32], shift: u32, weights: [i32; 3]) -> Vec<i32> {
    let mut dst = vec![0; src.len()];
    let x = shape.x.max(1);
    dst.par_chunks_mut(x).with_min_len(16).enumerate().for_each(|(row, dst)| {
        respond_row(dst, rows(shape, src, row), shift, weights);
    });
    dst
}

wide! {
    /// A row, from itself and those next to it.
    fn respond_row(dst: &mut [i32], rows: [&[i32]; 5], shift: u32, weights: [i32; 3]) {
        let n = dst.len();
        let rows = rows.map(|row| &row[..n]);
        for (i, dst) in dst.iter_mut().enumerate().take(n.saturating_sub(1)).skip(1) {
            *dst = respond_at(&rows, [i - 1, i, i + 1], shift, weights);
        }
        // The edges have themselves for a neighbour.
        for i in [0, n.saturating_sub(1)].into_iter().filter(|i| *i < n) {
            dst[i] = respond_at(&rows, [i.saturating_sub(1), i, (i + 1).min(n - 1)], shift, weights);
        }
    }
}

#[inline(always)]
fn respond_at(
    [near, far, up, down, here]: &[&[i32]; 5],
    [before, i, after]: [usize; 3],
    shift: u32,
    [wz, wy, wx]: [i32; 3],
) -> i32 {
    let middle = here[i] >> shift;
    let [z, y, x] = [(far[i], near[i]), (down[i], up[i]), (here[after], here[before])]
        .map(|(a, b)| (middle - (a >> shift)) + (middle - (b >> shift)));
    wz * z + wy * y + wx * x
}

/// How far the fall of a peak is looked at, in sigmas.
const FALL: f64 = 2.0;

/// Steps along the axes, and along diagonals of planes, in voxels.
fn reaches(sigma: [f64; 3]) -> [[isize; 3]; 2] {
    [FALL, FALL / 2f64.sqrt()].map(|far| sigma.map(|s| (far * s).round().max(1.0) as isize))
}

/// The peaks of a response that lie above `least`, with what they count; 0 elsewhere.
///
/// # Errors
/// The device is lost or too small.
fn peaks(device: &Device, response: &Volume, least: i32, sigma: [f64; 3]) -> Result<Volume> {
    let reach = reaches(sigma);
    let samples = match device {
        Device::Cpu => Buffer::on_host(pick(response.shape, response.samples.host()?, least, reach)),
        Device::Gpu(gpu) => {
            let from = response.samples.gpu()?;
            let to = gpu.alloc::<i32>(from.len())?;
            let [depth, height, width] = response.shape.zyx().map(|n| n as u32);
            let [[dz, dy, dx], [sz, sy, sx]] = reach.map(|r| r.map(|v| v as i32));
            let p = PeakParams { depth, height, width, least, dz, dy, dx, sz, sy, sx };
            gpu.dispatch(&PEAKS, from.len(), &p, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(response.with(samples))
}

fn pick(shape: Shape, src: &[i32], least: i32, reach: [[isize; 3]; 2]) -> Vec<i32> {
    let mut dst = vec![0; src.len()];
    let x = shape.x.max(1);
    dst.par_chunks_mut(x).with_min_len(16).enumerate().for_each(|(row, dst)| {
        let here = &src[row * x..][..x];
        for (i, dst) in dst.iter_mut().enumerate() {
            // What most voxels fail at comes first.
            let is_high =
                here[i] > least && (i == 0 || here[i - 1] < here[i]) && here.get(i + 1).is_none_or(|v| *v <= here[i]);
            if is_high && is_peak(shape, src, row * x + i) {
                *dst = counts(shape, src, row * x + i, reach);
            }
        }
    });
    dst
}

/// No neighbour has more, and none before it as much.
fn is_peak(shape: Shape, src: &[i32], i: usize) -> bool {
    let at = shape.position(i);
    let around = |a: usize| at[a].saturating_sub(1)..(at[a] + 2).min(shape.zyx()[a]);
    for z in around(0) {
        for y in around(1) {
            for x in around(2) {
                let j = shape.index(z, y, x);
                if src[j] > src[i] || (src[j] == src[i] && j < i) {
                    return false;
                }
            }
        }
    }
    true
}

/// One of each two opposite directions, along an axis or a diagonal of a plane.
const DIRECTIONS: [[isize; 3]; 9] =
    [[0, 0, 1], [0, 1, -1], [0, 1, 0], [0, 1, 1], [1, -1, 0], [1, 0, -1], [1, 0, 0], [1, 0, 1], [1, 1, 0]];

/// What a peak counts: its response, or less where it hardly falls in some direction.
fn counts(shape: Shape, src: &[i32], i: usize, reach: [[isize; 3]; 2]) -> i32 {
    let (at, here) = (shape.position(i), src[i]);
    let side = |step: [isize; 3]| {
        let to: [Option<usize>; 3] =
            std::array::from_fn(|a| at[a].checked_add_signed(step[a]).filter(|v| *v < shape.zyx()[a]));
        Some(src[shape.index(to[0]?, to[1]?, to[2]?)])
    };
    let mut response = here;
    for d in DIRECTIONS {
        let axes = d.iter().filter(|v| **v != 0).count();
        let step: [isize; 3] = std::array::from_fn(|a| d[a] * reach[axes - 1][a]);
        let (a, b) = (side(step), side(step.map(|v| -v)));
        if let (Some(a), Some(b)) = (a.or(b), b.or(a)) {
            response = response.min((((here - a) + (here - b)) >> 2) * 3);
        }
    }
    if 2 * response < here { 0 } else { response.max(0) }
}

#[cfg(test)]
mod tests;
