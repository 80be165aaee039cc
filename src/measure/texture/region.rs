//! A region of interest as the standard sees it: intensities in a box, a morphological mask that gives its shape, and an
//! intensity mask that says which of its voxels are measured.

use crate::image::Scale;
use crate::units::Shape;
use crate::{Error, Result};
use std::borrow::Cow;
use std::ops::Range;

/// The intensities of a box of voxels, in raster order.
#[derive(Clone, Debug)]
pub enum Intensities<'a> {
    /// As they are.
    Real(Cow<'a, [f64]>),
    /// Integer samples, and what they stand for.
    Samples(Cow<'a, [i32]>, Scale),
}

impl Intensities<'_> {
    fn len(&self) -> usize {
        match self {
            Intensities::Real(values) => values.len(),
            Intensities::Samples(samples, _) => samples.len(),
        }
    }

    /// Of a voxel, by its linear index.
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Intensities::Real(values) => values[i],
            Intensities::Samples(samples, scale) => scale.value(f64::from(samples[i])),
        }
    }
}

/// In the morphological mask.
const SHAPE: u8 = 1;
/// In the intensity mask.
const MEASURED: u8 = 2;

/// A region of interest in its box. Whatever lies in the box beside the region is looked at by the spheres of local
/// intensity alone.
#[derive(Clone, Debug)]
pub struct Region<'a> {
    /// Size of the box.
    pub shape: Shape,
    /// Distance of voxel centres in z, y, x.
    pub spacing: [f64; 3],
    /// Of all voxels of the box.
    pub intensities: Intensities<'a>,
    /// Lowest and highest intensity that were kept, if a range was given.
    pub range: Option<[f64; 2]>,
    masks: Vec<u8>,
    bounds: Option<[Range<usize>; 3]>,
}

impl<'a> Region<'a> {
    /// A region whose two masks are the same; voxels without a finite intensity belong to its shape only.
    ///
    /// # Errors
    /// The mask or the intensities do not fill the box, or the spacing is not above 0.
    pub fn new(shape: Shape, spacing: [f64; 3], intensities: Intensities<'a>, mask: &[bool]) -> Result<Self> {
        if mask.len() != shape.len() || intensities.len() != shape.len() {
            let (m, n) = (mask.len(), intensities.len());
            return Err(Error::usage(format!("a box of {shape} with {m} voxels of a mask and {n} intensities")));
        }
        if !spacing.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Err(Error::usage(format!("a spacing of {spacing:?}")).remedy("numbers above 0"));
        }
        let of = |(i, is_in): (usize, &bool)| match is_in {
            false => 0,
            true if intensities.at(i).is_finite() => SHAPE | MEASURED,
            true => SHAPE,
        };
        let masks: Vec<u8> = mask.iter().enumerate().map(of).collect();
        let bounds = bounds(shape, mask);
        Ok(Region { shape, spacing, intensities, range: None, masks, bounds })
    }

    /// The voxel belongs to the shape.
    pub fn is_shape(&self, i: usize) -> bool {
        self.masks[i] & SHAPE != 0
    }

    /// The voxel's intensity is measured.
    pub fn is_measured(&self, i: usize) -> bool {
        self.masks[i] & MEASURED != 0
    }

    /// Indices of the voxels that are measured, in raster order.
    pub fn measured(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.masks.len()).filter(|&i| self.is_measured(i))
    }

    /// Voxels of the shape that follow each other in a row: z, y, first x and the x behind the last.
    pub(super) fn shape_runs(&self) -> Vec<[usize; 4]> {
        self.runs(SHAPE)
    }

    /// The same of the voxels that are measured.
    pub(super) fn measured_runs(&self) -> Vec<[usize; 4]> {
        self.runs(MEASURED)
    }

    fn runs(&self, of: u8) -> Vec<[usize; 4]> {
        let mut runs = Vec::new();
        let Some([zs, ys, xs]) = self.bounds() else { return runs };
        for (z, y) in zs.flat_map(|z| ys.clone().map(move |y| (z, y))) {
            let start = self.shape.index(z, y, 0);
            let mut first = None;
            for x in xs.clone() {
                match (self.masks[start + x] & of != 0, first) {
                    (true, None) => first = Some(x),
                    (false, Some(x0)) => {
                        runs.push([z, y, x0, x]);
                        first = None;
                    }
                    _ => {}
                }
            }
            runs.extend(first.map(|x0| [z, y, x0, xs.end]));
        }
        runs
    }

    /// Intensities of the voxels that are measured.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.measured().map(|i| self.intensities.at(i))
    }

    /// Lowest and highest intensity of the voxels that are measured.
    pub fn extremes(&self) -> Option<[f64; 2]> {
        self.values().map(|v| [v, v]).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
    }

    /// Measures only voxels from one intensity to another, both included: resegmentation by range.
    pub fn keep_range(&mut self, low: f64, high: f64) {
        self.range = Some([low, high]);
        self.keep(low, high);
    }

    /// Measures only voxels within so many standard deviations of the mean: resegmentation by outliers.
    pub fn keep_within(&mut self, deviations: f64) {
        // Rounding of the mean must not make outliers of intensities that are all the same.
        if self.extremes().is_none_or(|[low, high]| low == high) {
            return;
        }
        let n = self.measured().count() as f64;
        let mean = self.values().sum::<f64>() / n;
        let spread = (self.values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
        self.keep(mean - deviations * spread, mean + deviations * spread);
    }

    /// Measures only voxels that another region in the same box measures.
    pub fn keep_measured_in(&mut self, other: &Region) {
        for (mask, other) in self.masks.iter_mut().zip(&other.masks) {
            if *mask & other & MEASURED == 0 {
                *mask &= SHAPE;
            }
        }
    }

    fn keep(&mut self, low: f64, high: f64) {
        for (i, mask) in self.masks.iter_mut().enumerate() {
            if *mask & MEASURED != 0 && !(low..=high).contains(&self.intensities.at(i)) {
                *mask = SHAPE;
            }
        }
    }

    /// The box of the shape within that of the region; nothing without voxels.
    pub fn bounds(&self) -> Option<[Range<usize>; 3]> {
        self.bounds.clone()
    }
}

