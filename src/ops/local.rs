//! Local thresholds: each voxel against its neighbourhood.
//!
//! Mean and Gaussian: `v > mean - offset`, mirrored with the edge repeated, sigma = (window - 1) / 6 cut at 4 sigmas.
//! Samples are shifted left first as far as 30 bits allow, 16 at most, so means carry that many binary places.
//! The Gaussian's own 16-bit weights limit it: up to 5 voxels in 10,000 differ from floating point, those that all but
//! equal their mean.
//! Sauvola: `v > m (1 + k (s / r - 1))` with the mean m and deviation s in a box, mirrored about the edge voxel.
//! Bit budget there: samples are scaled to 30 bits (negative ones count as 0), squares are those of the upper 15 bits,
//! so images of up to 15 bits lose nothing and others the bits below; the square root is exact in 30 bits, the factor
//! of m has 20 binary places, products have 64 bits.
//! Reference: `skimage.filters.threshold_local` and `threshold_sauvola`; Sauvola and Pietikainen 2000.

use super::gaussian::{Gaussian, Taps, gaussian};
use super::histogram::range;
use super::mean::mean;
use super::pixelwise::{shift_left, subtract};
use super::threshold::threshold;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::{Mask, Volume};
use crate::simd::{self, Border};
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "local",
    summary: "Voxels above a threshold of their neighbourhood: mean, Gaussian, Sauvola",
    reference: "skimage.filters.threshold_local, threshold_sauvola",
    kernels: &[&PREPARE, &DECIDE],
    uses: &[
        &super::gaussian::OP,
        &super::histogram::OP,
        &super::mean::OP,
        &super::pixelwise::OP,
        &super::threshold::OP,
    ],
    cases: &[
        Case { name: "Sauvola", run: |d, i| case(d, i, Statistic::Sauvola { k: 0.2, r: 20_000.0 }, [5, 15, 9]) },
        Case { name: "Sauvola of eight bits", run: |d, i| case(d, i, Statistic::Sauvola { k: 0.5, r: 128.0 }, [3; 3]) },
        Case { name: "mean", run: |d, i| case(d, i, Statistic::Mean { offset: 10.5 }, [3, 21, 7]) },
        Case { name: "Gaussian", run: |d, i| case(d, i, Statistic::Gaussian { offset: -3.0 }, [7; 3]) },
    ],
};

fn case(device: &Device, input: &super::Input, statistic: Statistic, window: [usize; 3]) -> Result<Vec<u32>> {
    let mask = local(device, &input.volume(device)?, &Local { statistic, window })?;
    Ok(device.fetch(&mask.voxels)?.iter().map(|&m| m.into()).collect())
}

/// What a voxel is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Statistic {
    /// The mean of the window less an offset in samples.
    Mean {
        /// Taken off the mean: above 0 is more generous.
        offset: f64,
    },
    /// The Gaussian mean less an offset in samples.
    Gaussian {
        /// Taken off the mean: above 0 is more generous.
        offset: f64,
    },
    /// Mean and deviation, by Sauvola.
    Sauvola {
        /// Weight of the deviation, 0 to 1; 0.2 is usual.
        k: f64,
        /// The greatest deviation, in samples: half the range of the pixel type is usual, 127.5 or 32767.5.
        r: f64,
    },
}

/// Parameters of a local threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Local {
    /// How the threshold is made.
    pub statistic: Statistic,
    /// Size of the neighbourhood along z, y, x in voxels, odd.
    pub window: [usize; 3],
}

/// The voxels above the threshold of their neighbourhood.
///
/// # Errors
/// A window that is even or over 4001 voxels, an offset that is not a number, k outside 0..=1, an r that is not
/// positive, or so small that the weight of the deviation has no place in 32 bits; the device is lost or too small.
pub fn local(device: &Device, src: &Volume, p: &Local) -> Result<Mask> {
    if p.window.iter().any(|w| w % 2 == 0 || *w > 4001) {
        return Err(Error::usage(format!("a window of {:?} px", p.window)).remedy("odd numbers up to 4001"));
    }
    let radius = p.window.map(|w| w / 2);
    match p.statistic {
        Statistic::Sauvola { k, r } => sauvola(device, src, radius, k, r),
        Statistic::Mean { offset } => over(device, src, offset, |v| mean(device, v, radius, Border::Reflect)),
        Statistic::Gaussian { offset } => {
            let sigma = p.window.map(|w| (w - 1) as f64 / 6.0);
            let p = Gaussian { sigma, truncate: 4.0, border: Border::Reflect, taps: Taps::Direct };
            over(device, src, offset, |v| gaussian(device, v, &p))
        }
    }
}

