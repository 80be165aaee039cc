//! The landscape that crowded nuclei are split on: shape and intensity in one, without units to balance.
//!
//! `L = sum of d(m) and of d(m and S > f M) for f = 0.35, 0.45, 0.55, 0.65, 0.75`, with d the distance to the outside,
//! S the sharpened image and M its smoothed local maximum; never below half a pixel (times six). Each map sees the
//! objects at another height: necks and dim gaps cut some of them, and the sum is deep where many agree.
//!
//! Bit budget: distances to 1023 px in six binary places; the rest as its parts.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::depths::depths;
use super::distance::distance;
use super::gaussian::{Gaussian, gaussian};
use super::morphology::{Element, dilate};
use super::op::words;
use super::pixelwise::{add, at_least, positive, subtract};
use super::root::{self, root};
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::{Mask, Scale, Volume};
use crate::simd;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "landscape",
    summary: "Landscape of shape and intensity that crowded objects are split on",
    reference: "docs/segmentation.md",
    kernels: &[&KERNEL],
    uses: &[
        &super::distance::OP,
        &super::gaussian::OP,
        &super::morphology::OP,
        &super::pixelwise::OP,
        &super::root::OP,
    ],
    cases: &[
        Case {
            name: "diameter 12",
            run: |d, i| words(d, landscape(d, &i.volume(d)?, &i.mask(d)?, &Sizes::isotropic(12.0))?),
        },
        Case {
            name: "flat voxels",
            run: |d, i| {
                let sizes = Sizes { diameter: 9.0, z_step: 2.5, weights: [25, 4, 4] };
                words(d, landscape(d, &i.volume(d)?, &i.mask(d)?, &sizes)?)
            },
        },
    ],
};

/// How large objects are, and how the axes compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// Diameter of the typical object in pixels of the plane.
    pub diameter: f64,
    /// Distance of two slices in pixels of the plane.
    pub z_step: f64,
    /// Weights of squared steps along z, y, x, for distances.
    pub weights: [u32; 3],
}

impl Sizes {
    /// The same along every axis.
    pub fn isotropic(diameter: f64) -> Self {
        Sizes { diameter, z_step: 1.0, weights: [1; 3] }
    }
    /// A length in pixels of the plane, along z, y, x.
    pub fn along(&self, px: f64) -> [f64; 3] {
        [px / self.z_step, px, px]
    }
    /// The same in whole voxels, at least 0.
    pub fn steps(&self, px: f64) -> [usize; 3] {
        self.along(px).map(|v| v.round() as usize)
    }
}

