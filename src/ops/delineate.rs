//! Lesions drawn around seeds by a rule: an isocontour whose limit comes from the lesion itself.
//!
//! Each object starts at the greatest voxel of its seed and keeps what is connected to it, reaches the limit, and lies in
//! its allowed region (`contour`). Limits, in the values of the image, with `max` the greatest value of the region so far:
//!
//! - [`Rule::Share`]: `bg + share (max - bg)`, with `bg` the median of the object's shell (`shell`), or 0 without one;
//! - [`Rule::AtLeast`], [`Rule::Above`]: one value for all;
//! - [`Rule::Deviations`]: `mean - k SD` of the region so far, which at first is the seed.
//!
//! If the region holds a hotter voxel than the one it started from, or other samples than those its limit came from, it
//! is drawn anew from there: 32 times at most. With a share this ends by itself: the region holds its own start, so
//! the maximum only ever rises, and an allowed region has finitely many samples. Regions by deviations may swing; the last counts.
//!
//! Bit budget: exact maxima, medians and sums on the device; limits in f64 on the host, turned into the least sample whose
//! value reaches them. Reference: Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328 (A50, 41 %); ITK
//! ConfidenceConnectedImageFilter.

use super::by_runs::ByRuns;
use super::contour::contour;
use super::maximum_position::{self, MaximumPositions, NOWHERE};
use super::object_runs::bring_few;
use super::renumber::renumber;
use super::shell::{Backgrounds, backgrounds};
use super::sums::{self, Sums};
use super::{Case, Op};
use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Scale, Volume};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "delineate",
    summary: "Lesions around seeds: share of the maximum, against the background, or by mean and deviation",
    reference: "Boellaard et al. 2015; ITK ConfidenceConnectedImageFilter",
    kernels: &[],
    uses: &[
        &super::contour::OP,
        &super::grow::OP,
        &super::maximum_position::OP,
        &super::object_runs::OP,
        &super::renumber::OP,
        &super::shell::OP,
        &super::sums::OP,
    ],
    cases: &[
        Case { name: "41 % of the maximum", run: |d, i| case(d, i, &Rule::Share { share: 0.41, around: None }) },
        Case {
            name: "half way from the background",
            run: |d, i| {
                let around = backgrounds(d, &i.volume(d)?, &i.labels(d)?, [1.0, 3.0], [1; 3], &[])?;
                case(d, i, &Rule::Share { share: 0.5, around: Some(around) })
            },
        },
        Case { name: "at least a value", run: |d, i| case(d, i, &Rule::AtLeast(9000.0)) },
        Case { name: "two deviations below the mean", run: |d, i| case(d, i, &Rule::Deviations(2.0)) },
    ],
};

fn case(device: &Device, input: &super::Input, rule: &Rule) -> Result<Vec<u32>> {
    let (v, seeds) = (input.volume(device)?, input.labels(device)?);
    let allowed = super::grow::grow(device, &seeds, 3.0, [1; 3])?;
    let found = delineate(device, &v, &seeds, &allowed, rule)?;
    let mut words = super::op::label_words(device, &found.labels)?;
    words.push(found.lost);
    Ok(words)
}

/// Where an object ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Rule {
    /// At this share of its own maximum, counted from the background if there is one.
    Share {
        /// 0 to 1.
        share: f64,
        /// What lies around each object, under its number.
        around: Option<Backgrounds>,
    },
    /// At this value, which belongs to it.
    AtLeast(f64),
    /// Above this value.
    Above(f64),
    /// So many standard deviations below its own mean.
    Deviations(f64),
}

/// What was drawn.
#[derive(Clone, Debug)]
pub struct Delineated {
    /// In raster order.
    pub labels: Labels,
    /// Seeds with a voxel that gave no object: their greatest voxel does not reach the limit.
    pub lost: u32,
    /// Seeds whose shell has no voxel: their background counted as 0.
    pub bare: u32,
    /// Those whose shell has a few: less than [`FEW`].
    pub thin: u32,
}

/// The median of fewer voxels than this says little.
pub const FEW: u32 = 20;
/// Regions are drawn anew at most so often.
const ROUNDS: usize = 32;

/// Draws each object by the rule. `allowed` has the numbers of the seeds and says how far each may reach.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn delineate(device: &Device, src: &Volume, seeds: &Labels, allowed: &Labels, rule: &Rule) -> Result<Delineated> {
    regions(device, src, seeds, allowed, rule)?.renumbered(device)
}

/// What was drawn, under the numbers of the seeds: those that are lost have no voxel.
pub(crate) struct Regions {
    pub labels: Labels,
    seeded: u32,
    bare: u32,
    thin: u32,
}

impl Regions {
    pub fn renumbered(&self, device: &Device) -> Result<Delineated> {
        let labels = renumber(device, &self.labels)?;
        Ok(Delineated { lost: self.seeded - labels.count, bare: self.bare, thin: self.thin, labels })
    }
}