/// `v > filtered - offset`, with binary places.
fn over(device: &Device, src: &Volume, offset: f64, filter: impl Fn(&Volume) -> Result<Volume>) -> Result<Mask> {
    let (min, max) = range(device, src)?;
    let size = min.unsigned_abs().max(max.unsigned_abs());
    let bits = (size.leading_zeros().saturating_sub(2)).min(16);
    let v = shift_left(device, src, bits)?;
    let difference = subtract(device, &v, &filter(&v)?)?;
    threshold(device, &difference, -offset * f64::from(1u32 << bits))
}

crate::params! {
    struct Scaling { left: i32 }
}

const PREPARE: Kernel = Kernel {
    name: "local_prepare",
    source: include_str!("../../shaders/local_prepare.wgsl"),
    shared: &[],
    params: Scaling::WGSL,
    arrays: &[read("src", "i32"), write("scaled", "i32"), write("square", "i32")],
};

crate::params! {
    struct Factor { base: u32, slope: u32 }
}

const DECIDE: Kernel = Kernel {
    name: "local",
    source: include_str!("../../shaders/local.wgsl"),
    shared: &[include_str!("../../shaders/shared/product.wgsl")],
    params: Factor::WGSL,
    arrays: &[read("scaled", "i32"), read("mean", "i32"), read("mean_square", "i32"), write("dst", "u32")],
};

/// The least r of Sauvola's threshold, in samples of an image whose greatest is `max`: with a smaller one the weight of the deviation has no place in 32 bits.
pub(crate) fn least_deviation(max: i32, k: f64) -> f64 {
    k * libm::exp2(52.0 - f64::from(to_30_bits(max))) / 4_294_967_295.0
}

/// Binary places that bring the greatest sample to 30 bits; -1 halves samples of 31 bits.
fn to_30_bits(max: i32) -> i32 {
    30 - (32 - max.max(1).leading_zeros()) as i32
}

