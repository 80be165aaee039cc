//! Gaussian filter, separable, in fixed point.
//!
//! Along each axis `out[i] = round(sum_k w[k] * src[i + k] / 65536)` with `w[k] ~ exp(-k^2 / (2 sigma^2))`,
//! `|k| <= round(truncate * sigma)`, and the weights adding up to 65536 exactly.
//! Bit budget: samples of 32 bits, taken as two halves of 16, times 16-bit weights: 32 bits each.
//! Reference: `scipy.ndimage.gaussian_filter`, to 1 sample an axis.

use super::{Border, Case, Op, words};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::volume::Volume;
use crate::{Error, Result};
use rayon::prelude::*;

/// The room's entry.
pub const OP: Op = Op {
    name: "gaussian",
    summary: "Gaussian filter",
    reference: "scipy.ndimage.gaussian_filter",
    cases: &[
        Case { name: "sigma 1", run: |d, i| words(d, gaussian(d, &i.volume(d)?, &Gaussian::new([1.0; 3]))?) },
        Case {
            name: "sigma 2.5 by 0.6, mirrored",
            run: |d, i| {
                let p = Gaussian { sigma: [0.0, 2.5, 0.6], truncate: 4.0, border: Border::Reflect };
                words(d, gaussian(d, &i.volume(d)?, &p)?)
            },
        },
    ],
};

/// Parameters of a Gaussian filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Standard deviation along z, y, x in voxels; 0 leaves an axis as it is.
    pub sigma: [f64; 3],
    /// The kernel ends at this many sigmas.
    pub truncate: f64,
    /// Beyond the edge.
    pub border: Border,
}

impl Gaussian {
    /// Cut at three sigmas, edges replicated.
    pub fn new(sigma: [f64; 3]) -> Self {
        Gaussian { sigma, truncate: 3.0, border: Border::Nearest }
    }
}

crate::params! {
    struct Params { stride: u32, size: u32, radius: u32, border: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "gaussian",
    source: include_str!("../../shaders/gaussian.wgsl"),
    shared: &[include_str!("../../shaders/shared/border.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("weight", "u32"), write("dst", "i32")],
};

/// Filters a volume. Axes of one voxel are left alone.
///
/// # Errors
/// A sigma that is negative, not a number, or over 1000 voxels; the device is lost or too small.
pub fn gaussian(device: &Device, src: &Volume, p: &Gaussian) -> Result<Volume> {
    let mut out = src.clone();
    let sizes = src.shape.zyx();
    let strides = [src.shape.y * src.shape.x, src.shape.x, 1];
    for axis in [2, 1, 0] {
        if !(0.0..=1000.0).contains(&p.sigma[axis]) {
            return Err(Error::usage(format!("a Gaussian of sigma {} px", p.sigma[axis])).remedy("0 to 1000 px"));
        }
        let weights = weights(p.sigma[axis], p.truncate);
        if weights.len() < 2 || sizes[axis] < 2 {
            continue;
        }
        let (size, stride) = (sizes[axis], strides[axis]);
        let samples = match device {
            Device::Cpu => Buffer::Host(twin(out.samples.host()?, size, stride, &weights, p.border)),
            Device::Gpu(gpu) => {
                let from = out.samples.gpu()?;
                let to = gpu.alloc::<i32>(from.len())?;
                let w = gpu.upload(&weights)?;
                let params = Params {
                    stride: stride as u32,
                    size: size as u32,
                    radius: weights.len() as u32 - 1,
                    border: p.border.code(),
                };
                gpu.dispatch(&KERNEL, from.len(), &params, &[&from.cast(), &w, &to.cast()])?;
                Buffer::Gpu(to)
            }
        };
        out = out.with(samples);
    }
    Ok(out)
}

/// Half a kernel: `w[0] + 2 (w[1] + ... + w[r]) = 65536`. The rounding error goes to the centre.
fn weights(sigma: f64, truncate: f64) -> Vec<u32> {
    let radius = (sigma * truncate + 0.5) as usize;
    let shape: Vec<f64> = (0..=radius).map(|k| libm::exp(-0.5 * (k as f64 / sigma.max(1e-9)).powi(2))).collect();
    let sum = shape[0] + 2.0 * shape[1..].iter().sum::<f64>();
    let mut w: Vec<u32> = shape.iter().map(|v| (v / sum * 65_536.0).round() as u32).collect();
    w[0] = 65_536 - 2 * w[1..].iter().sum::<u32>();
    while w.len() > 1 && w.last() == Some(&0) {
        w.pop();
    }
    w
}

fn twin(src: &[i32], size: usize, stride: usize, weights: &[u32], border: Border) -> Vec<i32> {
    let radius = weights.len() as isize - 1;
    let mut out = vec![0i32; src.len()];
    // A run of `size * stride` voxels holds `stride` lines side by side.
    out.par_chunks_mut(stride).enumerate().for_each(|(line, out)| {
        let (run, at) = (line / size, line % size);
        let mut sums = vec![0i64; out.len()];
        for k in -radius..=radius {
            let from = (run * size + border.index(at as isize + k, size)) * stride;
            let w = i64::from(weights[k.unsigned_abs()]);
            for (sum, &s) in sums.iter_mut().zip(&src[from..from + stride]) {
                *sum += w * i64::from(s);
            }
        }
        for (o, sum) in out.iter_mut().zip(sums) {
            *o = ((sum + 32_768) >> 16) as i32;
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Shape;

    #[test]
    fn a_point_spreads_into_the_weights() {
        let v = Volume::new(Shape::flat(1, 7), vec![0, 0, 0, 65_536, 0, 0, 0]).unwrap();
        let out = gaussian(&Device::Cpu, &v, &Gaussian::new([1.0; 3])).unwrap();
        let w = weights(1.0, 3.0);
        let want: Vec<i32> = [3, 2, 1, 0, 1, 2, 3].iter().map(|&k: &usize| w[k] as i32).collect();
        assert_eq!(out.samples.host().unwrap(), want);
    }

    #[test]
    fn weights_always_add_up() {
        for sigma in [0.3, 0.7, 1.0, 4.2, 17.0, 60.0] {
            let w = weights(sigma, 3.0);
            assert_eq!(w[0] + 2 * w[1..].iter().sum::<u32>(), 65_536);
        }
    }
}
