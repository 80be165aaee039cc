//! Objects without edges: clouds of haze, of medium or of light out of focus, around which thresholds draw outlines as around nuclei.
//!
//! What ends in an edge loses most of its contrast across its outline; a cloud fades all the way from its middle to the ground. In the slice in which an object
//! has the most pixels, with `r` the radius of a disc as large: the mean at a depth of `d = max(2 px, r / 5)` within the outline less the mean as far
//! outside of it (rings of a pixel), over the median of what lies deeper than `0.6 r` less the mean of the ground `0.8 r` to `1.3 r` outside. Outside is what
//! is no object, and nearer to this one than to any other. The ratio has no unit: a gain, an offset or a turn of the image changes nothing.
//!
//! On the host, from sums of integers: the same on every device. Reference: this project (docs/segmentation.md has the figures).

use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Mask, ObjectRun, Volume};
use crate::in_order::in_order;
use crate::ops::distance::distance;
use crate::recipe::{Combine, Step};
use crate::units::Shape;
use rayon::prelude::*;

/// Images are looked at from this doubt on: clouds have more than it, most images of nuclei less.
const DOUBTED: f64 = 0.1;
/// An object that loses less of its contrast across its outline fades.
const EDGE: f64 = 0.5;
/// So many objects are looked at, spread over the image,
const SOME: usize = 64;
/// and fewer say nothing.
const FEW: usize = 5;
/// Of objects with a larger radius only every second, third, ... pixel along each axis is looked at.
const FINE: f64 = 12.0;
/// The same of long and thin ones: no window is wider than this.
const LONGEST: usize = 256;
/// Fewer pixels have no mean.
const LEAST: usize = 6;

/// A warning where most objects, on the host, of a set with this doubt fade into the ground of the image that they were found in.
///
/// # Errors
/// Labels above their count; an image on a device.
pub(super) fn fading(file: &Volume, labels: &Labels, doubt: Option<f64>, remedy: &str) -> Result<Option<String>> {
    if doubt.is_none_or(|doubt| doubt < DOUBTED) {
        return Ok(None);
    }
    let chosen = chosen(labels);
    let mut steps = steps(file, labels, &chosen)?;
    let fade = steps.iter().filter(|step| **step < EDGE).count();
    // In a crowd few have a ground around them: these speak for no others.
    if steps.len() < FEW || 2 * steps.len() <= chosen.len() || 2 * fade <= steps.len() {
        return Ok(None);
    }
    let middle = steps.len() / 2;
    let median = *steps.select_nth_unstable_by(middle, f64::total_cmp).1;
    let looked = match labels.count as usize > SOME {
        true => format!("{} that were looked at", steps.len()),
        false => format!("{} objects", steps.len()),
    };
    Ok(Some(format!(
        "most objects have no edges: {fade} of {looked} lose less than {:.0} % of their contrast across their outlines ({:.0} % in the median): haze, medium or light out of focus \
         looks like this, and a field without a single object may have many of them; look at the overlay{remedy}",
        100.0 * EDGE,
        100.0 * median
    )))
}

/// How haze is kept out of all images, if a set has one threshold for all of an image and that may have a bound; `thresholds` are those of this image.
pub(super) fn kept_out(set: &str, steps: &[Step], thresholds: &[f64]) -> String {
    let all = || {
        steps.iter().enumerate().filter_map(|(at, step)| match step {
            Step::Threshold(p) => Some((at, p)),
            _ => None,
        })
    };
    // What lies above either of two thresholds does not follow from one of them.
    if all().any(|(_, p)| p.combine == Combine::Or) {
        return String::new();
    }
    let mut global = all().filter(|(_, p)| !p.method.is_local());
    match (global.next(), global.next(), thresholds) {
        (Some((at, p)), None, [t]) if p.method.keys().contains(&"bounds") => {
            let most = p.bounds.map_or(f64::INFINITY, |[_, most]| most);
            format!(
                "; where threshold_{set} of fields with objects is higher than the {t:.4} of this one, a number X between them keeps haze out of all: \
                 --set 'objects.{set}.steps.{at}.bounds=[X, {most}]'"
            )
        }
        _ => String::new(),
    }
}