fn sauvola(device: &Device, src: &Volume, radius: [usize; 3], k: f64, r: f64) -> Result<Mask> {
    let (_, max) = range(device, src)?;
    let left = to_30_bits(max);
    let slope = k * libm::exp2(52.0 - f64::from(left)) / r;
    let sound = (0.0..=1.0).contains(&k) && r > 0.0 && slope < 4_294_967_295.0;
    if !sound {
        return Err(Error::usage(format!("Sauvola's threshold with k {k} and r {r} samples"))
            .remedy(format!("k of 0 to 1, r above {} samples", least_deviation(max, k))));
    }
    let factor = Factor { base: ((1.0 - k) * 1_048_576.0).round() as u32, slope: slope.round() as u32 };
    let (scaled, square) = prepare(device, src, left)?;
    let means = mean(device, &scaled, radius, Border::Mirror)?;
    let squares = mean(device, &square, radius, Border::Mirror)?;
    let voxels = match device {
        Device::Cpu => {
            let (x, m, q) = (scaled.samples.host()?, means.samples.host()?, squares.samples.host()?);
            Buffer::on_host(simd::map3(x, m, q, |x, m, q| decide(x as u64, m as u64, q as u64, factor)))
        }
        Device::Gpu(gpu) => {
            let (x, m, q) = (scaled.samples.gpu()?, means.samples.gpu()?, squares.samples.gpu()?);
            let to = gpu.alloc::<u8>(x.len())?;
            gpu.dispatch(&DECIDE, x.len(), &factor, &[&x.cast(), &m.cast(), &q.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(Mask { shape: src.shape, voxels })
}

/// Samples of 30 bits, and the squares of their upper 15.
fn prepare(device: &Device, src: &Volume, left: i32) -> Result<(Volume, Volume)> {
    let (scaled, square) = match device {
        Device::Cpu => {
            let scale = |s: i32| if left < 0 { s.max(0) >> 1 } else { s.max(0) << left };
            let scaled = simd::map(src.samples.host()?, scale);
            let square = simd::map(&scaled, |x| (x >> 15) * (x >> 15));
            (Buffer::on_host(scaled), Buffer::on_host(square))
        }
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let (scaled, square) = (gpu.alloc::<i32>(from.len())?, gpu.alloc::<i32>(from.len())?);
            gpu.dispatch(&PREPARE, from.len(), &Scaling { left }, &[&from.cast(), &scaled.cast(), &square.cast()])?;
            (Buffer::Gpu(scaled), Buffer::Gpu(square))
        }
    };
    Ok((src.with(scaled), src.with(square)))
}

/// Twin of the shader: sample and mean of 30 bits, mean square in units of 2^30.
fn decide(x: u64, m: u64, q: u64, factor: Factor) -> u8 {
    let s = root((q << 30).saturating_sub(m * m));
    let times = u64::from(factor.base) + ((s * u64::from(factor.slope)) >> 32);
    (x << 20 > m * times).into()
}

/// `floor(sqrt(v))`: f64 comes within one of it.
fn root(v: u64) -> u64 {
    let mut r = (v as f64).sqrt() as u64;
    while r * r > v {
        r -= 1;
    }
    while (r + 1) * (r + 1) <= v {
        r += 1;
    }
    r
}

#[cfg(test)]
mod tests {
    //! Oracle: Sauvola's formula in f64, sample by sample.
    use super::*;
    use crate::units::Shape;
    use proptest::prelude::*;

    #[test]
    fn roots_are_exact() {
        for r in [0u64, 1, 2, 3, 1000, (1 << 30) - 1] {
            assert_eq!(root(r * r), r);
            assert_eq!(root(r * r + 2 * r), r);
        }
    }

    #[test]
    fn a_bright_column_stands_out_and_a_flat_image_does_not() {
        let v = Volume::new(Shape::flat(2, 7), [9, 9, 9, 90, 9, 9, 9].repeat(2)).unwrap();
        let flat = Volume::new(Shape::flat(2, 7), vec![9; 14]).unwrap();
        for statistic in [Statistic::Mean { offset: 0.0 }, Statistic::Gaussian { offset: 0.0 }] {
            let of = |v| local(&Device::Cpu, v, &Local { statistic, window: [1, 3, 7] }).unwrap();
            assert_eq!(of(&v).voxels.host().unwrap(), [0, 0, 0, 1, 0, 0, 0].repeat(2));
            assert_eq!(of(&flat).voxels.host().unwrap(), [0; 14]);
        }
        assert!(
            local(&Device::Cpu, &v, &Local { statistic: Statistic::Mean { offset: 0.0 }, window: [1, 4, 1] }).is_err()
        );
    }

    proptest! {
        #[test]
        fn sauvola_follows_the_formula(samples in proptest::collection::vec(0..256i32, 30), k in 0.0..1.0f64) {
            let v = Volume::new(Shape::flat(5, 6), samples.clone()).unwrap();
            let p = Local { statistic: Statistic::Sauvola { k, r: 127.5 }, window: [1, 3, 5] };
            let mask = local(&Device::Cpu, &v, &p).unwrap();
            for y in 0..5isize {
                for x in 0..6isize {
                    let mut near = Vec::new();
                    for j in y - 1..=y + 1 {
                        for i in x - 2..=x + 2 {
                            let at = Border::Mirror.index(j, 5) * 6 + Border::Mirror.index(i, 6);
                            near.push(f64::from(samples[at]));
                        }
                    }
                    let m = near.iter().sum::<f64>() / 15.0;
                    let s = (near.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / 15.0).sqrt();
                    let (at, t) = ((y * 6 + x) as usize, m * (1.0 + k * (s / 127.5 - 1.0)));
                    let value = f64::from(samples[at]);
                    if (value - t).abs() > 1e-3 {
                        prop_assert_eq!(mask.voxels.host().unwrap()[at], u8::from(value > t), "{} against {}", value, t);
                    }
                }
            }
        }
    }
}
