//! A threshold beside what it has to be held against: the two classes of the image, and its noise.
//!
//! Threshold and classes follow from one look, and the noise was asked for before, so a device is waited for once.

use super::bins::EqualBins;
use super::percentile::percentile_seen;
use super::{BinChoice, Classes, Cut, EVEN_SLOPE, Method, check, classes_within, cut_seen};
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::histogram::BinScale;
use crate::ops::noise::AskedNoise;
use crate::ops::value_counts::{Look, look};

/// The bins that the two classes of an image are looked for in.
const CLASSES: EqualBins = EqualBins { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };

/// What is known of an image before it is cut.
#[derive(Clone, Debug)]
pub struct Signal<'a> {
    /// The threshold of the method, in samples: as of [`choose`](super::choose).
    pub threshold: f64,
    /// Otsu's two classes in 256 bins.
    pub classes: Classes,
    /// The noise between neighbours: as of [`noise`](crate::ops::noise::noise).
    pub noise: f64,
    seen: Look<'a>,
}

/// Percentage of voxels that specks of dust may cover.
const SPECKS: f64 = 1.0;
/// A crowd beside specks: without the brightest hundredth two classes explain so much, and the bright one has more than this percentage of the voxels. Of
/// skewed noise (squares, cubes, exponentials, with a blur of 1 to 3 px) they explain 0.72 at most, and where it is above 0.69 the bright class has 18 %.
const CROWD: (f64, f64) = (0.71, 25.0);

impl Signal<'_> {
    /// Whether two classes explain more than `least` of the image: there are objects beyond doubt. A few specks many times as
    /// bright as all objects hide these from the variance; so the question is asked again with the brightest hundredth cut off
    /// at its least sample, where the answer must be more than that of an even slope.
    ///
    /// # Errors
    /// As for [`choose`](super::choose).
    pub fn has_two_classes(&self, least: f64) -> Result<bool> {
        self.has_two_classes_beside(least, 0.0)
    }

    /// The same of an image a share of which lies where its ground was cut off; the brightest hundredth is that of the rest.
    ///
    /// # Errors
    /// As for [`choose`](super::choose).
    pub fn has_two_classes_beside(&self, least: f64, cut_off: f64) -> Result<bool> {
        if self.classes.explained > least {
            return Ok(true);
        }
        let beside = self.classes_beside(cut_off)?;
        let is_crowd = cut_off <= 0.0 && percentile_seen(&self.seen, 100.0 - CROWD.1)? > beside.threshold;
        Ok(beside.explained > least.max(if is_crowd { CROWD.0 } else { EVEN_SLOPE }))
    }

    /// The two classes with the brightest hundredth of what was not cut off at its least sample.
    fn classes_beside(&self, cut_off: f64) -> Result<Classes> {
        let most = percentile_seen(&self.seen, 100.0 - SPECKS * (1.0 - cut_off))?.ceil() as i32;
        classes_within(&self.seen, (self.classes.least, most), CLASSES.choice())
    }

    /// The lower of the threshold, and of that between the two classes where specks are no brighter than a hundredth of the image.
    ///
    /// # Errors
    /// As for [`choose`](super::choose).
    pub fn threshold_beside_specks(&self) -> Result<f64> {
        Ok(self.threshold.min(self.classes_beside(0.0)?.threshold))
    }

    /// The sample that this percentage of the voxels lies at or below.
    ///
    /// # Errors
    /// As for [`percentile`](super::percentile::percentile()).
    pub fn percentile(&self, percent: f64) -> Result<f64> {
        percentile_seen(&self.seen, percent)
    }

    /// The threshold that a method chooses from other bins.
    ///
    /// # Errors
    /// As for [`choose`](super::choose).
    pub fn choose(&self, method: &Method, bins: BinChoice) -> Result<f64> {
        cut_seen(&self.seen, method, bins)
    }
}

/// The threshold of an image and its classes, beside the noise of another image (the same before it was smoothed).
///
/// # Errors
/// As for [`choose`](super::choose).
pub fn signal_and_noise<'a>(
    device: &'a Device,
    src: &Volume,
    method: &Method,
    bins: BinChoice,
    noise: AskedNoise,
) -> Result<Signal<'a>> {
    check(method)?;
    let seen = look(device, src)?;
    let classes = classes_within(&seen, seen.range(), CLASSES.choice())?;
    Ok(Signal { threshold: cut_seen(&seen, method, bins)?, classes, noise: noise.answer()?, seen })
}