/// Some objects, spread over the image.
fn chosen(labels: &Labels) -> Vec<u32> {
    (1..=labels.count).step_by((labels.count as usize).div_ceil(SOME).max(1)).collect()
}

/// Which share of its contrast each of some objects loses across its outline, of those that have enough pixels and are brighter than their ground.
fn steps(file: &Volume, labels: &Labels, chosen: &[u32]) -> Result<Vec<f64>> {
    // Made before threads ask for them.
    let (runs, voxels, samples) = (labels.runs()?, labels.voxels().host()?, file.samples.host()?);
    let step = |label: u32| {
        let Some(section) = Section::widest(runs.of(label), labels.shape) else { return Ok(None) };
        Ok(section.around(label, voxels, samples, labels.shape)?.step())
    };
    Ok(in_order(chosen.par_iter().map(|label| step(*label)))?.into_iter().flatten().collect())
}

/// An object in one slice: how many pixels it has there, and its box.
#[derive(Clone, Copy)]
struct Section {
    z: usize,
    pixels: usize,
    /// First y and x, and those behind the last.
    lo: [usize; 2],
    hi: [usize; 2],
}

impl Section {
    /// In the first of the slices in which it has the most.
    fn widest(runs: &[ObjectRun], shape: Shape) -> Option<Self> {
        let mut widest: Option<Section> = None;
        let slices = runs.chunk_by(|a, b| a.zy(shape)[0] == b.zy(shape)[0]);
        for slice in slices {
            let mut section = Section { z: 0, pixels: 0, lo: [usize::MAX; 2], hi: [0; 2] };
            for run in slice {
                let ([z, y], [start, end]) = (run.zy(shape), [run.start, run.end].map(|x| x as usize));
                section.z = z;
                section.pixels += end - start;
                section.lo = [section.lo[0].min(y), section.lo[1].min(start)];
                section.hi = [section.hi[0].max(y + 1), section.hi[1].max(end)];
            }
            if widest.is_none_or(|widest| section.pixels > widest.pixels) {
                widest = Some(section);
            }
        }
        widest
    }

    /// What there is as far as its ground reaches.
    fn around(&self, label: u32, voxels: &[u32], samples: &[i32], shape: Shape) -> Result<Window> {
        let radius = (self.pixels as f64 / std::f64::consts::PI).sqrt();
        let margin = (1.3 * radius) as usize + 2;
        let side = (self.hi[0] - self.lo[0]).max(self.hi[1] - self.lo[1]) + 2 * margin;
        let grain = ((radius / FINE) as usize).max(side.div_ceil(LONGEST)).max(1);
        let axis = |a: usize, length: usize| -> Vec<usize> {
            (self.lo[a].saturating_sub(margin)..(self.hi[a] + margin).min(length)).step_by(grain).collect()
        };
        let (rows, columns) = (axis(0, shape.y), axis(1, shape.x));
        let places = || rows.iter().flat_map(|y| columns.iter().map(|x| shape.index(self.z, *y, *x)));
        let flat = Shape::flat(rows.len(), columns.len());
        let far_from = |is: &dyn Fn(u32) -> bool| -> Result<Vec<i32>> {
            let others = Mask::new(flat, places().map(|i| u8::from(!is(voxels[i]))).collect())?;
            Ok(distance(&Device::Cpu, &others, [1; 3])?.samples.host()?.to_vec())
        };
        Ok(Window {
            radius: radius / grain as f64,
            light: places().map(|i| samples[i]).collect(),
            deep: far_from(&|voxel| voxel != label)?,
            outside: far_from(&|voxel| voxel == label)?,
            from_others: far_from(&|voxel| voxel != label && voxel != 0)?,
        })
    }
}