/// [`delineate`], with the numbers of the seeds kept.
pub(crate) fn regions(device: &Device, src: &Volume, seeds: &Labels, allowed: &Labels, rule: &Rule) -> Result<Regions> {
    let mut region = seeds.clone();
    let (mut hot, mut of_region) = hottest(device, src, &region, rule)?;
    let seeded = hot.voxels.iter().filter(|&&v| v != NOWHERE).count();
    let around = match rule {
        Rule::Share { around, .. } => around.as_ref(),
        _ => None,
    };
    let (values, [bare, thin]) = around.map_or((vec![0.0; hot.voxels.len()], [0; 2]), |a| values(&src.scale, a, &hot));
    let (mut before, mut few) = (None, ByRuns::has(src));
    for _ in 0..ROUNDS {
        let limits = match rule {
            Rule::Deviations(k) => by_deviations(&of_region, *k),
            _ => hot.samples.iter().zip(&values).map(|(&s, &bg)| limit(&src.scale, rule, s, bg)).collect(),
        };
        let now = Some(start(&hot, &limits));
        if now == before {
            break;
        }
        before = now;
        if let Some((starts, limits)) = &before {
            region = contour(device, src, allowed, starts, limits)?;
        }
        if matches!(rule, Rule::AtLeast(_) | Rule::Above(_)) {
            break;
        }
        // With the runs of the region the host tells the rest by itself.
        if let (Device::Gpu(gpu), true) = (device, few) {
            bring_few(gpu, &region)?;
            few = region.known_runs().is_some();
        }
        (hot, of_region) = hottest(device, src, &region, rule)?;
    }
    Ok(Regions { labels: region, seeded: seeded as u32, bare, thin })
}

/// The greatest voxel of each region, and the sums of those whose limits come from them, in one wait.
fn hottest(device: &Device, src: &Volume, region: &Labels, rule: &Rule) -> Result<(MaximumPositions, Vec<Sums>)> {
    match (device, rule) {
        (Device::Gpu(gpu), Rule::Deviations(_)) if ByRuns::of(src, region).is_none() => {
            let asked = [maximum_position::dispatch(gpu, src, region)?, sums::dispatch(gpu, src, region)?];
            let words = gpu.download_all(&asked)?;
            Ok((maximum_position::read_words(&words[0]), sums::read_words(&words[1])))
        }
        (_, Rule::Deviations(_)) => {
            Ok((maximum_position::maximum_position(device, src, region)?, sums::sums(device, src, region)?))
        }
        _ => Ok((maximum_position::maximum_position(device, src, region)?, vec![])),
    }
}

/// The background of each object as a value, 0 without a voxel of it; and how many objects have none, and how many few.
fn values(scale: &Scale, around: &Backgrounds, hot: &MaximumPositions) -> (Vec<f64>, [u32; 2]) {
    let value = |(&m, &n): (&i32, &u32)| if n > 0 { scale.value(m.into()) } else { 0.0 };
    let values = around.medians.iter().zip(&around.sizes).map(value).collect();
    let sizes = || hot.voxels.iter().zip(&around.sizes).skip(1).filter(|(v, _)| **v != NOWHERE).map(|(_, n)| *n);
    let [bare, thin] = [0..1, 1..FEW].map(|few| sizes().filter(|n| few.contains(n)).count() as u32);
    (values, [bare, thin])
}

/// The least sample that belongs to an object; beyond the range of samples if there is none.
fn limit(scale: &Scale, rule: &Rule, maximum: i32, background: f64) -> i64 {
    match rule {
        Rule::AtLeast(value) => scale.least_reaching(*value),
        Rule::Above(value) => scale.least_above(*value),
        Rule::Share { share, .. } => {
            let max = scale.value(maximum.into());
            // Not more than the maximum by rounding alone.
            let limit = background + share * (max - background);
            scale.least_reaching(if background <= max { limit.min(max) } else { limit })
        }
        Rule::Deviations(_) => i64::MAX,
    }
}

/// In samples: a linear scale changes neither order nor which samples lie within deviations of a mean.
fn by_deviations(regions: &[Sums], k: f64) -> Vec<i64> {
    let limit = |s: &Sums| match (s.mean(), s.deviation()) {
        // A mean is at most the maximum, so its ceiling is as well.
        (Some(mean), Some(deviation)) => (mean - k * deviation).ceil() as i64,
        _ => i64::MAX,
    };
    regions.iter().map(limit).collect()
}

