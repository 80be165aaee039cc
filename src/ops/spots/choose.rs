//! Which peaks of the response are spots.
//!
//! The noise of the response is the median of what lies below 0, where spots are not, over 0.6745; it follows the noise of the
//! image by brightness (`ground`), is louder at the border (`gain`), and is that of one grey step at least: the few values of coarser
//! noise (single photons, few bits) lie much farther out than those of white noise. Where the ground was cut off (`cut_ground`), most of
//! the response is that of no noise at all: there its mean magnitude in the flattest tenth of the blocks, made good for what the
//! cut took, is 0.7979 of the noise. A peak's significance is its response over its noise. White noise of N voxels has, by the theory of random fields (Adler 1981), about
//! `N sqrt(prod_a m_a) (2 pi)^(-(d + 1) / 2) H(u) exp(-u^2 / 2)` peaks above u, with `m_a = (d / 2 + 2) / (d sigma_a^2)` for a
//! Laplacian of Gaussian and `H(u) = 1, u, u^2 - 1` in 1, 2 and 3 dimensions. The threshold is the least significance at which
//! these are two in a hundred of the peaks that are there. So it follows the image in both ways: many spots allow a
//! lower one, and an image of noise has none at all. Scale and offset of the samples change nothing.
//!
//! Of several scales that one is taken which is the finest of those whose spots together are at least 0.65 times as significant
//! as those of the best one: a finer scale tells crowded spots apart.

use super::super::cut_ground::CutGround;
use super::super::grey_step::grey_step;
use super::super::histogram::Bins;
use super::super::noise::ABOVE_FLATTEST;
use super::super::threshold::percentile::at_ranks;
use super::super::value_counts::{Look, look};
use super::gain::{Gain, of_one_voxel};
use super::ground::{Ground, brightness};
use super::{peaks, response, shifts};
use crate::device::Device;
use crate::image::Volume;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;
use std::f64::consts::PI;

/// Peaks of noise among the spots.
const FALSE: f64 = 0.02;
/// No peak below so many times the noise is looked at.
const LOWEST: f64 = 2.5;
/// No noise has a peak so many times as high.
const HIGHEST: f64 = 20.0;
/// The finest scale must reach this share of the best one.
const ENOUGH: f64 = 0.65;
/// Noise before a cut may be so many times what it is taken for.
const KNOWN: f64 = 1.25;
/// A number beyond that which is expected by so many of its deviations is no chance.
const UNLIKELY: f64 = 3.0;
/// Brightness is the mean over so many sigmas to each side.
const SURROUNDINGS: f64 = 4.0;

/// A voxel with a spot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Its index.
    pub voxel: usize,
    /// Response over its noise.
    pub significance: f64,
}

/// The spots of an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spots {
    /// In raster order.
    pub peaks: Vec<Peak>,
    /// Significance from which peaks are spots; nothing where there are none.
    pub threshold: Option<f64>,
    /// Which of the scales they were found at.
    pub scale: usize,
    /// How many owe more than half of their response to one pixel that is brighter than those around it.
    pub of_one_pixel: usize,
    /// Share of the voxels at which the ground was cut off; nothing where it was not.
    pub cut_off: Option<f64>,
    /// Spots cover so much of the image that what lies below 0 is their dark surroundings, not noise.
    pub is_covered: bool,
}

impl Spots {
    fn weight(&self) -> f64 {
        self.peaks.iter().map(|p| p.significance).sum()
    }
}

/// Finds the spots of an image at the best of several scales, each a sigma in voxels along z, y, x, the finest first. `file` is
/// the same image on the host with the samples of the file.
///
/// # Errors
/// No scale; images of different sizes; the device is lost or too small.
pub fn find(device: &Device, src: &Volume, file: &Volume, scales: &[[f64; 3]]) -> Result<Spots> {
    if src.shape != file.shape || scales.is_empty() {
        return Err(Error::usage("spots need a scale, and one image in two forms"));
    }
    let before = |cut: CutGround| Ground::of(file, Some(&cut)).map(|ground| (cut, ground));
    let cut = CutGround::of(file)?.map(before).transpose()?;
    let about = About { ground: Ground::of(file, None)?, grey: grey_step(file)?.unwrap_or(1.0), cut };
    let all = scales.iter().enumerate().map(|(scale, sigma)| {
        let found = at_scale(device, src, file, *sigma, &about)?;
        Ok(Spots { scale, ..found })
    });
    let all: Vec<Spots> = all.collect::<Result<_>>()?;
    let best = all.iter().map(Spots::weight).fold(0.0, f64::max);
    Ok(all.into_iter().find(|spots| spots.weight() >= ENOUGH * best).unwrap_or_default())
}

