//! Magnitude of the gradient: how steep the image is at each voxel.
//!
//! With central differences `d_a = s[i + 1] - s[i - 1]` along axis a (the edge voxel repeated beyond the border) and weights
//! `w_a = round(64 h / h_a)`, at least 1, for voxels of size `h_a` and `h` the smallest of them, the result is
//! `floor(sqrt(sum_a (w_a d_a)^2))`.
//!
//! Bit budget: samples are first shifted right until their range is below 2^23, so a product is below 2^29, a square below
//! 2^58 and the sum below 2^60, in two words; the root, found bit by bit in integers, is below 2^30.
//! Reference: `numpy.gradient` inside of the image.

use super::histogram::range;
use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::{Scale, Volume};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "gradient",
    summary: "Magnitude of the gradient from central differences",
    reference: "numpy.gradient",
    kernels: &[&KERNEL],
    uses: &[&super::histogram::OP],
    cases: &[
        Case { name: "even voxels", run: |d, i| words(d, gradient(d, &i.volume(d)?, [1.0; 3])?) },
        Case { name: "deep voxels", run: |d, i| words(d, gradient(d, &i.volume(d)?, [3.27, 4.0, 1.1])?) },
    ],
};

crate::params! {
    struct Params { depth: u32, height: u32, width: u32, shift: u32, wz: i32, wy: i32, wx: i32 }
}

const KERNEL: Kernel = Kernel {
    name: "gradient",
    source: include_str!("../../shaders/gradient.wgsl"),
    shared: &[include_str!("../../shaders/shared/wide.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Of the smallest voxel size.
const WEIGHT: f64 = 64.0;
/// Bits of the range of samples that are looked at.
const BITS: u32 = 23;

/// The magnitude of the gradient. `sizes` are those of a voxel along z, y, x, in any unit; the values of the result are per
/// that unit. Reads the range of the samples back.
///
/// # Errors
/// A size that is not above 0; the device is lost or too small.
pub fn gradient(device: &Device, src: &Volume, sizes: [f64; 3]) -> Result<Volume> {
    if sizes.iter().any(|s| !s.is_finite() || *s <= 0.0) {
        return Err(Error::usage(format!("voxels of {sizes:?}")).remedy("sizes above 0"));
    }
    let least = sizes.into_iter().fold(f64::INFINITY, f64::min);
    let weights = sizes.map(|s| (WEIGHT * least / s).round().max(1.0) as i32);
    let (min, max) = range(device, src)?;
    let reach = max.abs_diff(min);
    let shift = (u32::BITS - reach.leading_zeros()).saturating_sub(BITS);
    let samples = match device {
        Device::Cpu => Buffer::on_host(twin(src.shape, src.samples.host()?, shift, weights)),
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(from.len())?;
            let [depth, height, width] = src.shape.zyx().map(|n| n as u32);
            let [wz, wy, wx] = weights;
            let p = Params { depth, height, width, shift, wz, wy, wx };
            gpu.dispatch(&KERNEL, from.len(), &p, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    let factor = src.scale.factor() * f64::from(1u32 << shift) / (2.0 * WEIGHT * least);
    Ok(Volume { scale: Scale::new(factor, 0.0)?, ..src.with(samples) })
}

fn twin(shape: Shape, src: &[i32], shift: u32, weights: [i32; 3]) -> Vec<i32> {
    let mut dst = vec![0; src.len()];
    let x = shape.x.max(1);
    dst.par_chunks_mut(x).with_min_len(16).enumerate().for_each(|(row, dst)| {
        let (z, y) = (row / shape.y, row % shape.y);
        let line = |z: usize, y: usize| &src[shape.index(z, y, 0)..][..x];
        let (near, far) = (line(z.saturating_sub(1), y), line((z + 1).min(shape.z - 1), y));
        let (up, down) = (line(z, y.saturating_sub(1)), line(z, (y + 1).min(shape.y - 1)));
        let here = line(z, y);
        for (i, dst) in dst.iter_mut().enumerate() {
            let steps = [(far[i], near[i]), (down[i], up[i]), (here[(i + 1).min(x - 1)], here[i.saturating_sub(1)])];
            let part =
                |((a, b), w): ((i32, i32), i32)| u64::from((((a >> shift) - (b >> shift)) * w).unsigned_abs()).pow(2);
            *dst = steps.into_iter().zip(weights).map(part).sum::<u64>().isqrt() as i32;
        }
    });
    dst
}

#[cfg(test)]
mod tests {
    //! Oracle: the formula in floating point, which is exact for small numbers.
    use super::*;

    #[test]
    fn slopes_of_a_ramp_and_of_a_corner() {
        let v = Volume::new(Shape::flat(3, 4), vec![0, 3, 6, 9, 4, 7, 10, 13, 8, 11, 14, 17]).unwrap();
        let g = gradient(&Device::Cpu, &v, [1.0; 3]).unwrap();
        // 64 * 2 * (3, 4) gives 64 * 10 inside; at the border one of the differences is half.
        assert_eq!(g.samples.host().unwrap()[5..7], [640, 640]);
        assert_eq!(g.samples.host().unwrap()[0], 320);
        assert_eq!(g.scale.value(640.0), 5.0);
        let flat = Volume::new(Shape::flat(1, 1), vec![i32::MIN]).unwrap();
        assert_eq!(gradient(&Device::Cpu, &flat, [1.0; 3]).unwrap().samples.host().unwrap(), [0]);
        assert!(gradient(&Device::Cpu, &flat, [0.0, 1.0, 1.0]).is_err());
    }

    #[test]
    fn the_formula_voxel_by_voxel() {
        let shape = Shape::new(4, 5, 6);
        let samples: Vec<i32> = (0..120).map(|i| (i * i * 7919 + i * 31) % 4001 - 2000).collect();
        let v = Volume::new(shape, samples.clone()).unwrap();
        let got = gradient(&Device::Cpu, &v, [4.0, 1.0, 2.0]).unwrap();
        let at = |z: isize, y: isize, x: isize| {
            let [z, y, x] = [(z, 4), (y, 5), (x, 6)].map(|(v, n): (isize, isize)| v.clamp(0, n - 1) as usize);
            f64::from(samples[shape.index(z, y, x)])
        };
        for i in 0..120 {
            let [z, y, x] = shape.position(i).map(|v| v as isize);
            let d = [
                16.0 * (at(z + 1, y, x) - at(z - 1, y, x)),
                64.0 * (at(z, y + 1, x) - at(z, y - 1, x)),
                32.0 * (at(z, y, x + 1) - at(z, y, x - 1)),
            ];
            let want = d.iter().map(|d| d * d).sum::<f64>().sqrt().floor();
            assert_eq!(f64::from(got.samples.host().unwrap()[i]), want);
        }
    }

    #[test]
    fn the_widest_range_keeps_its_order() {
        let v = Volume::new(Shape::flat(1, 4), vec![i32::MIN, i32::MIN, i32::MAX, 0]).unwrap();
        let g = gradient(&Device::Cpu, &v, [1.0; 3]).unwrap();
        // 2^32 - 1 has 32 bits: 9 fall off, and -1 becomes -1 again.
        let high = i64::from(i32::MAX >> 9) - i64::from(i32::MIN >> 9);
        let half = -i64::from(i32::MIN >> 9);
        let low = i64::from(i32::MAX >> 9);
        assert_eq!(
            g.samples.host().unwrap().iter().map(|&v| i64::from(v)).collect::<Vec<_>>(),
            [0, 64 * high, 64 * half, 64 * low]
        );
    }
}
