//! Box mean, separable, by running sums.
//!
//! Along x, then y, then z: `out[i] = floor((src[i - r] + ... + src[i + r] + r) / (2 r + 1))`, which is the mean rounded
//! half up. Each axis rounds once, so the result is within 3/2 of a sample of the mean over the whole box.
//! Bit budget: samples of 32 bits and windows of at most 65535 voxels make sums of 48 bits: `running_sums.rs` has how the CPU holds them, the
//! shader has two words.
//! Reference: `scipy.ndimage.uniform_filter`, to 3/2 of a sample.

use super::histogram::range;
use super::op::words;
use super::running_sums::{Sum, add, slide, totals};
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::{Axis, Border, Narrow, floor, new_columns, new_parts, wide};
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "mean",
    summary: "Mean in a box",
    reference: "scipy.ndimage.uniform_filter",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "radius 1", run: |d, i| words(d, mean(d, &i.volume(d)?, [1; 3], Border::Nearest)?) },
        Case {
            name: "radius 0 by 9 by 40, mirrored",
            run: |d, i| words(d, mean(d, &i.volume(d)?, [0, 9, 40], Border::Reflect)?),
        },
        Case { name: "radius 7", run: |d, i| words(d, mean(d, &i.volume(d)?, [7, 3, 7], Border::Nearest)?) },
    ],
};

crate::params! {
    struct Params { stride: u32, size: u32, radius: u32, border: u32, segment: u32, segments: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "mean",
    source: include_str!("../../shaders/mean.wgsl"),
    shared: &[include_str!("../../shaders/shared/border.wgsl"), include_str!("../../shaders/shared/divide.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Widest window in voxels.
const WINDOW: usize = 65_535;

/// Mean of the `2 radius + 1` voxels along each axis, radius in voxels in the order z, y, x.
///
/// # Errors
/// A radius over 32767 voxels; the device is lost or too small.
pub fn mean(device: &Device, src: &Volume, radius: [usize; 3], border: Border) -> Result<Volume> {
    let mut out = src.clone();
    // Means lie within the samples.
    let narrow = match device {
        Device::Cpu => Narrow::between(range(device, src)?),
        Device::Gpu(_) => None,
    };
    for a in [2, 1, 0] {
        let axis = Axis::of(src.shape, a);
        if radius[a] > WINDOW / 2 {
            return Err(Error::usage(format!("a mean of radius {} px", radius[a])).remedy("at most 32767 px"));
        }
        if radius[a] == 0 || axis.size < 2 {
            continue;
        }
        out = out.with(match device {
            Device::Cpu => Buffer::on_host(match narrow {
                Some(narrow) => twin::<u32>(out.samples.host()?, axis, radius[a], border, narrow.low),
                None => twin::<f64>(out.samples.host()?, axis, radius[a], border, 0),
            }),
            Device::Gpu(gpu) => {
                let from = out.samples.gpu()?;
                let to = gpu.alloc::<i32>(from.len())?;
                // Beginning a segment costs a window, so a segment is about as long as one.
                let segment = (2 * radius[a] + 1).clamp(16, 128);
                let segments = axis.size.div_ceil(segment);
                let params = Params {
                    stride: axis.stride as u32,
                    size: axis.size as u32,
                    radius: radius[a] as u32,
                    border: border.code(),
                    segment: segment as u32,
                    segments: segments as u32,
                };
                let lanes = from.len() / axis.size * segments;
                gpu.dispatch(&KERNEL, lanes, &params, &[&from.cast(), &to.cast()])?;
                Buffer::Gpu(to)
            }
        });
    }
    Ok(out)
}

/// `least` is that of all samples where these are added up in words, and 0 elsewhere.
fn twin<S: Sum>(src: &[i32], axis: Axis, radius: usize, border: Border, least: i32) -> Vec<i32> {
    let (n, r) = (axis.size, radius as isize);
    if axis.stride == 1 {
        let begin = || vec![S::Total::default(); n + 2 * radius + 1];
        let line = |sums: &mut Vec<S::Total>, k: usize, out: &mut [i32]| {
            totals::<S>(sums, &src[k * n..][..n], radius, border);
            divide_line::<S>(out, sums, radius, least);
        };
        return new_parts(src.len(), n, begin, line).0;
    }
    new_columns(src.len(), axis, None, Vec::new, |sums: &mut Vec<S>, run, column, rows| {
        let w = rows[0].voxels().len();
        sums.clear();
        sums.resize(w, S::default());
        let row = |i: isize| {
            let from = (run * n + border.index(i, n)) * axis.stride + column;
            &src[from..from + w]
        };
        (-r..=r).for_each(|k| add(sums, row(k)));
        for (i, out) in (0..).zip(rows) {
            divide(out.voxels(), sums, radius, least);
            slide(sums, row(i + r + 1), row(i - r));
        }
    })
}

/// The mean of so many samples that add up to this.
#[inline(always)]
fn mean_of<S: Sum>(sum: S, radius: usize, least: i32) -> i32 {
    let (n, half) = (2 * radius + 1, radius as f64 + 0.5);
    least.wrapping_add(floor((sum.above(S::of_equal(n, least)) + half) * (1.0 / n as f64)))
}

wide! {
    fn divide<S: Sum>(out: &mut [i32], sums: &[S], radius: usize, least: i32) {
        for (out, &sum) in out.iter_mut().zip(sums) {
            *out = mean_of(sum, radius, least);
        }
    }
}

wide! {
    /// The means along a line, of its totals.
    fn divide_line<S: Sum>(out: &mut [i32], totals: &[S::Total], radius: usize, least: i32) {
        for ((out, &before), &after) in out.iter_mut().zip(totals).zip(&totals[2 * radius + 1..]) {
            *out = mean_of(S::between(before, after), radius, least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::inputs;
    use crate::units::Shape;

    #[test]
    fn a_literal_row() {
        let v = Volume::new(Shape::flat(1, 6), vec![0, 0, 1, 9, -4, -4]).unwrap();
        let out = mean(&Device::Cpu, &v, [0, 0, 1], Border::Nearest).unwrap();
        // 0, 1/3, 10/3, 2, 1/3, -4
        assert_eq!(out.samples.host().unwrap(), [0, 0, 3, 2, 0, -4]);
    }

    /// Oracle: the definition in whole numbers, one axis after the other.
    fn naive(v: &Volume, radius: [usize; 3], border: Border) -> Vec<i32> {
        let mut now = v.samples.host().unwrap().to_vec();
        for a in [2, 1, 0] {
            let (n, w) = (v.shape.zyx()[a], 2 * radius[a] as i128 + 1);
            let before = now.clone();
            for (i, out) in now.iter_mut().enumerate() {
                let at = v.shape.position(i);
                let r = radius[a] as isize;
                let sum: i128 = (-r..=r)
                    .map(|k| {
                        let mut q = at;
                        q[a] = border.index(at[a] as isize + k, n);
                        i128::from(before[v.shape.index(q[0], q[1], q[2])])
                    })
                    .sum();
                *out = (2 * sum + w).div_euclid(2 * w) as i32;
            }
        }
        now
    }

    #[test]
    fn the_mean_is_exact() {
        for input in inputs().unwrap() {
            for (radius, border) in
                [([1, 2, 3], Border::Nearest), ([30, 0, 90], Border::Nearest), ([4; 3], Border::Reflect)]
            {
                let out = mean(&Device::Cpu, &input.volume, radius, border).unwrap();
                assert_eq!(out.samples.host().unwrap(), naive(&input.volume, radius, border), "{}", input.name);
            }
        }
    }
}
