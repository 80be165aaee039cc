//! Radius of the typical object: what is found in the image must fit into it, and labels drawn elsewhere say it themselves.

use super::geometry::Geometry;
use crate::device::Device;
use crate::image::{Labels, Volume};
use crate::ops::scale::scale;
use crate::ops::sizes::sizes;
use crate::profile::stage;
use crate::recipe::ObjectScale;
use crate::units::{Length, Shape, Spacing};
use crate::{Error, Result};

/// As a recipe says it: found in the image that steps work on, given, or none.
///
/// # Errors
/// A physical length without calibration, or one below half a pixel, no objects of a size that can be found, or the device is lost or too small.
pub(super) fn radius(
    wanted: Option<ObjectScale>,
    image: &Volume,
    geometry: &Geometry,
    device: &Device,
) -> Result<Option<f64>> {
    Ok(match wanted {
        Some(ObjectScale::Auto) => {
            let diameter = stage("scale", "", || scale(device, image, geometry.z_step(), geometry.weights()))?;
            Some(radius_found(diameter, geometry.shape)?)
        }
        Some(ObjectScale::Fixed(length)) => Some(given(geometry.px(length)?, length)?),
        None => None,
    })
}

/// A radius in pixels that a recipe gives.
///
/// # Errors
/// It is less than half a pixel: a unit or a calibration is wrong.
fn given(px: f64, length: Length) -> Result<f64> {
    if px >= 0.5 {
        return Ok(px);
    }
    let what = format!("a scale of \"{length}\" is {px} pixels here: no object is as small");
    Err(Error::usage(what)
        .remedy("scale = \"8 px\" in the object set; look at its unit, and at the calibration of the image"))
}

/// Half of a diameter that was found in an image, if an object of that size could lie in it.
///
/// # Errors
/// It is wider than the image.
fn radius_found(diameter: f64, shape: Shape) -> Result<f64> {
    if diameter <= shape.y.max(shape.x) as f64 {
        return Ok(diameter / 2.0);
    }
    let what = format!(
        "no objects of a size that can be found: what is bright in the image is wider than its {} x {} px: the ground is \
         brighter than the objects, or nothing stands out from it",
        shape.y, shape.x
    );
    Err(Error::usage(what)
        .remedy("look at the image; if it is right, give the size: scale = \"8 px\" in the object set"))
}

/// Objects up to so many pixels across are what the search for a size was tuned on.
const TUNED_ON: f64 = 60.0;
/// Beyond those, what is wider than this share of the shorter side may be a haze or a stain rather than objects.
const MUCH_OF_AN_IMAGE: f64 = 0.25;

/// A warning where a radius in pixels that was found in an image is more likely that of something else.
pub(super) fn doubtful(radius: f64, shape: Shape) -> Option<String> {
    let (across, shorter) = (2.0 * radius, shape.y.min(shape.x));
    (across > TUNED_ON && across > MUCH_OF_AN_IMAGE * shorter as f64).then(|| {
        format!(
            "the typical object was found to be {across:.0} px across, in an image of {} x {} px: beyond {TUNED_ON} px that may be \
             light out of focus, or a stain, which hides all others; look at the overlay, or give the size: scale = \"8 px\"",
            shape.y, shape.x
        )
    })
}

/// A warning where objects of a stack were searched with a distance of slices that nothing says.
pub(super) fn slices_by_default(shape: Shape, spacing: Option<Spacing>) -> Option<String> {
    (!shape.is_flat() && spacing.is_none()).then(|| {
        "nothing says how far the slices of this stack are apart: objects were searched as if it were one pixel, which finds other sizes and numbers \
         of objects where it is not; give all three in the recipe: spacing_um = [distance of slices, pixel, pixel]"
            .into()
    })
}