crate::params! {
    struct Params { share: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "landscape",
    source: include_str!("../../shaders/landscape.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("peak", "i32"), read("mask", "u32"), write("dst", "u32")],
};

/// Heights of the local maximum at which objects are looked at, in 256ths: 0.35 to 0.75.
const SHARES: [u32; 5] = [90, 115, 141, 166, 192];

/// The landscape of an image whose background is gone, inside a mask.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn landscape(device: &Device, flat: &Volume, mask: &Mask, sizes: &Sizes) -> Result<Volume> {
    let d = sizes.diameter;
    let blur = |v: &Volume, sigma: f64| gaussian(device, v, &Gaussian::new(sizes.along(sigma)));
    let fine = blur(flat, (0.08 * d).max(0.6))?;
    let sharp = sharpened(device, &fine, &blur(&fine, 0.5 * d)?)?;
    let around = Element::Box(sizes.steps(0.5 * d));
    let peak = blur(&dilate(device, &sharp, &around)?, 0.25 * d)?;
    let scale = scale_of_depths(sizes)?;
    let floor = (0.5 / scale.factor()) as i32 * (SHARES.len() as i32 + 1);
    if let Device::Cpu = device
        && in_plane(mask, sizes)
    {
        let levels = simd::map3(sharp.samples.host()?, peak.samples.host()?, mask.voxels.host()?, level);
        if let Some(sum) = depths(&levels, mask.shape, SHARES.len() as u8 + 1, places(sizes), floor) {
            return Ok(on_host(sum, mask, scale));
        }
    }
    let mut sum = depth(device, mask, sizes)?;
    for share in SHARES {
        let part = brighter(device, &sharp, &peak, mask, share)?;
        sum = deeper(device, &sum, &part, sizes)?;
    }
    at_least(device, &sum, floor)
}

/// An image and once more what stands out from its surroundings, nothing below 0.
fn sharpened(device: &Device, fine: &Volume, around: &Volume) -> Result<Volume> {
    match device {
        Device::Cpu => {
            let one = |f: i32, a: i32| f.saturating_add(f.saturating_sub(a)).max(0);
            Ok(fine.with(Buffer::on_host(simd::map2(fine.samples.host()?, around.samples.host()?, one))))
        }
        Device::Gpu(_) => positive(device, &add(device, fine, &subtract(device, fine, around)?)?),
    }
}

/// Distance to the outside of a mask in pixels of the plane, with six binary places.
///
/// # Errors
/// The device is lost or too small.
pub fn depth(device: &Device, mask: &Mask, sizes: &Sizes) -> Result<Volume> {
    let scale = scale_of_depths(sizes)?;
    if let Device::Cpu = device
        && in_plane(mask, sizes)
        && let Some(map) = depths(mask.voxels.host()?, mask.shape, 1, places(sizes), 0)
    {
        return Ok(on_host(map, mask, scale));
    }
    Ok(Volume { scale, ..root(device, distance(device, mask, sizes.weights)?, places(sizes))? })
}

fn on_host(depths: Vec<i32>, of: &Mask, scale: Scale) -> Volume {
    Volume { shape: of.shape, spacing: None, scale, samples: Buffer::on_host(depths) }
}

fn scale_of_depths(sizes: &Sizes) -> Result<Scale> {
    Scale::new(1.0 / (f64::from(1u32 << places(sizes)) * f64::from(sizes.weights[2]).sqrt()), 0.0)
}

/// Whether steps along both axes of a single plane count the same.
fn in_plane(mask: &Mask, sizes: &Sizes) -> bool {
    mask.shape.is_flat() && sizes.weights[1..] == [1, 1]
}

/// A weight of k in the plane already gives half of log2(k) places.
fn places(sizes: &Sizes) -> u32 {
    6 - sizes.weights[2].ilog2().div_ceil(2).min(6)
}

/// A map and the depth of one more mask.
fn deeper(device: &Device, sum: &Volume, mask: &Mask, sizes: &Sizes) -> Result<Volume> {
    match device {
        Device::Cpu => {
            let (d2, root) = (distance(device, mask, sizes.weights)?, root::of(places(sizes)));
            let samples = simd::map2(sum.samples.host()?, d2.samples.host()?, |a, d2| a.saturating_add(root(d2)));
            Ok(sum.with(Buffer::on_host(samples)))
        }
        Device::Gpu(_) => add(device, sum, &depth(device, mask, sizes)?),
    }
}

/// In how many of the nested masks a pixel lies: 0 outside, 1 in the mask, and 1 more for each share of the peak that it is above.
fn level(sharp: i32, peak: i32, inside: u8) -> u8 {
    let above = SHARES.iter().map(|&share| u8::from(sharp > share_of(peak, share))).sum::<u8>();
    if inside != 0 { 1 + above } else { 0 }
}

/// `floor(peak share / 256)` of a peak above 0, in 32 bits.
fn share_of(peak: i32, share: u32) -> i32 {
    let (peak, share) = (peak.max(0), share as i32);
    (peak >> 8) * share + (((peak & 255) * share) >> 8)
}

fn brighter(device: &Device, src: &Volume, peak: &Volume, mask: &Mask, share: u32) -> Result<Mask> {
    let voxels = match device {
        Device::Cpu => {
            let one = |s: i32, m: i32, inside: u8| u8::from(inside != 0 && s > share_of(m, share));
            Buffer::on_host(simd::map3(src.samples.host()?, peak.samples.host()?, mask.voxels.host()?, one))
        }
        Device::Gpu(gpu) => {
            let (src, peak, mask) = (src.samples.gpu()?, peak.samples.gpu()?, mask.voxels.gpu()?);
            let to = gpu.alloc::<u8>(src.len())?;
            gpu.dispatch(
                &KERNEL,
                src.len(),
                &Params { share },
                &[&src.cast(), &peak.cast(), &mask.cast(), &to.cast()],
            )?;
            Buffer::Gpu(to)
        }
    };
    Ok(Mask { shape: mask.shape, voxels })
}
