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
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Asked, Buffer, Device};
use crate::image::{Mask, Volume};
use crate::ops::histogram::{self, BinScale, histogram};
use crate::ops::morphology::{Element, dilate};
use crate::ops::pixelwise::{above, far_from, or};
use crate::ops::two_classes::{self, Wanted, dark_bins};

crate::params! {
    struct Params { unused: u32 }
}

pub(super) const JOIN: Kernel = Kernel {
    name: "threshold_join",
    source: include_str!("../../../shaders/threshold_join.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("mask", "u32"), read("found", "u32"), write("dst", "u32")],
};

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
#[derive(Clone, Debug)]
pub struct Own {
    range: (i32, i32),
    bins: Bins,
}

/// How many bins the dark class has; 0 without a threshold.
#[derive(Clone, Debug)]
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
            Bins::Asked(asked) => asked.answer()?.first().copied().unwrap_or(0),
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
    let far = far_from(device, src, &dilate(device, src, &Element::Box(at.reach))?, range.1)?;
    let ends = ends(range);
    let least = src.samples.len().div_ceil(ENOUGH) as u32;
    let first = ends.partition_point(|end| *end < at.floor) as u32;
    match device {
        Device::Cpu => {
            let bins = dark_bins(&histogram(device, &far, &BINS.over(range)?)?, least, first);
            let Some(last) = (bins as usize).checked_sub(1) else { return Ok((mask.clone(), own(Bins::Known(0)))) };
            let dim = above(device, &far, ends[last].floor() as i32)?;
            Ok((or(device, mask, &dim)?, own(Bins::Known(bins))))
        }
        Device::Gpu(gpu) => {
            let samples = far.samples.gpu()?;
            let counts = histogram::dispatch(gpu, samples, &BINS.over(range)?)?;
            let wanted = Wanted { least, first, begin: range.0, width: range.1.abs_diff(range.0) };
            let found = two_classes::dispatch(gpu, &counts, &wanted)?;
            let both = gpu.alloc::<u8>(samples.len())?;
            let arrays = [&samples.cast(), &mask.voxels.gpu()?.cast(), &found, &both.cast()];
            gpu.dispatch(&JOIN, samples.len(), &Params { unused: 0 }, &arrays)?;
            let mask = Mask { shape: mask.shape, voxels: Buffer::Gpu(both) };
            Ok((mask, own(Bins::Asked(gpu.ask(&found)?))))
        }
    }
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
