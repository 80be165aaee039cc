//! The greatest deviation that Sauvola's threshold counts with: as the recipe says, or half the range of the type that the image is
//! stored in, or of its own depth where it uses fewer bits.

use super::state::State;
use crate::Result;
use crate::image::Volume;
use crate::ops::histogram::range;
use rayon::prelude::*;

/// Largest samples of the usual depths. Cameras of 12 bits mostly write words of 16.
const DEPTHS: [i32; 3] = [255, 4095, 65_535];
/// So few pixels (one in so many) that have more than a depth may be dust, or faults.
const FEW: usize = 1000;

impl State<'_> {
    /// In samples of the image that is looked at; `told` is in values.
    ///
    /// # Errors
    /// The device is lost, or the channel was let go.
    pub(super) fn greatest_deviation(&mut self, told: Option<f64>, src: &Volume) -> Result<f64> {
        if let Some(r) = told {
            return Ok(r / src.scale.factor());
        }
        let lift = f64::from(self.lift);
        // Words of 16 bits, with or without a sign, and longer ones do not say how many of them a camera fills.
        if let Some(largest) = self.saturation.filter(|largest| (1..i16::MAX.into()).contains(largest)) {
            return Ok(f64::from(largest) / 2.0 * lift);
        }
        let (least, most) = range(self.device, self.original()?)?;
        let reach = (i64::from(most).max(-i64::from(least)) / i64::from(self.lift)).max(1) as i32;
        let depth = DEPTHS.into_iter().find(|depth| *depth >= reach);
        let value = |depth: i32| f64::from(depth) / 2.0 * self.file.scale.factor();
        let r = value(depth.unwrap_or(reach));
        let samples = self.file.samples.host()?;
        let shallower = DEPTHS.into_iter().rev().find(|depth| *depth < reach).map(|depth| {
            let n = samples.par_iter().filter(|s| s.unsigned_abs() > depth.unsigned_abs()).count();
            (n, depth)
        });
        match (depth, shallower) {
            (None, _) => self.warnings.push(format!(
                "sauvola uses r = {r}, half of the largest value of this image, so every image has an r of its own: give r in the step"
            )),
            (Some(_), Some((n, depth))) if n * FEW <= samples.len() => self.warnings.push(format!(
                "sauvola uses r = {r}, because {n} of {} pixels have more than {}; without these it would be {}: give r in the step, \
                 the same for all images",
                samples.len(),
                2.0 * value(depth),
                value(depth)
            )),
            _ => self.notes.push(format!("sauvola uses r = {r}, half of the grey levels of the bit depth that this image uses")),
        }
        Ok(f64::from(depth.unwrap_or(reach)) / 2.0 * lift)
    }
}
