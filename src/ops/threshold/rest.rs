//! Objects that a threshold has left out: dim ones beside those that it was chosen for.
//!
//! One bright artefact, or nuclei several times as bright as the others, pull the threshold up over all else. So what lies farther
//! than a reach from everything above it is looked at by itself. Where Otsu's two classes explain more than 0.8 of the
//! variance there, objects are left beyond doubt, and they have a threshold of their own; of an even slope two classes explain
//! 0.75, of noise 0.64. Where less than a tenth of the image lies that far out nothing is done: there is hardly a ground to see.
//!
//! Bit budget: that of `two_classes`, which tells on the device. Reference: Otsu 1979, on part of the image.

use super::Cut;
use super::bins::EqualBins;
use crate::Result;
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Asked, Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Mask, Volume};
use crate::ops::far::near;
use crate::ops::histogram::{BinScale, histogram_beyond};
use crate::ops::morphology::{Element, dilate};
use crate::ops::two_classes::{self, Wanted, dark_bins};
use crate::ops::value_counts::AskedLook;
use crate::simd;

crate::params! {
    struct Params { size: u32, at: u32 }
}

const COUNT: Kernel = Kernel {
    name: "threshold_rest",
    source: include_str!("../../../shaders/threshold_rest.wgsl"),
    shared: &[
        include_str!("../../../shaders/shared/product.wgsl"),
        include_str!("../../../shaders/shared/linear_bin.wgsl"),
    ],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("around", "i32"), read("frame", "i32"), atomic("bins", "u32")],
};

const JOIN: Kernel = Kernel {
    name: "threshold_join",
    source: include_str!("../../../shaders/threshold_join.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[
        read("src", "i32"),
        read("around", "i32"),
        read("mask", "u32"),
        read("frame", "i32"),
        read("found", "u32"),
        write("dst", "u32"),
    ],
};

const CUT: Kernel = Kernel {
    name: "threshold_cut",
    source: include_str!("../../../shaders/threshold_cut.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("found", "u32"), write("dst", "u32")],
};

/// Kernels of what a threshold has left out.
pub(super) const KERNELS: &[&Kernel] = &[&CUT, &COUNT, &JOIN];

/// Samples that a workgroup counts.
const BLOCK: usize = 4096;
/// In thousandths, the share of the variance that two classes explain where there are objects beyond doubt: more than an even slope
/// has.
const OBJECTS: u32 = 800;
/// The smallest part of the image that is looked at: one in so many voxels.
const ENOUGH: usize = 10;
const BINS: EqualBins = EqualBins { n: two_classes::BINS, spacing: BinScale::Linear, cut: Cut::Edge };

/// Where a threshold was chosen, and what it left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beyond {
    /// Half the width, in voxels along z, y, x, of the box around what is above the threshold that is not looked at.
    pub reach: [usize; 3],
    /// The least sample of the image.
    pub least: i32,
    /// Thresholds below this find nothing.
    pub floor: f64,
}

/// The threshold of what another one has left out, if objects are left beyond doubt.
#[derive(Debug)]
pub struct Own {
    range: (i32, i32),
    bins: Bins,
}

/// How many bins the dark class has; 0 without a threshold.
#[derive(Debug)]
enum Bins {
    Known(u32),
    Asked(Asked),
}

impl Own {
    /// In samples. A device may have to be waited for, if nobody has done so since.
    ///
    /// # Errors
    /// The device is lost.
    pub fn threshold(self) -> Result<Option<f64>> {
        let bins = match self.bins {
            Bins::Known(bins) => bins,
            Bins::Asked(asked) => asked.answer()?.iter().flatten().next().copied().unwrap_or(0),
        };
        Ok((bins as usize).checked_sub(1).map(|last| ends(self.range)[last]))
    }
}

/// The thresholds that cut after each bin of a range.
fn ends(range: (i32, i32)) -> Vec<f64> {
    let bins = BINS.with(range, vec![]);
    (0..BINS.n).map(|bin| bins.at(bin)).collect()
}

/// The mask of a threshold with what lies beyond the reach of all samples above it and above a threshold of its own, and that one.
/// The mask stays as it is where no objects are left beyond doubt. A device is not waited for.
///
/// # Errors
/// The device is lost or too small.
pub fn with_rest(device: &Device, src: &Volume, mask: &Mask, threshold: f64, at: &Beyond) -> Result<(Mask, Own)> {
    // Whole samples lie above a threshold where they lie above its floor; the cast stops at the ends of the type.
    let range = (at.least, threshold.floor() as i32);
    let own = |bins| Own { range, bins };
    if range.1 <= range.0 {
        return Ok((mask.clone(), own(Bins::Known(0))));
    }
    let ends = ends(range);
    let first = ends.partition_point(|end| *end < at.floor) as u32;
    match device {
        Device::Cpu => {
            let near = near(src, at.reach, range.1)?;
            let bins = dark_bins(&histogram_beyond(src, &near, &BINS.over(range)?)?, &beyond_doubt(src, first, 0));
            let Some(last) = (bins as usize).checked_sub(1) else { return Ok((mask.clone(), own(Bins::Known(0)))) };
            let limit = ends[last].floor() as i32;
            let dim = |s: i32, near: u8, inside: u8| inside | u8::from(near == 0 && s > limit);
            let voxels = simd::map3(src.samples.host()?, &near, mask.voxels.host()?, dim);
            Ok((Mask { shape: mask.shape, voxels: Buffer::on_host(voxels) }, own(Bins::Known(bins))))
        }
        Device::Gpu(gpu) => {
            let frame = gpu.upload(&[range.0, range.1])?.cast();
            let (mask, found) = join(gpu, src, mask, at.reach, &frame, &beyond_doubt(src, first, 0))?;
            Ok((mask, own(Bins::Asked(gpu.ask(&[found])?))))
        }
    }
}

