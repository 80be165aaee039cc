//! Lengths of a recipe in voxels of an image.

use crate::Result;
use crate::ops::distance::weights;
use crate::ops::landscape::Sizes;
use crate::recipe::Size;
use crate::units::{Length, Ruler, Shape, Spacing, whole};

/// Sizes of voxels from positions in text, or in 32 bits, are off by up to this share: an object of exactly a size has that size.
const OFF: f64 = 1e-6;

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
    fn count(&self, size: Size) -> Result<f64> {
        size.voxels(&self.ruler(), self.shape.is_flat())
    }

    /// The fewest voxels that are not smaller than an area or a volume.
    pub fn fewest(&self, size: Size) -> Result<u64> {
        // The casts stop at the ends of the type, as they should.
        Ok((self.count(size)? * (1.0 - OFF)).ceil() as u64)
    }

    /// The most voxels that are not larger; nothing where there is no end.
    pub fn most(&self, size: Size) -> Result<Option<u64>> {
        Ok(Some(self.count(size)?).filter(|n| n.is_finite()).map(|n| (n * (1.0 + OFF)).floor() as u64))
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

#[cfg(test)]
mod tests {
    //! Oracle: sizes that are whole numbers of voxels before their sides are rounded.
    use super::*;

    #[test]
    fn an_object_of_exactly_a_size_has_that_size_however_voxels_are_rounded() {
        let sides = [[5.0, 4.0, 5.0], [2.5, 8.0, 5.0], [1.2, 5.0, 5.0], [1.0 / 0.3, 5.0, 6.0], [0.1, 0.2, 5000.0]];
        let rounded: [fn(f64) -> f64; 4] =
            [|v| v, |v| f64::from(v as f32), |v| format!("{v:.8}").parse().unwrap(), |v| v * (1.0 + 3e-8)];
        for (zyx, round) in sides.iter().flat_map(|zyx| rounded.iter().map(move |round| (zyx, round))) {
            let spacing = Spacing::mm(zyx.map(round));
            let geometry = Geometry { shape: Shape::new(9, 9, 9), spacing, radius_px: None };
            let voxel = zyx.iter().product::<f64>();
            for n in [1u32, 7, 30, 99_999] {
                let size = |n: f64| format!("{} mm3", n * voxel).parse::<Size>().unwrap();
                let n = f64::from(n);
                assert_eq!(geometry.fewest(size(n)).unwrap(), n as u64, "{n} of {zyx:?}");
                assert_eq!(geometry.most(size(n)).unwrap(), Some(n as u64), "{n} of {zyx:?}");
                // More than a hundred thousandth apart is another size.
                assert_eq!(geometry.fewest(size(n * (1.0 + 1e-5))).unwrap(), n as u64 + 1, "{n} of {zyx:?}");
                assert_eq!(geometry.most(size(n * (1.0 - 1e-5))).unwrap(), Some(n as u64 - 1), "{n} of {zyx:?}");
            }
        }
    }

    #[test]
    fn a_range_may_have_no_end() {
        let geometry = Geometry { shape: Shape::flat(9, 9), spacing: None, radius_px: None };
        let [twelve, no_end] = ["12 px", "inf px"].map(|s| s.parse::<Size>().unwrap());
        assert_eq!((geometry.fewest(twelve).unwrap(), geometry.most(twelve).unwrap()), (12, Some(12)));
        assert_eq!((geometry.fewest(no_end).unwrap(), geometry.most(no_end).unwrap()), (u64::MAX, None));
    }
}
