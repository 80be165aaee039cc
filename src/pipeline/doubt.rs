//! How far to distrust the objects of an image, from what their own search has seen.
//!
//! Two things go wrong where nuclei are hard to tell apart: touching ones are parted where the valley between them is hardly
//! deeper than it must be, or one that is not smooth falls into small pieces; and small pieces are what is left as well where one
//! size does not fit all. With `u` the share of objects that would be gone if every valley had to be three times as deep,
//! and `s` the share that is smaller than a third of the typical object, the doubt is `1 - (1 - u) (1 - s)`: the chance to meet
//! one or the other, if they were independent. Each set of images with a known truth says the same of it: its ranks follow those of
//! 1 - F1 (docs/segmentation.md has the figures).

use crate::Result;
use crate::device::Device;
use crate::image::Labels;
use crate::ops::extent::{Extent, extents};
use crate::ops::sizes::sizes;

/// Valleys of objects that are parted firmly are so many times as deep as they must be.
pub(super) const FIRM: f64 = 3.0;
/// Objects below this share of the typical size are small.
const SMALL: f64 = 1.0 / 3.0;

/// The column of the image's row.
pub(super) const DEFINITION: &str = "How far to distrust the objects of this image, 0 to 1: 1 - (1 - u) (1 - s), with u the share \
    of objects that would be gone if the valleys that part touching ones had to be three times as deep, and s the share of \
    objects smaller than a third of the typical one. Of several sets that are split, the greatest. Empty where no set with a \
    scale is split, and where no object was found.";

/// Objects of more than so many times the size of the typical one, and of the median one, are large beside the others.
const LARGE: f64 = 4.0;
/// Large ones hold this part of the area of all where one size does not fit: 0.21 at most in images of nuclei that were found right.
const MUCH: f64 = 0.4;
/// In a plane the median object has this share of the typical size at least: 0.85 and more in such images.
const HALF: f64 = 0.6;

/// Round ones are no larger than so many typical ones, and fill this share of their box at least: a disk 0.785.
const HUGE: f64 = 6.0;
const FILLED: f64 = 0.65;

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

/// The sizes of fewer objects say nothing.
const FEW: usize = 10;

/// A warning where sizes of objects, on the host, are so far apart that one size does not fit them: the ground, or clumps, may be among them.
///
/// # Errors
/// Labels above their count.
pub(super) fn unlike(set: &str, labels: &Labels, typical_size: f64) -> Result<Option<String>> {
    if let Some(told) = too_large(set, labels, typical_size)? {
        return Ok(Some(told));
    }
    let mut sizes: Vec<f64> = sizes(&Device::Cpu, labels)?.into_iter().skip(1).map(f64::from).collect();
    if sizes.len() < FEW {
        return Ok(None);
    }
    sizes.sort_unstable_by(f64::total_cmp);
    let Some(&median) = sizes.get(sizes.len() / 2) else { return Ok(None) };
    let large = |size: &&f64| **size > LARGE * typical_size.max(median);
    let share = sizes.iter().filter(large).sum::<f64>() / sizes.iter().sum::<f64>();
    let what = if share > MUCH {
        format!("objects of more than {LARGE} times the typical size hold {:.0} % of the area of all", 100.0 * share)
    } else if labels.shape.is_flat() && median < HALF * typical_size {
        format!("half of the objects have less than {HALF} of the typical size, {typical_size:.0} px")
    } else {
        return Ok(None);
    };
    Ok(Some(format!(
        "{what}: the ground may be among them (waves, light out of focus), or clumps, or small ones stand beside large ones; \
         look at the overlay; --set objects.{set}.scale=\"8 px\" gives the radius that is meant"
    )))
}

/// A warning where half of the objects of a plane are round and far larger than the typical one. A long nucleus is many times the disk that fits into it as well.
fn too_large(set: &str, labels: &Labels, typical_size: f64) -> Result<Option<String>> {
    if !labels.shape.is_flat() {
        return Ok(None);
    }
    let found: Vec<Extent> = extents(labels)?.into_iter().filter(|object| object.n > 0).collect();
    let is_too_large = |object: &&Extent| {
        let [height, width] = [1, 2].map(|a| (object.hi[a] - object.lo[a]) as f64);
        let n = object.n as f64;
        n > HUGE * typical_size && n >= FILLED * height * width && height <= 2.0 * width && width <= 2.0 * height
    };
    let count = found.iter().filter(is_too_large).count();
    Ok((2 * count > found.len()).then(|| {
        format!(
            "{count} of {} objects are round and have more than {HUGE} times the size that was found for one, {typical_size:.0} px: each may be a closed ring of several, \
             which ellipses = false in the step split parts, or the size is that of a part: --set objects.{set}.scale=\"8 px\" gives the radius that is \
             meant; look at the overlay",
            found.len()
        )
    }))
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
            doubt(Parted { objects, firm }, &labels, 8.0).unwrap()
        };
        assert_eq!(of(2, 2, vec![1, 1, 1, 0, 2, 2, 2]), Some(0.0));
        // Two of 3 voxels and two of 1; one of four is gone over deeper valleys.
        assert_eq!(of(4, 3, vec![1, 1, 1, 2, 0, 3, 4, 4, 4]), Some(1.0 - 0.75 * 0.5));
        assert_eq!(of(0, 0, vec![0, 0]), None);
        assert_eq!(of(3, 3, vec![0, 0]), None);
    }

    #[test]
    fn round_objects_that_are_too_large_are_told_however_few_they_are() {
        let of = |inside: &dyn Fn(f64, f64) -> bool, typical| {
            let voxels = (0..1600u32).map(|i| u32::from(inside(f64::from(i / 40) - 20.0, f64::from(i % 40) - 20.0)));
            let labels = Labels::new(Shape::flat(40, 40), voxels.collect()).unwrap();
            unlike("nuclei", &labels, typical).unwrap()
        };
        let disk = |y: f64, x: f64| libm::hypot(y, x) <= 12.0;
        assert!(of(&disk, 70.0).is_some_and(|told| told.starts_with("1 of 1 objects are round")));
        assert_eq!(of(&disk, 80.0), None);
        // Long ones, along a row and across.
        assert_eq!(of(&|y, x| y.abs() <= 4.0 && x.abs() <= 16.0, 30.0), None);
        assert_eq!(of(&|y, x| (y - x).abs() <= 5.0 && (y + x).abs() <= 36.0, 30.0), None);
    }

    #[test]
    fn sizes_that_are_far_apart_are_told() {
        let of = |all: &[usize], typical| {
            // Four times over: few say nothing.
            let all = [all; 4].concat();
            let voxels: Vec<u32> = all.iter().zip(1..).flat_map(|(n, label)| vec![label; *n]).collect();
            unlike("nuclei", &Labels::new(Shape::flat(1, voxels.len()), voxels).unwrap(), typical).unwrap()
        };
        assert_eq!(of(&[10, 10, 9, 40], 10.0), None);
        assert!(of(&[10, 10, 9, 41], 10.0).unwrap().contains("hold 59 % of the area"));
        // All are as large.
        assert_eq!(of(&[40, 42, 41, 44], 10.0), None);
        // Few large ones.
        assert_eq!(of(&[[10; 19].as_slice(), &[100]].concat(), 10.0), None);
        assert_eq!(of(&[6, 6, 20], 10.0), None);
        assert!(of(&[5, 5, 20], 10.0).unwrap().contains("less than 0.6 of the typical size"));
        assert_eq!(of(&[5, 20], 10.0), None, "eight");
    }
}
