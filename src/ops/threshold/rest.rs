//! Objects that a threshold has left out: dim ones beside those that it was chosen for.
//!
//! One bright artefact, or nuclei several times as bright as the others, pull the threshold up over all else. So what lies farther
//! than a reach from everything above it is looked at by itself. Where Otsu's two classes explain more than [`OBJECTS`] of the
//! variance there, objects are left beyond doubt, and they have a threshold of their own; of an even slope two classes explain
//! 0.75, of noise 0.64. Where less than a tenth of the image lies that far out nothing is done: there is hardly a ground to see.
//!
//! Bit budget: samples are compared and counted; the classes are on the host, in f64.
//! Reference: Otsu 1979, on part of the image.

use super::bins::EqualBins;
use super::{Classes, Cut};
use crate::Result;
use crate::device::Device;
use crate::image::{Mask, Volume};
use crate::ops::histogram::{BinScale, histogram};
use crate::ops::morphology::{Element, dilate};
use crate::ops::pixelwise::{above, far_from};

/// Share of the variance that two classes explain where there are objects beyond doubt: more than an even slope has.
pub const OBJECTS: f64 = 0.8;
/// The smallest share of the image that is looked at.
const ENOUGH: f64 = 0.1;
const BINS: EqualBins = EqualBins { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };

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

/// What lies beyond the reach of all samples above `threshold` and above a threshold of its own, and that threshold; nothing
/// where no objects are left beyond doubt.
///
/// # Errors
/// The device is lost or too small.
pub fn rest(device: &Device, src: &Volume, threshold: f64, at: &Beyond) -> Result<Option<(Mask, f64)>> {
    // Whole samples lie above a threshold where they lie above its floor; the cast stops at the ends of the type.
    let limit = threshold.floor() as i32;
    if limit <= at.least {
        return Ok(None);
    }
    let far = far_from(device, src, &dilate(device, src, &Element::Box(at.reach))?, limit)?;
    let mut range = (at.least, limit);
    let counts = loop {
        let counts = histogram(device, &far, &BINS.over(range)?)?;
        match narrower(range, &counts) {
            Some(of_samples) => range = of_samples,
            None => break counts,
        }
    };
    let looked_at = counts.iter().map(|n| f64::from(*n)).sum::<f64>();
    if looked_at < ENOUGH * src.samples.len() as f64 {
        return Ok(None);
    }
    let classes = Classes::of(&BINS.with(range, counts), range);
    if classes.explained <= OBJECTS || classes.threshold < at.floor {
        return Ok(None);
    }
    Ok(Some((above(device, &far, classes.threshold.floor() as i32)?, classes.threshold)))
}

/// Where all samples lie, if that is less than a quarter of the range, of which an artefact hundreds of times as bright takes the
/// rest: bins of its width would hold the objects in one.
fn narrower((least, limit): (i32, i32), counts: &[u32]) -> Option<(i32, i32)> {
    let bins = counts.iter().rposition(|n| *n > 0)? + 1;
    let width = (f64::from(limit) - f64::from(least)) / BINS.n as f64;
    let top = (f64::from(least) + width * bins as f64).ceil() as i32;
    (4 * bins < BINS.n && top < limit).then_some((least, top))
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
        let (mask, _) = rest(&Device::Cpu, &row, 500.0, &at).unwrap()?;
        Some(mask.voxels.host().unwrap().to_vec())
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
    fn however_bright_the_bright_one_is() {
        let row = [10, 11, 90, 91, 10, 11, 10, 92, 2_000_000_000, 92, 10, 11, 10, 90, 11, 10];
        let dim = [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
        let row = Volume::new(Shape::flat(1, row.len()), row.to_vec()).unwrap();
        let at = Beyond { reach: [0, 0, 2], least: 10, floor: 0.0 };
        let (mask, _) = rest(&Device::Cpu, &row, 1e9, &at).unwrap().unwrap();
        assert_eq!(mask.voxels.host().unwrap(), dim);
    }

    #[test]
    fn slopes_flat_grounds_and_what_is_bright_all_over_have_no_rest() {
        assert_eq!(found(&(0..100).collect::<Vec<_>>(), 0.0), None);
        assert_eq!(found(&[7; 9], 0.0), None);
        assert_eq!(found(&[900, 10, 900, 10, 900, 10, 900], 0.0), None);
        assert_eq!(found(&[900], 0.0), None);
    }
}
