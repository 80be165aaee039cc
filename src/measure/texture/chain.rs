//! From an image and a mask to a region, in the order of the standard: another grid, whole intensities, the range that is
//! kept, outliers.

use super::interpolate::{Axis, Interpolation, Part, interpolate};
use super::region::{Intensities, Region, bounds};
use crate::units::Shape;
use crate::{Error, Result};
use std::ops::Range;

/// An image with a mask.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Voxels.
    pub shape: Shape,
    /// Distance of voxel centres in z, y, x.
    pub spacing: [f64; 3],
    /// Of all voxels, in raster order.
    pub intensities: &'a Intensities<'a>,
    /// The same for the region.
    pub mask: &'a [bool],
}

/// Where a region lies in an image.
pub(super) struct Place {
    /// Voxels of the image.
    pub shape: Shape,
    /// Distance of voxel centres in z, y, x.
    pub spacing: [f64; 3],
    /// The box of the region in z, y, x.
    pub inside: [Range<usize>; 3],
}

/// Another grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regrid {
    /// Distance of voxel centres in z, y, x; an axis without one keeps its own, as slices do in 2-D.
    pub spacing: [Option<f64>; 3],
    /// For intensities.
    pub image: Interpolation,
    /// For the mask, whose voxels are those of one half and more.
    pub mask: Interpolation,
    /// Intensities are whole numbers, as those of CT are, and become so again.
    pub whole: bool,
}

/// What is done to an image before anything is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chain {
    /// Another grid; that of the image if there is none.
    pub regrid: Option<Regrid>,
    /// Lowest and highest intensity that is measured; an end may be infinite.
    pub range: Option<[f64; 2]>,
    /// Standard deviations from the mean from which on an intensity is an outlier, after the range.
    pub outliers: Option<f64>,
    /// Length around the region that spheres may reach into.
    pub margin: f64,
}

/// A voxel belongs to a mask from here on: one half, but rounding does not decide.
const HALF: f64 = 0.5 - 1e-9;

impl Chain {
    /// The region that is measured, in a box with the margin.
    ///
    /// # Errors
    /// The mask is not of the image's size, or the grid cannot be.
    pub fn region(&self, image: &Image) -> Result<Region<'static>> {
        if image.mask.len() != image.shape.len() {
            let (n, shape) = (image.mask.len(), image.shape);
            return Err(Error::usage(format!("a mask of {n} voxels for an image of {shape}")));
        }
        let inside = bounds(image.shape, image.mask).unwrap_or([0..1, 0..1, 0..1]);
        let place = Place { shape: image.shape, spacing: image.spacing, inside };
        self.region_at(&place, &|i| image.intensities.at(i), &|i| image.mask[i])
    }

    /// The same of a region whose place is known, so that nobody goes over the whole image: intensity and mask by the linear
    /// index of a voxel of the image.
    ///
    /// # Errors
    /// The grid cannot be.
    pub(super) fn region_at(
        &self,
        place: &Place,
        intensity: &dyn Fn(usize) -> f64,
        mask: &dyn Fn(usize) -> bool,
    ) -> Result<Region<'static>> {
        let Place { shape: old, spacing: from, inside } = place;
        let regrid = self.regrid.unwrap_or(KEEP);
        let sizes = old.zyx();
        let spacing: [f64; 3] = std::array::from_fn(|a| regrid.spacing[a].unwrap_or(from[a]));
        let axis = |a: usize| Axis::new(sizes[a], from[a], spacing[a]);
        let axes = [axis(0)?, axis(1)?, axis(2)?];
        let around = |a: usize| {
            let reached = axes[a].reached(&inside[a]);
            let margin = (self.margin / spacing[a]).ceil().clamp(0.0, 1e6) as usize;
            reached.start.saturating_sub(margin)..(reached.end + margin).min(axes[a].new)
        };
        let new = [around(0), around(1), around(2)];
        let shape = Shape::new(new[0].len(), new[1].len(), new[2].len());
        let part = |method, value: &dyn Fn(usize) -> f64| {
            let place = [0, 1, 2].map(|a| axes[a].needed(&new[a], method));
            interpolate(Part::cut(*old, place, value), axes, new.clone(), method)
        };
        let mask = part(regrid.mask, &|i| f64::from(u8::from(mask(i))));
        let mask: Vec<bool> = mask.iter().map(|m| *m >= HALF).collect();
        let mut values = part(regrid.image, intensity);
        if regrid.whole {
            values.iter_mut().for_each(|v| *v = v.round_ties_even());
        }
        let mut region = Region::new(shape, spacing, Intensities::Real(values.into()), &mask)?;
        self.resegment(&mut region);
        Ok(region)
    }

    /// Measures only what the range and the outliers leave.
    pub(super) fn resegment(&self, region: &mut Region) {
        if let Some([low, high]) = self.range {
            region.keep_range(low, high);
        }
        if let Some(deviations) = self.outliers {
            region.keep_within(deviations);
        }
    }
}

/// The grid of the image.
const KEEP: Regrid =
    Regrid { spacing: [None; 3], image: Interpolation::Nearest, mask: Interpolation::Nearest, whole: false };
