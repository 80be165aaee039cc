//! Gaussian filter, separable, in fixed point.
//!
//! Along each axis `out[i] = round(sum_k w[k] * src[i + k] / 65536)` with `w[k] ~ exp(-k^2 / (2 sigma^2))`,
//! `|k| <= round(truncate * sigma)`, and the weights adding up to 65536 exactly. From sigma 8 on boxes over boxes take
//! their place, see `gaussian_boxes.rs`: within 0.4 % of the range of the samples, as a rule far less.
//! Bit budget: samples of 32 bits, taken as two halves of 16, times 16-bit weights: 32 bits each.
//! Reference: `scipy.ndimage.gaussian_filter`, to 1 sample an axis where samples span 16 bits, else to 2 in 100,000 of their span.

use super::gaussian_boxes::{self, Boxes};
use super::gaussian_walk;
use super::histogram::range;
use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::{Axis, Border, Narrow};
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "gaussian",
    summary: "Gaussian filter",
    reference: "scipy.ndimage.gaussian_filter",
    kernels: &[&KERNEL, &gaussian_boxes::KERNEL],
    uses: &[],
    cases: &[
        Case { name: "sigma 1", run: |d, i| words(d, gaussian(d, &i.volume(d)?, &Gaussian::new([1.0; 3]))?) },
        Case {
            name: "sigma 2.5 by 0.6, mirrored",
            run: |d, i| {
                let p = Gaussian { sigma: [0.0, 2.5, 0.6], truncate: 4.0, border: Border::Reflect, taps: Taps::Auto };
                words(d, gaussian(d, &i.volume(d)?, &p)?)
            },
        },
        Case { name: "sigma 9.5", run: |d, i| words(d, gaussian(d, &i.volume(d)?, &Gaussian::new([9.5, 8.0, 21.0]))?) },
        Case {
            name: "sigma 60, mirrored",
            run: |d, i| {
                let p = Gaussian { sigma: [0.5, 60.0, 12.0], truncate: 4.0, border: Border::Reflect, taps: Taps::Auto };
                words(d, gaussian(d, &i.volume(d)?, &p)?)
            },
        },
    ],
};

/// How wide kernels are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taps {
    /// By boxes from sigma 8 on.
    Auto,
    /// By weights always: slow for wide kernels, and as true as 16-bit weights are.
    Direct,
}

/// Parameters of a Gaussian filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Standard deviation along z, y, x in voxels; 0 leaves an axis as it is.
    pub sigma: [f64; 3],
    /// The kernel ends at this many sigmas.
    pub truncate: f64,
    /// Beyond the edge.
    pub border: Border,
    /// How wide kernels are done.
    pub taps: Taps,
}

