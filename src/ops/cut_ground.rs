//! A ground that was cut off: what lay below some value has that value now.
//!
//! So it is where a constant or a background was subtracted and what fell below 0 became 0, of band passes and of unmixed dyes. What is
//! left of the noise are its heights, and whoever measures noise over all of the image takes the flat parts between them for quiet.
//!
//! An image counts as cut off where its least value holds a share p of it, 0.05 to 0.998, its ground is spread above that as the side of a normal
//! distribution ([`DarkSide`]), and neighbours cross the cut as they do in noise with a blur b of at most 3 px (`crossings`), in the middle one of
//! the tiles that lie partly at it. Objects on nothing, masks and frames cross it more seldom. No cut are
//! counted photons either, whose 0 is one: Poisson's law has `2 n0 n2 = n1^2` for pixels with none, one and two, also where a third is
//! wanting; a cut ground has many times as many at the cut. That is looked at in the darker half of the blocks, where no objects are.
//!
//! What is measured across a cut ground is nearly nothing where all lies at the cut, and as of the noise before the cut where nothing does.
//! Second differences over a lag are those of the share 1 - p above it: so a mean over a block is divided by that. In simulated
//! noise, white and blurred, that gives the mean before the cut for a p up to 0.8, and 0.8 of it at 0.97. A response of neighbours to white noise sums over
//! many of them, and the cut takes less from it: its mean is divided by the power `0.5 + 0.35 min(5/2 a, 1)` of that share, where
//! neighbours cross the cut 1 - a times as often as in white noise (`2 p (1 - p)`), with which the highest peaks of cut noise are as high over it as those of whole noise for a p of 0.3 to 0.99
//! and a b of 0, 1 and 2 px, or up to a fifth lower.
//!
//! A crowd of objects crosses the cut like noise with a blur. But it is spread in another way, and what lies in the objects crosses a higher level like another
//! noise. So whether there is hardly anything but noise is told by how all that lies above the cut is spread, and by the blur at the level that a quarter of it lies
//! above; who takes the noise for a floor asks that first.
//!
//! All of it is counted on the host from integers, whatever the device. Reference: this project.

use super::crossings::{self, Crossings};
use super::dark_side::{DarkSide, counts, is_cut_noise, normal_quantile};
use super::grey_step::grey_step;
use super::noise::{ABOVE_FLATTEST, Along, BOTH, FLATTEST, MEAN_OF_SECOND, differences};
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd;
use crate::units::Shape;
use rayon::prelude::*;
use std::borrow::Cow;
use std::f64::consts::PI;
use std::ops::Range;

/// The least value has this share of an image that was cut off, at least and at most.
const SHARES: [f64; 2] = [0.05, 0.998];
/// The widest blur of noise, in pixels.
const WIDEST: f64 = 3.0;
/// Photons have no more than so many times as many dark pixels as Poisson's law says.
const DARK_OF_PHOTONS: f64 = 3.0;
/// Of the pixels that have photons, this share has one at least, for a mean of up to three.
const LEAST_OF_ONE: f64 = 0.1;
/// The blur of noise is the same at any level, to so many times and so many pixels more.
const ALIKE: f64 = 1.35;
/// See there.
const APART: f64 = 0.2;
/// Blurs up to that are those of white noise.
const WHITE_BLUR: f64 = 0.6;
/// Side of the blocks that photons and responses are looked at in.
const BLOCK: usize = 16;
/// Side of the blocks that differences are looked at in, in lags, and in pixels at least.
const LAGS: usize = 4;
/// A block with so many voxels above the cut counts in full.
const ENOUGH: usize = 8;
/// The power of the share above the cut that is left of a response of neighbours: to white noise, and what comes to it if neighbours are alike.
const WHITE: f64 = 0.5;
/// See there.
const BLURRED: f64 = 0.35;

/// An image whose ground was cut off at its least value.
#[derive(Clone, Debug)]
pub struct CutGround {
    shape: Shape,
    /// Whether a voxel lies above the cut.
    above: Vec<bool>,
    /// The sample where it was cut.
    least: i32,
    share: f64,
    /// The share of the ground that lies at the cut.
    of_ground: f64,
    /// Blur of the noise along z, and in the plane.
    blur: [f64; 2],
    /// Standard deviation of the noise before the cut, in samples.
    spread: f64,
    /// There is hardly anything but noise.
    is_all_noise: bool,
    /// How much less often neighbours cross the cut than in white noise, as a share of that.
    alike: f64,
}