/// The box of a mask; nothing if it is empty.
pub(super) fn bounds(shape: Shape, mask: &[bool]) -> Option<[Range<usize>; 3]> {
    let mut bounds: Option<[Range<usize>; 3]> = None;
    for (row, cells) in mask.chunks(shape.x.max(1)).enumerate() {
        let Some(first) = cells.iter().position(|m| *m) else { continue };
        let last = cells.iter().rposition(|m| *m).unwrap_or(first);
        let (z, y) = (row / shape.y, row % shape.y);
        let here = [z..z + 1, y..y + 1, first..last + 1];
        bounds = Some(match bounds {
            None => here,
            Some(b) => std::array::from_fn(|a| b[a].start.min(here[a].start)..b[a].end.max(here[a].end)),
        });
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_follow_the_intensities() {
        let values = vec![0.0, 1.0, 2.0, 3.0, f64::NAN, 9.0];
        let mask = [false, true, true, true, true, true];
        let intensities = Intensities::Real(values.into());
        let mut region = Region::new(Shape::flat(2, 3), [1.0; 3], intensities, &mask).unwrap();
        assert_eq!(region.measured().collect::<Vec<_>>(), [1, 2, 3, 5]);
        assert_eq!(region.bounds(), Some([0..1, 0..2, 0..3]));
        region.keep_range(1.0, 3.0);
        assert_eq!(region.values().collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        region.keep_within(1.0);
        assert_eq!(region.extremes(), Some([2.0, 2.0]));
        assert!(region.is_shape(4) && region.is_shape(5) && !region.is_shape(0));
    }

    #[test]
    fn wrong_boxes_are_refused() {
        let real = |n: usize| Intensities::Real(vec![0.0; n].into());
        assert!(Region::new(Shape::flat(2, 2), [1.0; 3], real(3), &[true; 4]).is_err());
        assert!(Region::new(Shape::flat(2, 2), [1.0, 0.0, 1.0], real(4), &[true; 4]).is_err());
    }
}