impl Gaussian {
    /// Cut at three sigmas, edges replicated.
    pub fn new(sigma: [f64; 3]) -> Self {
        Gaussian { sigma, truncate: 3.0, border: Border::Nearest, taps: Taps::Auto }
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

/// From this sigma on boxes do the work: at about this one they cost as much as the weights.
const BOXES_FROM: f64 = 8.0;

/// Filters a volume. Axes of one voxel are left alone.
///
/// # Errors
/// A sigma that is negative, not a number, or over 1000 voxels, or a kernel that ends before 1 or beyond 10 sigmas; the
/// device is lost or too small.
pub fn gaussian(device: &Device, src: &Volume, p: &Gaussian) -> Result<Volume> {
    if !(1.0..=10.0).contains(&p.truncate) {
        return Err(Error::usage(format!("a Gaussian cut at {} sigmas", p.truncate)).remedy("1 to 10"));
    }
    if let Some(sigma) = p.sigma.iter().find(|s| !(0.0..=1000.0).contains(*s)) {
        return Err(Error::usage(format!("a Gaussian of sigma {sigma} px")).remedy("0 to 1000 px"));
    }
    let axes = [0, 1, 2].map(|a| {
        let (sigma, size) = (p.sigma[a], src.shape.zyx()[a]);
        let boxes = sigma >= BOXES_FROM && p.taps == Taps::Auto && size > 1;
        let weights = if boxes || size < 2 { vec![1 << 16] } else { weights(sigma, p.truncate) };
        (weights, boxes.then(|| Boxes::fit(sigma, &kernel(sigma, p.truncate))))
    });
    match device {
        Device::Cpu if axes.iter().all(|(_, boxes)| boxes.is_none()) => {
            let weights = axes.map(|(weights, _)| weights);
            if weights.iter().all(|w| w.len() == 1) {
                return Ok(src.clone());
            }
            Ok(src.with(Buffer::on_host(gaussian_walk::twin(src, &weights, p.border)?)))
        }
        _ => {
            let mut out = src.clone();
            // What is filtered lies within the samples.
            let narrow = match device {
                Device::Cpu => Narrow::between(range(device, src)?),
                Device::Gpu(_) => None,
            };
            for a in [2, 1, 0] {
                if let Some(samples) = along(device, &out, a, &axes[a], p.border, narrow)? {
                    out = out.with(samples);
                }
            }
            Ok(out)
        }
    }
}

/// Along one axis; nothing where the kernel leaves it as it is.
fn along(
    device: &Device,
    src: &Volume,
    a: usize,
    (weights, boxes): &(Vec<u32>, Option<Boxes>),
    border: Border,
    narrow: Option<Narrow>,
) -> Result<Option<Buffer<i32>>> {
    let axis = Axis::of(src.shape, a);
    Ok(Some(match (device, boxes) {
        (_, None) if weights.len() == 1 => return Ok(None),
        (Device::Cpu, Some(b)) => Buffer::on_host(gaussian_boxes::twin(src.samples.host()?, axis, *b, border, narrow)),
        (Device::Cpu, None) => {
            let mut all = [0; 3].map(|_| vec![1 << 16]);
            all[a].clone_from(weights);
            Buffer::on_host(gaussian_walk::twin(src, &all, border)?)
        }
        (Device::Gpu(gpu), Some(b)) => {
            Buffer::Gpu(gaussian_boxes::dispatch(gpu, src.samples.gpu()?, axis, *b, border)?)
        }
        (Device::Gpu(gpu), None) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(from.len())?;
            let w = gpu.upload(weights)?;
            let params = Params {
                stride: axis.stride as u32,
                size: axis.size as u32,
                radius: weights.len() as u32 - 1,
                border: border.code(),
            };
            gpu.dispatch(&KERNEL, from.len(), &params, &[&from.cast(), &w, &to.cast()])?;
            Buffer::Gpu(to)
        }
    }))
}

/// The centre and one half of the kernel, adding up to 1 with the other half.
pub(super) fn kernel(sigma: f64, truncate: f64) -> Vec<f64> {
    let radius = (sigma * truncate + 0.5) as usize;
    let shape: Vec<f64> = (0..=radius).map(|k| libm::exp(-0.5 * (k as f64 / sigma.max(1e-9)).powi(2))).collect();
    let sum = shape[0] + 2.0 * shape[1..].iter().sum::<f64>();
    shape.iter().map(|v| v / sum).collect()
}

/// The kernel in whole numbers: `w[0] + 2 (w[1] + ... + w[r]) = 65536`. What rounding down leaves over goes to the
/// pairs that lost most, the odd one to the centre.
fn weights(sigma: f64, truncate: f64) -> Vec<u32> {
    let exact: Vec<f64> = kernel(sigma, truncate).iter().map(|v| v * 65_536.0).collect();
    let mut w: Vec<u32> = exact.iter().map(|&v| v as u32).collect();
    let mut pairs: Vec<usize> = (1..w.len()).collect();
    pairs.sort_by(|&a, &b| (exact[b].fract()).total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    let mut left = 65_536u32.saturating_sub(w[0] + 2 * w[1..].iter().sum::<u32>());
    for k in pairs {
        if left < 2 {
            break;
        }
        w[k] += 1;
        left -= 2;
    }
    w[0] += left;
    while w.len() > 1 && w.last() == Some(&0) {
        w.pop();
    }
    w
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::inputs;
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
        for sigma in [0.3, 0.7, 1.0, 4.2, 17.0, 60.0, 1000.0] {
            let w = weights(sigma, 3.0);
            assert_eq!(w[0] + 2 * w[1..].iter().sum::<u32>(), 65_536);
        }
    }

    /// Oracle: the definition in f64, without fixed point and without boxes, one axis after the other.
    fn naive(v: &Volume, p: &Gaussian) -> Vec<f64> {
        let mut now: Vec<f64> = v.samples.host().unwrap().iter().map(|&s| f64::from(s)).collect();
        for a in [2, 1, 0] {
            let k = kernel(p.sigma[a], p.truncate);
            let before = now.clone();
            for (i, out) in now.iter_mut().enumerate() {
                let at = v.shape.position(i);
                let tap = |d: isize| {
                    let mut q = at;
                    q[a] = p.border.index(at[a] as isize + d, v.shape.zyx()[a]);
                    before[v.shape.index(q[0], q[1], q[2])]
                };
                let pairs: f64 = (1..k.len()).map(|d| k[d] * (tap(d as isize) + tap(-(d as isize)))).sum();
                *out = k[0] * tap(0) + pairs;
            }
        }
        now
    }

    #[test]
    fn the_filter_follows_the_definition() {
        for input in inputs().unwrap() {
            for (sigma, border) in [
                ([0.7, 1.3, 2.0], Border::Nearest),
                ([3.0; 3], Border::Reflect),
                ([8.0, 8.6, 11.0], Border::Nearest),
                ([13.0; 3], Border::Reflect),
            ] {
                let p = Gaussian { sigma, truncate: 3.0, border, taps: Taps::Auto };
                let out = gaussian(&Device::Cpu, &input.volume, &p).unwrap();
                let (low, high) = crate::simd::span(input.volume.samples.host().unwrap());
                let range = f64::from(high) - f64::from(low);
                // Fixed-point weights are off by up to one part in 2^16 each.
                let most = 2.0 + range * if sigma[0] < 8.0 { 4e-4 } else { 8e-3 };
                for (&got, want) in out.samples.host().unwrap().iter().zip(naive(&input.volume, &p)) {
                    assert!((f64::from(got) - want).abs() <= most, "{}, {sigma:?}: {got} for {want}", input.name);
                }
            }
        }
    }
}