impl CutGround {
    /// Of an image on the host; nothing where its ground was not cut off.
    ///
    /// # Errors
    /// The image is on a device.
    pub fn of(src: &Volume) -> Result<Option<Self>> {
        let samples = src.samples.host()?;
        if samples.is_empty() {
            return Ok(None);
        }
        let (least, most) = simd::span(samples);
        let share = samples.par_iter().filter(|s| **s == least).count() as f64 / src.shape.len() as f64;
        if !(SHARES[0]..=SHARES[1]).contains(&share) {
            return Ok(None);
        }
        let counts = counts(samples, [least, most]);
        let ground = DarkSide::search(&counts, SHARES[1]);
        if ground.is_pile || ground.limit <= least {
            return Ok(None);
        }
        let ends = [least, ground.limit];
        let in_ground = samples.par_iter().filter(|s| **s <= ground.limit).count() as f64;
        let of_ground = share * src.shape.len() as f64 / in_ground;
        let plane = crossings::in_tiles(src.shape, samples, ends, SHARES);
        let wide = median(plane.iter().map(Crossings::blur));
        let higher =
            crossings::in_tiles(src.shape, samples, [quarter_above(&counts, ground.limit), ground.limit], SHARES);
        let higher = median(higher.iter().map(Crossings::blur));
        let is_even = wide.zip(higher).is_some_and(|(wide, higher)| is_alike(wide, higher));
        if wide.is_none_or(|wide| wide > WIDEST)
            || is_counted(src.shape, samples, least, grey_step(src)?.unwrap_or(1.0))
        {
            return Ok(None);
        }
        let deep = crossings::blur(of_ground, crossings::along_z(src.shape, samples, ends)).min(WIDEST);
        let blur = [deep, wide.unwrap_or_default()];
        let alike = median(plane.iter().map(Crossings::alike)).unwrap_or_default();
        let above = samples.par_iter().map(|s| *s > least).collect();
        Ok(Some(CutGround {
            shape: src.shape,
            above,
            least,
            share,
            of_ground,
            blur,
            spread: ground.spread,
            is_all_noise: is_even && is_cut_noise(&counts),
            alike,
        }))
    }

    /// Share of the voxels that lie at the cut.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Whether there is hardly anything but noise: what lies above the cut is spread as noise is.
    pub fn is_all_noise(&self) -> bool {
        self.is_all_noise
    }

    /// Blur of the noise before the cut, as a sigma in voxels along z, y and x.
    pub fn blur(&self) -> [f64; 3] {
        let [deep, blur] = self.blur;
        [deep, blur, blur]
    }

    /// Standard deviation of the noise before the cut, in samples of the image.
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// The mean of the ground as it is now, in samples.
    pub fn mean(&self) -> f64 {
        let level = normal_quantile(self.of_ground);
        let density = libm::exp(-level * level / 2.0) / (2.0 * PI).sqrt();
        f64::from(self.least) + self.spread * (density - level * (1.0 - self.of_ground))
    }

    /// How many voxels of a box lie above the cut.
    pub(super) fn above(&self, z: usize, rows: Range<usize>, columns: Range<usize>) -> usize {
        let line = |y: usize| &self.above[self.shape.index(z, y, columns.start)..][..columns.len()];
        rows.map(|y| line(y).iter().filter(|is_above| **is_above).count()).sum()
    }

    /// What a mean over neighbours is of that without the cut, where a share of these lies above it.
    pub(super) fn left_of_neighbours(&self, share: f64) -> f64 {
        libm::pow(share, WHITE + BLURRED * (2.5 * self.alike).clamp(0.0, 1.0))
    }

    /// The mean magnitude that the response of neighbours would have without the cut, in the flattest parts of what lies above it. `samples` are
    /// those of the response.
    pub(super) fn response(&self, samples: &[i32]) -> f64 {
        let above = |z, rows, columns| self.above(z, rows, columns);
        flattest(blocks(samples, self.shape, BLOCK, above, |share| self.left_of_neighbours(share)))
    }

    /// Standard deviation that noise would have over a lag without the cut, in the flattest parts of what lies above it: as
    /// [`correlated_noise`](super::noise::correlated_noise). `src` is the image that was cut off, or what filters made of it since.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn noise(&self, device: &Device, src: &Volume, lag: usize) -> Result<f64> {
        let along = |along: Along| -> Result<f64> {
            if lag == 0 || src.shape != self.shape || !along.has(src.shape, lag) {
                return Ok(0.0);
            }
            let seen = differences(device, src, lag, along)?;
            let samples = on_host(device, &seen)?;
            // Of a difference its middle voxel counts.
            let [down, across] = if along == Along::Rows { [0, lag] } else { [lag, 0] };
            let side = (LAGS * lag).max(BLOCK);
            let middle = |z, rows: Range<usize>, columns: Range<usize>| {
                self.above(z, rows.start + down..rows.end + down, columns.start + across..columns.end + across)
            };
            let means = blocks(&samples, seen.shape, side, middle, |share| share);
            Ok(ABOVE_FLATTEST * flattest(means) / MEAN_OF_SECOND)
        };
        let [rows, columns] = BOTH.map(along);
        Ok(rows?.max(columns?))
    }
}

