//! Box mean, separable, by running sums.
//!
//! Along x, then y, then z: `out[i] = floor((src[i - r] + ... + src[i + r] + r) / (2 r + 1))`, which is the mean rounded
//! half up. Each axis rounds once, so the result is within 3/2 of a sample of the mean over the whole box.
//! Bit budget: samples of 32 bits and windows of at most 65535 voxels make sums of 48 bits. The CPU adds up in 64 bits and holds them in f64
//! (whole numbers below 2^53 are exact there), the shader in two words.
//! Reference: `scipy.ndimage.uniform_filter`, to 3/2 of a sample.

use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::{self, Axis, Border, columns, floor, pad, wide};
use crate::{Error, Result};
use rayon::prelude::*;

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
    for a in [2, 1, 0] {
        let axis = Axis::of(src.shape, a);
        if radius[a] > WINDOW / 2 {
            return Err(Error::usage(format!("a mean of radius {} px", radius[a])).remedy("at most 32767 px"));
        }
        if radius[a] == 0 || axis.size < 2 {
            continue;
        }
        out = out.with(match device {
            Device::Cpu => Buffer::on_host(twin(out.samples.host()?, axis, radius[a], border)),
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

fn twin(src: &[i32], axis: Axis, radius: usize, border: Border) -> Vec<i32> {
    let mut out: Vec<i32> = simd::zeros(src.len());
    let (n, r) = (axis.size, radius as isize);
    if axis.stride == 1 {
        let scratch = || (vec![0i32; n + 2 * radius], vec![0i64; n + 2 * radius + 1], vec![0f64; n]);
        out.par_chunks_mut(n).zip(src.par_chunks(n)).for_each_init(scratch, |(padded, totals, sums), (out, line)| {
            pad(border, line, -(radius as isize), padded);
            add_up(totals, padded);
            windows(sums, totals, 2 * radius + 1);
            divide(out, sums, radius);
        });
        return out;
    }
    columns(&mut out, axis, |run, column, rows| {
        let mut sums = vec![0f64; rows[0].len()];
        let row = |i: isize| {
            let from = (run * n + border.index(i, n)) * axis.stride + column;
            &src[from..from + rows[0].len()]
        };
        let mut window = Vec::with_capacity(2 * n);
        for k in -r..=r {
            add(&mut sums, row(k));
        }
        window.extend((0..n as isize).map(|i| (row(i + r + 1), row(i - r))));
        for (out, (enter, leave)) in rows.iter_mut().zip(window) {
            divide(out, &sums, radius);
            slide(&mut sums, enter, leave);
        }
    });
    out
}

wide! {
    /// What all samples before each place of a line add up to.
    pub(super) fn add_up(totals: &mut [i64], line: &[i32]) {
        let mut total = 0;
        totals[0] = 0;
        for (out, &s) in totals[1..].iter_mut().zip(line) {
            total += i64::from(s);
            *out = total;
        }
    }
}

wide! {
    /// Sums of `window` neighbours along a line: differences of its totals.
    pub(super) fn windows(sums: &mut [f64], totals: &[i64], window: usize) {
        for ((out, &before), &after) in sums.iter_mut().zip(totals).zip(&totals[window..]) {
            *out = (after - before) as f64;
        }
    }
}

wide! {
    pub(super) fn add(sums: &mut [f64], row: &[i32]) {
        for (sum, &s) in sums.iter_mut().zip(row) {
            *sum += f64::from(s);
        }
    }
}

wide! {
    pub(super) fn slide(sums: &mut [f64], enter: &[i32], leave: &[i32]) {
        for ((sum, &e), &l) in sums.iter_mut().zip(enter).zip(leave) {
            *sum += f64::from(e) - f64::from(l);
        }
    }
}

wide! {
    fn divide(out: &mut [i32], sums: &[f64], radius: usize) {
        let inverse = 1.0 / (2 * radius + 1) as f64;
        let half = radius as f64 + 0.5;
        for (o, &sum) in out.iter_mut().zip(sums) {
            *o = floor((sum + half) * inverse);
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