/// What is known of the image that spots are looked for in.
struct About {
    ground: Ground,
    /// How far apart grey values are, in samples.
    grey: f64,
    /// Where the ground was cut off, with the noise by brightness that it had before.
    cut: Option<(CutGround, Ground)>,
}

fn at_scale(
    device: &Device,
    src: &Volume,
    file: &Volume,
    sigma: [f64; 3],
    About { ground, grey, cut }: &About,
) -> Result<Spots> {
    let response = response(device, src, sigma)?;
    let seen = look(device, &response)?;
    let below = seen.histogram(&Bins::Edges(vec![i32::MIN, 0]))?;
    let below = below.first().map_or(0, |n| *n as usize);
    if below == 0 {
        return Ok(Spots::default());
    }
    let whole = at_ranks(&seen, &[(below - 1) / 2])?.first().map_or(0.0, |r| -f64::from(*r)) / 0.6745;
    let is_covered = is_covered(&seen, src.shape.len())?;
    // One grey step of the file, as the response has it.
    let (left, right) = shifts(device, src)?;
    let unit = libm::ldexp(file.scale.factor() / src.scale.factor(), left as i32 - right as i32);
    let step = grey * unit;
    let gain = Gain::new(src.shape, sigma);
    let coarse = step * gain.inside();
    let least = (LOWEST * whole.max(coarse) * ground.least()).floor().min(f64::from(i32::MAX)) as i32;
    let peaks = peaks(device, &response, least, sigma)?;
    let peaks = device.fetch(&peaks.samples)?;
    let samples = file.samples.host()?;
    let reach = (SURROUNDINGS * sigma[1].max(sigma[2])).round() as usize;
    let above = |quiet: f64, ground: &Ground| {
        let peaks = peaks.par_iter().enumerate().filter(|(_, r)| **r > 0).map(|(voxel, r)| {
            let noise = (quiet.max(coarse) * ground.at(brightness(file, samples, voxel, reach))).max(coarse);
            let louder = gain.at(voxel) / gain.inside();
            Peak { voxel, significance: f64::from(*r) / (noise * louder) }
        });
        let found: Vec<Peak> = peaks.collect();
        let threshold = threshold(&found, src.shape, sigma);
        Found { threshold: threshold.unwrap_or(f64::INFINITY), found }
    };
    let mut seen = above(whole, ground);
    let mut cut_off = None;
    if let Some((cut, ground)) = cut {
        let told = unit * cut.spread() * Gain::inside_blurred(src.shape, sigma, cut.blur());
        let flattest = ABOVE_FLATTEST * cut.response(&device.fetch(&response.samples)?) / 0.7979;
        let before = above(told.min(flattest), ground);
        if !stand_apart(&seen, &before, least_of(seen.count(), src.shape, sigma)) {
            (seen, cut_off) = (before, Some(cut.share()));
        }
    }
    let Found { mut found, threshold } = seen;
    found.retain(|p| p.significance >= threshold);
    let pixel = unit * of_one_voxel(src.shape, sigma);
    let owes = |p: &&Peak| 2.0 * pixel * stands_out(file.shape, samples, p.voxel) > f64::from(peaks[p.voxel]);
    let of_one_pixel = found.iter().filter(owes).count();
    let threshold = Some(threshold).filter(|t| t.is_finite());
    Ok(Spots { peaks: found, threshold, scale: 0, of_one_pixel, cut_off, is_covered })
}

/// This share of the response of an image lies farther above 0 than the same share lies below it, so many times, where spots cover more than that share. Noise,
/// whatever its blur, lies as far on both sides, and around spots that lie apart more lies below 0 than above it.
const COVERED: (usize, f64) = (20, 1.5);

/// Whether spots cover the image. `seen` is its response.
fn is_covered(seen: &Look, n: usize) -> Result<bool> {
    let (part, times) = COVERED;
    let ends = at_ranks(seen, &[n / part, n - 1 - n / part])?;
    Ok(matches!(ends[..], [low, high] if low < 0 && f64::from(high) >= -times * f64::from(low)))
}

/// Peaks, and the significance from which they are spots.
struct Found {
    found: Vec<Peak>,
    threshold: f64,
}

