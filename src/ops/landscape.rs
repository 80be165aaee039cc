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
    let brighter = brighter(device, &sharp, &peak, mask)?;
    for k in 0..SHARES.len() {
        sum = deeper(device, &sum, &brighter(k)?, sizes)?;
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

/// The mask of each share: what is brighter than that part of the local maximum.
type Masks<'a> = Box<dyn Fn(usize) -> Result<Mask> + 'a>;

fn brighter<'a>(device: &'a Device, src: &'a Volume, peak: &'a Volume, mask: &'a Mask) -> Result<Masks<'a>> {
    let made = |voxels| Mask { shape: mask.shape, voxels };
    match device {
        Device::Cpu => {
            // The images are read once, not for each mask: they take ten times as long to fetch as to compare.
            let passed = simd::map3(src.samples.host()?, peak.samples.host()?, mask.voxels.host()?, shares_passed);
            Ok(Box::new(move |k| Ok(made(Buffer::on_host(simd::map(&passed, |n: u8| u8::from(usize::from(n) > k)))))))
        }
        Device::Gpu(gpu) => {
            let (src, peak, mask) = (src.samples.gpu()?, peak.samples.gpu()?, mask.voxels.gpu()?);
            Ok(Box::new(move |k| {
                let to = gpu.alloc::<u8>(src.len())?;
                let arrays = [&src.cast(), &peak.cast(), &mask.cast(), &to.cast()];
                gpu.dispatch(&KERNEL, src.len(), &Params { share: SHARES[k] }, &arrays)?;
                Ok(made(Buffer::Gpu(to)))
            }))
        }
    }
}

/// How many of the ascending shares of the local maximum a voxel passes; none outside.
#[inline(always)]
fn shares_passed(sample: i32, peak: i32, inside: u8) -> u8 {
    // In two parts the product fits into 32 bits.
    let (whole, rest) = (peak.max(0) >> 8, peak.max(0) & 255);
    let passed = SHARES.map(|share| u8::from(sample > whole * share as i32 + ((rest * share as i32) >> 8)));
    passed.iter().sum::<u8>() * u8::from(inside != 0)
}

#[cfg(test)]
mod tests {
    //! Oracle: the formula in 64 bits.
    use super::*;

    #[test]
    fn shares_are_passed_as_the_formula_has_it() {
        let peaks = [i32::MIN, -5, 0, 1, 2, 255, 256, 257, 1000, 65_535, 8_388_607, i32::MAX - 255, i32::MAX];
        for peak in peaks {
            for (k, share) in SHARES.into_iter().enumerate() {
                let limit = (i64::from(peak.max(0)) * i64::from(share)) >> 8;
                for sample in [limit - 1, limit, limit + 1].map(|s| s as i32) {
                    assert_eq!(
                        usize::from(shares_passed(sample, peak, 1)) > k,
                        i64::from(sample) > limit,
                        "{peak} {share}"
                    );
                    assert_eq!(shares_passed(sample, peak, 0), 0);
                }
            }
        }
    }
}