/// Starts and limits in the range of samples: an object whose limit lies above its greatest voxel starts nowhere.
fn start(hot: &MaximumPositions, limits: &[i64]) -> (Vec<u32>, Vec<i32>) {
    let one = |((&sample, &voxel), &limit): ((&i32, &u32), &i64)| match i64::from(sample) >= limit {
        // The cast fits: the limit is not above a sample.
        true => (voxel, limit.max(i32::MIN.into()) as i32),
        false => (NOWHERE, i32::MAX),
    };
    hot.samples.iter().zip(&hot.voxels).zip(limits).map(one).unzip()
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids worked out by hand.
    use super::super::grow::grow;
    use super::*;
    use crate::units::Shape;

    fn row(samples: &[i32], seeds: &[u32], reach: f64, rule: &Rule) -> (Vec<u32>, u32, u32) {
        let shape = Shape::flat(1, samples.len());
        let v = Volume { scale: Scale::new(0.5, 0.0).unwrap(), ..Volume::new(shape, samples.to_vec()).unwrap() };
        let seeds = Labels::new(shape, seeds.to_vec()).unwrap();
        let allowed = grow(&Device::Cpu, &seeds, reach, [1; 3]).unwrap();
        let out = delineate(&Device::Cpu, &v, &seeds, &allowed, rule).unwrap();
        (out.labels.voxels().host().unwrap().to_vec(), out.lost, out.bare)
    }

    #[test]
    fn a_share_of_the_own_maximum() {
        let v = [1, 4, 6, 10, 5, 2, 4, 20, 8, 4];
        let seeds = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0];
        let half = Rule::Share { share: 0.5, around: None };
        // Limits 5 and 10; what is equal belongs to it.
        assert_eq!(row(&v, &seeds, 9.0, &half), (vec![0, 0, 1, 1, 1, 0, 0, 2, 0, 0], 0, 0));
        let fifth = Rule::Share { share: 0.2, around: None };
        assert_eq!(row(&v, &seeds, 9.0, &fifth), (vec![0, 1, 1, 1, 1, 1, 2, 2, 2, 2], 0, 0));
        // The allowed region holds it back.
        assert_eq!(row(&v, &seeds, 1.0, &fifth), (vec![0, 0, 1, 1, 1, 0, 2, 2, 2, 0], 0, 0));
    }

    #[test]
    fn a_hotter_voxel_becomes_the_new_maximum() {
        // From the 10 the region reaches the 16, whose limit is 8: the 7 and the 6 fall out, and so does the first 5.
        let v = [5, 10, 9, 16, 7, 6, 1];
        let half = Rule::Share { share: 0.5, around: None };
        assert_eq!(row(&v, &[0, 1, 0, 0, 0, 0, 0], 9.0, &half).0, [0, 1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn the_background_lifts_the_limit() {
        let v = [4, 4, 4, 4, 8, 12, 20, 13, 4, 4, 4, 4];
        let seeds = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
        let labels = Labels::new(Shape::flat(1, 12), seeds.to_vec()).unwrap();
        let image = Volume::new(labels.shape, v.to_vec()).unwrap();
        let around = |d| Some(backgrounds(&Device::Cpu, &image, &labels, d, [1; 3], &[]).unwrap());
        // 4 + (20 - 4) / 2 = 12 against 20 / 2 = 10.
        let adapted = Rule::Share { share: 0.5, around: around([2.0, 4.0]) };
        assert_eq!(row(&v, &seeds, 9.0, &adapted), (vec![0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0], 0, 0));
        let tight = Rule::Share { share: 0.55, around: around([2.0, 4.0]) };
        assert_eq!(row(&v, &seeds, 9.0, &tight).0, [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
        let seen = values(
            &Scale::new(0.5, 0.0).unwrap(),
            &around([2.0, 4.0]).unwrap(),
            &hottest(&Device::Cpu, &image, &labels, &tight).unwrap().0,
        );
        assert_eq!(seen, (vec![0.0, 2.0], [0, 1]), "four voxels are few");
        // A shell without a voxel: as without background, and told.
        let bare = Rule::Share { share: 0.4, around: around([3.0, 3.0]) };
        assert_eq!(row(&v, &seeds, 9.0, &bare), (vec![0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0], 0, 1));
    }

    #[test]
    fn a_value_for_all() {
        let v = [1, 4, 6, 10, 5, 2, 4, 20, 8, 4];
        let seeds = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0];
        // Values are half the samples.
        assert_eq!(row(&v, &seeds, 9.0, &Rule::AtLeast(3.0)).0, [0, 0, 1, 1, 0, 0, 0, 2, 2, 0]);
        assert_eq!(row(&v, &seeds, 9.0, &Rule::Above(3.0)).0, [0, 0, 0, 1, 0, 0, 0, 2, 2, 0]);
        // The first object does not reach it, and the second becomes number 1.
        assert_eq!(row(&v, &seeds, 9.0, &Rule::AtLeast(7.0)), (vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0], 1, 0));
    }

    #[test]
    fn a_region_grows_by_its_own_deviation() {
        let v = [1, 1, 9, 8, 10, 8, 9, 2, 1];
        let seeds = [0, 0, 0, 1, 1, 0, 0, 0, 0];
        // The seed has mean 9 and deviation 1: limit 8 with k = 1. Then 9, 8, 10, 8, 9: mean 8.8, deviation 0.75, limit
        // 9 (8.05 rounded up): the 10 alone, limit 10, which stays.
        assert_eq!(row(&v, &seeds, 9.0, &Rule::Deviations(1.0)).0, [0, 0, 0, 0, 1, 0, 0, 0, 0]);
        // With k = 2 the limit is 7, then 7.3: it stays.
        assert_eq!(row(&v, &seeds, 9.0, &Rule::Deviations(2.0)).0, [0, 0, 1, 1, 1, 1, 1, 0, 0]);
    }
}