/// An object and its surroundings, pixel by pixel.
struct Window {
    /// In its pixels.
    radius: f64,
    light: Vec<i32>,
    /// Squared distance to what is not the object; 0 outside of it.
    deep: Vec<i32>,
    /// Squared distance to the object; 0 in it.
    outside: Vec<i32>,
    /// Squared distance to the nearest other object; 0 in one.
    from_others: Vec<i32>,
}

impl Window {
    /// Nothing where a part has too few pixels, or the object is no brighter than its ground.
    fn step(&self) -> Option<f64> {
        let (r, d) = (self.radius, (self.radius / 5.0).max(2.0));
        let is_between = |squared: i32, from: f64, to: f64| {
            let squared = f64::from(squared);
            squared >= from * from && squared < to * to
        };
        let is_within = |i: usize, from: f64, to: f64| is_between(self.deep[i], from, to);
        let is_ground = |i: usize, from: f64, to: f64| {
            is_between(self.outside[i], from, to) && self.outside[i] < self.from_others[i]
        };
        let within = self.mean(|i| is_within(i, d, d + 1.0))?;
        let beside = self.mean(|i| is_ground(i, d, d + 1.0))?;
        let ground = self.mean(|i| is_ground(i, 0.8 * r, 1.3 * r))?;
        // A long object has no such middle. The median: spots in a nucleus are no contrast of its outline.
        let middle = self.median(|i| is_within(i, 0.6 * r, f64::INFINITY)).unwrap_or(within);
        (middle > ground).then(|| (within - beside) / (middle - ground))
    }

    fn mean(&self, is: impl Fn(usize) -> bool) -> Option<f64> {
        let chosen = self.chosen(is);
        let sum: i64 = chosen.iter().map(|sample| i64::from(*sample)).sum();
        (chosen.len() >= LEAST).then(|| sum as f64 / chosen.len() as f64)
    }

    fn median(&self, is: impl Fn(usize) -> bool) -> Option<f64> {
        let mut chosen = self.chosen(is);
        let middle = chosen.len() / 2;
        (chosen.len() >= LEAST).then(|| f64::from(*chosen.select_nth_unstable(middle).1))
    }

    fn chosen(&self, is: impl Fn(usize) -> bool) -> Vec<i32> {
        (0..self.light.len()).filter(|i| is(*i)).map(|i| self.light[i]).collect()
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics: shares worked out by hand.
    use super::*;

    /// A disc of this radius in the middle of 80 x 80 pixels, under a light that follows from the distance to its middle.
    fn share(radius: f64, light: impl Fn(f64) -> f64) -> f64 {
        let shape = Shape::flat(80, 80);
        let far = |i: usize| (i as f64 / 80.0 - 40.0).floor().hypot((i % 80) as f64 - 40.0);
        let samples = (0..shape.len()).map(|i| light(far(i)).round() as i32).collect();
        let voxels = (0..shape.len()).map(|i| u32::from(far(i) < radius)).collect();
        let labels = Labels::new(shape, voxels).unwrap();
        let found = steps(&Volume::new(shape, samples).unwrap(), &labels, &chosen(&labels)).unwrap();
        assert_eq!(found.len(), 1);
        found[0]
    }

    #[test]
    fn edges_lose_all_and_cones_what_lies_between_the_rings() {
        assert_eq!(share(15.0, |far| if far < 15.0 { 900.0 } else { 100.0 }), 1.0);
        // Rings 3.5 px to either side of the outline; the middle's median lies at 6 / sqrt(2) px, and there is no light from 20 px on.
        let cone = share(15.0, |far| 40.0 * (20.0 - far).max(0.0));
        assert!((0.35..0.5).contains(&cone), "{cone}");
    }

    #[test]
    fn a_long_thin_object_has_a_small_window() {
        let shape = Shape::flat(1, 5000);
        let labels = Labels::new(shape, vec![1; 5000]).unwrap();
        let section = Section::widest(labels.runs().unwrap().of(1), shape).unwrap();
        let window = section.around(1, labels.voxels().host().unwrap(), &vec![5; 5000], shape).unwrap();
        assert!(window.light.len() <= LONGEST, "{}", window.light.len());
    }
}
