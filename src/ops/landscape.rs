//! The landscape that crowded nuclei are split on: shape and intensity in one, without units to balance.
//!
//! `L = sum of d(m) and of d(m and S > f M) for f = 0.35, 0.45, 0.55, 0.65, 0.75`, with d the distance to the outside,
//! S the sharpened image and M its smoothed local maximum; never below half a pixel (times six). Each map sees the
//! objects at another height: necks and dim gaps cut some of them, and the sum is deep where many agree.
//!
//! Bit budget: distances to 1023 px in six binary places; the rest as its parts.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

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
    let sharp = positive(device, &add(device, &fine, &subtract(device, &fine, &blur(&fine, 0.5 * d)?)?)?)?;
    let around = Element::Box(sizes.steps(0.5 * d));
    let peak = blur(&dilate(device, &sharp, &around)?, 0.25 * d)?;
    let mut sum = depth(device, mask, sizes)?;
    for share in SHARES {
        let part = brighter(device, &sharp, &peak, mask, share)?;
        sum = deeper(device, &sum, &part, sizes)?;
    }
    let half_a_pixel = (0.5 / sum.scale.factor()) as i32;
    at_least(device, &sum, half_a_pixel * (SHARES.len() as i32 + 1))
}

/// Distance to the outside of a mask in pixels of the plane, with six binary places.
///
/// # Errors
/// The device is lost or too small.
pub fn depth(device: &Device, mask: &Mask, sizes: &Sizes) -> Result<Volume> {
    let places = places(sizes);
    let mut map = root(device, distance(device, mask, sizes.weights)?, places)?;
    map.scale = Scale::new(1.0 / (f64::from(1u32 << places) * f64::from(sizes.weights[2]).sqrt()), 0.0)?;
    Ok(map)
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

fn brighter(device: &Device, src: &Volume, peak: &Volume, mask: &Mask, share: u32) -> Result<Mask> {
    let voxels = match device {
        Device::Cpu => {
            let one = |s: i32, m: i32, inside: u8| {
                let limit = (i64::from(m.max(0)) * i64::from(share)) >> 8;
                u8::from(inside != 0 && i64::from(s) > limit)
            };
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