/// The samples, brought to the host if they are not there.
fn on_host<'a>(device: &Device, v: &'a Volume) -> Result<Cow<'a, [i32]>> {
    Ok(match &v.samples {
        Buffer::Gpu(_) => Cow::Owned(device.fetch(&v.samples)?),
        _ => Cow::Borrowed(v.samples.host()?),
    })
}

/// The sample that a quarter of what lies above the cut, up to a limit, passes.
fn quarter_above(counts: &[(i32, u64)], limit: i32) -> i32 {
    let above = counts.get(1..counts.partition_point(|c| c.0 <= limit)).unwrap_or_default();
    let others = above.iter().map(|c| c.1).sum::<u64>() / 4 * 3;
    let mut seen = 0;
    let reached = above.iter().find(|(_, n)| {
        seen += n;
        seen >= others
    });
    reached.or(counts.first()).map_or(0, |c| c.0)
}

/// Whether two blurs may be of one noise.
fn is_alike(a: f64, b: f64) -> bool {
    a.max(b) <= WHITE_BLUR || a.max(b) <= ALIKE * a.min(b) + APART
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Whether the darker half of the blocks holds no more dark pixels than counted photons have.
fn is_counted(shape: Shape, samples: &[i32], least: i32, step: f64) -> bool {
    let (down, across) = (shape.y / BLOCK, shape.x / BLOCK);
    let block = |i: usize| {
        let (z, y, x) = (i / (down * across), i / across % down * BLOCK, i % across * BLOCK);
        let (mut sum, mut counts) = (0, [0usize; 3]);
        for y in y..y + BLOCK {
            for sample in &samples[shape.index(z, y, x)..][..BLOCK] {
                let above = i64::from(*sample) - i64::from(least);
                sum += above;
                // Fractions lie a little beside their step.
                if let Some(count) = counts.get_mut((above as f64 / step).round() as usize) {
                    *count += 1;
                }
            }
        }
        (sum, counts)
    };
    let mut blocks: Vec<(i64, [usize; 3])> = (0..shape.z * down * across).into_par_iter().map(block).collect();
    blocks.retain(|(sum, _)| *sum > 0);
    blocks.sort_unstable();
    let dark = &blocks[..blocks.len().div_ceil(2)];
    let [none, one, two] = [0, 1, 2].map(|k| dark.iter().map(|(_, counts)| counts[k]).sum::<usize>() as f64);
    let above = (dark.len() * BLOCK * BLOCK) as f64 - none;
    one >= LEAST_OF_ONE * above && 2.0 * none * two <= DARK_OF_PHOTONS * one * one
}

/// The mean magnitudes in the blocks of an image as they would be without the cut, and how many of their voxels lie above it. Blocks without such
/// voxels, or with nothing but 0, are left out. `left` is what is left of the mean where a share lies above the cut.
fn blocks(
    samples: &[i32],
    shape: Shape,
    side: usize,
    above: impl Fn(usize, Range<usize>, Range<usize>) -> usize + Sync,
    left: impl Fn(f64) -> f64 + Sync,
) -> Vec<(f64, usize)> {
    let (down, across) = ((shape.y / side).max(1), (shape.x / side).max(1));
    let part = |k: usize, of: usize, n: usize| k * n / of..(k + 1) * n / of;
    let block = |i: usize| {
        let z = i / (down * across);
        let (rows, columns) = (part(i / across % down, down, shape.y), part(i % across, across, shape.x));
        let line = |y: usize| &samples[shape.index(z, y, columns.start)..][..columns.len()];
        let sum: u64 = rows.clone().map(|y| line(y).iter().map(|s| u64::from(s.unsigned_abs())).sum::<u64>()).sum();
        let n = (rows.len() * columns.len()) as f64;
        let above = if sum == 0 { 0 } else { above(z, rows, columns) };
        (sum as f64 / n / left(above.max(1) as f64 / n), above)
    };
    let mut blocks: Vec<(f64, usize)> = (0..shape.z * down * across).into_par_iter().map(block).collect();
    blocks.retain(|(_, above)| *above > 0);
    blocks
}

/// The value at the flattest tenth of blocks, where a block with few voxels above the cut counts less; 0 without blocks.
fn flattest(mut blocks: Vec<(f64, usize)>) -> f64 {
    blocks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let counts = |b: &(f64, usize)| b.1.min(ENOUGH);
    let all: usize = blocks.iter().map(counts).sum();
    let mut seen = 0;
    let reached = |b: &&(f64, usize)| {
        seen += counts(b);
        seen as f64 > FLATTEST * all as f64
    };
    blocks.iter().find(reached).map_or(0.0, |b| b.0)
}

#[cfg(test)]
#[path = "cut_ground_tests.rs"]
mod tests;