/// Two classes that are beyond doubt, in enough of an image; the range that they are looked for in stands at a place of its array.
fn beyond_doubt(src: &Volume, first: u32, at: u32) -> Wanted {
    Wanted { least: src.samples.len().div_ceil(ENOUGH) as u32, first, share: OBJECTS, at }
}

/// A mask with what lies beyond the reach of everything above a limit, which is the end of a range on the device; and what was found
/// there.
fn join(
    gpu: &Gpu,
    src: &Volume,
    mask: &Mask,
    reach: [usize; 3],
    frame: &GpuBuffer<u32>,
    wanted: &Wanted,
) -> Result<(Mask, GpuBuffer<u32>)> {
    let around = dilate(&Device::Gpu(gpu.clone()), src, &Element::Box(reach))?;
    let (samples, around, n) = (src.samples.gpu()?.cast(), around.samples.gpu()?.cast(), src.samples.len());
    let p = Params { size: n as u32, at: wanted.at };
    let (bins, both) = (gpu.zeros(BINS.n)?, gpu.alloc::<u8>(n)?);
    gpu.dispatch(&COUNT, n.div_ceil(BLOCK), &p, &[&samples, &around, frame, &bins])?;
    let found = two_classes::dispatch(gpu, &bins, frame, wanted)?;
    let arrays = [&samples, &around, &mask.voxels.gpu()?.cast(), frame, &found, &both.cast()];
    gpu.dispatch(&JOIN, n, &p, &arrays)?;
    Ok((Mask { shape: mask.shape, voxels: Buffer::Gpu(both) }, found))
}

/// The mask of Otsu's threshold of an image that a device was asked to look at, with what it has left out. All of it is decided on the device; nothing where that was not asked. It is empty where a look has
/// not all values.
///
/// # Errors
/// The device is lost or too small.
pub(in crate::ops) fn bright_unseen(
    gpu: &Gpu,
    src: &Volume,
    look: &AskedLook,
    reach: [usize; 3],
) -> Result<Option<Mask>> {
    let Some([range, bins]) = look.bins(gpu)? else { return Ok(None) };
    let found = two_classes::dispatch(gpu, &bins, &range, &Wanted { least: 0, first: 0, share: 0, at: 0 })?;
    let n = src.samples.len();
    let above = gpu.alloc::<u8>(n)?;
    gpu.dispatch(&CUT, n, &Params { size: n as u32, at: 0 }, &[&src.samples.gpu()?.cast(), &found, &above.cast()])?;
    let mask = Mask { shape: src.shape, voxels: Buffer::Gpu(above) };
    // Behind the threshold stands the range below it.
    Ok(Some(join(gpu, src, &mask, reach, &found, &beyond_doubt(src, 0, 2))?.0))
}

#[cfg(test)]
mod tests {
    //! Oracle: a row that is worked out by eye.
    use super::*;
    use crate::units::Shape;

    fn found(samples: &[i32], floor: f64) -> Option<Vec<u8>> {
        let row = Volume::new(Shape::flat(1, samples.len()), samples.to_vec()).unwrap();
        let least = *samples.iter().min().unwrap();
        let at = Beyond { reach: [0, 0, 2], least, floor };
        let nothing = Mask::new(row.shape, vec![0; samples.len()]).unwrap();
        let (mask, own) = with_rest(&Device::Cpu, &row, &nothing, 500.0, &at).unwrap();
        own.threshold().unwrap().map(|_| mask.voxels.host().unwrap().to_vec())
    }

    #[test]
    fn dim_objects_are_found_away_from_bright_ones() {
        // The halo of the bright one is as bright as the dim ones, and stays out.
        let row = [10, 11, 90, 91, 10, 11, 10, 92, 900, 92, 10, 11, 10, 90, 11, 10];
        let dim = [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(found(&row, 0.0), Some(dim.to_vec()));
        assert_eq!(found(&row, 95.0), None);
    }

    #[test]
    fn slopes_flat_grounds_and_what_is_bright_all_over_have_no_rest() {
        assert_eq!(found(&(0..100).collect::<Vec<_>>(), 0.0), None);
        assert_eq!(found(&[7; 9], 0.0), None);
        assert_eq!(found(&[900, 10, 900, 10, 900, 10, 900], 0.0), None);
        assert_eq!(found(&[900], 0.0), None);
    }
}
