//! A region of interest as the standard sees it: intensities in a box, a morphological mask that gives its shape, and an
//! intensity mask that says which of its voxels are measured.

use crate::image::Scale;
use crate::measure::hull::Span;
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
    /// Voxels that are measured and follow each other in a row: where they lie in the box.
    measured: Vec<Range<u32>>,
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
        if u32::try_from(shape.len()).is_err() {
            return Err(Error::usage(format!("a box of {shape}")).remedy("fewer than 2^32 voxels"));
        }
        if !spacing.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Err(Error::usage(format!("a spacing of {spacing:?}")).remedy("numbers above 0"));
        }
        let masks = match &intensities {
            Intensities::Samples(_, scale) if scale.is_finite() => {
                mask.iter().map(|is_in| u8::from(*is_in) * (SHAPE | MEASURED)).collect()
            }
            _ => {
                let of = |(i, is_in): (usize, &bool)| match is_in {
                    false => 0,
                    true if intensities.at(i).is_finite() => SHAPE | MEASURED,
                    true => SHAPE,
                };
                mask.iter().enumerate().map(of).collect()
            }
        };
        let bounds = bounds(shape, mask);
        let mut region = Region { shape, spacing, intensities, range: None, masks, bounds, measured: vec![] };
        region.find_measured();
        Ok(region)
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
        self.measured.iter().flat_map(|run| run.start as usize..run.end as usize)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.measured.iter().map(|run| run.len()).sum()
    }

    /// Where they lie, those together that follow each other in a row.
    pub(super) fn measured_ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.measured.iter().map(|run| run.start as usize..run.end as usize)
    }

    /// Rows of the box of the shape: z and y, and where their voxels lie.
    fn rows(&self) -> impl Iterator<Item = ([usize; 2], Range<usize>)> + '_ {
        let [zs, ys, xs] = self.bounds().unwrap_or([0..0, 0..0, 0..0]);
        zs.flat_map(move |z| ys.clone().map(move |y| [z, y])).map(move |[z, y]| {
            let start = self.shape.index(z, y, 0);
            ([z, y], start + xs.start..start + xs.end)
        })
    }

    /// By slice of the box of the shape, its rows that are not empty: y, first and last x, counted from its first corner.
    pub(super) fn spans(&self) -> Vec<Vec<Span>> {
        let [zs, ys, _] = self.bounds().unwrap_or([0..0, 0..0, 0..0]);
        let mut slices = vec![Vec::with_capacity(ys.len()); zs.len()];
        for ([z, y], row) in self.rows() {
            let cells = &self.masks[row];
            let Some(first) = cells.iter().position(|m| *m != 0) else { continue };
            let last = cells.iter().rposition(|m| *m != 0).unwrap_or(first);
            slices[z - zs.start].push(((y - ys.start) as i64, first as i64, last as i64));
        }
        slices
    }

    /// The masks of a row of the box of the shape.
    pub(super) fn shape_row(&self, row: Range<usize>) -> impl Iterator<Item = u8> + '_ {
        self.masks[row].iter().map(|m| m & SHAPE)
    }

    /// Voxels of the shape that follow each other in a row: z, y, first x and the x behind the last.
    pub(super) fn shape_runs(&self) -> Vec<[usize; 4]> {
        let mut runs = Vec::new();
        self.each_run(SHAPE, |z, y, run| {
            let x = run.start % self.shape.x;
            runs.push([z, y, x, x + run.len()]);
        });
        runs
    }

    /// The same of the voxels that are measured.
    pub(super) fn measured_runs(&self) -> Vec<[usize; 4]> {
        let place = |run: Range<usize>| {
            let [z, y, x] = self.shape.position(run.start);
            [z, y, x, x + run.len()]
        };
        self.measured_ranges().map(place).collect()
    }

    /// Calls `f(z, y, voxels)` for voxels of a mask that follow each other in a row.
    fn each_run(&self, of: u8, mut f: impl FnMut(usize, usize, Range<usize>)) {
        let is_in = |m: &u8| m & of != 0;
        for ([z, y], row) in self.rows() {
            let cells = &self.masks[row.clone()];
            let mut x = 0;
            while let Some(skipped) = cells[x..].iter().position(is_in) {
                let first = x + skipped;
                x = first + cells[first..].iter().position(|m| !is_in(m)).unwrap_or(cells.len() - first);
                f(z, y, row.start + first..row.start + x);
            }
        }
    }

    fn find_measured(&mut self) {
        let mut measured = std::mem::take(&mut self.measured);
        measured.clear();
        self.each_run(MEASURED, |_, _, run| measured.push(run.start as u32..run.end as u32));
        self.measured = measured;
    }

    /// Intensities of the voxels that are measured.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.measured().map(|i| self.intensities.at(i))
    }

    /// Lowest and highest intensity of the voxels that are measured.
    pub fn extremes(&self) -> Option<[f64; 2]> {
        if let Intensities::Samples(_, scale) = &self.intensities {
            // Values rise with samples.
            return Some(self.samples_span()?.map(|s| scale.value(f64::from(s))));
        }
        self.values().map(|v| [v, v]).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
    }

    /// Lowest and highest of their samples, if intensities are samples.
    pub(super) fn samples_span(&self) -> Option<[i32; 2]> {
        let Intensities::Samples(samples, _) = &self.intensities else { return None };
        let ends = self
            .measured_ranges()
            .map(|run| &samples[run])
            .fold([i32::MAX, i32::MIN], |ends, row| row.iter().fold(ends, |[low, high], &s| [low.min(s), high.max(s)]));
        (!self.measured.is_empty()).then_some(ends)
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
        let n = self.count() as f64;
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
        self.find_measured();
    }

    fn keep(&mut self, low: f64, high: f64) {
        for (i, mask) in self.masks.iter_mut().enumerate() {
            if *mask & MEASURED != 0 && !(low..=high).contains(&self.intensities.at(i)) {
                *mask = SHAPE;
            }
        }
        self.find_measured();
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
