//! A channel whose ground is an even slope, levelled for those that would take the slope for objects.

use super::channels::lift;
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::slope::{Plane, less, slope};
use crate::recipe::{ObjectScale, Step};

/// The channel without the slope of its ground, and how far that rises across the image.
pub(super) struct Levelled {
    pub volume: Volume,
    rise: f64,
}

impl Levelled {
    /// Nothing where the ground has no such slope, or nobody would ask. `original` are the samples of the file, or more of them to a unit.
    ///
    /// # Errors
    /// The samples of the file are not on the host; the device is lost or too small.
    pub fn of(
        (file, original): (&Volume, &Volume),
        scale: Option<ObjectScale>,
        steps: &[Step],
        device: &Device,
    ) -> Result<Option<Self>> {
        let is_asked = scale == Some(ObjectScale::Auto) || steps.iter().any(|s| matches!(s, Step::Background(_)));
        let lift = lift(file, original);
        // From the file: a device would have to be waited for.
        let plane = if is_asked { slope(file.samples.host()?, file.shape, lift) } else { None };
        let levelled = |plane: Plane| {
            let rise = plane.rise(file.shape) * original.scale.factor();
            Ok(Levelled { volume: less(device, original, &plane)?, rise })
        };
        plane.map(levelled).transpose()
    }

    /// For the user.
    pub fn note(&self) -> String {
        format!(
            "the ground slopes evenly, by {:.4} across the image: it is levelled in the search for objects; measured values are unchanged",
            self.rise
        )
    }
}