impl Found {
    /// How many are spots.
    fn count(&self) -> usize {
        self.found.iter().filter(|p| p.significance >= self.threshold).count()
    }
}

/// Whether peaks that stand out of an image as it is are no noise although they do not stand out of the noise before a cut. By the theory above,
/// `u exp(-u^2 / 2)` of the peaks of that reach u, most of them little; spots on a ground of nothing are of a height. `least` is the significance from which so many peaks are spots.
fn stand_apart(as_it_is: &Found, before: &Found, least: f64) -> bool {
    let both = as_it_is.found.iter().zip(&before.found);
    let only =
        both.filter(|(now, then)| now.significance >= as_it_is.threshold && then.significance < before.threshold);
    // How high they are over that noise, and how high they have to be to stand out as it is.
    let (mut heights, mut needed): (Vec<f64>, Vec<f64>) =
        only.map(|(now, then)| (then.significance, least * then.significance / now.significance)).unzip();
    needed.sort_unstable_by(f64::total_cmp);
    let Some(lowest) = needed.get(needed.len() / 2).map(|u| u.max(1.0)) else { return false };
    heights.retain(|u| *u >= lowest);
    let highest = heights.iter().copied().fold(lowest, f64::max);
    let middle = f64::midpoint(lowest, highest);
    let reach = |u: f64| u / KNOWN * libm::exp(-(u / KNOWN).powi(2) / 2.0);
    let share = (reach(middle) - reach(highest)) / (reach(lowest) - reach(highest));
    let upper = heights.iter().filter(|u| **u >= middle).count() as f64;
    let of_noise = share * heights.len() as f64;
    upper > of_noise + UNLIKELY * (of_noise + 1.0).sqrt()
}

/// How far the brightest pixel at a peak or next to it is above the median of those around it.
fn stands_out(shape: Shape, samples: &[i32], voxel: usize) -> f64 {
    let around = |voxel: usize| {
        let [z, y, x] = shape.position(voxel);
        let near = |at: usize, n: usize| at.saturating_sub(1)..(at + 2).min(n);
        near(y, shape.y).flat_map(move |y| near(x, shape.x).map(move |x| shape.index(z, y, x)))
    };
    let brightest = around(voxel).max_by_key(|i| samples[*i]).unwrap_or(voxel);
    let mut others: Vec<i32> = around(brightest).filter(|i| *i != brightest).map(|i| samples[i]).collect();
    others.sort_unstable();
    let n = others.len();
    if n == 0 {
        return 0.0;
    }
    f64::from(samples[brightest]) - (f64::from(others[(n - 1) / 2]) + f64::from(others[n / 2])) / 2.0
}

/// The least significance at which peaks of noise are few among all.
fn threshold(peaks: &[Peak], shape: Shape, sigma: [f64; 3]) -> Option<f64> {
    let mut all: Vec<f64> = peaks.iter().map(|p| p.significance).filter(|u| *u >= LOWEST).collect();
    all.sort_unstable_by(|a, b| b.total_cmp(a));
    let few = |(k, u): (usize, &f64)| peaks_of_noise(*u, shape, sigma) <= FALSE * (k + 1) as f64;
    let last = all.iter().enumerate().rposition(few)?;
    all.get(last).copied()
}

/// The significance from which that many peaks are spots, if there are any.
fn least_of(n: usize, shape: Shape, sigma: [f64; 3]) -> f64 {
    let (mut low, mut high) = (LOWEST, HIGHEST);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        match peaks_of_noise(middle, shape, sigma) <= FALSE * n as f64 {
            true => high = middle,
            false => low = middle,
        }
    }
    high
}

/// How many peaks above a significance white noise has.
fn peaks_of_noise(u: f64, shape: Shape, sigma: [f64; 3]) -> f64 {
    let axes: Vec<f64> = (0..3).filter(|a| shape.zyx()[*a] > 1).map(|a| sigma[a]).collect();
    let d = axes.len() as f64;
    // No more than one peak in two voxels, however small sigma is.
    let density: f64 = axes.iter().map(|s| ((d / 2.0 + 2.0) / (d * s * s)).min(2.0).sqrt()).product();
    let rise = match axes.len() {
        3 => u * u - 1.0,
        2 => u,
        _ => 1.0,
    };
    shape.len() as f64 * density * libm::pow(2.0 * PI, -(d + 1.0) / 2.0) * rise * libm::exp(-u * u / 2.0)
}