/// Of labels that were drawn elsewhere: the radius of the disk, or ball, of the size of the median object, where objects
/// weigh as much as they are large. 1 px where there are none: nothing depends on it.
///
/// # Errors
/// The device is lost or too small.
pub(super) fn radius_of(labels: &Labels, geometry: &Geometry, device: &Device) -> Result<f64> {
    let mut sizes: Vec<u64> = sizes(device, labels)?.into_iter().skip(1).map(u64::from).collect();
    sizes.sort_unstable();
    let half = sizes.iter().sum::<u64>().div_ceil(2);
    let mut sum = 0;
    let median = sizes.iter().find(|n| {
        sum += **n;
        sum >= half
    });
    let Some(&voxels) = median.filter(|n| **n > 0) else { return Ok(1.0) };
    let pi = std::f64::consts::PI;
    Ok(match geometry.shape.is_flat() {
        true => libm::sqrt(voxels as f64 / pi),
        false => libm::cbrt(voxels as f64 * geometry.z_step() * 3.0 / (4.0 * pi)),
    })
}

#[cfg(test)]
mod tests {
    //! Oracle: disks and a ball of known radius. Mechanics: what is said of stacks.
    use super::*;

    #[test]
    fn stacks_that_do_not_say_how_far_slices_are_apart_are_told() {
        let (slice, stack) = (Shape::flat(9, 9), Shape::new(3, 9, 9));
        let remedy = "spacing_um = [distance of slices, pixel, pixel]";
        assert!(slices_by_default(stack, None).is_some_and(|told| told.contains(remedy)));
        assert_eq!(slices_by_default(stack, Spacing::um([2.0, 0.5, 0.5])), None);
        assert_eq!(slices_by_default(slice, None), None);
    }

    fn drawn(shape: Shape, spacing: Option<Spacing>, balls: &[([f64; 3], f64)]) -> f64 {
        let step = spacing.map_or([1.0; 3], |s| s.zyx);
        let mut voxels = vec![0; shape.len()];
        for (i, voxel) in voxels.iter_mut().enumerate() {
            let at = shape.position(i);
            for (label, (centre, radius)) in balls.iter().enumerate() {
                let far: f64 = (0..3).map(|a| ((at[a] as f64 - centre[a]) * step[a]).powi(2)).sum();
                if far <= (radius * step[2]).powi(2) {
                    *voxel = label as u32 + 1;
                }
            }
        }
        let geometry = Geometry { shape, spacing, radius_px: None };
        radius_of(&Labels::new(shape, voxels).unwrap(), &geometry, &Device::Cpu).unwrap()
    }

    #[test]
    fn labels_have_the_radius_of_their_typical_object() {
        let flat = Shape::flat(60, 120);
        let disks = [([0.0, 20.0, 20.0], 12.0), ([0.0, 20.0, 60.0], 12.0), ([0.0, 50.0, 100.0], 3.0)];
        assert!((drawn(flat, None, &disks) - 12.0).abs() < 0.2);
        assert_eq!(drawn(flat, None, &[]), 1.0);
        // Slices three times as far apart as pixels: the radius is in pixels of the plane.
        let deep = Spacing::um([1.5, 0.5, 0.5]);
        let radius = drawn(Shape::new(11, 33, 33), deep, &[([5.0, 16.0, 16.0], 12.0)]);
        assert!((radius - 12.0).abs() < 0.2, "{radius}");
    }

    #[test]
    fn what_is_wider_than_the_image_is_no_object() {
        assert_eq!(radius_found(90.0, Shape::flat(40, 90)).unwrap(), 45.0);
        assert_eq!([(29.0, 90), (40.0, 400)].map(|(r, side)| doubtful(r, Shape::flat(side, 900))), [None, None]);
        assert!(doubtful(78.0, Shape::flat(500, 500)).unwrap().contains("156 px across, in an image of 500 x 500 px"));
        assert!(radius_found(91.0, Shape::flat(40, 90)).unwrap_err().to_string().contains("brighter than the objects"));
    }
}
