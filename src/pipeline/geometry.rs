//! Lengths of a recipe in voxels of an image.

use crate::Result;
use crate::ops::distance::weights;
use crate::ops::landscape::Sizes;
use crate::recipe::Size;
use crate::units::{Length, Ruler, Shape, Spacing, whole};

/// What lengths are measured against in one object set of one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub shape: Shape,
    pub spacing: Option<Spacing>,
    /// Radius of the typical object in pixels of the plane.
    pub radius_px: Option<f64>,
}

impl Geometry {
    fn ruler(&self) -> Ruler {
        Ruler { spacing: self.spacing, radius_px: self.radius_px }
    }

    /// In pixels of the plane.
    pub fn px(&self, length: Length) -> Result<f64> {
        length.px(&self.ruler())
    }

    /// Pixels of the plane as voxels along z, y, x; nothing along z in a single slice.
    pub fn along(&self, px: f64) -> [f64; 3] {
        let Some(s) = self.spacing else {
            return [if self.shape.is_flat() { 0.0 } else { px }, px, px];
        };
        let plane = (s.zyx[1] * s.zyx[2]).sqrt();
        let mut voxels = s.zyx.map(|step| whole(px * plane / step));
        if self.shape.is_flat() {
            voxels[0] = 0.0;
        }
        voxels
    }

    /// A length in voxels along z, y, x.
    pub fn voxels(&self, length: Length) -> Result<[f64; 3]> {
        Ok(self.along(self.px(length)?))
    }

    /// A length in whole voxels along z, y, x, rounded.
    pub fn steps(&self, length: Length) -> Result<[usize; 3]> {
        // The cast stops at the ends of usize; operations refuse what is too large.
        Ok(self.voxels(length)?.map(|v| v.round() as usize))
    }

    /// An area or a volume in voxels.
    pub fn count(&self, size: Size) -> Result<f64> {
        size.voxels(&self.ruler(), self.shape.is_flat())
    }

    /// Weights of squared steps along z, y, x, for distances.
    pub fn weights(&self) -> [u32; 3] {
        weights(self.spacing, self.shape.is_flat())
    }

    /// Distance of two slices in pixels of the plane. A single slice has none: what it says along z plays no part.
    pub fn z_step(&self) -> f64 {
        let spacing = self.spacing.filter(|_| !self.shape.is_flat());
        spacing.map_or(1.0, |s| s.zyx[0] / (s.zyx[1] * s.zyx[2]).sqrt())
    }

    /// For the operations that know the size of the typical object.
    ///
    /// # Errors
    /// The object set has no scale.
    pub fn sizes(&self) -> Result<Sizes> {
        let diameter = self.px(Length::R(2.0))?;
        Ok(Sizes { diameter, z_step: self.z_step(), weights: self.weights() })
    }

    /// Voxels of the typical object: a disk, or a ball in depth.
    pub fn typical_size(&self) -> Option<f64> {
        let r = self.radius_px?;
        let disk = std::f64::consts::PI * r * r;
        Some(if self.shape.is_flat() { disk } else { disk * r * 4.0 / 3.0 / self.z_step() })
    }
}
