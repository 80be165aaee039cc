//! How far to distrust the objects of an image, from what their own search has seen.
//!
//! Two things go wrong where nuclei are hard to tell apart: touching ones are parted where the valley between them is hardly
//! deeper than it must be, or one that is not smooth falls into small pieces; and small pieces are what is left as well where one
//! size does not fit all. With `u` the share of objects that would be gone if every valley had to be three times as deep,
//! and `s` the share that is smaller than 0.3 of the typical object, the doubt is `1 - (1 - u) (1 - s)`: the chance to meet
//! one or the other, if they were independent. Each set of images with a known truth says the same of it: its ranks follow those of
//! 1 - F1 (docs/segmentation.md has the figures).

use crate::Result;
use crate::device::Device;
use crate::image::Labels;
use crate::ops::sizes::sizes;

/// Valleys of objects that are parted firmly are so many times as deep as they must be.
pub(super) const FIRM: f64 = 3.0;
/// Objects below this share of the typical size are small.
const SMALL: f64 = 0.3;

/// The column of the image's row.
pub(super) const DEFINITION: &str = "How far to distrust the objects of this image, 0 to 1: 1 - (1 - u) (1 - s), with u the share \
    of objects that would be gone if the valleys that part touching ones had to be three times as deep, and s the share of \
    objects smaller than 0.3 of the typical one. Of several sets that are split, the greatest. Empty where no set with a \
    scale is split, and where no object was found.";

/// What a split has done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parted {
    /// Objects that it made.
    pub objects: u32,
    /// Those that would be left if valleys had to be [`FIRM`] times as deep.
    pub firm: u32,
}

/// The doubt in these objects, on the host, that a split has parted; none where nothing was found.
///
/// # Errors
/// Labels above their count.
pub(super) fn doubt(parted: Parted, labels: &Labels, typical_size: f64) -> Result<Option<f64>> {
    if parted.objects == 0 || labels.count == 0 {
        return Ok(None);
    }
    let sizes = sizes(&Device::Cpu, labels)?;
    let small = sizes.iter().skip(1).filter(|size| f64::from(**size) < SMALL * typical_size).count();
    let sure = f64::from(parted.firm) / f64::from(parted.objects);
    Ok(Some(1.0 - sure * (1.0 - small as f64 / f64::from(labels.count))))
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn small_objects_and_shallow_valleys_are_doubtful() {
        let of = |objects, firm, voxels: Vec<u32>| {
            let labels = Labels::new(Shape::flat(1, voxels.len()), voxels).unwrap();
            doubt(Parted { objects, firm }, &labels, 10.0).unwrap()
        };
        assert_eq!(of(2, 2, vec![1, 1, 1, 0, 2, 2, 2]), Some(0.0));
        // Two of 3 voxels and two of 1; one of four is gone over deeper valleys.
        assert_eq!(of(4, 3, vec![1, 1, 1, 2, 0, 3, 4, 4, 4]), Some(1.0 - 0.75 * 0.5));
        assert_eq!(of(0, 0, vec![0, 0]), None);
        assert_eq!(of(3, 3, vec![0, 0]), None);
    }
}
